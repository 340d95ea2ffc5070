import type { Adversary, Attack, Visibility } from './adversary.ts';
import { type ActingTime, actsIn, checkedStrength } from './strength.ts';
import { UnseenSplitting } from './unseen-splitting.ts';

/**
 * She shines into the transmitter and reads the modulator's setting off what comes back. Light that returns with a mean
 * of mu photons is a pure coherent state of that mean for either bit; two such states overlap least when they are
 * antipodal, |<a|-a>| = e^(-2 mu) (a modulator that turns the phase by pi between the bits of a basis, as in Lucamarini
 * et al. 2015), and Helstrom's measurement then guesses right with probability (1 + sqrt(1 - e^(-4 mu))) / 2. That
 * is granted to her in every slot, whatever the encoding: two orthogonal polarisations would overlap as e^-mu only.
 */
export function trojanGuess(meanPhotons: number): number {
  return (1 + Math.sqrt(-Math.expm1(-4 * meanPhotons))) / 2;
}

/** Energy of a photon at 850 nm, J (h c / wavelength). */
const photonJ = 2.337e-19;
/**
 * Assumed: of the light that enters, what comes back modulated. A transmitter with a reflection of -40 dB behind an
 * isolator of 50 dB and optics of 5 dB each way. Without the isolator what a monitor of nanowatts misses would leave no key.
 */
const returned = 1e-10;

/** Power that must be shone in for a mean number of photons to come back in every slot, W. */
export function injectedPowerW(meanPhotons: number, pulseRateHz: number): number {
  return (meanPhotons * pulseRateHz * photonJ) / returned;
}

/**
 * The light tells of the intensity modulator as it does of the other: coherent states of two classes, of the same mean at
 * most, overlap by no less than antipodal ones. What she reads of a pulse's class decides what becomes of its photons, so
 * that more of Bob's detections are of multi-photon pulses than the decoy bound believes; no gain betrays it.
 */
function probing(name: string, visibility: Visibility, meanPhotons: number, time: ActingTime | undefined): Adversary {
  const splitting = new UnseenSplitting();
  let acting = false;
  return {
    name,
    visibility,
    source(conditions) {
      acting = actsIn(conditions, time);
      if (!acting) return;
      conditions.monitors.injectedW += injectedPowerW(meanPhotons, conditions.source.pulseRateHz);
      conditions.sideChannelGuess = Math.max(conditions.sideChannelGuess, trojanGuess(meanPhotons));
    },
    channel(conditions) {
      if (acting) splitting.plan(conditions, 1, Math.exp(-2 * meanPhotons));
    },
    act(pulse, conditions, out) {
      if (acting) splitting.act(pulse, conditions, 1, out);
    },
  };
}

/**
 * Light that the injected-power monitor can see, where one is fitted: at 1 GHz and the assumed isolation 0.01 photons
 * take 23 milliwatt. The bound on what leaks must hold whether or not it sees it.
 */
export const trojanHorse: Attack = {
  name: 'trojan-horse',
  description: 'shines light into the transmitter and reads the setting of the modulator off the reflection',
  reference: 'Lucamarini et al., Phys. Rev. X 5, 031030 (2015), arXiv:1506.01989',
  kind: 'attack',
  visibility: 'D2',
  expected: 'source',
  assumption: 'trojan-bound',
  strength: { meaning: 'mean photons that come back per pulse', unit: '', low: 0, high: 0.5, usual: 0.1 },
  create(strength, time): Adversary {
    checkedStrength('trojan-horse', trojanHorse.strength, strength);
    return probing('trojan-horse', 'D2', strength, time);
  },
};

/** The same, too faint for the monitor: 1e-10 photons a pulse at 1 GHz take a quarter of a nanowatt. Only bounded. */
export const faintTrojanHorse: Attack = {
  ...trojanHorse,
  name: 'trojan-horse-faint',
  description: 'shines so little light into the transmitter that its monitor cannot tell, and reads the reflection',
  visibility: 'D3',
  expected: 'clean',
  strength: { ...trojanHorse.strength, high: 1e-10, usual: 1e-10 },
  create(strength, time): Adversary {
    checkedStrength('trojan-horse-faint', faintTrojanHorse.strength, strength);
    return probing('trojan-horse-faint', 'D3', strength, time);
  },
};
