// How much of something is used: `<bg-bar .part=${0…1} kind="good|warn|bad" .mark=${0…1}>`.
// What it says stands beside it in words, so readers of the screen skip it.

import { css, html, svg } from '../vendor/lit.js';

import { GatewayElement, shared } from '../core/element.js';

const percent = (part) => 100 * Math.min(1, Math.max(0, part));

class Bar extends GatewayElement {
  static properties = { part: { type: Number }, mark: { type: Number }, kind: {} };

  static styles = [
    shared,
    css`
      :host { display: block; }
      svg { display: block; width: 100%; height: .8rem; border-radius: .4rem;
        background: var(--track); }
      .part { fill: var(--good); }
      .part.warn { fill: var(--warn); }
      .part.bad { fill: var(--bad); }
      .mark { stroke: var(--text); stroke-width: 3px; vector-effect: non-scaling-stroke; }
    `,
  ];

  render() {
    const mark = percent(this.mark);
    return html`<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
      <rect class="part ${this.kind ?? ''}" height="10" width=${percent(this.part)}></rect>
      ${Number.isFinite(mark)
        ? svg`<line class="mark" x1=${mark} x2=${mark} y1="0" y2="10"></line>`
        : ''}
    </svg>`;
  }
}

customElements.define('bg-bar', Bar);
