/**
 * Packed bit strings, and bytes that cannot be shown by accident.
 *
 * Bit order, once and for all: bit `i` of a packed string is bit `(i & 7)` of byte `(i >> 3)` (least significant first).
 * Bits beyond `length` in the last byte are always zero.
 */
export * from './bits.ts';
export * from './secret.ts';
