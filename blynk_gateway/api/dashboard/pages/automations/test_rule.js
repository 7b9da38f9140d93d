// What a rule would do now, as a dialog: nothing is done.

import { css, html } from '../../vendor/lit.js';

import '../../components/dialog.js';
import { pathOfRule } from '../../components/rule_run.js';
import { post } from '../../core/api.js';
import { GatewayElement, PinsController, shared } from '../../core/element.js';
import { cut, formatValue } from '../../core/format.js';
import { live } from '../../core/live.js';
import { Action } from '../../core/loader.js';
import { t } from '../../core/texts.js';

// A pin in the words of a trigger or condition, but not a level of a topic.
const ADDRESS = /(?<![\w/{-])[a-z0-9-]+\/[VDA]\d{1,3}(?![\w/])/g;

class TestRule extends GatewayElement {
  static properties = {
    rule: { attribute: false }, // null while it is closed
    found: { state: true },
  };

  static styles = [
    shared,
    css`
      ul, ol { margin: 0 0 .9rem; padding-left: 1.2rem; }
      li { overflow-wrap: anywhere; }
      li small { display: block; color: var(--dim); }
      .result { font-weight: 600; }
      form { display: flex; flex-wrap: wrap; gap: .6rem; align-items: end; margin-top: 1rem; }
      form label.field { flex: 1 1 10rem; margin: 0; }
    `,
  ];

  #action = new Action(this);
  #pins = new PinsController(this, () => this.#addresses());

  constructor() {
    super();
    this.rule = null;
    this.found = null;
  }

  willUpdate(changed) {
    if (!changed.has('rule') || this.rule?.slug === changed.get('rule')?.slug) return;
    this.found = null;
    this.#pins.refresh();
    if (this.rule) this.#ask({});
  }

  render() {
    const { rule } = this;
    return html`<bg-dialog .open=${rule !== null}
        heading=${t('automations.test_heading', { name: rule?.name ?? '' })}
        @closed=${() => this.dispatchEvent(new Event('closed'))}>
      ${rule === null ? '' : this.#content(rule)}
    </bg-dialog>`;
  }

  #content(rule) {
    return html`
      <p class="dim">${t('automations.test_intro')}</p>
      ${this.#action.view()}
      <h3>${t('automations.when')}</h3>
      ${rule.when.length
        ? html`<ul>${rule.when.map((text) => html`<li>${cut(text)}${this.#now(text)}</li>`)}</ul>`
        : html`<p class="dim">${t('automations.by_hand')}</p>`}
      <div aria-live="polite">${this.found === null ? '' : this.#told(this.found)}</div>
      <form @submit=${this.#again}>
        <label class="field"><span>${t('automations.test_value')}</span>
          <input name="value" autocomplete="off" required></label>
        <button ?disabled=${this.#action.busy}>${t('automations.test_again')}</button>
      </form>`;
  }

  #told(found) {
    return html`
      ${found.conditions.length
        ? html`<h3>${t('automations.if')}</h3>
          <ul>${found.conditions.map(({ condition, met }) => html`<li>
            <b class=${met ? 'good' : 'bad'}>${t(met ? 'automations.met' : 'automations.not_met')}</b>:
            ${cut(condition)}${this.#now(condition)}</li>`)}</ul>`
        : ''}
      <h3>${t('automations.then')}</h3>
      <ol>${found.actions.map((action) => html`<li>${cut(action)}</li>`)}</ol>
      <p class="result ${found.would_run ? 'good' : 'bad'}">
        ${t(resultOf(found, this.rule))}</p>
      ${found.obstacles.map((reason) => html`<p class="bad">${cut(reason)}</p>`)}`;
  }

  #now(text) {
    return addressesIn(text).map((address) => {
      const pin = live.pin(address);
      const value = formatValue(pin.value, pin.datastream);
      const text = pin.value.length
        ? t('automations.pin_now', { address, value })
        : t('automations.pin_empty', { address });
      return html`<small>${text}</small>`;
    });
  }

  #addresses() {
    const texts = this.rule ? [...this.rule.when, ...this.rule.conditions] : [];
    return [...new Set(texts.flatMap(addressesIn))];
  }

  #again = (event) => {
    event.preventDefault();
    this.#ask({ value: [new FormData(event.target).get('value')] });
  };

  async #ask(body) {
    const { slug } = this.rule;
    await this.#action.run(async () => {
      const found = await post(`${pathOfRule(slug)}/test`, body);
      if (this.rule?.slug === slug) this.found = found;
    });
  }
}

function resultOf(found, rule) {
  if (!found.would_run) return 'automations.would_not_run';
  return rule.when.length ? 'automations.would_run_if' : 'automations.would_run';
}

const addressesIn = (text) => text.match(ADDRESS) ?? [];

customElements.define('bg-test-rule', TestRule);
