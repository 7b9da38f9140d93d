// A film or a camera, where the browser can play it; else a link to it.

import { css, html } from '../vendor/lit.js';

import { safeUrl } from '../core/format.js';
import { t } from '../core/texts.js';
import { Widget } from './widget.js';
import { filling } from './displays/shown.js';

class Video extends Widget {
  static properties = { broken: { state: true } }; // URL that could not be played

  static styles = [
    Widget.styles,
    filling,
    css`
      video { width: 100%; height: 100%; background: #000000; border-radius: 6px; }
      p { margin: 0; text-align: center; overflow-wrap: anywhere; }
    `,
  ].flat();

  body() {
    const text = this.property('url')?.at(-1) ?? this.config?.url ?? null;
    const url = text ? safeUrl(text) : null;
    if (!url) {
      return html`<p class="dim">${text ? t('widget.video.refused') : t('widget.video.none')}</p>`;
    }
    if (url === this.broken) {
      return html`<p>${t('widget.video.broken')}<br>
        <a class="button" href=${url} target="_blank" rel="noopener noreferrer">
          ${t('widget.video.open')}</a></p>`;
    }
    return html`<video src=${url} controls playsinline preload="metadata" aria-label=${this.label}
      @error=${() => (this.broken = url)}></video>`;
  }
}

customElements.define('bg-video', Video);
