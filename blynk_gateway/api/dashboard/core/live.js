// Pins and devices as they are now: one WebSocket, shared by everything that is drawn.
//
// What is sent and received is described in docs/reference/api.md under "The WebSocket".

import { session } from './session.js';

const STALE_AFTER_MS = 12_000; // The gateway says something every 5 s.
const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 10_000;
const GATHER_MS = 20; // A page that is drawn adds its widgets one after the other.
const MAX_WATCHED = 1500; // The gateway takes no more of one page.
const SESSION_OVER = 4401;
const ADDRESS = /^[a-z0-9][a-z0-9-]{0,31}\/[VDA]\d{1,3}$/i;

/** What is known of a pin before the gateway told of it. */
const unknown = (address) => ({
  address,
  pin: address.split('/')[1],
  value: [],
  at_ms: 0,
  seq: 0,
  mode: null,
  datastream: null,
  properties: {},
});

class Live extends EventTarget {
  /** @type {'connecting' | 'live' | 'stale'} */
  status = 'connecting';
  /** @type {Map<string, object>} by slug, as `GET /api/v1/devices` tells them */
  devices = new Map();
  #pins = new Map();
  #hosts = new Map(); // host -> {addresses, each, changed}
  #byPin = new Map(); // address -> Set of hosts
  #socket = null;
  #wait = FIRST_WAIT_MS;
  #timer = null;
  #quiet = null;
  #gathering = null;
  #sent = ''; // The latest `watch` of this connection
  #heardAt = 0;
  #isWanted = false;
  #attempt = null; // An AbortController: the latest one to connect again
  #skew = 0;

  /** The gateway's time, UTC ms. */
  now() {
    return Date.now() + this.#skew;
  }

  /** A pin, always an object; its value is `[]` before the first write. */
  pin(address) {
    return this.#pins.get(address) ?? unknown(address);
  }

  device(slug) {
    return this.devices.get(slug) ?? null;
  }

  /**
   * Be told of pins: `changed(address, values)` runs after each change of one of them.
   *
   * @param {object} host        who watches; watching again replaces what it watched
   * @param {string[]} addresses
   * @param {(address: string, values: string[][]) => void} changed
   *     `values` are the values since the last call, oldest first: one, or with `each` all of them;
   *     none if something else than the value changed
   * @param {boolean} each       every value counts, as for a terminal
   */
  watch(host, addresses, changed, each = false) {
    this.unwatch(host);
    this.#hosts.set(host, { addresses, each, changed });
    for (const address of addresses) {
      if (!this.#byPin.has(address)) this.#byPin.set(address, new Set());
      this.#byPin.get(address).add(host);
    }
    this.#sayWatch();
  }

  unwatch(host) {
    const watched = this.#hosts.get(host);
    if (!watched) return;
    this.#hosts.delete(host);
    for (const address of watched.addresses) {
      const hosts = this.#byPin.get(address);
      hosts?.delete(host);
      if (hosts?.size === 0) this.#byPin.delete(address);
    }
    this.#sayWatch();
  }

  /** Connect, and stay connected until `stop`. */
  start() {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#connect();
    window.addEventListener('online', this.#hurry);
    window.addEventListener('pageshow', this.#hurry);
    document.addEventListener('visibilitychange', this.#hurry);
  }

  stop() {
    this.#isWanted = false;
    this.#attempt?.abort();
    this.#attempt = null;
    clearTimeout(this.#timer);
    clearTimeout(this.#quiet);
    window.removeEventListener('online', this.#hurry);
    window.removeEventListener('pageshow', this.#hurry);
    document.removeEventListener('visibilitychange', this.#hurry);
    this.#socket?.close();
    this.#socket = null;
    this.#pins.clear();
    this.devices.clear();
    this.#setStatus('connecting');
  }

  /** Take one message of the gateway. */
  receive(message) {
    if (message.now_ms) this.#skew = message.now_ms - Date.now();
    switch (message.type) {
      case 'hello':
        this.devices = new Map(message.devices.map((device) => [device.slug, device]));
        this.#forgetGone();
        this.dispatchEvent(new Event('devices'));
        break;
      case 'device':
        this.devices.set(message.device.slug, message.device);
        this.dispatchEvent(new Event('devices'));
        break;
      case 'device_removed':
        this.devices.delete(message.slug);
        this.#forgetDevice(message.slug);
        this.dispatchEvent(new Event('devices'));
        break;
      case 'pins':
        for (const pin of message.pins) {
          const { seq, at_ms: atMs } = this.pin(pin.address);
          // After a loss of the connection most are as they were: no value came anew.
          const isKnown = pin.seq > 0 && pin.seq === seq && pin.at_ms === atMs;
          this.#pins.set(pin.address, pin);
          this.#tell(pin.address, isKnown ? [] : [pin.value]);
        }
        break;
      case 'changes':
        this.#takeChanges(message.changes);
        break;
      case 'event':
        this.dispatchEvent(new CustomEvent('event', { detail: message.event }));
        break;
      default: // `alive`
    }
  }

  #takeChanges(changes) {
    const values = new Map();
    for (const change of changes) {
      const pin = { ...this.pin(change.address) };
      if ('value' in change) {
        // What `pins` told already may come as a change too.
        if (change.seq <= pin.seq) continue;
        pin.value = change.value;
        pin.at_ms = change.at_ms;
        pin.seq = change.seq;
        if (!values.has(change.address)) values.set(change.address, []);
        values.get(change.address).push(change.value);
      } else {
        pin.properties = { ...pin.properties, ...change.properties };
        if (!values.has(change.address)) values.set(change.address, []);
      }
      this.#pins.set(change.address, pin);
    }
    for (const [address, all] of values) this.#tell(address, all);
  }

  // Those that were removed while nobody told.
  #forgetGone() {
    const slugs = new Set([...this.#pins.keys()].map((address) => address.split('/')[0]));
    for (const slug of slugs) {
      if (!this.devices.has(slug)) this.#forgetDevice(slug);
    }
  }

  #forgetDevice(slug) {
    for (const address of [...this.#pins.keys()]) {
      if (!address.startsWith(`${slug}/`)) continue;
      this.#pins.delete(address);
      this.#tell(address, []);
    }
  }

  #tell(address, values) {
    // A host that is told may watch something else because of it.
    for (const host of [...(this.#byPin.get(address) ?? [])]) {
      try {
        this.#hosts.get(host)?.changed(address, values);
      } catch (error) {
        // The others have no part in it.
        console.error(error);
      }
    }
  }

  #connect() {
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const socket = new WebSocket(`${scheme}://${location.host}/api/v1/ws?every_ms=100`);
    this.#socket = socket;
    this.#sent = '';
    this.#awaitMessage();
    socket.addEventListener('open', () => {
      if (socket === this.#socket) this.#sendWatch();
    });
    socket.addEventListener('message', (event) => {
      if (socket !== this.#socket) return;
      this.#wait = FIRST_WAIT_MS;
      this.#awaitMessage();
      this.receive(JSON.parse(event.data));
      this.#setStatus('live');
    });
    socket.addEventListener('close', (event) => {
      if (socket !== this.#socket) return;
      this.#lost();
      if (event.code === SESSION_OVER) this.#hurry();
    });
  }

  #awaitMessage() {
    this.#heardAt = Date.now();
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(this.#giveUp, STALE_AFTER_MS);
  }

  // Half-open, or the computer slept: nothing says so but the silence.
  #giveUp = () => {
    const silent = this.#socket;
    this.#socket = null;
    silent?.close();
    this.#lost();
  };

  #lost() {
    this.#socket = null;
    clearTimeout(this.#quiet);
    if (!this.#isWanted) return;
    this.#setStatus('stale');
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#again, this.#wait * (0.5 + Math.random()));
    this.#wait = Math.min(this.#wait * 2, MAX_WAIT_MS);
  }

  // Several may begin at once, as when a laptop wakes up: the latest counts.
  #again = async () => {
    this.#attempt?.abort();
    const attempt = new AbortController();
    this.#attempt = attempt;
    const tooLong = setTimeout(() => attempt.abort(), STALE_AFTER_MS);
    try {
      // A handshake that is refused does not tell why; the session does.
      await session.refresh(attempt.signal);
    } catch {
      if (attempt === this.#attempt) this.#lost();
      return;
    } finally {
      clearTimeout(tooLong);
    }
    if (attempt !== this.#attempt) return;
    this.#attempt = null;
    if (session.isKnown) this.#connect();
  };

  #hurry = () => {
    if (document.hidden || !this.#isWanted) return;
    if (this.#socket && Date.now() - this.#heardAt > STALE_AFTER_MS) this.#giveUp();
    if (this.#socket) return;
    clearTimeout(this.#timer);
    this.#wait = FIRST_WAIT_MS;
    this.#again();
  };

  #sayWatch() {
    this.#gathering ??= setTimeout(() => {
      this.#gathering = null;
      this.#sendWatch();
    }, GATHER_MS);
  }

  #sendWatch() {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    const each = new Set();
    for (const watched of this.#hosts.values()) {
      if (watched.each) watched.addresses.forEach((address) => each.add(address));
    }
    const all = [...this.#byPin.keys()].filter((one) => ADDRESS.test(one)).slice(0, MAX_WATCHED);
    const message = JSON.stringify({
      type: 'watch',
      pins: all.filter((address) => !each.has(address)),
      each: all.filter((address) => each.has(address)),
    });
    if (message === this.#sent) return;
    this.#sent = message;
    this.#socket.send(message);
    // From now on nobody tells what becomes of the others.
    for (const address of [...this.#pins.keys()]) {
      if (!this.#byPin.has(address)) this.#pins.delete(address);
    }
  }

  #setStatus(status) {
    if (status === this.status) return;
    this.status = status;
    this.dispatchEvent(new Event('status'));
  }
}

export const live = new Live();
