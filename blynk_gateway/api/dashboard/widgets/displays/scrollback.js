// The lines of a terminal, made of the texts that a device and people write.

const CLEAR = 'clr';

/**
 * Sizes of the send buffer of the C++ library, by version and board. A text that fills it is
 * followed by the rest of its line; any other text ends its line, with a newline or without, as
 * a person's line and most `virtualWrite` do.
 *
 * Source: blynk-library, WidgetTerminal.h and BLYNK_MAX_SENDBYTES.
 */
const FULL_BUFFERS = new Set([32, 64, 128, 250, 255, 256, 1024, 1200]);

const MAX_LINE = 2000; // Characters; of a longer line the beginning is kept.

const encoder = new TextEncoder();

export class Scrollback {
  /** @type {{id: number, text: string, isOwn: boolean}[]} oldest first */
  lines = [];
  #limit;
  #isOpen = false; // The last line goes on.
  #next = 0;

  constructor(limit) {
    this.#limit = limit;
  }

  /** Take a value of the pin; `isOwn` marks what was written here. */
  take(values, isOwn = false) {
    const text = values.join(' ');
    if (text === CLEAR) {
      this.lines = [];
      this.#isOpen = false;
      return;
    }
    const parts = text.split(/\r\n|\n|\r/);
    const isEnded = parts.length > 1 && parts.at(-1) === '';
    if (isEnded) parts.pop();
    parts.forEach((part, index) => {
      if (index === 0 && this.#isOpen && !isOwn) this.#append(part);
      else this.#add(part, isOwn);
    });
    this.#isOpen = !isEnded && !isOwn && FULL_BUFFERS.has(encoder.encode(text).length);
    if (this.lines.length > this.#limit) this.lines = this.lines.slice(-this.#limit);
  }

  #append(text) {
    const last = this.lines.at(-1);
    this.lines = [...this.lines.slice(0, -1), { ...last, text: bounded(last.text + text) }];
  }

  #add(text, isOwn) {
    this.#next += 1;
    this.lines.push({ id: this.#next, text: bounded(text), isOwn });
  }
}

const bounded = (text) => (text.length > MAX_LINE ? `${text.slice(0, MAX_LINE)}…` : text);
