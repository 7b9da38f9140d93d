// A device: whether it is there, when it was last heard of, and what it runs.

import { css, html, nothing } from '../vendor/lit.js';

import { seen } from '../components/device_state.js';
import { TickController } from '../core/element.js';
import { cut, formatTime } from '../core/format.js';
import { live } from '../core/live.js';
import { linkTo } from '../core/router.js';
import { session } from '../core/session.js';
import { t } from '../core/texts.js';
import { Widget } from './widget.js';
import { filling } from './displays/shown.js';

const MAX_FACT = 60; // Characters.

/** Of `info`: what a person wants to know, by the keys of both generations. */
const FACTS = { firmware: ['fw', 'fw-type'], board: ['dev'], library: ['ver'], cpu: ['cpu'] };

class Device extends Widget {
  static styles = [
    Widget.styles,
    filling,
    css`
      .device { container-type: size; flex: 1; align-self: stretch; min-width: 0; overflow: hidden;
        display: flex; flex-direction: column; justify-content: safe center; gap: .15rem; }
      bg-device-state { font-size: 1.1rem; }
      .seen { font-size: .85rem; color: var(--dim); }
      dl { display: grid; grid-template-columns: auto 1fr; gap: 0 .6rem; margin: .3rem 0 0;
        font-size: .85rem; }
      dt { color: var(--dim); }
      dd { margin: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
      a.name { color: inherit; }
      @container (max-height: 6.9rem) { dl { display: none; } }
      @container (max-height: 3.6rem) { .seen { display: none; } }
    `,
  ].flat();

  constructor() {
    super();
    new TickController(this, 10_000);
  }

  get device() {
    return live.device(this.config?.device);
  }

  get label() {
    return this.config?.title || this.device?.name || this.config?.device || '';
  }

  render() {
    const { device } = this;
    return html`<section class="widget ${device && !device.online ? 'away' : ''}" role="group"
        aria-label=${this.label}>
      <div class="label"><span class="text" title=${this.label}>
        ${device && session.user && !this.editing
          ? html`<a class="name" href=${linkTo('devices', device.slug)}>${this.label}</a>`
          : this.label}</span></div>
      <div class="body">${device ? this.#facts(device) : t('widget.device.unknown')}</div>
    </section>`;
  }

  #facts(device) {
    return html`<div class="device">
      <bg-device-state .device=${device}></bg-device-state>
      <div class="seen" title=${formatTime(device.last_seen_ms)}>${seen(device)}</div>
      <dl>${Object.entries(FACTS).map(([name, keys]) => {
        const found = keys.map((one) => device.info?.[one]).find(Boolean);
        if (!found) return nothing;
        const text = cut(found, MAX_FACT);
        return html`<dt>${t(`widget.device.${name}`)}</dt><dd title=${text}>${text}</dd>`;
      })}</dl>
    </div>`;
  }
}

customElements.define('bg-device', Device);
