// TLS in plain words: what protects this page, and how to make other machines trust the gateway.

import { css, html } from '../../vendor/lit.js';

import { get } from '../../core/api.js';
import { GatewayElement, shared } from '../../core/element.js';
import { formatTime } from '../../core/format.js';
import { live } from '../../core/live.js';
import { Loader } from '../../core/loader.js';
import { t } from '../../core/texts.js';

const SYSTEMS = ['android', 'ios', 'windows', 'macos', 'linux', 'firefox'];
const SOON_MS = 30 * 86_400_000;

class Tls extends GatewayElement {
  static styles = [
    shared,
    css`
      summary { min-height: var(--touch); align-content: center; cursor: pointer; }
      details p { white-space: pre-line; }
      .print { overflow-wrap: anywhere; font-family: var(--mono); font-size: .85rem; }
      .ways { margin-top: 1rem; }
    `,
  ];

  #tls = new Loader(this, () => get('/tls'));

  render() {
    return html`<section class="card">
      <h2>${t('tls.heading')}</h2>
      <p>${t(location.protocol === 'https:' ? 'tls.is_https' : 'tls.is_http')}</p>
      ${this.#tls.view((tls) =>
        tls.enabled ? this.#served(tls) : html`<p>${t('tls.off')}</p>`,
      )}
    </section>`;
  }

  #served(tls) {
    const places = tls.ports.map((port) => `https://${location.hostname}:${port}/`);
    const isSoon = tls.not_after_ms - live.now() < SOON_MS;
    return html`
      <dl class="facts">
        <dt>${t('tls.places')}</dt>
        <dd>${places.map((place) => html`<a href=${place}>${place}</a> `)}</dd>
        <dt>${t('tls.names')}</dt><dd>${tls.names.join(', ')}</dd>
        <dt>${t('tls.until')}</dt>
        <dd class=${isSoon ? 'warn' : ''}>${formatTime(tls.not_after_ms)}</dd>
        <dt>${t('tls.fingerprint')}</dt><dd class="print">${tls.fingerprint}</dd>
      </dl>
      <div class="ways">
        ${tls.own_ca ? this.#authority(tls) : html`<p>${t('tls.own_files')}</p>`}</div>`;
  }

  #authority(tls) {
    return html`
      <h3>${t('tls.why')}</h3>
      <p>${t('tls.why_text')}</p>
      <p>${t('tls.care')}</p>
      <p><a class="button primary" href="/ca.crt" download="blynk-gateway-ca.crt">
        ${t('tls.download')}</a></p>
      <p>${t('tls.ca_fingerprint')} <span class="print">${tls.ca_fingerprint}</span></p>
      <h3>${t('tls.how')}</h3>
      ${SYSTEMS.map(
        (system) => html`<details>
          <summary>${t(`tls.${system}`)}</summary>
          <p>${t(`tls.${system}_steps`)}</p>
        </details>`,
      )}
      <p class="dim">${t('tls.boards')}</p>`;
  }
}

customElements.define('bg-tls', Tls);
