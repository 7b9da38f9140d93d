// How to connect a device: its token, a sketch for a board, and the token as a picture.

import { css, html } from '../../vendor/lit.js';

import '../../components/copy.js';
import { get } from '../../core/api.js';
import { download } from '../../core/download.js';
import { GatewayElement, shared } from '../../core/element.js';
import { Loader } from '../../core/loader.js';
import { t } from '../../core/texts.js';

class Connect extends GatewayElement {
  static properties = {
    slug: {},
    board: { state: true },
  };

  static styles = [
    shared,
    css`
      pre { background: var(--page); border: 1px solid var(--line); border-radius: 8px;
        padding: .7rem; max-height: 24rem; overflow: auto; margin: .6rem 0; tab-size: 2; }
      .qr { background: #fff; padding: .5rem; border-radius: 8px; width: 10rem; height: 10rem; }
      .parts { display: flex; flex-wrap: wrap; gap: 1rem; align-items: start; }
      .parts > div { flex: 1 1 18rem; min-width: 0; }
      .board { display: inline-flex; gap: .5rem; align-items: center; }
      select { width: auto; }
    `,
  ];

  #token = new Loader(this, () => get(`${this.#path}/token`));
  #sketch = new Loader(this, () =>
    get(`${this.#path}/sketch${this.board ? `?board=${encodeURIComponent(this.board)}` : ''}`),
  );

  get #path() {
    return `/devices/${encodeURIComponent(this.slug)}`;
  }

  updated(changed) {
    // Both have been asked for when it appeared; of another device they are others.
    if (changed.get('slug') !== undefined) {
      this.#token.refresh();
      this.#sketch.refresh();
    }
  }

  render() {
    return html`
      <div class="parts">
        <div>
          ${this.#token.view(
            ({ token }) => html`<bg-copy-field .text=${token} label=${t('connect.token')}>
              </bg-copy-field>`,
          )}
          <p class="dim">${t('connect.token_hint')}</p>
        </div>
        <img class="qr" src=${`/api/v1${this.#path}/qr`} alt=${t('connect.qr')}>
      </div>
      <h3>${t('connect.sketch')}</h3>
      ${this.#sketch.view((sketch) => this.#text(sketch))}`;
  }

  #text({ board, boards, text }) {
    return html`
      <div class="row">
        <label class="board">${t('connect.board')}
          <select @change=${this.#choose}>${boards.map(
            (one) => html`<option .selected=${one === board}>${one}</option>`,
          )}</select></label>
        <bg-copy .text=${text} label=${t('connect.copy_sketch')}></bg-copy>
        <button @click=${() => download(`${this.slug}.ino`, text)}>
          ${t('connect.download')}</button>
      </div>
      <pre tabindex="0" aria-label=${t('connect.sketch')}>${text}</pre>`;
  }

  #choose = (event) => {
    this.board = event.target.value;
    this.#sketch.refresh();
  };
}

customElements.define('bg-connect', Connect);
