// A bar that is as full as its value lies between its limits, lying or standing.

import { css, html } from '../vendor/lit.js';

import { formatNumber } from '../core/format.js';
import { Widget } from './widget.js';
import { fit, fitting, position } from './displays/shown.js';

const LIMITS = [0, 100];

class Level extends Widget {
  static styles = [
    Widget.styles,
    fitting,
    css`
      .level { display: flex; gap: .6rem; width: 100%; height: 100%; align-items: center; }
      .level.standing { flex-direction: column; gap: .2rem; }
      svg { flex: 3; min-width: 0; height: min(100%, 2rem); width: 100%; border-radius: 6px; }
      .standing svg { width: min(100%, 4rem); height: auto; min-height: 0; }
      .standing .fit { flex: 0 0 1.6rem; }
      .track { fill: var(--track); }
      .bar { fill: var(--color); transition: width .2s, height .2s, y .2s; }
      .fit > span { color: var(--text); }
    `,
  ].flat();

  body() {
    const { min, max, part } = position(this, LIMITS);
    const text = this.valueText();
    const full = `${(part ?? 0) * 100}%`;
    const empty = `${100 - (part ?? 0) * 100}%`;
    const isStanding = this.config?.vertical === true;
    fit(this, text);
    const limits = `${formatNumber(min)} … ${formatNumber(max)}`;
    return html`<div class="level ${isStanding ? 'standing' : ''}" role="meter" title=${limits}
        aria-label=${this.label} aria-valuemin=${min} aria-valuemax=${max}
        aria-valuenow=${min + (part ?? 0) * (max - min)} aria-valuetext=${text}>
      <svg aria-hidden="true">
        <rect class="track" width="100%" height="100%" rx="6"></rect>
        <rect class="bar" x="0" y=${isStanding ? empty : '0'} rx="6"
          width=${isStanding ? '100%' : full} height=${isStanding ? full : '100%'}></rect>
      </svg>
      <div class="fit"><span>${text}</span></div>
    </div>`;
  }
}

customElements.define('bg-level', Level);
