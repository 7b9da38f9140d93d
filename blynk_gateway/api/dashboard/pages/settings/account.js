// What is one's own: language, light or dark, and the password.

import { css, html } from '../../vendor/lit.js';

import { put } from '../../core/api.js';
import { GatewayElement, shared } from '../../core/element.js';
import { Action } from '../../core/loader.js';
import { session } from '../../core/session.js';
import { chooseLanguage, language, LANGUAGES, t } from '../../core/texts.js';
import { chooseTheme, theme, THEMES } from '../../core/theme.js';
import { toast } from '../../core/toast.js';

class Account extends GatewayElement {
  static properties = { problem: { state: true } };

  static styles = [
    shared,
    css`
      .row { margin-bottom: 1rem; }
      .row label { flex: 1 1 10rem; max-width: 20rem; }
      form { max-width: 24rem; margin-top: .8rem; }
      summary { min-height: var(--touch); align-content: center; cursor: pointer; }
    `,
  ];

  #change = new Action(this);

  constructor() {
    super();
    this.problem = '';
  }

  render() {
    return html`<section class="card">
      <h2>${t('account.heading')}</h2>
      <div class="row">
        <label>${t('account.language')}
          <select @change=${(event) => this.#setLanguage(event.target.value)}>
            ${Object.entries(LANGUAGES).map(
              ([code, name]) => html`<option value=${code} lang=${code}
                ?selected=${code === language()}>${name}</option>`,
            )}</select></label>
        <label>${t('account.theme')}
          <select @change=${(event) => chooseTheme(event.target.value)}>
            ${THEMES.map(
              (name) => html`<option value=${name} ?selected=${name === theme()}>
                ${t(`theme.${name}`)}</option>`,
            )}</select></label>
      </div>
      <details>
        <summary>${t('account.password')}</summary>
        <form @submit=${this.#submit}>
          ${this.problem ? html`<p class="error" role="alert">${this.problem}</p>` : ''}
          ${this.#change.view()}
          <input name="name" autocomplete="username" hidden .value=${session.user?.name ?? ''}>
          <label class="field"><span>${t('account.old')}</span>
            <input name="old" type="password" required autocomplete="current-password"></label>
          <label class="field"><span>${t('users.password_rule')}</span>
            <input name="new" type="password" required minlength="8" maxlength="256"
              autocomplete="new-password"></label>
          <label class="field"><span>${t('login.password_again')}</span>
            <input name="again" type="password" required autocomplete="new-password"></label>
          <button class="primary" ?disabled=${this.#change.busy}>${t('action.save')}</button>
        </form>
      </details>
    </section>`;
  }

  #setLanguage(code) {
    this.#change.run(() => chooseLanguage(code));
  }

  #submit = async (event) => {
    event.preventDefault();
    const form = event.target; // Behind an `await` the event does not tell it any more.
    const { old, new: wanted, again } = Object.fromEntries(new FormData(form));
    this.problem = wanted === again ? '' : t('login.passwords_differ');
    if (this.problem) return;
    const isDone = await this.#change.run(async () => {
      await put('/session/password', { old, new: wanted });
      // The session before it has ended; whoever asked meanwhile was told that nobody is here.
      await session.refresh();
    });
    if (!isDone) return;
    form.reset();
    toast(t('account.password_set'));
  };
}

customElements.define('bg-account', Account);
