import { binaryEntropy } from '@skykey/finitekey';
import { xorshift } from './construct.ts';
import { bitTable, type Ensemble, rounds } from './density.ts';

/**
 * The search that made the table of `degrees.ts`: which columns have which degree, so that decoding costs least at
 * a given distance from Shannon's limit. A climb from a plain start by moves drawn by lot, judged by density
 * evolution.
 */

/** Columns of a code. */
export const COLUMNS = 200;
/** Degrees that columns can have. */
export const DEGREES = [2, 3, 4, 6, 8, 10, 12, 16, 20] as const;

/** Columns of a large degree at the start. */
const START_WIDE = 30;
const START_DEGREE = 10;
const CLIMBS = 10;
/** What is added to the efficiency, climb after climb. */
const DETOURS: readonly number[] = [0.8, 0.4, 0.2, 0.1, 0.05, 0];

export interface Goal {
  /** Syndrome bits over the entropy of the errors, at which decoding should cost least. */
  readonly efficiency: number;
  /** Most columns of degree 2, as a fraction of the layers: more than that close in short rings. */
  readonly twos: number;
  /** Moves tried in each climb. */
  readonly steps: number;
}

/** Work of a round: edges, and what is done once a row. */
function work(ensemble: Ensemble): number {
  const edges = ensemble.degrees.reduce((sum, [degree, columns]) => sum + degree * columns, 0);
  return edges + 1.5 * ensemble.layers;
}

/** The error rate at which `layers` of COLUMNS are `efficiency` times the entropy. */
export function rateFor(layers: number, efficiency: number): number {
  let low = 0;
  let high = 0.5;
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2;
    if (binaryEntropy(middle) * efficiency * COLUMNS < layers) low = middle;
    else high = middle;
  }
  return low;
}

/**
 * Columns of each of DEGREES: the best of a few climbs. The goal is approached from afar, so that the start need not be
 * good. Floating-point functions may differ in the last bit between engines: the table is kept, not made at the start.
 */
export function design(layers: number, goal: Goal): number[] {
  const usable = DEGREES.filter((degree) => degree < layers).length;
  const start: number[] = DEGREES.map(() => 0);
  start[0] = Math.floor((goal.twos * layers) / 2);
  start[Math.min(usable - 1, DEGREES.indexOf(START_DEGREE))] = START_WIDE;
  start[1] = COLUMNS - START_WIDE - start[0];
  const random = xorshift(layers);
  let best = start;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < CLIMBS; i++) {
    let columns = start;
    for (const detour of DETOURS) {
      columns = climb(
        columns,
        costOf(layers, goal.efficiency + detour),
        goal.twos * layers,
        goal.steps,
        usable,
        random,
      );
    }
    const cost = costOf(layers, goal.efficiency)(columns);
    if (cost < least) {
      least = cost;
      best = columns;
    }
  }
  return best;
}

/** The cost of decoding, by columns of each of DEGREES; Infinity where errors stay. */
function costOf(layers: number, efficiency: number): (columns: readonly number[]) => number {
  const table = bitTable(rateFor(layers, efficiency));
  return (columns) => {
    const ensemble = { layers, degrees: DEGREES.map((degree, i) => [degree, columns[i]!] as const) };
    return rounds(ensemble, table) * work(ensemble);
  };
}

function climb(
  start: number[],
  cost: (columns: readonly number[]) => number,
  twos: number,
  steps: number,
  usable: number,
  random: () => number,
): number[] {
  let best = start;
  let least = cost(best);
  for (let step = 0; step < steps; step++) {
    const columns = best.slice();
    for (let moves = 1 + (random() % 3); moves > 0; moves--) {
      const from = random() % usable;
      const amount = Math.min(columns[from]!, 1 + (random() % (2 * step < steps ? 8 : 2)));
      columns[from]! -= amount;
      columns[random() % usable]! += amount;
    }
    if (columns[0]! > twos) continue;
    const found = cost(columns);
    if (found <= least) {
      least = found;
      best = columns;
    }
  }
  return best;
}
