import type { BinConditions } from '../light/conditions.ts';
import type { Adversary, Attack, StrengthScale } from './adversary.ts';
import { faking } from './blinding.ts';
import { actsIn, checkedStrength } from './strength.ts';

/**
 * Faked states without blinding light, for which time does the work of the power meter: detectors that are gated answer to
 * a bright pulse in linear mode once their gate is over, and a click comes the earlier, the more energy made it.
 *
 * What it does depends on who cuts the gate. A receiver of this engine runs free and cuts it in the time tags: a pulse well
 * after the gate is counted, and thrown away. She therefore puts her pulses on the late edge, where by jitter half of the
 * clicks fall inside and count and half outside; the tail of the arrival times and the clicks outside the gate show it.
 * Detectors are taken to be in linear mode there, as those are whose own gate ends with Bob's: only against a receiver with
 * such detectors is this an attack, and there of class D1. On free-running avalanche diodes it is of class D1 too and
 * worthless: they click on what she sends in every port, half of the bits are wrong, and she learns nothing. What she can
 * do to one is keep it dead (`dead-time.ts`).
 */

const scale: StrengthScale = {
  meaning: 'share of pulses measured and faked at the end of the gate',
  unit: '',
  low: 0,
  high: 1,
  usual: 0.1,
};

/** By how much a click is later for half the energy: 2 ns over 50 dB (arXiv:2603.07538), taken as straight in dB, ps. */
const HALF_ENERGY_LATER_PS = (2000 / 50) * 10 * Math.log10(2);

const edgePs = ({ receiver }: BinConditions): number => receiver.gateNs * 500;

export const afterGate: Attack = {
  name: 'after-gate',
  description: 'bright faked states at the end of the gate of gated detectors, where they answer in linear mode',
  reference: 'Ferreira da Silva et al., Opt. Express 20, 18911 (2012), arXiv:1208.0532',
  kind: 'attack',
  visibility: 'D1',
  expected: 'tap',
  assumption: 'gated-detectors-checked',
  strength: scale,
  create(strength, time): Adversary {
    checkedStrength('after-gate', scale, strength);
    const fake = faking({ share: strength, arrivalPs: edgePs });
    return {
      name: 'after-gate',
      visibility: 'D1',
      act(pulse, conditions, out) {
        if (actsIn(conditions, time)) fake(pulse, conditions, out);
      },
    };
  },
};

/**
 * Here the detectors of the other basis click too, with half the energy: the click that she wants comes on the edge of the
 * gate, theirs later and mostly outside. What jitter brings back inside of them is errors. Of gated detectors alone, as
 * above.
 */
export const energyTime: Attack = {
  name: 'energy-time',
  description: 'bright pulses that gated detectors click on inside the gate at full energy, and after it at half',
  reference: 'Energy-time attack on detectors in quantum key distribution, arXiv:2603.07538 (2026)',
  kind: 'attack',
  visibility: 'D1',
  expected: 'tap',
  assumption: 'gated-detectors-checked',
  strength: scale,
  create(strength, time): Adversary {
    checkedStrength('energy-time', scale, strength);
    const fake = faking({ share: strength, arrivalPs: edgePs, othersLaterPs: HALF_ENERGY_LATER_PS });
    return {
      name: 'energy-time',
      visibility: 'D1',
      act(pulse, conditions, out) {
        if (actsIn(conditions, time)) fake(pulse, conditions, out);
      },
    };
  },
};
