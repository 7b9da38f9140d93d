// Light, dark, or as the system has it.

export const THEMES = ['auto', 'light', 'dark'];

const STORED = 'theme';
const system = matchMedia('(prefers-color-scheme: dark)');

export const theme = () => localStorage.getItem(STORED) ?? 'auto';

export function chooseTheme(name) {
  localStorage.setItem(STORED, name);
  applyTheme();
}

export function applyTheme() {
  const isDark = theme() === 'dark' || (theme() === 'auto' && system.matches);
  document.documentElement.dataset.theme = isDark ? 'dark' : 'light';
  window.dispatchEvent(new Event('theme-change'));
}

system.addEventListener('change', applyTheme);
