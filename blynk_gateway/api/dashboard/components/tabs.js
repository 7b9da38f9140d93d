// A row of tabs: `<bg-tabs .names=${[…]} .selected=${0} label="…" @chosen=${…}>`; its `detail` is
// the index.

import { css, html } from '../vendor/lit.js';

import { GatewayElement, shared } from '../core/element.js';

const KEYS = {
  ArrowLeft: (at) => at - 1,
  ArrowRight: (at) => at + 1,
  Home: () => 0,
  End: (_at, count) => count - 1,
};

class Tabs extends GatewayElement {
  static properties = {
    names: { attribute: false },
    selected: { type: Number },
    label: {},
  };

  static styles = [
    shared,
    css`
      :host { display: block; min-width: 0; }
      [role="tablist"] { display: flex; gap: .2rem; overflow-x: auto; padding: 3px; }
      button { border: 0; border-bottom: 3px solid transparent; border-radius: 8px 8px 0 0;
        background: none; white-space: nowrap; max-width: 16rem; flex: none; }
      button span { overflow: hidden; text-overflow: ellipsis; }
      button[aria-selected="true"] { border-bottom-color: var(--accent); font-weight: 600; }
      button:focus-visible { outline-offset: -1px; }
    `,
  ];

  render() {
    return html`<div role="tablist" aria-label=${this.label} @keydown=${this.#key}>
      ${this.names.map((name, index) => html`<button role="tab" type="button"
        aria-selected=${index === this.selected} tabindex=${index === this.selected ? 0 : -1}
        @click=${() => this.#choose(index)}><span>${name}</span></button>`)}
    </div>`;
  }

  #choose(index) {
    if (index === this.selected) return;
    this.dispatchEvent(new CustomEvent('chosen', { detail: index }));
  }

  #key(event) {
    const count = this.names.length;
    const to = KEYS[event.key]?.(this.selected, count);
    if (to === undefined) return;
    event.preventDefault();
    const index = (to + count) % count;
    this.renderRoot.querySelectorAll('button')[index].focus();
    this.#choose(index);
  }
}

customElements.define('bg-tabs', Tabs);
