import { SecretBytes } from '@skykey/bits';
import { checkTag, tag } from '@skykey/distill';

/**
 * The one-time pad with a one-time tag. Key bytes, in the order of the keys: point (16) ‖ mask (16) ‖ pad (as long as the
 * block). Ciphertext = block XOR pad (Shannon 1949); tag = Wegman–Carter tag of header and ciphertext at that point under
 * that mask (Wegman and Carter 1981; see authenticate.ts of @skykey/distill), point and mask both fresh. No bit of key
 * passes through a derivation, and none is used for two things.
 */

const POINT_END = 16;
const MASK_END = 32;
/** Keeps tags of the hotline apart from every other use of the same construction. */
const CONTEXT = 'skykey/hotline/text/1';

/** Ciphertext and tag of `block`. `keys` together must be 32 bytes longer than the block. */
export function sealWithPad(
  keys: readonly SecretBytes[],
  header: Uint8Array,
  block: Uint8Array,
): [Uint8Array, Uint8Array] {
  return withMaterial(keys, (point, mask, pad) => {
    const ciphertext = xor(block, pad);
    return [ciphertext, tag(point, mask, [header, ciphertext], CONTEXT)];
  });
}

/** The block, or null when the tag is wrong. */
export function openWithPad(
  keys: readonly SecretBytes[],
  header: Uint8Array,
  ciphertext: Uint8Array,
  received: Uint8Array,
): Uint8Array | null {
  return withMaterial(keys, (point, mask, pad) =>
    checkTag(tag(point, mask, [header, ciphertext], CONTEXT), received) ? xor(ciphertext, pad) : null,
  );
}

function withMaterial<T>(
  keys: readonly SecretBytes[],
  use: (point: SecretBytes, mask: SecretBytes, pad: SecretBytes) => T,
): T {
  const bytes = new Uint8Array(keys.reduce((sum, key) => sum + key.length, 0));
  let at = 0;
  for (const key of keys) {
    key.open((part) => bytes.set(part, at));
    at += key.length;
  }
  const material = SecretBytes.adopt(bytes);
  const point = material.slice(0, POINT_END);
  const mask = material.slice(POINT_END, MASK_END);
  const pad = material.slice(MASK_END, material.length);
  try {
    return use(point, mask, pad);
  } finally {
    for (const secret of [material, point, mask, pad]) secret.wipe();
  }
}

function xor(text: Uint8Array, pad: SecretBytes): Uint8Array {
  return pad.open((bytes) => text.map((byte, i) => byte ^ bytes[i]!));
}
