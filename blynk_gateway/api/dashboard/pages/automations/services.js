// Notification services: what became of their messages, and one more to try.

import { css, html } from '../../vendor/lit.js';

import { get, post } from '../../core/api.js';
import { GatewayElement, shared } from '../../core/element.js';
import { cut, formatNumber, formatTime } from '../../core/format.js';
import { Action, Loader } from '../../core/loader.js';
import { session } from '../../core/session.js';
import { t } from '../../core/texts.js';
import { toast } from '../../core/toast.js';

const EVERY_MS = 5000;

class Services extends GatewayElement {
  static styles = [
    shared,
    css`
      table.stack td:first-child { overflow-wrap: anywhere; text-align: left; min-width: 6rem; }
      .fault { margin: .2rem 0 0; }
    `,
  ];

  #services = new Loader(this, async () => (await get('/notifications')).services, EVERY_MS);
  #action = new Action(this);

  render() {
    return html`<section class="card">
      <h2>${t('services.heading')}</h2>
      ${this.#action.view()}
      ${this.#services.view((services) => services.length
        ? this.#table(services)
        : html`<p class="empty">${t('services.none')}
            ${session.can('admin') ? t('services.declare') : ''}</p>`)}
    </section>`;
  }

  #table(services) {
    return html`<div class="scroll"><table class="stack">
      <thead><tr><th>${t('services.name')}</th><th>${t('services.kind')}</th>
        <th class="number">${t('services.sent')}</th><th class="number">${t('services.failed')}</th>
        <th class="number">${t('services.waiting')}</th><th>${t('services.last')}</th>
        ${session.can('admin')
          ? html`<th><span class="visually-hidden">${t('pins.actions')}</span></th>`
          : ''}</tr></thead>
      <tbody>${services.map((one) => this.#row(one))}</tbody>
    </table></div>`;
  }

  #row(one) {
    const { name } = one;
    return html`<tr>
      <td><div>${name}${one.detail
        ? html`<p class="fault bad">${cut(one.detail)}</p>`
        : ''}</div></td>
      <td data-label=${t('services.kind')}>${one.kind}</td>
      <td class="number" data-label=${t('services.sent')}>${formatNumber(one.sent)}</td>
      <td class="number" data-label=${t('services.failed')}>${formatNumber(one.failed)}</td>
      <td class="number" data-label=${t('services.waiting')}>${formatNumber(one.waiting)}</td>
      <td data-label=${t('services.last')}>${formatTime(one.last_ms)}</td>
      ${session.can('admin')
        ? html`<td><button aria-label=${t('services.test_of', { name })} ?disabled=${this.#action.busy}
            @click=${() => this.#test(name)}>${t('services.test')}</button></td>`
        : ''}
    </tr>`;
  }

  async #test(name) {
    await this.#action.run(async () => {
      const { ok, fault } = await post(`/notifications/${encodeURIComponent(name)}/test`);
      if (ok) toast(t('services.test_sent', { name }));
      else throw new Error(`${name}: ${fault}`);
    });
    this.#services.refresh();
  }
}

customElements.define('bg-services', Services);
