// The dialog that adds a device, and at once says how to connect it.

import { html } from '../../vendor/lit.js';

import '../../components/dialog.js';
import { post } from '../../core/api.js';
import { GatewayElement } from '../../core/element.js';
import { Action } from '../../core/loader.js';
import { go } from '../../core/router.js';
import { t } from '../../core/texts.js';
import '../device/connect.js';

class AddDevice extends GatewayElement {
  static properties = { open: { type: Boolean }, added: { state: true } };

  #adding = new Action(this);

  willUpdate(changed) {
    if (changed.has('open') && this.open) {
      this.added = null;
      this.#adding.clear();
    }
  }

  render() {
    return html`<bg-dialog .open=${this.open ?? false} wide @closed=${this.#closed}
        heading=${this.added ? this.added.name : t('devices.add')}>
      ${this.added ? this.#connect() : this.#form()}
    </bg-dialog>`;
  }

  #form() {
    return html`<form @submit=${this.#submit}>
      ${this.#adding.view()}
      <label class="field"><span>${t('devices.name')}</span>
        <input name="name" required maxlength="64" autocomplete="off"
          placeholder=${t('devices.name_example')}></label>
      <details>
        <summary>${t('devices.more')}</summary>
        <label class="field"><span>${t('devices.slug')}</span>
          <input name="slug" maxlength="32" pattern="[a-z0-9][a-z0-9\\-]*" autocapitalize="none"
            autocomplete="off" spellcheck="false"></label>
        <label class="field"><span>${t('devices.template')}</span>
          <input name="template" autocapitalize="none" autocomplete="off"
            spellcheck="false"></label>
        <label class="field"><span>${t('devices.token_wanted')}</span>
          <input name="token" autocapitalize="none" autocomplete="off" spellcheck="false"></label>
      </details>
      <p><button class="primary" ?disabled=${this.#adding.busy}>${t('action.add')}</button></p>
    </form>`;
  }

  #connect() {
    return html`<p role="status">${t('devices.added')}</p>
      <bg-connect .slug=${this.added.slug}></bg-connect>
      <button class="primary" @click=${this.#show}>${t('devices.show')}</button>`;
  }

  async #submit(event) {
    event.preventDefault();
    const body = {};
    for (const [name, text] of new FormData(event.target)) {
      if (text.trim()) body[name] = text.trim();
    }
    await this.#adding.run(async () => {
      this.added = await post('/devices', body);
    });
  }

  #show = () => {
    const { slug } = this.added;
    this.#closed();
    go('devices', slug);
  };

  #closed = () => this.dispatchEvent(new Event('closed'));
}

customElements.define('bg-add-device', AddDevice);
