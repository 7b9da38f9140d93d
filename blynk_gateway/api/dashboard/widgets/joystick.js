// A joystick: x and y of one pin (merge), or of two (split).

import { css, html, svg } from '../vendor/lit.js';

import { t } from '../core/texts.js';
import { clamp, defaultStep, snap } from './inputs/numbers.js';
import { ReleaseGuard } from './inputs/release.js';
import { controls } from './inputs/style.js';
import { Widget } from './widget.js';

const DEFAULT_MAX = 255;
const KEY_STEPS = 10; // Presses of a key from one end to the other
const RADIUS = 15; // Of the knob, in the 100 × 100 of the picture

const ARROWS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

class Joystick extends Widget {
  static styles = [
    Widget.styles,
    controls,
    css`
      .body { gap: .6rem; }
      .pad { flex: 0 1 auto; height: 100%; aspect-ratio: 1; max-width: 100%; min-width: 0;
        touch-action: none; cursor: grab; border-radius: var(--radius); user-select: none; }
      .pad:active { cursor: grabbing; }
      .pad[aria-disabled="true"] { cursor: not-allowed; }
      svg { display: block; width: 100%; height: 100%; }
      .base { fill: var(--page); stroke: var(--line); }
      .cross { stroke: var(--track); }
      .knob { fill: var(--color); }
      .numbers { font-size: .9rem; font-variant-numeric: tabular-nums; white-space: nowrap;
        display: grid; gap: .1rem; max-width: 40%; }
      .numbers span { overflow: hidden; text-overflow: ellipsis; }
      @container (max-height: 80px) { .body { justify-content: flex-end; padding-block: 3px; } }
      @container (max-width: 280px) and (min-height: 150px) { .numbers { display: none; } }
      @container (max-width: 170px) and (min-height: 81px) { .numbers { display: none; } }
    `,
  ];

  #guard = new ReleaseGuard(this, (isLeaving) => this.#up(isLeaving));
  #pointer = null; // Id of the pointer that holds the knob
  #keys = new Set();
  #held = null; // Addresses and middle when it was taken hold of
  #sent = '';

  willUpdate(changed) {
    super.willUpdate(changed);
    if (this.#held && !this.isWritable) this.#up();
  }

  /** Where the knob is, as two texts. */
  get position() {
    const { addresses } = this;
    if (addresses.length < 2) return this.values;
    return addresses.slice(0, 2).map((address) => this.valuesOf(address)[0] ?? '');
  }

  body() {
    const position = this.position.slice(0, 2);
    const shares = [0, 1].map((axis) => this.#share(axis, position[axis]));
    const texts = [0, 1].map((axis) => this.valueText(position[axis] ? [position[axis]] : []));
    const [x, y] = [RADIUS + shares[0] * (100 - 2 * RADIUS),
      100 - RADIUS - shares[1] * (100 - 2 * RADIUS)];
    return html`<div class="pad" role="slider" tabindex=${this.editing ? -1 : 0}
        aria-label=${this.label} aria-roledescription=${t('widget.joystick.kind')}
        aria-valuemin="0" aria-valuemax="100" aria-valuenow=${Math.round(shares[0] * 100)}
        aria-valuetext=${t('widget.joystick.position', { x: texts[0], y: texts[1] })}
        aria-disabled=${!this.isWritable}
        @pointerdown=${this.#down} @pointermove=${this.#move} @pointerup=${this.#pointerUp}
        @pointercancel=${this.#pointerUp} @lostpointercapture=${this.#pointerUp}
        @keydown=${this.#keyDown} @keyup=${this.#keyUp} @blur=${() => this.#up()}
        @contextmenu=${(event) => event.preventDefault()}>
      <svg viewBox="0 0 100 100" aria-hidden="true">${svg`
        <rect class="base" x="1" y="1" width="98" height="98" rx="12"></rect>
        <path class="cross" d="M50 8V92M8 50H92"></path>
        <circle class="knob" cx=${x} cy=${y} r=${RADIUS}></circle>`}</svg></div>
      <div class="numbers" aria-hidden="true"><span>x ${texts[0]}</span><span>y ${texts[1]}</span>
      </div>`;
  }

  #axis(axis) {
    const address = this.addresses[Math.min(axis, this.addresses.length - 1)];
    const min = this.numberOption('min', 0, address);
    const max = this.numberOption('max', DEFAULT_MAX, address);
    const own = this.numberOption('step', 0, address);
    return { min, max, step: own > 0 ? own : defaultStep(this.datastream, min, max) };
  }

  #share(axis, text) {
    const { min, max } = this.#axis(axis);
    const number = text === undefined || text.trim() === '' ? NaN : Number(text);
    if (!Number.isFinite(number) || max === min) return 0.5;
    return clamp((number - min) / (max - min), 0, 1);
  }

  #valueAt(axis, share) {
    const { min, max, step } = this.#axis(axis);
    return snap(min + clamp(share, 0, 1) * (max - min), min, step);
  }

  get #isReturning() {
    return this.config?.auto_return !== false;
  }

  #hold() {
    if (this.#held) return;
    this.#held = { addresses: this.addresses, middle: [0, 1].map((a) => this.#valueAt(a, 0.5)) };
    this.#sent = '';
    this.#guard.hold();
  }

  #down = (event) => {
    if (event.button !== 0 || !this.isWritable || this.#pointer !== null) return;
    this.#pointer = event.pointerId;
    event.currentTarget.setPointerCapture(event.pointerId);
    this.#hold();
    this.#follow(event);
  };

  #move = (event) => {
    if (event.pointerId === this.#pointer) this.#follow(event);
  };

  #pointerUp = (event) => {
    if (event.pointerId === this.#pointer) this.#up();
  };

  #follow(event) {
    const box = event.currentTarget.getBoundingClientRect();
    const edge = RADIUS / 100;
    const inner = 1 - 2 * edge;
    const x = ((event.clientX - box.left) / box.width - edge) / inner;
    const y = 1 - ((event.clientY - box.top) / box.height - edge) / inner;
    this.#moveTo([x, y]);
  }

  #moveTo(shares) {
    const values = shares.map((share, axis) => this.#valueAt(axis, share));
    const text = values.join();
    if (text === this.#sent) return;
    this.#sent = text;
    const { addresses } = this;
    if (addresses.length < 2) this.stream(values);
    else values.forEach((value, axis) => this.stream([value], addresses[axis]));
  }

  #keyDown = (event) => {
    if (!this.isWritable) return;
    const isMiddle = event.key === 'Home' || event.key === ' ';
    if (!isMiddle && !(event.key in ARROWS)) return;
    event.preventDefault();
    if (isMiddle) {
      this.#sent = '';
      this.#moveTo([0.5, 0.5]);
      return;
    }
    this.#hold();
    this.#keys.add(event.key);
    const now = this.position.slice(0, 2);
    const by = ARROWS[event.key];
    this.#moveTo([0, 1].map((axis) => this.#share(axis, now[axis]) + by[axis] / KEY_STEPS));
  };

  #keyUp = (event) => {
    this.#keys.delete(event.key);
    if (event.key in ARROWS && this.#keys.size === 0 && this.#pointer === null) this.#up();
  };

  #up(isLeaving = false) {
    if (!this.#held) return;
    const { addresses, middle } = this.#held;
    this.#held = null;
    this.#pointer = null;
    this.#keys.clear();
    this.#guard.letGo();
    this.used();
    if (!this.#isReturning) return;
    if (addresses.length < 2) this.release(middle, addresses[0], isLeaving);
    else middle.forEach((value, axis) => this.release([value], addresses[axis], isLeaving));
  }
}

customElements.define('bg-joystick', Joystick);
