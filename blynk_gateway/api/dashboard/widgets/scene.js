// A button that runs a rule, and says whether it runs, is done, or failed.

import { css, html } from '../vendor/lit.js';

import { pathOfRule, runRule } from '../components/rule_run.js';
import { get } from '../core/api.js';
import { cut } from '../core/format.js';
import { Action, Loader } from '../core/loader.js';
import { session } from '../core/session.js';
import { t } from '../core/texts.js';
import { errorText, toast } from '../core/toast.js';
import { controls } from './inputs/style.js';
import { Widget } from './widget.js';

const EVERY_MS = 5000;
const SOON_MS = 500; // Between looks at a rule that runs.
const TOLD_MS = 10_000; // How long the outcome stands on the button.
const KINDS = { done: 'good', failed: 'bad', running: 'warn', ended: 'dim' };

class Scene extends Widget {
  static properties = { outcome: { state: true } };

  static styles = [
    Widget.styles,
    controls,
    css`
      .scene { display: flex; flex-direction: column; gap: .2rem; width: 100%; height: 100%;
        min-width: 0; }
      button { flex: 1; width: 100%; min-width: 0; font-size: 1.05rem; font-weight: 600;
        border: 2px solid var(--color); }
      .told { font-size: .8rem; text-align: center; overflow: hidden; text-overflow: ellipsis;
        white-space: nowrap; min-height: 1.2em; }
      @container (max-height: 80px) { .scene { flex-direction: row; align-items: center; }
        button { height: auto; } .told { flex: none; max-width: 45%; } }
    `,
  ];

  #rule = new Loader(this, () => this.#load(), EVERY_MS);
  #action = new Action(this);
  #name = null; // Of the rule that was asked for
  #runId = null; // The run that was started here and is not over
  #soon = null;
  #told = null;

  constructor() {
    super();
    this.outcome = '';
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearTimeout(this.#soon);
    clearTimeout(this.#told);
    this.#runId = null;
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    const name = this.config?.automation ?? null;
    if (name === this.#name) return;
    this.#name = name;
    this.#rule.value = null;
    if (this.isConnected) this.#rule.refresh();
  }

  get label() {
    return this.config?.title || this.#rule.value?.name || this.config?.automation || '';
  }

  body() {
    const rule = this.#rule.value;
    // Rules are for people with a login: a visitor with a link may not even see them.
    const mayRun = session.user !== null && session.can('operator') && !this.editing;
    const isReady = rule !== null && rule.enabled && !rule.stopped;
    return html`<div class="scene">
      <button aria-label="${t('automations.run')}: ${this.label}"
        ?disabled=${!mayRun || !isReady || this.#action.busy} @click=${this.#run}>
        ${t('automations.run')}</button>
      <div class="told" role="status">${this.#state(rule)}</div>
    </div>`;
  }

  #state(rule) {
    if (session.user === null) return '';
    if (rule === null) {
      const { error } = this.#rule;
      return error === null ? '' : html`<span class="bad">${errorText(error, t)}</span>`;
    }
    if (rule.stopped) {
      const reason = t('automations.stopped', { reason: cut(rule.stopped) });
      return html`<span class="bad" title=${reason}>${t('widget.scene.stopped')}</span>`;
    }
    if (!rule.enabled) return html`<span class="dim">${t('automations.off')}</span>`;
    const shown = rule.running ? 'running' : this.outcome;
    return shown
      ? html`<span class=${KINDS[shown] ?? ''}>${t(`automations.outcome.${shown}`)}</span>`
      : '';
  }

  async #load() {
    const name = this.config?.automation;
    // Nobody else is answered; asking would only end in a refusal each time.
    if (!name || session.user === null) return null;
    return get(pathOfRule(name));
  }

  #run = async () => {
    const { slug } = this.#rule.value;
    this.outcome = '';
    await this.#action.run(async () => {
      const run = await runRule(slug, this.label);
      if (run === null) return;
      this.#tell(run.outcome);
      if (run.ended_ms === null) this.#follow(slug, run.id);
    });
    const { error } = this.#action;
    if (error) toast(`${this.label}: ${errorText(error, t)}`, 'bad');
    this.#rule.refresh();
  };

  /** Look at the run until it is over. */
  #follow(slug, id) {
    this.#runId = id;
    clearTimeout(this.#soon);
    this.#soon = setTimeout(async () => {
      try {
        const { runs } = await get(`/automation-runs?automation=${encodeURIComponent(slug)}&limit=5`);
        const run = runs.find((one) => one.id === id);
        if (this.#runId !== id || !this.isConnected) return;
        if (run && run.ended_ms !== null) {
          this.#runId = null;
          this.#tell(run.outcome);
          this.#rule.refresh();
          return;
        }
      } catch {
        // The gateway is away for a moment; the run goes on there.
      }
      if (this.#runId === id && this.isConnected) this.#follow(slug, id);
    }, SOON_MS);
  }

  #tell(outcome) {
    this.outcome = outcome;
    clearTimeout(this.#told);
    if (outcome !== 'running') this.#told = setTimeout(() => (this.outcome = ''), TOLD_MS);
  }
}

customElements.define('bg-scene', Scene);
