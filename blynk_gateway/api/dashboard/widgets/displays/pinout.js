// The 40 pins of the Raspberry Pi's header, by their position.
//
// Source: Raspberry Pi documentation, "GPIO and the 40-pin header".

const ROWS = [
  ['3V3', '5V'], [2, '5V'], [3, 'GND'], [4, 14], ['GND', 15], [17, 18], [27, 'GND'], [22, 23],
  ['3V3', 24], [10, 'GND'], [9, 25], [11, 8], ['GND', 7], [0, 1], [5, 'GND'], [6, 12],
  [13, 'GND'], [19, 16], [26, 20], ['GND', 21],
];

/** @type {{position: number, line: number | null, power: string | null}[]} in order of position */
export const PINS = ROWS.flat().map((one, index) => ({
  position: index + 1,
  line: typeof one === 'number' ? one : null,
  power: typeof one === 'number' ? null : one,
}));
