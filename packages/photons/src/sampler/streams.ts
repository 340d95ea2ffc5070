import { type Random, seededRandom } from '../random.ts';

/**
 * Streams of random numbers of one seed. The events of bin b have stream b, and slots that nobody detected have those
 * from 2^52 on (`emissionOf`); everything else of a bin lies between, in blocks of 2^40 bins.
 */
const firstBlock = 2 ** 51;
const block = 2 ** 40;

/** What draws beside the events. Disturbance i follows as `disturbance + i`. */
export const Stream = { monitors: 0, counts: 1, noise: 2, disturbance: 8 } as const;

export function streamOf(use: number, bin: number): number {
  return firstBlock + use * block + bin;
}

/** The generator of a stream, set up at the first draw: most disturbances of most bins draw nothing. */
export function lazyRandom(seed: number, stream: number): Random {
  let random: Random | undefined;
  const drawn = (): Random => {
    random ??= seededRandom(seed, stream);
    return random;
  };
  return { uniform: () => drawn().uniform(), uint32: () => drawn().uint32() };
}
