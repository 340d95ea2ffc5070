/**
 * What JavaScript has let go of stays in memory until it is collected, and then until something else is written there. Here
 * both are asked for: words that policy has ended, and keys that passed through a string of a library, are overwritten.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** A sweep stops the process for a tenth of a second or two: it waits until nobody has said anything for so long, */
const QUIET_MS = 15_000;
/** and no longer than so. */
const PATIENCE_MS = 300_000;
/** Room for young objects is twice this at most (V8: 16 MiB on 64-bit machines), and none of it is overwritten unasked. */
const YOUNG_BYTES = 16 * 2 ** 20;
const FILLER_WORDS = 128;

type Collect = (how?: { readonly type: 'major'; readonly execution: 'sync'; readonly flavor: 'last-resort' }) => void;

let collect: Collect | undefined;
let due: NodeJS.Timeout | undefined;
let firstMs = 0;

/** From now on what is collected in this process is overwritten. To be called before anything secret is there. */
export function overwriteFreed(): void {
  setFlagsFromString('--clear-free-memory');
  // A pool of buffers keeps what was in it until the last of them is gone.
  Buffer.poolSize = 0;
}

/** Collects now. */
export function sweep(): void {
  if (!collect) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as Collect;
    setFlagsFromString('--no-expose-gc');
  }
  collect();
  // Young objects are moved, and what they were moved from stays: other things are put there.
  for (let filled = 0; filled < 4 * YOUNG_BYTES; filled += 8 * FILLER_WORDS) filler = new Array(FILLER_WORDS).fill(0);
  filler = [];
  // Pages that are empty go back to the system, and are not kept as they are.
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

/** Where the compiler cannot leave it out. */
let filler: number[] = [];
export const isFilled = (): boolean => filler.length > 0;

/** Collects when it has been quiet for a while, together with what else is let go of until then. */
export function sweepSoon(): void {
  const nowMs = performance.now();
  if (due) clearTimeout(due);
  else firstMs = nowMs;
  due = setTimeout(
    () => {
      due = undefined;
      sweep();
    },
    Math.max(0, Math.min(QUIET_MS, firstMs + PATIENCE_MS - nowMs)),
  ).unref();
}
