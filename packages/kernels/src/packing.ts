import type { Bits } from '@skykey/bits';
import { type Column, checkLengths } from './column.ts';
import { KernelError } from './error.ts';
import base64 from './wasm/packing.ts';
import { type KernelExports, Workspace } from './workspace.ts';

/**
 * Columns of small numbers, a byte each: packed for the line and unpacked, divided by a choice, joined. And slots as the line
 * tells them. Nothing of a column stays in the kernel's memory, and no branch and no address depends on its values.
 */

interface Exports extends KernelExports {
  pack1(values: number, bit: number, n: number, out: number): void;
  pack2(values: number, bit: number, n: number, out: number): void;
  pack4(values: number, n: number, out: number): void;
  unpack2(packed: number, n: number, out: number): number;
  unpack4(packed: number, n: number, out: number): number;
  divide(values: number, marks: number, n: number, marked: number, rest: number): number;
  join(intensity: number, basis: number, bit: number, n: number, out: number): number;
  most(values: number, n: number): number;
  encodeSlots(slots: number, n: number, from: number, out: number): number;
  decodeSlots(from: number, until: number, bytes: number, length: number, n: number, slots: number): number;
}

/** Entries at a time: a multiple of 16. */
const CHUNK = 16_384;
/** Slots at a time. */
const SLOTS = 32_768;
/** The kernel loads and stores whole vectors. */
const ROOM = 16;
/** Most bytes of a slot as told, and bytes of one as a number. */
const SLOT_BYTES = 8;
/** The kernel looks for the ends of numbers in 64 bytes at once, and reads whole vectors from there on. */
const TOLD_ROOM = 128;

/** Where things stand in the one memory of this thread: four columns, slots as numbers, slots as told. */
class Desk {
  readonly workspace = new Workspace<Exports>(base64);
  readonly a = this.workspace.take(CHUNK + ROOM);
  readonly b = this.workspace.take(CHUNK + ROOM);
  readonly c = this.workspace.take(CHUNK + ROOM);
  readonly d = this.workspace.take(CHUNK + ROOM);
  readonly slots = this.workspace.take(ROOM + SLOT_BYTES * SLOTS) + ROOM;
  readonly told = this.workspace.take(SLOT_BYTES * SLOTS + TOLD_ROOM);
  readonly memory = this.workspace.bytes(0, this.told + SLOT_BYTES * SLOTS + TOLD_ROOM);
  readonly slot = new Float64Array(this.memory.buffer, this.slots, SLOTS);
  readonly kernel = this.workspace.kernel;

  put(at: number, column: Column, from: number, to: number): void {
    this.memory.set(column.subarray(from, to), at);
  }

  look(at: number, length: number): Uint8Array {
    return this.memory.subarray(at, at + length);
  }

  /** Overwrites what was used of these columns: slots are public, columns may be key. */
  wipe(length: number, ...columns: readonly number[]): void {
    const used = Math.min(length, CHUNK) + ROOM;
    for (const at of columns) this.memory.fill(0, at, at + used);
  }
}

let desk: Desk | undefined;

/** Bits of an entry, packed. */
export type Width = 1 | 2 | 4;

/** Bytes of a packed column. */
export function packedBytes(length: number, width: Width): number {
  return Math.ceil((length * width) / 8);
}

/**
 * `width` bits of each value, from its bit `bit` on: the first value in the low bits of the first byte, zeros behind the last.
 * Four bits begin at bit 0. Into `out`, which has just the room (KernelError `kernels/argument`), or into new bytes.
 */
export function packColumn(
  values: Column,
  bit: number,
  width: Width,
  out: Uint8Array = new Uint8Array(packedBytes(values.length, width)),
): Uint8Array {
  checkLengths(packedBytes(values.length, width), { out });
  desk ??= new Desk();
  const { kernel, a, b } = desk;
  for (let from = 0; from < values.length; from += CHUNK) {
    const n = Math.min(CHUNK, values.length - from);
    desk.put(a, values, from, from + n);
    if (width === 1) kernel.pack1(a, bit, n, b);
    else if (width === 2) kernel.pack2(a, bit, n, b);
    else kernel.pack4(a, n, b);
    out.set(desk.look(b, packedBytes(n, width)), (from * width) / 8);
  }
  desk.wipe(values.length, a, b);
  return out;
}

/**
 * The inverse of `packColumn`: `length` values, and the largest of them (0 for none). Throws KernelError `kernels/argument`
 * unless `packed` has just the bytes for them.
 */
export function unpackColumn(
  packed: Uint8Array,
  length: number,
  width: 2 | 4,
): { readonly values: Uint8Array; readonly largest: number } {
  checkLengths(packedBytes(length, width), { packed });
  desk ??= new Desk();
  const { kernel, a, b } = desk;
  const values = new Uint8Array(length);
  let largest = 0;
  for (let from = 0; from < length; from += CHUNK) {
    const n = Math.min(CHUNK, length - from);
    desk.put(a, packed, (from * width) / 8, Math.ceil(((from + n) * width) / 8));
    largest = Math.max(largest, width === 2 ? kernel.unpack2(a, n, b) : kernel.unpack4(a, n, b));
    values.set(desk.look(b, n), from);
  }
  desk.wipe(length, a, b);
  return { values, largest };
}

/**
 * The values that `marks` names, in order; the others go to `others` from `at` on, in order too. Throws KernelError
 * `kernels/argument` when there are not as many marks as values, or no room for as many values.
 */
export function divide(values: Uint8Array, marks: Bits, others: Uint8Array, at = 0): Uint8Array {
  checkLengths(values.length, { marks });
  if (others.length - at < values.length) {
    throw new KernelError('kernels/argument', `others has room for ${others.length - at} of ${values.length} values`);
  }
  desk ??= new Desk();
  const { kernel, a, b, c, d } = desk;
  const marked: Uint8Array[] = [];
  let end = at;
  for (let from = 0; from < values.length; from += CHUNK) {
    const n = Math.min(CHUNK, values.length - from);
    desk.put(a, values, from, from + n);
    desk.put(b, marks.bytes, from >> 3, (from + n + 7) >> 3);
    const ones = kernel.divide(a, b, n, c, d);
    marked.push(desk.look(c, ones).slice());
    others.set(desk.look(d, n - ones), end);
    end += n - ones;
  }
  desk.wipe(values.length, a, c, d);
  return joined(marked);
}

/** One after the other; those that were put together are overwritten. */
function joined(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length < 2) return pieces[0] ?? new Uint8Array(0);
  const out = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let end = 0;
  for (const piece of pieces) {
    out.set(piece, end);
    end += piece.length;
    piece.fill(0);
  }
  return out;
}

/**
 * `intensity * 4 + basis * 2 + bit` of each row; undefined when one is above 2, 1 or 1. Throws KernelError
 * `kernels/argument` for columns of unequal lengths.
 */
export function joinColumns(intensity: Uint8Array, basis: Uint8Array, bit: Uint8Array): Uint8Array | undefined {
  checkLengths(intensity.length, { basis, bit });
  desk ??= new Desk();
  const { kernel, a, b, c, d } = desk;
  const out = new Uint8Array(intensity.length);
  let wrong = 0;
  for (let from = 0; from < out.length; from += CHUNK) {
    const n = Math.min(CHUNK, out.length - from);
    desk.put(a, intensity, from, from + n);
    desk.put(b, basis, from, from + n);
    desk.put(c, bit, from, from + n);
    wrong |= kernel.join(a, b, c, n, d);
    out.set(desk.look(d, n), from);
  }
  desk.wipe(out.length, a, b, c, d);
  if (!wrong) return out;
  out.fill(0);
  return undefined;
}

/** The largest value, 0 for none. */
export function largestOfColumn(values: Uint8Array): number {
  desk ??= new Desk();
  const { kernel, a } = desk;
  let largest = 0;
  for (let from = 0; from < values.length; from += CHUNK) {
    const n = Math.min(CHUNK, values.length - from);
    desk.put(a, values, from, from + n);
    largest = Math.max(largest, kernel.most(a, n));
  }
  desk.wipe(values.length, a);
  return largest;
}

/**
 * Slots in rising order, each as the number of slots skipped since the one before (or since `from`): seven bits a byte, low
 * ones first, the top bit says that more follow. Undefined unless the slots are whole numbers that rise from `from` on and stay
 * below 2^53.
 */
export function encodeSlots(slot: Float64Array, from: number): Uint8Array | undefined {
  desk ??= new Desk();
  const { kernel, slots, told } = desk;
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < slot.length; at += SLOTS) {
    const n = Math.min(SLOTS, slot.length - at);
    desk.slot.set(slot.subarray(at, at + n));
    const written = kernel.encodeSlots(slots, n, at ? slot[at - 1]! + 1 : from, told);
    if (written < 0) return undefined;
    pieces.push(desk.look(told, written).slice());
  }
  return joined(pieces);
}

/**
 * The first `length` slots that `encodeSlots` wrote at the beginning of `bytes`, in `slot`, and the bytes they take. Undefined
 * when they are not there as it writes them, or one is not below `until`; what `slot` holds then means nothing.
 */
export function decodeSlots(
  bytes: Uint8Array,
  { from, until, length }: { readonly from: number; readonly until: number; readonly length: number },
  slot: Float64Array = new Float64Array(length),
): { readonly slot: Float64Array; readonly bytes: number } | undefined {
  checkLengths(length, { slot });
  desk ??= new Desk();
  const { kernel, slots, told } = desk;
  let next = from;
  let used = 0;
  for (let at = 0; at < length; at += SLOTS) {
    const n = Math.min(SLOTS, length - at);
    const rest = Math.min(bytes.length - used, SLOT_BYTES * n);
    desk.put(told, bytes, used, used + rest);
    const read = kernel.decodeSlots(next, until, told, rest, n, slots);
    if (read < 0) return undefined;
    slot.set(desk.slot.subarray(0, n), at);
    next = slot[at + n - 1]! + 1;
    used += read;
  }
  return { slot, bytes: used };
}
