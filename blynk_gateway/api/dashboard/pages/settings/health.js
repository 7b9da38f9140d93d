// How the parts of the gateway are, and what to do where one is not well.

import { css, html } from '../../vendor/lit.js';

import { get } from '../../core/api.js';
import { GatewayElement, shared } from '../../core/element.js';
import { formatNumber } from '../../core/format.js';
import { Loader } from '../../core/loader.js';
import { t } from '../../core/texts.js';

const EVERY_MS = 5000;
const KINDS = { ok: 'good', degraded: 'warn', failed: 'bad' };

class HealthPart extends GatewayElement {
  static styles = [
    shared,
    css`
      ul { list-style: none; margin: 0; padding: 0; }
      li { padding: .35rem 0; overflow-wrap: anywhere; }
      .unwell { border: 1px solid currentColor; border-radius: 8px; padding: .5rem .7rem;
        margin: .3rem 0; }
      .unwell p { color: var(--text); margin: .2rem 0 0; }
      summary { min-height: var(--touch); align-content: center; cursor: pointer; }
    `,
  ];

  #health = new Loader(this, () => get('/api/health'), EVERY_MS);

  render() {
    return html`<section class="card">
      <h2>${t('health.heading')}</h2>
      ${this.#health.view((health) => this.#parts(health))}
    </section>`;
  }

  #parts({ status, version, components = {}, counters = {} }) {
    const all = Object.entries(components);
    const unwell = all.filter(([, one]) => one.state !== 'ok');
    const counted = Object.entries(counters);
    return html`
      <p><span class="dot ${KINDS[status]}" aria-hidden="true"></span>
        ${t(`health.${status}`)} · ${t('health.version', { version })}</p>
      <ul>${unwell.map(
        ([name, one]) => html`<li class="unwell ${KINDS[one.state]}">
          <b>${name}</b>: ${t(`health.${one.state}`)}<p>${one.detail}</p></li>`,
      )}</ul>
      <details>
        <summary>${t('health.all')}</summary>
        <ul>${all.map(
          ([name, one]) => html`<li><span class="dot ${KINDS[one.state]}" aria-hidden="true"></span>
            ${name}: ${t(`health.${one.state}`)}</li>`,
        )}</ul>
        ${counted.length
          ? html`<h3>${t('health.counters')}</h3>
              <dl class="facts">${counted.map(
                ([name, count]) => html`<dt>${name}</dt><dd>${formatNumber(count)}</dd>`,
              )}</dl>`
          : ''}
      </details>`;
  }
}

customElements.define('bg-health', HealthPart);
