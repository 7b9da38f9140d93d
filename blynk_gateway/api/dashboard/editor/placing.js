// Where widgets stand: the grids, and finding free places on them.

/** Columns of the two layouts. */
export const COLUMNS = { desktop: 12, phone: 4 };

export const LAYOUTS = ['desktop', 'phone'];

/** Whether two places `[x, y, width, height]` share a cell. */
function overlap([x1, y1, w1, h1], [x2, y2, w2, h2]) {
  return x1 < x2 + w2 && x2 < x1 + w1 && y1 < y2 + h2 && y2 < y1 + h1;
}

/**
 * The first free place of a size, by rows.
 *
 * @param {number[][]} taken  places `[x, y, width, height]`
 * @param {[number, number]} size
 * @param {number} columns
 * @param {number} [from]     no row above this one
 */
export function freePlace(taken, [width, height], columns, from = 0) {
  const wide = Math.min(width, columns);
  const end = Math.max(from, ...taken.map(([, y, , h]) => y + h));
  for (let y = from; y <= end; y += 1) {
    for (let x = 0; x + wide <= columns; x += 1) {
      const place = [x, y, wide, height];
      if (!taken.some((other) => overlap(place, other))) return place;
    }
  }
  return [0, end, wide, height];
}
