// Nobody loses changes by a click elsewhere: leaving with unsaved changes asks first.

import { confirmed } from '../components/dialog.js';
import { setGuard } from '../core/router.js';
import { t } from '../core/texts.js';

/** While it is started, leaving by address, link or reload is asked about where `isChanged()`. */
export class LeavingGuard {
  #isAsking = false;

  constructor(isChanged) {
    this.isChanged = isChanged;
  }

  start() {
    setGuard(this.#isStopped);
    window.addEventListener('beforeunload', this.#unload);
  }

  stop() {
    setGuard(null);
    window.removeEventListener('beforeunload', this.#unload);
  }

  /** Whether the changes may go. */
  async ask() {
    return !this.isChanged() || confirmed(t('editor.leave_text'), t('editor.leave'));
  }

  #isStopped = (event) => {
    if (!this.isChanged()) return false;
    history.replaceState(null, '', event.oldURL);
    this.#leave(event.newURL);
    return true;
  };

  async #leave(url) {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const isSure = await this.ask();
    this.#isAsking = false;
    if (!isSure) return;
    this.stop();
    location.hash = new URL(url).hash;
  }

  #unload = (event) => {
    if (this.isChanged()) event.preventDefault();
  };
}
