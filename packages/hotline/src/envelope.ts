import type { Suite } from './desk.ts';
import { HotlineError } from './error.ts';
import { padNeedOfBlock } from './text.ts';

/**
 * The envelope of one message, byte by byte in PROTOCOL.md. Integers are big-endian. Everything before the ciphertext is
 * the header; both suites authenticate it with the ciphertext.
 */

const MAGIC = 0x534b5948;
const VERSION = 1;
/** The only lane of this version; files, voice and video take numbers of their own. */
const TEXT_LANE = 1;
const FIXED_BYTES = 32;
const KEY_ID_BYTES = 16;
export const TAG_BYTES = 16;

const SUITE_BYTE: Readonly<Record<Suite, number>> = { 'one-time-pad': 1, 'aes-256-gcm': 2 };

/** What the header says. */
export interface Header {
  readonly suite: Suite;
  /** UUID in lower case. */
  readonly conversationId: string;
  readonly sender: string;
  readonly receiver: string;
  /** 1 and up, rising by 1 for each number that the sender reserves. */
  readonly sequence: number;
  /** UUIDs in lower case, in the order in which the key bytes are used. */
  readonly keyIds: readonly string[];
  readonly blockBytes: number;
}

export interface Envelope {
  readonly header: Header;
  /** The bytes of the header as they came over the line. */
  readonly headerBytes: Uint8Array;
  readonly ciphertext: Uint8Array;
  readonly tag: Uint8Array;
}

/** Which way a message goes: 1 from the desk whose id sorts first to the other, 2 back. */
function directionByte(sender: string, receiver: string): number {
  return sender < receiver ? 1 : 2;
}

export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}

function uuidBytes(uuid: string): Uint8Array {
  const hex = uuid.replaceAll('-', '');
  return Uint8Array.from({ length: KEY_ID_BYTES }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}

function uuidText(bytes: Uint8Array): string {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

export function encodeHeader(header: Header): Uint8Array {
  const names = [header.sender, header.receiver].map((name) => new TextEncoder().encode(name));
  const namesBytes = names.reduce((sum, name) => sum + 1 + name.length, 0);
  const bytes = new Uint8Array(FIXED_BYTES + namesBytes + 1 + header.keyIds.length * KEY_ID_BYTES + 2);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC);
  view.setUint8(4, VERSION);
  view.setUint8(5, SUITE_BYTE[header.suite]);
  view.setUint8(6, directionByte(header.sender, header.receiver));
  view.setUint8(7, TEXT_LANE);
  bytes.set(uuidBytes(header.conversationId), 8);
  view.setBigUint64(24, BigInt(header.sequence));
  let at = FIXED_BYTES;
  for (const name of names) {
    view.setUint8(at, name.length);
    bytes.set(name, at + 1);
    at += 1 + name.length;
  }
  view.setUint8(at++, header.keyIds.length);
  for (const keyId of header.keyIds) {
    bytes.set(uuidBytes(keyId), at);
    at += KEY_ID_BYTES;
  }
  view.setUint16(at, header.blockBytes);
  return bytes;
}

/**
 * Takes an envelope apart without believing any of it: the tag is not checked here. Throws HotlineError
 * `hotline/malformed`, or `hotline/unknown-suite` for a suite number that this version does not have.
 */
export function parseEnvelope(bytes: Uint8Array): Envelope {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  const take = (count: number, what: string): number => {
    if (at + count > bytes.length) throw malformed(`it ends inside the ${what}`);
    at += count;
    return at - count;
  };
  const takeName = (what: string): string => {
    const length = view.getUint8(take(1, what));
    const from = take(length, what);
    const name = String.fromCharCode(...bytes.subarray(from, at));
    if (!/^[!-~]{1,64}$/.test(name)) throw malformed(`its ${what} is not a desk id`);
    return name;
  };

  take(FIXED_BYTES, 'fixed part');
  if (view.getUint32(0) !== MAGIC) throw malformed('it does not begin as one');
  if (view.getUint8(4) !== VERSION) throw malformed(`it has version ${view.getUint8(4)}, this desk speaks ${VERSION}`);
  const suite = (Object.keys(SUITE_BYTE) as Suite[]).find((name) => SUITE_BYTE[name] === view.getUint8(5));
  if (!suite) throw new HotlineError('hotline/unknown-suite', `there is no suite ${view.getUint8(5)} in this version`);
  if (view.getUint8(7) !== TEXT_LANE)
    throw malformed(`it is for lane ${view.getUint8(7)}, this desk has lane ${TEXT_LANE}`);
  const sequence = view.getBigUint64(24);
  if (sequence < 1n || sequence > BigInt(Number.MAX_SAFE_INTEGER))
    throw malformed('its sequence number is out of range');

  const sender = takeName('sender');
  const receiver = takeName('receiver');
  if (view.getUint8(6) !== directionByte(sender, receiver)) throw malformed('its direction contradicts its desks');
  const count = view.getUint8(take(1, 'key ids'));
  const keyIds = Array.from({ length: count }, () => {
    const from = take(KEY_ID_BYTES, 'key ids');
    return uuidText(bytes.subarray(from, at));
  });
  if (new Set(keyIds).size !== count) throw malformed('it names a key twice');
  const blockBytes = view.getUint16(take(2, 'length'));
  const need = padNeedOfBlock(blockBytes);
  if (!need) throw malformed(`no text has a block of ${blockBytes} bytes`);
  const expected = suite === 'one-time-pad' ? need.count : 1;
  if (count !== expected) throw malformed(`it names ${count} keys where its length and suite take ${expected}`);

  const headerBytes = bytes.subarray(0, at);
  const from = take(blockBytes, 'ciphertext');
  const ciphertext = bytes.subarray(from, at);
  const tag = bytes.subarray(take(TAG_BYTES, 'tag'), at);
  if (at !== bytes.length) throw malformed(`${bytes.length - at} bytes follow its end`);
  const conversationId = uuidText(bytes.subarray(8, 24));
  const header = { suite, conversationId, sender, receiver, sequence: Number(sequence), keyIds, blockBytes };
  return { header, headerBytes, ciphertext, tag };
}

function malformed(why: string): HotlineError {
  return new HotlineError('hotline/malformed', `these bytes are not an envelope of this desk's version: ${why}`);
}
