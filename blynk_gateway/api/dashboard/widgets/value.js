// A pin's value, as large as there is room.

import { Widget } from './widget.js';
import { filled, fitting } from './displays/shown.js';

class Value extends Widget {
  static styles = [Widget.styles, fitting].flat();

  body() {
    return filled(this, this.valueText());
  }
}

customElements.define('bg-value', Value);
