// Rules: when, if and then of each in words, its switch, and what it did last.

import { css, html, live as asShown, repeat } from '../../vendor/lit.js';

import { pathOfRule, runRule } from '../../components/rule_run.js';
import { put } from '../../core/api.js';
import { GatewayElement, TickController, shared } from '../../core/element.js';
import { cut, formatAgo, formatTime } from '../../core/format.js';
import { live } from '../../core/live.js';
import { Action } from '../../core/loader.js';
import { session } from '../../core/session.js';
import { plural, t } from '../../core/texts.js';
import './test_rule.js';

const MANY = 8; // From here on there is something to search.

class Rules extends GatewayElement {
  static properties = {
    rules: { attribute: false },
    runs: { attribute: false }, // The latest ones of all, newest first
    search: { state: true },
    tested: { state: true }, // The rule whose test is open
  };

  static styles = [
    shared,
    css`
      article { border-top: 1px solid var(--line); padding: .8rem 0; }
      article:last-of-type { padding-bottom: 0; }
      .top { display: flex; flex-wrap: wrap; gap: .2rem .8rem; align-items: center; }
      h3 { margin: 0; overflow-wrap: anywhere; }
      .acts { display: flex; flex-wrap: wrap; gap: .5rem; margin-left: auto; align-items: center; }
      dl.facts { margin: .3rem 0 .5rem; }
      ul, ol { margin: 0; padding-left: 1.1rem; }
      ul.only, ol.only { list-style: none; padding-left: 0; }
      li { overflow-wrap: anywhere; }
      article p { margin: .2rem 0 0; overflow-wrap: anywhere; }
    `,
  ];

  #action = new Action(this);
  #acted = ''; // Slug of the rule that the latest action was for
  #pressed = null; // What a switch was set to, until the gateway's word on it is here

  constructor() {
    super();
    this.rules = [];
    this.runs = [];
    this.search = '';
    this.tested = null;
    new TickController(this);
  }

  willUpdate(changed) {
    if (!changed.has('rules') || this.#action.busy) return;
    this.#pressed = null;
    // The gateway is there again.
    if (this.#action.error?.status === 0) this.#action.clear();
  }

  render() {
    const wanted = this.search.trim().toLowerCase();
    const shown = this.rules.filter((rule) => wordsOf(rule).includes(wanted));
    return html`<section class="card">
        <h2>${t('automations.heading')}</h2>
        <p class="dim">${t('automations.intro')}</p>
        ${this.rules.length > MANY
          ? html`<label class="field"><span>${t('automations.filter')}</span>
              <input type="search" .value=${this.search}
                @input=${(event) => (this.search = event.target.value)}></label>`
          : ''}
        ${repeat(shown, (rule) => rule.slug, (rule) => this.#rule(rule))}
        ${shown.length ? '' : html`<p class="empty">${
          t(this.rules.length ? 'automations.nothing_found' : 'automations.none')}</p>`}
      </section>
      <bg-test-rule .rule=${this.tested} @closed=${() => (this.tested = null)}></bg-test-rule>`;
  }

  #rule(rule) {
    const { name, slug, stopped } = rule;
    const isOn = this.#pressed?.slug === slug ? this.#pressed.enabled : rule.enabled && !stopped;
    const mayAct = session.can('operator');
    return html`<article aria-label=${name}>
      <div class="top">
        <h3>${name}</h3>
        ${stateOf(rule)}
        <div class="acts">
          <label class="check"><input type="checkbox" role="switch"
            .checked=${asShown(isOn)}
            aria-label=${t('automations.enabled_of', { name })}
            ?disabled=${!mayAct || this.#action.busy}
            @change=${(event) => this.#switch(rule, event.target)}>
            <span aria-hidden="true">${t(isOn ? 'automations.on' : 'automations.off')}
            </span></label>
          ${mayAct
            ? html`<button aria-label=${t('automations.test_of', { name })}
                  @click=${() => (this.tested = rule)}>${t('automations.test')}</button>
                <button class="primary" aria-label=${t('automations.run_of', { name })}
                  ?disabled=${this.#action.busy} @click=${() => this.#run(rule)}>
                  ${t('automations.run')}</button>`
            : ''}
        </div>
      </div>
      <dl class="facts">
        <dt>${t('automations.when')}</dt>
        <dd>${rule.when.length ? list(rule.when) : html`<span class="dim">
          ${t('automations.by_hand')}</span>`}</dd>
        ${rule.conditions.length
          ? html`<dt>${t('automations.if')}</dt><dd>${list(rule.conditions)}</dd>`
          : ''}
        <dt>${t('automations.then')}</dt><dd>${list(rule.then, true)}</dd>
      </dl>
      <p class="dim">${this.#past(rule)}</p>
      ${stopped ? html`<p class="bad">${t('automations.stopped', { reason: stopped })}</p>` : ''}
      ${rule.skipped && rule.skipped_ms >= (rule.last_run_ms ?? 0)
        ? html`<p class="dim">${t('automations.skipped', {
            ago: formatAgo(rule.skipped_ms, live.now()),
            reason: cut(rule.skipped),
          })}</p>`
        : ''}
      ${this.#acted === slug ? this.#action.view() : ''}
    </article>`;
  }

  #past(rule) {
    const latest = this.runs.find((run) => run.automation === rule.slug);
    const parts = [
      rule.last_run_ms
        ? t('automations.last_run', { ago: formatAgo(rule.last_run_ms, live.now()) }) +
          (latest?.cause ? ` (${cut(latest.cause, 200)})` : '')
        : t('automations.never_ran'),
    ];
    if (rule.runs) parts.push(plural('automations.runs_since', rule.runs));
    if (rule.enabled && rule.next_ms) parts.push(t('automations.next', { time: formatTime(rule.next_ms) }));
    return parts.join(' · ');
  }

  async #switch(rule, field) {
    this.#acted = rule.slug;
    const enabled = field.checked;
    this.#pressed = { slug: rule.slug, enabled };
    const isDone = await this.#action.run(() => put(`${pathOfRule(rule.slug)}/enabled`, { enabled }));
    if (!isDone) this.#pressed = null;
    this.requestUpdate();
    this.#tell();
  }

  async #run(rule) {
    this.#acted = rule.slug;
    await this.#action.run(() => runRule(rule.slug, rule.name));
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event('changed'));
  }
}

function stateOf(rule) {
  if (rule.stopped) return '';
  return rule.running
    ? html`<span class="good">${t('automations.outcome.running')}</span>`
    : '';
}

const wordsOf = ({ name, slug, when, conditions, then }) =>
  [name, slug, ...when, ...conditions, ...then].join('\n').toLowerCase();

const list = (texts, isOrdered = false) => {
  const items = texts.map((text) => html`<li>${cut(text)}</li>`);
  const kind = texts.length > 1 ? '' : 'only';
  return isOrdered
    ? html`<ol class=${kind}>${items}</ol>`
    : html`<ul class=${kind}>${items}</ul>`;
};

customElements.define('bg-rules', Rules);
