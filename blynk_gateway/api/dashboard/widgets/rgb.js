// A colour, "zeRGBa": red, green and blue of one pin (merge), or of three (split).

import { css, html, live as bound } from '../vendor/lit.js';

import { isColor } from '../core/format.js';
import { t } from '../core/texts.js';
import { fromHex, toHex } from './inputs/colors.js';
import { clamp } from './inputs/numbers.js';
import { controls } from './inputs/style.js';
import { Widget } from './widget.js';

const MAX = 255;
const PARTS = ['red', 'green', 'blue'];

class Rgb extends Widget {
  static styles = [
    Widget.styles,
    controls,
    css`
      .body { gap: .8rem; align-items: stretch; }
      .swatch { flex: 1 1 0; min-width: var(--touch); max-width: 9rem; min-height: 0; padding: 3px;
        height: 100%; cursor: pointer; border-radius: var(--radius); }
      .swatch::-webkit-color-swatch-wrapper { padding: 0; }
      .swatch::-webkit-color-swatch { border: 0; border-radius: 7px; }
      .parts { flex: 3 1 0; min-width: 0; display: grid; align-content: space-evenly; }
      label { display: grid; grid-template-columns: 1fr 3ch; gap: .5rem; align-items: center; }
      .number { font-size: .85rem; text-align: right; font-variant-numeric: tabular-nums; }
      input[type="range"] { height: 44px; min-height: 30px; }
      .red { --color: #d93025; --fill: var(--red); }
      .green { --color: #1e8e3e; --fill: var(--green); }
      .blue { --color: #1a73e8; --fill: var(--blue); }
      @container (max-height: 200px) { input[type="range"] { height: 30px; } }
      @container (max-height: 130px) or (max-width: 220px) { .parts { display: none; }
        .swatch { max-width: none; } }
      @container (max-height: 80px) { .swatch { height: var(--touch); align-self: center; } }
    `,
  ];

  /** Three numbers, as the pins have them: they may be outside of 0 … 255. */
  get parts() {
    const { addresses, values } = this;
    if (addresses.length < 2 && values.length === 1 && isColor(values[0])) {
      return fromHex(values[0]);
    }
    const texts =
      addresses.length < 2 ? values : addresses.map((address) => this.valuesOf(address)[0]);
    return PARTS.map((_, index) => {
      const number = Number(texts[index] ?? 0);
      return Number.isFinite(number) ? number : 0;
    });
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    this.parts.forEach((part, index) => {
      this.style.setProperty(`--${PARTS[index]}`, `${(clamp(part, 0, MAX) / MAX) * 100}%`);
    });
  }

  body() {
    const { parts } = this;
    const shown = parts.map((part) => Math.round(clamp(part, 0, MAX)));
    const isOff = !this.isWritable;
    return html`<input type="color" class="swatch"
        aria-label="${this.label}: ${t('widget.rgb.color')}"
        .value=${bound(toHex(shown))} ?disabled=${isOff}
        @input=${(event) => this.#set(fromHex(event.target.value))}>
      <div class="parts">${PARTS.map(
        (name, index) => html`<label class=${name}>
          <input type="range" min="0" max=${MAX} step="1" .value=${bound(String(shown[index]))}
            aria-label="${this.label}: ${t(`widget.rgb.${name}`)}" ?disabled=${isOff}
            @input=${(event) => this.#set(shown.with(index, Number(event.target.value)))}
            @change=${() => this.used()}>
          <span class="number">${String(parts[index]).slice(0, 6)}</span></label>`,
      )}</div>`;
  }

  #set(next) {
    const { addresses, parts } = this;
    if (addresses.length < 2) {
      this.stream(next);
      return;
    }
    next.forEach((part, index) => {
      if (part !== parts[index] && addresses[index]) this.stream([part], addresses[index]);
    });
  }
}

customElements.define('bg-rgb', Rgb);
