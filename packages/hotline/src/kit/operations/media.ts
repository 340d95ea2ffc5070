import { webcrypto } from 'node:crypto';
import { frameKeyId, mediaBaseKeyContext, type Stream } from '../../media/call-keys.ts';
import { decodeHeader, encodeHeader } from '../../media/header.ts';
import { OpeningKey, SealingKey } from '../../media/key.ts';
import { SpeechCover, SpeechUncover } from '../../media/speech-pad.ts';
import { EpochSecrets } from '../../secret/combiner.ts';
import { Epoch } from '../../secret/epoch.ts';
import type { Direction } from '../../secret/lanes.ts';
import { type CallBody, type PadBody, readCall, readPad, writeCall, writePad } from '../../session/call-notice.ts';
import { bytesOf, type Hex, hexOf, secretOf, shown } from '../hex.ts';

const subtle = webcrypto.subtle as SubtleCrypto;

/** A second of pad, which is `pad` as often as it takes. */
interface PadBlock {
  readonly block: number;
  readonly pad: Hex;
}

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

  /** Body of the notice about a call. */
  'media/write-call'({ id, body }: { readonly id: Hex; readonly body: CallBody }) {
    return { bytes: hexOf(writeCall(id, body)) };
  },

  'media/read-call'({ bytes }: { readonly bytes: Hex }) {
    return readCall(bytesOf(bytes));
  },

  /** Control message about the pads of a call, after its form. */
  'media/write-pad'({ id, body }: { readonly id: Hex; readonly body: PadBody }) {
    return { bytes: hexOf(writePad(id, body)) };
  },

  'media/read-pad'({ bytes }: { readonly bytes: Hex }) {
    return readPad(bytesOf(bytes));
  },

  /** A frame of speech, covered by the slot after `before` others of this block, and what of it is sealed. */
  async 'media/seal-speech'(
    of: KeyPlace & PadBlock & { readonly before: number; readonly plaintext: Hex; readonly metadata: Hex },
  ) {
    const cover = new SpeechCover();
    cover.add(of.block, bytesOf(of.pad));
    const key = await SealingKey.derive(subtle, frameKeyId(of.mediaEpoch, of.stream), bytesOf(of.baseKey));
    for (let i = 0; i < of.before; i++) cover.cover(new Uint8Array(0));
    const covered = cover.cover(bytesOf(of.plaintext));
    return { covered: hexOf(covered), frame: hexOf(await key.seal(covered, bytesOf(of.metadata))) };
  },

  /** What the receiver hears of the last of `covered`, which are what it has opened; `null` drops it. */
  'media/open-speech'({ block, pad, covered }: PadBlock & { readonly covered: readonly Hex[] }) {
    const uncover = new SpeechUncover();
    uncover.add(block, bytesOf(pad));
    let last: Uint8Array | undefined;
    for (const hex of covered) last = uncover.uncover(bytesOf(hex));
    return last ? { plaintext: hexOf(last) } : { dropped: 'no-pad' };
  },
};
