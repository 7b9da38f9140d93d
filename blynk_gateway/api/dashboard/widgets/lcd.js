// A character display of 16 × 2: two pins with a text around each value, or one pin with commands.

import { css, html } from '../vendor/lit.js';

import { formatLabel } from '../core/format.js';
import { t } from '../core/texts.js';
import { ReplayWidget } from './displays/replay.js';
import { LINES, Screen, fitted } from './displays/screen.js';
import { filling } from './displays/shown.js';
import { textOn } from './inputs/colors.js';

const FORMATS = ['/pin0/', '/pin1/'];

class Lcd extends ReplayWidget {
  static styles = [
    ReplayWidget.styles,
    filling,
    css`
      :host { --glass: #a9c98d; --ink: #14210a; }
      .room { container-type: size; flex: 1; align-self: stretch; display: flex;
        align-items: center; justify-content: center; overflow: hidden; }
      .glass { background: var(--glass); color: var(--ink); border-radius: 4px;
        padding: .25em .5em; font-family: var(--mono); line-height: 1.2;
        /* 16 characters of .61em and the padding; two lines and the padding. */
        font-size: max(.6rem, min(8.8cqw, 33cqh, 2.2rem)); }
      .glass div { white-space: pre; }
    `,
  ].flat();

  #screen = new Screen();

  get #isSimple() {
    return !this.config?.pin && (this.config?.pins?.length ?? 0) > 0;
  }

  get past() {
    return this.#isSimple ? 0 : 100;
  }

  begin() {
    this.#screen = new Screen();
  }

  take(values) {
    this.#screen.take(values);
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    this.paint('--glass', this.color);
    this.paint('--ink', this.color && textOn(this.color));
  }

  body() {
    const lines = this.#isSimple ? this.#formatted() : this.#screen.lines;
    const said = lines.map((line) => line.trim()).join('\n').trim() || t('widget.lcd.empty');
    return html`<div class="room"><div class="glass" role="img" aria-label=${said}>
      ${lines.map((line) => html`<div>${line}</div>`)}
    </div></div>`;
  }

  #formatted() {
    const values = this.addresses.map((address) => this.valuesOf(address)[0] ?? '');
    return Array.from({ length: LINES }, (_, line) => {
      const format = this.config.formats?.[line] ?? FORMATS[line];
      return fitted(formatLabel(format, values));
    });
  }
}

customElements.define('bg-lcd', Lcd);
