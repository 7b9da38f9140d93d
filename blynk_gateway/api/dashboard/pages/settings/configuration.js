// The configuration: whether the file is right, taking it over, and what is in force.

import { css, html } from '../../vendor/lit.js';

import { get, post } from '../../core/api.js';
import { GatewayElement, shared } from '../../core/element.js';
import { Action, Loader } from '../../core/loader.js';
import { plural, t } from '../../core/texts.js';
import { toast } from '../../core/toast.js';

class Configuration extends GatewayElement {
  static properties = { search: { state: true }, checked: { state: true } };

  static styles = [
    shared,
    css`
      td, p code { overflow-wrap: anywhere; }
      td:first-child { width: 45%; }
      .options { max-height: 28rem; overflow: auto; margin-top: .6rem; }
      ul { margin: 0 0 .8rem; padding-left: 1.2rem; }
      li { overflow-wrap: anywhere; white-space: pre-wrap; margin: .2rem 0; }
      summary { min-height: var(--touch); align-content: center; cursor: pointer; }
      .row { margin-bottom: .8rem; }
    `,
  ];

  #settings = new Loader(this, () => get('/settings'));
  #action = new Action(this);

  constructor() {
    super();
    this.search = '';
    this.checked = null;
  }

  render() {
    return html`<section class="card">
      <h2>${t('settings.heading')}</h2>
      ${this.#settings.view((settings) => this.#parts(settings))}
    </section>`;
  }

  #parts({ file, options, warnings }) {
    return html`
      <p>${file ? html`${t('settings.file')} <code>${file}</code>` : t('settings.no_file')}</p>
      ${warnings.length
        ? html`<h3 class="warn">${t('settings.warnings')}</h3>
            <ul>${warnings.map((text) => html`<li>${text}</li>`)}</ul>`
        : ''}
      ${file
        ? html`<div class="row">
              <button ?disabled=${this.#action.busy} @click=${this.#check}>
                ${t('settings.check')}</button>
              <button ?disabled=${this.#action.busy} @click=${this.#reload}>
                ${t('settings.reload')}</button>
            </div>
            <p class="dim">${t('settings.reload_hint')}</p>`
        : ''}
      ${this.#action.view()}
      <div role="status">${this.checked ? this.#result(this.checked) : ''}</div>
      <details>
        <summary>${t('settings.effective')}</summary>
        <input type="search" aria-label=${t('settings.search')} .value=${this.search}
          placeholder=${t('settings.search')}
          @input=${(event) => (this.search = event.target.value)}>
        ${this.#options(options)}
      </details>`;
  }

  #result({ faults, warnings }) {
    return html`
      ${faults.length
        ? html`<div class="error"><b>${plural('settings.faults', faults.length)}</b>
            <ul>${faults.map((text) => html`<li>${text}</li>`)}</ul></div>`
        : html`<p class="good">${t('settings.no_faults')}</p>`}
      ${warnings.length
        ? html`<h3 class="warn">${t('settings.warnings')}</h3>
            <ul>${warnings.map((text) => html`<li>${text}</li>`)}</ul>`
        : ''}`;
  }

  #options(options) {
    const wanted = this.search.trim().toLowerCase();
    const found = options.filter(({ key, value }) =>
      `${key} ${asText(value)}`.toLowerCase().includes(wanted),
    );
    if (!found.length) return html`<p class="empty">${t('nothing_found')}</p>`;
    return html`<div class="options" tabindex="0" role="region"
        aria-label=${t('settings.effective')}><table>
      <thead><tr><th>${t('settings.option')}</th><th>${t('settings.value')}</th></tr></thead>
      <tbody>${found.map(
        ({ key, value }) => html`<tr><td><code>${key}</code></td><td>${asText(value)}</td></tr>`,
      )}</tbody>
    </table></div>`;
  }

  #check = () =>
    this.#action.run(async () => {
      this.checked = null;
      this.checked = await post('/settings/check');
    });

  #reload = async () => {
    this.checked = null;
    if (!(await this.#action.run(() => post('/settings/reload')))) return;
    toast(t('settings.reloaded'));
    this.#settings.refresh();
  };
}

const asText = (value) => (typeof value === 'string' ? value : JSON.stringify(value));

customElements.define('bg-configuration', Configuration);
