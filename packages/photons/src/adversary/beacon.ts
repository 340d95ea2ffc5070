import { Statistics } from '../light/branches.ts';
import type { Adversary, Attack, StrengthScale } from './adversary.ts';
import { unpolarised } from './aside.ts';
import { answerOf, guessByEfficiency, oncePerBin, visibilityOf } from './receiver-answer.ts';
import { actsIn, checkedStrength } from './strength.ts';

/** Assumed: angle at which the receiver's field has lost half of a point's light; half of a field of 50 microradian. */
const HALF_FIELD_MICRO_RAD = 25;

const scale: StrengthScale = {
  meaning: 'angle between the false beacon and the true one',
  unit: 'microradian',
  low: 0,
  high: 100,
  usual: 10,
};

/**
 * The receiver tracks a false beacon as bright as the true one, beside it: it points off by the angle, Alice's light comes in
 * tilted and is partly lost at the field stop (taken as Gaussian). Against the ephemeris the tracked direction is off by the
 * same angle. Service suffers; all that she learns is what detectors that differ with the angle give away, as to anybody.
 */
export const falseBeacon: Attack = {
  name: 'false-beacon',
  description: 'the receiver is led to track a false beacon and points beside the satellite',
  reference: 'class of spoofing in Krelina, arXiv:2310.08728; figures assumed',
  kind: 'attack',
  visibility: 'D1',
  expected: 'time',
  assumption: 'mismatch-bound',
  strength: scale,
  create(strength, time): Adversary {
    checkedStrength('false-beacon', scale, strength);
    const left = 0.5 ** ((strength / HALF_FIELD_MICRO_RAD) ** 2);
    const aside = { ...unpolarised, tiltMicroRad: strength };
    const answerAside = oncePerBin((conditions, offsetPs) => answerOf(conditions, aside, offsetPs));
    return {
      name: 'false-beacon',
      visibility: 'D1',
      clock(conditions) {
        if (actsIn(conditions, time)) conditions.monitors.beaconResidualMicroRad += strength;
      },
      act(pulse, conditions, out) {
        if (!actsIn(conditions, time)) return;
        const answer = answerAside(conditions, pulse.offsetPs);
        out.add(
          pulse.kind,
          pulse.probability,
          {
            statistics: Statistics.coherent,
            amount: pulse.meanPhotons * conditions.channelTransmittance * left,
            angleRad: pulse.angleRad,
            purity: pulse.purity,
            tiltMicroRad: strength,
          },
          {
            guess: 0.5,
            clickGuess: guessByEfficiency(answer, pulse.basis, visibilityOf(pulse, conditions)),
            attacked: true,
            own: true,
          },
        );
      },
    };
  },
};
