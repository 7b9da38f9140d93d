// What may be chosen in a menu or a segmented switch: labels, and the values that they stand for.

import { cut } from '../../core/format.js';

const MAX_CHOICES = 250;
const MAX_LABEL = 80;

/** Whether a device speaks as of the time of the Java server, whose menus begin at 1. */
function isLegacy(device) {
  if (!device || device.template || device.info?.tmpl) return false;
  return /^0\./.test(device.info?.ver ?? '');
}

/** The rows of an enum datastream, in the order of their numbers. */
function enumRows(datastream) {
  return Object.entries(datastream?.labels ?? {}).sort(([a], [b]) => Number(a) - Number(b));
}

/**
 * The choices of a widget, as `{value, label}`.
 *
 * The labels are those the device set, else the dashboard's, else the datastream's. The numbers of
 * an enum are its own; all others count from the dashboard's `first`, the datastream's minimum, or
 * where both eras begin: 0, and 1 for a device of the Java server's time.
 *
 * @param {import('../widget.js').Widget} widget
 * @returns {{value: string, label: string}[]}
 */
export function choicesOf(widget) {
  const rows = enumRows(widget.datastream);
  const labels = (widget.property('labels') ?? widget.config?.labels)?.slice(0, MAX_CHOICES);
  if (!labels?.length) {
    const all = rows.slice(0, MAX_CHOICES);
    return all.map(([value, label]) => ({ value, label: cut(label, MAX_LABEL) }));
  }
  const first =
    widget.config?.first ?? widget.datastream?.min ?? (isLegacy(widget.device) ? 1 : 0);
  const isOfEnum = rows.length === labels.length && widget.config?.first === undefined;
  return labels.map((label, index) => ({
    value: isOfEnum ? rows[index][0] : String(Number(first) + index),
    label: cut(String(label), MAX_LABEL),
  }));
}

/** Whether two values mean the same: `1` and `1.0` do. */
export function isSame(a, b) {
  if (a === b) return true;
  if (a === undefined || b === undefined || a.trim() === '' || b.trim() === '') return false;
  return Number(a) === Number(b);
}

/** The choice that a pin has now, undefined for none. */
export const chosen = (choices, values) =>
  values.length === 1 ? choices.find((choice) => isSame(choice.value, values[0])) : undefined;
