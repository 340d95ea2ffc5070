/** What desks tell each other about a call: the notice `call`, and about the pads of its speech. PROTOCOL.md, sections 5 and 9. */
import { Reader, Writer } from '../bytes.ts';
import { CALL_ID_BYTES } from '../media/call-keys.ts';
import { KEYS_PER_BLOCK, LAST_BLOCK } from '../media/speech-pad.ts';
import { uuidBytes, uuidText } from '../secret/index.ts';
import type { SessionCall } from './ports.ts';

export const MAX_SIGNAL_BYTES = 30_000;
/** Characters of a reason that are sent, and bytes of one that are read. */
const SENT_REASON = 200;
const MAX_REASON_BYTES = 1000;

export type CallBody =
  | { readonly type: 'ring'; readonly kind: SessionCall['kind']; readonly sealing: SessionCall['sealing'] }
  | { readonly type: 'accept' }
  | { readonly type: 'end'; readonly reason: string }
  | { readonly type: 'signal'; readonly signal: string };

const TYPES = ['ring', 'accept', 'end', 'signal'] as const;
const RINGS = [
  { kind: 'voice', sealing: 'hybrid' },
  { kind: 'video', sealing: 'hybrid' },
  { kind: 'voice', sealing: 'sealed' },
] as const;

/** Call id (16) ‖ type (1 ring, 2 accept, 3 end, 4 signal) ‖ for a ring: 1 voice, 2 video, 3 voice by one-time pad; else a text (long). */
export function writeCall(id: string, body: CallBody): Uint8Array {
  const writer = new Writer().raw(Buffer.from(id, 'hex')).u8(TYPES.indexOf(body.type) + 1);
  const text = (value: string): Uint8Array => new TextEncoder().encode(value);
  if (body.type === 'ring') {
    writer.u8(RINGS.findIndex(({ kind, sealing }) => kind === body.kind && sealing === body.sealing) + 1);
  }
  if (body.type === 'end') writer.long(text(body.reason.slice(0, SENT_REASON)));
  if (body.type === 'signal') writer.long(text(body.signal));
  return writer.finish();
}

/** Throws HotlineError `hotline/malformed`. */
export function readCall(bytes: Uint8Array): { readonly id: string; readonly body: CallBody } {
  const reader = new Reader(bytes, 'a notice of a call');
  const id = Buffer.from(reader.raw(CALL_ID_BYTES)).toString('hex');
  const type = TYPES[reader.u8() - 1];
  const done = (body: CallBody) => {
    reader.end();
    return { id, body };
  };
  switch (type) {
    case 'ring': {
      const ring = RINGS[reader.u8() - 1];
      if (!ring) throw reader.refuse('there is no such kind of call');
      return done({ type, ...ring });
    }
    case 'accept':
      return done({ type });
    case 'end':
      return done({ type, reason: reader.text(reader.long(MAX_REASON_BYTES)) });
    case 'signal':
      return done({ type, signal: reader.text(reader.long(MAX_SIGNAL_BYTES)) });
    default:
      throw reader.refuse('there is no such type');
  }
}

/**
 * About block `block` of the speech of one direction: `offer`, its sender has drawn it, from keys of these ids. `have`: the
 * other desk has given it to its page, so that speech may go under it. `lost`: the other desk has not, and never will.
 */
export type PadBody =
  | { readonly type: 'offer'; readonly block: number; readonly keyIds: readonly string[] }
  | { readonly type: 'have' | 'lost'; readonly block: number };

const PAD_TYPES = ['offer', 'have', 'lost'] as const;

/** Call id (16) ‖ type (1 offer, 2 have, 3 lost) ‖ block u32 ‖ for an offer: KEYS_PER_BLOCK key ids (16 each). */
export function writePad(id: string, body: PadBody): Uint8Array {
  const writer = new Writer().raw(Buffer.from(id, 'hex')).u8(PAD_TYPES.indexOf(body.type) + 1);
  writer.u32(body.block);
  if (body.type === 'offer') for (const keyId of body.keyIds) writer.raw(uuidBytes(keyId));
  return writer.finish();
}

/** Throws HotlineError `hotline/malformed`. */
export function readPad(bytes: Uint8Array): { readonly id: string; readonly body: PadBody } {
  const reader = new Reader(bytes, 'a message about the pad of a call');
  const id = Buffer.from(reader.raw(CALL_ID_BYTES)).toString('hex');
  const type = PAD_TYPES[reader.u8() - 1];
  if (!type) throw reader.refuse('there is no such type');
  const block = reader.u32();
  if (block > LAST_BLOCK) throw reader.refuse('no call has such a block');
  if (type !== 'offer') {
    reader.end();
    return { id, body: { type, block } };
  }
  const keyIds = Array.from({ length: KEYS_PER_BLOCK }, () => uuidText(reader.raw(16)));
  reader.end();
  if (new Set(keyIds).size < KEYS_PER_BLOCK) throw reader.refuse('it names a key twice');
  return { id, body: { type, block, keyIds } };
}
