/** The site's own key manager as a desk asks it, in the words of ETSI GS QKD 014. */
import { SecretBytes } from '@skykey/bits';
import { HotlineError, type KeySource, type SessionKey } from '@skykey/hotline';

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
  const text = typeof body === 'string' ? body : new TextDecoder().decode(body);
  if (typeof body !== 'string') body.fill(0);
  if (status !== 200) {
    throw new HotlineError('hotline/no-key', `the key manager gives no key (${status}${reasonOf(text)})`);
  }
  const { keys } = JSON.parse(text) as { keys: { key_ID: string; key: string }[] };
  return keys.map(({ key_ID, key }) => ({
    keyId: key_ID.toLowerCase(),
    key: SecretBytes.adopt(new Uint8Array(Buffer.from(key, 'base64'))),
    provenance,
  }));
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
