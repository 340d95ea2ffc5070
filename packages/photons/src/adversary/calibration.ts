import type { BinConditions } from '../light/conditions.ts';
import type { Adversary, Attack, StrengthScale } from './adversary.ts';
import { countsPerPhoton, sendingAside } from './aside.ts';
import { actsIn, checkedStrength } from './strength.ts';

/** Assumed where the receiver states no time response: standard deviation of a detector's window of sensitivity, ps. */
const WINDOW_PS = 300;

const scale: StrengthScale = {
  meaning: 'how far apart the windows of the detectors for 0 and for 1 were set',
  unit: 'ps',
  low: 0,
  high: 1000,
  usual: 200,
};

/**
 * She stood between the ends when the receiver was calibrated: the windows of sensitivity (Gaussian) of the detectors for 0
 * and those for 1 now lie apart by the strength, though the receiver believes them aligned. In the pass she moves the light
 * into one window or the other, which of them she draws anew for every bin so that the bits balance over the pass; the
 * detectors that are left aside lose efficiency, and the likelier one is her guess. Since the false calibration also
 * corrects the time tags, arrival times stay as they are: that is granted to her. A self-test by an independent calibrator
 * sees the deviation.
 */
export const calibration: Attack = {
  name: 'calibration',
  description: 'calibration signals were intercepted and the windows of the detectors set apart',
  reference: 'Fei et al., Sci. Rep. 8, 4283 (2018), arXiv:1803.04407',
  kind: 'attack',
  visibility: 'D2',
  expected: 'tap',
  assumption: 'self-test',
  strength: scale,
  create(strength, time): Adversary {
    checkedStrength('calibration', scale, strength);
    let perPhoton = 0;
    const send = sendingAside({}, () => perPhoton);
    return {
      name: 'calibration',
      visibility: 'D2',
      detector(conditions, random) {
        const bit = random.uniform() < 0.5 ? 0 : 1;
        if (!actsIn(conditions, time)) return;
        perPhoton = countsPerPhoton(conditions, 0);
        leaveAside(conditions, bit, strength);
      },
      act(pulse, conditions, out) {
        if (actsIn(conditions, time)) send(pulse, conditions, out, pulse.probability);
      },
    };
  },
};

/** The detectors of a bit stand off the light by as much as the windows lie apart. */
function leaveAside(conditions: BinConditions, bit: 0 | 1, apartPs: number): void {
  let deviation = 0;
  for (const detector of [bit, 2 + bit]) {
    const widthPs = conditions.receiver.flaws?.detectors?.[detector]?.timeResponse?.widthPs ?? WINDOW_PS;
    const left = Math.exp(-((apartPs / widthPs) ** 2) / 2);
    conditions.efficiencyScale[detector]! *= left;
    deviation = Math.max(deviation, 1 - left);
  }
  conditions.monitors.selfTestDeviation += deviation;
}
