/** From counts to key: the secret length of a block, expected or drawn, and how much chance in the counts moves it. */
import { bbm92Rate, binaryEntropy, keyLength, type ProofName } from '@skykey/finitekey';
import { normalBelow } from '@skykey/optics';
import { CELLS, Cell } from './rates.ts';

/** Under which rules counts become key. */
export interface KeyRules {
  readonly kind: 'decoy' | 'pairs';
  /** Signal, decoy, weakest; of no meaning for pairs. */
  readonly meanPhotons: readonly [number, number, number];
  readonly probabilities: readonly [number, number, number];
  readonly epsSec: number;
  readonly epsCor: number;
  /** By which a session of the link releases key: for three intensities, or `bbm92` for pairs. */
  readonly proof: ProofName;
  /** Bits disclosed over the Shannon limit. */
  readonly reconciliationEfficiency: number;
}

/** The secret length of one block, less the key that its session's tags use up. */
export interface BlockKey {
  readonly secretBits: number;
  /** Before floor and clip at zero. */
  readonly rawSecretBits: number;
  /** Basis-matched detections kept for the key. */
  readonly siftedBits: number;
  /** Error rate of those; 0 where there are none. */
  readonly qber: number;
  readonly phaseErrorRate: number;
  /** Name of the proof. */
  readonly proof: string;
  /** What it takes for granted. */
  readonly gaps: readonly string[];
}

/** A live session discloses a tag of so many bits for verification (`packages/distill/PROTOCOL.md`). */
const VERIFICATION_BITS = 128;

/**
 * A session hides three tags under 128 bits of key each (`packages/distill/PROTOCOL.md`), which somebody has to put back:
 * what a block gives is counted without them, and a block that does not pay for its own tags as nothing. Pairs, for which
 * there is no live session yet, are taken to cost the same, and their verification as well. A sky under which no key comes
 * about uses up no tag.
 */
export const AUTHENTICATION_BITS = 3 * 128;

/**
 * The block that these counts give, `CELLS` numbers a class, by the proof and through the door by which a session asks.
 * Counts may be expectations: of decoy pulses they are taken as they are (and the result is then no theorem), of pairs bits
 * are rounded down and errors up. Error correction is reckoned as f n h(e) with the block's own error rate.
 */
export function blockKey(rules: KeyRules, counts: Float64Array): BlockKey {
  const { epsSec, epsCor, proof, reconciliationEfficiency: efficiency } = rules;
  const price = { epsSec, epsCor, efficiency, tagBits: VERIFICATION_BITS };
  const made =
    rules.kind === 'pairs'
      ? keyLength(proof, { protocol: 'bbm92', ...pairsOf(counts), ...price })
      : keyLength(proof, {
          protocol: 'decoy-bb84',
          intensities: rules.meanPhotons,
          probabilities: rules.probabilities,
          nX: each(counts, Cell.keyRight, Cell.keyWrong),
          mX: each(counts, Cell.keyWrong),
          nZ: each(counts, Cell.testRight, Cell.testWrong),
          mZ: each(counts, Cell.testWrong),
          ...price,
        });
  const rawSecretBits = made.rawSecretBits - AUTHENTICATION_BITS;
  return {
    secretBits: Math.max(0, Math.floor(rawSecretBits)),
    rawSecretBits,
    ...siftedOf(counts),
    phaseErrorRate: made.phaseError,
    proof: made.proof,
    gaps: made.assumptions,
  };
}

function siftedOf(counts: Float64Array): { readonly siftedBits: number; readonly qber: number } {
  let right = 0;
  let wrong = 0;
  for (let at = 0; at < counts.length; at += CELLS) {
    right += counts[at + Cell.keyRight]!;
    wrong += counts[at + Cell.keyWrong]!;
  }
  const siftedBits = right + wrong;
  return { siftedBits, qber: siftedBits > 0 ? wrong / siftedBits : 0 };
}

const each = (counts: Float64Array, ...cells: readonly number[]): [number, number, number] => {
  const sum = (k: number): number => cells.reduce((n, cell) => n + counts[CELLS * k + cell]!, 0);
  return [sum(0), sum(1), sum(2)];
};

function pairsOf(counts: Float64Array) {
  const bits = (right: number, wrong: number) => {
    const all = Math.floor(counts[right]! + counts[wrong]!);
    return [all, Math.min(all, Math.ceil(counts[wrong]!))] as const;
  };
  const [keyBits, keyErrors] = bits(Cell.keyRight, Cell.keyWrong);
  const [testBits, testErrors] = bits(Cell.testRight, Cell.testWrong);
  return { keyBits, keyErrors, testBits, testErrors };
}

/**
 * Standard deviation of `rawSecretBits` when every cell is a Poisson count of that expectation: the delta method with
 * differences over one standard deviation, which also see the steps of a bound that counts whole errors. What the key basis
 * grants does not ask which of its bits are wrong; of error correction the slope is known.
 */
export function keySpread(rules: KeyRules, counts: Float64Array, key = blockKey(rules, counts)): number {
  const moved = counts.slice();
  const { qber } = key;
  // Of f n h(e), by bits that are right and by wrong ones; from e = 1/2 on it is f n.
  const [rightCost, wrongCost] = (qber < 0.5 ? [1 - qber, qber] : [0.5, 0.5]).map(
    (share) => -rules.reconciliationEfficiency * Math.log2(share),
  );
  const whole = contentOf(rules, key);
  /** Slope of the content by a cell, over the standard deviation of a Poisson count of `n`. */
  const slope = (cell: number, n: number): number => {
    const at = counts[cell]!;
    const sigma = Math.sqrt(n);
    moved[cell] = at + sigma;
    const above = contentOf(rules, blockKey(rules, moved));
    const lower = n < ONE_SIDED ? Math.max(0, at - sigma) : at;
    moved[cell] = lower;
    const below = lower === at ? whole : contentOf(rules, blockKey(rules, moved));
    moved[cell] = at;
    return (above - below) / (at + sigma - lower);
  };
  let variance = 0;
  for (let at = 0; at < counts.length; at += CELLS) {
    const right = counts[at + Cell.keyRight]!;
    const wrong = counts[at + Cell.keyWrong]!;
    const granted = right + wrong > 0 ? slope(at + Cell.keyRight, right + wrong) : 0;
    if (right > 0) variance += right * (granted - rightCost!) ** 2;
    if (wrong > 0) variance += wrong * (granted - wrongCost!) ** 2;
    for (const cell of [at + Cell.testRight, at + Cell.testWrong]) {
      const n = counts[cell]!;
      if (n > 0) variance += n * slope(cell, n) ** 2;
    }
  }
  return Math.sqrt(variance);
}

/** From so many on one standard deviation is 5 % of a count, and the length as good as straight over it. */
const ONE_SIDED = 400;

/** What the counts grant before error correction is paid for. */
function contentOf({ reconciliationEfficiency }: KeyRules, { rawSecretBits, siftedBits, qber }: BlockKey): number {
  return rawSecretBits + reconciliationEfficiency * siftedBits * binaryEntropy(qber);
}

/** What such counts of pairs add to a block without end, bits: for weighing parts that make no block alone. */
export function pairBitsWithoutEnd(rules: KeyRules, counts: Float64Array): number {
  const rate = (right: number, wrong: number): number => (right + wrong > 0 ? wrong / (right + wrong) : 0);
  const bit = rate(counts[Cell.keyRight]!, counts[Cell.keyWrong]!);
  const phase = rate(counts[Cell.testRight]!, counts[Cell.testWrong]!);
  const sifted = counts[Cell.keyRight]! + counts[Cell.keyWrong]!;
  return sifted * bbm92Rate(bit, phase, rules.reconciliationEfficiency);
}

/** Expectation of max(0, N(mean, sd)): no block gives less than nothing. */
export function clippedMean(mean: number, sd: number): number {
  if (sd === 0) return Math.max(0, mean);
  const z = mean / sd;
  // Beyond eight standard deviations the other side is below the last digit.
  if (z > 8) return mean;
  if (z < -8) return 0;
  return mean * normalBelow(z) + (sd * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI);
}
