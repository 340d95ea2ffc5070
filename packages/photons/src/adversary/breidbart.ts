import { type Branches, Statistics } from '../light/branches.ts';
import type { BinConditions } from '../light/conditions.ts';
import { stateAngleRad } from '../link.ts';
import type { Adversary, Attack, Pulse } from './adversary.ts';
import { blocks, passes } from './forward.ts';
import { addPhotonNumbers } from './photon-numbers.ts';
import { actsIn, checkedStrength } from './strength.ts';

/** Half way between Z0 and X0: outcome 0 speaks for bit 0 in either basis. */
const axisRad = Math.PI / 8;
/** Photon numbers that are told apart; the last stands for itself and more. */
const mostPhotons = 6;

/**
 * One kind of pulse: she stands at the exit, measures every photon at 22.5 degrees and hands one photon in the state of
 * her outcome to the receiver. Of pulses with several photons she prefers those whose photons agree. How many she lets
 * go is fixed, photon number by photon number, by what Bob finds on an honest link, so that no gain changes; only with
 * less than some 6 dB of loss one photon is too few for what several would have brought.
 */
function measuresBetween(pulse: Pulse, conditions: BinConditions, share: number, out: Branches): void {
  passes(pulse, conditions, 1 - share, out);
  const state = stateAngleRad[(pulse.basis * 2 + pulse.bit) as 0 | 1 | 2 | 3];
  const frameRad = pulse.angleRad - state;
  const { channelTransmittance, receiverTransmittance } = conditions;
  const numbers = new Float64Array(mostPhotons + 1);
  addPhotonNumbers(pulse.meanPhotons, share, numbers);
  const one = 0.5 + (pulse.purity / 2) * Math.cos(2 * (state - axisRad));
  blocks(pulse, numbers[0]!, out, 0);
  for (let n = 1; n <= mostPhotons; n++) {
    const inN = numbers[n]!;
    const found = receiverTransmittance > 0 ? 1 - (1 - channelTransmittance * receiverTransmittance) ** n : 0;
    const wanted = receiverTransmittance > 0 ? Math.min(1, found / receiverTransmittance) : 0;
    const zeros = one ** n;
    const ones = (1 - one) ** n;
    const agreeing = zeros + ones;
    const agree = Math.min(1, wanted / agreeing);
    // What agreeing pulses cannot fill comes from the others, of which she believes one photon.
    const disagree = agreeing < 1 ? Math.max(0, wanted - agreeing) / (1 - agreeing) : 0;
    const send = (probability: number, turnRad: number, guess: number): void =>
      out.add(
        pulse.kind,
        pulse.probability * inN * probability,
        { statistics: Statistics.fock, amount: 1, angleRad: axisRad + turnRad + frameRad },
        { guess, attacked: true, photons: n },
      );
    const sure = Math.max(zeros, ones) / agreeing;
    send(agree * zeros, 0, sure);
    send(agree * ones, Math.PI / 2, sure);
    // Of a mixed result one photon is drawn: it says 0 as often as one photon among those that disagree does.
    const zeroAmong = agreeing < 1 ? Math.min(1, Math.max(0, (one - zeros) / (1 - agreeing))) : 0.5;
    const unsure = Math.max(zeroAmong, 1 - zeroAmong);
    send(disagree * (1 - agreeing) * zeroAmong, 0, unsure);
    send(disagree * (1 - agreeing) * (1 - zeroAmong), Math.PI / 2, unsure);
    // Two stands for two and more: the ledger does not ask how many.
    blocks(pulse, inN * (1 - agree) * agreeing, out, Math.min(n, 2), sure);
    blocks(pulse, inN * (1 - disagree) * (1 - agreeing), out, 2, unsure);
  }
}

/**
 * She guesses every bit that she measured with cos^2(22.5 degrees) = 85.4 % at least, in either basis, and without
 * waiting for bases; the error rate is that of intercept-resend, 25 % of the share. A lossless channel hides what she
 * throws away.
 */
export const breidbart: Attack = {
  name: 'breidbart',
  description:
    'measures pulses at 22.5 degrees, between the bases, and forwards the surest results at the expected rate',
  reference: 'Bennett et al., J. Cryptology 5, 3 (1992); Huttner and Ekert, J. Mod. Opt. 41, 2455 (1994)',
  kind: 'attack',
  visibility: 'D1',
  expected: 'tap',
  assumption: null,
  strength: { meaning: 'share of pulses measured', unit: '', low: 0, high: 1, usual: 0.05 },
  create(strength, time): Adversary {
    checkedStrength('breidbart', breidbart.strength, strength);
    return {
      name: 'breidbart',
      visibility: 'D1',
      act(pulse, conditions, out) {
        if (actsIn(conditions, time)) measuresBetween(pulse, conditions, strength, out);
      },
    };
  },
};
