import type { BinConditions } from '../light/conditions.ts';
import type { Adversary, Attack, StrengthScale } from './adversary.ts';
import { actsIn, checkedStrength } from './strength.ts';

/**
 * Light from beside the line of sight that only disturbs. It is not in step with the pulses: the floor outside the gate
 * rises with the errors, and errors rise alike in every class, basis and bit. Nobody learns anything.
 */

/** Energy of a photon at 850 nm, J (h c / wavelength). */
const PHOTON_J = 2.337e-19;
/** Assumed: share of a dazzling laser's light that falls in the receiver's band. */
const IN_BAND_SHARE = 0.01;
/** Assumed: share of the light outside the band that the out-of-band photodiode counts. */
const PHOTODIODE_SHARE = 0.01;

const jammingScale: StrengthScale = {
  meaning: 'counts added to each detector, in all of time',
  unit: '1/s',
  low: 0,
  high: 1e7,
  usual: 5e4,
};

/** In-band light, scattered into the field of view: noise in all four detectors alike. */
export const jamming: Attack = {
  name: 'jamming',
  description: 'in-band light from beside the link raises the noise of all four detectors alike',
  reference: 'Gozzard et al., Sensors 21, 7904 (2021); Krelina, arXiv:2310.08728',
  kind: 'attack',
  visibility: 'D1',
  expected: 'jam',
  assumption: null,
  strength: jammingScale,
  create(strength, time): Adversary {
    checkedStrength('jamming', jammingScale, strength);
    return {
      name: 'jamming',
      visibility: 'D1',
      receiverFront(conditions) {
        if (!actsIn(conditions, time)) return;
        for (let detector = 0; detector < 4; detector++) conditions.noiseHz[detector]! += strength;
      },
    };
  },
};

const dazzlingScale: StrengthScale = {
  meaning: 'continuous power at the receiver, a hundredth of it in the band',
  unit: 'W',
  low: 0,
  high: 1e-6,
  usual: 1e-11,
};

/**
 * A strong laser, mostly outside the band: what the filter lets through counts, saturates by dead time, and from a power
 * on blinds all four detectors, after which nothing clicks at all.
 */
export const dazzling: Attack = {
  name: 'dazzling',
  description:
    'a strong laser saturates the detectors and, brighter still, blinds them; most of it lies outside the band',
  reference: 'Gozzard et al., Sensors 21, 7904 (2021); Krelina, arXiv:2310.08728',
  kind: 'attack',
  visibility: 'D1',
  expected: 'jam',
  assumption: null,
  strength: dazzlingScale,
  create(strength, time): Adversary {
    checkedStrength('dazzling', dazzlingScale, strength);
    return {
      name: 'dazzling',
      visibility: 'D1',
      receiverFront(conditions) {
        if (actsIn(conditions, time)) dazzle(conditions, strength);
      },
    };
  },
};

function dazzle(conditions: BinConditions, powerW: number): void {
  const { receiver, noiseHz, efficiencyScale, monitors } = conditions;
  const { detectors, filter } = receiver.flaws ?? {};
  // A receiver without a stated filter is taken to have an ideal one.
  const reachesW = powerW * (IN_BAND_SHARE + (1 - IN_BAND_SHARE) * (filter?.outside ?? 0));
  let blinded = true;
  for (let detector = 0; detector < 4; detector++) {
    const flaws = detectors?.[detector];
    const inX = receiver.basisXProbability;
    const shareW = (reachesW * (detector < 2 ? inX : 1 - inX)) / 2;
    const efficiency = (flaws?.efficiency ?? 1) * efficiencyScale[detector]!;
    noiseHz[detector]! += (shareW / PHOTON_J) * conditions.receiverTransmittance * efficiency;
    blinded &&= shareW >= (flaws?.blindingW ?? 1e-9);
  }
  if (blinded) conditions.blindedShare = 1;
  monitors.brightLightW += powerW;
  monitors.outOfBandHz += (powerW / PHOTON_J) * (1 - IN_BAND_SHARE) * PHOTODIODE_SHARE;
}
