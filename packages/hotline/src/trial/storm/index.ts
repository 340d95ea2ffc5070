/** Storms against the session whole, as worlds that are played apart: crashes, dry pools, a hostile line. */
import { crashes } from './crashes.ts';
import { frames } from './frames.ts';
import { everyMessage } from './hostile.ts';
import { noise } from './noise.ts';
import type { StormPart } from './outcome.ts';
import { starved } from './starved.ts';
import { everyWrite } from './writes.ts';

export { CRASHES_OF_A_WORLD } from './crashes.ts';
export { type Played, type StormPart, totals } from './outcome.ts';

export interface StormSize {
  readonly seed: number;
  /** At any moment, besides those at each durable write. */
  readonly crashes: number;
  /** At which a pool runs dry. */
  readonly moments: number;
  /** Altered messages and frames, at least, besides those of the conversation whose every message is treated. */
  readonly mutated: number;
  /** Conversations whose every message is treated in every way. */
  readonly rounds: number;
  /** Of the parts that go through every write or every message, at most so many worlds, spread over all. */
  readonly most?: number;
}

/** Of altered messages, part that are frames of calls. */
const FRAMES = 0.3;

export async function stormParts({
  seed,
  crashes: count,
  moments,
  mutated,
  rounds,
  most,
}: StormSize): Promise<readonly StormPart[]> {
  return [
    starved(seed, moments),
    await everyWrite(seed, most),
    crashes(seed, count),
    everyMessage(seed, rounds, most),
    noise(seed, mutated * (1 - FRAMES)),
    frames(seed, mutated * FRAMES),
  ];
}
