// The gateway's log as it is written, from a bounded ring in its memory.

import { css, html, repeat } from '../vendor/lit.js';

import { get } from '../core/api.js';
import { GatewayElement, shared } from '../core/element.js';
import { cut, formatTime } from '../core/format.js';
import { Loader } from '../core/loader.js';
import { plural, t } from '../core/texts.js';

const EVERY_MS = 2000;
const KEPT = 1000;
const LEVELS = ['debug', 'info', 'warning', 'error'];
const KINDS = { WARNING: 'warn', ERROR: 'bad', CRITICAL: 'bad' };

class LogsPage extends GatewayElement {
  static properties = {
    path: { attribute: false },
    level: { state: true },
    search: { state: true },
    isPaused: { state: true },
    isFollowing: { state: true },
  };

  static styles = [
    shared,
    css`
      .records { height: calc(100dvh - 15rem); min-height: 14rem; overflow-y: auto;
        background: var(--card); border: 1px solid var(--line); border-radius: var(--radius); }
      .record { display: grid; grid-template-columns: 9.5rem 5.5rem minmax(0, 1fr);
        gap: .2rem .8rem;
        padding: .3rem .7rem; border-bottom: 1px solid var(--line); font-size: .9rem;
        content-visibility: auto; contain-intrinsic-size: auto 2rem; }
      .record > * { overflow-wrap: anywhere; }
      time { color: var(--dim); font-variant-numeric: tabular-nums; }
      .fields { color: var(--dim); white-space: pre-wrap; }
      .filters { margin-bottom: .7rem; }
      .filters label { display: inline-flex; align-items: center; gap: .5rem; }
      select { width: auto; }
      @media (max-width: 640px) {
        .record { grid-template-columns: 1fr auto; }
        .record .text { grid-column: 1 / 3; }
        .records { height: calc(100dvh - 21rem); }
      }
    `,
  ];

  #records = [];
  #last = 0;
  #loader = new Loader(this, () => this.#load(), EVERY_MS);

  constructor() {
    super();
    this.level = 'info';
    this.search = '';
    this.isPaused = false;
    this.isFollowing = true;
  }

  async #load() {
    if (this.isPaused) return true;
    const [level, after] = [this.level, this.#last];
    const answer = await get(`/logs?after=${after}&level=${level}&limit=${KEPT}`);
    if (level !== this.level) return true;
    if (answer.last < after) {
      // It restarted and counts from the beginning.
      this.#records = [];
      this.#last = 0;
      return this.#load();
    }
    this.#last = answer.last;
    this.#records = [...this.#records, ...answer.records].slice(-KEPT);
    return true;
  }

  updated() {
    const list = this.renderRoot.querySelector('.records');
    if (list && this.isFollowing) list.scrollTop = list.scrollHeight;
  }

  render() {
    return html`<div class="head"><h1>${t('nav.logs')}</h1></div>
      <div class="row filters">
        <label>${t('logs.level')}
          <select @change=${this.#chooseLevel}>${LEVELS.map(
            (level) => html`<option value=${level} ?selected=${level === this.level}>
              ${t(`logs.${level}`)}</option>`,
          )}</select></label>
        <input class="grow" type="search" aria-label=${t('logs.search')}
          placeholder=${t('logs.search')} .value=${this.search}
          @input=${(event) => (this.search = event.target.value)}>
        <label><input type="checkbox" .checked=${this.isFollowing}
          @change=${(event) => (this.isFollowing = event.target.checked)}>
          ${t('logs.follow')}</label>
        <button aria-pressed=${this.isPaused} @click=${this.#pause}>
          ${t(this.isPaused ? 'action.go_on' : 'action.pause')}</button>
      </div>
      ${this.#loader.view(() => this.#list())}`;
  }

  #list() {
    const wanted = this.search.trim().toLowerCase();
    const found = this.#records.filter((one) => !wanted || textOf(one).includes(wanted));
    if (!found.length) {
      return html`<p class="card empty">
        ${t(this.#records.length ? 'nothing_found' : 'logs.empty')}</p>`;
    }
    return html`<div class="records" tabindex="0" role="log" aria-live="off"
        aria-label=${t('nav.logs')} @wheel=${this.#leave} @touchmove=${this.#leave}>
        ${repeat(found, (one) => one.n, record)}</div>
      <p class="dim">${plural('logs.count', found.length)}</p>`;
  }

  // Who scrolls up to read does not want to be pulled down again; who scrolls to the end does.
  #leave = () => {
    requestAnimationFrame(() => {
      const list = this.renderRoot.querySelector('.records');
      this.isFollowing = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    });
  };

  #chooseLevel = (event) => {
    this.level = event.target.value;
    this.#records = [];
    this.#last = 0;
    this.isPaused = false;
    this.#loader.refresh();
  };

  #pause = () => {
    this.isPaused = !this.isPaused;
    if (!this.isPaused) this.#loader.refresh();
  };
}

const fieldsOf = (one) =>
  Object.entries(one.fields)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('  ');

const textOf = (one) => `${one.level} ${one.logger} ${one.message} ${fieldsOf(one)}`.toLowerCase();

const record = (one) => html`<div class="record">
  <time>${formatTime(one.at_ms)}</time>
  <span class=${KINDS[one.level.toUpperCase()] ?? 'dim'}>${one.level.toLowerCase()}</span>
  <span class="text" title=${one.logger}>${cut(one.message)}
    <span class="fields">${cut(fieldsOf(one), 4000)}</span></span>
</div>`;

customElements.define('bg-logs-page', LogsPage);
