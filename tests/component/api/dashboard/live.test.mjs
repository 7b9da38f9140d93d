// The one connection of the page: how often it is opened, and what becomes of what it brings.

import assert from 'node:assert/strict';
import test, { beforeEach } from 'node:test';

const dashboard = new URL('../../../../blynk_gateway/api/dashboard/', import.meta.url);
const load = (path) => import(new URL(path, dashboard));

const PIN = 'greenhouse/V1';

class FakeSocket extends EventTarget {
  static OPEN = 1;
  static all = [];
  readyState = 1;
  sent = [];

  constructor() {
    super();
    FakeSocket.all.push(this);
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.readyState = 3;
  }

  says(message) {
    this.dispatchEvent(Object.assign(new Event('message'), { data: JSON.stringify(message) }));
  }

  ends(code) {
    this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event('close'), { code }));
  }
}

const answers = []; // Of `GET /session`, which the tests answer
const SESSION = { user: { name: 'ann', role: 'viewer' }, share: null, is_set_up: true };

Object.defineProperty(globalThis, 'navigator', { value: { languages: ['en-GB'] } });
globalThis.localStorage = { getItem: () => 'en' };
globalThis.location = { protocol: 'http:', host: 'gateway' };
globalThis.window = new EventTarget();
globalThis.document = Object.assign(new EventTarget(), { hidden: false });
globalThis.WebSocket = FakeSocket;
globalThis.fetch = () => new Promise((resolve) => {
  answers.push(() => resolve(new Response(JSON.stringify(SESSION), {
    headers: { 'Content-Type': 'application/json' },
  })));
});

const { live } = await load('core/live.js');

const settled = () => new Promise((resolve) => setTimeout(resolve, 10));

async function answerAll() {
  answers.splice(0).forEach((answer) => answer());
  await settled();
}

beforeEach(() => {
  live.stop();
  FakeSocket.all.length = 0;
  answers.length = 0;
  live.start();
});

test('a page that comes back opens one connection, whatever the browser tells it', async () => {
  FakeSocket.all[0].ends(1006);
  window.dispatchEvent(new Event('online'));
  window.dispatchEvent(new Event('pageshow'));
  document.dispatchEvent(new Event('visibilitychange'));
  await settled();
  await answerAll();
  assert.equal(FakeSocket.all.length, 2);
});

test('a page that was stopped and started meanwhile has one connection', async () => {
  FakeSocket.all[0].ends(1006);
  window.dispatchEvent(new Event('online'));
  live.stop();
  live.start();
  await answerAll();
  assert.equal(FakeSocket.all.length, 2);
});

test('one part of the page that fails keeps the news from no other', () => {
  const told = [];
  const failing = {};
  const other = {};
  live.watch(failing, [PIN], () => { throw new Error('a fault of a widget'); });
  live.watch(other, [PIN], (address, values) => told.push(...values));
  const change = { address: PIN, value: ['21'], at_ms: 1, seq: 1 };
  FakeSocket.all[0].says({ type: 'changes', now_ms: 1, changes: [change] });
  live.unwatch(failing);
  live.unwatch(other);
  assert.deepEqual(told, [['21']]);
  assert.equal(live.status, 'live');
});

test('values that were told already come no second time', () => {
  const told = [];
  const host = {};
  live.watch(host, [PIN], (address, values) => told.push(...values), true);
  const pin = { address: PIN, pin: 'V1', value: ['2'], at_ms: 2, seq: 7, properties: {} };
  const change = (seq) => ({ address: PIN, value: [String(seq)], at_ms: seq, seq });
  FakeSocket.all[0].says({ type: 'pins', now_ms: 1, pins: [pin] });
  FakeSocket.all[0].says({ type: 'changes', now_ms: 1, changes: [6, 7, 8, 9].map(change) });
  FakeSocket.all[0].says({ type: 'pins', now_ms: 1, pins: [{ ...pin, ...change(9) }] });
  live.unwatch(host);
  assert.deepEqual(told, [['2'], ['8'], ['9']]);
});

test.after(() => live.stop());
