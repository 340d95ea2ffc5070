/**
 * The second half of the search for degrees: `node packages/distill/src/ldpc/tune.bench.ts [family] [error rate]
 * [efficiency] [seconds] [columns of each degree, comma]`.
 *
 * Density evolution in one dimension is too bright for rows of 30 bits and more, where it leaves codes that stop short
 * of its promise. So what `design` found, or what is given, is climbed on from with frames: codes are made, the same
 * few error patterns are decoded, and a move stays if the sweeps times the work of a sweep became less. Prints each
 * step; the last is a line for the table of `degrees.ts`. Seconds of processor time: a minute brings most of it.
 */
import { binaryEntropy } from '@skykey/finitekey';
import { Ldpc } from '@skykey/kernels';
import { seededWords } from '../test/benchtop.ts';
import { construct, xorshift } from './construct.ts';
import { degreesFor, type Family } from './degrees.ts';
import { COLUMNS, DEGREES } from './design.ts';
import { isMixed } from './one-way.ts';

const family = (process.argv[2] ?? 'short') as Family;
const errorRate = Number(process.argv[3] ?? 0.02);
const efficiency = Number(process.argv[4] ?? (family === 'short' ? 1.245 : 1.09));
const SECONDS = Number(process.argv[5] ?? 60);
const { lift, frames, most } = {
  short: { lift: 512, frames: 30, most: 45 },
  long: { lift: 4096, frames: 2, most: 120 },
}[family];
/** Rows that may be left: `polish` sees to them. */
const LEFT = 30;
/** Most columns of degree 2, as a fraction of the layers. */
const TWOS = 0.7;

const bits = COLUMNS * lift;
const rows = 16 * Math.round((efficiency * binaryEntropy(errorRate) * bits) / 16);
const layers = Math.ceil(rows / lift);
const unknown = new Uint32Array(COLUMNS).fill(lift);
const nats = Math.log((1 - errorRate) / errorRate);
const sigma = Math.sqrt(errorRate * (1 - errorRate) * bits);

/** Standard deviations by which frames have more errors than expected, in turn: short ones must bear many. */
const ABOVE = family === 'short' ? [-1, 0, 1, 2, 3.2] : [0];
const patterns = Array.from({ length: frames }, (_, i) =>
  pattern(i + 1, Math.round(errorRate * bits + ABOVE[i % ABOVE.length]! * sigma)),
);

function pattern(seed: number, errors: number): Uint8Array {
  const next = seededWords(seed);
  const out = new Uint8Array(bits / 8);
  for (let left = errors; left; ) {
    const bit = next() % bits;
    if ((out[bit >> 3]! >> (bit & 7)) & 1) continue;
    out[bit >> 3]! |= 1 << (bit & 7);
    left--;
  }
  return out;
}

interface Cost {
  /** Sweeps of a frame times edges and what a row costs; a frame that fails counts as many more. */
  readonly work: number;
  readonly sweeps: number;
  readonly failed: number;
}

/** Given up once it is more than `limit`. */
function costOf(columns: readonly number[], limit: number): Cost {
  const degrees = DEGREES.flatMap((degree, i) => new Array<number>(columns[i]!).fill(degree));
  const kernel = new Ldpc(construct(lift, layers, degrees, layers, isMixed(family, layers)));
  const sweepWork = degrees.reduce((sum, degree) => sum + degree, 0) + 1.5 * layers;
  let total = 0;
  let sweeps = 0;
  let failed = 0;
  for (const errors of patterns) {
    const found = kernel.decode(kernel.syndrome(errors), { rows, unknown, nats, sweeps: most });
    sweeps += found.sweeps;
    total += found.sweeps;
    if (found.unsatisfied > LEFT) {
      failed++;
      total += most / 2 + (200 * found.unsatisfied) / rows;
    }
    if ((total / frames) * sweepWork > limit) return { work: Number.POSITIVE_INFINITY, sweeps, failed };
  }
  return { work: (total / frames) * sweepWork, sweeps: sweeps / frames, failed };
}

const told = (columns: readonly number[], { work, sweeps, failed }: Cost): string =>
  `[${layers}, [${columns.join(', ')}]]  work ${work.toFixed(0)}  sweeps ${sweeps.toFixed(1)}  failed ${failed} of ${frames}`;

const start = degreesFor(family, layers);
let best = process.argv[6]?.split(',').map(Number) ?? DEGREES.map((degree) => start.filter((d) => d === degree).length);
let cost = costOf(best, Number.POSITIVE_INFINITY);
console.log(told(best, cost));
const random = xorshift(Math.round(1e6 * errorRate));
const usable = DEGREES.filter((degree) => degree < layers).length;
const spent = (): number => process.cpuUsage().user / 1e6 / SECONDS;
while (spent() < 1) {
  const columns = best.slice();
  for (let moves = 1 + (random() % 2); moves > 0; moves--) {
    const from = random() % usable;
    const amount = Math.min(columns[from]!, 1 + (random() % (spent() < 0.5 ? 12 : 5)));
    columns[from]! -= amount;
    columns[random() % usable]! += amount;
  }
  if (columns[0]! > TWOS * layers || columns.every((count, i) => count === best[i])) continue;
  const found = costOf(columns, cost.work);
  if (found.work >= cost.work) continue;
  cost = found;
  best = columns;
  console.log(told(best, cost));
}
