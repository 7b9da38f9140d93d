// Copying a text: `<bg-copy .text=…>`, a button; `<bg-copy-field label="…" .text=…>`, with it.

import { css, html } from '../vendor/lit.js';

import { GatewayElement, shared } from '../core/element.js';
import { t } from '../core/texts.js';

const SAID_MS = 2000;

class Copy extends GatewayElement {
  static properties = {
    text: { attribute: false },
    label: {},
    said: { state: true },
  };

  static styles = [shared, css`:host { display: inline-block; }`];

  render() {
    return html`<button @click=${this.#copy}>
      <span aria-live="polite">${this.said ?? this.label ?? t('action.copy')}</span></button>`;
  }

  async #copy() {
    const isCopied = await this.#put();
    this.said = t(isCopied ? 'copy.done' : 'copy.failed');
    setTimeout(() => (this.said = undefined), SAID_MS);
  }

  async #put() {
    try {
      await navigator.clipboard.writeText(this.text);
      return true;
    } catch {
      // Without TLS browsers offer no clipboard; the old way works everywhere.
    }
    // In here, as nothing outside of an open dialog can be selected.
    const area = document.createElement('textarea');
    area.value = this.text;
    this.renderRoot.append(area);
    area.select();
    const isCopied = document.execCommand('copy');
    area.remove();
    this.renderRoot.querySelector('button').focus();
    return isCopied;
  }
}

customElements.define('bg-copy', Copy);

class CopyField extends GatewayElement {
  static properties = { text: { attribute: false }, label: {} };

  static styles = [
    shared,
    css`
      :host { display: block; margin: 0 0 .9rem; }
      label { flex: 1 1 14rem; min-width: 0; font-size: .9rem; color: var(--dim); }
      input { font-family: var(--mono); }
      .row { align-items: end; }
    `,
  ];

  render() {
    return html`<div class="row">
      <label>${this.label}
        <input readonly .value=${this.text ?? ''}
          @focus=${(event) => event.target.select()}></label>
      <bg-copy .text=${this.text}></bg-copy>
    </div>`;
  }
}

customElements.define('bg-copy-field', CopyField);
