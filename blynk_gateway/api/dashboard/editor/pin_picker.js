// Choosing a pin: the device, then one of its pins, or any other that it may have later.

import { css, html } from '../vendor/lit.js';

import { get } from '../core/api.js';
import { DevicesController, GatewayElement, shared } from '../core/element.js';
import { formatValue } from '../core/format.js';
import { live } from '../core/live.js';
import { t } from '../core/texts.js';

const PIN = /^[VDA]\d{1,3}$/;
const known = new Map(); // slug -> promise of its pins
let latest = ''; // The device that was chosen last: the next widget likely shows it too.

/** Pins of a device, asked once for as long as a dialog is open. */
function pinsOf(slug) {
  if (!known.has(slug)) {
    const answer = get(`/devices/${encodeURIComponent(slug)}/pins`);
    known.set(slug, answer.then(({ pins }) => pins, () => []));
  }
  return known.get(slug);
}

/** Ask anew the next time: pins come and go. */
export const forgetPins = () => known.clear();

class PinPicker extends GatewayElement {
  static properties = {
    value: {}, // 'greenhouse/V5', or '' for none.
    label: {},
    device: { state: true },
    pin: { state: true },
    pins: { state: true },
  };

  static styles = [
    shared,
    css`
      :host { display: block; }
      fieldset { border: 0; padding: 0; margin: 0; display: grid; gap: .5rem;
        grid-template-columns: minmax(0, 1fr) minmax(0, 1.4fr); }
      legend { font-size: .9rem; color: var(--dim); margin-bottom: .2rem; padding: 0; }
      .about { font-size: .85rem; color: var(--dim); margin: .25rem 0 0; overflow-wrap: anywhere; }
    `,
  ];

  constructor() {
    super();
    this.value = '';
    this.device = '';
    this.pin = '';
    this.pins = [];
    new DevicesController(this);
  }

  willUpdate(changed) {
    if (changed.has('value') && this.value !== this.#address) {
      [this.device = '', this.pin = ''] = (this.value ?? '').split('/');
    }
    if (!this.device && live.devices.size) {
      this.device = live.device(latest) ? latest : [...live.devices.keys()][0];
    }
    if (this.device !== this.#asked) this.#ask();
  }

  render() {
    const slugs = [...live.devices.keys()];
    if (this.device && !slugs.includes(this.device)) slugs.push(this.device);
    const found = this.pins.find((one) => one.pin === this.pin);
    return html`<fieldset>
        <legend>${this.label}</legend>
        <select aria-label=${t('editor.device')}
          @change=${(event) => this.#set(event.target.value, this.pin)}>
          ${slugs.map((slug) => html`<option value=${slug} .selected=${slug === this.device}>
            ${live.device(slug)?.name || slug}</option>`)}
        </select>
        <input list="pins" aria-label=${t('editor.pin')} .value=${this.pin} placeholder="V1"
          maxlength="4" autocomplete="off" autocapitalize="characters" spellcheck="false"
          @input=${this.#typed}>
        <datalist id="pins">
          ${this.pins.map((one) => html`<option value=${one.pin}>${about(one)}</option>`)}
        </datalist>
      </fieldset>
      <p class="about">${found
        ? about(found)
        : this.pin && !PIN.test(this.pin)
          ? t('editor.pin_bad')
          : this.pin ? t('editor.pin_new') : t('editor.pin_hint')}</p>`;
  }

  #asked = '';

  get #address() {
    return this.device && PIN.test(this.pin) ? `${this.device}/${this.pin}` : '';
  }

  async #ask() {
    const device = this.device;
    this.#asked = device;
    const pins = device ? await pinsOf(device) : [];
    if (device === this.device) this.pins = pins;
  }

  #typed(event) {
    this.#set(this.device, event.target.value.trim().toUpperCase());
  }

  #set(device, pin) {
    latest = device;
    this.device = device;
    this.pin = pin;
    if (this.#address === this.value) return;
    this.value = this.#address;
    this.dispatchEvent(new CustomEvent('picked', { detail: this.value }));
  }
}

function about(pin) {
  const { datastream } = pin;
  const value = formatValue(pin.value, datastream);
  return [datastream?.name, datastream?.type, value].filter(Boolean).join(' · ');
}

customElements.define('bg-pin-picker', PinPicker);
