// What stands in for a widget whose type this version does not know, or whose module did not load.

import { html } from '../vendor/lit.js';

import { t } from '../core/texts.js';
import { Widget } from './widget.js';

class UnknownWidget extends Widget {
  static properties = { reason: {} };

  get addresses() {
    return []; // Its pins may be anything.
  }

  get label() {
    return this.config?.title || this.config?.type || '';
  }

  body() {
    return html`<span class="dim">${this.reason === 'unreachable'
      ? t('dashboard.widget_missing')
      : t('dashboard.widget_unknown', { type: this.config?.type ?? '' })}</span>`;
  }
}

customElements.define('bg-unknown-widget', UnknownWidget);
