/** What the receiver of a study vouches for: how unequal its detectors can be made, and how often they tell on themselves. */
import { mismatchOf } from '@skykey/finitekey';
import type { DetectorFlaws, Receiver } from '@skykey/photons';

/** Modes that reach a detector: time of arrival, ps, and tilt, microradian; beyond them gate and field stop end the light. */
const MOST_TILT_MICRO_RAD = 100;
const STEPS = 20;
/** Efficiencies move by about 1 % with temperature (`weather.ts`), each detector for itself: four standard deviations. */
const DRIFT = 0.04;

/** The greatest relative difference of efficiencies over all times in the gate and all tilts, drift included. */
export function receiverMismatch({ gateNs, flaws }: Receiver): number {
  const detectors = flaws?.detectors ?? [];
  const edgePs = gateNs * 500;
  const modes: number[][] = [];
  for (let t = -STEPS; t <= STEPS; t++) {
    for (let a = -STEPS; a <= STEPS; a++) {
      const at = { timePs: (edgePs * t) / STEPS, tiltMicroRad: (MOST_TILT_MICRO_RAD * a) / STEPS };
      modes.push(detectors.map((detector) => efficiencyAt(detector, at)));
    }
  }
  return detectors.length === 0 ? DRIFT : 1 - (1 - mismatchOf(modes)) * (1 - DRIFT);
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
