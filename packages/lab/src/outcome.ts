/** What became of one pass, and of many. */
import type { Attack, Verdict, Visibility } from '@skykey/photons';

/** One pass, as a study keeps it. */
export interface PassOutcome {
  readonly pass: number;
  readonly verdict: Verdict;
  readonly hard: boolean;
  readonly soft: boolean;
  /** Minus the common logarithm of the smallest probability of chance, over all tests and corrected for them. */
  readonly score: number;
  /** When the attack began; null without one. */
  readonly onsetS: number | null;
  /** From then to the first hard alarm; null without an alarm after it. */
  readonly latencyS: number | null;
  readonly detections: number;
  readonly sifted: number;
  /** Bits of the sifted key that the adversary knows, by the ledger. */
  readonly knownBits: number;
  readonly secretBits: number;
  /** `knownBits` less what privacy amplification took away; 0 when no key was granted. Above 0 the bound was violated. */
  readonly leakageExcessBits: number;
  /** Why there is no key, null when there is one. */
  readonly refused: string | null;
  /** The finding that spoke loudest for the verdict, in one sentence; null where none spoke. */
  readonly evidence: string | null;
}

export const VERDICTS = ['tap', 'jam', 'fault', 'time', 'source', 'clean'] as const satisfies readonly Verdict[];

/** The document of `skykey lab --json`. */
export interface Summary {
  readonly attack: string;
  readonly class: Visibility | null;
  readonly strength: number | null;
  readonly passes: number;
  readonly seed: number;
  /** Passes with at least one hard alarm, and with at least one soft one. */
  readonly hardAlarms: number;
  readonly softAlarms: number;
  /** Over passes with a hard alarm after the attack began; null without any. */
  readonly latencyP50S: number | null;
  readonly latencyP99S: number | null;
  readonly verdicts: Readonly<Record<Verdict, number>>;
  /** The worst pass; 0 where privacy amplification took away as much as was known, or more, in each. */
  readonly maxLeakageExcessBits: number;
  readonly secretBitsMedian: number;
}

export function summaryOf(
  subject: {
    readonly attack: Attack;
    readonly class: Visibility | null;
    readonly strength: number;
    readonly seed: number;
  },
  outcomes: readonly PassOutcome[],
): Summary {
  const latencies = outcomes.flatMap(({ latencyS }) => (latencyS === null ? [] : [latencyS]));
  const count = (test: (outcome: PassOutcome) => boolean): number => outcomes.filter(test).length;
  return {
    attack: subject.attack.name,
    class: subject.class,
    strength: subject.attack.kind === 'none' ? null : subject.strength,
    passes: outcomes.length,
    seed: subject.seed,
    hardAlarms: count(({ hard }) => hard),
    softAlarms: count(({ soft }) => soft),
    latencyP50S: quantile(latencies, 0.5),
    latencyP99S: quantile(latencies, 0.99),
    verdicts: Object.fromEntries(
      VERDICTS.map((name) => [name, count(({ verdict }) => verdict === name)]),
    ) as unknown as Summary['verdicts'],
    maxLeakageExcessBits: outcomes.reduce((most, { leakageExcessBits }) => Math.max(most, leakageExcessBits), 0),
    secretBitsMedian: quantile(
      outcomes.map(({ secretBits }) => secretBits),
      0.5,
    )!,
  };
}

/** The smallest value with at least the share `p` of all at or below it (nearest rank); null of none. */
export function quantile(values: readonly number[], p: number): number | null {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? null;
}

/**
 * The upper end of the one-sided interval of Clopper and Pearson (1934) at 95 % for `events` in `trials`; with no event the
 * rule of three, nearly: 1 - 0.05^(1 / trials).
 */
export function upperRate(events: number, trials: number): number {
  if (events >= trials) return 1;
  let low = events / trials;
  let high = 1;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (binomialAtMost(events, trials, middle) > 0.05) low = middle;
    else high = middle;
  }
  return high;
}

/** P(X <= k) of a binomial law. */
function binomialAtMost(k: number, n: number, p: number): number {
  let log = n * Math.log1p(-p);
  let sum = Math.exp(log);
  for (let i = 1; i <= k; i++) {
    log += Math.log(((n - i + 1) / i) * (p / (1 - p)));
    sum += Math.exp(log);
  }
  return sum;
}
