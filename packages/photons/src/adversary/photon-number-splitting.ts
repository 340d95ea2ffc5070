import type { Branches } from '../light/branches.ts';
import type { BinConditions } from '../light/conditions.ts';
import { pulseKinds } from '../light/kinds.ts';
import type { Adversary, Attack, Pulse } from './adversary.ts';
import { averageOfClass, blocks, frontProbability, handsOverSome, keptGuess, passes } from './forward.ts';
import { multiPhotonProbability } from './photon-numbers.ts';
import { actsIn, checkedStrength } from './strength.ts';

/** Probabilities with which she hands one photon over, of a pulse of one and of several. */
interface Handing {
  readonly single: number;
  readonly multi: number;
}

/**
 * What keeps the signal's gain: multi-photon pulses alone where the loss is large enough, otherwise all of them and as
 * many single photons as are missing. Null where even all pulses are too few, so that there is no loss to hide behind.
 */
function handingFor(conditions: BinConditions): Handing | null {
  const kinds = pulseKinds(conditions.source, conditions);
  const wanted = averageOfClass(kinds, 0, (mean) => frontProbability(mean, conditions));
  const multi = averageOfClass(kinds, 0, multiPhotonProbability);
  if (multi > 0 && wanted <= multi) return { single: 0, multi: wanted / multi };
  const single = averageOfClass(kinds, 0, (mean) => mean * Math.exp(-mean));
  return single > 0 && wanted <= multi + single ? { single: (wanted - multi) / single, multi: 1 } : null;
}

function splits(
  pulse: Pulse,
  conditions: BinConditions,
  share: number,
  { single, multi }: Handing,
  out: Branches,
): void {
  passes(pulse, conditions, 1 - share, out);
  const mean = pulse.meanPhotons;
  const none = Math.exp(-mean);
  const singles = share * mean * none;
  const multis = share * multiPhotonProbability(mean);
  blocks(pulse, share * none, out, 0);
  handsOverSome(pulse, singles * single, 1, 1, 0.5, out);
  blocks(pulse, singles * (1 - single), out, 1, keptGuess(pulse));
  // Two stands for two and more: the ledger does not ask how many.
  handsOverSome(pulse, multis * multi, 1, 2, keptGuess(pulse), out);
  blocks(pulse, multis * (1 - multi), out, 2, keptGuess(pulse));
}

/**
 * She counts photons at the exit without disturbing them. Single photons she blocks; of several she hands one over
 * through a lossless channel and keeps the rest until bases are announced: she knows the bit, and no bit is wrong. How
 * many she lets go is set so that the gain of the signal is as expected; she does not know the class, so the weak decoy
 * suffers: with Y0 the background yield,
 * Q_decoy / Q_signal = Y0 / Q_signal + P_multi(decoy) / P_multi(signal) * (1 - Y0 / Q_signal) at strength 1.
 *
 * One photon goes on whatever the number, so that this ratio is exact; more would help her only below some 6 dB of loss.
 * There she lets single photons pass, and nothing at all can be hidden where the way has hardly any loss: then all pass.
 */
export const photonNumberSplitting: Attack = {
  name: 'pns',
  description:
    'counts photons, blocks single ones and keeps one of each multi-photon pulse, at the expected signal rate',
  reference: 'Brassard et al., Phys. Rev. Lett. 85, 1330 (2000); Lütkenhaus and Jahma, New J. Phys. 4, 44 (2002)',
  kind: 'attack',
  visibility: 'D1',
  expected: 'tap',
  assumption: null,
  strength: { meaning: 'share of pulses whose photons are counted', unit: '', low: 0, high: 1, usual: 0.2 },
  create(strength, time): Adversary {
    checkedStrength('pns', photonNumberSplitting.strength, strength);
    let handing: Handing | null = null;
    return {
      name: 'pns',
      visibility: 'D1',
      channel(conditions) {
        handing = actsIn(conditions, time) ? handingFor(conditions) : null;
      },
      act(pulse, conditions, out) {
        if (handing !== null) splits(pulse, conditions, strength, handing, out);
      },
    };
  },
};
