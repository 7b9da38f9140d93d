// A button: `push` is on as long as it is held, `switch` changes with each press.

import { css, html } from '../vendor/lit.js';

import { OnOffWidget } from './inputs/on_off.js';
import { ReleaseGuard } from './inputs/release.js';
import { controls } from './inputs/style.js';
import { Widget } from './widget.js';

const PULSE_MS = 300; // How long a press without a duration lasts, as of a screen reader.
const TOUCH_MS = 80; // Until then a finger may turn out to scroll the page.
const KEYS = [' ', 'Enter'];

class Button extends OnOffWidget {
  static properties = { pressed: { state: true } };

  static styles = [
    Widget.styles,
    controls,
    css`
      button { width: 100%; height: 100%; font-size: 1.1rem; font-weight: 600; min-width: 0;
        background: var(--back, var(--page)); color: var(--text-color, var(--text));
        border: 2px solid var(--line); user-select: none; -webkit-user-select: none;
        -webkit-touch-callout: none; transition: transform .08s; }
      button.on { background: var(--back, var(--color)); border-color: var(--back, var(--color));
        color: var(--text-color, var(--on-color)); }
      button.pressed { transform: scale(.97); box-shadow: inset 0 2px 6px rgb(0 0 0 / 35%); }
      button > span { overflow: hidden; text-overflow: ellipsis; overflow-wrap: anywhere;
        max-height: 100%; line-height: 1.2; }
      @container (max-height: 80px) { button { height: auto; min-height: var(--touch);
        padding: .2rem .5rem; } button > span { white-space: nowrap; } }
    `,
  ];

  // The element's own ways to be let go are in `body`.
  #guard = new ReleaseGuard(this, (isLeaving) => this.#up(isLeaving));
  #held = null; // What is to be written when it is let go, and where to
  #touching = null; // Timer of a finger that is not taken for a press yet

  constructor() {
    super();
    this.pressed = false;
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#forgetTouch();
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    if (this.#held && (!this.isWritable || this.address !== this.#held.address)) this.#up();
  }

  body() {
    const { isOn, isPush } = this;
    return html`<button class="${isOn ? 'on' : ''} ${this.pressed ? 'pressed' : ''}"
      aria-pressed=${isOn} aria-label="${this.label}: ${this.stateText}"
      ?disabled=${!this.isWritable && !this.pressed}
      @pointerdown=${isPush ? this.#pointerDown : null}
      @pointerup=${isPush ? this.#pointerUp : null}
      @pointercancel=${isPush ? this.#pointerLost : null}
      @pointerleave=${isPush ? this.#pointerLost : null}
      @keydown=${isPush ? this.#keyDown : null}
      @keyup=${isPush ? this.#keyUp : null}
      @blur=${isPush ? this.#pointerLost : null}
      @contextmenu=${isPush ? (event) => event.preventDefault() : null}
      @click=${this.#click}><span>${this.stateText}</span></button>`;
  }

  get isPush() {
    return (this.config?.mode ?? 'push') === 'push';
  }

  #pointerDown = (event) => {
    if (event.button !== 0) return;
    // A finger that slides off the button shall let it go; touch would go on to the button.
    const target = event.currentTarget;
    if (target.hasPointerCapture(event.pointerId)) target.releasePointerCapture(event.pointerId);
    if (event.pointerType === 'touch') this.#touching = setTimeout(() => this.#down(), TOUCH_MS);
    else this.#down();
  };

  #pointerUp = () => {
    // A quick tap is a press.
    if (this.#touching !== null) this.#down();
    this.#up();
  };

  #pointerLost = () => {
    this.#forgetTouch();
    this.#up();
  };

  #keyDown = (event) => {
    if (!KEYS.includes(event.key)) return;
    event.preventDefault();
    if (!event.repeat) this.#down();
  };

  #keyUp = (event) => {
    if (!KEYS.includes(event.key)) return;
    event.preventDefault();
    this.#up();
  };

  #click = (event) => {
    if (!this.isWritable) return;
    if (!this.isPush) {
      this.write([this.isOn ? this.off : this.on]);
      this.used();
    } else if (event.detail === 0 && !this.#held) {
      // Neither a pointer nor a key: an aid pressed it, which knows no holding.
      this.#down();
      setTimeout(() => this.#up(), PULSE_MS);
    }
  };

  #forgetTouch() {
    clearTimeout(this.#touching);
    this.#touching = null;
  }

  #down() {
    this.#forgetTouch();
    if (this.#held || !this.isWritable) return;
    this.#held = { address: this.address, off: this.off };
    this.pressed = true;
    this.#guard.hold();
    this.write([this.on]);
  }

  #up(isLeaving = false) {
    if (!this.#held) return;
    const { address, off } = this.#held;
    this.#held = null;
    this.pressed = false;
    this.#guard.letGo();
    this.release([off], address, isLeaving);
    this.used();
  }
}

customElements.define('bg-button', Button);
