// Colours that devices and people choose.

import { isColor } from '../../core/format.js';

const hex = (part) => Math.round(part).toString(16).padStart(2, '0');

/** `#ff8000` of three numbers 0 … 255. */
export const toHex = (parts) => `#${parts.map(hex).join('')}`;

/** Three numbers 0 … 255 of `#ff8000`. */
export const fromHex = (color) => [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));

const linear = (part) => {
  const share = part / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
};

/** Black or white, whichever reads better on a colour. Source: WCAG 2.2, relative luminance. */
export function textOn(color) {
  const [red, green, blue] = fromHex(color).map(linear);
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) ? '#000000' : '#ffffff';
}

/** The colour of a property or option if it is one, else null. */
export const colorOr = (color) => (isColor(color) ? color : null);
