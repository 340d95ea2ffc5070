import { words } from './words.ts';

/** What a command came to: the server's answer, or a sentence for people. */
export type Outcome = { readonly ok: true; readonly body: unknown } | { readonly ok: false; readonly error: string };

/** POSTs JSON to the page's own origin. Never rejects. */
export async function command(path: string, body: unknown): Promise<Outcome> {
  try {
    const response = await fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const answer: unknown = await response.json().catch(() => null);
    if (response.ok) return { ok: true, body: answer };
    return { ok: false, error: errorSentence(answer) ?? words.errors.status(response.status) };
  } catch {
    return { ok: false, error: words.errors.unreachable };
  }
}

function errorSentence(answer: unknown): string | null {
  if (typeof answer !== 'object' || answer === null || !('error' in answer)) return null;
  return typeof answer.error === 'string' && answer.error !== '' ? answer.error : null;
}
