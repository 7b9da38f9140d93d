// What button and switch share: which values are on and off, and how both are called.

import { cut } from '../../core/format.js';
import { t } from '../../core/texts.js';
import { Widget } from '../widget.js';
import { isSame } from './choices.js';
import { colorOr, textOn } from './colors.js';

const MAX_LABEL = 40;

/** A widget with two values: the dashboard's, else the datastream's limits, else 1 and 0. */
export class OnOffWidget extends Widget {
  get on() {
    return String(this.config?.on ?? this.numberOption('max', 1));
  }

  get off() {
    return String(this.config?.off ?? this.numberOption('min', 0));
  }

  /** Whether it is on. A dimmed lamp is: between off and on is not off. */
  get isOn() {
    const [value, ...more] = this.values;
    if (value === undefined || more.length || isSame(value, this.off)) return false;
    return isSame(value, this.on) || (value.trim() !== '' && Number.isFinite(Number(value)));
  }

  /** The label of the state; the value itself where it is neither on nor off. */
  get stateText() {
    const { values } = this;
    const isOdd =
      values.length > 0 && !isSame(values[0], this.on) && !isSame(values[0], this.off);
    if (isOdd) return cut(this.valueText(values), MAX_LABEL);
    return this.isOn ? this.onLabel : this.offLabel;
  }

  get onLabel() {
    return cut(String(this.option('onLabel', 'on_label') ?? t('widget.on')), MAX_LABEL);
  }

  get offLabel() {
    return cut(String(this.option('offLabel', 'off_label') ?? t('widget.off')), MAX_LABEL);
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    const own = (name) => colorOr(this.property(name)?.[0]);
    const back = own(this.isOn ? 'onBackColor' : 'offBackColor');
    const text = own(this.isOn ? 'onColor' : 'offColor');
    this.paint('--back', back);
    this.paint('--text-color', text ?? (back && textOn(back)));
  }
}
