import { SecretBytes } from '@skykey/bits';
import { Reader, Writer } from '../bytes.ts';
import { HotlineError } from '../error.ts';
import type { KnownRoot } from '../secret/index.ts';

/** Roots as they are kept: how many (1) ‖ for each, newest first: number (8) ‖ root (32). */
export function writeRoots(roots: readonly KnownRoot[]): Uint8Array {
  const writer = new Writer().u8(roots.length);
  for (const { number, root } of roots) root.open((bytes) => writer.u64(number).raw(bytes));
  return writer.finish();
}

/** Overwrites `bytes`. Throws HotlineError `hotline/store`. */
export function readRoots(bytes: Uint8Array): readonly KnownRoot[] {
  const reader = new Reader(bytes, 'the roots of the keys');
  try {
    const roots = Array.from({ length: reader.u8() }, () => ({
      number: reader.u64(),
      root: SecretBytes.adopt(reader.raw(32)),
    }));
    reader.end();
    return roots;
  } catch (cause) {
    throw new HotlineError('hotline/store', 'the roots of the keys cannot be read; the store is damaged', { cause });
  } finally {
    bytes.fill(0);
  }
}
