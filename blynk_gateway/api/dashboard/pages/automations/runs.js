// The latest runs: why each was begun, and what became of its actions.

import { css, html, live as asShown, repeat } from '../../vendor/lit.js';

import { GatewayElement, shared } from '../../core/element.js';
import { cut, formatTime } from '../../core/format.js';
import { t } from '../../core/texts.js';

const KINDS = { done: 'good', failed: 'bad', running: 'warn', ended: '' };

class Runs extends GatewayElement {
  static properties = {
    rules: { attribute: false },
    runs: { attribute: false }, // Newest first
  };

  static styles = [
    shared,
    css`
      details { border-top: 1px solid var(--line); }
      summary { display: flex; flex-wrap: wrap; gap: .1rem .7rem; align-items: center;
        min-height: var(--touch); cursor: pointer; overflow-wrap: anywhere; }
      summary::before { content: '▸'; color: var(--dim); }
      details[open] > summary::before { content: '▾'; }
      time { margin-left: auto; color: var(--dim); font-size: .9rem; white-space: nowrap; }
      ul { margin: 0 0 .7rem; padding-left: 1.2rem; }
      li { overflow-wrap: anywhere; }
    `,
  ];

  #chosen = new Map(); // By id: whether somebody opened or closed it

  constructor() {
    super();
    this.rules = [];
    this.runs = [];
  }

  render() {
    return html`<section class="card">
      <h2>${t('automations.runs')}</h2>
      ${this.runs.length
        ? repeat(this.runs, (run) => run.id, (run, index) => this.#run(run, index === 0))
        : html`<p class="empty">${t('automations.runs_none')}</p>`}
    </section>`;
  }

  #run(run, isLatest) {
    // The latest one is what a person looks for after pressing "Run".
    const isOpen = this.#chosen.get(run.id) ?? isLatest;
    const name = this.rules.find((one) => one.slug === run.automation)?.name ?? run.automation;
    return html`<details .open=${asShown(isOpen)}>
      <summary @click=${(event) => this.#chosen.set(run.id, !event.currentTarget.parentNode.open)}>
        <span class="dot ${KINDS[run.outcome] ?? ''}" aria-hidden="true"></span>
        <b>${name}</b>
        <span class=${KINDS[run.outcome] ?? ''}>${t(`automations.outcome.${run.outcome}`)}</span>
        <span class="dim">${cut(run.cause, 200)}</span>
        <time datetime=${new Date(run.at_ms).toISOString()}>${formatTime(run.at_ms)}</time>
      </summary>
      <ul>${run.actions.map(({ action, result, failed }) => html`<li>${cut(action)}${result
        ? html`: <span class=${failed ? 'bad' : 'dim'}>${cut(result)}</span>`
        : html` <span class="dim">…</span>`}</li>`)}</ul>
    </details>`;
  }
}

customElements.define('bg-runs', Runs);
