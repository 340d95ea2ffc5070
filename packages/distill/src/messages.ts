import type { Bits } from '@skykey/bits';
import type { Intensities } from '@skykey/kernels';
import { DistillError } from './error.ts';
import type { ParameterValue } from './parameters.ts';
import { FATES, MAX_DETECTIONS, VERSION } from './protocol.ts';
import { type AcquisitionClaim, MOST_CLAIMED, MOST_HALF_SLOTS } from './sync/disclosure.ts';
import { Reader, Writer } from './wire.ts';

/**
 * The wire format, one table: what each message consists of, in order. PROTOCOL.md says the same byte by byte. Bob's
 * messages have odd type bytes, Alice's even ones, so that a message sent back to its sender is never one it expects.
 */

/** How one field is written and read. `read` throws DistillError `distill/protocol` on anything but what `write` writes. */
interface Field<T> {
  write(out: Writer, value: T): void;
  read(from: Reader): T;
}

const count: Field<number> = {
  write: (out, value) => out.varint(value),
  read: (from) => from.varint(),
};

const flag: Field<Bits> = {
  write: (out, value) => out.bits(value),
  read: (from) => from.bits(2 * MAX_DETECTIONS),
};

const bytes = (length: number): Field<Uint8Array> => ({
  write: (out, value) => {
    if (value.length !== length) throw new RangeError(`a field of ${length} bytes cannot hold ${value.length}`);
    out.bytes(value);
  },
  read: (from) => from.bytes(length),
});

/** Numbers of `width` bits up to `largest`, the first in the low bits of the first byte; at most `most` of them. */
const packed = (width: 2 | 4, largest: number, most = MAX_DETECTIONS): Field<Uint8Array> => ({
  write: (out, values) => out.column(values, width),
  read: (from) => from.column(width, largest, most),
});

const detectors = packed(2, 3);
/** `intensity * 4 + basis * 2 + bit`. */
const emissions = packed(4, 11);

const intensities: Field<Intensities> = {
  write: (out, value) => out.intensities(value),
  read: (from) => from.intensities(MAX_DETECTIONS),
};

/** Slots that one `detect` message tells, before `until`. */
export interface Watched {
  readonly from: number;
  readonly until: number;
  readonly slot: Float64Array;
  /** `slot` as it is written, where somebody has done it already. */
  readonly told?: Uint8Array | undefined;
}

/** Slots in rising order, each as the number of slots skipped since the one before (or since `from`). */
const slots: Field<Watched> = {
  write(out, { from, until, slot, told }) {
    out.varint(from);
    out.varint(until - from);
    out.uint32(slot.length);
    if (told) out.bytes(told);
    else out.slots(slot, from);
  },
  read(source) {
    const from = source.varint();
    const until = from + source.varint();
    if (!Number.isSafeInteger(until)) throw source.error('the last slot is beyond 2^53');
    const length = source.uint32(DETECT_LIMIT);
    // Every slot takes a byte at least: the announced number may not make this side reserve more than was sent.
    if (length > source.left) throw source.error(`${length} slots are announced and ${source.left} bytes follow`);
    return { from, until, slot: source.slots(from, until, length) };
  },
};

/** Slots of one tag after the other, each tag as the number of slots between it and the one before (or slot 0). */
const claim: Field<AcquisitionClaim> = {
  write(out, { centreSlot, halfSlots }) {
    out.varint(halfSlots);
    out.uint32(centreSlot.length);
    let next = halfSlots;
    for (const centre of centreSlot) {
      out.varint(centre - next);
      next = centre + 2 * halfSlots + 1;
    }
  },
  read(from) {
    const halfSlots = from.varint(MOST_HALF_SLOTS);
    const length = from.uint32(MOST_CLAIMED);
    if (length > from.left) throw from.error(`${length} tags are announced and ${from.left} bytes follow`);
    const centreSlot = new Float64Array(length);
    let next = halfSlots;
    for (let i = 0; i < length; i++) {
      centreSlot[i] = next + from.varint();
      next = centreSlot[i]! + 2 * halfSlots + 1;
    }
    if (!Number.isSafeInteger(next)) throw from.error('the last slot is beyond 2^53');
    return { centreSlot, halfSlots };
  },
};

/** Most detections that one `detect` message carries. */
export const DETECT_LIMIT = 65_536;
/** Most blocks of interrupted sessions that are settled in one session; the rest follow in the next. */
export const HELD_LIMIT = 64;
/** Most bytes of an id on the wire. */
const ID_LIMIT = 255;

/** One of FATES for each held block. */
const fates = packed(2, FATES.unknown, HELD_LIMIT);

const ids: Field<readonly string[]> = {
  write(out, values) {
    out.varint(values.length);
    for (const id of values) out.text(id, ID_LIMIT);
  },
  read(from) {
    const length = from.varint(HELD_LIMIT);
    return Array.from({ length }, () => from.text(ID_LIMIT));
  },
};

const version: Field<number> = {
  write: (out, value) => out.uint16(value),
  read(from) {
    const value = from.uint16();
    if (value !== VERSION) {
      throw new DistillError(
        'distill/version',
        `the peer speaks version ${value} of the protocol, this side ${VERSION}`,
      );
    }
    return value;
  },
};

/** Values alone; their names are their places (parameters.ts). */
const parameters: Field<readonly ParameterValue[]> = {
  write(out, values) {
    out.varint(values.length);
    for (const value of values) {
      if (typeof value === 'string') {
        out.byte(1);
        out.text(value, ID_LIMIT);
      } else {
        out.byte(0);
        out.float64(value);
      }
    }
  },
  read(from) {
    const length = from.varint(64);
    return Array.from({ length }, () => {
      const kind = from.byte();
      if (kind > 1) throw from.error(`${kind} is no kind of parameter`);
      return kind ? from.text(ID_LIMIT) : from.float64();
    });
  },
};

const bytes16 = bytes(16);
const bytes32 = bytes(32);

const uint32s: Field<Uint32Array> = {
  write(out, values) {
    out.uint32(values.length);
    for (const value of values) out.uint32(value);
  },
  read(from) {
    const length = from.uint32(MAX_DETECTIONS);
    if (length * 4 > from.left) throw from.error(`${length} tags are announced and ${from.left} bytes follow`);
    return Uint32Array.from({ length }, () => from.uint32());
  },
};

const byte: Field<number> = { write: (out, value) => out.byte(value), read: (from) => from.byte() };

const found: Field<boolean> = {
  write: (out, value) => out.byte(Number(value)),
  read(from) {
    const value = from.byte();
    if (value > 1) throw from.error(`${value} is neither yes nor no`);
    return value === 1;
  },
};

const real: Field<number> = { write: (out, value) => out.float64(value), read: (from) => from.float64() };

/** Syndromes of a key: fewer bits than it has, and what stands before them. */
const block: Field<Uint8Array> = {
  write(out, value) {
    out.uint32(value.length);
    out.bytes(value);
  },
  read: (from) => from.bytes(from.uint32(MAX_DETECTIONS / 8)),
};

const layouts = {
  'hello-bob': { byte: 0x01, fields: { version, parameters, held: ids } },
  'hello-alice': { byte: 0x02, fields: { version, parameters, fates } },
  detect: { byte: 0x03, fields: { detections: slots } },
  monitor: { byte: 0x04, fields: { positions: flag } },
  clicks: { byte: 0x05, fields: { detector: detectors } },
  emissions: { byte: 0x06, fields: { emission: emissions } },
  end: { byte: 0x07, fields: { pulses: count, detections: count } },
  bases: { byte: 0x09, fields: { basis: flag } },
  settings: { byte: 0x0a, fields: { basis: flag, intensity: intensities } },
  'test-bob': { byte: 0x0b, fields: { bits: flag } },
  'test-alice': { byte: 0x0c, fields: { bits: flag } },
  shuffle: { byte: 0x0e, fields: { seed: bytes16 } },
  parities: { byte: 0x10, fields: { bits: flag } },
  differences: { byte: 0x11, fields: { bits: flag } },
  'frame-tags': { byte: 0x12, fields: { seed: bytes32, tags: uint32s } },
  'frame-check': { byte: 0x13, fields: { failed: flag } },
  frames: { byte: 0x14, fields: { bits: flag } },
  reconciled: { byte: 0x15, fields: { corrected: count } },
  verify: { byte: 0x16, fields: { seed: bytes16, tag: bytes16 } },
  verified: { byte: 0x17, fields: {} },
  amplify: { byte: 0x18, fields: { seed: flag } },
  tag: { byte: 0x1a, fields: { pad: count, tag: bytes16 } },
  accept: { byte: 0x1b, fields: { tag: bytes16 } },
  release: { byte: 0x1c, fields: { tag: bytes16 } },
  claim: { byte: 0x1d, fields: { claim } },
  claimed: { byte: 0x1e, fields: { settings: emissions } },
  acquired: { byte: 0x1f, fields: { found, significance: real } },
  syndromes: { byte: 0x20, fields: { message: block } },
  decoded: { byte: 0x21, fields: { failed: flag } },
  abort: { byte: 0x7f, fields: { code: byte } },
} as const satisfies Record<string, { byte: number; fields: Record<string, Field<unknown>> }>;

export type MessageType = keyof typeof layouts;

type FieldsOf<K extends MessageType> = {
  readonly [F in keyof (typeof layouts)[K]['fields']]: (typeof layouts)[K]['fields'][F] extends Field<infer T>
    ? T
    : never;
};

/** A message of one of these types: `type` and its fields. */
export type MessageOf<K extends MessageType> = { [T in K]: { readonly type: T } & FieldsOf<T> }[K];
export type Message = MessageOf<MessageType>;

const TYPES = Object.keys(layouts) as MessageType[];
const BY_BYTE = new Map(TYPES.map((type) => [layouts[type].byte as number, type]));

function fieldsOf(type: MessageType): [string, Field<unknown>][] {
  return Object.entries(layouts[type].fields) as [string, Field<unknown>][];
}

/** The bytes of a message: type byte, then its fields. */
export function encode(message: Message): Uint8Array {
  const out = new Writer();
  out.byte(layouts[message.type].byte);
  const values = message as unknown as Record<string, unknown>;
  for (const [name, field] of fieldsOf(message.type)) field.write(out, values[name]);
  return out.finish();
}

/** The type a message claims to be, or undefined when its first byte is none. */
export function typeOf(message: Uint8Array): MessageType | undefined {
  return BY_BYTE.get(message[0] ?? 0);
}

/**
 * Reads one message. Accepts exactly what `encode` writes, and reserves no more memory than a small multiple of what was
 * sent. `room` is asked for an array of so many slots where there are any, a new one by default. Throws DistillError `distill/protocol`, or `distill/version` for a hello of another version.
 */
export function decode(message: Uint8Array, room?: (length: number) => Float64Array): Message {
  const type = typeOf(message);
  if (!type) {
    throw new DistillError(
      'distill/protocol',
      message.length ? `no message begins with byte ${message[0]}` : 'an empty message was received',
    );
  }
  const from = new Reader(message, type, room);
  from.byte();
  const values: Record<string, unknown> = { type };
  for (const [name, field] of fieldsOf(type)) values[name] = field.read(from);
  from.end();
  return values as unknown as Message;
}
