import type { Adversary, Attack, StrengthScale } from './adversary.ts';
import { sendingAside } from './aside.ts';
import { actsIn, checkedStrength } from './strength.ts';

const scale: StrengthScale = {
  meaning: 'tilt of the beam along the axis on which detectors differ',
  unit: 'microradian',
  low: 0,
  high: 100,
  usual: 20,
};

/**
 * The beam comes in tilted, to where the detectors of a basis see it unequally: the likelier one is a guess of the bit, as
 * under a time shift, but arrival times stay. That a turbulent air would blur her tilt is left out, in her favour; so is a
 * field stop, which she would only have to outshine.
 *
 * By its nature it is of class D1, weakly: the balance of the detectors moves. Here it is D3, on a link whose detectors
 * drift by about as much as a usual tilt moves them (a few per cent): an alarm must allow for that drift, and cannot be
 * promised to see the rest. A balance that is known to better than that would make it D1; until then the key must pay.
 */
export const spatialMode: Attack = {
  name: 'spatial-mode',
  description: 'the beam is tilted to where the detectors of a basis are not equally sensitive',
  reference: 'Sajeed et al., arXiv:1502.02785; turbulence limits it: arXiv:1902.01288',
  kind: 'attack',
  visibility: 'D3',
  expected: 'clean',
  assumption: 'mismatch-bound',
  strength: scale,
  create(strength, time): Adversary {
    const send = sendingAside({ tiltMicroRad: checkedStrength('spatial-mode', scale, strength) });
    return {
      name: 'spatial-mode',
      visibility: 'D3',
      act(pulse, conditions, out) {
        if (actsIn(conditions, time)) send(pulse, conditions, out, pulse.probability);
      },
    };
  },
};
