// Where things are: a plain plot of their coordinates, north up, with a scale. No map below it, so
// nothing is asked of another host.

import { css, html, nothing, svg } from '../vendor/lit.js';

import { cut, formatNumber } from '../core/format.js';
import { t } from '../core/texts.js';
import { Places, niceLength, project } from './displays/places.js';
import { ReplayWidget } from './displays/replay.js';
import { filling } from './displays/shown.js';

const MAX_LABEL = 24; // Characters beside a point.
const PAST = 200;
const CHARACTER_PX = 6.4; // Width of one in a label.

class MapWidget extends ReplayWidget {
  static styles = [
    ReplayWidget.styles,
    filling,
    css`
      .plot { flex: 1; align-self: stretch; min-width: 0; position: relative; overflow: hidden;
        background: var(--page); border: 1px solid var(--line); border-radius: 6px; }
      svg { position: absolute; inset: 0; width: 100%; height: 100%; }
      text { fill: var(--text); font-size: 11px; }
      .grid { stroke: var(--line); stroke-dasharray: 3 4; }
      .scale { stroke: var(--dim); stroke-width: 2; fill: none; }
      .dim { fill: var(--dim); }
      .way { fill: none; stroke: var(--color); stroke-width: 2; opacity: .55; }
      .place { fill: var(--color); stroke: var(--card); stroke-width: 2; }
      .past { fill: var(--color); opacity: .5; }
      .label { paint-order: stroke; stroke: var(--page); stroke-width: 3px; }
      p { margin: auto; color: var(--dim); }
    `,
  ].flat();

  #places = new Places();
  #size = { width: 300, height: 200 };
  #observer = new ResizeObserver(([entry]) => {
    const { width, height } = entry.contentRect;
    if (!width || !height) return;
    this.#size = { width, height };
    this.requestUpdate();
  });

  get past() {
    return PAST;
  }

  begin() {
    this.#places = new Places();
  }

  take(values) {
    this.#places.take(values, this.config?.format);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#observer.disconnect();
    this.#observed = null;
  }

  #observed = null;

  updated() {
    const plot = this.renderRoot.querySelector('.plot');
    if (plot === this.#observed) return;
    this.#observer.disconnect();
    this.#observed = plot;
    if (plot) this.#observer.observe(plot);
  }

  body() {
    const { places } = this.#places;
    if (!places.length) return html`<p>${t('widget.map.empty')}</p>`;
    const { width, height } = this.#size;
    const { points, metresPerUnit } = project(places, width, height);
    const { isWay } = this.#places;
    return html`<div class="plot"><svg role="img" aria-label=${this.#said(places, isWay)}>
      <line class="grid" x1=${width / 2} x2=${width / 2} y1="0" y2=${height}></line>
      <line class="grid" y1=${height / 2} y2=${height / 2} x1="0" x2=${width}></line>
      <text class="dim" x=${width / 2 + 4} y="12">${t('widget.map.north')} ↑</text>
      ${isWay ? this.#way(points) : nothing}
      ${points.map((point, index) => this.#place(places[index], point, {
        isPast: isWay && index < points.length - 1,
        isLast: index === points.length - 1,
      }))}
      ${this.#scale(metresPerUnit)}
    </svg></div>`;
  }

  #way(points) {
    return svg`<polyline class="way" points=${points.map(({ x, y }) => `${x},${y}`).join(' ')}>
      </polyline>`;
  }

  #place(place, { x, y }, { isPast, isLast }) {
    if (isPast) return svg`<circle class="past" cx=${x} cy=${y} r="2.5"></circle>`;
    const coordinates = `${formatNumber(place.latitude, 5)}, ${formatNumber(place.longitude, 5)}`;
    const text = cut(place.label || (isLast ? coordinates : place.id), MAX_LABEL);
    // A label goes to the side where there is room.
    const isRight = x + 12 + text.length * CHARACTER_PX > this.#size.width;
    return svg`<g>
      <title>${cut(place.label || place.id)}: ${coordinates}</title>
      <circle class="place" cx=${x} cy=${y} r="7"></circle>
      <text class="label" x=${isRight ? x - 11 : x + 11} y=${y + 4}
        text-anchor=${isRight ? 'end' : 'start'}>${text}</text>
    </g>`;
  }

  #scale(metresPerUnit) {
    const { width, height } = this.#size;
    const metres = niceLength(metresPerUnit * width * 0.3);
    const length = metres / metresPerUnit;
    const text =
      metres >= 1000
        ? `${formatNumber(metres / 1000)}\u202fkm`
        : `${formatNumber(metres)}\u202fm`;
    const y = height - 8;
    return svg`<g>
      <path class="scale" d="M 8 ${y - 5} V ${y} H ${8 + length} V ${y - 5}"></path>
      <text class="dim" x=${14 + length} y=${y}>${text}</text>
    </g>`;
  }

  #said(places, isWay) {
    const shown = isWay ? places.slice(-1) : places;
    const name = (one) => (isWay ? '' : cut(one.label || one.id, MAX_LABEL));
    return shown.map((one) => `${name(one)} ${one.latitude}, ${one.longitude}`.trim()).join('; ');
  }
}

customElements.define('bg-map', MapWidget);
