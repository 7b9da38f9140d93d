// A number that is typed, with a comma or a point. Enter, and leaving the field, write it.

import { css, html, live as bound } from '../vendor/lit.js';

import { cut, numberOf } from '../core/format.js';
import { t } from '../core/texts.js';
import { clamp, defaultStep, fieldText, parseNumber, plus } from './inputs/numbers.js';
import { controls } from './inputs/style.js';
import { Widget } from './widget.js';

class NumberInput extends Widget {
  static properties = {
    draft: { state: true }, // What is being typed, null for nothing
    fault: { state: true },
  };

  static styles = [
    Widget.styles,
    controls,
    css`
      .body { flex-wrap: wrap; align-content: center; gap: .2rem .4rem; }
      .line { display: flex; align-items: center; gap: .4rem; width: 100%; min-width: 0; }
      input { flex: 1; min-width: 0; font-size: 1.15rem; text-align: right;
        font-variant-numeric: tabular-nums; }
      input[aria-invalid="true"] { border-color: var(--bad); border-width: 2px; }
      .unit { color: var(--dim); max-width: 40%; overflow: hidden; text-overflow: ellipsis;
        white-space: nowrap; }
      .fault { width: 100%; }
    `,
  ];

  constructor() {
    super();
    this.draft = null;
    this.fault = '';
  }

  body() {
    const unit = cut(String(this.option('suffix', 'unit') ?? this.datastream?.unit ?? ''), 20);
    return html`<div class="line"><input type="text" inputmode="decimal" autocomplete="off"
        spellcheck="false" enterkeyhint="send" maxlength="40" aria-label=${this.label}
        aria-invalid=${this.fault ? 'true' : 'false'} title=${this.fault} aria-describedby="fault"
        .value=${bound(this.draft ?? this.#shown())} ?disabled=${!this.isWritable}
        @input=${(event) => (this.draft = event.target.value)}
        @keydown=${this.#key} @blur=${this.#commit}>
      ${unit ? html`<span class="unit">${unit}</span>` : ''}</div>
      <span id="fault" class=${this.fault ? 'fault' : 'visually-hidden'}
        role="status">${this.fault}</span>`;
  }

  #shown() {
    const number = numberOf(this.values);
    return Number.isFinite(number) ? fieldText(number) : cut(this.values.join(', '), 60);
  }

  #commit = () => {
    if (this.draft === null) return;
    const text = this.draft.trim();
    const isUnchanged = this.draft === this.#shown();
    const number = parseNumber(text);
    const [min, max] = [this.numberOption('min', -Infinity), this.numberOption('max', Infinity)];
    if (text === '' || isUnchanged) {
      this.#discard();
    } else if (!Number.isFinite(number)) {
      this.fault = t('widget.number.wrong');
    } else if (number < min || number > max) {
      this.fault = this.#limits(min, max);
    } else {
      this.#discard();
      this.write([number]);
      this.used();
    }
  };

  #limits(min, max) {
    if (min === -Infinity) return t('widget.number.most', { max: fieldText(max) });
    if (max === Infinity) return t('widget.number.least', { min: fieldText(min) });
    return t('widget.number.between', { min: fieldText(min), max: fieldText(max) });
  }

  #discard() {
    this.draft = null;
    this.fault = '';
  }

  #key = (event) => {
    const sign = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (event.key === 'Escape') {
      this.#discard();
    } else if (event.key === 'Enter') {
      this.#commit();
    } else if (sign && this.isWritable) {
      event.preventDefault();
      this.#step(sign);
    }
  };

  #step(sign) {
    const [min, max] = [this.numberOption('min', -Infinity), this.numberOption('max', Infinity)];
    const own = this.numberOption('step', 0);
    const now = this.draft === null ? numberOf(this.values) : parseNumber(this.draft);
    if (!Number.isFinite(now)) return;
    const next = plus(now, sign * (own > 0 ? own : defaultStep(this.datastream, min, max)));
    this.fault = '';
    this.draft = fieldText(clamp(next, min, max));
  }
}

customElements.define('bg-number-input', NumberInput);
