// Numbers, times and labels as people read them.

import { locale, t } from './texts.js';

export const MAX_SHOWN = 500; // Characters of a value; the rest is cut, and said to be.

const MAX_DECIMALS = 20;
const HUGE = 1e15; // From here on a double has no decimals left, and digits in a row tell nothing.

// What stock clients write. `Number` alone also takes `0x10`, `Infinity` and the empty text.
const NUMBER = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i;

/** The first value of a pin as a finite number, NaN where it is none. */
export function numberOf(values) {
  const text = values?.[0];
  const number = NUMBER.test(text ?? '') ? Number(text) : NaN;
  return Number.isFinite(number) ? number : NaN;
}

/** A text that is not longer than a screen: cut, with an ellipsis. */
export function cut(text, limit = MAX_SHOWN) {
  return text.length > limit ? `${text.slice(0, limit)}…` : text;
}

/**
 * A pin's value as its datastream has it shown: decimals, labels of an enum, and unit.
 *
 * @param {string[]} values
 * @param {object | null} datastream  as `GET /api/v1/pins/…` tells it
 * @param {{decimals?: number, unit?: string}} [wanted]  what a widget wants otherwise
 */
export function formatValue(values, datastream, wanted = {}) {
  if (!values?.length) return '–';
  const label = datastream?.labels?.[values[0]];
  if (label !== undefined) return cut(label);
  const unit = wanted.unit ?? datastream?.unit ?? '';
  const decimals = wanted.decimals ?? datastream?.decimals ?? null;
  const number = numberOf(values);
  const text =
    values.length === 1 && Number.isFinite(number) && datastream?.type !== 'string'
      ? formatNumber(number, decimals)
      : cut(values.join(', '));
  return unit ? `${text}\u202f${unit}` : text;
}

/** A number; with `decimals` exactly so many, else as many as it has, up to 6. */
export function formatNumber(number, decimals = null) {
  if (Math.abs(number) >= HUGE) return number.toExponential(3);
  const digits = Math.min(Math.max(Math.trunc(decimals ?? 0) || 0, 0), MAX_DECIMALS);
  const options =
    decimals === null
      ? { maximumFractionDigits: 6 }
      : { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(locale(), options).format(number);
}

/**
 * The labels of both generations: `/pin/`, `/pin.##/` (so many decimals, zeros at the end left out),
 * `/pin0/` and `/pin0.#/` of the LCD, `/value1/` of Blynk IoT.
 */
export function formatLabel(pattern, values) {
  return pattern.replace(
    /\/(?:pin(\d*)|value(\d+))(\.(#*))?\//g,
    (whole, pin, value, hasDecimals, marks) => {
      const index = value === undefined ? Number(pin || 0) : Number(value) - 1;
      const text = values?.[index] ?? '';
      const number = numberOf([text]);
      if (!hasDecimals || !Number.isFinite(number)) return cut(text);
      return String(Number(number.toFixed(Math.min(marks.length, MAX_DECIMALS))));
    },
  );
}

/** `14:03:07` today, else with the date. */
export function formatTime(ms) {
  if (!ms) return t('time.never');
  const date = new Date(ms);
  const isToday = date.toDateString() === new Date().toDateString();
  const options = isToday ? { timeStyle: 'medium' } : { dateStyle: 'medium', timeStyle: 'short' };
  return new Intl.DateTimeFormat(locale(), options).format(date);
}

const STEPS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
];

/** `3 minutes ago`. */
export function formatAgo(ms, now) {
  if (!ms) return t('time.never');
  const format = new Intl.RelativeTimeFormat(locale(), { numeric: 'auto' });
  for (const [unit, length] of STEPS) {
    if (Math.abs(now - ms) >= length) return format.format(Math.round((ms - now) / length), unit);
  }
  return t('time.now');
}

/** `1.5 MB`. */
export function formatBytes(bytes) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${formatNumber(size, unit && size < 10 ? 1 : 0)}\u202f${units[unit]}`;
}

/** Whether a text names a colour as Blynk's `color` does, `#RRGGBB`. */
export const isColor = (text) => /^#[0-9a-f]{6}$/i.test(text ?? '');

/** A URL that may stand in an image, video or link; null for anything else than http(s). */
export function safeUrl(text) {
  try {
    const url = new URL(text, location.href);
    return ['http:', 'https:'].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}
