// Texts of the page, in the language of the browser or the one chosen.

export const LANGUAGES = { en: 'English', de: 'Deutsch' };

const STORED = 'language';
let texts = {};
let chosen = 'en';

/** The language in use, as in `LANGUAGES`. */
export const language = () => chosen;

/** The same with the browser's country: `en-GB` has other dates and clocks than `en-US`. */
export const locale = () =>
  // Nobody has languages where tests run without a browser.
  globalThis.navigator?.languages?.find((one) => one.toLowerCase().split('-')[0] === chosen) ??
  chosen;

/** Load the texts; call it before anything is drawn. */
export async function loadTexts() {
  chosen = pick();
  const answer = await fetch(new URL(`../texts/${chosen}.json`, import.meta.url));
  texts = await answer.json();
  document.documentElement.lang = chosen;
}

/** Choose a language for this browser; the page is drawn anew. */
export async function chooseLanguage(code) {
  localStorage.setItem(STORED, code);
  await loadTexts();
  window.dispatchEvent(new Event('language-change'));
}

/**
 * The text of a key, `{name}` in it replaced by `values.name`.
 *
 * A key without text is shown as it is; a test finds those.
 */
export function t(key, values = {}) {
  const text = texts[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** Like `t`, with `key.one` where `count` is 1 and `key.other` elsewhere; `{count}` is filled in. */
export function plural(key, count, values = {}) {
  const form = new Intl.PluralRules(chosen).select(count) === 'one' ? 'one' : 'other';
  return t(`${key}.${form}`, { ...values, count });
}

function pick() {
  const wanted = [localStorage.getItem(STORED), ...navigator.languages];
  for (const one of wanted) {
    const code = (one ?? '').slice(0, 2).toLowerCase();
    if (code in LANGUAGES) return code;
  }
  return 'en';
}
