// The Pi's own lines and peripherals, and how the hardware is.

import { css, html } from '../vendor/lit.js';

import { get } from '../core/api.js';
import { DevicesController, GatewayElement, PinsController, shared } from '../core/element.js';
import { cut, formatValue } from '../core/format.js';
import { live } from '../core/live.js';
import { Loader } from '../core/loader.js';
import { session } from '../core/session.js';
import { t } from '../core/texts.js';
import './device/pin_table.js';

const EVERY_MS = 2000;
const HEADER = { type: 'header' };

class PinsPage extends GatewayElement {
  static properties = { path: { attribute: false } };

  static styles = [
    shared,
    css`
      td { overflow-wrap: anywhere; }
      /* As high as it is: a box to scroll within a page is a trap for fingers. */
      bg-header { height: auto; container-type: inline-size; }
    `,
  ];

  #gpio = new Loader(this, () => this.#load(), EVERY_MS);
  #watched = new PinsController(this, () => this.#addresses);
  #addresses = [];

  constructor() {
    super();
    new DevicesController(this);
  }

  /** The gateway as a device. */
  get #own() {
    return [...live.devices.values()].find((device) => device.source === 'gateway') ?? null;
  }

  async #load() {
    const gpio = await get('/gpio');
    const addresses = gpio.peripherals.map((one) => this.#address(one.pin));
    if (addresses.join() !== this.#addresses.join()) {
      this.#addresses = addresses;
      this.#watched.refresh();
    }
    return gpio;
  }

  #address(pin) {
    return pin.includes('/') ? pin : `${this.#own?.slug ?? 'pi'}/${pin}`;
  }

  connectedCallback() {
    super.connectedCallback();
    import('../widgets/header.js').then(
      () => this.requestUpdate(),
      () => {}, // The tables below say the same.
    );
  }

  render() {
    return html`<div class="head"><h1>${t('nav.pins')}</h1></div>
      ${this.#gpio.view((gpio) => this.#page(gpio))}`;
  }

  #page(gpio) {
    const own = this.#own;
    return html`
      <section class="card">
        <h2>${t('gpio.heading')}</h2>
        ${gpio.fault ? html`<p class="error">${gpio.fault}</p>` : ''}
        <p>${gpio.factory === 'mock'
          ? t('gpio.simulated')
          : t(gpio.factory === 'none' ? 'gpio.none' : 'gpio.driven', {
              factory: gpio.factory,
              chip: gpio.chip || '–',
            })}</p>
        ${session.isSimulated || gpio.factory === 'mock'
          ? html`<bg-header .config=${HEADER}></bg-header>`
          : ''}
      </section>
      <section class="card">
        <h2>${t('gpio.peripherals')}</h2>
        ${gpio.peripherals.length ? this.#peripherals(gpio.peripherals) : html`
          <p class="empty">${t('gpio.no_peripherals')}</p>`}
      </section>
      <section class="card">
        <h2>${t('gpio.direct')}</h2>
        <p class="dim">${t('gpio.direct_hint')}</p>
        ${own ? html`<bg-pin-table .slug=${own.slug} direct></bg-pin-table>` : ''}
      </section>`;
  }

  #peripherals(peripherals) {
    return html`<div class="scroll"><table class="stack">
      <thead><tr><th>${t('pins.name')}</th><th>${t('gpio.type')}</th><th>${t('pins.pin')}</th>
        <th>${t('gpio.lines')}</th><th>${t('gpio.commanded')}</th><th>${t('gpio.actual')}</th>
        <th>${t('gpio.state')}</th></tr></thead>
      <tbody>${peripherals.map((one) => {
        const pin = live.pin(this.#address(one.pin));
        return html`<tr>
          <td>${one.name}</td>
          <td data-label=${t('gpio.type')}>${one.type}</td>
          <td data-label=${t('pins.pin')}><code>${one.pin}</code></td>
          <td data-label=${t('gpio.lines')}>${one.lines.join(', ') || '–'}</td>
          <td data-label=${t('gpio.commanded')}>${
            formatValue(pin.seq ? pin.value : one.commanded, pin.datastream)
          }</td>
          <td data-label=${t('gpio.actual')}>${cut(one.actual.join(', ')) || '–'}</td>
          <td data-label=${t('gpio.state')}>${one.fault
            ? html`<span class="bad">${one.fault}</span>`
            : html`<span><span class="dot good" aria-hidden="true"></span>
                ${t('gpio.works')}</span>`}</td>
        </tr>`;
      })}</tbody>
    </table></div>`;
  }
}

customElements.define('bg-pins-page', PinsPage);
