// API tokens: keys of programs, each with a role and, if wanted, some devices only.

import { css, html } from '../../vendor/lit.js';

import '../../components/copy.js';
import { confirmed } from '../../components/dialog.js';
import { get, post, remove } from '../../core/api.js';
import { DevicesController, GatewayElement, shared } from '../../core/element.js';
import { cut, formatTime } from '../../core/format.js';
import { live } from '../../core/live.js';
import { Action, Loader } from '../../core/loader.js';
import { ROLES } from '../../core/session.js';
import { t } from '../../core/texts.js';

class ApiTokens extends GatewayElement {
  static properties = { made: { state: true } };

  static styles = [
    shared,
    css`
      td { overflow-wrap: anywhere; }
      form { margin-top: 1rem; }
      label.wide { flex: 1 1 10rem; }
      .devices { display: flex; flex-wrap: wrap; gap: 0 1.2rem; max-height: 12rem;
        overflow-y: auto; }
      details { margin: .6rem 0; }
      summary { min-height: var(--touch); align-content: center; cursor: pointer; }
    `,
  ];

  #tokens = new Loader(this, async () => (await get('/api-tokens')).api_tokens);
  #action = new Action(this);

  constructor() {
    super();
    new DevicesController(this);
  }

  render() {
    return html`<section class="card">
      <h2>${t('tokens.heading')}</h2>
      <p class="dim">${t('tokens.intro')}</p>
      ${this.#action.view()}
      ${this.#tokens.view((tokens) =>
        tokens.length ? this.#table(tokens) : html`<p class="empty">${t('tokens.none')}</p>`,
      )}
      ${this.made
        ? html`<p role="status"><b>${t('tokens.made')}</b></p>
            <bg-copy-field label=${this.made.name} .text=${this.made.token}></bg-copy-field>`
        : ''}
      ${this.#form()}
    </section>`;
  }

  #table(tokens) {
    return html`<div class="scroll"><table class="stack">
      <thead><tr><th>${t('tokens.name')}</th><th>${t('users.role')}</th>
        <th>${t('tokens.devices')}</th><th>${t('shares.created')}</th>
        <th><span class="visually-hidden">${t('pins.actions')}</span></th></tr></thead>
      <tbody>${tokens.map(
        ({ name, role, devices, created_ms: created }) => html`<tr>
          <td>${name}</td>
          <td data-label=${t('users.role')}>${t(`role.${role}`)}</td>
          <td data-label=${t('tokens.devices')}>${
            devices?.length ? devices.join(', ') : t('tokens.all_devices')
          }</td>
          <td data-label=${t('shares.created')}>${formatTime(created)}</td>
          <td class="number"><button class="danger" @click=${() => this.#remove(name)}
            aria-label=${t('tokens.remove_one', { name })}>${t('action.remove')}</button></td>
        </tr>`,
      )}</tbody>
    </table></div>`;
  }

  #form() {
    const devices = [...live.devices.values()];
    return html`<form @submit=${this.#add}>
      <div class="row">
        <label class="wide">${t('tokens.name')}
          <input name="name" required maxlength="32" pattern="[A-Za-z0-9_.\\-]+"
            autocapitalize="none" autocomplete="off" spellcheck="false"></label>
        <label class="wide">${t('users.role')}
          <select name="role">${ROLES.map(
            (role) => html`<option value=${role}>${t(`role.${role}`)}</option>`,
          )}</select></label>
      </div>
      <details>
        <summary>${t('tokens.scope')}</summary>
        <p class="dim">${t('tokens.scope_hint')}</p>
        <div class="devices">${devices.map(
          (device) => html`<label class="check">
            <input type="checkbox" name="devices" value=${device.slug}>
            ${cut(device.name, 60)}</label>`,
        )}</div>
      </details>
      <button ?disabled=${this.#action.busy}>${t('tokens.add')}</button>
    </form>`;
  }

  #add = async (event) => {
    event.preventDefault();
    // Behind an `await` an event does not tell any more where it was.
    const element = event.target;
    const form = new FormData(element);
    const devices = form.getAll('devices');
    const body = { name: form.get('name'), role: form.get('role') };
    if (devices.length) body.devices = devices;
    const isDone = await this.#action.run(async () => {
      this.made = await post('/api-tokens', body);
    });
    if (isDone) element.reset();
    this.#tokens.refresh();
  };

  async #remove(name) {
    if (!(await confirmed(t('tokens.remove_question', { name }), t('action.remove')))) return;
    await this.#action.run(() => remove(`/api-tokens/${encodeURIComponent(name)}`));
    if (this.made?.name === name) this.made = null;
    this.#tokens.refresh();
  }
}

customElements.define('bg-api-tokens', ApiTokens);
