// What a device and the gateway say to each other, decoded, as it happens.

import { css, html } from '../../vendor/lit.js';

import { get } from '../../core/api.js';
import { GatewayElement, shared } from '../../core/element.js';
import { cut } from '../../core/format.js';
import { Loader } from '../../core/loader.js';
import { locale, t } from '../../core/texts.js';

const EVERY_MS = 1000;
const KEPT = 500;

class Frames extends GatewayElement {
  static properties = {
    slug: {},
    filter: { state: true },
    isPaused: { state: true },
  };

  static styles = [
    shared,
    css`
      .frames { max-height: 26rem; overflow: auto; border: 1px solid var(--line);
        border-radius: 8px; margin-top: .6rem; }
      table { font-size: .9rem; }
      th { position: sticky; top: 0; background: var(--card); }
      td { padding: .2rem .6rem; overflow-wrap: anywhere; }
      td:first-child { white-space: nowrap; font-variant-numeric: tabular-nums; }
      .in { color: var(--good); }
      .out { color: var(--warn); }
    `,
  ];

  #seen = [];
  #last = 0;
  #frames = new Loader(this, () => this.#ask(), EVERY_MS);

  constructor() {
    super();
    this.filter = '';
    this.isPaused = false;
  }

  async #ask() {
    // Asking keeps the gateway listening, so it goes on while paused; only the list stands still.
    const after = this.#last;
    const answer = await get(`/devices/${encodeURIComponent(this.slug)}/frames?after=${after}`);
    if (this.isPaused) return answer;
    if (answer.last < after) {
      // It restarted and counts from the beginning.
      this.#seen = [];
      this.#last = 0;
      return this.#ask();
    }
    this.#last = answer.last;
    this.#seen = [...this.#seen, ...answer.frames].slice(-KEPT);
    return answer;
  }

  render() {
    return html`<p class="dim">${t('frames.intro')}</p>
      <div class="row">
        <input class="grow" type="search" aria-label=${t('frames.filter')}
          placeholder=${t('frames.filter')} .value=${this.filter}
          @input=${(event) => (this.filter = event.target.value)}>
        <button aria-pressed=${this.isPaused} @click=${() => (this.isPaused = !this.isPaused)}>
          ${t(this.isPaused ? 'action.go_on' : 'action.pause')}</button>
        <button @click=${this.#clear}>${t('action.clear')}</button>
      </div>
      ${this.#frames.view(() => this.#table())}`;
  }

  #table() {
    const wanted = this.filter.trim().toLowerCase();
    const found = this.#seen.filter((one) =>
      `${one.direction} ${one.command} ${one.id} ${one.text}`.toLowerCase().includes(wanted),
    );
    if (!found.length) {
      return html`<p class="empty">${t(this.#seen.length ? 'nothing_found' : 'frames.empty')}</p>`;
    }
    const time = new Intl.DateTimeFormat(locale(), { timeStyle: 'medium' });
    return html`<div class="frames" tabindex="0" role="region" aria-label=${t('device.frames')}>
      <table>
        <thead><tr><th>${t('events.time')}</th><th>${t('frames.direction')}</th>
          <th>${t('frames.command')}</th><th class="number">${t('frames.id')}</th>
          <th class="number">${t('frames.length')}</th><th>${t('frames.content')}</th></tr></thead>
        <tbody>${found.reverse().map(
          (one) => html`<tr>
            <td title=${one.peer ?? ''}>${time.format(one.at_ms)}<span class="dim">.${
              String(one.at_ms % 1000).padStart(3, '0')
            }</span></td>
            <td class=${one.direction}>${one.direction === 'in' ? '→ ' : '← '}${
              t(`frames.${one.direction}`)
            }</td>
            <td>${one.command}</td>
            <td class="number">${one.id}</td>
            <td class="number">${one.length}</td>
            <td><code>${cut(one.text)}</code></td>
          </tr>`,
        )}</tbody>
      </table>
    </div>`;
  }

  #clear = () => {
    this.#seen = [];
    this.requestUpdate();
  };
}

customElements.define('bg-frames', Frames);
