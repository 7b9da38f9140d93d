// A text that is typed. Enter, and leaving the field, write it.

import { css, html, live as bound } from '../vendor/lit.js';

import { controls } from './inputs/style.js';
import { Widget } from './widget.js';

const MAX_LENGTH = 1000; // A message to a device has no room for much more.

class TextInput extends Widget {
  static properties = { draft: { state: true } }; // What is being typed, null for nothing

  static styles = [Widget.styles, controls, css`input { font-size: 1.05rem; min-width: 0; }`];

  constructor() {
    super();
    this.draft = null;
  }

  body() {
    return html`<input type="text" autocomplete="off" enterkeyhint="send" aria-label=${this.label}
      maxlength=${this.numberOption('limit', MAX_LENGTH)}
      .value=${bound(this.draft ?? this.#shown())} ?disabled=${!this.isWritable}
      @input=${(event) => (this.draft = event.target.value)}
      @keydown=${this.#key} @blur=${this.#left}>`;
  }

  #shown() {
    return this.values.join(', ');
  }

  #commit = () => {
    if (this.draft === null) return;
    // A NUL separates the values of a message.
    const text = this.draft.replaceAll('\0', '');
    this.draft = null;
    this.write([text]);
    this.used();
  };

  #left = () => {
    if (this.draft === this.#shown()) this.draft = null;
    this.#commit();
  };

  #key = (event) => {
    if (event.key === 'Escape') this.draft = null;
    if (event.key === 'Enter' && !event.isComposing) this.#commit();
  };
}

customElements.define('bg-text-input', TextInput);
