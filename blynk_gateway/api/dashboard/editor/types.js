// The types of widgets and their options, as the gateway and people call them.

import { get } from '../core/api.js';
import { t } from '../core/texts.js';

let catalogue = null;

/** `GET /api/v1/widgets` as a map, type → its pins, sizes and options. */
export async function loadTypes() {
  catalogue ??= new Map((await get('/widgets')).widgets.map((one) => [one.type, one]));
  return catalogue;
}

const text = (key, otherwise) => {
  const found = t(key);
  return found === key ? otherwise : found;
};

/** The name of a type. */
export const typeName = (type) => text(`editor.type.${type}`, type.replaceAll('_', ' '));

/** What a type is for, in a few words. */
export const typeHint = (type) => text(`editor.hint.${type}`, '');

/** The name of an option. */
export const optionName = (type, name) =>
  text(`editor.option.${type}.${name}`, text(`editor.option.${name}`, name.replaceAll('_', ' ')));

/** The name of one of the values that an option can have. */
export const choiceName = (value) => text(`editor.choice.${value}`, value);

/** What a widget is called: its type and what it is for. */
export function nameOf(widget) {
  const about = widget.title || widget.pin || widget.pins?.join(', ') || widget.device ||
    widget.automation || '';
  return about ? `${typeName(widget.type)} ${about}` : typeName(widget.type);
}

/** Types that take either one pin for everything, or one pin each of these. */
export const SPLIT = {
  joystick: ['x', 'y'],
  rgb: ['red', 'green', 'blue'],
  lcd: ['line_1', 'line_2'],
};

/** The order and the groups of the list of types. Others come last. */
export const GROUPS = {
  control: ['switch', 'button', 'slider', 'step', 'number_input', 'text_input', 'menu', 'segmented',
    'joystick', 'rgb', 'time_input', 'scene'],
  show: ['value', 'labeled_value', 'gauge', 'level', 'led', 'chart', 'lcd', 'terminal', 'table',
    'map', 'image', 'video', 'device', 'events', 'header'],
};

/** A widget without what was left empty: as the gateway takes it. */
export function tidied(widget) {
  const { pin, pins, ...rest } = widget;
  const tidy = { ...rest };
  if (pin) tidy.pin = pin;
  const chosen = pins?.filter(Boolean) ?? [];
  const isWhole = SPLIT[widget.type] ? chosen.length === pins?.length : true;
  if (chosen.length && isWhole) tidy.pins = chosen;
  return tidy;
}

/** The first option that a widget lacks and its type cannot do without, undefined for none. */
export const lackingOption = (widget, type) =>
  type.options.find((one) => one.required && !widget[one.name])?.name;

/** Whether a widget lacks a pin that its type cannot do without. */
export function needsPin(widget, type) {
  const { pin, pins } = tidied(widget);
  return (type.counts?.[0] ?? 0) > 0 && !pin && !pins;
}
