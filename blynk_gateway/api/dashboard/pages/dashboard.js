// Dashboards: which there are, one of them on the screen, and the way into its editor.

import { css, html, nothing } from '../vendor/lit.js';

import '../components/tabs.js';
import '../components/widget_grid.js';
import { confirmed } from '../components/dialog.js';
import { icon } from '../components/icon.js';
import { get, remove } from '../core/api.js';
import { GatewayElement, shared } from '../core/element.js';
import { live } from '../core/live.js';
import { go, linkTo, setTitle } from '../core/router.js';
import { session } from '../core/session.js';
import { t } from '../core/texts.js';
import { errorText, toast } from '../core/toast.js';
import { prepare } from '../widgets/make.js';

const STORED = 'dashboard';
const DESKTOP_FROM_PX = 700;
const SOURCES = ['file', 'stored', 'automatic'];

class DashboardPage extends GatewayElement {
  static properties = {
    path: { attribute: false }, // [slug?, number of the page?]
    list: { state: true },
    shown: { state: true }, // One dashboard as the gateway tells it.
    page: { state: true },
    layout: { state: true },
    draft: { state: true }, // What the editor is opened with.
    dialog: { state: true },
    fault: { state: true },
  };

  static styles = [
    shared,
    css`
      :host { display: block; }
      .head { display: flex; flex-wrap: wrap; gap: .5rem .6rem; align-items: center;
        margin-bottom: .6rem; }
      .head h1 { overflow-wrap: anywhere; }
      .head select { width: auto; max-width: min(22rem, 100%); font-weight: 600; }
      .actions { margin-left: auto; display: flex; flex-wrap: wrap; gap: .4rem; }
      .notice { font-size: .88rem; color: var(--dim); margin: 0 0 .6rem; }
      bg-tabs { margin-bottom: .6rem; }
      .empty { max-width: 36rem; margin: 3rem auto; text-align: center; }
      .empty .row { justify-content: center; }
      details { position: relative; }
      summary { list-style: none; min-width: var(--touch); min-height: var(--touch);
        border: 1px solid var(--line); border-radius: var(--radius); background: var(--card);
        display: inline-flex; align-items: center; justify-content: center; cursor: pointer; }
      summary::-webkit-details-marker { display: none; }
      .menu { position: absolute; right: 0; top: calc(100% + .3rem); z-index: 8; min-width: 13rem;
        background: var(--card); border: 1px solid var(--line); border-radius: var(--radius);
        padding: .3rem; display: grid; box-shadow: 0 6px 20px rgb(0 0 0 / 25%); }
      .menu button { justify-content: flex-start; text-align: left; }
      @media (max-width: 760px) { .wide { display: none; } }
    `,
  ];

  #wanted = ''; // What `path` asked for last.
  #devices = '';
  #size = new ResizeObserver(([entry]) => {
    this.layout = entry.contentRect.width >= DESKTOP_FROM_PX ? 'desktop' : 'phone';
  });

  constructor() {
    super();
    this.path = [];
    this.list = null;
    this.shown = null;
    this.page = 0;
    this.layout = 'desktop';
    this.draft = null;
    this.dialog = null;
    this.fault = '';
  }

  connectedCallback() {
    super.connectedCallback();
    this.#size.observe(this);
    live.addEventListener('devices', this.#devicesChanged);
    live.addEventListener('status', this.#back);
    document.addEventListener('fullscreenchange', this.#redrawn);
    this.#devices = slugs();
    this.#load();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#size.disconnect();
    live.removeEventListener('devices', this.#devicesChanged);
    live.removeEventListener('status', this.#back);
    document.removeEventListener('fullscreenchange', this.#redrawn);
  }

  willUpdate(changed) {
    if (changed.has('path') && this.list && this.path.join('/') !== this.#wanted) this.#open();
  }

  render() {
    if (this.draft) {
      return html`<h1 class="visually-hidden">${t('editor.heading')}</h1>
        <bg-dashboard-editor .document=${this.draft.document} .isNew=${this.draft.isNew}
        .isUnsaved=${this.draft.isUnsaved ?? false}
        .taken=${this.list.map((one) => one.slug)} @saved=${this.#saved}
        @left=${() => (this.draft = null)} @copy=${this.#copyEdited}
        @reload=${this.#reload}></bg-dashboard-editor>`;
    }
    if (this.fault) {
      return html`<p class="error" role="alert">${this.fault}</p>
        ${session.user
          ? html`<div class="row">
              <button @click=${() => this.#load()}>${t('action.retry')}</button>
              ${this.path.length
                ? html`<a href=${linkTo('dashboards')}>${t('dashboard.others')}</a>` : ''}
            </div>` : ''}`;
    }
    if (!this.list || (this.list.length && !this.shown)) return nothing;
    return html`
      ${this.list.length ? this.#head() : this.#nothingYet()}
      ${this.shown ? this.#body() : ''}
      ${this.dialog ? this.#dialogs() : ''}`;
  }

  #head() {
    return html`<div class="head">
      ${session.user && this.list.length > 1
        ? html`<h1 class="visually-hidden">${this.shown.title}</h1>
          <select aria-label=${t('dashboard.choose')}
            @change=${(event) => go('dashboards', event.target.value)}>
            ${SOURCES.map((source) => this.#group(source))}
          </select>`
        : html`<h1>${this.shown.title}</h1>`}
      <div class="actions">
        ${session.can('admin') ? this.#adminActions() : ''}
        ${document.fullscreenEnabled
          ? html`<button aria-label=${t('dashboard.fullscreen')}
              aria-pressed=${document.fullscreenElement !== null}
              @click=${this.#toggleFullscreen}>
              ${icon('fullscreen')}<span class="wide">${t('dashboard.fullscreen')}</span></button>`
          : ''}
      </div>
    </div>`;
  }

  #group(source) {
    const members = this.list.filter((one) => one.source === source);
    if (!members.length) return nothing;
    return html`<optgroup label=${t(`dashboard.source.${source}`)}>
      ${members.map((one) => html`<option value=${one.slug}
        .selected=${one.slug === this.shown.slug}>${one.title}</option>`)}
    </optgroup>`;
  }

  #adminActions() {
    const choose = (dialog) => (event) => {
      event.target.closest('details').open = false;
      this.#openDialog(dialog);
    };
    return html`
      <button @click=${() => this.#edit(this.shown, this.shown.read_only)}>${icon('edit')}
        ${t(this.shown.read_only ? 'dashboard.copy' : 'dashboard.edit')}</button>
      <details @keydown=${closeOnEscape} @focusout=${closeWhenLeft}>
        <summary aria-label=${t('dashboard.more')}>${icon('more')}</summary>
        <div class="menu">
          <button class="plain" @click=${choose('new')}>${t('dashboard.new')}</button>
          <button class="plain" @click=${choose('import')}>${t('dashboard.import')}</button>
          <button class="plain" @click=${choose('export')}>${t('dashboard.export')}</button>
          <button class="plain" @click=${choose('share')}>${t('dashboard.share')}</button>
          ${this.shown.read_only
            ? ''
            : html`<button class="plain danger" @click=${this.#delete}>
                ${t('dashboard.delete')}</button>`}
        </div>
      </details>`;
  }

  #nothingYet() {
    return html`<div class="empty card">
      <h1>${t('dashboard.empty.heading')}</h1>
      <p class="dim">
        ${t(session.can('admin') ? 'dashboard.empty.admin' : 'dashboard.empty.text')}</p>
      <div class="row">
        <a class="button primary" href=${linkTo('devices')}>${t('dashboard.empty.devices')}</a>
        ${session.can('admin')
          ? html`<button @click=${() => this.#openDialog('new')}>${t('dashboard.new')}</button>
              <button @click=${() => this.#openDialog('import')}>${t('dashboard.import')}</button>`
          : ''}
      </div>
    </div>`;
  }

  #body() {
    const { pages } = this.shown;
    const page = pages[this.page] ?? pages[0];
    const label = pageTitle(page, this.page);
    return html`
      ${this.shown.read_only && session.user
        ? html`<p class="notice">${t(`dashboard.read_only.${this.shown.source}`)}</p>` : ''}
      ${pages.length > 1
        ? html`<bg-tabs .names=${pages.map(pageTitle)} .selected=${this.page}
            label=${t('dashboard.pages')}
            @chosen=${(event) => this.#openPage(event.detail)}></bg-tabs>`
        : ''}
      ${page?.widgets.length
        ? html`<bg-widget-grid role="region" aria-label=${label} .widgets=${page.widgets}
            .layout=${this.layout} @open-page=${this.#askedForPage}></bg-widget-grid>`
        : html`<p class="empty dim">${t('dashboard.empty_page')}</p>`}`;
  }

  #dialogs() {
    return html`<bg-dashboard-dialog .kind=${this.dialog} .dashboard=${this.shown}
      .list=${this.list}
      @closed=${() => (this.dialog = null)}
      @begin=${(event) => this.#edit(event.detail, true)}
      @imported=${(event) => this.#saved(event)}></bg-dashboard-dialog>`;
  }

  async #load() {
    this.fault = '';
    try {
      const found = session.user
        ? (await get('/dashboards')).dashboards
        : [{ slug: session.share.dashboard, source: 'stored' }];
      this.list = found;
      await this.#open();
    } catch (error) {
      this.fault = errorText(error, t);
    }
  }

  // Show what the address asks for, or what was seen last, or the first there is.
  async #open() {
    this.draft = null;
    this.#wanted = this.path.join('/');
    const has = (slug) => this.list.some((one) => one.slug === slug);
    const asked = this.path[0];
    const last = localStorage.getItem(STORED);
    const slug = asked ?? (has(last) ? last : this.list[0]?.slug);
    this.fault = '';
    if (slug === undefined) {
      this.shown = null;
      return;
    }
    const wanted = this.#wanted;
    try {
      if (this.shown?.slug !== slug) {
        const found = await get(pathOf(slug));
        // Another one was asked for meanwhile, and may be here already.
        if (this.#wanted !== wanted) return;
        this.shown = found;
      }
    } catch (error) {
      if (this.#wanted !== wanted) return;
      this.shown = null;
      // What was asked for last may be gone by now; what is asked for by its address is told.
      this.fault = error.status === 404 ? t('dashboard.unknown') : errorText(error, t);
      return;
    }
    if (session.user) localStorage.setItem(STORED, slug);
    setTitle(this.shown.title);
    const number = Number(this.path[1] ?? 1);
    this.page = this.shown.pages[number - 1] ? number - 1 : 0;
    prepare(this.shown.pages[this.page]?.widgets ?? []);
  }

  // A device asked for a page by its name or number, after somebody used its widget.
  #askedForPage(event) {
    const { pages } = this.shown;
    const wanted = String(event.detail).trim();
    const named = pages.findIndex((page) => page.title === wanted);
    const index = named >= 0 ? named : Number(wanted) - 1;
    if (pages[index]) this.#openPage(index);
  }

  #openPage(index) {
    this.page = index;
    if (session.user) go('dashboards', this.shown.slug, String(index + 1));
  }

  async #edit(document, isNew) {
    try {
      await import('../editor/editor.js');
      // What is shown may be of last week: a tablet on the wall is never loaded anew.
      if (!isNew) this.shown = await get(pathOf(document.slug));
    } catch (error) {
      toast(error.status ? errorText(error, t) : t('error.unreachable'), 'bad');
      return;
    }
    this.dialog = null;
    this.draft = { document: isNew ? { ...document, revision: null } : this.shown, isNew };
  }

  #copyEdited(event) {
    this.draft = { document: event.detail, isNew: true, isUnsaved: true };
  }

  // Somebody else saved it meanwhile.
  #reload = async (event) => {
    try {
      this.shown = await get(pathOf(event.detail));
      this.draft = null;
    } catch (error) {
      toast(errorText(error, t), 'bad');
    }
  };

  async #openDialog(kind) {
    try {
      await import('../editor/dialogs.js');
      this.dialog = kind;
    } catch {
      toast(t('error.unreachable'), 'bad');
    }
  }

  async #saved(event) {
    const { slug, pages } = event.detail;
    const index = pages[event.page ?? this.page] ? (event.page ?? this.page) : 0;
    this.draft = null;
    this.dialog = null;
    this.shown = event.detail;
    await this.#goTo(slug, String(index + 1));
  }

  // The list has changed: read it before anything of it is opened.
  async #goTo(...path) {
    this.list = null;
    this.path = path;
    await this.#load();
    go('dashboards', ...path);
  }

  #delete = async (event) => {
    event.target.closest('details').open = false;
    const { slug, title } = this.shown;
    if (!(await confirmed(t('dashboard.delete_text', { title }), t('dashboard.delete')))) return;
    try {
      await remove(pathOf(slug));
    } catch (error) {
      toast(errorText(error, t), 'bad');
      return;
    }
    this.shown = null;
    await this.#goTo();
  };

  #toggleFullscreen() {
    // The whole document: dialogs, messages and the warning of old values stay visible.
    if (document.fullscreenElement) document.exitFullscreen();
    else document.documentElement.requestFullscreen().catch(() => {});
  }

  #redrawn = () => this.requestUpdate();

  #back = () => {
    if (live.status === 'live' && this.fault && session.user && !this.draft) this.#load();
  };

  // A device that came or went has an automatic dashboard, or had one.
  #devicesChanged = () => {
    const now = slugs();
    if (now === this.#devices || !session.user) return;
    this.#devices = now;
    if (!this.draft) this.#load();
  };
}

const pathOf = (slug) => `/dashboards/${encodeURIComponent(slug)}`;

const slugs = () => [...live.devices.keys()].sort().join();

const pageTitle = (page, index) =>
  page?.title || t('dashboard.page_number', { number: index + 1 });

function closeOnEscape(event) {
  if (event.key !== 'Escape') return;
  event.currentTarget.open = false;
  event.currentTarget.querySelector('summary').focus();
}

function closeWhenLeft(event) {
  if (!event.currentTarget.contains(event.relatedTarget)) event.currentTarget.open = false;
}

customElements.define('bg-dashboard-page', DashboardPage);
