// A chart of several pins, from the last minutes to all there is: zoom, pan, and what is new live.

import { css, html } from '../vendor/lit.js';

import { icon } from '../components/icon.js';
import { formatTime, formatValue, isColor } from '../core/format.js';
import { live } from '../core/live.js';
import { t } from '../core/texts.js';
import { errorText } from '../core/toast.js';
import { bindGestures } from './chart/gestures.js';
import { join, lineColor, makePlot, shapeOf, sizeOf } from './chart/plot.js';
import { Series, csvPath, toNumber } from './chart/series.js';
import { Widget } from './widget.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const RANGES = {
  live: 5 * 60_000,
  '1h': HOUR_MS,
  '6h': 6 * HOUR_MS,
  '1d': DAY_MS,
  '1w': 7 * DAY_MS,
  '1M': 30 * DAY_MS,
  '1y': 365 * DAY_MS,
  all: null, // As long as there are points.
};
const DEFAULT_RANGE = '1d';
const LEAST_SPAN_MS = 1000;
const ZOOM_BY = 2;
const PAN_BY = 0.5;
const MAX_WIDTH = 1000; // Points of a line.
const LEAST_WIDTH = 100;
const MAX_PINS = 32;
const LOAD_AFTER_MS = 250; // When a gesture rests.
const MOVE_EVERY_MS = 1000;
const UPLOT_CSS = new URL('../vendor/uplot.css', import.meta.url).href;

class Chart extends Widget {
  static properties = {
    range: { state: true },
    error: { state: true },
    isLoading: { state: true },
    pointedMs: { state: true },
    isZoomed: { state: true },
  };

  static styles = [
    Widget.styles,
    css`
      .body { align-self: stretch; }
      .chart { flex: 1; align-self: stretch; min-width: 0; display: flex; flex-direction: column;
        gap: .2rem; }
      .bar { display: flex; gap: .15rem; align-items: center; overflow-x: auto;
        scrollbar-width: none; flex: none; }
      .bar button, .bar a { min-height: 34px; min-width: 34px; padding: 0 .45rem; font-size: .82rem;
        border-color: transparent; background: none; flex: none; }
      .bar [aria-pressed="true"] { background: var(--accent-soft); color: var(--text); }
      .bar .apart { margin-left: auto; }
      .place { flex: 1; min-height: 0; min-width: 0; position: relative; touch-action: pan-y;
        overflow: hidden; border-radius: 6px; }
      .place.editing { pointer-events: none; }
      .u-select { background: color-mix(in srgb, var(--accent) 22%, transparent); }
      .u-vt .u-cursor-x { border-color: var(--dim); }
      .legend { display: flex; flex-wrap: wrap; gap: 0 .3rem; align-items: center; flex: none;
        max-height: 40%; overflow-y: auto; }
      .legend button { min-height: 30px; padding: 0 .4rem; font-size: .82rem; gap: .35rem;
        border-color: transparent; background: none; max-width: 100%; overflow: hidden; }
      .legend .off { opacity: .6; text-decoration: line-through; }
      .legend svg { width: 14px; height: 10px; flex: none; }
      .legend button span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
      .legend b { font-weight: 600; font-variant-numeric: tabular-nums; white-space: nowrap; }
      .when { font-size: .8rem; color: var(--dim); white-space: nowrap; margin-left: auto; }
      .message { position: absolute; inset: 0; display: grid; place-items: center;
        pointer-events: none; color: var(--dim); text-align: center; }
      .message.bad { color: var(--bad); }
      @media (pointer: coarse) {
        .bar button, .bar a, .legend button { min-height: var(--touch); min-width: var(--touch); }
      }
      @container (max-height: 190px) { .bar { display: none; } }
      @container (max-height: 120px) { .legend { display: none; } }
    `,
  ].flat();

  #series = [];
  #zoomed = null; // [from, to] once a person zoomed or panned, else the range ends now
  #allFrom = null;
  #hidden = new Set();
  #plot = null;
  #shape = '';
  #asked = 0;
  #loadTimer = null;
  #moveTimer = null;
  #frame = null;
  #gestures = null;
  #resized = new ResizeObserver(() => {
    if (this.#plot) this.#plot.setSize(sizeOf(this.#place));
  });

  constructor() {
    super();
    this.range = DEFAULT_RANGE;
    this.error = '';
    this.isLoading = false;
    this.pointedMs = null;
    this.isZoomed = false;
  }

  connectedCallback() {
    super.connectedCallback();
    live.addEventListener('status', this.#statusChanged);
    window.addEventListener('theme-change', this.#rebuild);
    window.addEventListener('language-change', this.#rebuild);
    this.#moveTimer = setInterval(this.#move, MOVE_EVERY_MS);
    if (this.#series.length) this.#load();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    live.removeEventListener('status', this.#statusChanged);
    window.removeEventListener('theme-change', this.#rebuild);
    window.removeEventListener('language-change', this.#rebuild);
    clearInterval(this.#moveTimer);
    clearTimeout(this.#loadTimer);
    cancelAnimationFrame(this.#frame);
    this.#frame = null;
    this.#resized.disconnect();
    this.#plot?.destroy();
    this.#plot = null;
    this.#asked += 1;
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    if (!changed.has('config')) return;
    const before = changed.get('config');
    if (this.config?.range !== before?.range) {
      this.range = this.config?.range in RANGES ? this.config.range : DEFAULT_RANGE;
    }
    const known = new Map(this.#series.map((one) => [one.address, one]));
    const addresses = [...new Set(this.addresses)].slice(0, MAX_PINS);
    this.#series = addresses.map((address) => known.get(address) ?? new Series(address));
    this.#shape = '';
    this.#load();
  }

  updated(changed) {
    // Drawing moves the cursor: without this one would go on with the other for ever.
    if (changed.size !== 1 || !changed.has('pointedMs')) this.#draw();
  }

  get label() {
    if (this.config?.title || this.addresses.length === 1) return super.label;
    return t('widget.chart.title', { names: this.#series.map((one) => one.name).join(', ') });
  }

  received(address, values) {
    const series = this.#series.find((one) => one.address === address);
    if (!series || this.editing) return;
    series.isKnown = true;
    const [from, to] = this.#view();
    series.append(live.pin(address).at_ms, toNumber(values.at(-1)), (to - from) / MAX_WIDTH);
    if (!this.#zoomed) this.#drawSoon();
  }

  body() {
    return html`<link rel="stylesheet" href=${UPLOT_CSS} />
      <div class="chart">
        <div class="bar" role="toolbar" aria-label=${t('widget.chart.view')}>
          ${Object.keys(RANGES).map((name) => this.#rangeButton(name))}
          ${this.#button('left', 'earlier', () => this.#pan(-PAN_BY), 'apart')}
          ${this.#button('right', 'later', () => this.#pan(PAN_BY))}
          ${this.#button('add', 'zoom_in', () => this.#zoom(1 / ZOOM_BY, 0.5))}
          ${this.#button('undo', 'back', this.#back, '', !this.isZoomed)}
          <a class="button" download href="#" title=${t('widget.chart.csv')}
            aria-label=${t('widget.chart.csv')} @click=${this.#csvClicked}>${icon('download')}</a>
        </div>
        <div class="place ${this.editing ? 'editing' : ''}" tabindex="0" role="img"
          aria-label=${t('widget.chart.keys', { name: this.label })}>
          ${this.#message()}
        </div>
        ${this.#legend()} ${this.#summary()}
      </div>`;
  }

  /** Points of a line at most: no more than there are pixels. */
  get #width() {
    return Math.min(MAX_WIDTH, Math.max(LEAST_WIDTH, sizeOf(this).width));
  }

  get #place() {
    return this.renderRoot.querySelector('.place');
  }

  #rangeButton(name) {
    const isChosen = this.range === name && !this.isZoomed;
    return html`<button type="button" aria-pressed=${isChosen} ?disabled=${this.editing}
      aria-label=${t(`widget.chart.range.${name}.long`)}
      @click=${() => this.#choose(name)}>${t(`widget.chart.range.${name}`)}</button>`;
  }

  #button(picture, name, act, cls = '', isOff = false) {
    const text = t(`widget.chart.${name}`);
    return html`<button type="button" class=${cls} title=${text} aria-label=${text}
      ?disabled=${isOff || this.editing} @click=${act}>${icon(picture)}</button>`;
  }

  #message() {
    if (this.error) return html`<div class="message bad" role="alert">${this.error}</div>`;
    if (!this.#series.length) return html`<div class="message">${t('widget.chart.no_pins')}</div>`;
    const [from, to] = this.#view();
    const isEmpty = this.#series.every((one) => one.summary(from, to) === null);
    if (!isEmpty) return '';
    const text = t(this.isLoading ? 'loading' : 'widget.chart.empty');
    return html`<div class="message" role="status">${text}</div>`;
  }

  #legend() {
    return html`<div class="legend">
      ${this.#series.map((one, index) => {
        const isShown = !this.#hidden.has(one.address);
        const value = this.pointedMs === null ? one.values.at(-1) : one.at(this.pointedMs);
        return html`<button type="button" class=${isShown ? '' : 'off'} aria-pressed=${isShown}
            ?disabled=${this.editing} @click=${() => this.#toggle(one.address)}>
          <svg viewBox="0 0 14 10" aria-hidden="true">
            <rect y="3" width="14" height="4" rx="2" fill=${this.#color(index)}></rect></svg>
          <span>${one.name}</span> <b>${this.#text(one, value)}</b></button>`;
      })}
      ${this.pointedMs === null
        ? ''
        : html`<span class="when">${formatTime(this.pointedMs)}</span>`}
    </div>`;
  }

  // What the picture tells, for who does not see it.
  #summary() {
    const [from, to] = this.#view();
    return html`<table class="visually-hidden">
      <caption>
        ${t('widget.chart.summary', { from: formatTime(from), to: formatTime(to) })}</caption>
      <tr><th>${t('widget.chart.pin')}</th><th>${t('widget.chart.least')}</th>
        <th>${t('widget.chart.greatest')}</th><th>${t('widget.chart.latest')}</th></tr>
      ${this.#series.map((one) => {
        const found = one.summary(from, to);
        return html`<tr><th>${one.name}</th><td>${this.#text(one, found?.min)}</td>
          <td>${this.#text(one, found?.max)}</td><td>${this.#text(one, found?.last)}</td></tr>`;
      })}
    </table>`;
  }

  #text(series, value) {
    if (value === null || value === undefined) return '–';
    const { datastream } = series;
    const isMean = series.stepMs > 0 && (datastream?.decimals ?? null) === null;
    const shown = isMean ? Number(value.toPrecision(6)) : value;
    return formatValue([String(shown)], datastream, {});
  }

  #color(index) {
    const color = this.config?.colors?.[index] ?? (index === 0 ? this.color : null);
    return isColor(color) ? color : lineColor(index);
  }

  // What is shown: from and to, UTC ms.
  #view() {
    if (this.#zoomed) return this.#zoomed;
    const now = live.now();
    const span = RANGES[this.range] ?? now - (this.#allFrom ?? now - DAY_MS);
    return [now - Math.max(span, LEAST_SPAN_MS), now];
  }

  #choose(name) {
    this.#allFrom ??= this.#view()[0]; // Until it is known since when there are points.
    this.range = name;
    this.#zoomed = null;
    this.isZoomed = false;
    this.#load();
  }

  #back = () => this.#choose(this.range);

  #show(from, to) {
    const span = Math.max(to - from, LEAST_SPAN_MS);
    const end = Math.min(to, live.now() + span / 2);
    this.#zoomed = [end - span, end];
    this.isZoomed = true;
    this.#drawSoon();
    clearTimeout(this.#loadTimer);
    this.#loadTimer = setTimeout(() => this.#load(), LOAD_AFTER_MS);
  }

  #zoom(factor, at) {
    const [from, to] = this.#view();
    const span = Math.min((to - from) * factor, live.now());
    const middle = from + (to - from) * at;
    this.#show(middle - span * at, middle + span * (1 - at));
  }

  #pan(part) {
    const [from, to] = this.#view();
    const by = (to - from) * part;
    this.#show(from + by, to + by);
  }

  #toggle(address) {
    if (!this.#hidden.delete(address)) this.#hidden.add(address);
    this.#rebuild();
  }

  #csvClicked = (event) => {
    const [from, to] = this.#view().map(Math.round);
    const path = csvPath(this.#series, from, to + 1, this.#width, this.config?.aggregate);
    if (this.editing || !path) event.preventDefault();
    else event.currentTarget.href = path;
  };

  async #load() {
    clearTimeout(this.#loadTimer);
    const asked = (this.#asked += 1);
    const series = this.#series;
    if (!series.length) return;
    this.isLoading = true;
    try {
      if (this.range === 'all' && !this.#zoomed) await this.#findFirst(series);
      const [from, to] = this.#view().map(Math.round);
      const agg = this.config?.aggregate;
      await Promise.all(series.map((one) => one.load(from, to + 1, this.#width, agg)));
      if (asked === this.#asked) this.error = '';
    } catch (error) {
      if (asked === this.#asked) this.error = errorText(error, t);
    } finally {
      if (asked === this.#asked) this.isLoading = false;
    }
    this.requestUpdate();
  }

  async #findFirst(series) {
    const firsts = await Promise.all(series.map((one) => one.firstMs(Math.round(live.now()))));
    const known = firsts.filter((first) => first !== null);
    this.#allFrom = known.length ? Math.min(...known) : null;
  }

  #statusChanged = () => {
    // What happened while nobody told is in the history.
    if (live.status === 'live' && this.#series.length) this.#load();
  };

  #move = () => {
    if (this.#zoomed || document.hidden || this.editing) return;
    const [from, to] = this.#view();
    // A range of a year need not be drawn each second.
    if (to - (this.#plot?.scales.x.max ?? 0) > (to - from) / MAX_WIDTH) this.requestUpdate();
  };

  #rebuild = () => {
    this.#shape = '';
    this.requestUpdate();
  };

  #drawSoon() {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = null;
      this.requestUpdate();
    });
  }

  #draw() {
    const place = this.#place;
    if (!place || !this.isConnected || !this.#series.length) return;
    const shape = shapeOf(this.#series);
    if (this.#plot && shape === this.#shape) {
      this.#plot.setData(join(this.#series, this.#view()[1]));
      return;
    }
    this.#shape = shape;
    this.#plot?.destroy();
    this.#resized.disconnect();
    this.#gestures ??= bindGestures(place, {
      area: () => this.#plot.over.getBoundingClientRect(),
      zoom: (factor, at) => this.#zoom(factor, at),
      pan: (part) => this.#pan(part),
      back: this.#back,
    });
    this.#plot = makePlot(place, {
      series: this.#series,
      colors: this.#series.map((_one, index) => this.#color(index)),
      hidden: this.#hidden,
      limits: [this.config?.min, this.config?.max],
      view: () => this.#view(),
      selected: (from, to) => this.#show(from, to),
      pointed: (ms) => {
        if (this.pointedMs !== ms) this.pointedMs = ms;
      },
      back: this.#back,
      pressed: (event) => this.#gestures.pressed(event),
    });
    this.#resized.observe(place);
  }
}

customElements.define('bg-chart', Chart);
