// The value of a time input: five texts, as the vendor's apps write them.
//
// start, stop: seconds of the day, `sr` for sunrise, `ss` for sunset, or nothing; tz: its name;
// days: numbers from 1 for Monday to 7 for Sunday, separated by commas, nothing for all of them;
// offset: seconds that the time zone is ahead of UTC.

import { locale } from '../../core/texts.js';

export const DAYS = [1, 2, 3, 4, 5, 6, 7];
export const SUN = ['sr', 'ss'];

const DAY_S = 86_400;
const MONDAY = Date.UTC(2024, 0, 1, 12);

const two = (number) => String(number).padStart(2, '0');

/** Whether a text is a moment of a day: its seconds, sunrise or sunset. */
export const isMoment = (text) =>
  SUN.includes(text) || (/^\d{1,5}$/.test(text ?? '') && Number(text) < DAY_S);

/** `{start, stop, zone, days}` of a pin's value; `''` and all days where it says nothing. */
export function parseTimes(values) {
  const [start, stop] = [values[0], values[1]].map((text) => (isMoment(text) ? text : ''));
  // Some say 0 for Sunday.
  const days = (values[3] ?? '').split(',').filter(Boolean).map((day) => Number(day) || 7);
  const known = DAYS.filter((day) => days.includes(day));
  return { start, stop, zone: values[2] ?? '', days: known.length ? known : [...DAYS] };
}

/** The five texts. `zone` falls back to the browser's where it is not one. */
export function timeValues({ start, stop, zone, days }, now) {
  const named = isZone(zone) ? zone : Intl.DateTimeFormat().resolvedOptions().timeZone;
  const chosen = days.length === DAYS.length ? '' : days.join(',');
  return [start, stop, named, chosen, String(offsetOf(named, now))];
}

/** Seconds that a time zone is ahead of UTC at a moment. */
export function offsetOf(zone, atMs) {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(atMs);
  const part = (type) => Number(parts.find((one) => one.type === type).value);
  const there = Date.UTC(
    part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'),
  );
  return Math.round((there - Math.floor(atMs / 1000) * 1000) / 1000);
}

function isZone(zone) {
  try {
    return Boolean(zone && Intl.DateTimeFormat('en', { timeZone: zone }));
  } catch {
    return false;
  }
}

/** Seconds of the day as the value of `<input type="time">`. */
export function toField(text, hasSeconds) {
  const seconds = Number(text);
  const clock = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}`;
  return hasSeconds ? `${clock}:${two(seconds % 60)}` : clock;
}

/** Seconds of the day of `08:30` or `08:30:15`, as text; `''` for none. */
export function fromField(text) {
  const found = /^(\d\d):(\d\d)(?::(\d\d))?/.exec(text);
  if (!found) return '';
  const [hours, minutes, seconds = 0] = found.slice(1).map((part) => Number(part ?? 0));
  return String(hours * 3600 + minutes * 60 + seconds);
}

/** Name of a day, 1 for Monday. */
export function dayName(day, width) {
  const format = new Intl.DateTimeFormat(locale(), { weekday: width, timeZone: 'UTC' });
  return format.format(MONDAY + (day - 1) * DAY_S * 1000);
}

/** `08:30` in the way of the language. */
export function clockText(text, hasSeconds) {
  const options = { timeStyle: hasSeconds || Number(text) % 60 ? 'medium' : 'short' };
  const format = new Intl.DateTimeFormat(locale(), { ...options, timeZone: 'UTC' });
  return format.format(Number(text) * 1000);
}
