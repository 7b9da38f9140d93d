// The element of a widget: its module is loaded when the first of its type is drawn.

import { WIDGETS, tagOf } from './registry.js';

async function standIn(config, reason) {
  await import('./unknown.js');
  return Object.assign(document.createElement('bg-unknown-widget'), { config, reason });
}

/** Begin to load the modules of these widgets, while the page around them is drawn. */
export function prepare(configs) {
  for (const type of new Set(configs.map((config) => config.type))) {
    if (Object.hasOwn(WIDGETS, type)) WIDGETS[type]().catch(() => {});
  }
}

/**
 * @param {object} config   a widget of `GET /api/v1/dashboards/…`
 * @param {boolean} editing  draws, and does nothing
 * @returns {Promise<HTMLElement>} never fails: an unknown type has a placeholder
 */
export async function makeWidget(config, editing = false) {
  if (!Object.hasOwn(WIDGETS, config.type)) return standIn(config, 'unknown');
  try {
    await WIDGETS[config.type]();
  } catch {
    return standIn(config, 'unreachable');
  }
  return Object.assign(document.createElement(tagOf(config.type)), { config, editing });
}
