// The points of a map: what a device tells, and where that is on a plain coordinate plot.

import { numberOf } from '../../core/format.js';

const MAX_PLACES = 100; // As the legacy server keeps.
const METRES_PER_DEGREE = 111_320; // Of latitude; of longitude at the equator.
const LEAST_METRES = 100; // A single point does not fill the plot with a millimetre.
const MARGIN = 0.12; // Of the plot on each side.

/** Points with an index and label (legacy), or the last ones of one thing that moves (IoT). */
export class Places {
  /** @type {{id: string, latitude: number, longitude: number, label: string}[]} */
  places = [];
  isWay = false; // They are where one thing was, one after the other.
  #next = 0;

  /**
   * Take a value: `clr`; index, latitude, longitude, label; or longitude, latitude.
   *
   * @param {string[]} values
   * @param {'legacy' | 'location'} [format]  which of both; told by their number if left out
   */
  take(values, format = values.length >= 3 ? 'legacy' : 'location') {
    if (values[0] === 'clr') {
      this.places = [];
      return;
    }
    this.isWay = format === 'location';
    if (this.isWay) this.#takeLocation(values);
    else this.#takeLegacy(values);
  }

  #takeLegacy([id, latitude, longitude, label = '']) {
    const place = placeOf(id, latitude, longitude, label);
    if (!place) return;
    const others = this.places.filter((one) => one.id !== id);
    this.places = [...others, place].slice(-MAX_PLACES);
  }

  #takeLocation(values) {
    // History has a location as one text.
    const [longitude, latitude] = values.length === 1 ? values[0].split(/[,\0]/) : values;
    const place = placeOf(String(this.#next), latitude, longitude, '');
    if (!place) return;
    this.#next += 1;
    this.places = [...this.places, place].slice(-MAX_PLACES);
  }
}

function placeOf(id, latitudeText, longitudeText, label) {
  const latitude = numberOf([latitudeText]);
  const longitude = numberOf([longitudeText]);
  if (!(Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180)) return null;
  return { id, latitude, longitude, label };
}

/**
 * Where points are in a plot of `width` × `height`, north up, the same scale both ways.
 *
 * @returns {{points: {x: number, y: number}[], metresPerUnit: number}}
 */
export function project(places, width, height) {
  const range = (values) => [Math.min(...values), Math.max(...values)];
  const [south, north] = range(places.map((one) => one.latitude));
  const [west, east] = range(places.map((one) => one.longitude));
  const middle = { latitude: (south + north) / 2, longitude: (west + east) / 2 };
  // At a pole a degree of longitude is nothing; the plot must not divide by it.
  const narrowing = Math.max(Math.cos((middle.latitude * Math.PI) / 180), 0.01);
  const across = Math.max((east - west) * narrowing * METRES_PER_DEGREE, LEAST_METRES);
  const along = Math.max((north - south) * METRES_PER_DEGREE, LEAST_METRES);
  const room = 1 - 2 * MARGIN;
  const metresPerUnit = Math.max(across / (width * room), along / (height * room));
  const points = places.map(({ latitude, longitude }) => ({
    x: width / 2 + ((longitude - middle.longitude) * narrowing * METRES_PER_DEGREE) / metresPerUnit,
    y: height / 2 - ((latitude - middle.latitude) * METRES_PER_DEGREE) / metresPerUnit,
  }));
  return { points, metresPerUnit };
}

/** The longest of 1, 2, 5, 10 … metres that is no longer than `most`. */
export function niceLength(most) {
  const power = 10 ** Math.floor(Math.log10(most));
  return [5, 2, 1].map((step) => step * power).find((length) => length <= most) ?? power;
}
