// A table that a device fills; people select its rows and put them into another order.

import { css, html, live, nothing, repeat } from '../vendor/lit.js';

import { cut } from '../core/format.js';
import { t } from '../core/texts.js';
import { ReplayWidget } from './displays/replay.js';
import { Rows } from './displays/rows.js';
import { filling } from './displays/shown.js';

const MAX_CELL = 120; // Characters.
const PAST = 500; // Commands that may have made up what there is now.

class Table extends ReplayWidget {
  static properties = { isOrdering: { state: true } };

  static styles = [
    ReplayWidget.styles,
    filling,
    css`
      .table { flex: 1; align-self: stretch; min-width: 0; display: flex; flex-direction: column;
        gap: .3rem; }
      .rows { flex: 1; min-height: 0; overflow: auto; overscroll-behavior: contain;
        position: relative; }
      table { table-layout: fixed; }
      th, td { padding: .1rem .3rem; overflow-wrap: anywhere; }
      th.tick { width: 2.9rem; }
      th.move { width: 6rem; }
      tr { scroll-margin-top: 2.2rem; }
      thead th { position: sticky; top: 0; background: var(--card); z-index: 1; }
      .cell { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2;
        overflow: hidden; }
      td.tick { padding: 0; }
      td.tick label { display: grid; place-items: center; min-width: var(--touch);
        min-height: var(--touch); cursor: pointer; }
      td.move { white-space: nowrap; padding: 0; text-align: right; }
      td.move button { min-width: var(--touch); padding: 0; }
      tr.picked td { background: var(--accent-soft); }
      tr.unselected td:not(.tick, .move) { color: var(--dim); }
      .order { align-self: flex-end; font-size: .85rem; }
      @container (max-height: 200px) { .order { display: none; } }
      .empty { color: var(--dim); margin: auto; }
    `,
  ].flat();

  #rows = new Rows();
  #shownPick = null;

  get past() {
    return PAST;
  }

  begin() {
    this.#rows = new Rows();
  }

  take(values) {
    this.#rows.take(values);
  }

  updated() {
    if (this.#rows.picked === this.#shownPick) return;
    this.#shownPick = this.#rows.picked;
    this.renderRoot.querySelector('.picked')?.scrollIntoView({ block: 'nearest' });
  }

  body() {
    const { rows } = this.#rows;
    if (!rows.length) return html`<p class="empty">${t('widget.table.empty')}</p>`;
    return html`<div class="table">
      <div class="rows" tabindex="0" role="group" aria-label=${this.label}>
        <table>
          <thead><tr>
            <th scope="col" class="tick">
              <span class="visually-hidden">${t('widget.table.selected')}</span></th>
            <th scope="col">${t('widget.table.name')}</th>
            <th scope="col">${t('widget.table.value')}</th>
            ${this.isOrdering ? html`<th scope="col" class="move">
              <span class="visually-hidden">${t('widget.table.order')}</span></th>` : nothing}
          </tr></thead>
          <tbody>${repeat(rows, (row) => row.id, (row, index) => this.#row(row, index))}</tbody>
        </table>
      </div>
      ${this.isWritable && rows.length > 1
        ? html`<button class="order plain" aria-pressed=${this.isOrdering ? 'true' : 'false'}
            @click=${() => (this.isOrdering = !this.isOrdering)}>
            ⇅ ${t('widget.table.order')}</button>`
        : nothing}
    </div>`;
  }

  #row(row, index) {
    const isSelected = this.#isSelected(row);
    const isPicked = row.id === this.#rows.picked;
    const [name, value] = [row.name, row.value].map((text) => cut(text, MAX_CELL));
    return html`<tr class="${isPicked ? 'picked' : ''} ${isSelected ? '' : 'unselected'}"
        aria-current=${isPicked ? 'true' : nothing}>
      <td class="tick"><label><input type="checkbox" .checked=${live(isSelected)}
        ?disabled=${!this.isWritable} aria-label=${t('widget.table.select', { name })}
        @change=${(event) => this.write([event.target.checked ? 'select' : 'deselect', row.id])}
      ></label></td>
      <td><span class="cell" title=${name}>${name}</span></td>
      <td><span class="cell" title=${value}>${value}</span></td>
      ${this.isOrdering
        ? html`<td class="move">
            ${this.#mover('↑', 'widget.table.up', name, index, index - 1)}
            ${this.#mover('↓', 'widget.table.down', name, index, index + 1)}</td>`
        : nothing}
    </tr>`;
  }

  #mover(sign, key, name, from, to) {
    const isPossible = this.isWritable && to >= 0 && to < this.#rows.rows.length;
    return html`<button class="plain" ?disabled=${!isPossible} aria-label=${t(key, { name })}
      @click=${() => this.write(['order', from, to])}>${sign}</button>`;
  }

  // A choice shows at once; `values` is what was written here until the gateway tells it.
  #isSelected(row) {
    const [command, id] = this.values;
    const isAboutIt = ['select', 'deselect'].includes(command) && id === row.id;
    return isAboutIt ? command === 'select' : row.isSelected;
  }
}

customElements.define('bg-table', Table);
