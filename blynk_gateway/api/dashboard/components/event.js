// How an entry of the timeline is shown: its tone, its picture, and the button that resolves it.

import { html } from '../vendor/lit.js';

import { post } from '../core/api.js';
import { session } from '../core/session.js';
import { t } from '../core/texts.js';
import { errorText, toast } from '../core/toast.js';
import { icon } from './icon.js';

const TONES = { info: '', warning: 'warn', critical: 'bad', content: '' };

const isOver = (event) => event.kind === 'resolved' || event.resolved_ms !== null;

/** `good`, `warn`, `bad`, or nothing for what needs nobody. */
export function toneOf(event) {
  if (isOver(event)) return 'good';
  return event.kind === 'notification' ? 'warn' : (TONES[event.type] ?? '');
}

/** Its picture in its colour; screen readers are told its type. */
export function mark(event) {
  const name = isOver(event) ? 'resolved' : event.type;
  return html`<span class="mark ${toneOf(event)}" role="img" aria-label=${t(`event.type.${name}`)}
    title=${t(`event.type.${name}`)}>${icon(`event-${name}`)}</span>`;
}

/** Whether somebody has to look after it. */
export const isOpen = (event) =>
  event.kind === 'logged' &&
  event.resolved_ms === null &&
  (event.type === 'warning' || event.type === 'critical');

/** A button for those who may, where there is something to resolve. */
export function resolveButton(event) {
  if (!isOpen(event) || !session.can('operator')) return '';
  return html`<button class="resolve" @click=${() => resolve(event)}
    aria-label=${t('event.resolve_one', { event: event.name })}>${t('event.resolve')}</button>`;
}

/** Entries, newest first, with one more that came; what it resolves is marked. */
export function withEvent(events, came) {
  if (came.kind !== 'resolved') return [came, ...events];
  let isDone = false;
  const marked = events.map((one) => {
    const fits =
      one.kind === 'logged' &&
      one.device === came.device &&
      one.code === came.code &&
      one.resolved_ms === null;
    if (!fits || isDone) return one;
    isDone = came.description !== 'all';
    return { ...one, resolved_ms: came.at_ms, resolved_by: came.origin };
  });
  return [came, ...marked];
}

async function resolve({ device, code }) {
  try {
    await post('/events/resolve', { device, code });
  } catch (error) {
    toast(errorText(error, t), 'bad');
  }
}
