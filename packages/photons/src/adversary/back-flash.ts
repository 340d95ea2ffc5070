import type { Adversary, Attack, StrengthScale } from './adversary.ts';
import { actsIn, checkedStrength } from './strength.ts';

const scale: StrengthScale = {
  meaning: 'share of the time in which she watches for light from the detectors',
  unit: '',
  low: 0,
  high: 1,
  usual: 1,
};

/**
 * She looks into the receiver: an avalanche sends light back, and from its path she tells which of the four detectors
 * clicked. Nothing at Bob changes. She knows the bit of a click with the probability `backFlash` of its detector, if Alice's
 * light made it: the detector of a noise count says nothing of the bit that Alice sent, which is the key's. How often that is, nobody has measured on this receiver, so that it is an assumption and paid as a leak.
 * A bin is watched or not, drawn from her own stream.
 */
export const backFlash: Attack = {
  name: 'back-flash',
  description: 'light that avalanche diodes send back when they click tells her which detector it was',
  reference: 'Pinheiro et al., arXiv:1804.10317',
  kind: 'attack',
  visibility: 'D3',
  expected: 'clean',
  assumption: 'back-flash-bound',
  strength: scale,
  create(strength, time): Adversary {
    checkedStrength('back-flash', scale, strength);
    return {
      name: 'back-flash',
      visibility: 'D3',
      detector(conditions, random) {
        const watched = random.uniform() < strength;
        if (watched && actsIn(conditions, time)) conditions.backFlashCaught = true;
      },
    };
  },
};
