import { PhotonsError } from './error.ts';
import { gateTransmission } from './gate.ts';
import type { LinkTrace, Receiver, Source } from './link.ts';
import { checkReceiver, checkSource, checkTrace } from './sampler/check.ts';

/** One pulse of one intensity on a steady link. */
export interface PulseSetting {
  /** Mean photon number at the transmitter exit. */
  readonly meanPhotons: number;
  /** Transmitter exit to receiver front, 0..1. */
  readonly channelTransmittance: number;
  /** Receiver front to photo-electron, 0..1. */
  readonly receiverTransmittance: number;
  /** Expected noise counts per gate and detector. */
  readonly noisePerGate: number;
  /** Probability that a photon measured in the right basis leaves by the wrong port. */
  readonly misalignment: number;
  /** Probability that the receiver measures a photon in X. */
  readonly basisXProbability: number;
  /** Probability that the source prepares in X. */
  readonly sourceBasisXProbability: number;
  /** Share of photo-electrons in the gate, 1 unless given; see `gateTransmission`. */
  readonly gateTransmission?: number;
  /** Share of pulses under intercept-resend (`interceptResend`), 0 unless given. */
  readonly interceptedFraction?: number;
}

/**
 * Probabilities per pulse, dead time aside. Bob settles a slot with several clicks as the protocol does: clicks in both
 * bases, and he takes one of the two at random; both detectors of his basis, and he takes a random bit.
 */
export interface PulseExpectation {
  /** At least one click. */
  readonly gain: number;
  /** Settled in the basis in which Alice prepared. */
  readonly matched: number;
  /** Settled so, and with the wrong bit. */
  readonly matchedErrors: number;
  /** `matchedErrors / matched`; NaN where nothing can click. */
  readonly qber: number;
  /** Clicks in two detectors or more. */
  readonly doubleClick: number;
}

/** The four detectors as Alice's state sees them: right port, wrong port, and the two of the other basis. */
const ways = [0, 1, 2, 3] as const;

/**
 * Closed form of a coherent pulse (Poisson counts, independent between detectors) and of intercept-resend (one photon in
 * Eve's state, so at most one photo-electron), both with Poisson noise in every detector; the sums over the fifteen
 * click patterns have positive terms only and keep their accuracy at gains of 1e-12.
 *
 * For weak pulses and little noise the error rate under intercept-resend of a share f is e (1 - f/2) + f/4.
 */
export function expectedLink(pulse: PulseSetting): PulseExpectation {
  const { meanPhotons, channelTransmittance, receiverTransmittance, noisePerGate, misalignment } = pulse;
  const { gateTransmission = 1, interceptedFraction = 0 } = pulse;
  const arriving = meanPhotons * channelTransmittance;
  const visible = receiverTransmittance * gateTransmission;
  const answered = -Math.expm1(-arriving) * visible;
  const tally = { gain: 0, matched: 0, matchedErrors: 0, doubleClick: 0 };
  for (const [prepared, measured] of [
    [pulse.sourceBasisXProbability, pulse.basisXProbability],
    [1 - pulse.sourceBasisXProbability, 1 - pulse.basisXProbability],
  ] as const) {
    const other = (1 - measured) / 2;
    const alice = [measured * (1 - misalignment), measured * misalignment, other, other];
    // Half of Eve's photons are in Alice's state, half in the other basis, where both ports are alike.
    const eve = [measured * (0.75 - misalignment / 2), measured * (0.25 + misalignment / 2), other, other];
    const dark = -Math.expm1(-noisePerGate);
    const honest = alice.map((share) => -Math.expm1(-arriving * visible * share - noisePerGate));
    addPatterns(tally, prepared * (1 - interceptedFraction), honest);
    if (interceptedFraction === 0) continue;
    const attacked = prepared * interceptedFraction;
    addPatterns(tally, attacked * (1 - answered), [dark, dark, dark, dark]);
    for (const way of ways) {
      const clicks = ways.map((detector) => (detector === way ? 1 : dark));
      addPatterns(tally, attacked * answered * eve[way]!, clicks);
    }
  }
  return { ...tally, qber: tally.matchedErrors / tally.matched };
}

type Tally = { gain: number; matched: number; matchedErrors: number; doubleClick: number };

/** Adds all patterns of independent detectors that click with these probabilities, in the order of `ways`. */
function addPatterns(tally: Tally, weight: number, clicks: readonly number[]): void {
  for (let pattern = 1; pattern < 16; pattern++) {
    let probability = weight;
    for (const way of ways) probability *= (pattern >> way) & 1 ? clicks[way]! : 1 - clicks[way]!;
    tally.gain += probability;
    if (pattern & (pattern - 1)) tally.doubleClick += probability;
    const inBasis = pattern & 3;
    if (inBasis === 0) continue;
    const settledHere = pattern & 12 ? probability / 2 : probability;
    tally.matched += settledHere;
    if (inBasis !== 1) tally.matchedErrors += inBasis === 2 ? settledHere : settledHere / 2;
  }
}

export interface PassSetting {
  readonly trace: LinkTrace;
  readonly source: Source;
  readonly receiver: Receiver;
  /** Share of pulses under intercept-resend (`interceptResend`), 0 unless given. */
  readonly interceptedFraction?: number;
}

/** Expected numbers of slots over a pass for one intensity. */
export interface IntensityExpectation {
  readonly name: string;
  readonly pulses: number;
  readonly detected: number;
  readonly matched: number;
  readonly matchedErrors: number;
  readonly doubleClicks: number;
}

/** Sums `expectedLink` over the bins of a pass, by intensity; dead time aside. Throws PhotonsError as `createPass` does. */
export function expectedPass(pass: PassSetting): IntensityExpectation[] {
  const { trace, source, receiver, interceptedFraction = 0 } = pass;
  checkSource(source);
  checkReceiver(receiver, source.pulseRateHz);
  const pulsesPerBin = checkTrace(trace, source.pulseRateHz);
  if (!(interceptedFraction >= 0 && interceptedFraction <= 1)) {
    const rule = `interceptedFraction is ${interceptedFraction}; it must be from 0 to 1`;
    throw new PhotonsError('photons/adversary', rule);
  }
  const bins = trace.channelTransmittance.length;
  return source.intensities.map(({ name, meanPhotons, probability }) => {
    const perBin = pulsesPerBin * probability;
    const sum = { name, pulses: perBin * bins, detected: 0, matched: 0, matchedErrors: 0, doubleClicks: 0 };
    for (let bin = 0; bin < bins; bin++) {
      const expected = expectedLink({
        meanPhotons,
        channelTransmittance: trace.channelTransmittance[bin]!,
        receiverTransmittance: trace.receiverTransmittance,
        noisePerGate: trace.noisePerGate[bin]!,
        misalignment: receiver.misalignment,
        basisXProbability: receiver.basisXProbability,
        sourceBasisXProbability: source.basisXProbability,
        gateTransmission: gateTransmission(receiver),
        interceptedFraction,
      });
      sum.detected += perBin * expected.gain;
      sum.matched += perBin * expected.matched;
      sum.matchedErrors += perBin * expected.matchedErrors;
      sum.doubleClicks += perBin * expected.doubleClick;
    }
    return sum;
  });
}

/**
 * Error rate of basis-matched signal slots (the first intensity) over a whole pass: what an alarm should expect. Throws
 * `photons/trace` when no such slot can be detected.
 */
export function expectedQberSignal(pass: PassSetting): number {
  const signal = expectedPass(pass)[0]!;
  if (signal.matched === 0) {
    throw new PhotonsError('photons/trace', 'the trace lets no signal pulse be detected, so there is no error rate');
  }
  return signal.matchedErrors / signal.matched;
}
