// How the gateway is and what it is set to; for everybody their own password, language and theme.

import { html } from '../vendor/lit.js';

import { GatewayElement } from '../core/element.js';
import { session } from '../core/session.js';
import { t } from '../core/texts.js';
import './settings/account.js';
import './settings/configuration.js';
import './settings/data.js';
import './settings/health.js';
import './settings/tls.js';

class SettingsPage extends GatewayElement {
  static properties = { path: { attribute: false } };

  render() {
    return html`<div class="head"><h1>${t('nav.settings')}</h1></div>
      <bg-account></bg-account>
      <bg-health></bg-health>
      ${session.can('admin') ? html`<bg-configuration></bg-configuration>` : ''}
      <bg-data></bg-data>
      <bg-tls></bg-tls>`;
  }
}

customElements.define('bg-settings-page', SettingsPage);
