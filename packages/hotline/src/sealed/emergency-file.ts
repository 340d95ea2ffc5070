import { createHash } from 'node:crypto';
import { SecretBytes } from '@skykey/bits';
import { Reader, Writer } from '../bytes.ts';
import { HotlineError } from '../error.ts';
import { isUuid, uuidBytes, uuidText } from '../secret/uuid.ts';
import { padNeedOfBlock } from './block.ts';
import { type EmergencyPlan, emergencyNeed, encodePlan, readPlan } from './emergency-record.ts';
import type { NamedKey } from './key.ts';

/**
 * What a courier brings to both desks: keys for a few texts each way, which no link and no key manager ever had.
 *
 *   "SKYP" ‖ 02 ‖ conversation (16) ‖ name provenance ‖ for direction 1, then 2: long plan ‖ keys of the plan, in its order ‖
 *   SHA-256 of everything before (32)
 */
export interface EmergencyFile {
  readonly conversationId: string;
  /** Whose word it is that nobody else has these keys: "courier of 23 November 2026". 1 to 255 bytes. */
  readonly provenance: string;
  readonly pads: Readonly<Record<1 | 2, EmergencyKeys>>;
  /** Names this file among all: the hash at its end. */
  readonly id: Uint8Array;
}

export interface EmergencyKeys {
  readonly plan: EmergencyPlan;
  /** Handed over. */
  readonly keys: readonly NamedKey[];
}

/** Some 200 bytes of words: a text takes one key of 256 bytes. */
export const EMERGENCY_BLOCK_BYTES = 224;

const MAGIC = 0x534b5950;
const VERSION = 2;
const HASH_BYTES = 32;
const MAX_PLAN_BYTES = 4 + 65_535 * 16;

/**
 * A new pad. `random` must be fit for keys. Throws HotlineError `hotline/bad-argument` for another number than 1 to 64 of
 * texts each way, or a conversation or provenance that is none.
 */
export function makeEmergencyFile(
  { conversationId, provenance, texts }: { conversationId: string; provenance: string; texts: number },
  random: (bytes: number) => Uint8Array,
): Uint8Array {
  const named = new TextEncoder().encode(provenance).length;
  if (!isUuid(conversationId) || named < 1 || named > 255) {
    throw new HotlineError(
      'hotline/bad-argument',
      'an emergency pad needs the UUID of its conversation and 1 to 255 bytes that say where it comes from',
    );
  }
  const { bytesPerKey, count } = emergencyNeed(texts, EMERGENCY_BLOCK_BYTES);
  const writer = new Writer().u32(MAGIC).u8(VERSION).raw(uuidBytes(conversationId)).name(provenance);
  for (let direction = 1; direction <= 2; direction++) {
    const keyIds = Array.from({ length: count }, () => uuidText(random(16)));
    writer.long(encodePlan({ blockBytes: EMERGENCY_BLOCK_BYTES, keyIds }));
    for (let i = 0; i < count; i++) {
      const key = random(bytesPerKey);
      writer.raw(key);
      key.fill(0);
    }
  }
  const body = writer.finish();
  const file = new Writer().raw(body).raw(sha256(body)).finish();
  body.fill(0);
  return file;
}

/** Throws HotlineError `hotline/malformed`; `bytes` stay as they are. */
export function readEmergencyFile(bytes: Uint8Array): EmergencyFile {
  const id = bytes.slice(-HASH_BYTES);
  const reader = new Reader(bytes.subarray(0, -HASH_BYTES), 'the emergency pad');
  if (reader.u32() !== MAGIC || reader.u8() !== VERSION) throw reader.refuse('it does not begin as one');
  if (Buffer.compare(sha256(bytes.subarray(0, -HASH_BYTES)), id) !== 0) throw reader.refuse('it was altered or cut');
  const conversationId = uuidText(reader.raw(16));
  const provenance = reader.name();
  const pads = { 1: readKeys(reader), 2: readKeys(reader) };
  reader.end();
  if (provenance === '' || pads[1].plan.keyIds.some((keyId) => pads[2].plan.keyIds.includes(keyId))) {
    throw reader.refuse('one key is for both directions, or nobody stands for it');
  }
  return { conversationId, provenance, pads, id };
}

function readKeys(reader: Reader): EmergencyKeys {
  const plan = readPlan(reader.long(MAX_PLAN_BYTES));
  const { bytesPerKey } = padNeedOfBlock(plan.blockBytes)!;
  const keys = plan.keyIds.map((keyId) => ({ keyId, key: SecretBytes.adopt(reader.raw(bytesPerKey)) }));
  return { plan, keys };
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}
