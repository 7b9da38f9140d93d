// What the gateway does by itself: rules and their runs, webhooks, notifications, and links.

import { css, html } from '../vendor/lit.js';

import { get } from '../core/api.js';
import { GatewayElement, shared } from '../core/element.js';
import { Loader } from '../core/loader.js';
import { session } from '../core/session.js';
import { t } from '../core/texts.js';
import './automations/links.js';
import './automations/rules.js';
import './automations/runs.js';
import './automations/services.js';
import './automations/webhooks.js';

const EVERY_MS = 3000;
const RUNS = 50;

const EXAMPLE = `automations:
  - name: Too hot
    when: {pin: greenhouse/V5, above: 30, for: 2m}
    then: {set: {greenhouse/V6: 1}}
links:
  - {from: greenhouse/V6, to: pi/V1}`;

class AutomationsPage extends GatewayElement {
  static properties = { path: { attribute: false } };

  static styles = [
    shared,
    css`
      pre { background: var(--page); border: 1px solid var(--line); border-radius: 8px;
        padding: .7rem; overflow-x: auto; }
    `,
  ];

  #all = new Loader(this, load, EVERY_MS);

  render() {
    // Who has no rules yet is told first how one is made.
    const isNew = this.#all.value?.rules.length === 0;
    return html`<div class="head"><h1>${t('nav.automations')}</h1></div>
      ${this.#all.view(({ rules, runs }) => html`
        <bg-rules .rules=${rules} .runs=${runs} @changed=${() => this.#all.refresh()}></bg-rules>
        ${isNew ? this.#howTo() : ''}
        <bg-runs .rules=${rules} .runs=${runs}></bg-runs>`)}
      <bg-webhooks></bg-webhooks>
      <bg-services></bg-services>
      <bg-links></bg-links>
      ${isNew ? '' : this.#howTo()}`;
  }

  #howTo() {
    if (!session.can('admin')) return '';
    return html`<section class="card">
      <h2>${t('links.more')}</h2>
      <p>${t('automations.declare')}</p>
      <pre tabindex="0">${EXAMPLE}</pre>
      <p class="dim">${t('automations.reload')}</p>
    </section>`;
  }
}

async function load() {
  const [{ automations }, { runs }] = await Promise.all([
    get('/automations'),
    get(`/automation-runs?limit=${RUNS}`),
  ]);
  return { rules: automations, runs };
}

customElements.define('bg-automations-page', AutomationsPage);
