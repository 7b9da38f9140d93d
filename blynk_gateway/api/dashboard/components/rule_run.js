// Running a rule by hand, and telling what became of it.

import { post } from '../core/api.js';
import { t } from '../core/texts.js';
import { toast } from '../core/toast.js';

/** Where a rule is, below /api/v1: by its slug or name. */
export const pathOfRule = (name) => `/automations/${encodeURIComponent(name)}`;

/**
 * Run a rule and tell so.
 *
 * @param {string} name   slug or name
 * @param {string} label  what people call it
 * @returns {Promise<object | null>} the run; null if its limit or a condition kept it back
 * @throws {ApiError}     it is unknown, off or stopped
 */
export async function runRule(name, label) {
  const { run, skipped } = await post(`${pathOfRule(name)}/run`);
  if (run === null) {
    const reason = skipped || t('automations.is_running');
    toast(`${label}: ${t('automations.did_not_run', { reason })}`, 'bad');
  } else {
    const kind = run.outcome === 'failed' ? 'bad' : 'info';
    toast(t(`automations.ran.${run.outcome}`, { name: label }), kind);
  }
  return run;
}
