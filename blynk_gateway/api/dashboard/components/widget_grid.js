// The widgets of one page on their grid, to look at and to use: `.widgets` and `.layout`.

import { LitElement, css, html, nothing, repeat } from '../vendor/lit.js';

import { COLUMNS } from '../editor/placing.js';
import { makeWidget } from '../widgets/make.js';

const AHEAD = '800px'; // Widgets so far below the visible part are drawn already.

class WidgetGrid extends LitElement {
  static properties = {
    widgets: { attribute: false },
    layout: {}, // 'desktop' or 'phone'
  };

  static styles = css`
    :host { display: block; }
    .grid { display: grid; gap: var(--gap); grid-auto-rows: var(--row); }
    .grid.desktop { grid-template-columns: repeat(12, minmax(0, 1fr)); }
    .grid.phone { grid-template-columns: repeat(4, minmax(0, 1fr)); max-width: 34rem;
      margin: 0 auto; }
    .cell { min-width: 0; min-height: 0; content-visibility: auto; overflow-clip-margin: 6px; }
  `;

  #seen = new IntersectionObserver((entries) => this.#draw(entries), { rootMargin: AHEAD });
  #drawn = new WeakMap(); // cell -> config, or the widget of it

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#seen.disconnect();
  }

  connectedCallback() {
    super.connectedCallback();
    this.requestUpdate();
  }

  render() {
    const widgets = this.widgets ?? [];
    if (!widgets.length) return nothing;
    // In the order in which they are read: the keyboard and screen readers follow it.
    const inOrder = [...widgets].sort(
      (one, other) => one[this.layout][1] - other[this.layout][1]
        || one[this.layout][0] - other[this.layout][0],
    );
    return html`<div class="grid ${this.layout}">
      ${repeat(inOrder, (widget) => widget, (widget) =>
        html`<div class="cell" .config=${widget}></div>`)}
    </div>`;
  }

  updated() {
    const columns = COLUMNS[this.layout];
    for (const cell of this.renderRoot.querySelectorAll('.cell')) {
      const [x, y, width, height] = cell.config[this.layout];
      cell.style.gridColumn = `${Math.min(x, columns - 1) + 1} / span ${Math.min(width, columns)}`;
      cell.style.gridRow = `${y + 1} / span ${height}`;
      if (!this.#drawn.has(cell)) this.#seen.observe(cell);
    }
  }

  async #draw(entries) {
    for (const { target: cell, isIntersecting } of entries) {
      if (!isIntersecting || this.#drawn.has(cell)) continue;
      this.#drawn.set(cell, true);
      this.#seen.unobserve(cell);
      makeWidget(cell.config).then((widget) => cell.replaceChildren(widget));
    }
  }
}

customElements.define('bg-widget-grid', WidgetGrid);
