// The short name of a dashboard in addresses and files.

const SLUG = /^[a-z0-9][a-z0-9-]{0,31}$/;
const MAX_LENGTH = 32;
const GERMAN = { ä: 'ae', ö: 'oe', ü: 'ue', ß: 'ss' };

export const isSlug = (text) => SLUG.test(text);

/** A slug for a title: `Küche unten` → `kueche-unten`. */
export function slugOf(title) {
  const plain = title
    .toLowerCase()
    .replace(/[äöüß]/g, (letter) => GERMAN[letter])
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, MAX_LENGTH)
    .replace(/-+$/, '');
  return plain || 'dashboard';
}

/** The slug, or with a number behind it, so that nobody has it. */
export function freeSlug(slug, taken) {
  let free = slug;
  for (let number = 2; taken.includes(free); number += 1) {
    const suffix = `-${number}`;
    free = slug.slice(0, MAX_LENGTH - suffix.length) + suffix;
  }
  return free;
}
