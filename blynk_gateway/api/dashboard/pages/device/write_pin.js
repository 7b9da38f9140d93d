// The dialog that writes a pin, or says what a D or A pin is used as.

import { css, html } from '../../vendor/lit.js';

import '../../components/dialog.js';
import { pinPath, put, writePin } from '../../core/api.js';
import { GatewayElement, shared } from '../../core/element.js';
import { formatValue } from '../../core/format.js';
import { live } from '../../core/live.js';
import { Action } from '../../core/loader.js';
import { t } from '../../core/texts.js';

const MODES = { D: ['out', 'pwm', 'in', 'pu', 'pd'], A: ['in', 'pwm'] };
const INPUTS = ['in', 'pu', 'pd'];

class WritePin extends GatewayElement {
  static properties = { address: { attribute: false } };

  static styles = [shared, css`textarea { min-height: 6rem; } form { margin-bottom: 1rem; }`];

  #writing = new Action(this);

  willUpdate(changed) {
    if (changed.has('address')) this.#writing.clear();
  }

  render() {
    return html`<bg-dialog .open=${Boolean(this.address)} heading=${this.address ?? ''}
      @closed=${() => this.dispatchEvent(new Event('closed'))}>
      ${this.address ? this.#form(live.pin(this.address)) : ''}
    </bg-dialog>`;
  }

  #form(pin) {
    const kind = pin.pin[0];
    return html`${this.#writing.view()}
      ${INPUTS.includes(pin.mode)
        ? html`<p>${t('pins.is_input')}</p>`
        : html`<form @submit=${this.#write}>
            <p class="dim">${t('pins.now', { value: formatValue(pin.value, pin.datastream) })}</p>
            <label class="field"><span>${t('pins.new_value')}</span>${this.#field(pin)}</label>
            <button class="primary" ?disabled=${this.#writing.busy}>${t('pins.write')}</button>
          </form>`}
      ${kind in MODES
        ? html`<form class="row fields" @submit=${this.#setMode}>
            <label class="grow">${t('pins.mode')}
              <select name="mode">${MODES[kind].map(
                (mode) => html`<option value=${mode} ?selected=${mode === pin.mode}>
                  ${t(`mode.${mode}`)}</option>`,
              )}</select></label>
            <button ?disabled=${this.#writing.busy}>${t('pins.set_mode')}</button>
          </form>`
        : ''}`;
  }

  #field(pin) {
    const labels = Object.entries(pin.datastream?.labels ?? {});
    if (labels.length) {
      return html`<select name="value">${labels.map(
        ([value, label]) => html`<option value=${value} ?selected=${value === pin.value[0]}>
          ${label}</option>`,
      )}</select>`;
    }
    if (pin.value.length > 1) {
      return html`<textarea name="value" .value=${pin.value.join('\n')}
        aria-describedby="several"></textarea><span id="several">${t('pins.several')}</span>`;
    }
    return html`<input name="value" .value=${pin.value[0] ?? ''} autocomplete="off"
      autocapitalize="none" spellcheck="false">`;
  }

  #write = async (event) => {
    event.preventDefault();
    const text = new FormData(event.target).get('value');
    // A form has its lines end with CR LF.
    const isSeveral = live.pin(this.address).value.length > 1;
    const values = isSeveral ? text.split(/\r?\n/) : [text];
    await this.#end(() => writePin(this.address, values));
  };

  #setMode = async (event) => {
    event.preventDefault();
    const mode = new FormData(event.target).get('mode');
    await this.#end(() => put(`/pins/${pinPath(this.address)}/mode`, { mode }));
  };

  async #end(work) {
    if (await this.#writing.run(work)) this.dispatchEvent(new Event('closed'));
  }
}

customElements.define('bg-write-pin', WritePin);
