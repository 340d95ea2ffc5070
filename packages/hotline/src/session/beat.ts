import { Reader, Writer } from '../bytes.ts';
import { type Ack, encodeAck, encodeHolding, type Holding, readAck, readHolding } from '../stream/index.ts';

const MAX_ACK_BYTES = 1024;
const MAX_HOLDING_BYTES = 16_384;
const CALL_BYTES = 16;

/** How far one stream of messages is. */
export interface Progress {
  readonly ack: Ack;
  readonly holding: Holding;
}

/** What a desk tells once a second, and whenever something has arrived. */
export interface Beat {
  /** Texts, notices. */
  readonly streams: readonly [Progress, Progress];
  /** What this desk's page sends in; null without a call. `callId`: hexadecimal. */
  readonly sending: { readonly callId: string; readonly mediaEpoch: number } | null;
}

/** Ack and holding of texts and of notices (long each) ‖ media epoch that is sent in: 0, or 1 ‖ call id (16) ‖ u32. */
export function writeBeat({ streams, sending }: Beat): Uint8Array {
  const writer = new Writer();
  for (const { ack, holding } of streams) writer.long(encodeAck(ack)).long(encodeHolding(holding));
  if (sending) writer.u8(1).raw(Buffer.from(sending.callId, 'hex')).u32(sending.mediaEpoch);
  else writer.u8(0);
  return writer.finish();
}

/** Throws HotlineError `hotline/malformed`. */
export function readBeat(bytes: Uint8Array): Beat {
  const reader = new Reader(bytes, 'the beat');
  const progress = (): Progress => ({
    ack: readAck(reader.long(MAX_ACK_BYTES)),
    holding: readHolding(reader.long(MAX_HOLDING_BYTES)),
  });
  const streams = [progress(), progress()] as const;
  const sending =
    reader.u8() === 1
      ? { callId: Buffer.from(reader.raw(CALL_BYTES)).toString('hex'), mediaEpoch: reader.u32() }
      : null;
  reader.end();
  return { streams, sending };
}
