import type { Dice } from '../world.ts';

/** Bytes of a lane record before its ciphertext; agreements are longer. */
const HEADER_BYTES = 48;

/** `bytes` with one bit of byte `at` turned. */
export function flipped(bytes: Uint8Array, at: number, bit: number): Uint8Array {
  const copy = bytes.slice();
  copy[at]! ^= 1 << bit;
  return copy;
}

/** The header of one message and what follows it in another. */
export function spliced(front: Uint8Array, back: Uint8Array): Uint8Array {
  return Uint8Array.of(...front.subarray(0, HEADER_BYTES), ...back.subarray(HEADER_BYTES));
}

/** A message as somebody on the line might make it of one that passes and of others that have passed. */
export function mutated(bytes: Uint8Array, others: readonly Uint8Array[], dice: Dice): Uint8Array {
  const other = others[dice.below(others.length)]!;
  const at = dice.below(bytes.length);
  switch (dice.below(7)) {
    case 0:
      return other.slice();
    case 1:
      return bytes.slice(0, at);
    case 2:
      return Uint8Array.of(...bytes, dice.below(256));
    case 3:
      return Uint8Array.of(...bytes.subarray(0, at), ...other.subarray(at));
    case 4:
      return spliced(bytes, other);
    default:
      return flipped(bytes, at, dice.below(8));
  }
}
