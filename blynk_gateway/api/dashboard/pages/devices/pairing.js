// Devices that bring a token of their own: pairing, and logins that were refused.

import { css, html } from '../../vendor/lit.js';

import { get, post } from '../../core/api.js';
import { GatewayElement, shared } from '../../core/element.js';
import { formatAgo } from '../../core/format.js';
import { live } from '../../core/live.js';
import { Action, Loader } from '../../core/loader.js';
import { go } from '../../core/router.js';
import { plural, t } from '../../core/texts.js';

const EVERY_MS = 3000;

class Pairing extends GatewayElement {
  static styles = [
    shared,
    css`
      input { width: 6rem; }
      .open { border-color: var(--accent); }
      label { display: inline-flex; gap: .5rem; align-items: center; }
    `,
  ];

  #pairing = new Loader(this, () => get('/pairing'), EVERY_MS);
  #action = new Action(this);

  render() {
    return this.#pairing.view(
      ({ seconds_left: left, refused }) => html`
        <section class="card ${left ? 'open' : ''}">
          <h2>${t('pairing.heading')}</h2>
          <p class="dim">${t('pairing.intro')}</p>
          ${this.#action.view()}
          ${left ? this.#opened(left) : this.#closed()}
        </section>
        ${refused.length ? this.#refused(refused) : ''}`,
    );
  }

  #opened(left) {
    return html`<div class="row">
      <span role="status" class="grow">${
        left > 90
          ? plural('pairing.minutes', Math.round(left / 60))
          : plural('pairing.seconds', left)
      }</span>
      <button @click=${() => this.#open(0)}>${t('pairing.close')}</button>
    </div>`;
  }

  #closed() {
    return html`<form class="row" @submit=${this.#submit}>
      <label>${t('pairing.for')}
        <input name="minutes" type="number" min="1" max="1440" value="5" required></label>
      <button ?disabled=${this.#action.busy}>${t('pairing.open')}</button>
    </form>`;
  }

  #refused(refused) {
    return html`<section class="card">
      <h2>${t('refused.heading')}</h2>
      <p class="dim">${t('refused.intro')}</p>
      <div class="scroll"><table class="stack">
        <thead><tr><th>${t('refused.token')}</th><th>${t('refused.peer')}</th>
          <th class="number">${t('refused.attempts')}</th><th>${t('refused.last')}</th>
          <th><span class="visually-hidden">${t('refused.adopt')}</span></th></tr></thead>
        <tbody>${refused.map(
          (one) => html`<tr>
            <td><code>${one.token}</code></td>
            <td data-label=${t('refused.peer')}>${one.peer}</td>
            <td class="number" data-label=${t('refused.attempts')}>${one.attempts}</td>
            <td data-label=${t('refused.last')}>${formatAgo(one.last_ms, live.now())}</td>
            <td><button ?disabled=${this.#action.busy} @click=${() => this.#adopt(one.id)}
              aria-label=${t('refused.adopt_one', { token: one.token })}>
              ${t('refused.adopt')}</button></td>
          </tr>`,
        )}</tbody>
      </table></div>
    </section>`;
  }

  #submit(event) {
    event.preventDefault();
    this.#open(Number(new FormData(event.target).get('minutes')));
  }

  #open(minutes) {
    return this.#action.run(async () => {
      await post('/pairing', { minutes });
      await this.#pairing.refresh();
    });
  }

  #adopt(id) {
    return this.#action.run(async () => {
      const device = await post('/pairing/adopt', { id });
      go('devices', device.slug);
    });
  }
}

customElements.define('bg-pairing', Pairing);
