import { words } from './words.ts';

/** What the desk answered, or a sentence for people. `status` is null when there was no answer at all. */
export type Answer =
  | { readonly ok: true; readonly body: unknown }
  | { readonly ok: false; readonly error: string; readonly status: number | null };

/** GETs a path of the desk. Never rejects. */
export type Question = (path: string, signal?: AbortSignal) => Promise<Answer>;
/** POSTs JSON to a path of the desk. Never rejects. */
export type Command = (path: string, body: unknown) => Promise<Answer>;

export interface Api {
  readonly get: Question;
  readonly post: Command;
}

/** Says to the desk that this page asks, not a form of another page. */
export const OWN_PAGE = { 'x-skykey': '1' };

/** The desk's own interface. `onSignedOut` hears of every answer 401: the session is over, whatever was asked. */
export function openApi(onSignedOut: () => void, transport: typeof fetch = (...asked) => fetch(...asked)): Api {
  const ask = async (path: string, init: RequestInit): Promise<Answer> => {
    try {
      const response = await transport(path, { ...init, credentials: 'same-origin', cache: 'no-store' });
      const body: unknown = await response.json().catch(() => null);
      if (response.ok) return { ok: true, body };
      if (response.status === 401) onSignedOut();
      return { ok: false, error: sentence(body) ?? words.errors.status(response.status), status: response.status };
    } catch {
      return { ok: false, error: words.errors.unreachable, status: null };
    }
  };
  return {
    get: (path, signal) => ask(path, signal === undefined ? {} : { signal }),
    post: (path, body) =>
      ask(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...OWN_PAGE },
        body: JSON.stringify(body),
      }),
  };
}

/** The desk's sentence for people in the body of a refusal; null when there is none. */
export function sentence(body: unknown): string | null {
  if (typeof body !== 'object' || body === null || !('error' in body)) return null;
  return typeof body.error === 'string' && body.error !== '' ? body.error : null;
}
