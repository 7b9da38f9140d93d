// Who may come in: users, keys of programs, and shared links.

import { html } from '../vendor/lit.js';

import { GatewayElement } from '../core/element.js';
import { t } from '../core/texts.js';
import './users/api_tokens.js';
import './users/people.js';
import './users/shares.js';

class UsersPage extends GatewayElement {
  static properties = { path: { attribute: false } };

  render() {
    return html`<div class="head"><h1>${t('nav.users')}</h1></div>
      <bg-people></bg-people>
      <bg-shares></bg-shares>
      <bg-api-tokens></bg-api-tokens>`;
  }
}

customElements.define('bg-users-page', UsersPage);
