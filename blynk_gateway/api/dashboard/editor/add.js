// Adding a widget: its type, then its pin and options. `added` tells the widget and its sizes.

import { css, html } from '../vendor/lit.js';

import './form.js';
import { GatewayElement, shared } from '../core/element.js';
import { live } from '../core/live.js';
import { t } from '../core/texts.js';
import { typeIcon } from './icons.js';
import { GROUPS, SPLIT, lackingOption, needsPin, tidied, typeHint, typeName } from './types.js';

class AddWidget extends GatewayElement {
  static properties = {
    types: { attribute: false }, // The catalogue.
    search: { state: true },
    widget: { state: true },
    faults: { state: true },
  };

  static styles = [
    shared,
    css`
      :host { display: block; min-height: 24rem; }
      .list { display: grid; gap: .4rem; margin-bottom: 1rem;
        grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); }
      .list button { justify-content: flex-start; text-align: left; gap: .7rem; }
      .list svg { flex: none; color: var(--accent); }
      .list small { display: block; color: var(--dim); line-height: 1.25; }
      h3 { margin-top: .6rem; }
      /* On a phone the options are longer than the screen. */
      .act { position: sticky; bottom: 0; background: var(--card); padding-block: .5rem; }
    `,
  ];

  constructor() {
    super();
    this.search = '';
    this.widget = null;
    this.faults = {};
  }

  firstUpdated() {
    this.renderRoot.querySelector('input')?.focus();
  }

  render() {
    return this.widget ? this.#form() : this.#list();
  }

  #list() {
    const wanted = this.search.trim().toLowerCase();
    const fits = (type) => [type, typeName(type), typeHint(type)].join(' ').toLowerCase()
      .includes(wanted);
    const groups = Object.entries(this.#groups())
      .map(([name, types]) => [name, types.filter(fits)])
      .filter(([, types]) => types.length);
    return html`
      <label class="field"><span>${t('editor.search')}</span>
        <input type="search" .value=${this.search}
          @input=${(event) => (this.search = event.target.value)}></label>
      ${groups.map(([name, types]) => html`<h3>${t(`editor.group.${name}`)}</h3>
        <div class="list">${types.map((type) => html`<button type="button"
          data-type=${type} @click=${() => (this.widget = this.#begun(type))}>
          ${typeIcon(type)}<span>${typeName(type)}<small>${typeHint(type)}</small></span>
        </button>`)}</div>`)}
      ${groups.length ? '' : html`<p class="dim">${t('editor.nothing_found')}</p>`}`;
  }

  #form() {
    const type = this.types.get(this.widget.type);
    const about = [typeName(type.type), typeHint(type.type)].filter(Boolean).join(': ');
    return html`
      <p class="dim">${about}</p>
      <bg-widget-form .widget=${this.widget} .type=${type} .faults=${this.faults}
        @changed=${this.#changed}></bg-widget-form>
      <div class="row act">
        <button class="primary" type="button" @click=${() => this.#add(type)}>
          ${t('editor.add')}</button>
        <button type="button" @click=${() => (this.widget = null)}>
          ${t('editor.other_type')}</button>
      </div>`;
  }

  #groups() {
    const grouped = new Set(Object.values(GROUPS).flat());
    const other = [...this.types.keys()].filter((type) => !grouped.has(type));
    const known = Object.entries(GROUPS).map(([name, types]) =>
      [name, types.filter((type) => this.types.has(type))]);
    return Object.fromEntries([...known, ['other', other]]);
  }

  #begun(type) {
    const { pins, options } = this.types.get(type);
    const [device] = live.devices.keys();
    const isOfDevice = options.some((one) => one.kind === 'device' && one.required);
    if (pins === 'none') return isOfDevice && device ? { type, device } : { type };
    return pins === 'many' && !SPLIT[type] ? { type, pins: [''] } : { type, pin: '' };
  }

  #changed = (event) => {
    this.widget = event.detail;
    this.faults = {};
  };

  #add(type) {
    if (needsPin(this.widget, type)) {
      this.faults = { pins: t('editor.pin_needed') };
      return;
    }
    const lacking = lackingOption(this.widget, type);
    if (lacking) {
      this.faults = { [lacking]: t('editor.choice_needed') };
      return;
    }
    const detail = { widget: tidied(this.widget), size: type.size };
    this.dispatchEvent(new CustomEvent('added', { detail }));
  }
}

customElements.define('bg-add-widget', AddWidget);
