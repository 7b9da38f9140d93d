// A pin's value within a text: `T: /pin.#/ °C`.

import { cut, formatLabel } from '../core/format.js';
import { Widget } from './widget.js';
import { filled, fitting } from './displays/shown.js';

class LabeledValue extends Widget {
  static styles = [Widget.styles, fitting].flat();

  body() {
    const format = this.option('valueFormatting', 'format');
    const isKnown = this.values.length > 0;
    const text = format && isKnown ? cut(formatLabel(format, this.values)) : this.valueText();
    return filled(this, text);
  }
}

customElements.define('bg-labeled-value', LabeledValue);
