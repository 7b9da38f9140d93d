// How the editor looks.

import { css } from '../vendor/lit.js';

export const style = css`
  :host { display: block; }
  .bar { position: sticky; top: 0; z-index: 7; background: var(--page); padding: .4rem 0;
    display: flex; flex-wrap: wrap; gap: .4rem; align-items: center;
    border-bottom: 1px solid var(--line); margin-bottom: .7rem; }
  .bar .end { margin-left: auto; display: flex; gap: .4rem; }
  .layouts { display: inline-flex; }
  .layouts button { border-radius: 0; }
  .layouts button:first-child { border-radius: var(--radius) 0 0 var(--radius); }
  .layouts button:last-child { border-radius: 0 var(--radius) var(--radius) 0;
    margin-left: -1px; }
  button[aria-pressed="true"] { background: var(--accent-soft); font-weight: 600; }
  .names { display: flex; flex-wrap: wrap; gap: 0 .8rem; }
  .names label { flex: 1 1 12rem; max-width: 26rem; }
  .selection { display: flex; flex-wrap: wrap; gap: .4rem; align-items: center;
    min-height: 3.2rem; margin-bottom: .5rem; }
  .selection .text { overflow-wrap: anywhere; min-width: 0; }
  @media (max-width: 760px) { .bar { position: static; } }
`;
