// Requests of a component: what is loaded, what is being done, and what went wrong, told in place.

import { html } from '../vendor/lit.js';

import { live } from './live.js';
import { t } from './texts.js';
import { errorText } from './toast.js';

const fault = (error) => html`<p class="error" role="alert">${errorText(error, t)}</p>`;

/** Loads what its host shows: when that appears, each `everyMs`, and when the gateway is back. */
export class Loader {
  value = null;
  error = null;
  #host;
  #ask;
  #everyMs;
  #timer = null;
  #number = 0;

  /**
   * @param {import('../vendor/lit.js').LitElement} host
   * @param {() => Promise<any>} ask
   * @param {number} everyMs  0 for once
   */
  constructor(host, ask, everyMs = 0) {
    this.#host = host;
    this.#ask = ask;
    this.#everyMs = everyMs;
    host.addController(this);
  }

  hostConnected() {
    live.addEventListener('status', this.#back);
    document.addEventListener('visibilitychange', this.#back);
    this.refresh();
  }

  hostDisconnected() {
    live.removeEventListener('status', this.#back);
    document.removeEventListener('visibilitychange', this.#back);
    clearTimeout(this.#timer);
    this.#number += 1; // An answer that is still on its way is nobody's.
  }

  async refresh() {
    clearTimeout(this.#timer);
    this.#number += 1;
    const number = this.#number;
    let value = this.value;
    let error = null;
    try {
      value = await this.#ask();
    } catch (caught) {
      error = caught;
    }
    if (number !== this.#number) return;
    this.value = value;
    this.error = error;
    this.#host.requestUpdate();
    if (this.#everyMs) this.#timer = setTimeout(this.#again, this.#everyMs);
  }

  /** What `draw` makes of the value; a word on it while it is not there, or cannot be had. */
  view(draw) {
    if (this.value === null) {
      if (this.error === null) return html`<p class="dim" role="status">${t('loading')}</p>`;
      return html`${fault(this.error)}
        <button @click=${() => this.refresh()}>${t('action.retry')}</button>`;
    }
    return html`${this.error === null ? '' : fault(this.error)}${draw(this.value)}`;
  }

  #again = () => {
    if (document.hidden) this.#timer = setTimeout(this.#again, this.#everyMs);
    else this.refresh();
  };

  #back = () => {
    if (document.hidden || live.status !== 'live') return;
    if (this.#everyMs || this.error !== null) this.refresh();
  };
}

/** Something a person started: one at a time, its error shown where it was started. */
export class Action {
  busy = false;
  error = null;
  #host;

  constructor(host) {
    this.#host = host;
  }

  /** Run `work`; true if it went well. */
  async run(work) {
    if (this.busy) return false;
    this.busy = true;
    this.error = null;
    this.#host.requestUpdate();
    try {
      await work();
      return true;
    } catch (error) {
      this.error = error;
      return false;
    } finally {
      this.busy = false;
      this.#host.requestUpdate();
    }
  }

  /** Forget an error, as when its dialog opens again. */
  clear() {
    this.error = null;
    this.#host.requestUpdate();
  }

  view() {
    return this.error === null ? '' : fault(this.error);
  }
}
