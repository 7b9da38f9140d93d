// A time of the day, or from when to when, and on which days.

import '../components/dialog.js';

import { css, html } from '../vendor/lit.js';

import { cut } from '../core/format.js';
import { live } from '../core/live.js';
import { t } from '../core/texts.js';
import { controls } from './inputs/style.js';
import { DAYS, SUN, clockText, dayName, fromField, isMoment, parseTimes, timeValues, toField }
  from './inputs/times.js';
import { Widget } from './widget.js';

class TimeInput extends Widget {
  static properties = { draft: { state: true } }; // What the dialog shows, null while it is closed

  static styles = [
    Widget.styles,
    controls,
    css`
      button.now { width: 100%; max-height: 100%; flex-direction: column; gap: 0; min-width: 0;
        padding: .2rem .4rem; overflow: hidden; }
      .times { font-size: 1.2rem; font-variant-numeric: tabular-nums; max-width: 100%;
        overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
      .days { font-size: .85rem; max-width: 100%; overflow: hidden; text-overflow: ellipsis;
        white-space: nowrap; }
      bg-dialog { position: absolute; }
      fieldset { border: 0; padding: 0; margin: 0 0 1rem; }
      legend { font-size: .9rem; color: var(--dim); padding: 0; margin-bottom: .2rem; }
      .moment { display: grid; grid-template-columns: 1fr 1fr; gap: .6rem; }
      .chips { display: flex; flex-wrap: wrap; gap: .35rem; }
      @container (max-height: 80px) { .days { display: none; } .times { font-size: 1rem; } }
      @container (max-height: 80px) and (max-width: 260px) {
        .widget { position: relative; padding-inline: .3rem; }
        .label { position: absolute; top: 5px; inset-inline: .8rem; max-width: none;
          justify-content: center; font-size: .75rem; line-height: 1.2; pointer-events: none; }
        .label .away { display: none; }
        button.now { min-height: 48px; padding: 1rem .3rem 0; }
      }
    `,
  ];

  constructor() {
    super();
    this.draft = null;
  }

  get isRange() {
    return this.config?.range !== false;
  }

  get hasDays() {
    return this.config?.days === true;
  }

  body() {
    const times = parseTimes(this.values);
    const [moments, days] = [this.#momentsText(times), this.#daysText(times.days)];
    return html`<button class="now" aria-haspopup="dialog" ?disabled=${!this.isWritable}
        aria-label="${this.label}: ${moments}${this.hasDays ? `, ${days}` : ''}"
        @click=${() => (this.draft = times)}>
        <span class="times">${moments}</span>
        ${this.hasDays ? html`<span class="days dim">${days}</span>` : ''}</button>
      <bg-dialog .open=${this.draft !== null} .heading=${this.label}
        @closed=${() => (this.draft = null)}>${this.draft ? this.#form() : ''}</bg-dialog>`;
  }

  #form() {
    return html`<form @submit=${this.#submit}>
      ${this.#moment('start', this.isRange ? 'widget.time.from' : 'widget.time.at')}
      ${this.isRange ? this.#moment('stop', 'widget.time.to') : ''}
      ${this.hasDays ? this.#days() : ''}
      <div class="row"><button class="primary">${t('action.save')}</button>
        <button type="button" @click=${() => (this.draft = null)}>${t('action.cancel')}</button>
      </div></form>`;
  }

  #moment(name, label) {
    const value = this.draft[name];
    const kind = SUN.includes(value) ? value : value === '' ? 'none' : 'clock';
    const kinds = ['clock', ...SUN, 'none'];
    return html`<fieldset><legend>${t(label)}</legend><div class="moment">
      <select aria-label="${t(label)}: ${t('widget.time.kind')}"
        @change=${(event) => this.#chooseKind(name, event.target.value)}>
        ${kinds.map((one) => html`<option value=${one} .selected=${one === kind}>
          ${t(`widget.time.kind.${one}`)}</option>`)}
      </select>
      ${kind === 'clock'
        ? html`<input type="time" required step=${this.config?.seconds ? 1 : 60}
            aria-label=${t(label)} .value=${toField(value, this.config?.seconds)}
            @change=${(event) => this.#change({ [name]: fromField(event.target.value) || value })}>`
        : ''}</div></fieldset>`;
  }

  #days() {
    return html`<fieldset><legend>${t('widget.time.days')}</legend><div class="chips">
      ${DAYS.map((day) => html`<button type="button" class="chip"
        aria-pressed=${this.draft.days.includes(day)} aria-label=${dayName(day, 'long')}
        @click=${() => this.#toggle(day)}>${dayName(day, 'short')}</button>`)}
    </div></fieldset>`;
  }

  #change(part) {
    this.draft = { ...this.draft, ...part };
  }

  #chooseKind(name, kind) {
    const values = { clock: String(12 * 3600), none: '' };
    this.#change({ [name]: values[kind] ?? kind });
  }

  #toggle(day) {
    const { days } = this.draft;
    const next = DAYS.filter((one) => (one === day) !== days.includes(one));
    // No day at all cannot be said: to a device that is every day.
    if (next.length) this.#change({ days: next });
  }

  #submit = (event) => {
    event.preventDefault();
    const wanted = { ...this.draft };
    if (!this.isRange) wanted.stop = '';
    if (!this.hasDays) wanted.days = [...DAYS];
    this.draft = null;
    this.write(timeValues(wanted, live.now()));
    this.used();
  };

  #momentsText({ start, stop }) {
    const text = (value) => {
      if (SUN.includes(value)) return t(`widget.time.kind.${value}`);
      return value === '' ? '–' : clockText(value, this.config?.seconds);
    };
    if (!isMoment(start) && !isMoment(stop)) return cut(this.values[0] || '–', 60);
    return this.isRange ? `${text(start)} – ${text(stop)}` : text(start);
  }

  #daysText(days) {
    if (days.length === DAYS.length) return t('widget.time.every_day');
    return days.map((day) => dayName(day, 'short')).join(' ');
  }
}

customElements.define('bg-time-input', TimeInput);
