// Short messages at the bottom of the page. `bg-app` shows them.

/**
 * @param {string} text
 * @param {'info' | 'bad'} kind
 */
export function toast(text, kind = 'info') {
  window.dispatchEvent(new CustomEvent('toast', { detail: { text, kind } }));
}

/** What a person reads of an error of `api.js`. */
export function errorText(error, t) {
  if (error.status === 0) return t('error.unreachable');
  return [error.message, error.hint].filter(Boolean).join(' ');
}
