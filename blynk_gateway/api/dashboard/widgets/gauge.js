// A dial: an arc between two limits, and the number in it.

import { css, html, svg } from '../vendor/lit.js';

import { cut, formatNumber } from '../core/format.js';
import { Widget } from './widget.js';
import { filling, position } from './displays/shown.js';

const ARC = 'M 21.72 76.28 A 40 40 0 1 1 78.28 76.28'; // Three quarters around (50, 48).
const LIMITS = [0, 100];
const LARGEST = 17; // Size of the number, in units of the drawing, which is 100 wide.
const MAX_TEXT = 12; // Characters.
const ROOM = 96; // Widths of a digit times its size that fit into the arc.

class Gauge extends Widget {
  static styles = [
    Widget.styles,
    filling,
    css`
      svg { height: 100%; width: 100%; }
      path { fill: none; stroke-width: 10; }
      .track { stroke: var(--track); }
      .bar { stroke: var(--color); transition: stroke-dasharray .2s; }
      text { fill: var(--text); text-anchor: middle; font-variant-numeric: tabular-nums; }
      .limit { fill: var(--dim); font-size: 7.5px; }
    `,
  ].flat();

  body() {
    const { min, max, part } = position(this, LIMITS);
    const text = this.valueText();
    const short = cut(text, MAX_TEXT);
    const size = Math.min(LARGEST, ROOM / short.length);
    return html`<svg viewBox="4 3 92 86" role="meter" aria-label=${this.label} aria-valuemin=${min}
        aria-valuemax=${max} aria-valuenow=${min + (part ?? 0) * (max - min)}
        aria-valuetext=${text}>
      <title>${text}</title>
      <path class="track" d=${ARC}></path>
      ${part ? this.#bar(part) : ''}
      <text x="50" y=${50 + size / 3} font-size=${size}>${short}</text>
      <text class="limit" x="22" y="88">${formatNumber(min)}</text>
      <text class="limit" x="78" y="88">${formatNumber(max)}</text>
    </svg>`;
  }

  #bar(part) {
    return svg`<path class="bar" d=${ARC} pathLength="100"
      stroke-dasharray=${`${part * 100} 200`}></path>`;
  }
}

customElements.define('bg-gauge', Gauge);
