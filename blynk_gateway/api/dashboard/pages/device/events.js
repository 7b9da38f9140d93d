// The events of a device, newest first, new ones as they come.

import { css, html } from '../../vendor/lit.js';

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
    css`td:first-child { white-space: nowrap; } td { overflow-wrap: anywhere; }`,
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
                <td>${cut(one.code || one.kind, 60)}</td>
                <td>${cut(one.description)}</td>
              </tr>`,
            )}</tbody>
          </table></div>`
        : html`<p class="empty">${t('events.empty')}</p>`,
    );
  }
}

customElements.define('bg-device-events', DeviceEvents);
