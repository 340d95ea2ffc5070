/** Who may sit at a source of pairs, or between it and a station. */
import { PhotonsError } from '../error.ts';
import { stateAngleRad } from '../link.ts';
import type { PairAdversary } from './pairs.ts';

function checkShare(name: string, value: number): void {
  if (value >= 0 && value <= 1) return;
  throw new PhotonsError('photons/adversary', `${name} is ${value}; it must be from 0 to 1`);
}

/**
 * Measures a share of one station's photons in X or Z at random and sends on what she found. The other photon of such a
 * pair is left in the state that she found too, so that nothing is entangled any more: QBER and S go to 1/4 and sqrt 2 at
 * full strength and visibility 1, with analysers at their best for CHSH. D1.
 */
export function interceptOneArm(share: number, station: 0 | 1 = 1): PairAdversary {
  checkShare('share', share);
  return {
    name: 'intercept-resend',
    visibility: 'D1',
    act(state, random) {
      const u = random.uniform();
      if (u >= share) return;
      // Basis and result are equally likely, all four: what is left of the number chooses.
      const found = stateAngleRad[Math.min(3, Math.floor((4 * u) / share))]!;
      state.angleRad[0] = found;
      state.angleRad[1] = found;
      state.purity[station] = 1;
      // Her photon and the one she leaves alone agree no better than the source lets them.
      state.purity[1 - station] = state.visibility;
      state.entangled = false;
      state.known = true;
      state.attacked = true;
    },
  };
}

/**
 * A source that sends, in place of a share of its pairs, two photons of one polarisation that it knows: one of the four of
 * BB84, in basis Z with probability `basisZ`. No separable state gives S above 2; with `basisZ` 1 there are no errors in Z
 * and one half in X, with 1/2 a quarter in both. D1.
 */
export function hostileSource(share: number, basisZ = 0.5): PairAdversary {
  checkShare('share', share);
  checkShare('basisZ', basisZ);
  return {
    name: 'hostile-source',
    visibility: 'D1',
    act(state, random) {
      if (random.uniform() >= share) return;
      const basis = random.uniform() < basisZ ? 1 : 0;
      state.angleRad.fill(stateAngleRad[basis * 2 + (random.uniform() < 0.5 ? 0 : 1)]!);
      state.purity.fill(1);
      state.entangled = false;
      state.known = true;
      state.attacked = true;
    },
  };
}

/**
 * A source that lets a second pair out beside the first more often than chance does. Photons of different pairs share
 * nothing: errors and accidental coincidences rise with every loss. Nobody learns a bit by it. D1.
 */
export function doublePairs(probability: number): PairAdversary {
  checkShare('probability', probability);
  return {
    name: 'double-pairs',
    visibility: 'D1',
    source: (source) => ({ ...source, doubleProbability: probability }),
  };
}
