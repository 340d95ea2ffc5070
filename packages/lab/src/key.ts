/** From what was observed over a pass to the key that is granted, as a live session would reckon it. */
import {
  binaryEntropy,
  type DecoyCounts,
  type DecoyDocument,
  type KeyStatement,
  keyLength,
  type ProofName,
  type SideChannels,
  securedKeyLength,
} from '@skykey/finitekey';
import { type Observation, pulseKinds, type Receiver, type Source } from '@skykey/photons';

/** Under which rules counts become key. */
export interface KeyRules {
  readonly epsSec: number;
  readonly epsCor: number;
  /** By which a session of the link releases key; for three intensities. */
  readonly proof: ProofName;
  /** Bits disclosed by error correction over the Shannon limit of the block's own error rate: modelled, not run. */
  readonly reconciliationEfficiency: number;
}

/** Disclosed to compare hashes (`packages/distill`). */
const VERIFICATION_BITS = 128;
/** What Lim et al. 2014, eq. 1, takes off whatever the counts are. */
export const fixedBits = ({ epsSec, epsCor }: KeyRules): number => 6 * Math.log2(21 / epsSec) + Math.log2(2 / epsCor);

/** The deviations of Lim et al. 2014 under which side channels are paid for. */
export const sideChannelBound = ({ proof }: Pick<KeyRules, 'proof'>): 'hoeffding' | 'chernoff' =>
  proof === 'lim2014-chernoff' ? 'chernoff' : 'hoeffding';

const X = [0, 1] as const;
const Z = [2, 3] as const;

/** Counts of a pass by class and basis; key from X, test in Z. */
export class KeyCounts {
  readonly #right: Float64Array;
  readonly #wrong: Float64Array;
  readonly #source: Source;
  readonly #receiver: Receiver;
  #pulses = 0;

  constructor(source: Source, receiver: Receiver) {
    this.#source = source;
    this.#receiver = receiver;
    this.#right = new Float64Array(source.intensities.length * 2);
    this.#wrong = new Float64Array(source.intensities.length * 2);
  }

  /**
   * Adds a bin. Slots with several clicks are kept, never discarded (a basis, a bit at random); of which states they were is
   * not told, so that a quarter of each kind is put down to either basis of both parties, half of it as errors: at the
   * weak light of a downlink they are some 1e-4 of all.
   */
  add({ single, double, pulses }: Observation): void {
    this.#pulses += pulses;
    for (let k = 0; k < this.#source.intensities.length; k++) {
      const doubles = (double[2 * k]! + double[2 * k + 1]!) / 4;
      for (const [basis, states] of [X, Z].entries()) {
        let right = 0;
        let all = 0;
        for (const state of states) {
          for (const detector of states) {
            const n = single[(k * 4 + state) * 4 + detector]!;
            all += n;
            if (state === detector) right += n;
          }
        }
        this.#right[2 * k + basis]! += right + doubles / 2;
        this.#wrong[2 * k + basis]! += all - right + doubles / 2;
      }
    }
  }

  /**
   * The key that these counts give: what a session would release, whose proof knows of no side channel, or what is left with
   * them paid for as declared, whichever is less. How they are paid is derived for the formulas of Lim et al. 2014 alone.
   */
  key(rules: KeyRules, sideChannels: SideChannels): KeyGranted {
    const { request, document, siftedBits, errorRate } = this.question(rules);
    const released = keyLength(rules.proof, document);
    const secured = securedKeyLength({ ...request, sideChannels });
    const { leakedBits } = request;
    const paid = secured.secretBits <= released.secretBits;
    return {
      siftedBits,
      errorRate,
      leakedBits,
      secretBits: paid ? secured.secretBits : released.secretBits,
      provenBits: paid ? secured.secretBits + leakedBits + fixedBits(rules) : contentOf(released),
      releasedBits: released.secretBits,
      securedBits: secured.secretBits,
      refused:
        paid && secured.secretBits === 0
          ? (secured.refusals[0] ?? 'the counts give no key')
          : released.secretBits === 0
            ? `${rules.proof} grants no key for these counts.`
            : null,
    };
  }

  /** What proofs are asked for these counts: that of a session, and the one by which side channels are paid for. */
  question(rules: KeyRules) {
    const { epsSec, epsCor, reconciliationEfficiency } = rules;
    const each = (values: (k: number) => number) => [values(0), values(1), values(2)] as const;
    const right = (basis: number) => each((k) => this.#right[2 * k + basis]!);
    const wrong = (basis: number) => each((k) => this.#wrong[2 * k + basis]!);
    const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
    const [keyRight, keyWrong, testRight, testWrong] = [right(0), wrong(0), right(1), wrong(1)];
    const counts: DecoyCounts = {
      meanPhotons: calibrated(this.#source),
      probabilities: each((k) => this.#source.intensities[k]!.probability),
      keyDetections: each((k) => keyRight[k]! + keyWrong[k]!),
      testDetections: each((k) => testRight[k]! + testWrong[k]!),
      testErrors: testWrong,
    };
    const [alice, bob] = [this.#source.basisXProbability, this.#receiver.basisXProbability];
    const pulses = { key: this.#pulses * alice * bob, test: this.#pulses * (1 - alice) * (1 - bob) };
    const siftedBits = total(counts.keyDetections);
    const errorRate = siftedBits > 0 ? total(keyWrong) / siftedBits : 0;
    const leakBits = reconciliationEfficiency * siftedBits * binaryEntropy(errorRate);
    const document: DecoyDocument = {
      protocol: 'decoy-bb84',
      intensities: counts.meanPhotons,
      probabilities: counts.probabilities,
      nX: counts.keyDetections,
      mX: keyWrong,
      nZ: counts.testDetections,
      mZ: counts.testErrors,
      epsSec,
      epsCor,
      leakBits,
      tagBits: VERIFICATION_BITS,
    };
    // Of the tag that much is in the formula itself.
    const leakedBits = leakBits + VERIFICATION_BITS - Math.log2(2 / epsCor);
    const bound = sideChannelBound(rules);
    return { request: { counts, leakedBits, epsSec, epsCor, bound, pulses }, document, siftedBits, errorRate };
  }
}

/** What a statement takes the adversary not to know of the sifted key, before all costs. */
function contentOf({ secretBits, terms }: KeyStatement): number {
  return secretBits - terms.leak! - terms.privacyAmplification! - terms.verification!;
}

export interface KeyGranted {
  readonly siftedBits: number;
  readonly errorRate: number;
  readonly leakedBits: number;
  readonly secretBits: number;
  /** What the key rests on: bits of the sifted key that the bound takes the adversary not to know, before all costs. */
  readonly provenBits: number;
  /** What a session would release, and what is left with side channels paid for; `secretBits` is the lesser. */
  readonly releasedBits: number;
  readonly securedBits: number;
  readonly refused: string | null;
}

/** Mean photon number of each class as a calibration finds it: leaked light and pattern effect are in it. */
export function calibrated(source: Source): readonly [number, number, number] {
  const kinds = pulseKinds(source);
  const sums = source.intensities.map(() => ({ photons: 0, probability: 0 }));
  for (let i = 0; i < kinds.count; i++) {
    const sum = sums[kinds.intensity[i]!]!;
    sum.photons += kinds.probability[i]! * kinds.meanPhotons[i]!;
    sum.probability += kinds.probability[i]!;
  }
  const mean = (k: number): number => sums[k]!.photons / sums[k]!.probability;
  return [mean(0), mean(1), mean(2)];
}
