// A small picture for each type of widget, 24 × 24, drawn with lines of the text's colour.

import { html } from '../vendor/lit.js';

const PATHS = {
  button: 'M4 8h16v8H4z M9 12h6',
  switch: 'M8 7h8a5 5 0 0 1 0 10H8A5 5 0 0 1 8 7z M16 10a2 2 0 1 1 0 4 2 2 0 0 1 0-4z',
  slider: 'M3 12h7 M14 12h7 M12 9.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5z',
  step: 'M3 8h8v8H3z M13 8h8v8h-8z M5 12h4 M15 12h4 M17 10v4',
  number_input: 'M3 7h18v10H3z M7 10v4 M11 10h2.5v2H11v2h3',
  text_input: 'M3 7h18v10H3z M7 10v4 M10 14h6',
  menu: 'M3 7h18v10H3z M14 11l2 2 2-2',
  segmented: 'M3 8h18v8H3z M9 8v8 M15 8v8',
  joystick: 'M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16z M14 8a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5z',
  rgb: 'M12 4a5 5 0 1 1 0 10 5 5 0 0 1 0-10z M9 10a5 5 0 1 1 0 10 5 5 0 0 1 0-10z'
    + 'M15 10a5 5 0 1 1 0 10 5 5 0 0 1 0-10z',
  time_input: 'M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16z M12 7v5l3 2',
  value: 'M6 8v8 M10 8h4l-4 8h4 M17 14h1v2h-1z',
  labeled_value: 'M3 9h5 M5.5 9v6 M11 9v6 M15 9h4l-4 6h4',
  gauge: 'M4 16a8 8 0 0 1 16 0 M12 16l4-5',
  level: 'M3 9h18v6H3z M3 12h10',
  led: 'M12 6a6 6 0 1 1 0 12 6 6 0 0 1 0-12z M12 9a3 3 0 0 1 3 3',
  chart: 'M4 4v16h16 M6 15l4-5 4 3 5-7',
  lcd: 'M3 7h18v10H3z M6 11h9 M6 14h6',
  terminal: 'M3 5h18v14H3z M6 9l3 3-3 3 M11 15h6',
  table: 'M3 5h18v14H3z M3 10h18 M3 14.5h18 M10 5v14',
  map: 'M12 21s6-6 6-11a6 6 0 0 0-12 0c0 5 6 11 6 11z M12 8a2 2 0 1 1 0 4 2 2 0 0 1 0-4z',
  image: 'M3 5h18v14H3z M3 16l5-5 5 5 3-3 5 4',
  video: 'M3 6h18v12H3z M10 9l5 3-5 3z',
  device: 'M6 6h12v12H6z M9 3v3 M15 3v3 M9 18v3 M15 18v3 M3 9h3 M3 15h3 M18 9h3 M18 15h3',
  events: 'M6 4v16 M6 7h2 M6 12h2 M6 17h2 M11 7h8 M11 12h6 M11 17h8',
  scene: 'M5 4v16l14-8z',
  header: 'M3 8h18v8H3z M6 11h.1 M10 11h.1 M14 11h.1 M18 11h.1'
    + 'M6 13.5h.1 M10 13.5h.1 M14 13.5h.1 M18 13.5h.1',
};

const OTHER = 'M4 4h16v16H4z';

/** The picture of a type. */
export const typeIcon = (type) => html`<svg viewBox="0 0 24 24" width="28" height="28" fill="none"
  stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round"
  aria-hidden="true"><path d=${PATHS[type] ?? OTHER}></path></svg>`;
