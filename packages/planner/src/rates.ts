/**
 * What detectors are expected to count per second of a link: basis-matched events by class (intensity of a decoy source,
 * or the one class of pairs), basis and outcome. Events of different cells are independent Poisson counts.
 */
import { expectedLink, gateTransmission, type Receiver, type Source } from '@skykey/photons';

/** Cells of one class. Basis 0 (X) makes key and basis 1 (Z) tests, as in a live session. */
export const Cell = { keyRight: 0, keyWrong: 1, testRight: 2, testWrong: 3 } as const;
export const CELLS = 4;

/** One end of a link at one moment. */
export interface Arm {
  /** From the transmitter exit to the front of the detectors, mean over fading. */
  readonly transmittance: number;
  readonly detectorEfficiency: number;
  /** Background and dark counts of each detector, ungated, counts/s. */
  readonly noiseHz: number;
  readonly receiver: Receiver;
}

/** Of each basis. */
const DETECTORS = 2;

/** Share of time in which a detector is not dead, at this rate of clicks if it never were; it does not prolong itself. */
const liveShare = (rateHz: number, { deadTimeNs }: Receiver): number => 1 / (1 + rateHz * deadTimeNs * 1e-9);

/**
 * Counts per second behind a decoy source, written to `into` as `CELLS` numbers an intensity: the closed forms of
 * `expectedLink` (which settles several clicks as the protocol does), less dead time, less the share `monitored` that a
 * live session discloses during the pass. Returns the largest share of its time that a detector is dead.
 *
 * Fading: the mean transmittance gives the mean counts as long as clicks are linear in it, to a relative
 * sigma^2 (mu eta + rate x dead time) / 2 with the variance sigma^2 of the normalised irradiance.
 */
export function decoyRates(source: Source, arm: Arm, monitored: number, into: Float64Array): number {
  const { receiver } = arm;
  const noisePerGate = arm.noiseHz * receiver.gateNs * 1e-9;
  const inGate = gateTransmission(receiver);
  const visible = arm.transmittance * arm.detectorEfficiency * inGate;
  const kept = source.pulseRateHz * (1 - monitored);
  let dead = 0;
  for (const basis of [0, 1] as const) {
    const measured = basis === 0 ? receiver.basisXProbability : 1 - receiver.basisXProbability;
    const prepared = basis === 0 ? source.basisXProbability : 1 - source.basisXProbability;
    let click = 0;
    for (const { meanPhotons, probability } of source.intensities) {
      click += probability * -Math.expm1((-meanPhotons * visible * measured) / 2 - noisePerGate);
    }
    const live = liveShare(click * source.pulseRateHz, receiver);
    dead = Math.max(dead, 1 - live);
    for (const [k, { meanPhotons, probability }] of source.intensities.entries()) {
      const { matched, matchedErrors } = expectedLink({
        meanPhotons,
        channelTransmittance: arm.transmittance,
        receiverTransmittance: arm.detectorEfficiency,
        noisePerGate,
        misalignment: receiver.misalignment,
        basisXProbability: receiver.basisXProbability,
        sourceBasisXProbability: 1 - basis,
        gateTransmission: inGate,
      });
      const perSecond = kept * probability * prepared * live;
      const cell = CELLS * k + 2 * basis;
      into[cell] = perSecond * (matched - matchedErrors);
      into[cell + 1] = perSecond * matchedErrors;
    }
  }
  return dead;
}

/** Source of entangled pairs, one photon to each of two arms. */
export interface PairSource {
  readonly pairRateHz: number;
  /** 1 for perfect correlation in both bases. */
  readonly visibility: number;
}

/**
 * Coincidences per second of two arms, written to `into` as `CELLS` numbers. Pairs: pair rate times both transmissions
 * times the share of time differences that falls in the window, whose width is the smaller gate and whose jitter is that of
 * both receivers; wrong with probability (1 - V (1 - 2 m_A) (1 - 2 m_B)) / 2. Accidentals: the product of the singles
 * rates in the detectors of that basis (photons whose partner was lost or belongs to another pair, background, dark
 * counts) times the window, wrong half of the time: for a Poisson process of pairs that is exact, double pairs included.
 * Returns the largest share of its time that a detector is dead.
 */
export function pairRates(source: PairSource, a: Arm, b: Arm, into: Float64Array): number {
  const arrive = ({ transmittance, detectorEfficiency }: Arm): number => transmittance * detectorEfficiency;
  const gateNs = Math.min(a.receiver.gateNs, b.receiver.gateNs);
  const jitterPs = Math.hypot(a.receiver.jitterPs, b.receiver.jitterPs);
  const together = source.pairRateHz * arrive(a) * arrive(b) * gateTransmission({ ...a.receiver, gateNs, jitterPs });
  const flips = (1 - 2 * a.receiver.misalignment) * (1 - 2 * b.receiver.misalignment);
  let dead = 0;
  for (const basis of [0, 1] as const) {
    const share = ({ receiver: { basisXProbability: x } }: Arm): number => (basis === 0 ? x : 1 - x);
    const singles = (arm: Arm): number => source.pairRateHz * arrive(arm) * share(arm) + DETECTORS * arm.noiseHz;
    const liveA = liveShare(singles(a) / DETECTORS, a.receiver);
    const liveB = liveShare(singles(b) / DETECTORS, b.receiver);
    dead = Math.max(dead, 1 - liveA, 1 - liveB);
    const pairs = together * share(a) * share(b) * liveA * liveB;
    const accidental = singles(a) * singles(b) * gateNs * 1e-9 * liveA * liveB;
    const wrong = pairs * (0.5 - (source.visibility * flips) / 2) + accidental / 2;
    into[2 * basis] = pairs + accidental - wrong;
    into[2 * basis + 1] = wrong;
  }
  return dead;
}
