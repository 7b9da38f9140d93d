// The writes of one pin: in order, paced, and a release until it has arrived.

const PACE_MS = 100; // Ten values a second, as the dashboard's own updates.
const FIRST_RETRY_MS = 300;
const MAX_RETRY_MS = 5000;

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Whether the same request may well succeed in a moment. */
const isPassing = (error) => !error.status || error.status === 429 || error.status >= 500;

/**
 * Sends values one after the other.
 *
 * Requests of a browser take several connections and can overtake each other: an `on` that arrives
 * after its `off` would leave a pump running. So the next one goes when the last was answered.
 */
export class Sender {
  #queue = [];
  #isBusy = false;
  #streamedAt = -Infinity;
  #send;

  /** @param {(values: string[], isUrgent: boolean) => Promise<object>} send */
  constructor(send) {
    this.#send = send;
  }

  /** Whether something waits or is on its way. */
  get isBusy() {
    return this.#isBusy;
  }

  /**
   * Send values after those before.
   *
   * @param {string[]} values
   * @param {'once' | 'stream' | 'release'} kind  of a stream only the newest waiting is sent; a
   *     release is tried again until the gateway has it or something newer is written
   * @returns {Promise<object | null>} the gateway's answer, null if something newer took its place
   */
  push(values, kind = 'once') {
    return new Promise((resolve, reject) => {
      const last = this.#queue.at(-1);
      if (last?.kind === 'stream') {
        this.#queue.pop();
        last.resolve(null);
      }
      this.#queue.push({ values, kind, resolve, reject });
      if (!this.#isBusy) this.#run();
    });
  }

  /**
   * Send what waits now: the page may be gone in a moment.
   *
   * It is sent in its turn once more, as the one on its way may arrive later than this.
   */
  flush() {
    for (const { values } of this.#queue) this.#send(values, true).catch(() => {});
  }

  async #run() {
    this.#isBusy = true;
    while (this.#queue.length) {
      const job = this.#queue[0];
      if (job.kind === 'stream') {
        const early = this.#streamedAt + PACE_MS - performance.now();
        if (early > 0) await wait(early);
        if (this.#queue[0] !== job) continue;
        this.#streamedAt = performance.now();
      }
      this.#queue.shift();
      await this.#carry(job);
    }
    this.#isBusy = false;
  }

  async #carry(job) {
    for (let pause = FIRST_RETRY_MS; ; pause = Math.min(pause * 2, MAX_RETRY_MS)) {
      try {
        job.resolve(await this.#send(job.values, job.kind === 'release'));
        return;
      } catch (error) {
        if (job.kind !== 'release' || !isPassing(error)) {
          job.reject(error);
          return;
        }
      }
      await wait(pause);
      if (this.#queue.length) {
        job.resolve(null);
        return;
      }
    }
  }
}
