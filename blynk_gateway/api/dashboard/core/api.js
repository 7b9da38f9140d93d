// Requests to /api/v1. The session's cookie goes along by itself.

export class ApiError extends Error {
  constructor(status, code, message, hint) {
    super(message);
    this.status = status;
    this.code = code;
    this.hint = hint;
  }
}

/**
 * Send one request.
 *
 * @param {string} method  GET, POST, PUT or DELETE
 * @param {string} path    below /api/v1, parts of it already encoded; `/api/health` as it is
 * @param {object} [body]  sent as JSON
 * @param {boolean} [isUrgent]  the page may end right after
 * @param {AbortSignal} [signal]  ends it early
 * @returns {Promise<any>} the JSON answer, text where it is none, null where there is none
 * @throws {ApiError}      the gateway refused, or could not be reached (status 0)
 */
export async function request(method, path, body, isUrgent = false, signal = undefined) {
  // `keepalive`: the browser sends it even if the page ends now.
  const options = { method, credentials: 'same-origin', headers: {}, keepalive: isUrgent, signal };
  if (body !== undefined) {
    options.headers['Content-Type'] = 'application/json';
    options.body = JSON.stringify(body);
  }
  let answer;
  try {
    answer = await fetch(path.startsWith('/api/') ? path : `/api/v1${path}`, options);
  } catch {
    throw new ApiError(0, 'unreachable', '', '');
  }
  if (answer.ok) {
    if (answer.status === 204) return null;
    const type = answer.headers.get('Content-Type') ?? '';
    return type.startsWith('application/json') ? answer.json() : answer.text();
  }
  let error = {};
  try {
    error = (await answer.json()).error ?? {};
  } catch {
    // A proxy in between answered in its own way.
  }
  if (answer.status === 401 && path !== '/session') {
    window.dispatchEvent(new CustomEvent('session-over'));
  }
  throw new ApiError(
    answer.status,
    error.code ?? 'http',
    error.message ?? `HTTP ${answer.status}`,
    error.hint ?? '',
  );
}

export const get = (path, signal) => request('GET', path, undefined, false, signal);
export const post = (path, body = {}) => request('POST', path, body);
export const put = (path, body) => request('PUT', path, body);
export const remove = (path) => request('DELETE', path);

/** `greenhouse/V5` as two path segments. */
export function pinPath(address) {
  return address.split('/').map(encodeURIComponent).join('/');
}

/** Write a pin, as a command. `values` is an array of texts. */
export function writePin(address, values, isUrgent = false) {
  return request('PUT', `/pins/${pinPath(address)}`, { value: values.map(String) }, isUrgent);
}
