// The options of one widget as a form, with the widget beside it as it will be.

import { css, html } from '../vendor/lit.js';

import './pin_picker.js';
import './preview.js';
import { icon } from '../components/icon.js';
import { get } from '../core/api.js';
import { DevicesController, GatewayElement, shared } from '../core/element.js';
import { isColor } from '../core/format.js';
import { live } from '../core/live.js';
import { t } from '../core/texts.js';
import { SPLIT, choiceName, optionName } from './types.js';

const FIRST_COLOR = '#117a57';

class WidgetForm extends GatewayElement {
  static properties = {
    widget: { attribute: false }, // Changed here by `changed`, whose detail is the new one.
    type: { attribute: false }, // Its entry in the catalogue.
    faults: { attribute: false }, // {field: text}
  };

  static styles = [
    shared,
    css`
      :host { display: block; }
      .columns { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 1.2rem; }
      .options { display: grid; grid-template-columns: 1fr 1fr; gap: 0 .8rem; align-items: end; }
      .options .whole { grid-column: 1 / -1; }
      .one { display: flex; gap: .4rem; align-items: end; margin-bottom: .7rem; }
      .one > bg-pin-picker { flex: 1; min-width: 0; }
      .pins { margin-bottom: .9rem; }
      .fault { color: var(--bad); font-size: .88rem; margin: -.6rem 0 .8rem; }
      .color { display: flex; gap: .6rem; align-items: center; }
      input[type="color"] { width: 3.5rem; padding: .2rem; }
      bg-preview { position: sticky; top: 0; }
      @media (max-width: 700px) {
        .columns { grid-template-columns: minmax(0, 1fr); }
        bg-preview { position: static; }
      }
    `,
  ];

  #rules = []; // [slug, name] of each, where the type has an option for one

  constructor() {
    super();
    this.faults = {};
    new DevicesController(this);
  }

  willUpdate(changed) {
    const isOfRule = this.type?.options.some((one) => one.kind === 'automation');
    if (changed.has('type') && isOfRule) this.#loadRules();
  }

  async #loadRules() {
    try {
      const { automations } = await get('/automations');
      this.#rules = automations.map((one) => [one.slug, one.name]);
      this.requestUpdate();
    } catch {
      // Nothing to choose from is what is shown; the page itself tells that the gateway is away.
    }
  }

  render() {
    const options = this.type?.options ?? [];
    return html`<div class="columns">
      <div>
        ${this.#pins()}
        <label class="field"><span>${t('editor.title')}</span>
          <input maxlength="256" .value=${this.widget.title ?? ''}
            placeholder=${t('editor.title_hint')}
            @input=${(event) => this.#set('title', event.target.value)}></label>
        ${this.#fault('title')}
        <div class="options">${options.map((option) => this.#option(option))}</div>
      </div>
      <bg-preview .widget=${this.widget} .size=${this.type?.size.desktop ?? [4, 3]}></bg-preview>
    </div>`;
  }

  #pins() {
    if (!this.type || this.type.pins === 'none') return '';
    const parts = SPLIT[this.widget.type];
    if (this.type.pins === 'one') {
      return html`<div class="pins">${this.#picker(t('editor.pin'), this.widget.pin ?? '',
        (pin) => this.#set('pin', pin))}${this.#fault('pin')}${this.#fault('pins')}</div>`;
    }
    return parts ? this.#splitPins(parts) : this.#listedPins();
  }

  #splitPins(parts) {
    const isSplit = this.widget.pins !== undefined;
    const pins = parts.map((_, index) => this.widget.pins?.[index] ?? '');
    const change = (event) => {
      const { pin: _pin, pins: _pins, ...rest } = this.widget;
      const chosen = event.target.checked ? { pins: parts.map(() => '') } : { pin: '' };
      this.#tell({ ...rest, ...chosen });
    };
    return html`<div class="pins">
      <label class="check"><input type="checkbox" .checked=${isSplit} @change=${change}>
        ${t('editor.split')}</label>
      ${isSplit
        ? parts.map((part, index) => this.#picker(t(`editor.part.${part}`), pins[index], (pin) =>
            this.#set('pins', pins.with(index, pin))))
        : this.#picker(t('editor.pin'), this.widget.pin ?? '', (pin) => this.#set('pin', pin))}
      ${this.#fault('pin')}${this.#fault('pins')}
    </div>`;
  }

  #listedPins() {
    const pins = this.widget.pins?.length ? this.widget.pins : [''];
    return html`<div class="pins">
      ${pins.map((pin, index) => html`<div class="one">
        ${this.#picker(t('editor.pin_number', { number: index + 1 }), pin, (picked) =>
          this.#set('pins', pins.with(index, picked)))}
        <button type="button" ?disabled=${pins.length === 1}
          aria-label=${t('editor.pin_remove', { number: index + 1 })}
          @click=${() => this.#set('pins', pins.toSpliced(index, 1))}>${icon('close')}</button>
      </div>`)}
      <button type="button" @click=${() => this.#set('pins', [...pins, ''])}>
        ${t('editor.pin_add')}</button>
      ${this.#fault('pins')}
    </div>`;
  }

  #picker(label, value, picked) {
    return html`<bg-pin-picker .label=${label} .value=${value}
      @picked=${(event) => picked(event.detail)}></bg-pin-picker>`;
  }

  #option(option) {
    const { name, kind } = option;
    const isWide = ['text', 'list', 'device', 'automation'].includes(kind);
    return html`<div class=${isWide ? 'whole' : ''}>
      ${this.#field(option, this.widget[name])}${this.#fault(name)}</div>`;
  }

  #field(option, value) {
    const { name, kind } = option;
    const label = optionName(this.widget.type, name);
    switch (kind) {
      case 'boolean':
        return html`<label class="check">
          <input type="checkbox" .checked=${value ?? option.default ?? false}
          @change=${(event) => this.#set(name, event.target.checked, option.default ?? false)}>
          ${label}</label>`;
      case 'choice':
        return this.#choice(option, value, option.choices.map((one) => [one, choiceName(one)]));
      case 'device':
        return this.#choice(option, value, deviceChoices());
      case 'automation':
        return this.#choice(option, value, this.#rules);
      case 'color':
        return this.#color(name, label, value);
      case 'list':
        return html`<label class="field"><span>${label} ${t('editor.one_a_line')}</span>
          <textarea rows="3" .value=${(value ?? []).join('\n')}
            @change=${(event) => this.#set(name, lines(event.target.value))}></textarea></label>`;
      case 'number':
        return html`<label class="field"><span>${label}</span>
          <input type="number" step="any" .value=${String(value ?? '')}
            placeholder=${option.default ?? t('editor.usual')}
            @input=${(event) => this.#set(name, number(event.target.value))}></label>`;
      default:
        return html`<label class="field"><span>${label}</span>
          <input maxlength="256" .value=${String(value ?? '')}
            placeholder=${option.default ?? t('editor.usual')}
            @input=${(event) => this.#set(name, event.target.value)}></label>`;
    }
  }

  #choice({ name, default: usual, required }, value, choices) {
    // Nothing is usual where one must be chosen; what is not chosen yet, or is gone, is shown so.
    const isEmpty = !required || !choices.some(([one]) => one === value);
    return html`<label class="field"><span>${optionName(this.widget.type, name)}</span>
      <select @change=${(event) => this.#set(name, event.target.value)}>
        ${isEmpty
          ? html`<option value="" .selected=${value === undefined}>${this.#noChoice(usual, required)}
              </option>`
          : ''}
        ${choices.map(([one, text]) => html`<option value=${one} .selected=${one === value}>
          ${text}</option>`)}
      </select></label>`;
  }

  #noChoice(usual, isRequired) {
    if (isRequired) return '–';
    return usual ? t('editor.usual_is', { value: choiceName(usual) }) : t('editor.usual');
  }

  #color(name, label, value) {
    const color = isColor(value) ? value : FIRST_COLOR;
    return html`<div class="color">
      <label class="check"><input type="checkbox" .checked=${value !== undefined}
        @change=${(event) => this.#set(name, event.target.checked ? color : '')}>
        ${t('editor.own_color')}</label>
      <input type="color" aria-label=${label} .value=${color} ?disabled=${value === undefined}
        @input=${(event) => this.#set(name, event.target.value)}>
    </div>`;
  }

  #fault(field) {
    const text = this.faults[field];
    return text ? html`<p class="fault" role="alert">${text}</p>` : '';
  }

  // What is as usual is left out: then it follows the datastream and later versions.
  #set(name, value, usual = '') {
    const { [name]: _old, ...rest } = this.widget;
    const isLeftOut = value === usual || value === undefined || value === '';
    this.#tell(isLeftOut && !(name === 'pin') ? rest : { ...rest, [name]: value });
  }

  #tell(widget) {
    this.dispatchEvent(new CustomEvent('changed', { detail: widget }));
  }
}

const deviceChoices = () => [...live.devices.values()].map((one) => [one.slug, one.name]);

const lines = (text) => {
  const found = text.split('\n').map((line) => line.trim()).filter(Boolean);
  return found.length ? found : undefined;
};

const number = (text) => (text.trim() === '' ? undefined : Number(text));

customElements.define('bg-widget-form', WidgetForm);
