import type { Adversary, Attack } from './adversary.ts';
import { brighterSource } from './intensity.ts';
import { actsIn, checkedStrength } from './strength.ts';

/**
 * A strong laser burns an attenuator that stands behind the power meter, so that the meter sees nothing: from the moment
 * on at which her time begins all pulses are brighter, for good, also after she has gone. The self-test of the
 * transmitter shows the step at its next run, which is taken to be in every bin. While she acts she uses the pulses as
 * under `intensity`; afterwards Bob sees the brighter light. A harness draws the moment.
 */
export const laserDamage: Attack = {
  name: 'laser-damage',
  description: 'burns the attenuator so that all pulses become brighter for good, behind the power meter',
  reference: 'Huang et al., arXiv:1905.10795 (laser damage to attenuators)',
  kind: 'attack',
  visibility: 'D2',
  expected: 'source',
  assumption: 'self-test',
  strength: { meaning: 'relative rise of all intensities by the damage', unit: '', low: 0, high: 1, usual: 0.1 },
  create(strength, time): Adversary {
    checkedStrength('laser-damage', laserDamage.strength, strength);
    return brighterSource(
      'laser-damage',
      1 + strength,
      ({ startS }) => startS >= (time?.fromS ?? 0),
      (conditions) => actsIn(conditions, time),
      ({ monitors }) => {
        monitors.selfTestDeviation = Math.max(monitors.selfTestDeviation, strength);
      },
    );
  },
};
