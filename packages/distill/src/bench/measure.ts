/** Medians of processor time. */

/** Runs shorter than that are repeated: processor time moves in steps. */
const LEAST_S = 0.1;

/** Of one run. */
export interface Timing {
  /** Processor seconds: median of the rounds, the quickest and the slowest. */
  readonly medianS: number;
  readonly leastS: number;
  readonly mostS: number;
}

/** Times `run` in so many rounds, after one that is for the compiler. `cpuS`: processor seconds used so far. */
export async function measure(cpuS: () => number, rounds: number, run: () => unknown): Promise<Timing> {
  await run();
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const before = cpuS();
    let runs = 0;
    let spent = 0;
    do {
      await run();
      runs++;
      spent = cpuS() - before;
    } while (spent < LEAST_S);
    times.push(spent / runs);
  }
  return timingOf(times);
}

/** Of times that were taken elsewhere. */
export function timingOf(times: readonly number[]): Timing {
  const sorted = times.toSorted((a, b) => a - b);
  return { medianS: sorted[sorted.length >> 1]!, leastS: sorted[0]!, mostS: sorted.at(-1)! };
}
