import type { Adversary, Attack, StrengthScale } from './adversary.ts';
import { sendingAside } from './aside.ts';
import { actsIn, checkedStrength } from './strength.ts';

/**
 * Every pulse is delayed or hurried to where the two detectors of a basis are not equally sensitive: the more sensitive one
 * is the likelier to have clicked. Of a detection she learns 1 - h(guess) bits, `guess` by Bayes from the efficiencies at
 * that shift. Nothing is measured, no error made. On detectors that are equal at all times she learns nothing and shows in
 * the arrival times alone.
 */

const scale: StrengthScale = { meaning: 'shift of every pulse in time', unit: 'ps', low: 0, high: 300, usual: 50 };

const reference = 'Qi et al., quant-ph/0512080; four detectors in free space: arXiv:2310.17476';

/** All pulses late by the same: the mean arrival moves with them. */
export const timeShift: Attack = {
  name: 'time-shift',
  description: 'every pulse is delayed to where the detectors of a basis are not equally sensitive',
  reference,
  kind: 'attack',
  visibility: 'D1',
  expected: 'tap',
  assumption: 'mismatch-bound',
  strength: scale,
  create(strength, time): Adversary {
    const send = sendingAside({ shiftPs: checkedStrength('time-shift', scale, strength) });
    return {
      name: 'time-shift',
      visibility: 'D1',
      act(pulse, conditions, out) {
        if (actsIn(conditions, time)) send(pulse, conditions, out, pulse.probability);
      },
    };
  },
};

/** Half of the pulses early, half late, drawn pulse by pulse: the mean arrival stays, its spread grows. */
export const timeShiftTwoSided: Attack = {
  name: 'time-shift-two-sided',
  description: 'every pulse is delayed or hurried, at random, so that the mean time of arrival stays',
  reference,
  kind: 'attack',
  visibility: 'D1',
  expected: 'tap',
  assumption: 'mismatch-bound',
  strength: scale,
  create(strength, time): Adversary {
    checkedStrength('time-shift-two-sided', scale, strength);
    const hurry = sendingAside({ shiftPs: -strength });
    const delay = sendingAside({ shiftPs: strength });
    return {
      name: 'time-shift-two-sided',
      visibility: 'D1',
      act(pulse, conditions, out) {
        if (!actsIn(conditions, time)) return;
        hurry(pulse, conditions, out, pulse.probability / 2);
        delay(pulse, conditions, out, pulse.probability / 2);
      },
    };
  },
};
