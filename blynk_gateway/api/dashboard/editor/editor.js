// The editor of a dashboard, for admins. Nothing leaves the browser before it is saved.

import { html } from '../vendor/lit.js';

import './add.js';
import './fault_list.js';
import './form.js';
import './grid.js';
import './pages.js';
import { confirmed } from '../components/dialog.js';
import { icon } from '../components/icon.js';
import { put } from '../core/api.js';
import { GatewayElement, shared } from '../core/element.js';
import { t } from '../core/texts.js';
import { errorText, toast } from '../core/toast.js';
import { Draft } from './draft.js';
import { parseFaults } from './faults.js';
import { LeavingGuard } from './leaving.js';
import { forgetPins } from './pin_picker.js';
import { LAYOUTS } from './placing.js';
import { freeSlug, isSlug, slugOf } from './slug.js';
import { style } from './style.js';
import { loadTypes, nameOf, tidied } from './types.js';

const PHONE = matchMedia('(max-width: 700px)');
const TOUCH = matchMedia('(pointer: coarse)');

class DashboardEditor extends GatewayElement {
  static properties = {
    document: { attribute: false }, // What to begin with.
    isNew: { type: Boolean },
    isUnsaved: { type: Boolean }, // Begins with changes that were made elsewhere.
    taken: { attribute: false }, // Slugs that there are.
    types: { state: true },
    pageKey: { state: true },
    layout: { state: true },
    selected: { state: true },
    dialog: { state: true }, // null, 'add', 'configure' or 'conflict'
    edited: { state: true }, // The widget in the form.
    faults: { state: true },
    message: { state: true },
    isBusy: { state: true },
    said: { state: true },
  };

  static styles = [shared, style];

  #draft = null;
  #slugTouched = false;
  #guard = new LeavingGuard(() => this.#draft?.isChanged ?? false);

  constructor() {
    super();
    this.isNew = false;
    this.isUnsaved = false;
    this.taken = [];
    this.types = null;
    this.layout = PHONE.matches ? 'phone' : 'desktop';
    this.selected = null;
    this.dialog = null;
    this.edited = null;
    this.faults = [];
    this.message = '';
    this.isBusy = false;
    this.said = '';
  }

  connectedCallback() {
    super.connectedCallback();
    this.#guard.start();
    window.addEventListener('keydown', this.#shortcut);
    forgetPins();
    loadTypes().then(
      (types) => (this.types = types),
      (error) => (this.message = errorText(error, t)),
    );
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#guard.stop();
    window.removeEventListener('keydown', this.#shortcut);
  }

  willUpdate(changed) {
    if (!changed.has('document')) return;
    this.#draft = new Draft(this.document, this.isUnsaved);
    if (this.isNew) this.#draft.slug = freeSlug(slugOf(this.document.title), this.taken);
    this.pageKey = this.#draft.now.pages[0].key;
    this.selected = null;
    this.faults = [];
    this.message = '';
  }

  render() {
    const page = this.#page;
    return html`
      ${this.#bar()}
      <bg-fault-list .message=${this.message} .faults=${this.faults}
        .name=${(key) => this.#nameOfWidget(key)}
        @show=${(event) => this.#showFault(event.detail)}></bg-fault-list>
      ${this.#names()}
      <bg-editor-pages .pages=${this.#draft.now.pages} .pageKey=${page.key}
        @chosen=${(event) => this.#openPage(event.detail)}
        @add-page=${this.#addPage} @remove-page=${this.#removePage}
        @rename-page=${(event) => this.#retitlePage(event.detail)}
        @move-page=${(event) => this.#change(() => this.#draft.movePage(page.key, event.detail))}
      ></bg-editor-pages>
      ${this.#selection()}
      <bg-editor-grid .widgets=${page.widgets} .layout=${this.layout} .selected=${this.selected}
        .faulty=${new Set(this.faults.map((fault) => fault.widget))}
        @moved=${this.#moved} @selected=${(event) => (this.selected = event.detail)}
        @configure=${(event) => this.#configure(event.detail)}
        @duplicate=${(event) => this.#duplicate(event.detail)}
        @remove-widget=${(event) => this.#remove(event.detail)}></bg-editor-grid>
      ${page.widgets.length ? '' : html`<p class="dim">${t('editor.page_is_empty')}</p>`}
      <p class="visually-hidden" role="status">${this.said}</p>
      ${this.#dialogs()}`;
  }

  get #page() {
    return this.#draft.page(this.pageKey);
  }

  #bar() {
    const draft = this.#draft;
    return html`<div class="bar" role="toolbar" aria-label=${t('editor.toolbar')}>
      <button class="primary" ?disabled=${!this.types} @click=${() => (this.dialog = 'add')}>
        ${icon('add')}${t('editor.add_widget')}</button>
      <button ?disabled=${!draft.canUndo} @click=${() => this.#undo()}>
        ${icon('undo')}${t('editor.undo')}</button>
      <button ?disabled=${!draft.canRedo} @click=${() => this.#redo()}>
        ${icon('redo')}${t('editor.redo')}</button>
      <span class="layouts" role="group" aria-label=${t('editor.layout')}>
        ${LAYOUTS.map((layout) => html`<button aria-pressed=${layout === this.layout}
          @click=${() => (this.layout = layout)}>${icon(layout)}
          ${t(`editor.layout.${layout}`)}</button>`)}
      </span>
      <span class="end">
        <button @click=${this.#leave}>${t('action.cancel')}</button>
        <button class="primary" ?disabled=${this.isBusy} @click=${() => this.#save()}>
          ${t('action.save')}</button>
      </span>
    </div>`;
  }

  #names() {
    return html`<div class="names">
      <label class="field"><span>${t('editor.dashboard_title')}</span>
        <input maxlength="256" .value=${this.#draft.now.title} @input=${this.#retitle}></label>
      ${this.isNew
        ? html`<label class="field"><span>${t('editor.slug')}</span>
            <input maxlength="32" .value=${this.#draft.slug} autocapitalize="none"
              spellcheck="false" @input=${this.#reslug}></label>`
        : ''}
    </div>`;
  }

  #selection() {
    const widget = this.selected && this.#draft.widget(this.selected);
    if (!widget) {
      const hint = TOUCH.matches ? 'editor.hint_touch' : 'editor.hint';
      return html`<div class="selection dim text">${t(hint)}</div>`;
    }
    return html`<div class="selection" role="toolbar" aria-label=${t('editor.selected')}>
      <strong class="text">${nameOf(widget)}</strong>
      <button @click=${() => this.#configure(widget.key)}>${t('editor.configure')}</button>
      <button @click=${() => this.#duplicate(widget.key)}>${t('editor.duplicate')}</button>
      <button class="danger" @click=${() => this.#remove(widget.key)}>${t('action.remove')}</button>
    </div>`;
  }

  #dialogs() {
    const close = () => (this.dialog = null);
    if (this.dialog === 'add') {
      return html`<bg-dialog wide .open=${true} heading=${t('editor.add_widget')} @closed=${close}>
        <bg-add-widget .types=${this.types} @added=${this.#added}></bg-add-widget></bg-dialog>`;
    }
    if (this.dialog === 'configure') {
      return html`<bg-dialog wide .open=${true} heading=${nameOf(this.edited)} @closed=${close}>
        <bg-widget-form .widget=${this.edited} .type=${this.types?.get(this.edited.type)}
          .faults=${this.#faultsOf(this.edited.key)}
          @changed=${(event) => (this.edited = event.detail)}></bg-widget-form>
        <div class="row">
          <button class="primary" @click=${this.#configured}>${t('editor.apply')}</button>
          <button @click=${close}>${t('action.cancel')}</button>
        </div></bg-dialog>`;
    }
    if (this.dialog === 'conflict') {
      return html`<bg-dialog .open=${true} heading=${t('editor.conflict')} @closed=${close}>
        <p>${t('editor.conflict_text')}</p>
        <div class="row">
          <button class="primary" @click=${this.#saveCopy}>${t('editor.save_copy')}</button>
          <button class="danger" @click=${this.#takeTheirs}>${t('editor.reload')}</button>
        </div></bg-dialog>`;
    }
    return '';
  }

  // Every change of the draft goes through here: it is not a reactive property.
  #change(act, said = '') {
    const result = act();
    this.said = said;
    this.requestUpdate();
    return result;
  }

  #undo() {
    this.#change(() => this.#draft.undo(), t('editor.undone'));
    this.#keepInside();
  }

  #redo() {
    this.#change(() => this.#draft.redo(), t('editor.redone'));
    this.#keepInside();
  }

  #keepInside() {
    this.pageKey = this.#page.key;
    if (!this.#draft.widget(this.selected)) this.selected = null;
  }

  #openPage(key) {
    this.pageKey = key;
    this.selected = null;
  }

  #moved = (event) => {
    const own = event.detail[this.selected];
    const widget = this.#draft.widget(this.selected);
    const said = own && t('editor.item', {
      name: nameOf(widget), column: own[0] + 1, row: own[1] + 1, width: own[2], height: own[3],
    });
    this.#change(() => this.#draft.moveWidgets(this.layout, event.detail), said ?? '');
  };

  #added = async (event) => {
    const { widget, size } = event.detail;
    this.dialog = null;
    this.selected = this.#change(
      () => this.#draft.addWidget(this.#page.key, widget, size),
      t('editor.added', { name: nameOf(widget) }),
    );
    this.#focusSelected();
  };

  async #focusSelected() {
    await this.updateComplete;
    const grid = this.renderRoot.querySelector('bg-editor-grid');
    await grid.updateComplete;
    grid.focusOn(this.selected);
  }

  #configure(key) {
    if (!this.types) return;
    this.selected = key;
    this.edited = this.#draft.widget(key);
    this.dialog = 'configure';
  }

  #configured = () => {
    const { key } = this.edited;
    this.dialog = null;
    this.#change(() => this.#draft.replaceWidget(key, tidied(this.edited)));
    this.faults = this.faults.filter((fault) => fault.widget !== key);
    this.#focusSelected();
  };

  #duplicate(key) {
    this.selected = this.#change(
      () => this.#draft.duplicateWidget(this.#page.key, key),
      t('editor.added', { name: nameOf(this.#draft.widget(key)) }),
    );
    this.#focusSelected();
  }

  #remove(key) {
    const { widgets } = this.#page;
    const index = widgets.findIndex((one) => one.key === key);
    const next = widgets[index + 1] ?? widgets[index - 1];
    const said = t('editor.removed', { name: nameOf(widgets[index]) });
    this.#change(() => this.#draft.removeWidget(key), said);
    this.selected = next?.key ?? null;
    if (next) this.#focusSelected();
  }

  #retitle = (event) => {
    const { value } = event.target;
    this.#change(() => this.#draft.change((one) => (one.title = value), 'title'));
    if (this.isNew && !this.#slugTouched) this.#draft.slug = freeSlug(slugOf(value), this.taken);
  };

  #reslug = (event) => {
    this.#slugTouched = true;
    this.#draft.slug = event.target.value.trim();
  };

  #retitlePage(title) {
    const { key } = this.#page;
    this.#change(() => this.#draft.change(
      ({ pages }) => (pages.find((page) => page.key === key).title = title), `page ${key}`));
  }

  #addPage = () => {
    const title = t('dashboard.page_number', { number: this.#draft.now.pages.length + 1 });
    this.#openPage(this.#change(() => this.#draft.addPage(title)));
  };

  #removePage = async () => {
    const page = this.#page;
    const count = page.widgets.length;
    const text = t('editor.page_remove_text', { count });
    if (count && !(await confirmed(text, t('editor.page_remove')))) return;
    this.#change(() => this.#draft.removePage(page.key));
    this.#openPage(this.#draft.now.pages[0].key);
  };

  #leave = async () => {
    if (await this.#guard.ask()) this.dispatchEvent(new Event('left'));
  };

  async #save() {
    const { slug } = this.#draft;
    this.faults = [];
    this.message = '';
    if (!isSlug(slug)) {
      this.message = t('editor.slug_bad');
      return;
    }
    if (this.isNew && this.taken.includes(slug)) {
      this.message = t('editor.slug_taken', { slug });
      return;
    }
    this.isBusy = true;
    try {
      const detail = await put(`/dashboards/${encodeURIComponent(slug)}`, this.#draft.body());
      this.#guard.stop();
      toast(t('editor.saved'));
      const saved = new CustomEvent('saved', { detail });
      saved.page = this.#draft.now.pages.indexOf(this.#page);
      this.dispatchEvent(saved);
    } catch (error) {
      this.#refused(error);
    } finally {
      this.isBusy = false;
    }
  }

  #refused(error) {
    if (error.status === 409 && !this.isNew) {
      this.dialog = 'conflict';
      return;
    }
    const faults = error.status === 400 ? parseFaults(error.message, this.#draft.now) : [];
    this.message = faults.length ? t('editor.refused') : errorText(error, t);
    this.faults = faults;
    this.renderRoot.host.scrollIntoView({ block: 'start' });
  }

  #faultsOf(key) {
    const own = this.faults.filter((fault) => fault.widget === key && fault.field);
    return Object.fromEntries(own.map(({ field, text }) => [field, text]));
  }

  #nameOfWidget(key) {
    const widget = this.#draft.widget(key);
    return widget ? nameOf(widget) : '';
  }

  #showFault(fault) {
    this.#openPage(fault.page);
    this.#configure(fault.widget);
  }

  #saveCopy = () => {
    const { title, pages } = this.#draft.body();
    this.dialog = null;
    this.dispatchEvent(new CustomEvent('copy', { detail: { title, pages, revision: null } }));
  };

  #takeTheirs = () => {
    this.dialog = null;
    this.#guard.stop();
    this.dispatchEvent(new CustomEvent('reload', { detail: this.#draft.slug }));
  };

  #shortcut = (event) => {
    if (this.dialog || !(event.ctrlKey || event.metaKey)) return;
    const inText = event.composedPath()[0].matches?.('input, textarea');
    const key = event.key.toLowerCase();
    if (key === 's') this.#save();
    else if (inText) return;
    else if (key === 'y' || (key === 'z' && event.shiftKey)) this.#redo();
    else if (key === 'z') this.#undo();
    else return;
    event.preventDefault();
  };
}

customElements.define('bg-dashboard-editor', DashboardEditor);
