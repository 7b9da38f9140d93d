// A switch.

import { css, html } from '../vendor/lit.js';

import { OnOffWidget } from './inputs/on_off.js';
import { controls } from './inputs/style.js';
import { Widget } from './widget.js';

class Switch extends OnOffWidget {
  static styles = [
    Widget.styles,
    controls,
    css`
      button { border: 0; background: none; padding: 0 .2rem; gap: .6rem; max-width: 100%;
        min-width: 0; }
      .track { flex: none; width: calc(56px * var(--scale, 1));
        height: calc(32px * var(--scale, 1)); border-radius: 99px; padding: 3px;
        background: var(--back, var(--track)); border: 1px solid var(--dim);
        transition: background .12s; }
      .track::after { content: ''; display: block; aspect-ratio: 1; height: 100%;
        border-radius: 50%; background: #fff; box-shadow: 0 1px 3px rgb(0 0 0 / 45%); transition: transform .12s; }
      [aria-checked="true"] .track { background: var(--back, var(--color));
        border-color: var(--back, var(--color)); }
      [aria-checked="true"] .track::after { transform: translateX(calc(24px * var(--scale, 1))); }
      .text { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; min-width: 0; }
      @container (max-height: 80px) {
        .label { flex: 1 1 0; max-width: none; }
        .body { flex: 0 1 auto; justify-content: flex-end; max-width: 64%; }
        button { padding: 0; gap: .4rem; }
      }
      @container (min-height: 110px) and (max-width: 150px) { button { flex-direction: column; } }
      @container (min-height: 170px) and (min-width: 240px) { button { --scale: 1.6;
        font-size: 1.4rem; } }
    `,
  ];

  body() {
    return html`<button role="switch" aria-checked=${this.isOn}
      aria-label="${this.label}: ${this.stateText}" ?disabled=${!this.isWritable}
      @click=${this.#flip}><span class="track" aria-hidden="true"></span>
      <span class="text" aria-hidden="true">${this.stateText}</span></button>`;
  }

  #flip = () => {
    this.write([this.isOn ? this.off : this.on]);
    this.used();
  };
}

customElements.define('bg-switch', Switch);
