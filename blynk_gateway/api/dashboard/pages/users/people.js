// Users: their roles and passwords, and where they are logged in.

import { css, html } from '../../vendor/lit.js';

import '../../components/dialog.js';
import { confirmed } from '../../components/dialog.js';
import { get, post, put, remove } from '../../core/api.js';
import { GatewayElement, shared } from '../../core/element.js';
import { formatTime } from '../../core/format.js';
import { Action, Loader } from '../../core/loader.js';
import { ROLES, session } from '../../core/session.js';
import { plural, t } from '../../core/texts.js';
import { toast } from '../../core/toast.js';

const pathOf = (name) => `/users/${encodeURIComponent(name)}`;

class People extends GatewayElement {
  static properties = {
    dialog: { state: true }, // null, 'add' or 'password'
  };

  static styles = [
    shared,
    css`
      td:first-child { overflow-wrap: anywhere; min-width: 6rem; }
      td select { width: auto; }
      .acts { text-align: right; }
      .acts > div { display: flex; flex-wrap: wrap; gap: .4rem; justify-content: end; }
      .acts button { white-space: nowrap; padding: .4rem .6rem; }
      .roles { margin: 0 0 .9rem; padding: 0; border: 0; }
      .roles span { display: block; }
    `,
  ];

  #users = new Loader(this, async () => (await get('/users')).users);
  #action = new Action(this);
  #entry = new Action(this); // Of the dialog
  #named = ''; // Whose password it sets

  constructor() {
    super();
    this.dialog = null;
  }

  render() {
    return html`<section class="card">
        <div class="head">
          <h2>${t('users.heading')}</h2>
          <button class="primary" @click=${() => this.#open('add')}>${t('users.add')}</button>
        </div>
        ${this.#action.view()}
        ${this.#users.view((users) => this.#table(users))}
      </section>
      <bg-dialog .open=${this.dialog !== null} @closed=${() => (this.dialog = null)}
        heading=${this.dialog === 'add' ? t('users.add') : t('users.new_password')}>
        ${this.dialog === null ? '' : this.#form()}
      </bg-dialog>`;
  }

  #table(users) {
    return html`<div class="scroll"><table class="stack">
      <thead><tr><th>${t('users.name')}</th><th>${t('users.role')}</th><th>${t('users.seen')}</th>
        <th class="number">${t('users.sessions')}</th>
        <th><span class="visually-hidden">${t('pins.actions')}</span></th></tr></thead>
      <tbody>${users.map((user) => this.#row(user))}</tbody>
    </table></div>`;
  }

  #row(user) {
    const { name } = user;
    return html`<tr>
      <td>${name}${name === session.user?.name
        ? html` <span class="dim">(${t('users.you')})</span>`
        : ''}</td>
      <td data-label=${t('users.role')}>
        <select aria-label=${t('users.role_of', { name })} .value=${user.role}
          ?disabled=${this.#action.busy}
          @change=${(event) => this.#setRole(user, event.target)}>
        ${ROLES.map((role) => html`<option value=${role} ?selected=${role === user.role}>
          ${t(`role.${role}`)}</option>`)}</select></td>
      <td data-label=${t('users.seen')}>${formatTime(user.seen_ms)}</td>
      <td class="number" data-label=${t('users.sessions')}>${user.sessions}</td>
      <td class="acts"><div>
        <button aria-label=${t('users.password_of', { name })}
          @click=${() => this.#open('password', name)}>${t('login.password')}</button>
        <button ?disabled=${!user.sessions} aria-label=${t('users.end_of', { name })}
          @click=${() => this.#end(user)}>${t('users.end')}</button>
        <button class="danger" aria-label=${t('users.remove_one', { name })}
          @click=${() => this.#remove(name)}>${t('action.remove')}</button>
      </div></td>
    </tr>`;
  }

  #form() {
    const isNew = this.dialog === 'add';
    return html`<form @submit=${isNew ? this.#add : this.#setPassword}>
      ${this.#entry.view()}
      ${isNew
        ? html`<label class="field"><span>${t('users.name')}</span>
              <input name="name" required maxlength="32" pattern="[A-Za-z0-9_.\\-]+"
                autocapitalize="none" autocomplete="off" spellcheck="false"></label>
            <fieldset class="roles"><legend>${t('users.role')}</legend>
              ${ROLES.map(
                (role) => html`<label class="check">
                  <input type="radio" name="role" value=${role} ?checked=${role === 'viewer'}>
                  <span>${t(`role.${role}`)}<span class="dim">${t(`role.${role}_may`)}</span></span>
                </label>`,
              )}</fieldset>`
        : html`<p>${t('users.password_for', { name: this.#named })}</p>
            <input autocomplete="username" hidden .value=${this.#named}>`}
      <label class="field"><span>${t('users.password_rule')}</span>
        <input name="password" type="password" required minlength="8" maxlength="256"
          autocomplete="new-password"></label>
      <button class="primary" ?disabled=${this.#entry.busy}>${t('action.save')}</button>
    </form>`;
  }

  #open(dialog, name = '') {
    this.#entry.clear();
    this.#named = name;
    this.dialog = dialog;
  }

  #add = async (event) => {
    event.preventDefault();
    const body = Object.fromEntries(new FormData(event.target));
    const isDone = await this.#entry.run(() => post('/users', body));
    if (isDone) this.#close();
  };

  #setPassword = async (event) => {
    event.preventDefault();
    const password = new FormData(event.target).get('password');
    if (!(await this.#entry.run(() => put(pathOf(this.#named), { password })))) return;
    toast(t('users.password_set', { name: this.#named }));
    this.#close();
  };

  #close() {
    this.dialog = null;
    this.#users.refresh();
  }

  async #setRole(user, field) {
    const role = field.value;
    const isDone = await this.#action.run(() => put(pathOf(user.name), { role }));
    if (!isDone) field.value = user.role;
    await this.#users.refresh();
    // Who takes the role of an admin from themselves sees another page from now on.
    if (user.name === session.user?.name) await session.refresh();
  }

  async #end({ name, sessions }) {
    const text = plural('users.end_question', sessions, { name });
    if (!(await confirmed(text, t('users.end')))) return;
    await this.#action.run(() => remove(`${pathOf(name)}/sessions`));
    this.#users.refresh();
  }

  async #remove(name) {
    if (!(await confirmed(t('users.remove_question', { name }), t('action.remove')))) return;
    await this.#action.run(() => remove(pathOf(name)));
    this.#users.refresh();
  }
}

customElements.define('bg-people', People);
