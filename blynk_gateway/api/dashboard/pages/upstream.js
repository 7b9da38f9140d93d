// The servers above: what is connected, what waits, and what the budget still allows.

import { css, html } from '../vendor/lit.js';

import '../components/bar.js';
import { get } from '../core/api.js';
import { GatewayElement, shared } from '../core/element.js';
import { cut, formatAgo, formatNumber, formatTime } from '../core/format.js';
import { live } from '../core/live.js';
import { Loader } from '../core/loader.js';
import { linkTo } from '../core/router.js';
import { t } from '../core/texts.js';

const EVERY_MS = 3000;
const ALMOST = 0.9; // A budget of which so much is spent soon slows things down.
const MUCH_OFFSET_MS = 5000;
const KINDS = { connected: 'good', waiting: 'warn', stopped: 'bad' };

class UpstreamPage extends GatewayElement {
  static properties = { path: { attribute: false } };

  static styles = [
    shared,
    css`
      .budget { margin: 0 0 1rem; }
      .budget p { margin: 0 0 .3rem; }
      .mapping { border-top: 1px solid var(--line); padding: .7rem 0; }
      .mapping p { margin: .25rem 0; overflow-wrap: anywhere; }
      .numbers { display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; font-size: .9rem; }
      .numbers b { font-variant-numeric: tabular-nums; }
    `,
  ];

  #servers = new Loader(this, async () => (await get('/upstream')).upstream, EVERY_MS);

  render() {
    return html`<div class="head"><h1>${t('nav.upstream')}</h1></div>
      ${this.#servers.view((servers) =>
        servers.length
          ? servers.map((server) => this.#server(server))
          : html`<p class="card empty">${t('upstream.none')}</p>`,
      )}`;
  }

  #server(server) {
    return html`<section class="card">
      <h2>${server.name}</h2>
      <p class="dim">${t('upstream.place', { server: server.server, via: server.via })}</p>
      ${server.budgets.map((budget) => this.#budget(budget))}
      ${server.devices.map((mapping) => this.#mapping(mapping))}
    </section>`;
  }

  #budget(budget) {
    const spent = budget.spent / budget.limit;
    const isTight = spent >= ALMOST || budget.forecast > budget.limit;
    const kind = budget.left <= 0 ? 'bad' : isTight ? 'warn' : 'good';
    return html`<div class="budget">
      <p>${t(`upstream.budget_${budget.period}`, {
        spent: formatNumber(budget.spent),
        limit: formatNumber(budget.limit),
        left: formatNumber(budget.left),
      })}</p>
      <bg-bar .part=${spent} .mark=${budget.forecast / budget.limit} kind=${kind}></bg-bar>
      <p class=${kind === 'good' ? 'dim' : kind}>${t(
        budget.forecast > budget.limit ? 'upstream.forecast_over' : 'upstream.forecast',
        { forecast: formatNumber(budget.forecast), end: formatTime(budget.ends_ms) },
      )}</p>
    </div>`;
  }

  #mapping(mapping) {
    const kind = KINDS[mapping.status] ?? '';
    const offset = mapping.clock_offset_ms;
    return html`<div class="mapping">
      <div class="row">
        <a href=${linkTo('devices', mapping.device)}><b>${mapping.device}</b></a>
        <span><span class="dot ${kind}" aria-hidden="true"></span>
          ${t(`upstream.${mapping.status}`)}</span>
        ${mapping.place ? html`<code class="dim">${mapping.place}</code>` : ''}
      </div>
      ${mapping.detail ? html`<p class=${kind}>${cut(mapping.detail)}</p>` : ''}
      <p>${this.#backlog(mapping)}</p>
      ${offset !== null && Math.abs(offset) > MUCH_OFFSET_MS
        ? html`<p class="warn">${t('upstream.clock', {
            seconds: formatNumber(offset / 1000, 1),
          })}</p>`
        : ''}
      <div class="numbers dim">${['sent', 'merged', 'given_up'].map(
        (name) => html`<span>${t(`upstream.${name}`)} <b>${formatNumber(mapping[name])}</b></span>`,
      )}</div>
    </div>`;
  }

  #backlog({ backlog_points: points, oldest_ms: oldest }) {
    if (points === null) return t('upstream.counting');
    if (points === 0) return t('upstream.no_backlog');
    return t('upstream.backlog', {
      points: formatNumber(points),
      ago: formatAgo(oldest, live.now()),
    });
  }
}

customElements.define('bg-upstream-page', UpstreamPage);
