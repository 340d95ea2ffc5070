import { Reader, Writer } from '../bytes.ts';
import { HotlineError } from '../error.ts';
import type { Sealing } from '../sealed/index.ts';
import type { Direction } from '../secret/index.ts';
import { uuidBytes, uuidText } from '../secret/uuid.ts';
import { encodeSignedHead, readSignedHead, type SignedHead } from '../stream/index.ts';

/** A text on the record, as a desk keeps it beside its history: what its hashes are made of, but for the words. */
export interface RecordEntry {
  readonly direction: Direction;
  readonly number: number;
  readonly sealing: Sealing;
  /** When it was said, by its writer's clock. */
  readonly utcMs: number;
  /** This desk wanted the record when the text came to it. */
  readonly consented: boolean;
  /** 32 bytes each, as in the transcript. */
  readonly digest: Uint8Array;
  readonly commitment: Uint8Array;
  /** Who has these and the words can show that they were said; null once the words are no longer kept. */
  readonly opening: { readonly id: string; readonly salt: Uint8Array } | null;
}

/**
 * direction (1) ‖ number (8) ‖ sealing (1: 1 hybrid, 2 sealed) ‖ utc (8) ‖ consented (1) ‖ digest (32) ‖ commitment (32) ‖ 00, or
 * 01 ‖ id (16) ‖ salt (32).
 */
export function writeEntry({ direction, number, sealing, utcMs, ...entry }: RecordEntry): Uint8Array {
  const writer = new Writer()
    .u8(direction)
    .u64(number)
    .u8(sealing === 'hybrid' ? 1 : 2);
  writer
    .u64(utcMs)
    .u8(entry.consented ? 1 : 0)
    .raw(entry.digest)
    .raw(entry.commitment);
  if (entry.opening) writer.u8(1).raw(uuidBytes(entry.opening.id)).raw(entry.opening.salt);
  else writer.u8(0);
  return writer.finish();
}

/** Throws HotlineError `hotline/store`. */
export function readEntry(bytes: Uint8Array): RecordEntry {
  return stored(() => {
    const reader = new Reader(bytes, 'a text on the record');
    const entry: RecordEntry = {
      direction: reader.u8() === 1 ? 1 : 2,
      number: reader.u64(),
      sealing: reader.u8() === 1 ? 'hybrid' : 'sealed',
      utcMs: reader.u64(),
      consented: reader.u8() === 1,
      digest: reader.raw(32),
      commitment: reader.raw(32),
      opening: reader.u8() === 1 ? { id: uuidText(reader.raw(16)), salt: reader.raw(32) } : null,
    };
    reader.end();
    return entry;
  });
}

/** What both have signed, and when this desk knew it. */
export interface KeptSignature {
  readonly atMs: number;
  readonly signed: SignedHead;
}

export function writeSignature({ atMs, signed }: KeptSignature): Uint8Array {
  return new Writer().u64(atMs).raw(encodeSignedHead(signed)).finish();
}

/** Throws HotlineError `hotline/store`. */
export function readSignature(bytes: Uint8Array): KeptSignature {
  return stored(() => {
    const reader = new Reader(bytes, 'a signed transcript');
    return { atMs: reader.u64(), signed: readSignedHead(reader.raw(reader.left)) };
  });
}

function stored<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new HotlineError('hotline/store', 'what was said on the record cannot be read; the store is damaged', {
      cause,
    });
  }
}
