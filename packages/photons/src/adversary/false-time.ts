import { type Branches, Statistics } from '../light/branches.ts';
import type { BinConditions } from '../light/conditions.ts';
import type { Adversary, Attack, Pulse, StrengthScale } from './adversary.ts';
import { unpolarised } from './aside.ts';
import { answerOf, guessByEfficiency, oncePerBin, visibilityOf } from './receiver-answer.ts';
import { type ActingTime, actsIn, checkedStrength } from './strength.ts';

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
 * slot of another pulse; range from the sync pulses grows with it, and the sync clock stays behind the false one.
 */
function mislead(conditions: BinConditions, aheadNs: number): void {
  conditions.arrivalShiftPs += aheadNs * 1000;
  conditions.monitors.clockResidualPs -= aheadNs * 1000;
  conditions.monitors.rangeResidualM += aheadNs * M_PER_NS;
}

/**
 * She touches no pulse, and what is attributed to a wrong slot gives errors, not knowledge. But windows of sensitivity go
 * with Bob's clock: where light misses their middle it is a time shift (`time-shift.ts`), and tells as much, though what
 * detectors miss by it is not made up.
 */
function misleading(name: string, aheadNs: (conditions: BinConditions) => number, time?: ActingTime): Adversary {
  const answerLate = oncePerBin((conditions, offsetPs) => answerOf(conditions, unpolarised, offsetPs));
  return {
    name,
    visibility: 'D1',
    clock(conditions) {
      if (actsIn(conditions, time)) mislead(conditions, aheadNs(conditions));
    },
    act(pulse: Pulse, conditions: BinConditions, out: Branches): void {
      if (!actsIn(conditions, time)) return;
      const { angleRad, purity } = pulse;
      const amount = pulse.meanPhotons * conditions.channelTransmittance;
      const answer = answerLate(conditions, pulse.offsetPs);
      const clickGuess = guessByEfficiency(answer, pulse.basis, visibilityOf(pulse, conditions));
      const light = { statistics: Statistics.coherent, amount, angleRad, purity };
      out.add(pulse.kind, pulse.probability, light, { guess: 0.5, clickGuess, attacked: false });
    },
  };
}

export const falseTime: Attack = {
  name: 'false-time',
  description: "spoofed satellite navigation sets the receiver's clock ahead at once",
  reference: 'Humphreys et al., Proc. ION GNSS 2012 (recorded spoofing attacks, TEXBAT)',
  kind: 'attack',
  visibility: 'D1',
  expected: 'time',
  assumption: 'mismatch-bound',
  strength: stepScale,
  create(strength, time): Adversary {
    checkedStrength('false-time', stepScale, strength);
    return misleading('false-time', () => strength, time);
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
  assumption: 'mismatch-bound',
  strength: rampScale,
  create(strength, time): Adversary {
    checkedStrength('false-time-ramp', rampScale, strength);
    const fromS = time?.fromS ?? 0;
    const aheadNs = ({ startS, durationS }: BinConditions): number => strength * (startS + durationS / 2 - fromS);
    return misleading('false-time-ramp', aheadNs, time);
  },
};
