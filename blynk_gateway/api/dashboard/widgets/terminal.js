// A terminal: what a device writes, line by line, and a line to answer with.

import { css, html, repeat } from '../vendor/lit.js';

import { t } from '../core/texts.js';
import { ReplayWidget } from './displays/replay.js';
import { Scrollback } from './displays/scrollback.js';
import { filling } from './displays/shown.js';

const LINES = 200;
const MAX_LINES = 1000;
const NEAR_PX = 24; // Closer to the end than this counts as at the end.
const ECHO_WITHIN_MS = 5000; // The gateway tells a line that was sent here back.

class Terminal extends ReplayWidget {
  static styles = [
    ReplayWidget.styles,
    filling,
    css`
      .terminal { flex: 1; align-self: stretch; min-width: 0; display: flex;
        flex-direction: column; gap: .4rem; }
      .lines { flex: 1; min-height: 0; overflow-y: auto; background: var(--page);
        border: 1px solid var(--line); border-radius: 6px; padding: .35rem .5rem;
        font: .82rem/1.4 var(--mono); overscroll-behavior: contain; }
      .line { white-space: pre-wrap; overflow-wrap: anywhere; min-height: 1.4em; }
      .line.own { color: color-mix(in oklab, var(--color) 75%, var(--text)); }
      .line.own::before { content: '› '; }
      form { display: flex; gap: .4rem; }
      input { flex: 1; min-width: 0; font-family: var(--mono); }
      button { flex: none; }
    `,
  ].flat();

  #scrollback = new Scrollback(LINES);
  #sent = []; // {text, atMs}
  #isAtEnd = true;

  get past() {
    return this.#limit;
  }

  get #limit() {
    const lines = Math.trunc(Number(this.config?.lines ?? LINES)) || LINES;
    return Math.min(Math.max(lines, 1), MAX_LINES);
  }

  begin() {
    this.#scrollback = new Scrollback(this.#limit);
  }

  take(values) {
    const oldest = Date.now() - ECHO_WITHIN_MS;
    this.#sent = this.#sent.filter((one) => one.atMs > oldest);
    const isOwn = values.length === 1 && this.#sent[0]?.text === values[0];
    if (isOwn) this.#sent.shift();
    this.#scrollback.take(values, isOwn);
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    const box = this.renderRoot?.querySelector('.lines');
    if (box) this.#isAtEnd = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_PX;
  }

  updated() {
    const box = this.renderRoot.querySelector('.lines');
    if (this.#isAtEnd) box.scrollTop = box.scrollHeight;
  }

  body() {
    return html`<div class="terminal">
      <div class="lines" role="log" tabindex="0" aria-label=${t('widget.terminal.lines')}>
        ${repeat(
          this.#scrollback.lines,
          (line) => line.id,
          (line) => html`<div class="line ${line.isOwn ? 'own' : ''}">${line.text}</div>`,
        )}
      </div>
      ${this.config?.input === false ? '' : this.#form()}
    </div>`;
  }

  #form() {
    return html`<form @submit=${this.#send}>
      <input name="line" autocomplete="off" autocapitalize="none" spellcheck="false"
        enterkeyhint="send" maxlength="1000" ?disabled=${!this.isWritable}
        aria-label=${t('widget.terminal.input')} placeholder=${t('widget.terminal.input')}>
      <button ?disabled=${!this.isWritable} aria-label=${t('widget.terminal.send')}>⏎</button>
    </form>`;
  }

  #send(event) {
    event.preventDefault();
    const input = event.target.elements.line;
    if (!input.value) return;
    this.#sent.push({ text: input.value, atMs: Date.now() });
    this.#isAtEnd = true;
    this.write([input.value]);
    input.value = '';
  }
}

customElements.define('bg-terminal', Terminal);
