// What an admin does with a whole dashboard: make one, import, export, share.

import { css, html } from '../vendor/lit.js';

import '../components/copy.js';
import '../components/dialog.js';
import { get, post } from '../core/api.js';
import { download } from '../core/download.js';
import { GatewayElement, shared } from '../core/element.js';
import { formatTime } from '../core/format.js';
import { t } from '../core/texts.js';
import { errorText, toast } from '../core/toast.js';
import { isSlug } from './slug.js';

const SHARE_DAYS = [1, 7, 30, 365];
const MAX_FILE_BYTES = 1_000_000;
const NAME_LINE = /^[ \t]*["']?([a-z0-9][a-z0-9-]*)["']?:[ \t]*$/gm; // `home:` alone on a line.
const KEYS = ['pages', 'widgets']; // Text without a name begins with one of these, or a title.

class DashboardDialog extends GatewayElement {
  static properties = {
    kind: {}, // 'new', 'import', 'export' or 'share'
    dashboard: { attribute: false }, // The one on the screen, if there is one.
    list: { attribute: false },
    text: { state: true }, // YAML.
    slug: { state: true },
    link: { state: true },
    error: { state: true },
    isBusy: { state: true },
  };

  static styles = [
    shared,
    css`
      textarea { font-family: var(--mono); font-size: .88rem; white-space: pre; }
      .error { white-space: pre-wrap; max-height: 14rem; overflow: auto; }
    `,
  ];

  constructor() {
    super();
    this.text = '';
    this.slug = '';
    this.link = null;
    this.error = '';
    this.isBusy = false;
  }

  connectedCallback() {
    super.connectedCallback();
    if (this.kind === 'export') this.#loadYaml();
  }

  render() {
    const wide = this.kind === 'import' || this.kind === 'export';
    return html`<bg-dialog .open=${true} ?wide=${wide} heading=${t(`dashboard.${this.kind}`)}
        @closed=${() => this.dispatchEvent(new Event('closed'))}>
      ${this.error ? html`<p class="error" role="alert">${this.error}</p>` : ''}
      ${{ new: this.#new, import: this.#import, export: this.#export, share: this.#share }[
        this.kind].call(this)}
    </bg-dialog>`;
  }

  #new() {
    return html`<form @submit=${this.#begin}>
      <label class="field"><span>${t('editor.dashboard_title')}</span>
        <input name="title" required maxlength="256"></label>
      <label class="field"><span>${t('dashboard.new_from')}</span>
        <select name="from">
          <option value="">${t('dashboard.new_empty')}</option>
          ${this.list.map((one) => html`<option value=${one.slug}>
            ${t('dashboard.new_copy', { title: one.title })}</option>`)}
        </select></label>
      <button class="primary" ?disabled=${this.isBusy}>${t('dashboard.new_begin')}</button>
    </form>`;
  }

  #import() {
    const existing = this.list.find((one) => one.slug === this.slug);
    return html`
      <p class="dim">${t('dashboard.import_text')}</p>
      <label class="field"><span>${t('dashboard.import_file')}</span>
        <input type="file" accept=".yaml,.yml,text/yaml,text/plain"
          @change=${this.#readFile}></label>
      <label class="field"><span>YAML</span>
        <textarea name="yaml" rows="12" spellcheck="false" .value=${this.text}
          @input=${(event) => this.#take(event.target.value)}></textarea></label>
      <label class="field"><span>${t('editor.slug')}</span>
        <input name="slug" maxlength="32" .value=${this.slug} autocapitalize="none"
          spellcheck="false" @input=${(event) => (this.slug = event.target.value.trim())}></label>
      ${existing?.source === 'stored'
        ? html`<p class="warn">
            ${t('dashboard.import_replaces', { title: existing.title })}</p>`
        : ''}
      <button class="primary" ?disabled=${this.isBusy || !this.text.trim()} @click=${this.#send}>
        ${t('dashboard.import')}</button>`;
  }

  #export() {
    return html`
      <p class="dim">${t('dashboard.export_text')}</p>
      <label class="field"><span>YAML</span>
        <textarea rows="16" readonly spellcheck="false" .value=${this.text}></textarea></label>
      <div class="row">
        <button class="primary" ?disabled=${!this.text} @click=${this.#download}>
          ${t('dashboard.download')}</button>
        <bg-copy .text=${this.text}></bg-copy>
      </div>`;
  }

  #share() {
    if (this.link) {
      return html`
        <p>${t('dashboard.share_made')}
          ${this.link.expires_ms
            ? t('dashboard.share_until', { time: formatTime(this.link.expires_ms) }) : ''}</p>
        <bg-copy-field label=${t('dashboard.share_link')} .text=${this.#url}></bg-copy-field>`;
    }
    return html`<form @submit=${this.#makeShare}>
      <p>${t('dashboard.share_text', { title: this.dashboard.title })}</p>
      <label class="field"><span>${t('dashboard.share_days')}</span>
        <select name="days">
          ${SHARE_DAYS.map((days) => html`<option value=${days} .selected=${days === 7}>
            ${t(`dashboard.share_days.${days}`)}</option>`)}
          <option value="">${t('dashboard.share_days.never')}</option>
        </select></label>
      <button class="primary" ?disabled=${this.isBusy}>${t('dashboard.share_make')}</button>
    </form>`;
  }

  get #url() {
    return new URL(this.link.path, location.origin).href;
  }

  #begin = (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    const title = form.get('title').trim();
    this.#try(async () => {
      const from = form.get('from');
      const { pages } = from
        ? await get(`/dashboards/${encodeURIComponent(from)}`)
        : { pages: [{ title: '', widgets: [] }] };
      this.dispatchEvent(new CustomEvent('begin', { detail: { title, pages } }));
    });
  };

  #readFile = async (event) => {
    const [file] = event.target.files;
    if (!file) return;
    if (file.size > MAX_FILE_BYTES) this.error = t('dashboard.import_large');
    else this.#take(await file.text());
  };

  #take(text) {
    this.text = text;
    const [found] = [...text.matchAll(NAME_LINE)].map(([, name]) => name)
      .filter((name) => name !== 'dashboards');
    if (found && !KEYS.includes(found) && isSlug(found)) this.slug = found;
  }

  #send = () => {
    if (!isSlug(this.slug)) {
      this.error = t('editor.slug_bad');
      return;
    }
    this.#try(async () => {
      const path = `/dashboards/${encodeURIComponent(this.slug)}/yaml`;
      const detail = await post(path, { yaml: this.text });
      toast(t('editor.saved'));
      this.dispatchEvent(new CustomEvent('imported', { detail }));
    });
  };

  #makeShare = (event) => {
    event.preventDefault();
    const days = new FormData(event.target).get('days');
    this.#try(async () => {
      const body = { dashboard: this.dashboard.slug, days: days ? Number(days) : null };
      this.link = await post('/shares', body);
    });
  };

  #loadYaml() {
    this.#try(async () => {
      this.text = await get(`/dashboards/${encodeURIComponent(this.dashboard.slug)}/yaml`);
    });
  }

  #download = () => {
    download(`${this.dashboard.slug.replace(':', '-')}.yaml`, this.text, 'text/yaml');
  };

  async #try(act) {
    this.error = '';
    this.isBusy = true;
    try {
      await act();
    } catch (error) {
      this.error = errorText(error, t);
    } finally {
      this.isBusy = false;
    }
  }
}

customElements.define('bg-dashboard-dialog', DashboardDialog);
