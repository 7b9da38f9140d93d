// One device: how it is, its pins, its events, how to connect it, and what it says.

import { css, html } from '../vendor/lit.js';

import { seen } from '../components/device_state.js';
import { confirmed } from '../components/dialog.js';
import { remove } from '../core/api.js';
import { DevicesController, GatewayElement, shared, TickController } from '../core/element.js';
import { cut, formatTime } from '../core/format.js';
import { live } from '../core/live.js';
import { Action } from '../core/loader.js';
import { go, linkTo, setTitle } from '../core/router.js';
import { session } from '../core/session.js';
import { t } from '../core/texts.js';
import './device/connect.js';
import './device/events.js';
import './device/frames.js';
import './device/pin_table.js';

// What devices tell of themselves by the protocol, in words; the rest stays as they name it.
const TOLD = {
  ver: 'library', fw: 'firmware', dev: 'board', con: 'link', cpu: 'cpu', build: 'build',
  'h-beat': 'heartbeat', 'buff-in': 'buffer', tmpl: 'template',
};

const REMOVABLE = ['command', 'paired']; // The others are in the configuration file.

class DevicePage extends GatewayElement {
  static properties = { slug: {}, opened: { state: true } };

  static styles = [
    shared,
    css`
      details.card > summary { cursor: pointer; font-weight: 600; font-size: 1.15rem;
        min-height: var(--touch); align-content: center; margin: -.5rem 0; }
      details.card[open] > summary { margin-bottom: .5rem; }
      .back { text-decoration: none; }
      h1 { overflow-wrap: anywhere; }
      .state { font-size: 1.05rem; }
    `,
  ];

  #removal = new Action(this);

  constructor() {
    super();
    this.opened = {};
    new DevicesController(this);
    new TickController(this);
  }

  willUpdate(changed) {
    if (changed.has('slug')) this.opened = {};
    const device = live.device(this.slug);
    if (device) setTitle(cut(device.name, 80));
  }

  render() {
    const device = live.device(this.slug);
    const back = html`<p><a class="back" href=${linkTo('devices')}>← ${t('nav.devices')}</a></p>`;
    if (!device) {
      return live.status === 'live'
        ? html`${back}<h1>${cut(this.slug, 60)}</h1><p>${t('device.unknown')}</p>`
        : html`${back}<p class="dim" role="status">${t('loading')}</p>`;
    }
    return html`${back}
      <div class="head">
        <div>
          <h1>${cut(device.name, 120)}</h1>
          <bg-device-state class="state" .device=${device}></bg-device-state>
          <span class="dim">· ${seen(device)}</span>
        </div>
        <a class="button primary" href=${linkTo('dashboards', `device:${device.slug}`)}>
          ${t('device.dashboard')}</a>
      </div>
      <section class="card">
        <h2>${t('device.pins')}</h2>
        <bg-pin-table .slug=${device.slug}></bg-pin-table>
      </section>
      ${this.#facts(device)}
      ${this.#part('events', html`<bg-device-events .slug=${device.slug}></bg-device-events>`)}
      ${session.can('admin') ? this.#forAdmins(device) : ''}`;
  }

  #forAdmins(device) {
    return html`
      ${device.source === 'gateway'
        ? ''
        : this.#part('connect', html`<bg-connect .slug=${device.slug}></bg-connect>`)}
      ${this.#part('frames', html`<bg-frames .slug=${device.slug}></bg-frames>`)}
      ${device.source === 'gateway' ? '' : this.#removing(device)}`;
  }

  /** A part that is loaded only once it is opened. */
  #part(name, content) {
    return html`<details class="card" .open=${this.opened[name] ?? false}
        @toggle=${(event) => this.#toggled(name, event.target.open)}>
      <summary>${t(`device.${name}`)}</summary>
      ${this.opened[name] ? content : ''}
    </details>`;
  }

  #toggled(name, isOpen) {
    this.opened = { ...this.opened, [name]: isOpen };
  }

  #facts(device) {
    const own = [
      [t('device.slug'), device.slug],
      [t('device.source'), t(`device.source_${device.source}`)],
      [t('device.template'), device.template ?? ''],
      [t('device.connections'), device.connections],
      [t('device.last_seen'), formatTime(device.last_seen_ms)],
    ];
    const told = Object.entries(device.info).map(([name, text]) => [
      Object.hasOwn(TOLD, name) ? t(`device.info_${TOLD[name]}`) : name, text,
    ]);
    return html`<section class="card">
      <h2>${t('device.facts')}</h2>
      <dl class="facts">${[...own, ...told, ...Object.entries(device.metadata)]
        .filter(([, text]) => text !== '')
        .map(([name, text]) => html`<dt>${cut(String(name), 60)}</dt>
          <dd>${cut(String(text))}</dd>`)}
      </dl>
    </section>`;
  }

  #removing(device) {
    if (!REMOVABLE.includes(device.source)) {
      return html`<p class="dim">${t('device.in_file')}</p>`;
    }
    return html`${this.#removal.view()}
      <button class="danger" ?disabled=${this.#removal.busy} @click=${() => this.#remove(device)}>
        ${t('device.remove')}</button>`;
  }

  async #remove(device) {
    const text = t('device.remove_question', { name: cut(device.name, 80) });
    if (!(await confirmed(text, t('device.remove')))) return;
    const isDone = await this.#removal.run(() =>
      remove(`/devices/${encodeURIComponent(device.slug)}`),
    );
    if (isDone) go('devices');
  }
}

customElements.define('bg-device-page', DevicePage);
