// One line of a chart: its points, from history first and then live.

import { get, pinPath } from '../../core/api.js';
import { live } from '../../core/live.js';

const MAX_POINTS = 5000; // Live ones beyond are let go, oldest first.
const STEPPED = new Set(['enum', 'bool']);
const UNKNOWN = new Set(['pin.unknown', 'device.unknown']);
const NOTHING = { points: [], step_ms: 0 };
const GAP_OF_STEPS = 2.5;
const GAP_OF_USUAL = 10; // So many times the usual distance without a value: nothing was known.
const LEAST_GAP_MS = 60_000;

/** A value as a number; of several parameters the first; null where it is none. */
export function toNumber(value) {
  const first = Array.isArray(value) ? value[0] : value;
  if (first === null || first === undefined || first === '') return null;
  const number = Number(first);
  return Number.isFinite(number) ? number : null;
}

export class Series {
  times = [];
  values = [];
  /** Least and greatest of each step, null unless the points are means of steps. */
  lows = null;
  highs = null;
  stepMs = 0;
  /** Whether the gateway knows the pin: it may be written for the first time later on. */
  isKnown = true;

  constructor(address) {
    this.address = address;
  }

  get datastream() {
    return live.pin(this.address).datastream;
  }

  get name() {
    const { properties, datastream } = live.pin(this.address);
    return properties.label?.[0] || datastream?.name || this.address;
  }

  get unit() {
    return this.datastream?.unit ?? '';
  }

  /** Whether a value holds until the next: states, not measurements. */
  get isStepped() {
    const datastream = this.datastream;
    if (!datastream) return false;
    if (STEPPED.has(datastream.type)) return true;
    return datastream.type === 'int' && datastream.min === 0 && datastream.max === 1;
  }

  /** What is made of the values of a step, unless the chart wants something else. */
  get aggregate() {
    return this.isStepped ? 'last' : 'avg';
  }

  /** Ask history for a range: `width` points at most. */
  async load(fromMs, toMs, width, agg = this.aggregate) {
    const found = await this.#ask({ from: fromMs, to: toMs, width, agg });
    // What held when the range began: a lamp that was not touched for a day is on all the same.
    const before = this.isStepped ? (await this.#ask({ from: 0, to: fromMs, limit: 1 })).points : [];
    const [times, values] = columns([...before, ...found.points]);
    let lows = null;
    let highs = null;
    if (found.step_ms && agg === 'avg') {
      const range = { from: fromMs, to: toMs, step: found.step_ms };
      const [least, greatest] = await Promise.all([
        this.#ask({ ...range, agg: 'min' }),
        this.#ask({ ...range, agg: 'max' }),
      ]);
      lows = aligned(times, least.points);
      highs = aligned(times, greatest.points);
    }
    // All at once: until now the chart shows what it had.
    Object.assign(this, { times, values, lows, highs, stepMs: found.step_ms });
  }

  /** When the first point was, null without any. */
  async firstMs(toMs) {
    const found = await this.#ask({ from: 0, to: toMs, width: 100, agg: 'count' });
    return found.points[0]?.[0] ?? null;
  }

  /** Add a value that just came, unless it is nearer than `spacingMs` to the one before. */
  append(atMs, value, spacingMs) {
    const last = this.times.length - 1;
    if (last >= 0 && atMs <= this.times[last]) return;
    if (last >= 1 && atMs - this.times[last - 1] < spacingMs) {
      this.times.pop();
      this.values.pop();
      this.lows?.pop();
      this.highs?.pop();
    }
    this.times.push(atMs);
    this.values.push(value);
    this.lows?.push(value);
    this.highs?.push(value);
    if (this.times.length > MAX_POINTS) {
      for (const column of [this.times, this.values, this.lows, this.highs]) column?.shift();
    }
  }

  /** The columns to draw: `[times, values]`, with the band `[times, values, lows, highs]`. */
  table(untilMs) {
    const columns = [[...this.times], [...this.values]];
    if (this.lows) columns.push([...this.lows], [...this.highs]);
    if (this.isStepped) this.#hold(columns, untilMs);
    else this.#breakAtGaps(columns);
    return columns;
  }

  /** Least, greatest and latest value between two times; null without any. */
  summary(fromMs, toMs) {
    let found = null;
    this.times.forEach((time, index) => {
      const value = this.values[index];
      if (value === null || time > toMs) return;
      if (time < fromMs) {
        if (this.isStepped) found = { min: value, max: value, last: value };
        return;
      }
      const low = this.lows?.[index] ?? value;
      const high = this.highs?.[index] ?? value;
      found = {
        min: Math.min(found?.min ?? low, low),
        max: Math.max(found?.max ?? high, high),
        last: value,
      };
    });
    return found;
  }

  /** The value at a time: that of the nearest point, or of the one before where values hold. */
  at(ms) {
    const { times, values } = this;
    let low = 0;
    let high = times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle] <= ms) low = middle + 1;
      else high = middle;
    }
    if (this.isStepped || low === times.length) return values[low - 1] ?? null;
    if (low === 0) return values[0] ?? null;
    return ms - times[low - 1] <= times[low] - ms ? values[low - 1] : values[low];
  }

  async #ask(query) {
    const text = new URLSearchParams(
      Object.entries(query).map(([name, value]) => [name, String(value)]),
    );
    try {
      const found = await get(`/history/${pinPath(this.address)}?${text}`);
      this.isKnown = true;
      return found;
    } catch (error) {
      // Not written yet, or gone: the chart has other lines, and this one may come.
      if (!UNKNOWN.has(error.code)) throw error;
      this.isKnown = false;
      return NOTHING;
    }
  }

  #hold([times, ...others], untilMs) {
    const last = times.length - 1;
    if (last < 0 || times[last] >= untilMs) return;
    times.push(untilMs);
    for (const column of others) column.push(column[last]);
  }

  #breakAtGaps([times, ...others]) {
    const longest = this.#longestDistance(times);
    for (let index = times.length - 1; index > 0; index -= 1) {
      if (times[index] - times[index - 1] <= longest) continue;
      times.splice(index, 0, times[index - 1] + 1);
      for (const column of others) column.splice(index, 0, null);
    }
  }

  #longestDistance(times) {
    const distances = times.slice(1).map((time, index) => time - times[index]);
    distances.sort((one, other) => one - other);
    const usual = distances[distances.length >> 1] ?? 0;
    return Math.max(LEAST_GAP_MS, GAP_OF_STEPS * this.stepMs, GAP_OF_USUAL * usual);
  }
}

/** Where series are as CSV, as `load` asks for them; null if there is nothing to ask for. */
export function csvPath(series, fromMs, toMs, width, aggregate) {
  const known = series.filter((one) => one.isKnown);
  if (!known.length) return null;
  const aggregates = new Set(known.map((one) => aggregate ?? one.aggregate));
  const query = new URLSearchParams({
    pins: known.map((one) => one.address).join(','),
    from: fromMs,
    to: toMs,
    width,
    // One for all of a file: means, where states and measurements are shown together.
    agg: aggregates.size === 1 ? [...aggregates][0] : 'avg',
    format: 'csv',
  });
  return `/api/v1/history?${query}`;
}

function columns(points) {
  const times = [];
  const values = [];
  for (const [time, value] of points) {
    times.push(time);
    values.push(toNumber(value));
  }
  return [times, values];
}

function aligned(times, points) {
  const byTime = new Map(points);
  return times.map((time) => toNumber(byTime.get(time)));
}
