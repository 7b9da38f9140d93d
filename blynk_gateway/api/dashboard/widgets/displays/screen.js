// A character display of 16 × 2, as the commands of its pin draw on it.

export const COLUMNS = 16;
export const LINES = 2;

const blank = () => Array.from({ length: LINES }, () => ' '.repeat(COLUMNS));

export class Screen {
  /** @type {string[]} each exactly as wide as the display */
  lines = blank();

  /** Take a value of the pin: `clr`, or `p`, column, line, text. */
  take([command, column, line, ...text]) {
    if (command === 'clr') this.lines = blank();
    if (command === 'p') this.#print(Number(column), Number(line), text.join(' '));
  }

  #print(column, line, text) {
    if (!Number.isInteger(column) || column < 0 || column >= COLUMNS) return;
    if (!Number.isInteger(line) || line < 0 || line >= LINES) return;
    const old = [...this.lines[line]];
    // Of a text that is too long the rest is left out, as on the real thing.
    const fits = [...text].slice(0, COLUMNS - column);
    fits.forEach((one, index) => (old[column + index] = shown(one)));
    this.lines = this.lines.map((one, index) => (index === line ? old.join('') : one));
  }
}

/** A text as a line of the display. */
export const fitted = (text) => [...text].slice(0, COLUMNS).map(shown).join('').padEnd(COLUMNS);

const shown = (one) => (one < ' ' ? ' ' : one);
