// The pages of a dashboard that is being edited: one of them chosen, named, moved or removed.

import { css, html } from '../vendor/lit.js';

import { icon } from '../components/icon.js';
import '../components/tabs.js';
import { GatewayElement, shared } from '../core/element.js';
import { t } from '../core/texts.js';

class EditorPages extends GatewayElement {
  static properties = {
    pages: { attribute: false },
    pageKey: {},
  };

  static styles = [
    shared,
    css`
      :host { display: flex; flex-wrap: wrap; gap: .4rem; align-items: center;
        margin-bottom: .6rem; }
      bg-tabs { flex: 0 1 auto; max-width: 100%; }
      input { width: 12rem; }
    `,
  ];

  render() {
    const { pages } = this;
    const index = pages.findIndex((page) => page.key === this.pageKey);
    return html`
      <bg-tabs .names=${pages.map(pageName)} .selected=${index} label=${t('dashboard.pages')}
        @chosen=${(event) => this.#tell(event, 'chosen', pages[event.detail].key)}></bg-tabs>
      <button @click=${(event) => this.#tell(event, 'add-page')}>${t('editor.page_add')}</button>
      <input maxlength="256" aria-label=${t('editor.page_title')} .value=${pages[index].title}
        placeholder=${t('editor.page_title')}
        @input=${(event) => this.#tell(event, 'rename-page', event.target.value)}>
      ${pages.length > 1
        ? html`
          <button aria-label=${t('editor.page_left')} ?disabled=${index === 0}
            @click=${(event) => this.#tell(event, 'move-page', -1)}>${icon('left')}</button>
          <button aria-label=${t('editor.page_right')} ?disabled=${index === pages.length - 1}
            @click=${(event) => this.#tell(event, 'move-page', 1)}>${icon('right')}</button>
          <button class="danger" @click=${(event) => this.#tell(event, 'remove-page')}>
            ${t('editor.page_remove')}</button>`
        : ''}`;
  }

  #tell(event, type, detail) {
    event.stopPropagation();
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

const pageName = (page, index) => page.title || t('dashboard.page_number', { number: index + 1 });

customElements.define('bg-editor-pages', EditorPages);
