// A menu: the value is the number of the entry.

import { css, html, live as bound } from '../vendor/lit.js';

import { cut } from '../core/format.js';
import { choicesOf, chosen } from './inputs/choices.js';
import { controls } from './inputs/style.js';
import { Widget } from './widget.js';

const NONE = '\0'; // No value of a pin: it would be two.

class Menu extends Widget {
  static styles = [
    Widget.styles,
    controls,
    css`select { font-size: 1.05rem; min-width: 0; text-overflow: ellipsis; }`,
  ];

  body() {
    const choices = choicesOf(this);
    const now = chosen(choices, this.values);
    return html`<select aria-label=${this.label} ?disabled=${!this.isWritable}
      @change=${this.#choose}>
      ${now ? '' : html`<option value=${NONE} disabled selected>${this.#odd()}</option>`}
      ${choices.map(
        (choice) => html`<option value=${choice.value}
          .selected=${bound(choice === now)}>${choice.label}</option>`,
      )}
    </select>`;
  }

  // A value that no entry stands for is shown as it is.
  #odd() {
    return this.values.length ? cut(this.values.join(', '), 80) : '–';
  }

  #choose = (event) => {
    this.write([event.target.value]);
    this.used();
  };
}

customElements.define('bg-menu', Menu);
