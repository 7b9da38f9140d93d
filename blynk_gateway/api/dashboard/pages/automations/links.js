// Links: a change of one pin is a write to another.

import { css, html } from '../../vendor/lit.js';

import { get } from '../../core/api.js';
import { GatewayElement, PinsController, shared } from '../../core/element.js';
import { formatValue } from '../../core/format.js';
import { live } from '../../core/live.js';
import { Loader } from '../../core/loader.js';
import { linkTo } from '../../core/router.js';
import { t } from '../../core/texts.js';

class Links extends GatewayElement {
  static styles = [
    shared,
    css`
      .arrow { color: var(--dim); }
      td { overflow-wrap: anywhere; }
    `,
  ];

  #links = new Loader(this, () => this.#load());
  #watched = new PinsController(this, () => this.#addresses);
  #addresses = [];

  async #load() {
    const { links } = await get('/links');
    this.#addresses = [...new Set(links.flatMap((link) => [link.from, link.to]))];
    this.#watched.refresh();
    return links;
  }

  render() {
    return html`<section class="card">
      <h2>${t('links.heading')}</h2>
      <p class="dim">${t('links.intro')}</p>
      ${this.#links.view((links) =>
        links.length ? this.#table(links) : html`<p class="empty">${t('links.none')}</p>`,
      )}
    </section>`;
  }

  #table(links) {
    return html`<div class="scroll"><table class="stack">
      <thead><tr><th>${t('links.from')}</th><th class="number">${t('pins.value')}</th>
        <th><span class="visually-hidden">${t('links.direction')}</span></th>
        <th>${t('links.to')}</th><th class="number">${t('pins.value')}</th></tr></thead>
      <tbody>${links.map(
        ({ from, to, stopped }) => html`<tr>
          ${this.#end(from, t('links.from'))}
          <td class="arrow">${stopped
            ? html`<span class="bad">${t('links.stopped')}</span>`
            : html`<span aria-hidden="true">→</span>`}</td>
          ${this.#end(to, t('links.to'))}
        </tr>`,
      )}</tbody>
    </table></div>`;
  }

  #end(address, label) {
    const pin = live.pin(address);
    const name = pin.datastream?.name;
    return html`
      <td data-label=${label}><span>
        <a href=${linkTo('devices', address.split('/')[0])}><code>${address}</code></a>
        ${name ? html`<span class="dim">${name}</span>` : ''}</span></td>
      <td class="number" data-label=${t('pins.value')}>${
        formatValue(pin.value, pin.datastream)
      }</td>`;
  }
}

customElements.define('bg-links', Links);
