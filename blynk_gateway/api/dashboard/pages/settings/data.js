// What is kept: how much history there is, and a copy of everything.

import { css, html } from '../../vendor/lit.js';

import { get } from '../../core/api.js';
import { GatewayElement, shared } from '../../core/element.js';
import { formatBytes, formatNumber, formatTime } from '../../core/format.js';
import { Loader } from '../../core/loader.js';
import { session } from '../../core/session.js';
import { t } from '../../core/texts.js';

class DataPart extends GatewayElement {
  static styles = [
    shared,
    css`
      .streams { max-height: 20rem; overflow: auto; }
      summary { min-height: var(--touch); align-content: center; cursor: pointer; }
      .backup { margin-top: 1rem; }
    `,
  ];

  #stats = new Loader(this, () => get('/history-stats'));

  render() {
    return html`<section class="card">
      <h2>${t('data.heading')}</h2>
      ${this.#stats.view((stats) => this.#facts(stats))}
      ${session.can('admin')
        ? html`<div class="backup">
            <p>${t('data.backup_hint')}</p>
            <a class="button" href="/api/v1/backup" download>${t('data.backup')}</a>
          </div>`
        : ''}
    </section>`;
  }

  #facts(stats) {
    return html`
      <dl class="facts">
        <dt>${t('data.points')}</dt><dd>${formatNumber(stats.points)}</dd>
        <dt>${t('data.oldest')}</dt><dd>${formatTime(stats.oldest_ms)}</dd>
        <dt>${t('data.size')}</dt><dd>${formatBytes(stats.file_bytes)}</dd>
      </dl>
      ${stats.doubtful.length
        ? html`<h3 class="warn">${t('data.doubtful')}</h3>
            <ul>${stats.doubtful.map(
              (one) => html`<li>${t(`data.${one.quality}`, {
                from: formatTime(one.from_ms),
                to: one.to_ms === null ? t('data.now') : formatTime(one.to_ms),
              })}</li>`,
            )}</ul>`
        : ''}
      ${stats.streams.length
        ? html`<details><summary>${t('data.streams')}</summary>
            <div class="streams" tabindex="0" role="region" aria-label=${t('data.streams')}><table>
              <thead><tr><th>${t('pins.pin')}</th><th class="number">${t('data.points')}</th></tr>
              </thead>
              <tbody>${[...stats.streams]
                .sort((one, other) => other.points - one.points)
                .map(
                  ({ address, points }) => html`<tr><td><code>${address}</code></td>
                    <td class="number">${formatNumber(points)}</td></tr>`,
                )}</tbody>
            </table></div></details>`
        : ''}`;
  }
}

customElements.define('bg-data', DataPart);
