// What every widget has in common: its pins, its properties, its frame, and writing.

import { css, html, nothing } from '../vendor/lit.js';

import { writePin } from '../core/api.js';
import { GatewayElement, shared } from '../core/element.js';
import { cut, formatLabel, formatNumber, formatValue, numberOf } from '../core/format.js';
import { live } from '../core/live.js';
import { session } from '../core/session.js';
import { t } from '../core/texts.js';
import { errorText, toast } from '../core/toast.js';
import { colorOr, textOn } from './inputs/colors.js';
import { Sender } from './inputs/sender.js';

const CONFIRM_WITHIN_MS = 3000;
const MAX_LABEL = 120;
const MAX_DECIMALS = 15; // More than a double has; `Intl` refuses some more.

/**
 * Base of all widgets.
 *
 * A widget draws itself in `body()`; `values` is what its pin has now, or what a person just chose
 * until the gateway confirms it. Properties that a device set (`setProperty`) go before what the
 * dashboard says, and that before what the datastream says.
 */
export class Widget extends GatewayElement {
  static properties = {
    config: { attribute: false }, // One widget of `GET /api/v1/dashboards/…`
    editing: { type: Boolean }, // Draws, and does nothing
  };

  /** Whether every value counts (terminal, table, LCD, map), not just the latest. */
  static wantsEach = false;

  static styles = [
    shared,
    css`
      :host { display: block; height: 100%; min-width: 0; container-type: size;
        --color: var(--accent); --on-color: var(--accent-text); }
      :host([data-hidden]) { display: none; }
      .widget { height: 100%; background: var(--card); border: 1px solid var(--line);
        border-radius: var(--radius); padding: .4rem .6rem .5rem; display: flex;
        flex-direction: column; gap: .15rem; overflow: hidden; }
      .widget.away { border-style: dashed; }
      .label { font-size: .82rem; color: var(--dim); display: flex; gap: .35rem;
        align-items: baseline; min-width: 0; }
      .label .text { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
      .label .away { margin-left: auto; font-size: .75rem; color: var(--warn);
        white-space: nowrap; }
      .body { flex: 1; min-height: 0; display: flex; align-items: center; justify-content: center;
        gap: .5rem; }
      .value { font-size: 1.45rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
      /* One row of the grid has no room for two lines: the label stands beside. */
      @container (max-height: 80px) {
        .widget { flex-direction: row; align-items: center; gap: .5rem; padding-block: 0; }
        .label { flex: none; max-width: 40%; }
        .label .away { margin-left: 0; }
      }
    `,
  ];

  #pending = new Map(); // address -> {values, seq, timer}
  #senders = new Map(); // address -> Sender

  connectedCallback() {
    super.connectedCallback();
    this.#watch();
    live.addEventListener('devices', this.#devicesChanged);
    session.addEventListener('change', this.#devicesChanged);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    live.unwatch(this);
    live.removeEventListener('devices', this.#devicesChanged);
    session.removeEventListener('change', this.#devicesChanged);
  }

  // The editor's grid sorts its elements with each move: nothing ends and begins by that.
  connectedMoveCallback() {}

  willUpdate(changed) {
    if (changed.has('config') && this.isConnected) this.#watch();
    this.toggleAttribute('data-hidden', this.flag('isHidden') && !this.editing);
    this.paint('--color', this.color);
    this.paint('--on-color', this.color && textOn(this.color));
  }

  /** Addresses of all pins: `pin`, then `pins`. */
  get addresses() {
    const { pin, pins = [] } = this.config ?? {};
    return pin ? [pin, ...pins] : pins;
  }

  /** The first pin's address, null for none. */
  get address() {
    return this.addresses[0] ?? null;
  }

  /** The first pin as it is; see `live.pin`. */
  get state() {
    return this.address ? live.pin(this.address) : null;
  }

  get datastream() {
    return this.state?.datastream ?? null;
  }

  /** What the first pin has, or what was just chosen here. */
  get values() {
    return this.valuesOf(this.address);
  }

  valuesOf(address) {
    if (!address) return [];
    return this.#pending.get(address)?.values ?? live.pin(address).value;
  }

  /** A property that a device set, as an array of texts; null for none. */
  property(name) {
    return this.state?.properties?.[name] ?? null;
  }

  /** A property's text, else the dashboard's option of that or another name, else null. */
  option(property, key = property) {
    return this.property(property)?.[0] ?? this.config?.[key] ?? null;
  }

  /**
   * A number of property, dashboard or datastream, else `otherwise`.
   *
   * Of several pins each may have its own limits: name the pin by its address.
   */
  numberOption(property, otherwise, address = this.address) {
    const pin = address ? live.pin(address) : null;
    const found = [
      pin?.properties?.[property]?.[0],
      this.config?.[property],
      pin?.datastream?.[property],
    ];
    for (const one of found) {
      if (one !== null && one !== undefined && one !== '' && Number.isFinite(Number(one))) {
        return Number(one);
      }
    }
    return otherwise;
  }

  /** A boolean property: `true` and `1` are. */
  flag(name) {
    return ['true', '1'].includes(String(this.property(name)?.[0] ?? '').toLowerCase());
  }

  get label() {
    const label = this.option('label', 'title') || this.datastream?.name || this.address || '';
    return cut(String(label), MAX_LABEL);
  }

  get color() {
    return colorOr(this.option('color'));
  }

  /** A pin's value as text: `valueFormatting`, decimals and unit as set, see `formatValue`. */
  valueText(values = this.values) {
    const pattern = this.property('valueFormatting')?.[0];
    if (pattern && values.length) return cut(formatLabel(pattern, values));
    const unit = this.option('suffix', 'unit') ?? undefined;
    const most = Number(this.property('maximumFractionDigits')?.[0] ?? NaN);
    const number = numberOf(values);
    if (values.length === 1 && Number.isInteger(most) && most >= 0 && Number.isFinite(number)) {
      const rounded = Number(number.toFixed(Math.min(most, MAX_DECIMALS)));
      const text = formatNumber(rounded);
      return unit ?? this.datastream?.unit ? `${text}\u202f${unit ?? this.datastream.unit}` : text;
    }
    return formatValue(values, this.datastream, { unit, decimals: this.config?.decimals });
  }

  get device() {
    return this.address ? live.device(this.address.split('/')[0]) : null;
  }

  /** Whether a person here may write now. */
  get isWritable() {
    return (
      !this.editing &&
      session.can('operator') &&
      !this.flag('isDisabled') &&
      this.datastream?.writable !== false
    );
  }

  /** Write a pin and show the value until the gateway confirms or refuses it. */
  async write(values, address = this.address) {
    if (this.isWritable) await this.#push(values, address, 'once');
  }

  /** Write while a person moves something: ten times a second at most, the last one always. */
  async stream(values, address = this.address) {
    if (this.isWritable) await this.#push(values, address, 'stream');
  }

  /**
   * Write what must arrive, as the `off` of a pushed button: even if the widget may write no more,
   * tried again until it does. `isLeaving`: the page may end right after.
   */
  release(values, address = this.address, isLeaving = false) {
    const done = this.#push(values, address, 'release');
    if (isLeaving) this.#sender(address).flush();
    return done;
  }

  /** Show a value that is not written yet, as of a slider in motion; the next write ends it. */
  hold(values, address = this.address) {
    this.#expect(address, values.map(String));
  }

  /** Show the pin's own value again after `hold`. */
  drop(address = this.address) {
    this.#forget(address);
  }

  /** Tell the page that a person used this control: its property `page` may open another page. */
  used() {
    const page = this.property('page')?.[0];
    if (!page) return;
    const options = { detail: page, bubbles: true, composed: true };
    this.dispatchEvent(new CustomEvent('open-page', options));
  }

  /** Called with all values since the last call, oldest first, where `wantsEach`. */
  received(_address, _values) {}

  /** The widget's own part. */
  body() {
    return nothing;
  }

  render() {
    const device = this.device;
    const isAway = device !== null && !device.online;
    return html`<section class="widget ${isAway ? 'away' : ''}" role="group"
        aria-label=${this.label}>
      <div class="label"><span class="text" title=${this.label}>${this.label}</span>
        ${isAway ? html`<span class="away">${t('device.offline')}</span>` : ''}</div>
      <div class="body">${this.body()}</div>
    </section>`;
  }

  /** Set a custom property of the widget to a colour, or back to what it was. */
  paint(name, color) {
    if (color) this.style.setProperty(name, color);
    else this.style.removeProperty(name);
  }

  #watch() {
    live.watch(this, this.addresses, this.#changed, this.constructor.wantsEach);
  }

  #changed = (address, values) => {
    if (values.length) {
      const pending = this.#pending.get(address);
      // What came before the own write must not pull the widget back for a moment.
      if (pending && live.pin(address).seq >= pending.seq) this.#forget(address);
      this.received(address, values);
    }
    this.requestUpdate();
  };

  #devicesChanged = () => this.requestUpdate();

  #sender(address) {
    if (!this.#senders.has(address)) {
      const send = (values, isUrgent) => writePin(address, values, isUrgent);
      this.#senders.set(address, new Sender(send));
    }
    return this.#senders.get(address);
  }

  async #push(values, address, kind) {
    const texts = values.map(String);
    const pending = this.#expect(address, texts);
    try {
      const answer = await this.#sender(address).push(texts, kind);
      if (answer && this.#pending.get(address) === pending) this.#answered(address, answer);
    } catch (error) {
      if (this.#pending.get(address) === pending) this.#forget(address);
      toast(`${this.label}: ${errorText(error, t)}`, 'bad');
    }
  }

  // The gateway may have made another value of it: clamped, or an enum's fallback.
  #answered(address, { value, seq = 0 }) {
    if (live.pin(address).seq >= seq) {
      this.#forget(address);
      return;
    }
    const pending = this.#expect(address, value);
    pending.seq = seq;
    pending.timer = setTimeout(() => this.#forget(address), CONFIRM_WITHIN_MS);
  }

  #expect(address, values) {
    clearTimeout(this.#pending.get(address)?.timer);
    const pending = { values, seq: Infinity, timer: null };
    this.#pending.set(address, pending);
    this.requestUpdate();
    return pending;
  }

  #forget(address) {
    clearTimeout(this.#pending.get(address)?.timer);
    this.#pending.delete(address);
    this.requestUpdate();
  }
}
