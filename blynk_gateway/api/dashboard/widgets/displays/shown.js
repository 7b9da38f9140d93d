// What widgets that show a number have in common.

import { css, html } from '../../vendor/lit.js';

import { numberOf } from '../../core/format.js';

/** What is drawn takes all of its place; without this none, in a widget of one row. */
export const filling = css`
  .body { align-self: stretch; }
`;

/** A text as large as its place allows; the host sets `--characters` with `fit`. */
export const fitting = css`
  .body { align-self: stretch; }
  .fit { container-type: size; flex: 1; align-self: stretch; min-width: 0; overflow: hidden;
    display: flex; align-items: center; justify-content: center; text-align: center; }
  .fit > span { font-size: clamp(.8rem, min(78cqh, calc(150cqw / var(--characters, 6))), 4.5rem);
    line-height: 1.15; font-variant-numeric: tabular-nums; overflow-wrap: anywhere;
    max-height: 100%; overflow: hidden; color: color-mix(in oklab, var(--color) 75%, var(--text)); }
  .fit:not(.long) > span { white-space: nowrap; text-overflow: ellipsis; max-width: 100%; }
  .fit.long { align-items: flex-start; overflow-y: auto; }
  .fit.long > span { max-height: none; }
`;

const LONG = 40; // Characters from which on a text is read in several lines.

/** Tell the style how many characters there are to fit. */
export function fit(host, text) {
  host.style.setProperty('--characters', String(Math.max(text.length, 4)));
}

/** A text that takes all of the host's place, with the style `fitting`. */
export function filled(host, text) {
  fit(host, text);
  // What is scrolled must be reached by the keyboard.
  return text.length > LONG
    ? html`<div class="fit long" tabindex="0"><span>${text}</span></div>`
    : html`<div class="fit"><span>${text}</span></div>`;
}

/**
 * Where a widget's value lies between its limits.
 *
 * @returns {{min: number, max: number, part: number | null}} `part` from 0 to 1, null for no number
 */
export function position(widget, otherwise) {
  const min = widget.numberOption('min', otherwise[0]);
  const max = widget.numberOption('max', otherwise[1]);
  const number = numberOf(widget.values);
  if (!Number.isFinite(number)) return { min, max, part: null };
  // Halves: between the limits of a double there is more than a double holds.
  const part = max === min ? 0 : (number / 2 - min / 2) / (max / 2 - min / 2);
  return { min, max, part: Math.min(Math.max(part, 0), 1) };
}
