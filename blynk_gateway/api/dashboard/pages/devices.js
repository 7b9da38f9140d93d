// All devices, how new ones come in; below an address `#/devices/SLUG` one of them.

import { css, html } from '../vendor/lit.js';

import { seen } from '../components/device_state.js';
import { DevicesController, GatewayElement, shared, TickController } from '../core/element.js';
import { cut } from '../core/format.js';
import { live } from '../core/live.js';
import { linkTo } from '../core/router.js';
import { session } from '../core/session.js';
import { locale, t } from '../core/texts.js';
import './device.js';
import './devices/add.js';
import './devices/pairing.js';

const SEARCH_FROM = 8; // Fewer devices are found at a glance.

class DevicesPage extends GatewayElement {
  static properties = {
    path: { attribute: false },
    search: { state: true },
    isAdding: { state: true },
  };

  static styles = [
    shared,
    css`
      ul { list-style: none; margin: 0 0 1rem; padding: 0; display: grid; gap: var(--gap);
        grid-template-columns: repeat(auto-fill, minmax(min(100%, 17rem), 1fr)); }
      li.card { margin: 0; position: relative; }
      li:hover { border-color: var(--accent); }
      li.away { border-style: dashed; }
      li a { font-weight: 600; font-size: 1.05rem; color: var(--text); text-decoration: none;
        overflow-wrap: anywhere; }
      li a::after { content: ""; position: absolute; inset: 0; }
      .search { max-width: 20rem; margin-bottom: 1rem; }
      li p { margin: .25rem 0 0; font-size: .9rem; overflow-wrap: anywhere; }
    `,
  ];

  constructor() {
    super();
    this.path = [];
    this.search = '';
    new DevicesController(this);
    new TickController(this);
  }

  render() {
    if (this.path[0]) return html`<bg-device-page .slug=${this.path[0]}></bg-device-page>`;
    return html`
      <div class="head">
        <h1>${t('nav.devices')}</h1>
        ${session.can('admin')
          ? html`<button class="primary" @click=${() => (this.isAdding = true)}>
              ${t('devices.add')}</button>`
          : ''}
      </div>
      ${this.#list()}
      ${session.can('admin')
        ? html`<bg-pairing></bg-pairing>
            <bg-add-device .open=${this.isAdding ?? false}
              @closed=${() => (this.isAdding = false)}></bg-add-device>`
        : ''}`;
  }

  #list() {
    const all = [...live.devices.values()];
    if (!all.length) {
      if (live.status !== 'live') return html`<p class="dim" role="status">${t('loading')}</p>`;
      return html`<p class="card empty">
        ${t(session.can('admin') ? 'devices.empty_admin' : 'devices.empty')}</p>`;
    }
    const wanted = this.search.trim().toLowerCase();
    const found = all
      .filter((one) => `${one.name}\n${one.slug}`.toLowerCase().includes(wanted))
      .sort((one, other) => one.name.localeCompare(other.name, locale(), { numeric: true }));
    return html`
      ${all.length < SEARCH_FROM
        ? ''
        : html`<input class="search" type="search" .value=${this.search}
            aria-label=${t('devices.search')} placeholder=${t('devices.search')}
            @input=${(event) => (this.search = event.target.value)}>`}
      ${found.length ? '' : html`<p class="dim">${t('nothing_found')}</p>`}
      <ul>${found.map((device) => this.#card(device))}</ul>`;
  }

  #card(device) {
    const { fw: firmware, ver: library } = device.info;
    const facts = [
      device.source === 'gateway' ? t('devices.is_gateway') : '',
      device.info.dev ? cut(device.info.dev, 60) : '',
      firmware ? t('devices.firmware', { version: cut(firmware, 30) }) : '',
      library && !firmware ? t('devices.library', { version: cut(library, 30) }) : '',
    ].filter(Boolean);
    return html`<li class="card ${device.online ? '' : 'away'}">
      <a href=${linkTo('devices', device.slug)}>${cut(device.name, 80)}</a>
      <p><bg-device-state .device=${device}></bg-device-state>
        ${device.online && !device.stale
          ? ''
          : html`<span class="dim">· ${seen(device)}</span>`}</p>
      <p class="dim"><code>${device.slug}</code>${facts.map((fact) => html` · ${fact}`)}</p>
    </li>`;
  }
}

customElements.define('bg-devices-page', DevicesPage);
