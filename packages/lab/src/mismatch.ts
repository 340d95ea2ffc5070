/** What the receiver of a study vouches for: how unequal its detectors can be made, and how often they tell on themselves. */
import { mismatchOf } from '@skykey/finitekey';
import type { DetectorFlaws, Receiver } from '@skykey/photons';
import { EFFICIENCY } from './wander.ts';

/** Tilts that come past the field stop, microradian. */
export const MOST_TILT_MICRO_RAD = 100;
/** Light that arrives further from the gate than so many standard deviations of the jitter makes no click in it. */
const JITTERS = 5;
const STEPS = 20;
/** Standard deviations by which the efficiency of a detector may have drifted, each for itself. */
export const DRIFTS = 5;

/** Times of arrival, ps about the centre of a slot, at which light may make a click that counts. */
export function mostArrivalPs({ gateNs, jitterPs }: Receiver, pulseRateHz: number): number {
  // The windows of detectors open in every slot: there is nothing beyond half of one.
  return Math.min(0.5e12 / pulseRateHz, gateNs * 500 + JITTERS * jitterPs);
}

/**
 * The greatest relative difference of efficiencies over all times at which a click counts and all tilts, when the efficient
 * detector has drifted up and the other down.
 */
export function receiverMismatch(receiver: Receiver, pulseRateHz: number): number {
  const detectors = receiver.flaws?.detectors ?? [];
  const mostPs = mostArrivalPs(receiver, pulseRateHz);
  const modes: number[][] = [];
  for (let t = -STEPS; t <= STEPS; t++) {
    for (let a = -STEPS; a <= STEPS; a++) {
      const at = { timePs: (mostPs * t) / STEPS, tiltMicroRad: (MOST_TILT_MICRO_RAD * a) / STEPS };
      modes.push(detectors.map((detector) => efficiencyAt(detector, at)));
    }
  }
  const built = detectors.length === 0 ? 0 : mismatchOf(modes);
  const drift = DRIFTS * EFFICIENCY.sd;
  return 1 - ((1 - built) * (1 - drift)) / (1 + drift);
}

function efficiencyAt(
  { efficiency = 1, timeResponse, angleResponse }: DetectorFlaws,
  { timePs, tiltMicroRad }: { readonly timePs: number; readonly tiltMicroRad: number },
): number {
  const inTime = timeResponse ? gaussian(timePs - timeResponse.centrePs, timeResponse.widthPs) : 1;
  const inAngle = angleResponse
    ? gaussian(tiltMicroRad - angleResponse.centreMicroRad, angleResponse.widthMicroRad)
    : 1;
  return efficiency * inTime * inAngle;
}

const gaussian = (x: number, sd: number): number => Math.exp(-(x * x) / (2 * sd * sd));

/** The largest probability of any detector. */
export function receiverBackFlash({ flaws }: Receiver): number {
  return Math.max(0, ...(flaws?.detectors ?? []).map(({ backFlash = 0 }) => backFlash));
}
