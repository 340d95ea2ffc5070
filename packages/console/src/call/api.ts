import type { DeskCall } from '@skykey/telemetry';
import type { CallSignal } from './contract.ts';
import { callWords } from './words.ts';

/** What the site answered, or a sentence for people. `status` is null where it did not answer at all. */
export type Answer<T> =
  | { readonly ok: true; readonly body: T }
  | { readonly ok: false; readonly status: number | null; readonly error: string };

/** Marks a request as one of this page's own scripts: another site's form cannot set it. */
export const OWN_PAGE = { 'content-type': 'application/json', 'x-skykey': '1' } as const;

/** The site's own interface for calls, on the page's own origin below `base`. Nothing here rejects. */
export class CallApi {
  readonly base: string;

  constructor(base: string) {
    this.base = base;
  }

  start(kind: DeskCall['kind'], sealing: DeskCall['sealing']): Promise<Answer<DeskCall>> {
    return this.#post('/api/call', { kind, sealing });
  }

  accept(id: string): Promise<Answer<unknown>> {
    return this.#post('/api/call/accept', { id });
  }

  end(id: string, reason?: string): Promise<Answer<unknown>> {
    // Heard also when the page is being left.
    return this.#post('/api/call/end', reason === undefined ? { id } : { id, reason }, true);
  }

  signal(id: string, signal: CallSignal): Promise<Answer<unknown>> {
    return this.#post('/api/call/signal', { id, signal });
  }

  /** Servers that help two screens find each other; none is right on a local network, and where the site does not say. */
  async servers(): Promise<readonly RTCIceServer[]> {
    const answer = await answered<unknown>(fetch(`${this.base}/api/call/servers`));
    return answer.ok && Array.isArray(answer.body) ? (answer.body as RTCIceServer[]) : [];
  }

  #post<T>(path: string, body: unknown, keepalive = false): Promise<Answer<T>> {
    return answered<T>(
      fetch(this.base + path, { method: 'POST', headers: OWN_PAGE, body: JSON.stringify(body), keepalive }),
    );
  }
}

async function answered<T>(request: Promise<Response>): Promise<Answer<T>> {
  try {
    const response = await request;
    const body: unknown = await response.json().catch(() => null);
    if (response.ok) return { ok: true, body: body as T };
    const { status } = response;
    return { ok: false, status, error: sentenceOf(body) ?? callWords.errors.status(status) };
  } catch {
    return { ok: false, status: null, error: callWords.errors.unreachable };
  }
}

/** The site's own words for a refusal: `message`, or `error` as the rest of its interface says. */
export function sentenceOf(body: unknown): string | null {
  if (typeof body !== 'object' || body === null) return null;
  const { message, error } = body as { message?: unknown; error?: unknown };
  return [message, error].find((words): words is string => typeof words === 'string' && words !== '') ?? null;
}
