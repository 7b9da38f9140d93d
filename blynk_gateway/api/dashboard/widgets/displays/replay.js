// A widget that is what all values of its pin made of it, one after the other: those of the past
// first, then each new one.

import { get, pinPath } from '../../core/api.js';
import { live } from '../../core/live.js';
import { Widget } from '../widget.js';

/** Base of terminal, table, map and advanced LCD: they start in `begin` and follow in `take`. */
export class ReplayWidget extends Widget {
  static wantsEach = true;

  #isLoading = false;
  #waiting = [];
  #loadedTo = 0; // The latest value that the history had, UTC ms.
  #seq = 0;
  #load = 0; // Number of the latest load; what an older one brings is no longer wanted.
  #loaded = null; // Address and number of values that were loaded.
  #wasStale = false;

  connectedCallback() {
    super.connectedCallback();
    live.addEventListener('status', this.#statusChanged);
    this.#reload();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    live.removeEventListener('status', this.#statusChanged);
    this.#load += 1;
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    if (!changed.has('config') || !this.isConnected) return;
    if (this.#loaded !== this.#wanted) this.#reload();
  }

  /** How many values of the past make it up; 0 for none. */
  get past() {
    return 100;
  }

  /** Start with nothing. */
  begin() {}

  /** Take one value. */
  take(_values) {}

  received(address, values) {
    if (address !== this.address) return;
    const { seq, at_ms: atMs } = live.pin(address);
    const batch = { values: values.filter((one) => one.length), seq, atMs };
    if (this.#isLoading) this.#waiting.push(batch);
    else this.#takeBatch(batch);
  }

  get #wanted() {
    return `${this.address} ${this.past}`;
  }

  #takeBatch({ values, seq, atMs }) {
    // After a loss of the connection the gateway tells the present value again.
    if (seq <= this.#seq || atMs <= this.#loadedTo) return;
    this.#seq = seq;
    this.#loadedTo = 0;
    values.forEach((one) => this.take(one));
  }

  async #reload() {
    this.#load += 1;
    const load = this.#load;
    this.#loaded = this.#wanted;
    this.#isLoading = true;
    this.#waiting = [];
    const points = await this.#ask();
    if (load !== this.#load) return;
    this.#isLoading = false;
    this.#seq = 0;
    this.begin();
    for (const [, value] of points) this.take([value].flat().map(String));
    this.#loadedTo = points.at(-1)?.[0] ?? 0;
    if (!this.#waiting.length && this.address) this.#takePresent();
    this.#waiting.forEach((batch) => this.#takeBatch(batch));
    this.#waiting = [];
    this.requestUpdate();
  }

  // What another widget has been told already is not told again.
  #takePresent() {
    const { value, seq, at_ms: atMs } = live.pin(this.address);
    if (value.length) this.#takeBatch({ values: [value], seq, atMs });
  }

  async #ask() {
    if (!this.address || !this.past) return [];
    try {
      const path = `/history/${pinPath(this.address)}?from=0&step=raw&limit=${this.past}`;
      return (await get(path)).points;
    } catch {
      return []; // Without a past it begins with what comes.
    }
  }

  #statusChanged = () => {
    if (live.status === 'stale') this.#wasStale = true;
    if (live.status !== 'live' || !this.#wasStale) return;
    this.#wasStale = false;
    this.#reload(); // What was said meanwhile.
  };
}
