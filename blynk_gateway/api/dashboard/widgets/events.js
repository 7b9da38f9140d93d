// The latest events of a device, or of all: newest first, each with its type, what is resolved said
// to be, and what is open to be resolved by those who may.

import { css, html, repeat } from '../vendor/lit.js';

import { mark, resolveButton, withEvent } from '../components/event.js';
import { get } from '../core/api.js';
import { cut, formatTime } from '../core/format.js';
import { live } from '../core/live.js';
import { t } from '../core/texts.js';
import { errorText } from '../core/toast.js';
import { Widget } from './widget.js';
import { filling } from './displays/shown.js';

const SHOWN = 100;
const MAX_TEXT = 300; // Characters of a description.
const ALL = '';
const KINDS = ['logged', 'resolved', 'notification', 'system', 'input'];

class Events extends Widget {
  static properties = {
    events: { state: true },
    error: { state: true },
    kind: { state: true },
  };

  static styles = [
    Widget.styles,
    filling,
    css`
      .events { flex: 1; align-self: stretch; min-width: 0; display: flex; flex-direction: column;
        gap: .3rem; }
      ol { list-style: none; margin: 0; padding: 0; flex: 1; min-height: 0; overflow-y: auto;
        overscroll-behavior: contain; }
      li { display: grid; grid-template-columns: 1.2em 1fr; gap: 0 .6rem; padding: .3rem .1rem;
        border-bottom: 1px solid var(--line); font-size: .9rem; align-items: baseline; }
      .line { display: flex; flex-wrap: wrap; gap: 0 .6rem; align-items: baseline;
        overflow-wrap: anywhere; }
      .when { margin-left: auto; font-size: .8rem; color: var(--dim); white-space: nowrap; }
      .description { grid-column: 2; overflow-wrap: anywhere; display: -webkit-box;
        -webkit-box-orient: vertical; -webkit-line-clamp: 4; overflow: hidden; }
      .mark svg { width: 1.1em; height: 1.1em; vertical-align: -.15em; }
      .mark:not(.good, .warn, .bad) { color: var(--dim); }
      .code { font-weight: 600; }
      .resolve { min-height: 2rem; padding: .1rem .6rem; font-size: .85rem; }
      .over .code { text-decoration: line-through; font-weight: 400; }
      select { width: auto; align-self: flex-start; font-size: .85rem; }
      @container (max-height: 200px) { select { display: none; } }
      .empty { color: var(--dim); margin: auto; }
    `,
  ].flat();

  #wasStale = false;
  #asked = null;

  constructor() {
    super();
    this.events = [];
    this.error = '';
    this.kind = ALL;
  }

  connectedCallback() {
    super.connectedCallback();
    live.addEventListener('event', this.#happened);
    live.addEventListener('status', this.#statusChanged);
    this.#load();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    live.removeEventListener('event', this.#happened);
    live.removeEventListener('status', this.#statusChanged);
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    if (changed.has('config') && this.#asked !== (this.config?.device ?? null)) this.#load();
  }

  get device() {
    return live.device(this.config?.device);
  }

  get label() {
    const device = this.device?.name ?? '';
    return this.config?.title || t('widget.events.title', { device }).trim();
  }

  body() {
    if (this.error) return html`<p class="empty">${this.error}</p>`;
    const shown = this.events.filter((one) => this.kind === ALL || one.kind === this.kind);
    return html`<div class="events">
      <select aria-label=${t('widget.events.filter')}
          @change=${(event) => (this.kind = event.target.value)}>
        <option value=${ALL}>${t('widget.events.all')}</option>
        ${KINDS.map((kind) => html`<option value=${kind}>${kindText(kind)}</option>`)}
      </select>
      ${shown.length
        ? html`<ol tabindex="0" aria-label=${this.label}>
            ${repeat(shown, (one) => one.seq, (one) => this.#event(one))}</ol>`
        : html`<p class="empty">${t('widget.events.none')}</p>`}
    </div>`;
  }

  #event(event) {
    const isOver = event.kind === 'logged' && event.resolved_ms !== null;
    const name = live.device(event.device)?.name ?? event.device;
    const description = cut(event.description, MAX_TEXT);
    return html`<li class=${isOver ? 'over' : ''}>
      ${mark(event)}
      <div class="line">
        <span class="code">${cut(event.name || kindText(event.kind), 60)}</span>
        ${event.kind === 'resolved' || isOver
          ? html`<span class="good">${kindText('resolved')}</span>`
          : ''}
        ${this.config?.device ? '' : html`<span class="dim">${name}</span>`}
        ${resolveButton(event)}
        <time class="when" datetime=${new Date(event.at_ms).toISOString()}>
          ${formatTime(event.at_ms)}</time>
      </div>
      ${description
        ? html`<div class="description" title=${description}>${description}</div>`
        : ''}
    </li>`;
  }

  async #load() {
    const device = this.config?.device ?? null;
    this.#asked = device;
    const wanted = device ? `&device=${encodeURIComponent(device)}` : '';
    try {
      const { events } = await get(`/events?limit=${SHOWN}${wanted}`);
      if (this.#asked !== device) return;
      // What came meanwhile is in the answer, or newer than it.
      const newest = events[0]?.seq ?? 0;
      const newer = this.events.filter((one) => one.seq > newest && this.#isWanted(one));
      this.events = newer.reduceRight(withEvent, events).slice(0, SHOWN);
      this.error = '';
    } catch (error) {
      this.error = errorText(error, t);
    }
  }

  #isWanted(event) {
    return !this.config?.device || event.device === this.config.device;
  }

  #happened = ({ detail }) => {
    if (!this.#isWanted(detail) || this.events.some((one) => one.seq === detail.seq)) return;
    this.events = withEvent(this.events, detail).slice(0, SHOWN);
  };

  #statusChanged = () => {
    if (live.status === 'stale') this.#wasStale = true;
    if (live.status !== 'live' || !this.#wasStale) return;
    this.#wasStale = false;
    this.#load();
  };
}

const kindText = (kind) => t(`widget.events.kind.${kind}`);

customElements.define('bg-events', Events);
