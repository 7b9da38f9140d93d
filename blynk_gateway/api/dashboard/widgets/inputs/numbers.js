// Numbers as people type them and as controls step through them.

import { locale } from '../../core/texts.js';

/** The digits after the point of a number: 2 for 0.25. */
export function decimalsOf(number) {
  const [digits, exponent = '0'] = String(number).split('e');
  return Math.max(0, (digits.split('.')[1] ?? '').length - Number(exponent));
}

/** `a + b` as people add: 0.1 + 0.2 is 0.3. */
export function plus(a, b) {
  return Number((a + b).toFixed(Math.min(Math.max(decimalsOf(a), decimalsOf(b)), 20)));
}

export const clamp = (number, low, high) => Math.min(Math.max(number, low), high);

/** The number of steps nearest to a number, counted from `from`. */
export function snap(number, from, step) {
  const decimals = Math.min(Math.max(decimalsOf(from), decimalsOf(step)), 20);
  return Number((from + Math.round((number - from) / step) * step).toFixed(decimals));
}

/** How far apart the values of a control are if nobody said so. */
export function defaultStep(datastream, min, max) {
  const decimals = datastream?.decimals ?? null;
  if (decimals !== null) return 10 ** -decimals;
  const isWhole = datastream?.type !== 'double' && Number.isInteger(min) && Number.isInteger(max);
  const span = max - min;
  if (isWhole || !(span > 0) || !Number.isFinite(span)) return 1;
  return 10 ** Math.floor(Math.log10(span / 100));
}

const separators = () => {
  const parts = new Intl.NumberFormat(locale()).formatToParts(12345.6);
  const of = (type) => parts.find((part) => part.type === type)?.value ?? '';
  return { group: of('group'), decimal: of('decimal') };
};

/**
 * A number as a person typed it, with a comma or a point: `21,5`, `21.5`, `1.234,5`, `-3`.
 *
 * @returns {number} NaN where it is none, and where it can be read in two ways: `1.234` is a
 *     thousand to a German and a fraction to anyone who thinks of the device.
 */
export function parseNumber(text) {
  const compact = text.replace(/[\s'’\u00a0\u202f]/g, '').replace(/^\u2212/, '-');
  if (!/^[-+]?[\d.,]*\d[\d.,]*(e[-+]?\d+)?$/i.test(compact)) return NaN;
  const marks = compact.match(/[.,]/g) ?? [];
  if (marks.length === 0) return Number(compact);
  const last = marks.at(-1);
  if (marks.length === 1) {
    const isGroup = last === separators().group && /^[-+]?[1-9]\d{0,2}[.,]\d{3}$/.test(compact);
    return isGroup ? NaN : Number(compact.replace(',', '.'));
  }
  const kinds = new Set(marks);
  const [head, tail] = split(compact, last);
  if (kinds.size === 1) return isGrouped(compact, last) ? Number(withoutMarks(compact)) : NaN;
  const other = last === ',' ? '.' : ',';
  if (head.includes(last) || !isGrouped(head, other)) return NaN;
  return Number(`${withoutMarks(head)}.${tail}`);
}

const withoutMarks = (text) => text.replace(/[.,]/g, '');

const split = (text, mark) => {
  const at = text.lastIndexOf(mark);
  return [text.slice(0, at), text.slice(at + 1)];
};

const isGrouped = (text, mark) =>
  text
    .replace(/^[-+]/, '')
    .split(mark)
    .every((part, index) => (index ? /^\d{3}$/ : /^\d{1,3}$/).test(part));

/** A number as it stands in a field: no grouping, which would have to be typed as well. */
export function fieldText(number) {
  return new Intl.NumberFormat(locale(), {
    useGrouping: false,
    maximumFractionDigits: 20,
    maximumSignificantDigits: 15,
  }).format(number);
}
