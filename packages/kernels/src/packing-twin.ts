import { type Bits, get } from '@skykey/bits';
import type { Width } from './packing.ts';

/** The twin of `packing.ts` in plain TypeScript, entry by entry, for what it accepts. */

export function packColumn(values: Uint8Array, bit: number, width: Width): Uint8Array {
  const out = new Uint8Array(Math.ceil((values.length * width) / 8));
  for (const [i, value] of values.entries())
    out[(i * width) >> 3]! |= ((value >> bit) & ((1 << width) - 1)) << ((i * width) & 7);
  return out;
}

export function unpackColumn(
  packed: Uint8Array,
  length: number,
  width: 2 | 4,
): { readonly values: Uint8Array; readonly largest: number } {
  const values = Uint8Array.from(
    { length },
    (_, i) => (packed[(i * width) >> 3]! >> ((i * width) & 7)) & ((1 << width) - 1),
  );
  return { values, largest: values.reduce((a, b) => Math.max(a, b), 0) };
}

export function divide(values: Uint8Array, marks: Bits, others: Uint8Array, at = 0): Uint8Array {
  others.set(
    values.filter((_, i) => !get(marks, i)),
    at,
  );
  return values.filter((_, i) => get(marks, i));
}

export function joinColumns(intensity: Uint8Array, basis: Uint8Array, bit: Uint8Array): Uint8Array | undefined {
  if (intensity.some((k) => k > 2) || basis.some((b) => b > 1) || bit.some((b) => b > 1)) return undefined;
  return intensity.map((k, i) => 4 * k + 2 * basis[i]! + bit[i]!);
}

export function largestOfColumn(values: Uint8Array): number {
  return values.reduce((a, b) => Math.max(a, b), 0);
}

export function encodeSlots(slot: Float64Array, from: number): Uint8Array {
  const out: number[] = [];
  let next = from;
  for (const at of slot) {
    let rest = at - next;
    for (; rest >= 128; rest = Math.floor(rest / 128)) out.push((rest % 128) | 128);
    out.push(rest);
    next = at + 1;
  }
  return Uint8Array.from(out);
}

export function decodeSlots(
  bytes: Uint8Array,
  { from, until, length }: { readonly from: number; readonly until: number; readonly length: number },
): { readonly slot: Float64Array; readonly bytes: number } | undefined {
  const slot = new Float64Array(length);
  let next = from;
  let at = 0;
  for (let i = 0; i < length; i++) {
    let skipped = 0;
    for (let weight = 1; ; weight *= 128) {
      if (at === bytes.length || weight >= 2 ** 56) return undefined;
      const byte = bytes[at++]!;
      skipped += (byte & 127) * weight;
      if (byte >= 128) continue;
      if (byte === 0 && weight > 1) return undefined;
      break;
    }
    if (next + skipped >= until) return undefined;
    slot[i] = next + skipped;
    next += skipped + 1;
  }
  return { slot, bytes: at };
}
