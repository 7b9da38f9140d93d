// uPlot, dressed as the rest of the page: axes, colours, units, bands.

import uPlot from '../../vendor/uplot.js';

import { formatNumber } from '../../core/format.js';
import { locale } from '../../core/texts.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const AXIS_FONT = '12px system-ui, "DejaVu Sans", sans-serif';
const AXIS_ROOM_PX = 16; // Ticks and gaps beside the numbers.
const LINE_WIDTH = 2;
const BAND = '30'; // Opacity, as hex behind a colour.

// As far apart as they get, for those too who see no red or no green, and 3:1 on the card at least.
const LIGHT = ['#117a57', '#1a5fb4', '#b3261e', '#8f5a00', '#7b3fa0', '#00707a', '#9c2f6d'];
const DARK = ['#4cc79a', '#7fb2ff', '#ff8a80', '#f0b44c', '#cf9fff', '#4fd0dc', '#ff9bd0'];

/** The colour of a chart's nth line. */
export function lineColor(index) {
  const colors = document.documentElement.dataset.theme === 'dark' ? DARK : LIGHT;
  return colors[index % colors.length];
}

/**
 * Draw series into an element.
 *
 * @param {HTMLElement} place
 * @param {{series: object[], colors: string[], hidden: Set<string>, limits: [number?, number?],
 *   view: () => [number, number], selected: (from: number, to: number) => void,
 *   pointed: (ms: number | null) => void, back: () => void,
 *   pressed: (event: MouseEvent) => boolean}} wanted  `pressed` tells whether it takes the press
 */
export function makePlot(place, wanted) {
  const style = getComputedStyle(place);
  const color = (name) => style.getPropertyValue(name).trim();
  const units = [...new Set(wanted.series.map((one) => one.unit))];
  const lines = [{}];
  const bands = [];
  wanted.series.forEach((one, index) => {
    const common = { scale: scaleOf(one.unit), show: !wanted.hidden.has(one.address) };
    lines.push({
      ...common,
      stroke: wanted.colors[index],
      width: LINE_WIDTH,
      paths: one.isStepped ? uPlot.paths.stepped({ align: 1 }) : undefined,
      points: { size: 5 },
    });
    if (one.lows) {
      const edge = { ...common, stroke: 'transparent', width: 0, points: { show: false } };
      lines.push(edge, edge);
      const low = lines.length - 2;
      bands.push({ series: [low + 1, low], fill: `${wanted.colors[index]}${BAND}` });
    }
  });
  const options = {
    ...sizeOf(place),
    ms: 1,
    legend: { show: false },
    series: lines,
    bands,
    scales: {
      x: { time: true, range: () => wanted.view() },
      ...Object.fromEntries(units.map((unit) => [scaleOf(unit), { range: within(wanted.limits) }])),
    },
    axes: [timeAxis(color), ...units.slice(0, 2).map((unit, nth) => valueAxis(unit, nth, color))],
    cursor: {
      y: false,
      points: { size: 7 },
      drag: { x: true, y: false, setScale: false, dist: 8 },
      bind: {
        dblclick: () => () => wanted.back(),
        mousedown: (_plot, _target, handler) => (event) => {
          if (!wanted.pressed(event)) handler(event);
        },
      },
    },
    hooks: {
      setSelect: [(plot) => {
        const { left, width } = plot.select;
        if (!width) return;
        plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
        wanted.selected(plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x'));
      }],
      setCursor: [(plot) => {
        const { left } = plot.cursor;
        wanted.pointed(left === null || left < 0 ? null : plot.posToVal(left, 'x'));
      }],
    },
  };
  return new uPlot(options, join(wanted.series, wanted.view()[1]), place);
}

/** The columns of all series on one axis of time. */
export function join(series, untilMs) {
  return uPlot.join(series.map((one) => one.table(untilMs)));
}

/** What must be equal for a plot to be used further, with other points. */
export const shapeOf = (series) =>
  series.map((one) => [one.address, one.unit, one.isStepped, one.lows !== null].join()).join('\n');

export function sizeOf(place) {
  return { width: Math.max(place.clientWidth, 60), height: Math.max(place.clientHeight, 60) };
}

const scaleOf = (unit) => `y ${unit}`;

function within([least, most]) {
  return (_plot, min, max) => {
    const isEmpty = min === null || max === null || (min === 0 && max === 0);
    if (isEmpty) return [least ?? 0, most ?? (least ?? 0) + 1];
    const [low, high] = uPlot.rangeNum(min, max, 0.1, true);
    return [least ?? low, most ?? high];
  };
}

function timeAxis(color) {
  return {
    stroke: color('--dim'),
    font: AXIS_FONT,
    grid: { stroke: color('--line'), width: 1 },
    ticks: { stroke: color('--line'), width: 1 },
    space: 70,
    size: 30,
    values: (_plot, splits, _axis, _space, step) => timeTexts(splits, step),
  };
}

function valueAxis(unit, nth, color) {
  return {
    scale: scaleOf(unit),
    side: nth ? 1 : 3,
    stroke: color('--dim'),
    font: AXIS_FONT,
    grid: { show: nth === 0, stroke: color('--line'), width: 1 },
    ticks: { stroke: color('--line'), width: 1 },
    size: (plot, texts) => {
      plot.ctx.font = AXIS_FONT;
      const widths = (texts ?? []).map((text) => plot.ctx.measureText(text).width);
      return Math.ceil(Math.max(0, ...widths)) + AXIS_ROOM_PX;
    },
    values: (_plot, splits) => {
      const texts = splits.map((value) => (value === null ? '' : formatNumber(value)));
      // The unit once, at the top.
      if (unit && texts.length) texts.push(`${texts.pop()} ${unit}`);
      return texts;
    },
  };
}

function timeTexts(splits, step) {
  const format = (options) => new Intl.DateTimeFormat(locale(), options);
  if (step >= 28 * DAY_MS) {
    const month = format({ month: 'short', year: 'numeric' });
    return splits.map((ms) => month.format(ms));
  }
  const day = format({ day: 'numeric', month: 'short' });
  if (step >= DAY_MS) return splits.map((ms) => day.format(ms));
  const time = format(
    step < MINUTE_MS
      ? { hour: '2-digit', minute: '2-digit', second: '2-digit' }
      : { hour: '2-digit', minute: '2-digit' },
  );
  return splits.map((ms) => {
    const date = new Date(ms);
    const isMidnight = date.getHours() + date.getMinutes() + date.getSeconds() === 0;
    return isMidnight ? day.format(date) : time.format(date);
  });
}
