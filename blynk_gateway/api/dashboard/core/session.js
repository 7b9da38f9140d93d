// Who is logged in, and what they may do.

import { get, post, remove } from './api.js';

/** Each may also do what the ones before it may. */
export const ROLES = ['viewer', 'operator', 'admin'];

class Session extends EventTarget {
  /** @type {{name: string, role: string} | null} null for nobody, or a visitor with a link */
  user = null;
  /** @type {{dashboard: string} | null} what a visitor with a shared link may see */
  share = null;
  isSetUp = true;
  gateway = '';
  version = '';
  isSimulated = false;

  get isKnown() {
    return this.user !== null || this.share !== null;
  }

  /** Whether the role covers `viewer`, `operator` or `admin`. */
  can(role) {
    const own = this.user?.role ?? (this.share ? 'viewer' : null);
    return own !== null && ROLES.indexOf(own) >= ROLES.indexOf(role);
  }

  /** Ask who is here; the signal is one of an AbortController. */
  async refresh(signal) {
    this.#take(await get('/session', signal));
  }

  async login(name, password, keep) {
    this.#take(await post('/session', { name, password, keep }));
  }

  async setUp(token, name, password) {
    this.#take(await post('/setup', { token, name, password }));
  }

  async openShare(token) {
    this.#take(await post('/session/share', { token }));
  }

  async logout() {
    await remove('/session');
    await this.refresh();
  }

  #take(found) {
    this.user = found.user;
    this.share = found.share;
    this.isSetUp = found.is_set_up;
    this.gateway = found.gateway;
    this.version = found.version;
    this.isSimulated = found.is_simulated;
    this.dispatchEvent(new Event('change'));
  }
}

export const session = new Session();

window.addEventListener('session-over', () => {
  session.refresh().catch(() => {});
});
