import type { SecretBytes } from '@skykey/bits';
import { AES_KEY_BYTES, openWithAes, sealWithAes } from './aes-gcm.ts';
import type { Suite } from './desk.ts';
import { type Envelope, encodeHeader, type Header, TAG_BYTES } from './envelope.ts';
import { openWithPad, sealWithPad } from './one-time-pad.ts';
import { type KeyNeed, padNeed, padNeedOfBlock } from './text.ts';

/** Keys that a text of `textBytes` bytes of UTF-8 (1 to 4,000) draws. */
export function keyNeed(suite: Suite, textBytes: number): KeyNeed {
  return suite === 'one-time-pad' ? padNeed(textBytes) : { bytesPerKey: AES_KEY_BYTES, count: 1 };
}

/** Keys that a block of a size that exists draws. */
export function keyNeedOfBlock(suite: Suite, blockBytes: number): KeyNeed {
  return suite === 'one-time-pad' ? padNeedOfBlock(blockBytes)! : { bytesPerKey: AES_KEY_BYTES, count: 1 };
}

/** The whole envelope: header ‖ ciphertext ‖ tag. */
export function sealBlock(keys: readonly SecretBytes[], header: Header, block: Uint8Array): Uint8Array {
  const headerBytes = encodeHeader(header);
  const [ciphertext, tag] =
    header.suite === 'one-time-pad'
      ? sealWithPad(keys, headerBytes, block)
      : sealWithAes(keys[0]!, header.sequence, headerBytes, block);
  const envelope = new Uint8Array(headerBytes.length + ciphertext.length + TAG_BYTES);
  envelope.set(headerBytes);
  envelope.set(ciphertext, headerBytes.length);
  envelope.set(tag, headerBytes.length + ciphertext.length);
  return envelope;
}

/** The block, or null when the tag is wrong. */
export function openBlock(
  keys: readonly SecretBytes[],
  { header, headerBytes, ciphertext, tag }: Envelope,
): Uint8Array | null {
  return header.suite === 'one-time-pad'
    ? openWithPad(keys, headerBytes, ciphertext, tag)
    : openWithAes(keys[0]!, header.sequence, headerBytes, ciphertext, tag);
}
