// A lamp, as bright as its value lies between its limits.

import { css, html } from '../vendor/lit.js';

import { formatNumber } from '../core/format.js';
import { t } from '../core/texts.js';
import { Widget } from './widget.js';
import { filling, position } from './displays/shown.js';

const LEGACY_LIMITS = [0, 255]; // What `WidgetLED` of the library writes.

class Led extends Widget {
  static styles = [
    Widget.styles,
    filling,
    css`
      svg { height: 100%; width: 100%; max-height: 6rem; }
      .dark { fill: var(--track); }
      .light { fill: var(--color); }
      .rim { fill: none; stroke-width: 5;
        stroke: color-mix(in oklab, var(--color) 60%, var(--dim)); }
      .glow { fill: none; stroke: var(--color); stroke-width: 9; }
    `,
  ].flat();

  body() {
    const { part } = position(this, LEGACY_LIMITS);
    const light = part ?? 0;
    const percent = formatNumber(light * 100, 0);
    const said = light ? t('widget.led.on', { percent }) : t('widget.led.off');
    return html`<svg viewBox="0 0 100 100" role="img" aria-label=${said}>
      <title>${said}</title>
      <circle class="glow" cx="50" cy="50" r="42" opacity=${light * 0.35}></circle>
      <circle class="dark" cx="50" cy="50" r="33"></circle>
      <circle class="light" cx="50" cy="50" r="33" opacity=${light && 0.12 + light * 0.88}></circle>
      <circle class="rim" cx="50" cy="50" r="33"></circle>
    </svg>`;
  }
}

customElements.define('bg-led', Led);
