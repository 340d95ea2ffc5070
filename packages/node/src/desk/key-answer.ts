/** An answer of ETSI GS QKD 014 with keys, taken apart without a string that holds one: strings cannot be overwritten. */
import { SecretBytes } from '@skykey/bits';

const MEMBER = Buffer.from('"key":"');
const QUOTE = 0x22;
const PAD = 0x3d;

export interface AnsweredKey {
  readonly keyId: string;
  readonly key: SecretBytes;
}

/** Overwrites the digits of every key in `body`. Throws SyntaxError, without a piece of it, when it is no such answer. */
export function takeKeys(body: Uint8Array): AnsweredKey[] {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
  const secrets: SecretBytes[] = [];
  try {
    for (let at = bytes.indexOf(MEMBER); at >= 0; at = bytes.indexOf(MEMBER, at)) {
      at += MEMBER.length;
      const end = bytes.indexOf(QUOTE, at);
      if (end < 0) throw new SyntaxError('a key has no end');
      const digits = bytes.subarray(at, end);
      secrets.push(SecretBytes.adopt(decoded(digits)));
      digits.fill(PAD);
    }
    const { keys } = JSON.parse(bytes.toString()) as { keys: { key_ID: string }[] };
    if (!Array.isArray(keys) || keys.length !== secrets.length) throw new SyntaxError('not every key has its id');
    return keys.map(({ key_ID }, i) => ({ keyId: key_ID.toLowerCase(), key: secrets[i]! }));
  } catch {
    for (const secret of secrets) secret.wipe();
    throw new SyntaxError('the key manager answered with something else than keys');
  } finally {
    bytes.fill(0);
  }
}

/** Base64 with padding (RFC 4648, section 4). */
function decoded(digits: Uint8Array): Uint8Array {
  const padding = digits.at(-1) !== PAD ? 0 : digits.at(-2) !== PAD ? 1 : 2;
  if (digits.length === 0 || digits.length % 4 !== 0) throw new SyntaxError('a key is not base64');
  const out = new Uint8Array((digits.length / 4) * 3 - padding);
  let bits = 0;
  let group = 0;
  let written = 0;
  for (const digit of digits.subarray(0, digits.length - padding)) {
    group = ((group << 6) | sixBits(digit)) & 0xffffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out[written++] = (group >> bits) & 0xff;
  }
  return out;
}

function sixBits(digit: number): number {
  if (digit >= 0x41 && digit <= 0x5a) return digit - 0x41;
  if (digit >= 0x61 && digit <= 0x7a) return digit - 0x61 + 26;
  if (digit >= 0x30 && digit <= 0x39) return digit - 0x30 + 52;
  if (digit === 0x2b) return 62;
  if (digit === 0x2f) return 63;
  throw new SyntaxError('a key is not base64');
}
