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
  /** From then to the first hard alarm at or after it; null without one: an attacked pass was missed. */
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
  /** Over all attacked passes, one that was missed being late without end; null where the quantile is such a pass. */
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
  const attacked = outcomes.filter(({ onsetS }) => onsetS !== null);
  const latencies = attacked.map(({ latencyS }) => latencyS ?? Number.POSITIVE_INFINITY);
  const count = (test: (outcome: PassOutcome) => boolean): number => outcomes.filter(test).length;
  return {
    attack: subject.attack.name,
    class: subject.class,
    strength: subject.attack.kind === 'none' ? null : subject.strength,
    passes: outcomes.length,
    seed: subject.seed,
    hardAlarms: count(({ hard }) => hard),
    softAlarms: count(({ soft }) => soft),
    latencyP50S: finite(quantile(latencies, 0.5)),
    latencyP99S: finite(quantile(latencies, 0.99)),
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

const finite = (value: number | null): number | null => (value !== null && Number.isFinite(value) ? value : null);

/** What a claim is decided by beyond the summary that programs are promised. */
export interface Tally {
  /** Attacked passes without a hard alarm at or after the attack's begin. */
  readonly missed: number;
  /** Passes with a key: of the others no statement about leakage is put to the test. */
  readonly granted: number;
  /** The worst of those: bits known less bits that privacy amplification took away; null when nothing was granted. */
  readonly worstExcessBits: number | null;
  /** Passes in which more was known. */
  readonly violated: number;
  /** What passes without a key were refused for most often; null where all have one. */
  readonly refusal: string | null;
}

/** Reasons of two passes differ by what was measured: `0.31`, `2e-9`, not the `10` of `T10`. */
const FIGURE = /(?<![\w.-])-?\d[\d.]*(?:e[+-]?\d+)?(?:\^-?\d+)?/g;

export function tallyOf(outcomes: readonly PassOutcome[]): Tally {
  const granted = outcomes.filter(({ secretBits }) => secretBits > 0);
  const reasons = new Map<string, number>();
  for (const { refused } of outcomes) {
    const reason = refused?.replace(FIGURE, '…').replace(/;.*/, '');
    if (reason) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  const [refusal = null] = [...reasons].sort(([, a], [, b]) => b - a)[0] ?? [];
  return {
    missed: outcomes.filter(({ onsetS, latencyS }) => onsetS !== null && latencyS === null).length,
    granted: granted.length,
    worstExcessBits:
      granted.length === 0 ? null : Math.max(...granted.map(({ leakageExcessBits }) => leakageExcessBits)),
    violated: granted.filter(({ leakageExcessBits }) => leakageExcessBits > 0).length,
    refusal,
  };
}

/** From `onsetS` to the first of the hard alarms (s of the pass, as they came) at or after it; one before it is a false one. */
export function latencyOf(hardS: readonly number[], onsetS: number | null): number | null {
  const first = onsetS === null ? undefined : hardS.find((atS) => atS >= onsetS);
  return first === undefined ? null : first - onsetS!;
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
