// Lets go of what a person holds down, whatever way the holding ends.

/**
 * Watches over a held button or joystick.
 *
 * A pointer's or key's own end is the host's to notice. All other ends are noticed here: another
 * window or tab, a page that is left, an element that is removed.
 */
export class ReleaseGuard {
  #release;
  #isOn = false;

  /**
   * @param {import('../../vendor/lit.js').LitElement} host
   * @param {(isLeaving: boolean) => void} release  `isLeaving`: the page may end right after
   */
  constructor(host, release) {
    this.#release = release;
    host.addController(this);
  }

  hold() {
    if (this.#isOn) return;
    this.#isOn = true;
    window.addEventListener('blur', this.#blurred);
    window.addEventListener('pagehide', this.#left);
    document.addEventListener('visibilitychange', this.#hidden);
  }

  letGo() {
    this.#isOn = false;
    window.removeEventListener('blur', this.#blurred);
    window.removeEventListener('pagehide', this.#left);
    document.removeEventListener('visibilitychange', this.#hidden);
  }

  hostDisconnected() {
    if (this.#isOn) this.#release(false);
  }

  #blurred = () => this.#release(false);
  #left = () => this.#release(true);
  #hidden = () => {
    if (document.hidden) this.#release(true);
  };
}
