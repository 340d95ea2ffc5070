import type { BlockLabels, KeyBatch } from '@skykey/vault';
import { KmeError } from '../error.ts';
import { CARRIED_LANE, keyLane } from '../lanes.ts';
import { malformed, Reader, Writer } from './wire.ts';

/** Part of a lane that the sender leads, named by its way. */
export interface WayRange {
  readonly way: string;
  readonly offset: number;
  readonly bytes: number;
}

/** Key by the way of which the sender is the node in the middle: it has erased what it joined. */
export interface JoinMessage {
  readonly kind: 'join';
  readonly joinId: string;
  /** End, this middle node, end. */
  readonly route: readonly [string, string, string];
  /** The receiver's part: key that it shares with the sender. */
  readonly range: WayRange;
  /** Of the joined key; its routes go from end to end. */
  readonly labels: BlockLabels;
  /** The exclusive or of both parts for the last node of the route, nothing for the first. */
  readonly mask: Uint8Array;
}

/** What one node tells another. Each has an answer: accepted, refused, or later. */
export type PeerMessage =
  /** Keys that the sender has reserved: the receiver claims the same bytes and keeps them for its SAEs. */
  | { readonly kind: 'assign'; readonly batches: readonly KeyBatch[] }
  /** Keys that shall never be delivered. */
  | { readonly kind: 'void'; readonly batches: readonly KeyBatch[] }
  /** Keys of the receiver's applications that were burned where their slaves are: they shall not be delivered either. */
  | { readonly kind: 'burn'; readonly keyIds: readonly string[] }
  | AlarmMessage
  | JoinMessage
  /** Key of several ways, the exclusive or of which becomes key of their combination at position `at` of its lane. */
  | {
      readonly kind: 'combine';
      readonly combineId: string;
      readonly parts: readonly WayRange[];
      readonly at: number;
    }
  /** Keys that were not cut from a lane, each under a pad that is. */
  | {
      readonly kind: 'carry';
      readonly masterSae: string;
      readonly slaveSaes: readonly string[];
      /** Bytes of each key. */
      readonly bytes: number;
      readonly keyIds: readonly string[];
      /** `keyIds.length` times `bytes` bytes. */
      readonly pad: WayRange;
      readonly ciphertext: Uint8Array;
      readonly labels: BlockLabels;
    }
  /** A block that waits to be confirmed and never will be. */
  | { readonly kind: 'discard'; readonly blockId: string }
  /** Anything else that wants to be said once and authentically. */
  | { readonly kind: 'word'; readonly topic: string; readonly body: Uint8Array };

/** What is about keys of applications. */
export type KeyMessage = PeerMessage & { readonly kind: 'assign' | 'void' | 'burn' | 'carry' };

/** What an alarm was found to be. Jamming is never told as tapping. */
export const ALARM_CLASSES = ['tap', 'jam', 'fault', 'time', 'source-gate'] as const;
export type AlarmClass = (typeof ALARM_CLASSES)[number];

/** A quantum link was dropped, or taken back into service. */
export interface AlarmMessage {
  readonly kind: 'alarm';
  readonly link: string;
  /** Node that found it: it alone takes the link back into service. */
  readonly foundBy: string;
  /** Counts up with every change of the link's state at the node that found it: what is older is passed over. */
  readonly version: number;
  readonly state: 'dropped' | 'open';
  /** Of a dropped link; without it nobody has told, and whoever hears of it expects the worst. */
  readonly class?: AlarmClass;
  readonly reason: string;
  /** When the link was last found disturbed: key that it made until then is not used, whenever it comes. */
  readonly atMs: number;
}

/** `later`: what the message needs is not there yet; the same message may be accepted another time. */
export type PeerAnswer =
  | { readonly status: 'accepted'; readonly body?: Uint8Array }
  | { readonly status: 'refused' | 'later'; readonly reason: string };

/** Most keys in one message. */
export const MAX_BATCH = 1024;
/** Most bytes that one message joins. */
export const MAX_JOIN_BYTES = 256 * 1024;
export const MAX_WORD_BYTES = 32 * 1024;
const MAX_BATCHES = 64;
const MAX_SAES = 64;
const MAX_LINKS = 64;
const MAX_ROUTES = 16;
const MAX_HOPS = 32;
const MAX_REASON_BYTES = 2_000;
/** Most bytes of keys that one message carries. */
export const MAX_CARRIED_BYTES = 128 * 1024;
const KINDS = ['assign', 'void', 'alarm', 'join', 'combine', 'carry', 'word', 'burn', 'discard'] as const;
const STATUS = ['refused', 'accepted', 'later'] as const;

/** Canonical bytes of a message. Lanes are told by their way: sender and receiver follow from the frame. */
export function encodeMessage(message: PeerMessage, from: string, to: string): Uint8Array {
  const out = new Writer().u8(KINDS.indexOf(message.kind));
  switch (message.kind) {
    case 'assign':
    case 'void':
      checkCount('batches of keys', message.batches.length, MAX_BATCHES);
      out.u32(message.batches.length);
      for (const batch of message.batches) writeBatch(out, batch, from, to);
      break;
    case 'alarm':
      out.text(message.link).text(message.foundBy).u53(message.version);
      out.u8(stateByte(message)).f64(message.atMs).text(message.reason, MAX_REASON_BYTES);
      break;
    case 'join':
      out.text(message.joinId, 64).texts(message.route, 3);
      writeRange(out, message.range);
      writeLabels(out, message.labels);
      out.bytes(message.mask, MAX_JOIN_BYTES);
      break;
    case 'combine':
      checkCount('ways', message.parts.length, MAX_ROUTES, 2);
      out.text(message.combineId, 64).u53(message.at).u32(message.parts.length);
      for (const part of message.parts) writeRange(out, part);
      break;
    case 'carry':
      checkCount('keys', message.keyIds.length, MAX_BATCH);
      out.text(message.masterSae).texts(message.slaveSaes, MAX_SAES).u32(message.bytes).u32(message.keyIds.length);
      for (const keyId of message.keyIds) out.raw(uuidBytes(keyId));
      writeRange(out, message.pad);
      out.bytes(message.ciphertext, MAX_CARRIED_BYTES);
      writeLabels(out, message.labels);
      break;
    case 'word':
      out.text(message.topic, 64).bytes(message.body, MAX_WORD_BYTES);
      break;
    case 'burn':
      checkCount('keys', message.keyIds.length, MAX_BATCH);
      out.u32(message.keyIds.length);
      for (const keyId of message.keyIds) out.raw(uuidBytes(keyId));
      break;
    case 'discard':
      out.text(message.blockId);
  }
  return out.finish();
}

/** Throws KmeError `kme/malformed`. `from` and `to` are the nodes that send and receive. */
export function decodeMessage(bytes: Uint8Array, from: string, to: string): PeerMessage {
  const input = new Reader(bytes);
  const kind = KINDS[input.u8()];
  if (!kind) throw malformed('its kind is unknown');
  const message = readers[kind](input, from, to);
  input.end();
  return message;
}

/** 0 open, 1 dropped, 2 and up dropped for one of the classes. */
const DROPPED = 1;

function stateByte({ state, class: found }: AlarmMessage): number {
  if (state === 'open') return 0;
  return found === undefined ? DROPPED : DROPPED + 1 + ALARM_CLASSES.indexOf(found);
}

const readers: Record<PeerMessage['kind'], (input: Reader, from: string, to: string) => PeerMessage> = {
  assign: (input, from, to) => ({ kind: 'assign', batches: readBatches(input, from, to) }),
  void: (input, from, to) => ({ kind: 'void', batches: readBatches(input, from, to) }),
  alarm(input) {
    const [link, foundBy, version] = [input.text(), input.text(), input.u53()];
    const state = input.u8();
    if (state > DROPPED + ALARM_CLASSES.length) throw malformed('a link is dropped or open');
    const found = ALARM_CLASSES[state - DROPPED - 1];
    const atMs = input.f64();
    const reason = input.text(MAX_REASON_BYTES);
    const alarm = { kind: 'alarm', link, foundBy, version, reason, atMs } as const;
    return { ...alarm, state: state === 0 ? 'open' : 'dropped', ...(found && { class: found }) };
  },
  join(input) {
    const joinId = input.text(64);
    const [left, middle, right, ...more] = input.texts(3);
    if (left === undefined || middle === undefined || right === undefined || more.length > 0)
      throw malformed('three nodes make a join');
    const range = readRange(input, MAX_JOIN_BYTES);
    const labels = readLabels(input);
    const mask = input.bytes(MAX_JOIN_BYTES);
    return { kind: 'join', joinId, route: [left, middle, right], range, labels, mask };
  },
  combine(input) {
    const combineId = input.text(64);
    const at = input.u53();
    const count = input.u32();
    if (count < 2 || count > MAX_ROUTES) throw malformed(`${count} ways are no combination`);
    const parts = Array.from({ length: count }, () => readRange(input, MAX_JOIN_BYTES));
    return { kind: 'combine', combineId, at, parts };
  },
  carry(input) {
    const masterSae = input.text();
    const slaveSaes = input.texts(MAX_SAES);
    const keyBytes = input.u32();
    const count = readCount(input, keyBytes);
    const keyIds = Array.from({ length: count }, () => uuidText(input.raw(16)));
    const pad = readRange(input, MAX_CARRIED_BYTES);
    const ciphertext = input.bytes(MAX_CARRIED_BYTES);
    if (slaveSaes.length === 0) throw malformed('nobody is to get the keys');
    if (pad.bytes !== count * keyBytes || ciphertext.length !== pad.bytes)
      throw malformed('keys and pad differ in length');
    return { kind: 'carry', masterSae, slaveSaes, bytes: keyBytes, keyIds, pad, ciphertext, labels: readLabels(input) };
  },
  word: (input) => ({ kind: 'word', topic: input.text(64), body: input.bytes(MAX_WORD_BYTES) }),
  burn(input) {
    const count = input.u32();
    if (count < 1 || count > MAX_BATCH) throw malformed(`${count} keys to be burned`);
    return { kind: 'burn', keyIds: Array.from({ length: count }, () => uuidText(input.raw(16))) };
  },
  discard: (input) => ({ kind: 'discard', blockId: input.text() }),
};

function readCount(input: Reader, keyBytes: number): number {
  const count = input.u32();
  if (keyBytes < 1 || keyBytes > MAX_CARRIED_BYTES || count < 1 || count > MAX_BATCH)
    throw malformed(`${count} keys of ${keyBytes} bytes`);
  return count;
}

function writeBatch(
  out: Writer,
  { lane, bytes, masterSae, slaveSaes, keys }: KeyBatch,
  from: string,
  to: string,
): void {
  const prefix = keyLane(from, to, '');
  // What was carried lies in no lane of the two; it is told by no way at all.
  out.text(lane === CARRIED_LANE ? '' : lane.slice(prefix.length));
  checkCount('keys', keys.length, MAX_BATCH);
  out.text(masterSae).texts(slaveSaes, MAX_SAES).u32(bytes).u32(keys.length);
  for (const { keyId, offset } of keys) out.raw(uuidBytes(keyId)).u53(offset);
}

function readBatches(input: Reader, from: string, to: string): KeyBatch[] {
  const count = input.u32();
  if (count < 1 || count > MAX_BATCHES) throw malformed(`${count} batches of keys`);
  return Array.from({ length: count }, () => readBatch(input, from, to));
}

function readBatch(input: Reader, from: string, to: string): KeyBatch {
  const way = input.text();
  const masterSae = input.text();
  const slaveSaes = input.texts(MAX_SAES);
  const bytes = input.u32();
  const count = readCount(input, bytes);
  const keys = Array.from({ length: count }, () => ({ keyId: uuidText(input.raw(16)), offset: input.u53() }));
  if (slaveSaes.length === 0) throw malformed('nobody is to get the keys');
  return { lane: way === '' ? CARRIED_LANE : keyLane(from, to, way), bytes, masterSae, slaveSaes, keys };
}

function writeRange(out: Writer, { way, offset, bytes }: WayRange): void {
  out.text(way).u53(offset).u53(bytes);
}

function readRange(input: Reader, limit: number): WayRange {
  const range = { way: input.text(), offset: input.u53(), bytes: input.u53() };
  if (range.way === '' || range.bytes < 1 || range.bytes > limit)
    throw malformed(`${range.bytes} bytes of the way ${JSON.stringify(range.way)}`);
  return range;
}

export function writeLabels(out: Writer, labels: BlockLabels): void {
  out.texts(labels.originLinks, MAX_LINKS);
  labels.originLinks.forEach((_, i) => {
    out.f64(labels.originTimesMs?.[i] ?? labels.createdAtMs);
  });
  checkCount('routes', labels.routes.length, MAX_ROUTES);
  out.u32(labels.routes.length);
  for (const route of labels.routes) out.texts(route, MAX_HOPS);
  out.texts(labels.jurisdictions, MAX_HOPS).f64(labels.epsSec).f64(labels.epsCor).text(labels.proof, 1_000);
  out.u8(labels.simulated ? 1 : 0).f64(labels.createdAtMs);
  out.u8(labels.expiresAtMs === null ? 0 : 1).f64(labels.expiresAtMs ?? 0);
}

export function readLabels(input: Reader): BlockLabels {
  const originLinks = input.texts(MAX_LINKS);
  const originTimesMs = originLinks.map(() => input.f64());
  const routeCount = input.u32();
  if (routeCount < 1 || routeCount > MAX_ROUTES) throw malformed(`${routeCount} routes`);
  const routes = Array.from({ length: routeCount }, () => input.texts(MAX_HOPS));
  if (routes.some((route) => route.length < 2)) throw malformed('a route has two ends');
  const jurisdictions = input.texts(MAX_HOPS);
  const [epsSec, epsCor, proof] = [input.f64(), input.f64(), input.text(1_000)];
  const simulated = input.u8();
  const createdAtMs = input.f64();
  const expires = input.u8();
  const expiresAtMs = input.f64();
  if (simulated > 1 || expires > 1) throw malformed('a flag is neither set nor unset');
  if (expires === 0 && !Object.is(expiresAtMs, 0)) throw malformed('there is an end of what has none');
  return {
    ...{ originLinks, originTimesMs, routes, jurisdictions, epsSec, epsCor, proof, createdAtMs },
    simulated: simulated === 1,
    expiresAtMs: expires === 1 ? expiresAtMs : null,
  };
}

export function encodeAnswer(answer: PeerAnswer): Uint8Array {
  const out = new Writer().u8(STATUS.indexOf(answer.status));
  return answer.status === 'accepted'
    ? out.bytes(answer.body ?? new Uint8Array(0), MAX_WORD_BYTES).finish()
    : out.text(answer.reason, MAX_REASON_BYTES).finish();
}

export function decodeAnswer(bytes: Uint8Array): PeerAnswer {
  const input = new Reader(bytes);
  const status = STATUS[input.u8()];
  if (!status) throw malformed('an answer is accepted, refused or later');
  const answer: PeerAnswer =
    status === 'accepted'
      ? { status, body: input.bytes(MAX_WORD_BYTES) }
      : { status, reason: input.text(MAX_REASON_BYTES) };
  input.end();
  return answer;
}

function checkCount(what: string, count: number, most: number, least = 1): void {
  if (count < least || count > most) {
    throw new KmeError('kme/argument', `${count} ${what} in a message where from ${least} to ${most} are allowed`);
  }
}

/** A sentence cut to what fits into a message. */
export function shorten(reason: string): string {
  return reason.toWellFormed().slice(0, 400);
}

export const toHex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');

export const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

function uuidBytes(uuid: string): Uint8Array {
  return fromHex(uuid.replaceAll('-', ''));
}

function uuidText(bytes: Uint8Array): string {
  const hex = toHex(bytes);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
