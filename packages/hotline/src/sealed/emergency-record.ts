import { Reader, Writer } from '../bytes.ts';
import { HotlineError } from '../error.ts';
import { directionOf } from '../secret/lanes.ts';
import { isUuid, UUID_BYTES, uuidBytes, uuidText } from '../secret/uuid.ts';
import { padNeedOfBlock } from './block.ts';
import type { KeyNeed } from './key.ts';
import { PAD_TAG_BYTES } from './one-time-pad.ts';
import type { Route } from './route.ts';

/**
 * Bytes of the emergency pad: the plan in what a courier brings (`emergency-file.ts`), and the record that carries a text
 * when nothing else may leave.
 *
 *   plan    block size (2) ‖ number of keys (2) ‖ key ids (16 each), in the order in which they are used
 *   record  "SKYH" ‖ 02 ‖ 03 ‖ direction (1) ‖ conversation id (16) ‖ number (2) ‖ flags (1: bit 0 on the record) ‖
 *           k (1) ‖ key ids (16 k) ‖ n (2) ‖ ciphertext (n) ‖ tag (16)
 */

/** Most texts of one pad. */
export const MAX_EMERGENCY_TEXTS = 64;

/** Keys set aside for emergency texts of one desk, all with blocks of one size. */
export interface EmergencyPlan {
  readonly blockBytes: number;
  /** UUIDs in lower case; those of text 1 first. */
  readonly keyIds: readonly string[];
}

export interface EmergencyRecord {
  readonly direction: number;
  readonly conversationId: string;
  /** 1 to the number of texts of the pad. */
  readonly number: number;
  readonly onRecord: boolean;
  readonly keyIds: readonly string[];
  /** Everything before the ciphertext, as it came. */
  readonly header: Uint8Array;
  readonly ciphertext: Uint8Array;
  readonly tag: Uint8Array;
}

const MAGIC = 0x534b5948;
const VERSION = 2;
/** Beside 1, agreement, and 2, lane record. */
const EMERGENCY = 3;
const ON_RECORD = 1;

/** Keys to draw for a pad of `texts` texts. Throws HotlineError `hotline/bad-argument` for a pad that there is not. */
export function emergencyNeed(texts: number, blockBytes: number): KeyNeed {
  const need = padNeedOfBlock(blockBytes);
  if (!need || !Number.isInteger(texts) || texts < 1 || texts > MAX_EMERGENCY_TEXTS) {
    throw new HotlineError(
      'hotline/bad-argument',
      `an emergency pad has 1 to ${MAX_EMERGENCY_TEXTS} texts in blocks of a size that texts have, not ${texts} of ${blockBytes} bytes`,
    );
  }
  return { bytesPerKey: need.bytesPerKey, count: texts * need.count };
}

/** How many texts a plan is for, or null when its keys make no whole texts or repeat. */
export function textsOf({ blockBytes, keyIds }: EmergencyPlan): number | null {
  const need = padNeedOfBlock(blockBytes);
  const texts = need ? keyIds.length / need.count : 0;
  const sound = Number.isInteger(texts) && texts >= 1 && texts <= MAX_EMERGENCY_TEXTS;
  return sound && new Set(keyIds).size === keyIds.length && keyIds.every(isUuid) ? texts : null;
}

/** Ids of the keys of a text, 1 to the number of texts. */
export function keyIdsOfText({ blockBytes, keyIds }: EmergencyPlan, number: number): readonly string[] {
  const { count } = padNeedOfBlock(blockBytes)!;
  return keyIds.slice((number - 1) * count, number * count);
}

/** Throws HotlineError `hotline/bad-argument` for a plan that is none. */
export function encodePlan(plan: EmergencyPlan): Uint8Array {
  if (textsOf(plan) === null) {
    throw new HotlineError('hotline/bad-argument', 'the keys of an emergency pad must make whole texts, each id once');
  }
  const writer = new Writer().u16(plan.blockBytes).u16(plan.keyIds.length);
  for (const keyId of plan.keyIds) writer.raw(uuidBytes(keyId));
  return writer.finish();
}

/** Throws HotlineError `hotline/malformed`. */
export function readPlan(bytes: Uint8Array): EmergencyPlan {
  const reader = new Reader(bytes, 'the plan of an emergency pad');
  const blockBytes = reader.u16();
  const keyIds = Array.from({ length: reader.u16() }, () => uuidText(reader.raw(UUID_BYTES)));
  reader.end();
  const plan = { blockBytes, keyIds };
  if (textsOf(plan) === null) throw reader.refuse('its keys make no whole texts, or one is named twice');
  return plan;
}

/** The part of a record before its ciphertext. */
export function recordHeader(
  route: Route,
  number: number,
  onRecord: boolean,
  keyIds: readonly string[],
  blockBytes: number,
): Uint8Array {
  const writer = new Writer()
    .u32(MAGIC)
    .u8(VERSION)
    .u8(EMERGENCY)
    .u8(directionOf(route.sender, route.receiver))
    .raw(uuidBytes(route.conversationId))
    .u16(number)
    .u8(onRecord ? ON_RECORD : 0)
    .u8(keyIds.length);
  for (const keyId of keyIds) writer.raw(uuidBytes(keyId));
  return writer.u16(blockBytes).finish();
}

/** Takes a record apart without believing any of it. Throws HotlineError `hotline/malformed`. */
export function readEmergencyRecord(bytes: Uint8Array): EmergencyRecord {
  const reader = new Reader(bytes, 'the emergency text');
  if (reader.u32() !== MAGIC || reader.u8() !== VERSION || reader.u8() !== EMERGENCY) {
    throw reader.refuse('it does not begin as one');
  }
  const direction = reader.u8();
  const conversationId = uuidText(reader.raw(UUID_BYTES));
  const number = reader.u16();
  const flags = reader.u8();
  if (flags > ON_RECORD) throw reader.refuse(`its flags ${flags} have no meaning in this version`);
  const keyIds = Array.from({ length: reader.u8() }, () => uuidText(reader.raw(UUID_BYTES)));
  const blockBytes = reader.u16();
  const header = bytes.slice(0, reader.at);
  const ciphertext = reader.raw(blockBytes);
  const tag = reader.raw(PAD_TAG_BYTES);
  reader.end();
  return { direction, conversationId, number, onRecord: flags === ON_RECORD, keyIds, header, ciphertext, tag };
}
