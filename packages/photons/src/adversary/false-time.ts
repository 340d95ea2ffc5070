import type { BinConditions } from '../light/conditions.ts';
import type { Adversary, Attack, StrengthScale } from './adversary.ts';
import { actsIn, checkedStrength } from './strength.ts';

/** Metres that light goes in a nanosecond. */
const M_PER_NS = 0.299792458;

const stepScale: StrengthScale = {
  meaning: "step of the receiver's clock by spoofed satellite navigation",
  unit: 'ns',
  low: 0,
  high: 1e6,
  usual: 10,
};

const rampScale: StrengthScale = {
  meaning: "rate at which spoofed satellite navigation drags the receiver's clock",
  unit: 'ns/s',
  low: 0,
  high: 1e4,
  usual: 1,
};

/**
 * Bob's clock runs ahead by `aheadNs`: all of Alice's light seems late by as much, in the end outside its gate or in the
 * slot of another pulse; range from the sync pulses grows with it, and the sync clock stays behind the false one. Only
 * service is lost: a slot that is attributed wrongly gives errors, not knowledge.
 */
function mislead(conditions: BinConditions, aheadNs: number): void {
  conditions.arrivalShiftPs += aheadNs * 1000;
  conditions.monitors.clockResidualPs -= aheadNs * 1000;
  conditions.monitors.rangeResidualM += aheadNs * M_PER_NS;
}

export const falseTime: Attack = {
  name: 'false-time',
  description: "spoofed satellite navigation sets the receiver's clock ahead at once",
  reference: 'Humphreys et al., Proc. ION GNSS 2012 (recorded spoofing attacks, TEXBAT)',
  kind: 'attack',
  visibility: 'D1',
  expected: 'time',
  assumption: null,
  strength: stepScale,
  create(strength, time): Adversary {
    checkedStrength('false-time', stepScale, strength);
    return {
      name: 'false-time',
      visibility: 'D1',
      clock(conditions) {
        if (actsIn(conditions, time)) mislead(conditions, strength);
      },
    };
  },
};

/** The clock keeps what it was dragged to while the attack lasts; a bin has the value of its middle. */
export const falseTimeRamp: Attack = {
  name: 'false-time-ramp',
  description: "spoofed satellite navigation drags the receiver's clock ahead slowly",
  reference: 'Humphreys et al., Proc. ION GNSS 2012 (recorded spoofing attacks, TEXBAT)',
  kind: 'attack',
  visibility: 'D1',
  expected: 'time',
  assumption: null,
  strength: rampScale,
  create(strength, time): Adversary {
    checkedStrength('false-time-ramp', rampScale, strength);
    return {
      name: 'false-time-ramp',
      visibility: 'D1',
      clock(conditions) {
        if (!actsIn(conditions, time)) return;
        const middleS = conditions.startS + conditions.durationS / 2;
        mislead(conditions, strength * (middleS - (time?.fromS ?? 0)));
      },
    };
  },
};
