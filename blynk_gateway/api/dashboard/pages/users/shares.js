// Links that show one dashboard to whoever has them.

import { css, html } from '../../vendor/lit.js';

import '../../components/copy.js';
import { confirmed } from '../../components/dialog.js';
import { get, post, remove } from '../../core/api.js';
import { GatewayElement, shared } from '../../core/element.js';
import { formatTime } from '../../core/format.js';
import { Action, Loader } from '../../core/loader.js';
import { t } from '../../core/texts.js';

const DAYS = ['', '1', '7', '30', '365'];

class Shares extends GatewayElement {
  static properties = { made: { state: true } };

  static styles = [shared, css`td { overflow-wrap: anywhere; } label { flex: 1 1 10rem; }`];

  #shares = new Loader(this, async () => (await get('/shares')).shares);
  #dashboards = new Loader(this, async () => (await get('/dashboards')).dashboards);
  #action = new Action(this);

  render() {
    return html`<section class="card">
      <h2>${t('shares.heading')}</h2>
      <p class="dim">${t('shares.intro')}</p>
      ${this.#action.view()}
      ${this.#shares.view((shares) =>
        shares.length ? this.#table(shares) : html`<p class="empty">${t('shares.none')}</p>`,
      )}
      ${this.made
        ? html`<p role="status">${t('shares.made')}</p>
            <bg-copy-field label=${t('shares.link')} .text=${location.origin + this.made.path}>
            </bg-copy-field>`
        : ''}
      ${this.#dashboards.view((dashboards) => this.#form(dashboards))}
    </section>`;
  }

  #table(shares) {
    return html`<div class="scroll"><table class="stack">
      <thead><tr><th>${t('shares.dashboard')}</th><th>${t('shares.created')}</th>
        <th>${t('shares.expires')}</th>
        <th><span class="visually-hidden">${t('pins.actions')}</span></th></tr></thead>
      <tbody>${shares.map(
        (share) => html`<tr>
          <td>${this.#titleOf(share.dashboard)}</td>
          <td data-label=${t('shares.created')}>${formatTime(share.created_ms)}</td>
          <td data-label=${t('shares.expires')}>${
            share.expires_ms === null ? t('time.never') : formatTime(share.expires_ms)
          }</td>
          <td class="number"><button class="danger" @click=${() => this.#revoke(share)}
            aria-label=${t('shares.revoke_one', { title: this.#titleOf(share.dashboard) })}>
            ${t('shares.revoke')}</button></td>
        </tr>`,
      )}</tbody>
    </table></div>`;
  }

  #titleOf(slug) {
    return this.#dashboards.value?.find((one) => one.slug === slug)?.title ?? slug;
  }

  #form(dashboards) {
    if (!dashboards.length) return '';
    return html`<form class="row fields" @submit=${this.#share}>
      <label>${t('shares.dashboard')}
        <select name="dashboard">${dashboards.map(
          (one) => html`<option value=${one.slug}>${one.title}</option>`,
        )}</select></label>
      <label>${t('shares.valid')}
        <select name="days">${DAYS.map(
          (days) => html`<option value=${days} ?selected=${days === '7'}>
            ${t(days ? `shares.days_${days}` : 'shares.days_none')}</option>`,
        )}</select></label>
      <button ?disabled=${this.#action.busy}>${t('shares.make')}</button>
    </form>`;
  }

  #share = async (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    const days = form.get('days') ? Number(form.get('days')) : null;
    await this.#action.run(async () => {
      this.made = await post('/shares', { dashboard: form.get('dashboard'), days });
    });
    this.#shares.refresh();
  };

  async #revoke(share) {
    const text = t('shares.revoke_question', { title: this.#titleOf(share.dashboard) });
    if (!(await confirmed(text, t('shares.revoke')))) return;
    await this.#action.run(() => remove(`/shares/${encodeURIComponent(share.id)}`));
    if (this.made?.id === share.id) this.made = null;
    this.#shares.refresh();
  }
}

customElements.define('bg-shares', Shares);
