// Whether a device is there: `<bg-device-state .device=…>`, a dot and a word.

import { html } from '../vendor/lit.js';

import { GatewayElement } from '../core/element.js';
import { formatAgo } from '../core/format.js';
import { live } from '../core/live.js';
import { t } from '../core/texts.js';

const KINDS = { online: 'good', stale: 'warn', offline: '' };

/** `online`, `stale` (connected, but silent for too long) or `offline`. */
function stateOf(device) {
  if (!device.online) return 'offline';
  return device.stale ? 'stale' : 'online';
}

/** When it was last heard of, in words. */
export function seen(device) {
  if (!device.last_seen_ms) return t('devices.never_seen');
  return t('devices.seen', { ago: formatAgo(device.last_seen_ms, live.now()) });
}

class DeviceState extends GatewayElement {
  static properties = { device: { attribute: false } };

  render() {
    if (!this.device) return '';
    const state = stateOf(this.device);
    return html`<span><span class="dot ${KINDS[state]}" aria-hidden="true"></span>
      ${t(`device.${state}`)}</span>`;
  }
}

customElements.define('bg-device-state', DeviceState);
