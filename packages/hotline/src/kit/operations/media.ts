import { webcrypto } from 'node:crypto';
import { frameKeyId, mediaBaseKeyContext, type Stream } from '../../media/call-keys.ts';
import { decodeHeader, encodeHeader } from '../../media/header.ts';
import { OpeningKey, SealingKey } from '../../media/key.ts';
import { EpochSecrets } from '../../secret/combiner.ts';
import { Epoch } from '../../secret/epoch.ts';
import type { Direction } from '../../secret/lanes.ts';
import { bytesOf, type Hex, hexOf, secretOf, shown } from '../hex.ts';

const subtle = webcrypto.subtle as SubtleCrypto;

interface KeyPlace {
  readonly mediaEpoch: number;
  readonly stream: Stream;
  readonly baseKey: Hex;
}

export const MEDIA = {
  /** `epoch`: the 64 bytes of section 3. */
  'media/base-key'(of: {
    readonly epoch: Hex;
    readonly callId: Hex;
    readonly direction: Direction;
    readonly stream: Stream;
    readonly mediaEpoch: number;
  }) {
    const secrets = new EpochSecrets(secretOf(of.epoch));
    const epoch = new Epoch({ ownId: 'a', peerId: 'b', number: 1, secrets, nowMs: 0 });
    const { direction, stream, mediaEpoch } = of;
    const context = mediaBaseKeyContext({ callId: bytesOf(of.callId), direction, stream, epoch: mediaEpoch });
    const kid = frameKeyId(mediaEpoch, stream);
    return { context: hexOf(context), kid: `${kid}`, baseKey: shown(epoch.mediaBaseKey(context, direction)) };
  },

  'media/header'({ kid, ctr }: { readonly kid: string; readonly ctr: string }) {
    return { header: hexOf(encodeHeader({ kid: BigInt(kid), ctr: BigInt(ctr) })) };
  },

  /** `null` where there is no header: the frame is dropped. */
  'media/read-header'({ frame }: { readonly frame: Hex }) {
    const header = decodeHeader(bytesOf(frame));
    return header ? { kid: `${header.kid}`, ctr: `${header.ctr}`, bytes: header.length } : null;
  },

  /** The frame after `before` others, which are empty and without metadata. */
  async 'media/seal'(of: KeyPlace & { readonly before: number; readonly plaintext: Hex; readonly metadata: Hex }) {
    const key = await SealingKey.derive(subtle, frameKeyId(of.mediaEpoch, of.stream), bytesOf(of.baseKey));
    for (let i = 0; i < of.before; i++) await key.seal(new Uint8Array(0), new Uint8Array(0));
    return { frame: hexOf(await key.seal(bytesOf(of.plaintext), bytesOf(of.metadata))) };
  },

  /** What the receiver does with the last of `frames`: what it opens, or why it drops it. */
  async 'media/open'(of: KeyPlace & { readonly frames: readonly Hex[]; readonly metadata: Hex }) {
    const key = await OpeningKey.derive(subtle, frameKeyId(of.mediaEpoch, of.stream), bytesOf(of.baseKey));
    let last: { plaintext: Hex } | { dropped: string } = { dropped: 'nothing came' };
    for (const hex of of.frames) {
      const frame = bytesOf(hex);
      const header = decodeHeader(frame);
      if (!header) last = { dropped: 'malformed' };
      else if (header.kid !== key.kid) last = { dropped: 'unknown-key' };
      else {
        const opened = await key.open(header, frame, bytesOf(of.metadata));
        last = 'refused' in opened ? { dropped: opened.refused } : { plaintext: hexOf(opened.plaintext) };
      }
    }
    return last;
  },
};
