// What every component of the page is made of.

import { LitElement, css } from '../vendor/lit.js';

import { live } from './live.js';

/** Buttons, fields, tables and the like, the same everywhere. */
export const shared = css`
  :host { box-sizing: border-box; }
  *, *::before, *::after { box-sizing: border-box; }
  [hidden] { display: none !important; }
  h1 { font-size: 1.5rem; margin: 0; }
  h2 { font-size: 1.15rem; margin: 0 0 .5rem; }
  h3 { font-size: 1rem; margin: 0 0 .4rem; }
  a { color: var(--accent); }
  p { margin: 0 0 .75rem; }
  code, pre { font-family: var(--mono); font-size: .9em; }
  button, .button {
    font: inherit; color: var(--text); background: var(--card);
    border: 1px solid var(--line); border-radius: var(--radius);
    min-height: var(--touch); padding: .4rem .9rem; cursor: pointer;
    display: inline-flex; align-items: center; justify-content: center; gap: .4rem;
    text-decoration: none; touch-action: manipulation;
  }
  button:hover:not(:disabled), .button:hover { border-color: var(--accent); }
  button.primary, .button.primary {
    background: var(--accent); color: var(--accent-text); border-color: var(--accent);
  }
  button.danger { color: var(--bad); border-color: currentColor; }
  button.plain { border-color: transparent; background: none; }
  button:disabled { opacity: .55; cursor: not-allowed; }
  input, select, textarea {
    font: inherit; color: var(--text); background: var(--card);
    border: 1px solid var(--dim); border-radius: 8px;
    min-height: var(--touch); padding: .35rem .6rem; width: 100%; max-width: 100%;
  }
  input[type="checkbox"], input[type="radio"] {
    width: 1.25rem; min-height: 1.25rem; height: 1.25rem; accent-color: var(--accent);
    vertical-align: middle;
  }
  ::placeholder { color: var(--dim); opacity: 1; }
  label.field { display: block; margin: 0 0 .9rem; }
  label.field > span { display: block; font-size: .9rem; color: var(--dim); margin-bottom: .2rem; }
  label.check { display: flex; gap: .5rem; align-items: center; min-height: var(--touch); }
  :focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
  table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; padding: .5rem .6rem; border-bottom: 1px solid var(--line);
    vertical-align: middle; }
  th { font-size: .85rem; color: var(--dim); font-weight: 600; }
  .scroll { overflow-x: auto; position: relative; }
  @media (max-width: 600px) {
    /* Each row as a small card, each cell with the name of its column. */
    table.stack thead { position: absolute; clip-path: inset(50%); display: block; width: 1px;
      height: 1px; overflow: hidden; }
    table.stack tr { display: block; border-bottom: 1px solid var(--line); padding: .4rem 0; }
    table.stack td { display: flex; gap: 1rem; justify-content: space-between;
      align-items: center; border: 0; padding: .2rem 0; text-align: right; min-height: 2rem; }
    table.stack td[data-label]::before { content: attr(data-label); color: var(--dim);
      font-size: .85rem; text-align: left; }
  }
  .card { background: var(--card); border: 1px solid var(--line); border-radius: var(--radius);
    padding: 1rem; margin: 0 0 1rem; }
  .row { display: flex; flex-wrap: wrap; gap: .6rem; align-items: center; }
  .row > .grow { flex: 1 1 12rem; }
  .row.fields { align-items: end; }
  .dim { color: var(--dim); }
  .good { color: var(--good); }
  .warn { color: var(--warn); }
  .bad { color: var(--bad); }
  .error { background: var(--bad-soft); color: var(--text); border: 1px solid var(--bad);
    border-radius: 8px; padding: .6rem .8rem; margin: 0 0 .9rem; overflow-wrap: anywhere; }
  .dot { display: inline-block; width: .7em; height: .7em; border-radius: 50%;
    background: var(--dim); }
  .dot.good { background: var(--good); }
  .dot.warn { background: var(--warn); }
  .dot.bad { background: var(--bad); }
  .head { display: flex; flex-wrap: wrap; gap: .6rem 1rem; align-items: center;
    justify-content: space-between; margin: 0 0 1rem; }
  .empty { text-align: center; color: var(--dim); padding: 1.5rem 1rem; }
  .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
  dl.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .3rem 1rem;
    margin: 0; }
  dl.facts dt { color: var(--dim); }
  dl.facts dd { margin: 0; overflow-wrap: anywhere; }
  .visually-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden;
    clip-path: inset(50%); white-space: nowrap; }
  @media (prefers-reduced-motion: reduce) { * { transition: none !important;
    animation: none !important; } }
`;

/** A component: the shared style, and drawn anew when the language changes. */
export class GatewayElement extends LitElement {
  static styles = shared;

  #redraw = () => this.requestUpdate();

  connectedCallback() {
    super.connectedCallback();
    window.addEventListener('language-change', this.#redraw);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    window.removeEventListener('language-change', this.#redraw);
  }
}

/** Draws its host anew whenever devices come, go or change. */
export class DevicesController {
  constructor(host) {
    this.host = host;
    host.addController(this);
  }

  hostConnected() {
    live.addEventListener('devices', this.#changed);
  }

  hostDisconnected() {
    live.removeEventListener('devices', this.#changed);
  }

  #changed = () => this.host.requestUpdate();
}

/** Draws its host anew whenever one of its pins changes. `addresses()` is asked at each connect. */
export class PinsController {
  constructor(host, addresses) {
    this.host = host;
    this.addresses = addresses;
    host.addController(this);
  }

  hostConnected() {
    this.refresh();
  }

  hostDisconnected() {
    live.unwatch(this);
  }

  /** Watch what `addresses()` names now. */
  refresh() {
    live.watch(this, this.addresses(), () => this.host.requestUpdate());
  }
}

/** Draws its host anew from time to time, for what is told as `3 minutes ago`. */
export class TickController {
  #timer = null;

  constructor(host, everyMs = 5000) {
    this.host = host;
    this.everyMs = everyMs;
    host.addController(this);
  }

  hostConnected() {
    this.#timer = setInterval(() => this.host.requestUpdate(), this.everyMs);
  }

  hostDisconnected() {
    clearInterval(this.#timer);
  }
}
