// Every page: its place in the address, its module, and who may see it.
// A page is an element with the property `path`: what follows its name in the address.

/** @type {Record<string, {tag: string, load: () => Promise<unknown>, role?: string}>} */
export const PAGES = {
  dashboards: { tag: 'bg-dashboard-page', load: () => import('./dashboard.js') },
  devices: { tag: 'bg-devices-page', load: () => import('./devices.js') },
  pins: { tag: 'bg-pins-page', load: () => import('./pins.js') },
  automations: { tag: 'bg-automations-page', load: () => import('./automations.js') },
  upstream: { tag: 'bg-upstream-page', load: () => import('./upstream.js') },
  logs: { tag: 'bg-logs-page', load: () => import('./logs.js'), role: 'admin' },
  users: { tag: 'bg-users-page', load: () => import('./users.js'), role: 'admin' },
  settings: { tag: 'bg-settings-page', load: () => import('./settings.js') },
};
