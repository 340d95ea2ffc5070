import { Statistics } from '../light/branches.ts';
import type { Adversary, Attack } from './adversary.ts';
import { keptGuess } from './forward.ts';
import { actsIn, checkedStrength } from './strength.ts';

/**
 * She collects a share of the light that the honest way would lose, and keeps it until bases are announced. Bob's light
 * is coherent and what it was: there is nothing to see. Her photons and Bob's are independent, so she holds one with
 * probability 1 - e^-(share * mean * (1 - transmittance)); a pulse that Bob detected and of which she holds a photon had
 * two, so that the decoy bound, which grants her all multi-photon pulses, pays for it.
 */
export const beamSplitting: Attack = {
  name: 'beam-splitting',
  description: 'collects light that misses the receiver and keeps it until bases are announced',
  reference: 'Bennett et al., J. Cryptology 5, 3 (1992); Trushechkin et al., arXiv:2101.10128',
  kind: 'attack',
  visibility: 'D3',
  expected: 'clean',
  assumption: null,
  strength: { meaning: 'share of the lost light that is collected', unit: '', low: 0, high: 1, usual: 1 },
  create(strength, time): Adversary {
    checkedStrength('beam-splitting', beamSplitting.strength, strength);
    return {
      name: 'beam-splitting',
      visibility: 'D3',
      act(pulse, conditions, out) {
        if (!actsIn(conditions, time)) return;
        const { kind, probability, meanPhotons, angleRad, purity } = pulse;
        const { channelTransmittance } = conditions;
        const amount = meanPhotons * channelTransmittance;
        const light = { statistics: Statistics.coherent, amount, angleRad, purity };
        const without = Math.exp(-strength * meanPhotons * (1 - channelTransmittance));
        out.add(kind, probability * without, light, { guess: 0.5, attacked: true });
        out.add(kind, probability * (1 - without), light, { guess: keptGuess(pulse), attacked: true });
      },
    };
  },
};
