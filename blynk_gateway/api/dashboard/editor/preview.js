// One widget as it will be, with the values of its pins as they are.

import { css, html } from '../vendor/lit.js';

import { GatewayElement, shared } from '../core/element.js';
import { t } from '../core/texts.js';
import { makeWidget } from '../widgets/make.js';
import { tidied } from './types.js';

const AFTER_MS = 150; // A person who types gets one new drawing, not one for each key.

class Preview extends GatewayElement {
  static properties = {
    widget: { attribute: false },
    size: { attribute: false },
  };

  static styles = [
    shared,
    css`
      :host { display: block; }
      .stage { background: var(--page); border: 1px solid var(--line); padding: .8rem;
        border-radius: var(--radius); overflow: hidden; }
      .face { margin: 0 auto; }
    `,
  ];

  #timer = null;
  #drawn = '';

  disconnectedCallback() {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
  }

  render() {
    return html`<h3>${t('editor.preview')}</h3>
      <div class="stage"><div class="face"></div></div>`;
  }

  updated() {
    const wanted = JSON.stringify(this.widget);
    if (wanted === this.#drawn) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#draw(wanted), this.#drawn ? AFTER_MS : 0);
  }

  async #draw(wanted) {
    this.#drawn = wanted;
    const made = await makeWidget(tidied(this.widget), true);
    if (wanted !== this.#drawn) return;
    made.inert = true;
    const face = this.renderRoot.querySelector('.face');
    const [width, height] = this.size;
    // As wide as on a phone, where a column is about 85 px.
    face.style.width = `min(100%, ${width * 85}px)`;
    face.style.height = `${height * 66 - 10}px`;
    face.replaceChildren(made);
  }
}

customElements.define('bg-preview', Preview);
