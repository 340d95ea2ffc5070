import { FiniteKeyError } from './error.ts';
import { securedKeyLength } from './secure.ts';
import type { SecuredKeyLength, SecuredKeyLengthRequest, SideChannels } from './side-channels.ts';
import { checkOffsets, type DiodePair, type PulseShape, worstPair } from './timing.ts';

/**
 * The gate between a transmitter of several laser diodes and any key at all. Diodes that do not fire together let Eve tell
 * signal from decoy by the clock, and nothing that Bob counts shows it (D3): so no detector is asked. What the offsets may
 * be worth to her is paid for in the length, and where that leaves nothing, or where the source is not the one specified,
 * the key is refused.
 */

/** When each diode fires, as somebody measured it. */
export interface OffsetEstimate {
  /** ps, `[class * 4 + state]`; a common shift of all is of no importance. */
  readonly offsetsPs: readonly number[];
  /** Standard errors, ps, one a diode. */
  readonly errorsPs: readonly number[];
}

/** Arrivals of the light of each diode at a receiver, `[class * 4 + state]`. */
export interface DiodeArrivals {
  /** Mean arrival in the gate, ps, delays of detectors taken out. */
  readonly meansPs: readonly number[];
  /** Clicks behind each mean. */
  readonly counts: readonly number[];
  /** Standard deviation of one arrival: detector jitter, pulse width and clock together, ps. */
  readonly jitterPs: number;
  /** Share of clicks that background made, one a diode, evenly over a gate of `gatePs` about 0. None when left out. */
  readonly noise?: { readonly shares: readonly number[]; readonly gatePs: number };
}

/**
 * Offsets from mean arrivals: background in the gate, which pulls a mean to 0, is taken out. Light cut off by the gate's
 * edges is not: a gate should be wide beside jitter and offsets. On the ground this is a calibration. In a pass it is a
 * second opinion only: Eve may delay pulses by what she measures, and so hide an offset. Throws FiniteKeyError.
 */
export function estimateOffsets({ meansPs, counts, jitterPs, noise }: DiodeArrivals): OffsetEstimate {
  checkOffsets(meansPs, 'meansPs');
  if (counts.length !== meansPs.length || !counts.every((count) => Number.isFinite(count) && count > 0)) {
    throw new FiniteKeyError('counts', `must be as many numbers above 0 as means, not ${JSON.stringify(counts)}`);
  }
  if (!(Number.isFinite(jitterPs) && jitterPs > 0)) {
    throw new FiniteKeyError('jitterPs', `must be a finite time in ps above 0, not ${jitterPs}`);
  }
  const shares = noise?.shares ?? meansPs.map(() => 0);
  if (shares.length !== meansPs.length || !shares.every((share) => share >= 0 && share < 1)) {
    throw new FiniteKeyError('noise.shares', `must be as many shares from 0 to 1, excluded, as means, not ${shares}`);
  }
  const gatePs = noise?.gatePs ?? 0;
  if (!(Number.isFinite(gatePs) && gatePs >= 0)) {
    throw new FiniteKeyError('noise.gatePs', `must be a finite time in ps from 0 on, not ${gatePs}`);
  }
  const offsetsPs = meansPs.map((mean, i) => mean / (1 - shares[i]!));
  const errorsPs = offsetsPs.map((offset, i) => {
    const b = shares[i]!;
    const variance = (1 - b) * (jitterPs ** 2 + offset ** 2) + (b * gatePs ** 2) / 12 - ((1 - b) * offset) ** 2;
    return Math.sqrt(variance / counts[i]!) / (1 - b);
  });
  return { offsetsPs, errorsPs };
}

/** A link at the gate. `sideChannels.timing` is the gate's own. */
export interface SourceGateRequest extends Omit<SecuredKeyLengthRequest, 'sideChannels'> {
  readonly sideChannels?: Omit<SideChannels, 'timing'>;
  readonly pulse: PulseShape;
  /** Calibration on the ground; then, if wanted, Bob's own estimate. The worst of them counts. */
  readonly estimates: readonly OffsetEstimate[];
  /** Greatest distance of a diode from the middle of all, ps, that the transmitter was accepted with. None when left out. */
  readonly specificationPs?: number;
  /** How many standard errors an estimate may be wrong by; 7 when left out (two-sided 2.6e-12 for each pair). */
  readonly sigmas?: number;
}

export interface SourceGateDecision {
  readonly accepted: boolean;
  /** `no-key`: the offsets are worth all of it to Eve; `specification`: a diode is not where it should be. */
  readonly reason: 'accepted' | 'no-key' | 'specification';
  /** The reason in a sentence. */
  readonly message: string;
  /** 0 unless accepted. */
  readonly secretBits: number;
  /** The length with everything paid for, of the worst estimate. */
  readonly length: SecuredKeyLength;
  /** That estimate, its middle taken as 0. */
  readonly offsetsPs: readonly number[];
  readonly worstPair: DiodePair;
  /** What a difference of two offsets may be wrong by, ps. */
  readonly errorPs: number;
  readonly specificationPs: number | null;
}

const SIGMAS = 7;

/** Throws FiniteKeyError, naming the field. */
export function sourceGate(request: SourceGateRequest): SourceGateDecision {
  const { estimates, pulse, sigmas = SIGMAS, specificationPs } = request;
  checkSigmas(sigmas);
  if (estimates.length === 0) {
    throw new FiniteKeyError('estimates', 'must hold one estimate of the offsets at least: without any, no key');
  }
  if (specificationPs !== undefined && !(specificationPs >= 0)) {
    throw new FiniteKeyError('specificationPs', `must be a time in ps from 0 on, not ${specificationPs}`);
  }
  let worst: Omit<SourceGateDecision, 'accepted' | 'reason' | 'message' | 'secretBits' | 'specificationPs'> | undefined;
  let outside: DiodePair | undefined;
  for (const [i, estimate] of estimates.entries()) {
    checkEstimate(estimate, `estimates[${i}]`);
    const errorPs = sigmas * pairError(estimate.errorsPs);
    const length = securedKeyLength({
      ...request,
      sideChannels: { ...request.sideChannels, timing: { ...pulse, offsetsPs: estimate.offsetsPs, errorPs } },
    });
    const pair = worstPair(estimate.offsetsPs);
    if (specificationPs !== undefined && pair.distancePs > 2 * specificationPs + errorPs) outside ??= pair;
    if (worst !== undefined && worst.length.rawSecretBits <= length.rawSecretBits) continue;
    worst = { length, offsetsPs: centred(estimate.offsetsPs), worstPair: pair, errorPs };
  }
  const decision = { ...worst!, specificationPs: specificationPs ?? null };
  if (outside !== undefined) {
    const [a, b] = outside.diodes;
    return {
      ...decision,
      accepted: false,
      reason: 'specification',
      message: `Diodes ${a} and ${b} fire ${outside.distancePs.toPrecision(3)} ps apart, which the specification of ${specificationPs!.toPrecision(3)} ps either way does not allow.`,
      secretBits: 0,
    };
  }
  if (decision.length.secretBits === 0) {
    return {
      ...decision,
      accepted: false,
      reason: 'no-key',
      message: decision.length.refusals.join(' '),
      secretBits: 0,
    };
  }
  const { secretBits, plainSecretBits } = decision.length;
  return {
    ...decision,
    accepted: true,
    reason: 'accepted',
    message: `${secretBits} of ${plainSecretBits} bits stay with what the offsets may tell paid for.`,
    secretBits,
  };
}

/** A link to specify a transmitter for: counts as they are expected. */
export interface SpecificationRequest extends Omit<SecuredKeyLengthRequest, 'sideChannels'> {
  readonly sideChannels?: Omit<SideChannels, 'timing'>;
  readonly pulse: PulseShape;
  /** Standard error of the calibration of one diode, ps. */
  readonly calibrationErrorPs: number;
  /** Share of the length without offsets that must stay; 1/2 when left out. */
  readonly keyShare?: number;
  readonly sigmas?: number;
}

/**
 * The greatest distance of any diode from the middle of all, ps, with which the share of the key stays whatever the pattern
 * of offsets, errors of calibration included on both sides: a source inside it is accepted by `sourceGate` unless a
 * calibration is wrong by more than its sigmas. 0 when the calibration alone is too coarse. Throws FiniteKeyError.
 */
export function specificationPs(request: SpecificationRequest): number {
  const { pulse, calibrationErrorPs, keyShare = 0.5, sigmas = SIGMAS, sideChannels = {} } = request;
  checkSigmas(sigmas);
  if (!(Number.isFinite(calibrationErrorPs) && calibrationErrorPs >= 0)) {
    throw new FiniteKeyError('calibrationErrorPs', `must be a finite time in ps from 0 on, not ${calibrationErrorPs}`);
  }
  if (!(keyShare > 0 && keyShare <= 1)) {
    throw new FiniteKeyError('keyShare', `must lie above 0 and up to 1, not ${keyShare}`);
  }
  const wanted = keyShare * securedKeyLength({ ...request, sideChannels }).secretBits;
  // What is measured may be too far by the error, and the bound adds the error again.
  const errorPs = 2 * sigmas * Math.SQRT2 * calibrationErrorPs;
  const holds = (spreadPs: number): boolean => {
    const timing = { ...pulse, spreadPs, errorPs };
    const { secretBits } = securedKeyLength({ ...request, sideChannels: { ...sideChannels, timing } });
    return secretBits > 0 && secretBits >= wanted;
  };
  let low = 0;
  let high = pulse.pulseWidthPs;
  if (!holds(low)) return 0;
  for (let step = 0; step < 24 && high - low > 1e-3 * low; step++) {
    const middle = (low + high) / 2;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low / 2;
}

/** Standard error of the difference of the two worst known. */
function pairError(errorsPs: readonly number[]): number {
  const [first = 0, second = 0] = errorsPs.toSorted((a, b) => b - a);
  return Math.hypot(first, second);
}

function centred(offsetsPs: readonly number[]): number[] {
  const middle = (Math.max(...offsetsPs) + Math.min(...offsetsPs)) / 2;
  return offsetsPs.map((offset) => offset - middle);
}

function checkEstimate({ offsetsPs, errorsPs }: OffsetEstimate, field: string): void {
  checkOffsets(offsetsPs, `${field}.offsetsPs`);
  if (errorsPs.length !== offsetsPs.length || !errorsPs.every((error) => Number.isFinite(error) && error >= 0)) {
    throw new FiniteKeyError(
      `${field}.errorsPs`,
      `must be as many finite times in ps from 0 on as offsets, not ${JSON.stringify(errorsPs)}`,
    );
  }
}

function checkSigmas(sigmas: number): void {
  if (!(Number.isFinite(sigmas) && sigmas >= 0)) {
    throw new FiniteKeyError('sigmas', `must be a finite number from 0 on, not ${sigmas}`);
  }
}
