// Which page the address names: `#/devices/greenhouse` is the path ['devices', 'greenhouse'].

import { session } from './session.js';

export function currentPath() {
  return location.hash
    .replace(/^#\/?/, '')
    .split('/')
    .filter(Boolean)
    .map((part) => {
      try {
        return decodeURIComponent(part);
      } catch {
        return part;
      }
    });
}

/** The address of a page, for `href`. */
export const linkTo = (...path) => `#/${path.map(encodeURIComponent).join('/')}`;

export function go(...path) {
  location.hash = linkTo(...path);
}

let guard = null;

/** While there is a guard, it decides about every change of the address: `true` stops it. */
export function setGuard(isStopped) {
  guard = isStopped;
}

// First of all listeners, as this module is loaded before the page is drawn: the others never hear
// of a change that was stopped.
window.addEventListener('hashchange', (event) => {
  if (guard?.(event)) event.stopImmediatePropagation();
});

/** Name the page in the browser's title. */
export function setTitle(text) {
  document.title = [text, session.gateway || 'Blynk Gateway'].filter(Boolean).join(' · ');
}
