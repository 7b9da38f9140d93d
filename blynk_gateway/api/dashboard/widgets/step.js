// Two buttons that make a number smaller or larger.

import { css, html } from '../vendor/lit.js';

import { numberOf } from '../core/format.js';
import { t } from '../core/texts.js';
import { clamp, defaultStep, plus } from './inputs/numbers.js';
import { controls } from './inputs/style.js';
import { Widget } from './widget.js';

class Step extends Widget {
  static styles = [
    Widget.styles,
    controls,
    css`
      button { flex: none; width: 3.2rem; min-height: var(--touch); font-size: 1.6rem;
        line-height: 1; padding: 0; background: var(--page); color: var(--text);
        border-color: var(--dim); }
      .value { flex: 1; text-align: center; font-size: 1.35rem; border-radius: 8px;
        padding: .2rem; }
      @container (max-height: 80px) and (max-width: 260px) {
        .widget { position: relative; }
        .label { position: absolute; top: 3px; inset-inline: 60px; max-width: none;
          justify-content: center; font-size: .75rem; line-height: 1.2; }
        .label .away { display: none; }
        .body { gap: .2rem; }
        button { width: var(--touch); }
        .value { font-size: .95rem; padding: 1rem 0 0; }
      }
      @container (min-height: 110px) and (max-width: 220px) {
        .body { flex-wrap: wrap; align-content: center; gap: .1rem .4rem; }
        .value { order: -1; flex: 1 0 100%; max-width: 100%; padding: 0; font-size: 1.2rem; }
        button { flex: 1; }
      }
      @container (min-height: 170px) and (min-width: 240px) { .value { font-size: 2rem; }
        button { width: 4.5rem; min-height: 4.5rem; } .body { gap: 1rem; } }
    `,
  ];

  get min() {
    return this.numberOption('min', -Infinity);
  }

  get max() {
    return this.numberOption('max', Infinity);
  }

  get step() {
    const step = this.numberOption('step', 0);
    return step > 0 ? step : defaultStep(this.datastream, this.min, this.max);
  }

  body() {
    const { min, max } = this;
    const number = numberOf(this.values);
    const text = this.valueText();
    const isLooped = this.config?.loop === true;
    const isOff = !this.isWritable;
    return html`
      <button aria-label="${this.label}: ${t('widget.step.less')}"
        ?disabled=${isOff || (!isLooped && number <= min)}
        @click=${() => this.#change(-1)}><span aria-hidden="true">−</span></button>
      <span class="value" role="spinbutton" tabindex="0" title=${text} aria-label=${this.label}
        aria-valuenow=${Number.isFinite(number) ? number : 0} aria-valuetext=${text}
        aria-disabled=${isOff} @keydown=${this.#key}>${text}</span>
      <button aria-label="${this.label}: ${t('widget.step.more')}"
        ?disabled=${isOff || (!isLooped && number >= max)}
        @click=${() => this.#change(1)}><span aria-hidden="true">+</span></button>`;
  }

  #change(sign) {
    const { min, max } = this;
    const number = numberOf(this.values);
    if (!Number.isFinite(number)) {
      this.#set(Number.isFinite(min) ? min : 0);
      return;
    }
    const next = plus(number, sign * this.step);
    if (this.config?.loop === true && Number.isFinite(min) && Number.isFinite(max)) {
      this.#set(next > max ? min : next < min ? max : next);
    } else {
      this.#set(clamp(next, min, max));
    }
  }

  #set(number) {
    if (!Number.isFinite(number) || number === numberOf(this.values)) return;
    this.stream([number]); // A held key repeats faster than a device wants to hear.
    this.used();
  }

  #key = (event) => {
    const sign = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1 }[event.key];
    if (sign) this.#change(sign);
    else if (event.key === 'Home') this.#set(this.min);
    else if (event.key === 'End') this.#set(this.max);
    else return;
    event.preventDefault();
  };
}

customElements.define('bg-step', Step);
