// Pictures on buttons and in the navigation, drawn here: fonts do not have them everywhere.

import { html, svg } from '../vendor/lit.js';

const ICONS = {
  dashboards: svg`<rect x="3" y="3" width="8" height="11" rx="1.5"/><rect x="13" y="3" width="8" height="6"
    rx="1.5"/><rect x="13" y="11" width="8" height="10" rx="1.5"/><rect x="3" y="16" width="8" height="5"
    rx="1.5"/>`,
  devices: svg`<rect x="7" y="7" width="10" height="10" rx="1.5"/><path d="M10 3v4M14 3v4M10 17v4M14 17v4M3 10h4M3
    14h4M17 10h4M17 14h4"/>`,
  pins: svg`<rect x="2.5" y="6" width="19" height="12" rx="2"/><path d="M7 10h.01M12 10h.01M17 10h.01M7 14h.01M12
    14h.01M17 14h.01" stroke-width="2.6"/>`,
  automations: svg`<path d="M4 8h13M14 4.5 17.5 8 14 11.5M20 16H7M10 12.5 6.5 16l3.5 3.5"/>`,
  upstream: svg`<path d="M7 18.5h10.5a4 4 0 0 0 .6-7.95A6 6 0 0 0 6.6 9.3 4.6 4.6 0 0 0 7 18.5z"/>`,
  logs: svg`<path d="M4 6h16M4 10.5h16M4 15h11M4 19.5h8"/>`,
  users: svg`<circle cx="12" cy="8" r="4"/><path d="M4 20.5c1-4 4-6 8-6s7 2 8 6"/>`,
  settings: svg`<path d="M4 7h9M19 7h1M4 17h2M12 17h8"/><circle cx="16" cy="7" r="2.6"/><circle cx="9" cy="17"
    r="2.6"/>`,
  menu: svg`<path d="M4 6.5h16M4 12h16M4 17.5h16"/>`,
  close: svg`<path d="m6 6 12 12M18 6 6 18"/>`,
  more: svg`<path d="M5.5 12h.01M12 12h.01M18.5 12h.01" stroke-width="3"/>`,
  fullscreen: svg`<path d="M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5"/>`,
  add: svg`<path d="M12 5v14M5 12h14"/>`,
  edit: svg`<path d="m4 20 1-4.5L16 4.5l3.5 3.5-11 11L4 20z"/>`,
  remove: svg`<path d="M5 7h14M9.5 7V4.5h5V7M7 7l1 13h8l1-13"/>`,
  copy: svg`<rect x="8" y="8" width="12" height="12" rx="2"/><path d="M5 15.5V6a2 2 0 0 1 2-2h8.5"/>`,
  share: svg`<circle cx="6" cy="12" r="2.5"/><circle cx="17.5" cy="6" r="2.5"/><circle cx="17.5" cy="18"
    r="2.5"/><path d="m8.3 10.9 7-3.7M8.3 13.1l7 3.7"/>`,
  undo: svg`<path d="M9 14 4.5 9.5 9 5M5 9.5h9a5.5 5.5 0 0 1 0 11h-3"/>`,
  redo: svg`<path d="m15 14 4.5-4.5L15 5M19 9.5h-9a5.5 5.5 0 0 0 0 11h3"/>`,
  left: svg`<path d="M15 5 8 12l7 7"/>`,
  right: svg`<path d="m9 5 7 7-7 7"/>`,
  up: svg`<path d="m5 15 7-7 7 7"/>`,
  down: svg`<path d="m5 9 7 7 7-7"/>`,
  download: svg`<path d="M12 4v11M7.5 11 12 15.5 16.5 11M5 20h14"/>`,
  upload: svg`<path d="M12 16V5M7.5 9.5 12 5l4.5 4.5M5 20h14"/>`,
  phone: svg`<rect x="7" y="3" width="10" height="18" rx="2"/><path d="M11 18h2"/>`,
  'event-info': svg`<circle cx="12" cy="12" r="8.5"/><path d="M12 11v5.5M12 7.5h.01"/>`,
  'event-warning': svg`<path d="M12 4 21 19.5H3L12 4zM12 10v4.5M12 17h.01"/>`,
  'event-critical': svg`<path d="M8.5 3.5h7l5 5v7l-5 5h-7l-5-5v-7zM12 8v5M12 16h.01"/>`,
  'event-content': svg`<rect x="3.5" y="5" width="17" height="14" rx="2"/><path d="m4 16.5 5-5 4 4 2.5-2.5 5 4.5"/>`,
  'event-resolved': svg`<circle cx="12" cy="12" r="8.5"/><path d="m8 12.5 2.8 2.8L16 9.5"/>`,
  desktop: svg`<rect x="3" y="4.5" width="18" height="12" rx="1.5"/><path d="M9 20h6M12 16.5V20"/>`,
};

/** A picture that says nothing to screen readers: the button around it has a name of its own. */
export const icon = (name) => html`<svg viewBox="0 0 24 24" width="20" height="20" fill="none"
  stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"
  aria-hidden="true">${ICONS[name]}</svg>`;
