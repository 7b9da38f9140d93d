// The frame of the page: who is here, navigation, what the connection is like, and one page.

import { css, html, nothing } from './vendor/lit.js';

import { icon } from './components/icon.js';
import { GatewayElement, shared } from './core/element.js';
import { live } from './core/live.js';
import { currentPath, go, linkTo, setTitle } from './core/router.js';
import { session } from './core/session.js';
import { loadTexts, t } from './core/texts.js';
import { applyTheme } from './core/theme.js';
import { errorText } from './core/toast.js';
import { PAGES } from './pages/registry.js';

const TOAST_MS = 5000;

class App extends GatewayElement {
  static properties = {
    path: { state: true },
    isLoaded: { state: true },
    isMenuOpen: { state: true },
    toasts: { state: true },
    fault: { state: true },
  };

  static styles = [
    shared,
    css`
      :host { display: block; min-height: 100dvh; }
      .frame { display: grid; grid-template-columns: var(--frame, 13.5rem 1fr); min-height: 100dvh; }
      nav { border-right: 1px solid var(--line); background: var(--card); padding: .8rem .6rem;
        position: sticky; top: 0; height: 100dvh; overflow-y: auto;
        display: var(--navigation, flex); flex-direction: column; gap: .15rem; }
      nav .name { font-weight: 700; padding: .4rem .7rem .8rem; overflow-wrap: anywhere; }
      nav a { display: flex; gap: .7rem; align-items: center; min-height: var(--touch);
        padding: .2rem .7rem; border-radius: 8px; color: var(--text); text-decoration: none; }
      nav a:hover { background: var(--page); }
      nav a[aria-current="page"] { background: var(--accent-soft); font-weight: 600; }
      nav svg { flex: none; color: var(--dim); }
      nav .user { margin-top: auto; padding: .6rem .7rem 0; font-size: .9rem;
        overflow-wrap: anywhere; }
      nav .user button { padding-left: 0; }
      main:focus { outline: none; }
      main { padding: 1rem clamp(.6rem, 2vw, 1.6rem) 3rem; min-width: 0; }
      .banner { position: sticky; top: 0; z-index: 9; }
      .menu { display: none; }
      .banner { background: var(--bad-soft); border-bottom: 1px solid var(--bad);
        padding: .5rem 1rem; text-align: center; }
      .toasts { position: fixed; bottom: 1rem; left: 50%; transform: translateX(-50%);
        display: grid; gap: .5rem; z-index: 20; width: min(36rem, 92vw); pointer-events: none; }
      .toast { background: var(--text); color: var(--page); border-radius: 8px;
        padding: .6rem 1rem; overflow-wrap: anywhere; }
      .toast.bad { background: var(--bad); color: var(--card); }
      .skip { position: absolute; left: -100vw; }
      .skip:focus { left: .5rem; top: .5rem; z-index: 30; background: var(--card);
        padding: .5rem 1rem; }
      .frame.visitor { grid-template-columns: 1fr; }
      @media (max-width: 760px) {
        .frame { display: block; }
        header.bar { display: var(--navigation, flex); align-items: center; gap: .5rem; background: var(--card);
          border-bottom: 1px solid var(--line); padding: .2rem .4rem; position: sticky; top: 0;
          z-index: 10; }
        .menu { display: inline-flex; flex: none; }
        header.bar strong { min-width: 0; overflow: hidden; text-overflow: ellipsis;
          white-space: nowrap; }
        nav { display: none; position: fixed; inset: 3.2rem 0 0 0; width: 100%; height: auto;
          z-index: 15; border: 0; }
        nav.open { display: flex; }
        nav .name { display: none; }
      }
      @media (min-width: 761px) { header.bar { display: none; } }
    `,
  ];

  constructor() {
    super();
    this.path = currentPath();
    this.isLoaded = false;
    this.isMenuOpen = false;
    this.toasts = [];
    this.fault = '';
  }

  connectedCallback() {
    super.connectedCallback();
    window.addEventListener('hashchange', this.#moved);
    window.addEventListener('toast', this.#toast);
    window.addEventListener('language-change', () => this.#nameTitle());
    session.addEventListener('change', this.#sessionChanged);
    live.addEventListener('status', this.#statusChanged);
    this.#begin();
  }

  render() {
    if (this.fault) return html`<main><p class="error" role="alert">${this.fault}</p>
      <button @click=${() => location.reload()}>${t('action.retry')}</button></main>`;
    if (!this.isLoaded) return nothing;
    if (this.path[0] === 'setup' && !session.isSetUp) {
      const token = this.path[1] ?? '';
      return html`<bg-login-page .setupToken=${token}></bg-login-page>${this.#toasts()}`;
    }
    if (!session.isKnown) return html`<bg-login-page></bg-login-page>${this.#toasts()}`;
    return html`
      <a class="skip" href="#content" @click=${this.#skip}>${t('nav.skip')}</a>
      <div class="frame ${session.user ? '' : 'visitor'}">
        ${session.user ? this.#navigation() : ''}
        <div>
          ${live.status === 'stale'
            ? html`<div class="banner" role="alert">${t('connection.stale')}</div>`
            : ''}
          <main id="content" tabindex="-1" aria-label=${t(`nav.${this.#name}`)}>
            ${this.#page()}</main>
        </div>
      </div>
      ${this.#toasts()}`;
  }

  #navigation() {
    return html`
      <header class="bar">
        <button class="menu plain" @keydown=${this.#keyPressed}
          aria-expanded=${this.isMenuOpen} aria-controls="nav"
          aria-label=${t('nav.menu')} @click=${() => (this.isMenuOpen = !this.isMenuOpen)}>
          ${icon('menu')}</button>
        <strong>${session.gateway}</strong>
      </header>
      <nav id="nav" @keydown=${this.#keyPressed} class=${this.isMenuOpen ? 'open' : ''}
        aria-label=${t('nav.label')}>
        <div class="name">${session.gateway}</div>
        ${Object.entries(PAGES)
          .filter(([, page]) => session.can(page.role ?? 'viewer'))
          .map(([name, page]) => html`<a href=${linkTo(name)}
              aria-current=${this.#name === name ? 'page' : nothing}
              @click=${() => (this.isMenuOpen = false)}>
            ${icon(name)} ${t(`nav.${name}`)}</a>`)}
        <div class="user">
          <span class="dim">${session.user.name} (${t(`role.${session.user.role}`)})</span>
          <button class="plain" @click=${this.#logout}>${t('login.logout')}</button>
        </div>
      </nav>`;
  }

  get #name() {
    return session.user && this.path[0] in PAGES ? this.path[0] : 'dashboards';
  }

  #page() {
    const name = this.#name;
    const page = PAGES[name];
    if (!session.can(page.role ?? 'viewer')) {
      return html`<h1>${t(`nav.${name}`)}</h1><p>${t('error.forbidden')}</p>`;
    }
    if (!customElements.get(page.tag)) {
      if (this.#failed === name) {
        return html`<p class="error" role="alert">${t('error.unreachable')}</p>
          <button @click=${this.#loadAgain}>${t('action.retry')}</button>`;
      }
      page.load().then(
        () => this.requestUpdate(),
        (error) => {
          console.error(error);
          this.#failed = name;
          this.requestUpdate();
        },
      );
      return html`<p class="dim" role="status">${t('loading')}</p>`;
    }
    // The element of a page stays while its address changes below it.
    if (this.#current?.name !== name) {
      this.#current = { name, element: document.createElement(page.tag) };
    }
    this.#current.element.path = session.user
      ? this.path.slice(1)
      : [session.share.dashboard, ...this.path.slice(2)];
    return this.#current.element;
  }

  #current = null;
  #failed = null;

  // A module that could not be loaded is kept as that by the browser; only a new page helps.
  #loadAgain = () => location.reload();

  #statusChanged = () => {
    if (live.status === 'live' && this.#failed === this.#name) this.#loadAgain();
    else this.requestUpdate();
  };

  #toasts() {
    return html`<div class="toasts" role="status">
      ${this.toasts.map((one) => html`<div class="toast ${one.kind}">${one.text}</div>`)}
    </div>`;
  }

  async #begin() {
    try {
      applyTheme();
      // The page is most likely to be shown: it need not wait until it is known who looks.
      (PAGES[this.path[0]] ?? PAGES.dashboards).load().catch(() => {});
      await Promise.all([loadTexts(), session.refresh()]);
      await this.#openShare();
      if (!session.isKnown) await import('./pages/login.js');
    } catch (error) {
      this.fault = errorText(error, t);
      return;
    }
    this.isLoaded = true;
    this.#sessionChanged();
  }

  async #openShare() {
    if (this.path[0] !== 'shared' || session.user) return;
    try {
      await session.openShare(this.path[1] ?? '');
    } catch (error) {
      this.fault = errorText(error, t);
    }
  }

  #sessionChanged = async () => {
    if (session.isKnown) live.start();
    else {
      live.stop();
      await import('./pages/login.js');
      this.#current = null;
    }
    this.#nameTitle();
    this.requestUpdate();
  };

  #moved = async () => {
    const before = this.#place;
    this.path = currentPath();
    this.isMenuOpen = false;
    this.#nameTitle();
    await this.#openShare();
    this.requestUpdate();
    await this.updateComplete;
    // Readers of the screen begin at the new page; a tab of a dashboard keeps the focus.
    if (this.#place !== before) this.renderRoot.querySelector('#content')?.focus();
  };

  get #place() {
    return this.#name === 'dashboards' ? this.#name : this.path.join('/');
  }

  #nameTitle() {
    setTitle(session.user ? t(`nav.${this.#name}`) : '');
  }

  #keyPressed = (event) => {
    if (event.key !== 'Escape' || !this.isMenuOpen) return;
    this.isMenuOpen = false;
    this.renderRoot.querySelector('.menu').focus();
  };

  #toast = (event) => {
    const one = event.detail;
    // Said once, however often it happens meanwhile: a slider is refused ten times a second.
    const others = this.toasts.filter(({ text, kind }) => text !== one.text || kind !== one.kind);
    this.toasts = [...others, one];
    setTimeout(() => (this.toasts = this.toasts.filter((other) => other !== one)), TOAST_MS);
  };

  #skip(event) {
    event.preventDefault();
    this.renderRoot.querySelector('#content').focus();
  }

  async #logout() {
    try {
      await session.logout();
      go();
    } catch (error) {
      this.#toast({ detail: { text: errorText(error, t), kind: 'bad' } });
    }
  }
}

customElements.define('bg-app', App);
