/** The site's own key manager as a desk asks it, in the words of ETSI GS QKD 014. */
import { HotlineError, type KeySource, type SessionKey } from '@skykey/hotline';
import { takeKeys } from './key-answer.ts';

/**
 * Asks the key manager: method and path, JSON in and out. A body in bytes holds keys: it is overwritten here.
 */
export type KeyManagerCall = (
  method: 'GET' | 'POST',
  path: string,
  body?: object,
) => Promise<{ status: number; body: string | Uint8Array }>;

/**
 * Keys shared with the desk `peerSaeId`, which come by `provenance` ("via micius"). Both methods reject with HotlineError
 * `hotline/no-key`.
 */
export function siteKeys(call: KeyManagerCall, peerSaeId: string, provenance: string): KeySource {
  const path = (method: 'enc_keys' | 'dec_keys'): string => `/api/v1/keys/${peerSaeId}/${method}`;
  return {
    draw: async (bytesPerKey, count) => {
      const keys = keysOf(await call('POST', path('enc_keys'), { number: count, size: bytesPerKey * 8 }), provenance);
      return checked(keys, keys.length === count && keys.every(({ key }) => key.length === bytesPerKey));
    },
    fetch: async (keyIds) => {
      const wanted = { key_IDs: keyIds.map((key_ID) => ({ key_ID })) };
      const keys = keysOf(await call('POST', path('dec_keys'), wanted), provenance);
      return checked(keys, keys.length === keyIds.length && keys.every(({ keyId }, i) => keyId === keyIds[i]));
    },
  };
}

function keysOf({ status, body }: { status: number; body: string | Uint8Array }, provenance: string): SessionKey[] {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  if (status !== 200) {
    throw new HotlineError(
      'hotline/no-key',
      `the key manager gives no key (${status}${reasonOf(new TextDecoder().decode(bytes))})`,
    );
  }
  return takeKeys(bytes).map((key) => ({ ...key, provenance }));
}

function reasonOf(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    return typeof message === 'string' ? `: ${message}` : '';
  } catch {
    return '';
  }
}

/** `keys`, or none of them: what came in vain is overwritten. */
function checked(keys: SessionKey[], right: boolean): SessionKey[] {
  if (right) return keys;
  for (const { key } of keys) key.wipe();
  throw new HotlineError('hotline/no-key', 'the key manager delivered other keys than were asked for', {
    burntKeyIds: keys.map(({ keyId }) => keyId),
  });
}
