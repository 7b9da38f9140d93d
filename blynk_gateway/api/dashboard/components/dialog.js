// A dialog: `<bg-dialog .open=${…} heading="…" @closed=${…}>content</bg-dialog>`.

import { css, html } from '../vendor/lit.js';

import { GatewayElement, shared } from '../core/element.js';
import { t } from '../core/texts.js';
import { icon } from './icon.js';

class Dialog extends GatewayElement {
  static properties = {
    open: { type: Boolean },
    heading: {},
    wide: { type: Boolean },
  };

  static styles = [
    shared,
    css`
      dialog {
        background: var(--card); color: var(--text); border: 1px solid var(--line);
        border-radius: var(--radius); padding: 0; width: min(32rem, 94vw); max-height: 90vh;
      }
      dialog.wide { width: min(60rem, 96vw); }
      dialog::backdrop { background: rgb(0 0 0 / 50%); }
      header { display: flex; align-items: center; justify-content: space-between;
        padding: .6rem .6rem .2rem 1rem; }
      .content { padding: .4rem 1rem 1rem; }
    `,
  ];

  updated(changed) {
    if (!changed.has('open')) return;
    const dialog = this.renderRoot.querySelector('dialog');
    if (this.open && !dialog.open) {
      dialog.showModal();
      // Of itself it would begin at the button that closes it.
      this.querySelector('input:not([hidden]), select, textarea')?.focus();
    }
    if (!this.open && dialog.open) dialog.close();
  }

  render() {
    return html`<dialog class=${this.wide ? 'wide' : ''} aria-label=${this.heading}
        @close=${this.#closed}>
      <header>
        <h2>${this.heading}</h2>
        <button class="plain" aria-label=${t('action.close')}
          @click=${() => this.renderRoot.querySelector('dialog').close()}>${icon('close')}</button>
      </header>
      <div class="content">${this.open ? html`<slot></slot>` : ''}</div>
    </dialog>`;
  }

  #closed() {
    this.open = false;
    this.dispatchEvent(new Event('closed'));
  }
}

customElements.define('bg-dialog', Dialog);

class Confirm extends GatewayElement {
  static properties = { text: {}, action: {}, open: { state: true } };

  // In here: a class field would hide the property that draws anew.
  constructor() {
    super();
    this.open = true;
    this.answer = false;
  }

  render() {
    return html`<bg-dialog .open=${this.open} heading=${t('confirm.heading')}
        @closed=${() => this.dispatchEvent(new Event('answered'))}>
      <p>${this.text}</p>
      <div class="row">
        <button class="danger" @click=${() => this.#end(true)}>${this.action}</button>
        <button @click=${() => this.#end(false)}>${t('action.cancel')}</button>
      </div>
    </bg-dialog>`;
  }

  #end(answer) {
    this.answer = answer;
    this.open = false;
  }
}

customElements.define('bg-confirm', Confirm);

/**
 * Ask before something that cannot be undone.
 *
 * @param {string} text    what will happen
 * @param {string} action  what the button says
 * @returns {Promise<boolean>}
 */
export function confirmed(text, action) {
  return new Promise((resolve) => {
    const question = document.createElement('bg-confirm');
    Object.assign(question, { text, action });
    question.addEventListener('answered', () => {
      question.remove();
      resolve(question.answer);
    });
    document.body.append(question);
  });
}
