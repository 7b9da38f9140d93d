// Before anything else: logging in, the first setup, and what a shared link opens.

import { css, html } from '../vendor/lit.js';

import { GatewayElement, shared } from '../core/element.js';
import { go } from '../core/router.js';
import { session } from '../core/session.js';
import { t } from '../core/texts.js';
import { errorText } from '../core/toast.js';

class LoginPage extends GatewayElement {
  static properties = {
    setupToken: {},
    error: { state: true },
    busy: { state: true },
  };

  static styles = [
    shared,
    css`
      :host { display: grid; place-items: center; min-height: 100dvh; padding: 1rem; }
      main { width: min(24rem, 100%); }
      h1 { margin-bottom: .3rem; overflow-wrap: anywhere; }
      button { width: 100%; }
    `,
  ];

  render() {
    const isSetup = this.setupToken !== undefined;
    return html`<main class="card">
      <h1>${session.gateway || 'Blynk Gateway'}</h1>
      <p class="dim">${isSetup ? t('setup.intro') : t('login.intro')}</p>
      ${isSetup || session.isSetUp ? '' : html`<p class="error">${t('setup.needed')}</p>`}
      ${this.error ? html`<p class="error" role="alert">${this.error}</p>` : ''}
      <form @submit=${this.#submit}>
        <label class="field"><span>${t('login.name')}</span>
          <input name="name" autocomplete="username" required maxlength="32" autocapitalize="none"
            spellcheck="false"></label>
        <label class="field"><span>${t('login.password')}</span>
          <input name="password" type="password" required
            autocomplete=${isSetup ? 'new-password' : 'current-password'}
            minlength=${isSetup ? 8 : 1}></label>
        ${isSetup
          ? html`<label class="field"><span>${t('login.password_again')}</span>
              <input name="again" type="password" required autocomplete="new-password"></label>`
          : html`<label class="check"><input name="keep" type="checkbox" checked>
              ${t('login.keep')}</label>`}
        <button class="primary" ?disabled=${this.busy}>
          ${isSetup ? t('setup.submit') : t('login.submit')}</button>
      </form>
    </main>`;
  }

  async #submit(event) {
    event.preventDefault();
    const form = new FormData(event.target);
    const [name, password] = [form.get('name').trim(), form.get('password')];
    if (this.setupToken !== undefined && password !== form.get('again')) {
      this.error = t('login.passwords_differ');
      return;
    }
    this.busy = true;
    this.error = '';
    try {
      if (this.setupToken === undefined) {
        await session.login(name, password, form.get('keep') !== null);
      } else {
        await session.setUp(this.setupToken, name, password);
        go('dashboards');
      }
    } catch (error) {
      this.error = errorText(error, t);
    } finally {
      this.busy = false;
    }
  }
}

customElements.define('bg-login-page', LoginPage);
