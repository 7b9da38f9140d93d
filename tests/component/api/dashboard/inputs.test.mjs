// What people type and choose, and in which order it is sent, without a browser.

import assert from 'node:assert/strict';
import test from 'node:test';

const dashboard = new URL('../../../../blynk_gateway/api/dashboard/', import.meta.url);
const load = (path) => import(new URL(path, dashboard));

Object.defineProperty(globalThis, 'navigator', { value: { languages: ['en-GB'] } });
globalThis.localStorage = { getItem: () => speaks };
globalThis.document = { documentElement: {} };
globalThis.fetch = async () => ({ json: async () => ({}) });
let speaks = 'en';

const { loadTexts } = await load('core/texts.js');
const numbers = await load('widgets/inputs/numbers.js');
const times = await load('widgets/inputs/times.js');
const { choicesOf, chosen } = await load('widgets/inputs/choices.js');
const { fromHex, textOn, toHex } = await load('widgets/inputs/colors.js');
const { Sender } = await load('widgets/inputs/sender.js');

async function speak(language) {
  speaks = language;
  await loadTexts();
}

test('a number may have a comma or a point', async () => {
  for (const language of ['en', 'de']) {
    await speak(language);
    const read = (text, number) => assert.equal(numbers.parseNumber(text), number, text);
    read('21,5', 21.5);
    read('21.5', 21.5);
    read('-0,125', -0.125);
    read('.5', 0.5);
    read('1.234,5', 1234.5);
    read('1,234.5', 1234.5);
    read('1.234.567', 1234567);
    read("1'000", 1000);
    read('12 000,5', 12000.5);
    read('\u22123', -3);
    read('1e3', 1000);
    for (const text of ['', '-', 'abc', '1,2,3', '1.2,3.4', '1..2', '0x10', '12abc', 'Infinity']) {
      read(text, NaN);
    }
  }
});

test('a separator that can be read in two ways is refused', async () => {
  await speak('de');
  assert.equal(numbers.parseNumber('1.234'), NaN);
  assert.equal(numbers.parseNumber('1,234'), 1.234);
  await speak('en');
  assert.equal(numbers.parseNumber('1,234'), NaN);
  assert.equal(numbers.parseNumber('1.234'), 1.234);
});

test('steps are those of people, not of floating point', () => {
  assert.equal(numbers.plus(0.1, 0.2), 0.3);
  assert.equal(numbers.plus(21.9, -0.1), 21.8);
  assert.equal(numbers.plus(1, 1e-7), 1.0000001);
  assert.equal(numbers.snap(127.5, 0, 1), 128);
  assert.equal(numbers.snap(0.333, 0, 0.1), 0.3);
  assert.equal(numbers.defaultStep({ type: 'int' }, 0, 1000), 1);
  assert.equal(numbers.defaultStep({ type: 'double', decimals: 2 }, 0, 10), 0.01);
  assert.equal(numbers.defaultStep({ type: 'double' }, 0, 10), 0.1);
  assert.equal(numbers.defaultStep(null, -Infinity, Infinity), 1);
});

const widget = ({ property = null, config = {}, datastream = null, device = null }) => ({
  property: () => property,
  config,
  datastream,
  device,
});
const values = (parts) => choicesOf(widget(parts)).map((choice) => choice.value);

test('a menu begins where its time did', () => {
  const config = { labels: ['a', 'b'] };
  assert.deepEqual(values({ config }), ['0', '1']);
  assert.deepEqual(values({ config, device: { info: { ver: '0.6.1' } } }), ['1', '2']);
  assert.deepEqual(values({ config, device: { info: { ver: '1.3.2' } } }), ['0', '1']);
  assert.deepEqual(values({ config, device: { template: 'T', info: { ver: '0.6.1' } } }), ['0', '1']);
  assert.deepEqual(values({ config, datastream: { min: 5 } }), ['5', '6']);
  assert.deepEqual(values({ config: { ...config, first: 3 }, datastream: { min: 5 } }), ['3', '4']);
});

test('an enum has numbers and labels of its own', () => {
  const datastream = { min: null, labels: { 10: 'ten', 2: 'two' } };
  assert.deepEqual(choicesOf(widget({ datastream })), [
    { value: '2', label: 'two' },
    { value: '10', label: 'ten' },
  ]);
  assert.deepEqual(values({ datastream, property: ['zwei', 'zehn'] }), ['2', '10']);
  const choices = choicesOf(widget({ datastream }));
  assert.equal(chosen(choices, ['2.0']).label, 'two');
  assert.equal(chosen(choices, ['3']), undefined);
  assert.equal(chosen(choices, ['']), undefined);
  assert.equal(chosen(choices, ['2', '10']), undefined);
});

test('labels are bounded', () => {
  const all = choicesOf(widget({ property: Array(5000).fill('x'.repeat(9000)) }));
  assert.ok(all.length <= 250);
  assert.ok(all[0].label.length < 100);
});

test('text reads on any color', () => {
  assert.equal(textOn('#ffffff'), '#000000');
  assert.equal(textOn('#FFFF00'), '#000000');
  assert.equal(textOn('#000080'), '#ffffff');
  assert.deepEqual(fromHex('#ff8000'), [255, 128, 0]);
  assert.equal(toHex([255, 128, 0]), '#ff8000');
});

test('a time input has five values', () => {
  const parsed = times.parseTimes(['28800', 'ss', 'Asia/Tokyo', '1,7', '32400']);
  assert.deepEqual(parsed, { start: '28800', stop: 'ss', zone: 'Asia/Tokyo', days: [1, 7] });
  const summer = Date.UTC(2026, 6, 1);
  assert.deepEqual(times.timeValues({ ...parsed, zone: 'Europe/Berlin' }, summer), [
    '28800', 'ss', 'Europe/Berlin', '1,7', '7200',
  ]);
  assert.equal(times.offsetOf('America/St_Johns', Date.UTC(2026, 0, 1)), -12600);
  assert.equal(times.timeValues({ ...parsed, zone: 'no/where' }, summer)[0], '28800');
  assert.notEqual(times.timeValues({ ...parsed, zone: 'no/where' }, summer)[2], 'no/where');
});

test('what a time input does not know it leaves out', () => {
  const parsed = times.parseTimes(['86400', '-1', '', '0,9,x']);
  assert.deepEqual(parsed, { start: '', stop: '', zone: '', days: [7] });
  assert.deepEqual(times.parseTimes([]).days, [1, 2, 3, 4, 5, 6, 7]);
  assert.equal(times.timeValues(times.parseTimes([]), 0)[3], '');
  assert.equal(times.toField('3661', true), '01:01:01');
  assert.equal(times.toField('3661', false), '01:01');
  assert.equal(times.fromField('23:59'), '86340');
  assert.equal(times.fromField('01:01:01'), '3661');
  assert.equal(times.fromField(''), '');
});

/** A sender whose requests are answered one by one, by `answer` or `refuse`. */
function stubbed() {
  const sent = [];
  const open = [];
  const sender = new Sender((value, isUrgent) => {
    sent.push(isUrgent ? `${value}!` : String(value));
    return new Promise((resolve, reject) => open.push({ resolve, reject }));
  });
  const settled = () => new Promise((resolve) => setTimeout(resolve, 0));
  return {
    sender,
    sent,
    answer: async () => {
      open.shift().resolve({});
      await settled();
    },
    refuse: async (status) => {
      open.shift().reject({ status });
      await settled();
    },
  };
}

test('a request waits for the one before', async () => {
  const { sender, sent, answer } = stubbed();
  sender.push('1');
  sender.push('0', 'release');
  assert.deepEqual(sent, ['1']);
  await answer();
  assert.deepEqual(sent, ['1', '0!']);
  await answer();
  assert.equal(sender.isBusy, false);
});

test('of a stream only the newest is sent, and the last one always', async () => {
  const { sender, sent, answer } = stubbed();
  sender.push('1', 'stream');
  const dropped = sender.push('2', 'stream');
  sender.push('3', 'stream');
  assert.equal(await dropped, null);
  await answer();
  await new Promise((resolve) => setTimeout(resolve, 150));
  assert.deepEqual(sent, ['1', '3']);
});

test('a release is tried until it arrives', async () => {
  const { sender, sent, answer, refuse } = stubbed();
  const done = sender.push('0', 'release');
  await refuse(0);
  await new Promise((resolve) => setTimeout(resolve, 400));
  await refuse(503);
  await new Promise((resolve) => setTimeout(resolve, 700));
  await answer();
  await done;
  assert.deepEqual(sent, ['0!', '0!', '0!']);
});

test('a release that is forbidden, and any other write, is tried once', async () => {
  const { sender, refuse } = stubbed();
  const release = sender.push('0', 'release');
  await assert.rejects(Promise.all([release, refuse(403)]));
  const write = sender.push('1');
  await assert.rejects(Promise.all([write, refuse(0)]));
  assert.equal(sender.isBusy, false);
});

test('what waits is sent at once when the page ends, and again in its turn', async () => {
  const { sender, sent, answer } = stubbed();
  sender.push('1');
  sender.push('0', 'release');
  sender.flush();
  assert.deepEqual(sent, ['1', '0!']);
  await answer();
  assert.deepEqual(sent, ['1', '0!', '0!']);
});
