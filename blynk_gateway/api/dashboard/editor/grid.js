// The page that is being edited: widgets to drag, resize and move by keys. Its positions are those
// of gridstack; every change of them is told by `moved`, and the editor gives new widgets back.

import { css, html } from '../vendor/lit.js';
import { GridStack } from '../vendor/gridstack.js';

import { GatewayElement, shared } from '../core/element.js';
import { t } from '../core/texts.js';
import { makeWidget } from '../widgets/make.js';
import { COLUMNS } from './placing.js';
import { followTouches } from './touch.js';
import { nameOf } from './types.js';

const STYLES = new URL('../vendor/gridstack.css', import.meta.url).href;
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const place = (node) => [node.x, node.y, node.w, node.h];

class EditorGrid extends GatewayElement {
  static properties = {
    widgets: { attribute: false }, // With `key`; see draft.js.
    layout: {},
    selected: {}, // A key, or null.
    faulty: { attribute: false }, // Keys of those that the gateway refused.
    isReady: { state: true },
  };

  static styles = [
    shared,
    css`
      :host { display: block; }
      .frame { background: var(--page); border: 1px dashed var(--track);
        border-radius: var(--radius); padding: calc(var(--gap) / 2);
        padding-bottom: calc(2 * var(--row)); }
      .frame.phone { max-width: 26rem; margin: 0 auto; }
      .grid-stack { background-size: calc(100% / var(--columns)) calc(var(--row) + var(--gap));
        background-image: linear-gradient(to right, var(--line) 1px, transparent 1px),
          linear-gradient(to bottom, var(--line) 1px, transparent 1px); }
      .grid-stack-item { cursor: grab; border-radius: var(--radius); }
      /* Of two hundred widgets those that nobody sees need not be laid out with each move. */
      .grid-stack-item-content { overflow: hidden !important; border-radius: var(--radius);
        content-visibility: auto; }
      .grid-stack-item:focus-visible { outline: none; }
      .grid-stack-item:focus-visible .grid-stack-item-content {
        outline: 3px solid var(--focus); outline-offset: 1px; }
      .grid-stack-item.selected .grid-stack-item-content {
        box-shadow: 0 0 0 3px var(--accent); }
      .grid-stack-item.faulty .grid-stack-item-content { box-shadow: 0 0 0 3px var(--bad); }
      .grid-stack .grid-stack-item > .ui-resizable-se { width: 26px; height: 26px; right: 6px;
        bottom: 6px;
        background: linear-gradient(135deg, transparent 50%, var(--accent) 50%);
        transform: none; border-bottom-right-radius: var(--radius); opacity: .75;
        cursor: se-resize; }
      .grid-stack-placeholder > .placeholder-content { background: var(--accent-soft) !important;
        border: 2px dashed var(--accent); border-radius: var(--radius); }
      .grid-stack-item, .face { touch-action: pan-y; user-select: none; -webkit-user-select: none; }
      .grid-stack .ui-resizable-handle { touch-action: none; }
      @media (pointer: coarse) {
        .grid-stack .grid-stack-item > .ui-resizable-se { width: 40px; height: 40px; }
      }
    `,
  ];

  #grid = null;
  #items = new Map(); // key -> {element, drawn}
  #isSyncing = false;
  #layout = null;

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#end();
  }

  connectedCallback() {
    super.connectedCallback();
    this.requestUpdate();
  }

  render() {
    return html`<link rel="stylesheet" href=${STYLES} @load=${() => (this.isReady = true)}>
      <p id="keys" class="visually-hidden">${t('editor.keys')}</p>
      <div class="frame ${this.layout}"><div class="grid-stack"></div></div>`;
  }

  updated() {
    if (!this.isReady || !this.isConnected) return;
    if (this.#layout !== this.layout) this.#end();
    if (!this.#grid) this.#begin();
    this.#sync();
  }

  /** Put the focus on a widget. */
  focusOn(key) {
    this.#items.get(key)?.element.focus();
  }

  #begin() {
    const element = this.renderRoot.querySelector('.grid-stack');
    const style = getComputedStyle(this);
    const gap = parseFloat(style.getPropertyValue('--gap'));
    const row = parseFloat(style.getPropertyValue('--row'));
    this.#layout = this.layout;
    element.style.setProperty('--columns', COLUMNS[this.layout]);
    this.#grid = GridStack.init(
      {
        column: COLUMNS[this.layout],
        cellHeight: row + gap,
        margin: gap / 2,
        float: true,
        minRow: 4,
        animate: false,
        alwaysShowResizeHandle: true,
        draggable: { handle: '.grid-stack-item-content' },
        resizable: { handles: 'se' },
      },
      element,
    );
    this.#grid.on('change', () => this.#moved());
  }

  #end() {
    this.#grid?.destroy(false);
    this.#grid = null;
    for (const { element } of this.#items.values()) element.remove();
    this.#items.clear();
  }

  // Make the grid what `widgets` says.
  #sync() {
    this.#isSyncing = true;
    this.#grid.batchUpdate(true);
    const keys = new Set(this.widgets.map((widget) => widget.key));
    for (const [key, { element }] of this.#items) {
      if (keys.has(key)) continue;
      this.#grid.removeWidget(element, true);
      this.#items.delete(key);
    }
    for (const widget of this.widgets) this.#syncOne(widget);
    this.#grid.batchUpdate(false);
    this.#isSyncing = false;
  }

  #syncOne(widget) {
    const [x, y, w, h] = widget[this.layout];
    let item = this.#items.get(widget.key);
    if (!item) {
      item = { element: this.#makeItem(widget.key), drawn: '' };
      this.#items.set(widget.key, item);
      this.#grid.el.append(item.element);
      this.#grid.makeWidget(item.element, { x, y, w, h, id: widget.key });
    } else if (place(item.element.gridstackNode).join() !== [x, y, w, h].join()) {
      this.#grid.update(item.element, { x, y, w, h });
    }
    const drawn = withoutPlaces(widget);
    if (drawn !== item.drawn) {
      item.drawn = drawn;
      makeWidget(widget, true).then((made) => {
        made.inert = true;
        item.element.querySelector('.face').replaceChildren(made);
      });
    }
    const { element } = item;
    element.setAttribute('aria-label', t('editor.item', {
      name: nameOf(widget), column: x + 1, row: y + 1, width: w, height: h,
    }));
    element.setAttribute('aria-roledescription', t('editor.widget'));
    element.classList.toggle('selected', widget.key === this.selected);
    element.classList.toggle('faulty', this.faulty.has(widget.key));
  }

  #makeItem(key) {
    const element = document.createElement('div');
    element.className = 'grid-stack-item';
    element.tabIndex = 0;
    element.setAttribute('role', 'group');
    element.setAttribute('aria-describedby', 'keys');
    element.dataset.key = key;
    const content = document.createElement('div');
    content.className = 'grid-stack-item-content';
    const face = document.createElement('div');
    face.className = 'face';
    face.style.height = '100%';
    content.append(face);
    element.append(content);
    followTouches(element);
    // gridstack keeps the mouse from moving the focus.
    element.addEventListener('click', () => element.focus({ preventScroll: true }));
    element.addEventListener('focus', () => this.#tell('selected', key));
    element.addEventListener('dblclick', () => this.#tell('configure', key));
    element.addEventListener('keydown', (event) => this.#key(event, key));
    return element;
  }

  #key(event, key) {
    const step = STEPS[event.key];
    if (step && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      if (event.shiftKey) this.#resize(key, step);
      else this.#move(key, step);
    } else if (event.key === 'Delete' || event.key === 'Backspace') {
      event.preventDefault();
      this.#tell('remove-widget', key);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      this.#tell('configure', key);
    } else if (event.key.toLowerCase() === 'd' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.#tell('duplicate', key);
    }
  }

  #move(key, [byX, byY]) {
    const { element } = this.#items.get(key);
    const { x, y, w } = element.gridstackNode;
    const to = { x: x + byX, y: y + byY };
    if (to.x < 0 || to.y < 0 || to.x + w > COLUMNS[this.layout]) return;
    this.#grid.update(element, to);
  }

  #resize(key, [byX, byY]) {
    const { element } = this.#items.get(key);
    const { x, w, h } = element.gridstackNode;
    const to = { w: w + byX, h: h + byY };
    if (to.w < 1 || to.h < 1 || x + to.w > COLUMNS[this.layout]) return;
    this.#grid.update(element, to);
  }

  #moved() {
    if (this.#isSyncing) return;
    const places = {};
    for (const widget of this.widgets) {
      const now = place(this.#items.get(widget.key).element.gridstackNode);
      if (now.join() !== widget[this.layout].join()) places[widget.key] = now;
    }
    if (Object.keys(places).length) this.#tell('moved', places);
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** What the drawing of a widget depends on, as a text. */
function withoutPlaces({ desktop: _desktop, phone: _phone, key: _key, ...rest }) {
  return JSON.stringify(rest);
}

customElements.define('bg-editor-grid', EditorGrid);
