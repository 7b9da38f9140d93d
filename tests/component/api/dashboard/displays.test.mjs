// What values of a pin mean to the widgets that show them, without a browser.

import assert from 'node:assert/strict';
import test from 'node:test';

const dashboard = new URL('../../../../blynk_gateway/api/dashboard/', import.meta.url);
const load = (path) => import(new URL(path, dashboard));

const format = await load('core/format.js');
const { PINS } = await load('widgets/displays/pinout.js');
const { Places, niceLength, project } = await load('widgets/displays/places.js');
const { Rows } = await load('widgets/displays/rows.js');
const { COLUMNS, Screen, fitted } = await load('widgets/displays/screen.js');
const { Scrollback } = await load('widgets/displays/scrollback.js');

const taken = (target, ...values) => {
  values.forEach((value) => target.take([value].flat()));
  return target;
};
const texts = (scrollback) => scrollback.lines.map((line) => line.text);

test('a label takes as many decimals as it has marks, without zeros at the end', () => {
  const label = (pattern, ...values) => format.formatLabel(pattern, values);
  assert.equal(label('T: /pin.#/ °C', '33.333'), 'T: 33.3 °C');
  assert.equal(label('/pin.##/', '33.30'), '33.3');
  assert.equal(label('/pin./', '33.333'), '33');
  assert.equal(label('/pin/', '33.300'), '33.300');
  assert.equal(label('/pin0/ /pin1.#/', 'a', '2.06'), 'a 2.1');
  assert.equal(label('/value1/ /value2/', 'a', 'b'), 'a b');
  assert.equal(label('/pin.##/', 'nan'), 'nan');
  assert.equal(label(`/pin.${'#'.repeat(500)}/`, '1.5'), '1.5');
  assert.equal(label('/pin/ /pins/', '$&'), '$& /pins/');
});

test('only what stock clients write is a number', () => {
  for (const text of ['25.500', '-7', '1e3', '.5', ' 4 ']) {
    assert.ok(Number.isFinite(format.numberOf([text])), text);
  }
  for (const text of ['', ' ', 'nan', 'inf', 'ovf', '0x10', 'Infinity', '1e999', '1,5', undefined]) {
    assert.ok(Number.isNaN(format.numberOf([text])), text);
  }
});

test('numbers of any size and any wish for decimals have a text', () => {
  assert.equal(format.formatNumber(1e300), '1.000e+300');
  assert.equal(format.formatNumber(2, 500).length, 22);
  assert.equal(format.formatNumber(2.5, -3), '3');
});

test('a value of an enum is its label, a long text is cut', () => {
  assert.equal(format.formatValue(['1'], { labels: { 1: 'auto' } }), 'auto');
  assert.equal(format.formatValue(['x'.repeat(10_000)], null).length, format.MAX_SHOWN + 1);
  assert.equal(format.formatValue([], null), '–');
});

test('a text without newline ends its line unless it filled the buffer of the library', () => {
  const terminal = new Scrollback(10);
  taken(terminal, 'one', 'two\r\nthree\n', 'x'.repeat(128), 'rest\n', '', 'a\n\nb');
  assert.deepEqual(texts(terminal), ['one', 'two', 'three', `${'x'.repeat(128)}rest`, '', 'a', '', 'b']);
});

test('a terminal keeps its latest lines, cuts long ones, and is cleared by clr', () => {
  const terminal = taken(new Scrollback(3), '1', '2', '3', '4\n5', 'y'.repeat(9999));
  assert.deepEqual(texts(terminal).slice(0, 2), ['4', '5']);
  assert.equal(texts(terminal)[2].length, 2001);
  assert.deepEqual(texts(taken(terminal, 'clr')), []);
  assert.deepEqual(texts(taken(terminal, 'clr please')), ['clr please']);
});

test('a line that was written here stands alone', () => {
  const terminal = taken(new Scrollback(9), 'x'.repeat(64));
  terminal.take(['help'], true);
  assert.deepEqual(terminal.lines.map((line) => line.isOwn), [false, true]);
});

test('rows are added, updated, picked, selected, ordered and cleared', () => {
  const table = taken(
    new Rows(),
    ['add', '7', 'Ada', '1'], ['add', '8', 'Bob', '2'], ['add', '9', 'Cy', '3'],
    ['update', '8', 'Bob', '22'], ['add', '7', 'Ada', '11'], ['update', '5', 'nobody', '0'],
    ['pick', '9'], ['deselect', '7'], ['order', '0', '2'], ['order', '0', '7'], ['what'],
  );
  assert.deepEqual(table.rows.map((row) => [row.id, row.value]), [['8', '22'], ['9', '3'], ['7', '11']]);
  assert.deepEqual(table.rows.map((row) => row.isSelected), [true, true, false]);
  assert.equal(table.picked, '9');
  assert.deepEqual(taken(table, 'clr').rows, []);
  assert.equal(table.picked, null);
});

test('a table does not grow for ever', () => {
  const table = new Rows();
  for (let id = 0; id < 1000; id += 1) table.take(['add', String(id), 'n', 'v']);
  assert.equal(table.rows.length, 100);
  assert.equal(table.rows.at(-1).id, '999');
});

test('a display is drawn on by place, and nothing is drawn beside it', () => {
  const screen = taken(new Screen(), ['p', '0', '0', 'Hello'], ['p', '14', '1', 'wide']);
  assert.deepEqual(screen.lines, ['Hello           ', '              wi']);
  taken(screen, ['p', '16', '0', 'x'], ['p', '0', '2', 'x'], ['p', '-1', '0', 'x'], ['p', 'a', '0', 'x']);
  assert.equal(screen.lines[0], 'Hello           ');
  taken(screen, ['p', '0', '0', 'J\n']);
  assert.equal(screen.lines[0], 'J llo           ');
  assert.equal(taken(screen, 'clr').lines.join('').trim(), '');
  assert.equal(fitted('0123456789abcdefghi').length, COLUMNS);
});

test('points go by index in the legacy format, and one behind the other in the new one', () => {
  const legacy = taken(new Places(), ['1', '50', '8', 'Home'], ['2', '51', '9', 'Shed'], ['1', '52', '8', 'Home']);
  assert.deepEqual(legacy.places.map((one) => [one.id, one.latitude]), [['2', 51], ['1', 52]]);
  assert.equal(legacy.isWay, false);
  const moved = taken(new Places(), ['8.5', '50.1'], ['8.6', '50.2'], '8.7,50.3');
  assert.deepEqual(moved.places.map((one) => one.longitude), [8.5, 8.6, 8.7]);
  assert.equal(moved.isWay, true);
  assert.deepEqual(taken(moved, 'clr').places, []);
});

test('what is no place on earth is no point', () => {
  const map = taken(new Places(), ['1', '91', '0', 'x'], ['1', '0', '181', 'x'], ['1', 'nan', '0', 'x'], 'text');
  assert.deepEqual(map.places, []);
});

test('points keep their distances in the plot, wherever on earth', () => {
  const at = (latitude, longitude) => ({ latitude, longitude });
  const { points: [south, north], metresPerUnit } = project([at(50, 8), at(50.01, 8)], 400, 200);
  assert.ok(Math.abs((south.y - north.y) * metresPerUnit - 1113.2) < 1);
  for (const places of [[at(0, 0)], [at(90, 0), at(90, 180)], [at(-90, -180), at(90, 180)]]) {
    const { points } = project(places, 300, 200);
    for (const { x, y } of points) {
      assert.ok(x >= 0 && x <= 300 && y >= 0 && y <= 200, JSON.stringify(places));
    }
  }
  assert.deepEqual([345, 99, 1, 0.3, 2000].map(niceLength).map(String), ['200', '50', '1', '0.2', '2000']);
});

test('the header has 40 pins, and each line once', () => {
  const lines = PINS.map((pin) => pin.line).filter((line) => line !== null);
  assert.equal(PINS.length, 40);
  assert.deepEqual([...lines].sort((a, b) => a - b), Array.from({ length: 28 }, (_, line) => line));
  assert.equal(PINS[10].line, 17);
});
