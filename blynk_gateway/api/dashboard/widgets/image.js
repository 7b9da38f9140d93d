// A picture out of a list: the pin's value says which.

import { css, html } from '../vendor/lit.js';

import { numberOf, safeUrl } from '../core/format.js';
import { t } from '../core/texts.js';
import { Widget } from './widget.js';
import { filling } from './displays/shown.js';

const LEGACY_FIRST = 1; // Value of the first picture where no datastream says another.

class ImageWidget extends Widget {
  static properties = { broken: { state: true } }; // URL that could not be shown

  static styles = [
    Widget.styles,
    filling,
    css`
      .frame { flex: 1; align-self: stretch; min-width: 0; overflow: hidden; display: flex;
        align-items: center; justify-content: center; }
      img { max-width: 100%; max-height: 100%; object-fit: contain; opacity: var(--opacity, 1);
        transform: rotate(var(--turn, 0deg)) scale(var(--size, 1)); }
      p { margin: 0; color: var(--dim); text-align: center; }
    `,
  ].flat();

  #replaced = new Map(); // index -> URL that a device set for it

  willUpdate(changed) {
    super.willUpdate(changed);
    const url = this.property('url');
    // Each `setProperty` with an index replaces one; the gateway keeps the latest of them only.
    if (url?.length === 2) this.#replaced.set(url[0], url[1]);
    this.#style('--opacity', 'opacity', (percent) => Math.min(Math.max(percent / 100, 0), 1));
    this.#style('--turn', 'rotation', (degrees) => `${degrees}deg`);
    this.#style('--size', 'scale', (percent) => Math.min(Math.max(percent / 100, 0), 10));
  }

  body() {
    const text = this.#url;
    const url = text ? safeUrl(text) : null;
    if (!url) return html`<p>${text ? t('widget.image.refused') : t('widget.image.none')}</p>`;
    if (url === this.broken) return html`<p>${t('widget.image.broken')}</p>`;
    return html`<div class="frame"><img src=${url} alt=${this.label} referrerpolicy="no-referrer"
      draggable="false" @error=${() => (this.broken = url)}></div>`;
  }

  get #url() {
    const { config } = this;
    const single = this.property('url');
    if (single?.length === 1) return single[0];
    const first = this.datastream?.min ?? LEGACY_FIRST;
    const number = numberOf(this.values);
    const index = Number.isFinite(number) ? number : first;
    const urls = this.property('urls') ?? config?.urls ?? [];
    return this.#replaced.get(String(index)) ?? urls[index - first] ?? config?.url ?? null;
  }

  #style(name, property, convert) {
    const number = numberOf(this.property(property));
    if (Number.isFinite(number)) this.style.setProperty(name, String(convert(number)));
    else this.style.removeProperty(name);
  }
}

customElements.define('bg-image', ImageWidget);
