// A segmented switch: one of a few, all of them in sight.

import { css, html } from '../vendor/lit.js';

import { cut } from '../core/format.js';
import { choicesOf, chosen } from './inputs/choices.js';
import { controls } from './inputs/style.js';
import { Widget } from './widget.js';

class Segmented extends Widget {
  static styles = [
    Widget.styles,
    controls,
    css`
      .body { flex-direction: column; gap: .2rem; }
      .segments { display: flex; flex-wrap: wrap; gap: 4px; width: 100%; max-height: 100%;
        overflow-y: auto; padding: 3px; }
      button { flex: 1 1 auto; min-width: var(--touch); max-width: 100%; padding: .2rem .5rem; }
      button > span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
      .odd { flex: none; font-size: .85rem; line-height: 1.3; max-width: 100%;
        overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
      @container (max-height: 80px) {
        .body { flex-direction: row; }
        .segments { flex-wrap: nowrap; overflow: auto hidden; width: auto; flex: 1 1 auto; }
        .label { max-width: 30%; }
        .odd { max-width: 25%; }
      }
      @container (min-height: 150px) and (max-width: 240px) {
        .segments { flex-flow: column; flex-wrap: nowrap; height: 100%; }
      }
    `,
  ];

  body() {
    const choices = choicesOf(this);
    const now = chosen(choices, this.values);
    const reachable = now ?? choices[0];
    const { values } = this;
    return html`<div class="segments" role="radiogroup" aria-label=${this.label}
        @keydown=${this.#key}>
      ${choices.map(
        (choice) => html`<button class="chip" role="radio" aria-checked=${choice === now}
          tabindex=${choice === reachable ? 0 : -1} ?disabled=${!this.isWritable}
          title=${choice.label} @click=${() => this.#choose(choice)}>
          <span>${choice.label}</span></button>`,
      )}
      ${choices.length ? '' : html`<span class="dim">–</span>`}
    </div>
    ${now || !values.length
      ? ''
      : html`<span class="odd dim">${cut(values.join(', '), 60)}</span>`}`;
  }

  #choose(choice) {
    this.write([choice.value]);
    this.used();
  }

  #key = (event) => {
    const buttons = [...this.renderRoot.querySelectorAll('[role="radio"]')];
    const at = buttons.indexOf(this.renderRoot.activeElement);
    const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
    let next;
    if (event.key in steps) next = (at + steps[event.key] + buttons.length) % buttons.length;
    else if (event.key === 'Home') next = 0;
    else if (event.key === 'End') next = buttons.length - 1;
    else return;
    event.preventDefault();
    buttons[next]?.focus();
    buttons[next]?.click();
  };
}

customElements.define('bg-segmented', Segmented);
