/** From counts to key: the secret length of a block, expected or drawn, and how much chance in the counts moves it. */
import { bbm92, bbm92Rate, binaryEntropy, lim2014 } from '@skykey/finitekey';
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
  readonly bound: 'hoeffding' | 'chernoff';
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
  readonly proof: string;
  readonly gaps: readonly string[];
}

/** A live session of decoy pulses discloses this for verification (`packages/distill`); `bbm92` charges it by epsCor. */
const VERIFICATION_BITS = 128;

/**
 * A session hides three tags under 128 bits of key each (`packages/distill/PROTOCOL.md`), which somebody has to put back:
 * what a block gives is counted without them, and a block that does not pay for its own tags as nothing. Pairs, for which
 * there is no live session yet, are taken to cost the same. A sky under which no key comes about uses up no tag.
 */
export const AUTHENTICATION_BITS = 3 * 128;

/**
 * The block that these counts give, `CELLS` numbers a class. Counts may be expectations: `lim2014` takes them as they are,
 * for pairs bits are rounded down and errors up. Error correction is reckoned as f n h(e) with the block's own error rate.
 */
export function blockKey(rules: KeyRules, counts: Float64Array): BlockKey {
  let right = 0;
  let wrong = 0;
  for (let at = 0; at < counts.length; at += CELLS) {
    right += counts[at + Cell.keyRight]!;
    wrong += counts[at + Cell.keyWrong]!;
  }
  const sifted = right + wrong;
  const qber = sifted > 0 ? wrong / sifted : 0;
  const { epsSec, epsCor, bound, reconciliationEfficiency } = rules;
  const disclosed = reconciliationEfficiency * sifted * binaryEntropy(qber);
  const sum = (k: number, ...cells: number[]): number => cells.reduce((n, cell) => n + counts[CELLS * k + cell]!, 0);
  if (rules.kind === 'pairs') {
    const keyBits = Math.floor(sifted);
    const testBits = Math.floor(sum(0, Cell.testRight, Cell.testWrong));
    const testErrors = Math.min(testBits, Math.ceil(sum(0, Cell.testWrong)));
    const length = bbm92({ keyBits, testBits, testErrors, leakedBits: disclosed, epsSec, epsCor });
    return { ...netOf(length), siftedBits: sifted, qber };
  }
  const each = (...cells: number[]) => [sum(0, ...cells), sum(1, ...cells), sum(2, ...cells)] as const;
  const length = lim2014({
    counts: {
      meanPhotons: rules.meanPhotons,
      probabilities: rules.probabilities,
      keyDetections: each(Cell.keyRight, Cell.keyWrong),
      testDetections: each(Cell.testRight, Cell.testWrong),
      testErrors: each(Cell.testWrong),
    },
    leakedBits: disclosed + VERIFICATION_BITS,
    epsSec,
    epsCor,
    bound,
  });
  return { ...netOf(length), siftedBits: sifted, qber };
}

function netOf({
  rawSecretBits: made,
  phaseErrorRate,
  proof,
  gaps,
}: Pick<BlockKey, 'rawSecretBits' | 'phaseErrorRate' | 'proof' | 'gaps'>) {
  const rawSecretBits = made - AUTHENTICATION_BITS;
  return { secretBits: Math.max(0, Math.floor(rawSecretBits)), rawSecretBits, phaseErrorRate, proof, gaps };
}

/**
 * Standard deviation of `rawSecretBits` when every cell is a Poisson count of that expectation: the delta method with
 * differences over one standard deviation of each cell, which also sees the steps of a bound that counts whole errors.
 */
export function keySpread(rules: KeyRules, counts: Float64Array): number {
  let variance = 0;
  const moved = counts.slice();
  for (let cell = 0; cell < counts.length; cell++) {
    const n = counts[cell]!;
    if (n === 0) continue;
    const sigma = Math.sqrt(n);
    moved[cell] = n + sigma;
    const above = blockKey(rules, moved).rawSecretBits;
    moved[cell] = Math.max(0, n - sigma);
    const below = blockKey(rules, moved).rawSecretBits;
    variance += (((above - below) * sigma) / (n + sigma - moved[cell]!)) ** 2;
    moved[cell] = n;
  }
  return Math.sqrt(variance);
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
