import { binaryEntropy } from './entropy.ts';
import { FiniteKeyError } from './error.ts';
import { unseenErrors } from './hypergeometric.ts';

/**
 * From coincidences of entangled pairs to secret length: BBM92 by the entropic uncertainty relation (Tomamichel, Lim,
 * Gisin and Renner, Nat. Commun. 3:634 (2012); Tomamichel and Leverrier, Quantum 1:14 (2017)), with the exact tail of
 * sampling without replacement in place of their closed forms.
 *
 * How epsSec is spent: epsSec = 2 epsSmooth + epsPa with epsSmooth = epsSec / 4 and epsPa = epsSec / 2. The root cannot be
 * left out: the uncertainty relation carries smoothing from one basis to the other in purified distance, and cutting an
 * event of probability p out of a state moves it by sqrt(p). So the sampling bound on phase errors fails with at most
 * epsSmooth^2 = (epsSec / 4)^2; privacy amplification costs 2 log2(1 / (2 epsPa)) = 2 log2(1 / epsSec) bits; correctness
 * log2(2 / epsCor). Lim, Xu, Pan and Ekert, Phys. Rev. Lett. 126:100501 (2021), for small blocks spend theirs alike
 * (2^-t + 2 sqrt(P) + epsPa); their gain is a tighter closed form of P, and the exact tail is tighter still. One side of the
 * tail is enough: few errors seen and many left. Many seen and few left costs key, never secrecy.
 */

/** One block of basis-matched coincidences, Alice's and Bob's stations both trusted, the source not. Whole numbers. */
export interface Bbm92Request {
  /** Sifted bits kept for the key, basis Z. */
  readonly keyBits: number;
  /** Sifted bits of basis X, compared in public. */
  readonly testBits: number;
  /** Errors found among `testBits`. */
  readonly testErrors: number;
  /** What reconciliation disclosed; the verification tag is charged by `epsCor`. */
  readonly leakedBits: number;
  readonly epsSec: number;
  readonly epsCor: number;
}

export interface Bbm92KeyLength {
  /** l, floored, never negative. */
  readonly secretBits: number;
  /** The same before floor and clip at zero. */
  readonly rawSecretBits: number;
  /** Upper bound on the share of key bits that would be wrong in the other basis, at most 1/2. */
  readonly phaseErrorRate: number;
  /** Probability with which that bound may fail. */
  readonly epsSampling: number;
  /** For example `Tomamichel and Leverrier 2017 (exact hypergeometric)`. */
  readonly proof: string;
  /** What the proof does not cover, in sentences. */
  readonly gaps: readonly string[];
}

const GAPS: readonly string[] = [
  'The proof is for keys of a fixed length with a threshold on the test errors fixed in advance; here the threshold is what was found.',
  'Both stations are trusted: a coincidence is as likely in one basis as in the other whatever arrives, detectors are alike in efficiency, dark counts, after-pulses and dead time, and several clicks become a random bit, never a discarded one.',
  'Which coincidences are tested follows from basis choices that are random, private until the detections are fixed, and independent of everything else.',
  'Error correction is counted by the bits disclosed about the key; that in Cascade both parties speak, each depending on its own data, is not accounted for as in arXiv:2307.00576.',
];

/**
 * l = floor(n (1 - h(R / n)) - leakedBits - 2 log2(1 / epsSec) - log2(2 / epsCor)), where R is the most phase errors among
 * the n key bits that the test leaves possible (`unseenErrors`). Throws FiniteKeyError, naming the field.
 */
export function bbm92(request: Bbm92Request): Bbm92KeyLength {
  check(request);
  const { keyBits, testBits, testErrors, leakedBits, epsSec, epsCor } = request;
  const logSampling = 2 * (Math.log(epsSec) - Math.log(4));
  const worst = testBits === 0 ? keyBits : unseenErrors(testErrors, testBits, keyBits, logSampling);
  const phaseErrorRate = keyBits === 0 ? 0.5 : Math.min(0.5, worst / keyBits);
  const cost = -2 * Math.log2(epsSec) + 1 - Math.log2(epsCor);
  const rawSecretBits = keyBits * (1 - binaryEntropy(phaseErrorRate)) - leakedBits - cost;
  return {
    secretBits: Math.max(0, Math.floor(rawSecretBits)),
    rawSecretBits,
    phaseErrorRate,
    epsSampling: Math.exp(logSampling),
    proof: 'Tomamichel and Leverrier 2017 (exact hypergeometric)',
    gaps: GAPS,
  };
}

/**
 * Secret bits per sifted bit of a key without end: 1 - h(phase errors) - f h(bit errors), 0 where that is negative; the
 * test is taken to cost nothing.
 * @throws RangeError for an error rate below 0
 */
export function bbm92Rate(bitErrorRate: number, phaseErrorRate: number, efficiency: number): number {
  return Math.max(0, 1 - binaryEntropy(phaseErrorRate) - efficiency * binaryEntropy(bitErrorRate));
}

function check({ keyBits, testBits, testErrors, leakedBits, epsSec, epsCor }: Bbm92Request): void {
  for (const [field, count] of Object.entries({ keyBits, testBits, testErrors })) {
    // Rounding of logarithms of factorials is bounded up to here.
    if (!(Number.isInteger(count) && count >= 0 && count <= 1e12)) {
      throw new FiniteKeyError(field, `must be a whole number from 0 to 1e12, not ${count}`);
    }
  }
  if (testErrors > testBits) {
    throw new FiniteKeyError('testErrors', `${testErrors} errors among ${testBits} test bits; there cannot be more`);
  }
  if (!(Number.isFinite(leakedBits) && leakedBits >= 0)) {
    throw new FiniteKeyError('leakedBits', `must be a finite number of bits from 0 on, not ${leakedBits}`);
  }
  for (const [field, eps] of Object.entries({ epsSec, epsCor })) {
    if (!(eps > 0 && eps < 1)) throw new FiniteKeyError(field, `must lie between 0 and 1, both excluded, not ${eps}`);
  }
}
