import { SecretBytes } from '@skykey/bits';
import { checkTag, tag } from '@skykey/distill';
import { Writer } from '../bytes.ts';
import { HotlineError } from '../error.ts';
import { TAG_KEY_BYTES } from './block.ts';
import type { KeyNeed, NamedKey } from './key.ts';
import { type Route, writeRoute } from './route.ts';

/**
 * The one-time pad with a one-time tag. Key bytes, in the order of the keys: point (16) ‖ mask (16) ‖ pad (as long as the
 * block). Ciphertext = block XOR pad (Shannon 1949); tag = Wegman–Carter tag of route, header and ciphertext at that point
 * under that mask (Wegman and Carter 1981; see authenticate.ts of @skykey/distill), point and mask both fresh. No bit of
 * key passes through a derivation, and none is used for two things.
 *
 * A forgery passes with probability at most (m + 1) / 2^127 an attempt, m = ⌈bytes hashed / 15⌉ + 1: below 2^−118.
 */

/** Keeps the tags of one kind of message apart from those of every other. */
export type PadContext = 'skykey/hotline/sealed/2' | 'skykey/hotline/emergency/2';

export const PAD_TAG_BYTES = 16;
const MASK_AT = 16;

/** Ciphertext and tag of `block`. `keys` together must be 32 bytes longer than the block; they are left as they were. */
export function sealWithPad(
  keys: readonly SecretBytes[],
  context: PadContext,
  route: Route,
  header: Uint8Array,
  block: Uint8Array,
): [Uint8Array, Uint8Array] {
  return withMaterial(keys, block.length, (point, mask, pad) => {
    const ciphertext = xor(block, pad);
    return [ciphertext, tag(point, mask, [authenticated(route, header), ciphertext], context)];
  });
}

/** The block, or null when the tag is wrong. */
export function openWithPad(
  keys: readonly SecretBytes[],
  context: PadContext,
  route: Route,
  header: Uint8Array,
  ciphertext: Uint8Array,
  received: Uint8Array,
): Uint8Array | null {
  return withMaterial(keys, ciphertext.length, (point, mask, pad) =>
    checkTag(tag(point, mask, [authenticated(route, header), ciphertext], context), received)
      ? xor(ciphertext, pad)
      : null,
  );
}

/** Whether `keys` are those of `keyIds`, in this order, of the sizes of `need`; none of zeros, which hides nothing. */
export function areKeysFor(need: KeyNeed, keyIds: readonly string[], keys: readonly NamedKey[]): boolean {
  return (
    keyIds.length === need.count &&
    keys.length === need.count &&
    new Set(keyIds).size === need.count &&
    keys.every(({ keyId, key }, i) => keyId === keyIds[i] && key.length === need.bytesPerKey && !isZero(key))
  );
}

function isZero(key: SecretBytes): boolean {
  return key.open((bytes) => bytes.every((byte) => byte === 0));
}

function authenticated(route: Route, header: Uint8Array): Uint8Array {
  return writeRoute(new Writer(), route).long(header).finish();
}

function withMaterial<T>(
  keys: readonly SecretBytes[],
  blockBytes: number,
  use: (point: SecretBytes, mask: SecretBytes, pad: SecretBytes) => T,
): T {
  const bytes = new Uint8Array(keys.reduce((sum, key) => sum + key.length, 0));
  if (bytes.length !== TAG_KEY_BYTES + blockBytes) {
    throw new HotlineError(
      'hotline/no-key',
      `a one-time pad of ${blockBytes} bytes takes ${TAG_KEY_BYTES + blockBytes} bytes of key, not ${bytes.length}`,
    );
  }
  let at = 0;
  for (const key of keys) {
    key.open((part) => bytes.set(part, at));
    at += key.length;
  }
  const material = SecretBytes.adopt(bytes);
  const point = material.slice(0, MASK_AT);
  const mask = material.slice(MASK_AT, TAG_KEY_BYTES);
  const pad = material.slice(TAG_KEY_BYTES, material.length);
  try {
    return use(point, mask, pad);
  } finally {
    for (const secret of [material, point, mask, pad]) secret.wipe();
  }
}

function xor(text: Uint8Array, pad: SecretBytes): Uint8Array {
  return pad.open((bytes) => Uint8Array.from(text, (byte, i) => byte ^ bytes[i]!));
}
