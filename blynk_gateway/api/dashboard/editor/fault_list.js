// What the gateway found wrong with a draft; a fault of a widget leads to it by `show`.

import { css, html } from '../vendor/lit.js';

import { GatewayElement, shared } from '../core/element.js';

class FaultList extends GatewayElement {
  static properties = {
    message: {},
    faults: { attribute: false }, // As `parseFaults` returns them.
    name: { attribute: false }, // What the widget of a key is called, '' if it is gone.
  };

  static styles = [
    shared,
    css`
      ul { margin: .3rem 0 0; padding-left: 1.2rem; }
      button { padding: .1rem .7rem; }
    `,
  ];

  render() {
    if (!this.message && !this.faults.length) return '';
    return html`<div class="error" role="alert">
      ${this.message}
      ${this.faults.length
        ? html`<ul>${this.faults.map((fault) => html`<li>
            ${this.#place(fault)} ${fault.text}</li>`)}</ul>`
        : ''}
    </div>`;
  }

  #place(fault) {
    const name = fault.widget && this.name(fault.widget);
    if (!name) return '';
    const show = () => this.dispatchEvent(new CustomEvent('show', { detail: fault }));
    return html`<button @click=${show}>${name}</button>`;
  }
}

customElements.define('bg-fault-list', FaultList);
