// Pins of a device with their live values; operators write them, everybody sees their past.

import { css, html, repeat } from '../../vendor/lit.js';

import { get } from '../../core/api.js';
import { GatewayElement, PinsController, shared, TickController } from '../../core/element.js';
import { cut, formatAgo, formatValue } from '../../core/format.js';
import { live } from '../../core/live.js';
import { Loader } from '../../core/loader.js';
import { session } from '../../core/session.js';
import { t } from '../../core/texts.js';
import './write_pin.js';

const EVERY_MS = 10_000; // Finds pins that were written for the first time.

class PinTable extends GatewayElement {
  static properties = {
    slug: {},
    direct: { type: Boolean }, // Only D and A pins
    charts: { state: true }, // Addresses whose past is open
    writing: { state: true }, // Address in the dialog
  };

  static styles = [
    shared,
    css`
      td { overflow-wrap: anywhere; }
      .value { font-size: 1.1rem; font-variant-numeric: tabular-nums; min-width: 4rem; }
      .properties { font-size: .85rem; color: var(--dim); }
      .chart td { padding: 0 0 .6rem; }
      bg-chart { display: block; height: 16rem; }
      .other { margin-top: .8rem; }
      .other label { display: inline-flex; gap: .5rem; align-items: center; }
      .other input { width: 6rem; }
      .acts { white-space: nowrap; text-align: right; }
      .acts button { padding: .3rem .7rem; margin: 2px 0; }
      @media (max-width: 560px) {
        thead { position: absolute; clip-path: inset(50%); display: block; width: 1px; height: 1px;
          overflow: hidden; }
        tr { display: grid; grid-template-columns: 3.2rem 1fr auto; align-items: center;
          border-bottom: 1px solid var(--line); }
        td { border: 0; }
        td.name { grid-column: 2 / 4; }
        td.value { grid-column: 1 / 3; }
        td.when { grid-column: 1 / 3; grid-row: 3; padding-top: 0; }
        td.acts { grid-column: 3; grid-row: 2 / 4; white-space: normal; }
        .chart { display: block; }
        .chart td { display: block; }
      }
    `,
  ];

  #pins = new Loader(this, () => this.#load(), EVERY_MS);
  #watched = new PinsController(this, () => this.#addresses);
  #addresses = [];

  constructor() {
    super();
    this.charts = new Set();
    this.writing = null;
    new TickController(this);
  }

  willUpdate(changed) {
    if (changed.get('slug') === undefined) return;
    this.charts = new Set();
    this.#pins.refresh();
  }

  async #load() {
    const { pins } = await get(`/devices/${encodeURIComponent(this.slug)}/pins`);
    const wanted = pins.filter((pin) => !this.direct || !pin.pin.startsWith('V'));
    const addresses = wanted.map((pin) => pin.address);
    if (addresses.join() !== this.#addresses.join()) {
      this.#addresses = addresses;
      this.#watched.refresh();
    }
    return wanted;
  }

  render() {
    return html`${this.#pins.view((pins) =>
        pins.length
          ? this.#table(pins)
          : html`<p class="empty">${t(this.direct ? 'pins.none_direct' : 'pins.none')}</p>`,
      )}
      ${session.can('operator') ? this.#other() : ''}
      <bg-write-pin .address=${this.writing}
        @closed=${this.#written}></bg-write-pin>`;
  }

  #other() {
    return html`<form class="row other" @submit=${this.#writeOther}>
      <label>${t('pins.other')}
        <input name="pin" required maxlength="4" size="6" autocapitalize="characters"
          pattern=${this.direct ? '[DdAa][0-9]+' : '[VvDdAa][0-9]+'} autocomplete="off"
          placeholder=${this.direct ? 'D5' : 'V5'}></label>
      <button>${t('pins.write')} …</button>
    </form>`;
  }

  #written = () => {
    this.writing = null;
    this.#pins.refresh(); // It may have been the first write of a pin.
  };

  #writeOther = (event) => {
    event.preventDefault();
    const pin = new FormData(event.target).get('pin').toUpperCase();
    this.writing = `${this.slug}/${pin}`;
  };

  #table(pins) {
    return html`<table>
      <thead><tr><th>${t('pins.pin')}</th><th>${t('pins.name')}</th><th>${t('pins.value')}</th>
        <th>${t('pins.written')}</th>
        <th><span class="visually-hidden">${t('pins.actions')}</span></th></tr></thead>
      <tbody>${repeat(
        pins,
        (pin) => pin.address,
        // Until the first message of the WebSocket, what was loaded.
        (pin) => this.#row(live.pin(pin.address).seq ? live.pin(pin.address) : pin),
      )}</tbody>
    </table>`;
  }

  #row(pin) {
    const { address, datastream } = pin;
    const name = pin.properties.label?.[0] ?? datastream?.name ?? '';
    const isOpen = this.charts.has(address);
    const isWritable = session.can('operator') && datastream?.writable !== false;
    return html`<tr>
        <td><code>${pin.pin}</code></td>
        <td class="name">${cut(name, 80)}${this.#properties(pin)}</td>
        <td class="value">${formatValue(pin.value, datastream)}</td>
        <td class="when dim">${formatAgo(pin.at_ms, live.now())}</td>
        <td class="acts">
          <button aria-expanded=${isOpen} @click=${() => this.#toggle(address)}
            aria-label=${t('pins.history_of', { pin: pin.pin })}>${t('pins.history')}</button>
          ${isWritable
            ? html`<button @click=${() => (this.writing = address)}
                aria-label=${t('pins.write_to', { pin: pin.pin })}>${t('pins.write')}</button>`
            : ''}
        </td>
      </tr>
      ${isOpen
        ? html`<tr class="chart"><td colspan="5"><bg-chart
            .config=${this.#chartOf(address)}></bg-chart></td></tr>`
        : ''}`;
  }

  #properties(pin) {
    const facts = Object.entries(pin.properties)
      .filter(([name]) => name !== 'label')
      .map(([name, values]) => `${name}: ${cut(values.join(', '), 80)}`);
    if (pin.mode) facts.unshift(t(`mode.${pin.mode}`));
    return facts.length ? html`<div class="properties">${facts.join(' · ')}</div>` : '';
  }

  #configs = new Map();

  // The same object each time: a chart begins anew with another one.
  #chartOf(address) {
    if (!this.#configs.has(address)) {
      this.#configs.set(address, { type: 'chart', pins: [address], range: '1d' });
    }
    return this.#configs.get(address);
  }

  #toggle(address) {
    import('../../widgets/chart.js').catch(() => {});
    const charts = new Set(this.charts);
    if (!charts.delete(address)) charts.add(address);
    this.charts = charts;
  }
}

customElements.define('bg-pin-table', PinTable);
