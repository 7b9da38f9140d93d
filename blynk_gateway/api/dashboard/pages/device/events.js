// The events of a device, newest first, new ones as they come.

import { css, html } from '../../vendor/lit.js';

import { mark, resolveButton } from '../../components/event.js';
import { get } from '../../core/api.js';
import { GatewayElement, shared } from '../../core/element.js';
import { cut, formatTime } from '../../core/format.js';
import { live } from '../../core/live.js';
import { Loader } from '../../core/loader.js';
import { t } from '../../core/texts.js';

const LIMIT = 50;

class DeviceEvents extends GatewayElement {
  static properties = { slug: {} };

  static styles = [
    shared,
    css`
      td:first-child { white-space: nowrap; }
      td { overflow-wrap: anywhere; }
      .mark svg { vertical-align: -.3em; }
      .mark:not(.good, .warn, .bad) { color: var(--dim); }
      .resolve { min-height: 2.2rem; padding: .2rem .7rem; }
    `,
  ];

  #events = new Loader(this, () =>
    get(`/events?device=${encodeURIComponent(this.slug)}&limit=${LIMIT}`),
  );

  connectedCallback() {
    super.connectedCallback();
    live.addEventListener('event', this.#came);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    live.removeEventListener('event', this.#came);
  }

  #came = (event) => {
    if (event.detail.device === this.slug) this.#events.refresh();
  };

  render() {
    return this.#events.view(({ events }) =>
      events.length
        ? html`<div class="scroll" tabindex="0"><table>
            <thead><tr><th>${t('events.time')}</th><th>${t('events.what')}</th>
              <th>${t('events.text')}</th></tr></thead>
            <tbody>${events.map(
              (one) => html`<tr>
                <td>${formatTime(one.at_ms)}</td>
                <td>${mark(one)} ${cut(one.name || one.kind, 60)}
                  ${one.kind === 'resolved' ? html`<span class="good">${t('event.type.resolved')}</span>` : ''}
                  ${one.kind === 'logged' && one.resolved_ms !== null
                    ? html`<div class="dim">${t('event.resolved', {
                        when: formatTime(one.resolved_ms),
                        who: one.resolved_by.replace(/^api:user /, ''),
                      })}</div>`
                    : ''}</td>
                <td>${one.kind === 'resolved' && one.description === 'all'
                  ? t('event.resolved_all')
                  : cut(one.description)} ${resolveButton(one)}</td>
              </tr>`,
            )}</tbody>
          </table></div>`
        : html`<p class="empty">${t('events.empty')}</p>`,
    );
  }
}

customElements.define('bg-device-events', DeviceEvents);
