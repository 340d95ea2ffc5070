/**
 * How far a code can go, before it is built: density evolution of belief propagation on the binary symmetric
 * channel for an irregular ensemble (Richardson and Urbanke, IEEE Trans. Inf. Theory 47, 599 (2001)), in one
 * dimension.
 *
 * What bits say to rows is kept as it is, two Gaussians around plus and minus the channel's ratio; what rows say to
 * bits is taken as one Gaussian of mean s and variance 2 s, which sums of several are (the semi-Gaussian
 * approximation of Ardakani and Kschischang, IEEE Trans. Commun. 52, 1990 (2004)). What passes a row is the mean of
 * tanh(L / 2). One round is all bits and then all rows; decoding layer by layer needs about half as many.
 */

/** Columns of each degree, and the layers in which they have their edges. */
export interface Ensemble {
  readonly layers: number;
  /** Degree, and number of columns. */
  readonly degrees: readonly (readonly [degree: number, columns: number])[];
}

const POINTS: number[] = [];
const WEIGHTS: number[] = [];
for (let x = -6; x <= 6.001; x += 0.15) {
  POINTS.push(x);
  WEIGHTS.push((0.15 * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI));
}

const GRID = 3_000;
const TOP = 60;
/** Mean of a row's message at which errors are as good as gone: 20 nats. */
const DONE = 20;
/** A round that adds less than this has come to a stop. */
const LEAST_STEP = 0.002;

/** Mean of tanh(L / 2) over a Gaussian of the given mean and variance 2 m. */
function meanTanh(mean: number, m: number): number {
  const width = Math.sqrt(2 * m);
  let sum = 0;
  for (let i = 0; i < POINTS.length; i++) sum += WEIGHTS[i]! * Math.tanh((mean + width * POINTS[i]!) / 2);
  return sum;
}

const FROM_ROW = Float64Array.from({ length: GRID + 1 }, (_, i) => meanTanh((i * TOP) / GRID, (i * TOP) / GRID));

/** Mean of tanh(L / 2) of a bit, by the mean of all that rows told it, at one error rate. */
export type BitTable = Float64Array;

export function bitTable(errorRate: number): BitTable {
  const nats = Math.log((1 - errorRate) / errorRate);
  return Float64Array.from({ length: GRID + 1 }, (_, i) => {
    const m = (i * TOP) / GRID;
    return (1 - errorRate) * meanTanh(nats + m, m) + errorRate * meanTanh(m - nats, m);
  });
}

function lookUp(table: Float64Array, m: number): number {
  const x = (m * GRID) / TOP;
  if (x >= GRID) return table[GRID]!;
  const i = Math.floor(x);
  return table[i]! + (x - i) * (table[i + 1]! - table[i]!);
}

/** The inverse of `FROM_ROW`. */
function meanOf(tanh: number): number {
  let low = 0;
  let high = GRID;
  if (tanh >= FROM_ROW[GRID]!) return TOP;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (FROM_ROW[middle]! <= tanh) low = middle;
    else high = middle;
  }
  const rise = FROM_ROW[high]! - FROM_ROW[low]!;
  return ((low + (rise > 0 ? (tanh - FROM_ROW[low]!) / rise : 0)) * TOP) / GRID;
}

/** Rounds until the errors are gone; Infinity when they stay. Rows have degrees that differ by at most one. */
export function rounds({ layers, degrees }: Ensemble, table: BitTable): number {
  const edges = degrees.reduce((sum, [degree, columns]) => sum + degree * columns, 0);
  const width = Math.floor(edges / layers);
  const wider = ((edges / layers - width) * (width + 1)) / (edges / layers);
  let mean = 0;
  for (let round = 1; ; round++) {
    let tanh = 0;
    for (const [degree, columns] of degrees) {
      if (columns) tanh += ((degree * columns) / edges) * lookUp(table, (degree - 1) * mean);
    }
    const others = tanh ** (width - 1);
    const next = meanOf(others * (1 - wider) + others * tanh * wider);
    if (next > DONE) return round;
    if (round > 3 && next - mean < LEAST_STEP) return Number.POSITIVE_INFINITY;
    mean = next;
  }
}

/** The largest error rate, to 1e-5, at which the errors of an endless code go away. */
export function threshold(ensemble: Ensemble): number {
  let low = 0;
  let high = 0.2;
  while (high - low > 1e-5) {
    const middle = (low + high) / 2;
    if (Number.isFinite(rounds(ensemble, bitTable(middle)))) low = middle;
    else high = middle;
  }
  return low;
}
