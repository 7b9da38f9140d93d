// Webhooks: where they go, what became of their requests, and one more to try.

import { css, html } from '../../vendor/lit.js';

import '../../components/dialog.js';
import { get, post } from '../../core/api.js';
import { GatewayElement, shared } from '../../core/element.js';
import { cut, formatNumber, formatTime } from '../../core/format.js';
import { Action, Loader } from '../../core/loader.js';
import { session } from '../../core/session.js';
import { plural, t } from '../../core/texts.js';

const EVERY_MS = 5000;

class Webhooks extends GatewayElement {
  static properties = {
    tested: { state: true }, // Name of the one whose test is open
    answer: { state: true },
  };

  static styles = [
    shared,
    css`
      td code, td > span, td:first-child { overflow-wrap: anywhere; min-width: 0; }
      @media (min-width: 700px) { td.words { min-width: 11rem; }
        td:first-child { min-width: 8rem; } }
      td button, td time { white-space: nowrap; }
      pre { background: var(--page); border: 1px solid var(--line); border-radius: 8px;
        padding: .7rem; white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; }
      form { display: flex; flex-wrap: wrap; gap: .6rem; align-items: end; margin-bottom: 1rem; }
      form label.field { flex: 1 1 10rem; margin: 0; }
    `,
  ];

  #webhooks = new Loader(this, async () => (await get('/webhooks')).webhooks, EVERY_MS);
  #action = new Action(this);

  constructor() {
    super();
    this.tested = null;
    this.answer = null;
  }

  render() {
    return html`<section class="card">
        <h2>${t('webhooks.heading')}</h2>
        ${this.#webhooks.view((webhooks) => webhooks.length
          ? this.#table(webhooks)
          : html`<p class="empty">${t('webhooks.none')}
              ${session.can('admin') ? t('webhooks.declare') : ''}</p>`)}
      </section>
      <bg-dialog .open=${this.tested !== null} @closed=${() => (this.tested = null)}
        heading=${t('webhooks.test_heading', { name: this.tested ?? '' })}>
        ${this.tested === null ? '' : this.#test()}
      </bg-dialog>`;
  }

  #table(webhooks) {
    return html`<div class="scroll"><table class="stack">
      <thead><tr><th>${t('webhooks.name')}</th><th>${t('webhooks.target')}</th>
        <th>${t('automations.state')}</th><th class="number">${t('webhooks.sent')}</th>
        <th class="number">${t('webhooks.waiting')}</th>
        <th class="number">${t('webhooks.merged')}</th><th>${t('webhooks.last')}</th>
        ${session.can('admin')
          ? html`<th><span class="visually-hidden">${t('pins.actions')}</span></th>`
          : ''}</tr></thead>
      <tbody>${webhooks.map((one) => this.#row(one))}</tbody>
    </table></div>`;
  }

  #row(one) {
    const kind = one.off ? 'bad' : one.failures ? 'warn' : 'good';
    return html`<tr>
      <td>${one.name}</td>
      <td class="words" data-label=${t('webhooks.target')}><code>${cut(one.target)}</code></td>
      <td class="words" data-label=${t('automations.state')}><span>
        <span class=${one.last_ms ? kind : 'dim'}>${stateText(one)}</span>
        ${one.failures ? html`<span class="dim">${cut(one.last_result)}</span>` : ''}</span></td>
      <td class="number" data-label=${t('webhooks.sent')}>${formatNumber(one.sent)}</td>
      <td class="number" data-label=${t('webhooks.waiting')}>${formatNumber(one.waiting)}</td>
      <td class="number" data-label=${t('webhooks.merged')}>${formatNumber(one.merged)}</td>
      <td data-label=${t('webhooks.last')}><time>${formatTime(one.last_ms)}</time></td>
      ${session.can('admin')
        ? html`<td><button aria-label=${t('webhooks.test_of', { name: one.name })}
            @click=${() => this.#open(one.name)}>${t('automations.test')}</button></td>`
        : ''}
    </tr>`;
  }

  #test() {
    const { answer } = this;
    return html`
      <p class="dim">${t('webhooks.test_intro')}</p>
      <form @submit=${this.#send}>
        <label class="field"><span>${t('webhooks.test_value')}</span>
          <input name="value" autocomplete="off"></label>
        <button class="primary" ?disabled=${this.#action.busy}>${t('webhooks.send')}</button>
      </form>
      ${this.#action.view()}
      <div aria-live="polite">${this.#action.busy ? html`<p class="dim">${t('webhooks.sending')}</p>` : ''}
        ${answer === null ? '' : html`
        <dl class="facts">
          <dt>${t('webhooks.request')}</dt><dd><code>${cut(answer.request)}</code></dd>
          <dt>${t('automations.answer')}</dt>
          <dd class=${answer.ok ? 'good' : 'bad'}>${cut(answer.result)},
            ${t('automations.after', { ms: formatNumber(answer.took_ms) })}</dd>
        </dl>
        ${answer.body
          ? html`<h3>${t('webhooks.body')}</h3><pre tabindex="0">${cut(answer.body, 4000)}</pre>`
          : ''}`}</div>`;
  }

  #open(name) {
    this.#action.clear();
    this.answer = null;
    this.tested = name;
  }

  #send = async (event) => {
    event.preventDefault();
    const name = this.tested;
    const value = new FormData(event.target).get('value');
    this.answer = null;
    await this.#action.run(async () => {
      const body = value === '' ? {} : { value: [value] };
      const answer = await post(`/webhooks/${encodeURIComponent(name)}/test`, body);
      if (this.tested === name) this.answer = answer;
    });
    this.#webhooks.refresh();
  };
}

function stateText({ off, failures, last_ms: last }) {
  if (off) return t('webhooks.off');
  if (failures) return plural('webhooks.failing', failures);
  return t(last ? 'webhooks.ok' : 'webhooks.unused');
}

customElements.define('bg-webhooks', Webhooks);
