import { KernelError } from './error.ts';

/**
 * Bytes that are looked at piece by piece: a Uint8Array, or who keeps them otherwise. `subarray` is asked for pieces that
 * begin at a multiple of 16,384 and are no longer.
 */
export interface Column {
  readonly length: number;
  subarray(from: number, to: number): Uint8Array;
}

/** Throws KernelError `kernels/argument` unless all columns are as long as the first. */
export function checkLengths(length: number, columns: Readonly<Record<string, { readonly length: number }>>): void {
  for (const [name, column] of Object.entries(columns)) {
    if (column.length === length) continue;
    throw new KernelError(
      'kernels/argument',
      `${name} has ${column.length} entries where the other columns have ${length}`,
    );
  }
}
