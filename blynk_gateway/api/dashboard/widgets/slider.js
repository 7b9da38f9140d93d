// A slider, lying or upright. It writes while it moves, or once when it is let go.

import { css, html, live as bound } from '../vendor/lit.js';

import { numberOf } from '../core/format.js';
import { clamp, defaultStep, plus } from './inputs/numbers.js';
import { controls } from './inputs/style.js';
import { Widget } from './widget.js';

class Slider extends Widget {
  static styles = [
    Widget.styles,
    controls,
    css`
      .body { gap: .7rem; }
      input { flex: 1; min-width: 0; width: 0; }
      .value { flex: none; min-width: 3ch; max-width: 40%; text-align: right; }
      .upright { flex-direction: column-reverse; gap: .2rem; }
      .upright input { writing-mode: vertical-lr; direction: rtl; width: var(--touch);
        min-height: 0; height: 0; --to: top; }
      .upright input::-webkit-slider-runnable-track { height: auto; width: 10px; }
      .upright input::-webkit-slider-thumb { margin-top: 0; margin-left: -8px; }
      .upright .value { max-width: 100%; text-align: center; }
      .fit { display: flex; flex: 1; min-width: 0; min-height: 0; width: 100%; height: 100%;
        align-items: center; gap: .7rem; }
      @container (max-height: 80px) and (max-width: 260px) {
        .widget { flex-direction: column; align-items: stretch; gap: 0; padding-block: 3px 0;
          position: relative; }
        .label { max-width: 58%; line-height: 1.2; }
        .fit:not(.upright) .value { position: absolute; top: 3px; right: .6rem; font-size: .82rem;
          line-height: 1.2; }
        .fit { align-items: flex-end; }
        .fit:not(.upright) input { height: 36px; min-height: 36px; }
      }
      @container (max-width: 100px) { .upright .value { font-size: .9rem; } }
      @container (min-height: 170px) and (min-width: 400px) { .value { font-size: 1.6rem; } }
    `,
  ];

  get min() {
    return this.numberOption('min', 0);
  }

  get max() {
    return this.numberOption('max', 100);
  }

  get step() {
    const step = this.numberOption('step', 0);
    return step > 0 ? step : defaultStep(this.datastream, this.min, this.max);
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    const { min, max } = this;
    const number = numberOf(this.values);
    const share = Number.isFinite(number) && max > min ? (number - min) / (max - min) : 0;
    this.style.setProperty('--fill', `${(clamp(share, 0, 1) * 100).toFixed(2)}%`);
  }

  body() {
    const { min, max, values } = this;
    const number = numberOf(values);
    const text = this.valueText();
    return html`<div class="fit ${this.config?.vertical ? 'upright' : ''}">
      <input type="range" min=${min} max=${max} step=${this.step}
        .value=${bound(String(clamp(Number.isFinite(number) ? number : min, min, max)))}
        aria-label=${this.label} aria-valuetext=${text} ?disabled=${!this.isWritable}
        @input=${this.#moved} @change=${this.#done} @keydown=${this.#key}
        @pointerup=${this.#let} @pointercancel=${this.#cancelled} @blur=${this.#cancelled}>
      <span class="value" title=${text}>${text}</span></div>`;
  }

  #isMoving = false;

  #moved = (event) => {
    const values = [event.target.value];
    if (this.config?.send === 'release') {
      this.#isMoving = true;
      this.hold(values);
    } else {
      this.stream(values);
    }
  };

  #done = (event) => {
    this.#choose(event.target);
    this.used();
  };

  // Moved and moved back to where it began: for the browser that is no change. If there was no
  // value yet, or another came meanwhile, it is one.
  #let = (event) => {
    const slider = event.target;
    setTimeout(() => this.#choose(slider));
  };

  #choose(slider) {
    if (!this.#isMoving) return;
    this.#isMoving = false;
    this.drop();
    if (numberOf(this.values) !== Number(slider.value)) this.write([slider.value]);
  }

  // A finger that began to scroll, or a window that came in between: nothing was chosen.
  #cancelled = () => {
    if (this.#isMoving) this.drop();
    this.#isMoving = false;
  };

  // The browser's own steps of PageUp and PageDown are a tenth of the range; arrows are one step
  // from where the pin is, even where that is not on a step.
  #key = (event) => {
    const number = numberOf(this.values);
    const sign = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1 }[event.key];
    if (!sign || !Number.isFinite(number) || !this.isWritable) return;
    event.preventDefault();
    const next = clamp(plus(number, sign * this.step), this.min, this.max);
    if (next !== number) this.stream([next]);
  };
}

customElements.define('bg-slider', Slider);
