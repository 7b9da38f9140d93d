// A dashboard that is being changed: the document, and the way back through its changes.

import { COLUMNS, LAYOUTS, freePlace } from './placing.js';

const MAX_STEPS = 200; // Steps back that are kept.

/**
 * Holds a document as `GET /api/v1/dashboards/…` tells it. Each page and each widget has a `key`
 * here, which stays when others come and go; `body()` leaves it out.
 */
export class Draft {
  #past = [];
  #future = [];
  #saved;
  #mergeable = null;
  #next = 1;

  /** @param {boolean} isUnsaved  holds changes already that are saved nowhere */
  constructor(document, isUnsaved = false) {
    this.slug = document.slug ?? '';
    this.revision = document.revision ?? null;
    const { title, pages } = structuredClone(document);
    this.now = { title, pages: pages.length ? pages : [{ title: '', widgets: [] }] };
    for (const page of this.now.pages) {
      page.key = this.#key();
      for (const widget of page.widgets) widget.key = this.#key();
    }
    this.#saved = isUnsaved ? null : this.now;
  }

  get isChanged() {
    return this.now !== this.#saved;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  /**
   * Change the document.
   *
   * @param {(document: object) => void} mutate  gets a copy
   * @param {string} [merge]  changes in a row with the same text here are one step back
   */
  change(mutate, merge = null) {
    const next = structuredClone(this.now);
    mutate(next);
    if (merge === null || merge !== this.#mergeable) this.#past.push(this.now);
    if (this.#past.length > MAX_STEPS) this.#past.shift();
    this.#mergeable = merge;
    this.#future = [];
    this.now = next;
  }

  undo() {
    this.#step(this.#past, this.#future);
  }

  redo() {
    this.#step(this.#future, this.#past);
  }

  page(key) {
    return this.now.pages.find((page) => page.key === key) ?? this.now.pages[0];
  }

  widget(key) {
    return this.now.pages.flatMap((page) => page.widgets).find((one) => one.key === key) ?? null;
  }

  /** Add a page behind the others; returns its key. */
  addPage(title) {
    const key = this.#key();
    this.change((document) => document.pages.push({ title, widgets: [], key }));
    return key;
  }

  /** Move a page by so many places. */
  movePage(key, by) {
    this.change(({ pages }) => {
      const from = pages.findIndex((page) => page.key === key);
      pages.splice(from + by, 0, ...pages.splice(from, 1));
    });
  }

  removePage(key) {
    this.change((document) => {
      document.pages = document.pages.filter((page) => page.key !== key);
    });
  }

  /** Add a widget at the first free places for its sizes; returns its key. */
  addWidget(pageKey, widget, size) {
    const key = this.#key();
    this.change((document) => {
      const { widgets } = document.pages.find((page) => page.key === pageKey);
      const added = { ...widget, key };
      for (const layout of LAYOUTS) {
        const taken = widgets.map((one) => one[layout]);
        added[layout] = freePlace(taken, size[layout], COLUMNS[layout]);
      }
      widgets.push(added);
    });
    return key;
  }

  /** Add the same widget once more; returns its key. */
  duplicateWidget(pageKey, key) {
    const { key: _old, ...widget } = structuredClone(this.widget(key));
    const size = Object.fromEntries(LAYOUTS.map((layout) => [layout, widget[layout].slice(2)]));
    return this.addWidget(pageKey, widget, size);
  }

  replaceWidget(key, widget) {
    this.change((document) => {
      for (const page of document.pages) {
        page.widgets = page.widgets.map((one) => (one.key === key ? { ...widget, key } : one));
      }
    });
  }

  removeWidget(key) {
    this.change((document) => {
      for (const page of document.pages) {
        page.widgets = page.widgets.filter((one) => one.key !== key);
      }
    });
  }

  /** Move widgets of one layout: `places` is `{key: [x, y, width, height]}`. */
  moveWidgets(layout, places, merge = null) {
    this.change((document) => {
      for (const widget of document.pages.flatMap((page) => page.widgets)) {
        if (widget.key in places) widget[layout] = places[widget.key];
      }
    }, merge);
  }

  /** What `PUT /api/v1/dashboards/…` takes. */
  body() {
    return {
      title: this.now.title,
      pages: this.now.pages.map(({ title, widgets }) => ({
        title,
        widgets: widgets.map(({ key: _key, ...widget }) => widget),
      })),
      revision: this.revision,
    };
  }

  #step(from, to) {
    if (!from.length) return;
    to.push(this.now);
    this.now = from.pop();
    this.#mergeable = null;
  }

  #key() {
    this.#next += 1;
    return `w${this.#next}`;
  }
}
