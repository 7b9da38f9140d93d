// The Pi's header as a picture: what each line does. Simulated inputs are pressed with a finger.

import { css, html, nothing } from '../vendor/lit.js';

import { get, put } from '../core/api.js';
import { cut, formatNumber } from '../core/format.js';
import { session } from '../core/session.js';
import { t } from '../core/texts.js';
import { errorText, toast } from '../core/toast.js';
import { PINS } from './displays/pinout.js';
import { filling } from './displays/shown.js';
import { Widget } from './widget.js';

const SIMULATED_EVERY_MS = 1000;
const REAL_EVERY_MS = 5000; // There a picture does not follow each edge; widgets of pins do.

class Header extends Widget {
  static properties = {
    lines: { state: true }, // line -> {level, function, pull, duty, user}
    channels: { state: true },
    gpio: { state: true },
    error: { state: true },
    chosen: { state: true }, // line whose facts are told
  };

  static styles = [
    Widget.styles,
    filling,
    css`
      .all { flex: 1; align-self: stretch; min-width: 0; overflow: auto; position: relative; }
      .pins { display: grid; grid-template-columns: 1fr 1fr; gap: 3px; }
      .pin { display: flex; align-items: center; gap: .4rem; min-height: var(--touch);
        min-width: 0; padding: .1rem .4rem; border: 1px solid var(--line); border-radius: 6px;
        background: var(--page); font-size: .78rem; line-height: 1.15; text-align: left;
        justify-content: flex-start; }
      .pin.even { flex-direction: row-reverse; text-align: right; }
      .pin .names { min-width: 0; flex: 1; overflow: hidden; }
      .pin .names span { display: block; overflow: hidden; text-overflow: ellipsis;
        white-space: nowrap; }
      .pin i { font-style: normal; }
      .pin .user { font-weight: 600; }
      .pin .position { color: var(--dim); font-variant-numeric: tabular-nums; }
      .pin.power { color: var(--dim); border-style: dotted; }
      .lamp { flex: none; width: 1rem; height: 1rem; border-radius: 50%;
        border: 2px solid var(--dim); background: var(--card); font-size: .6rem; }
      .lamp.high { background: var(--color); border-color: var(--color); }
      .lamp.unknown { border-style: dotted; }
      button.pin.output { border-color: var(--color); }
      button.pin[aria-current="true"] { outline: 2px solid var(--focus); }
      .facts { min-height: 1.5em; margin: .5rem 0 0; font-size: .9rem; }
      .channels { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr));
        gap: .2rem 1rem; margin-top: .4rem; }
      .channels label { display: grid; grid-template-columns: 3.2rem 1fr 3.2rem; gap: .5rem;
        align-items: center; font-size: .85rem; }
      .channels input { padding: 0; accent-color: var(--color); }
      .percent { text-align: right; font-variant-numeric: tabular-nums; }
      ul { margin: .5rem 0 0; padding: 0; list-style: none; font-size: .9rem; }
      li { padding: .3rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
      @container (min-width: 60rem) {
        .pins { grid-template: auto auto / repeat(20, minmax(0, 1fr));
          grid-auto-flow: column dense; }
        .pin, .pin.even { flex-direction: column; justify-content: center; text-align: center;
          padding: .3rem .1rem; font-size: .7rem; gap: .25rem; }
        .pin .names { flex: none; width: 100%; font-size: .85rem; }
        /* There is no room for it. Not hidden: screen readers go on to say it. */
        .pin i { font-size: 0; }
        .pin .user, .pin .position { font-size: .68rem; }
        .pin.odd { grid-row: 2; flex-direction: column-reverse; }
        .pin.even { grid-row: 1; }
      }
    `,
  ].flat();

  #timer = null;
  #isSeen = true;
  #moving = new Set(); // channels under a finger
  #observer = new IntersectionObserver(([entry]) => {
    this.#isSeen = entry.isIntersecting;
    if (this.#isSeen) this.#ask();
  });

  constructor() {
    super();
    this.lines = new Map();
    this.channels = [];
    this.gpio = null;
    this.error = '';
    this.chosen = null;
  }

  connectedCallback() {
    super.connectedCallback();
    this.#observer.observe(this);
    this.#ask();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#observer.disconnect();
    clearTimeout(this.#timer);
    this.#timer = null;
  }

  get label() {
    return this.config?.title || t('widget.header.title');
  }

  body() {
    if (this.error) return html`<p class="dim">${this.error}</p>`;
    return html`<div class="all">
      <div class="pins">${PINS.map((pin) => this.#pin(pin))}</div>
      <p class="facts" role="status">${this.#told(this.chosen)}</p>
      ${this.channels.length ? this.#adc() : nothing}
      ${this.gpio ? this.#peripherals() : nothing}
    </div>`;
  }

  #pin({ position, line, power }) {
    const side = position % 2 ? 'odd' : 'even';
    if (power) {
      return html`<div class="pin power ${side}"><span class="position">${position}</span>
        <span class="names">${power}</span></div>`;
    }
    const state = this.lines.get(line);
    const user = state?.user ?? '';
    const names = html`<span class="names"><span><i>GPIO</i>${line}</span>
      ${user ? html`<span class="user">${cut(user, 40)}</span>` : nothing}
      <span class="visually-hidden">${this.#facts(line).join(', ')}</span></span>`;
    const lamp = html`<span class="lamp ${lampOf(state)}" aria-hidden="true"></span>`;
    return html`<button class="pin ${side} ${state?.function ?? ''}" title=${this.#told(line)}
      aria-pressed=${this.#pressed(state)} aria-current=${this.chosen === line ? 'true' : nothing}
      @click=${() => this.#press(line)}>
      <span class="position">${position}</span>${names}${lamp}</button>`;
  }

  #pressed(state) {
    return this.#isPressable(state) ? String(state.level === 1) : nothing;
  }

  #isPressable(state) {
    return this.isWritable && this.gpio === null && state?.function === 'input';
  }

  #told(line) {
    if (line === null) return this.gpio === null && this.isWritable ? t('widget.header.hint') : '';
    const user = cut(this.lines.get(line)?.user ?? '', 60);
    const use = user ? t('widget.header.user', { user }) : t('widget.header.free');
    return [`GPIO${line}`, ...this.#facts(line), use].join(', ');
  }

  #facts(line) {
    const state = this.lines.get(line);
    const parts = [];
    if (state?.function) parts.push(t(`widget.header.${state.function}`));
    if (state?.level !== undefined) parts.push(t(`widget.header.${state.level ? 'high' : 'low'}`));
    if (state?.pull && state.pull !== 'floating') parts.push(t(`widget.header.pull_${state.pull}`));
    if (state?.duty !== null && state?.duty !== undefined) {
      parts.push(t('widget.header.duty', { percent: formatNumber(state.duty * 100, 0) }));
    }
    return parts;
  }

  #adc() {
    return html`<div class="channels" role="group" aria-label=${t('widget.header.adc')}>
      ${this.channels.map(({ channel, value }) => html`<label>
        <span>${t('widget.header.channel', { channel })}</span>
        <input type="range" min="0" max="1" step="0.005" .value=${String(value)}
          ?disabled=${!this.isWritable}
          aria-valuetext=${percentOf(value)}
          @input=${(event) => this.#setAdc(channel, event.target.value)}>
        <span class="percent" aria-hidden="true">${percentOf(value)}</span>
      </label>`)}
    </div>`;
  }

  #peripherals() {
    const { chip, fault, peripherals } = this.gpio;
    return html`<p class=${fault ? 'bad' : 'dim'}>${fault || chip}</p>
      <ul>${peripherals.map((one) => html`<li>
        <strong>${one.name}</strong> <span class="dim">${one.type},
        ${one.lines.map((line) => `GPIO${line}`).join(', ')}</span>
        ${cut(one.actual.join(', '), 60)}
        ${one.fault ? html`<span class="bad">${cut(one.fault)}</span>` : nothing}</li>`)}</ul>`;
  }

  async #ask() {
    clearTimeout(this.#timer);
    const isDue = this.isConnected && this.#isSeen && !document.hidden;
    if (isDue) {
      try {
        await (session.isSimulated ? this.#askSimulated() : this.#askReal());
        this.error = '';
      } catch (error) {
        this.error = errorText(error, t);
      }
    }
    clearTimeout(this.#timer);
    if (!this.isConnected) return;
    const wait = session.isSimulated ? SIMULATED_EVERY_MS : REAL_EVERY_MS;
    this.#timer = setTimeout(() => this.#ask(), wait);
  }

  async #askSimulated() {
    const [{ lines }, { channels }] = await Promise.all([get('/sim/lines'), get('/sim/adc')]);
    this.gpio = null;
    this.lines = new Map(lines.map((one) => [one.line, one]));
    // A slider under a finger is not pulled back by an answer from a moment ago.
    this.channels = channels.map((one) =>
      this.#moving.has(one.channel) ? this.channels[one.channel] : one,
    );
  }

  async #askReal() {
    this.gpio = await get('/gpio');
    const lines = new Map();
    for (const pin of this.gpio.open_pins) lines.set(Number(pin.slice(1)), { user: pin });
    for (const { name, lines: used } of this.gpio.peripherals) {
      for (const line of used) lines.set(line, { user: name });
    }
    this.lines = lines;
  }

  async #press(line) {
    const state = this.lines.get(line);
    this.chosen = line;
    if (!this.#isPressable(state)) return;
    try {
      const now = await put(`/sim/lines/${line}`, { level: state.level ? 0 : 1 });
      this.lines = new Map(this.lines).set(line, now);
    } catch (error) {
      toast(`GPIO${line}: ${errorText(error, t)}`, 'bad');
    }
  }

  async #setAdc(channel, text) {
    this.channels = this.channels.map((one) =>
      one.channel === channel ? { channel, value: Number(text) } : one,
    );
    if (this.#moving.has(channel)) return; // The latest goes when the answer is there.
    this.#moving.add(channel);
    try {
      let sent;
      do {
        sent = this.channels[channel].value;
        await put(`/sim/adc/${channel}`, { value: sent });
      } while (sent !== this.channels[channel].value);
    } catch (error) {
      toast(errorText(error, t), 'bad');
    } finally {
      this.#moving.delete(channel);
    }
  }
}

const percentOf = (part) => `${formatNumber(part * 100, 1)}\u202f%`;

function lampOf(state) {
  if (state?.level === undefined) return 'unknown';
  return state.level ? 'high' : '';
}

customElements.define('bg-header', Header);
