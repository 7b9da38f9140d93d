// How controls look: the parts that several of them have.

import { css } from '../../vendor/lit.js';

export const controls = css`
  .control { width: 100%; min-height: var(--touch); }
  :disabled, [aria-disabled="true"] { cursor: not-allowed; opacity: .7; }
  button:disabled { opacity: .7; }
  .value { font-size: 1.15rem; white-space: nowrap; overflow: hidden; text-overflow: ellipsis;
    min-width: 0; }
  .fault { color: var(--bad); font-size: .8rem; overflow: hidden; text-overflow: ellipsis; }
  .chip { background: var(--page); border: 1px solid var(--line); border-radius: 8px;
    min-width: var(--touch); padding: .2rem .5rem; }
  .chip[aria-checked="true"], .chip[aria-pressed="true"] { background: var(--color);
    color: var(--on-color); border-color: var(--color); }
  input[type="range"] { appearance: none; background: none; border: 0; padding: 0; margin: 0;
    height: var(--touch); min-height: var(--touch); cursor: pointer; border-radius: 8px; }
  input[type="range"]::-webkit-slider-runnable-track { height: 10px; border-radius: 5px;
    background: linear-gradient(to var(--to, right), var(--color) var(--fill, 0%),
      var(--track) var(--fill, 0%)); }
  input[type="range"]::-moz-range-track { height: 10px; border-radius: 5px;
    background: var(--track); }
  input[type="range"]::-moz-range-progress { height: 10px; border-radius: 5px;
    background: var(--color); }
  input[type="range"]::-webkit-slider-thumb { appearance: none; width: 26px; height: 26px;
    margin-top: -8px; border-radius: 50%; background: var(--card); border: 3px solid var(--color);
    box-shadow: 0 1px 3px rgb(0 0 0 / 35%); }
  input[type="range"]::-moz-range-thumb { box-sizing: border-box; width: 26px; height: 26px;
    border-radius: 50%; background: var(--card); border: 3px solid var(--color);
    box-shadow: 0 1px 3px rgb(0 0 0 / 35%); }
  @container (max-height: 80px) { .body { flex: 1 1 0; min-width: 0; } }
`;
