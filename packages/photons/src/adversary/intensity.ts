import type { BinConditions } from '../light/conditions.ts';
import type { Adversary, Attack, StrengthScale } from './adversary.ts';
import { type ClassTag, classTag, tags } from './state-discrimination.ts';
import { actsIn, checkedStrength } from './strength.ts';
import { UnseenSplitting } from './unseen-splitting.ts';

function raises(conditions: BinConditions, raised: number): void {
  for (let k = 0; k < conditions.intensityScale.length; k++) conditions.intensityScale[k]! *= raised;
}

/**
 * Makes the pulses brighter in the source hook, which `mark` completes with what monitors see, and uses them: their photon
 * numbers, or, where phases are not random, what tells signal from decoy, whichever tells her more of the signal's bits.
 */
export function brighterSource(
  name: string,
  raised: number,
  isRaised: (conditions: BinConditions) => boolean,
  uses: (conditions: BinConditions) => boolean,
  mark: (conditions: BinConditions) => void,
): Adversary {
  const splitting = new UnseenSplitting();
  let acting = false;
  let tag: ClassTag | null = null;
  return {
    name,
    visibility: 'D2',
    source(conditions) {
      if (!isRaised(conditions)) return;
      raises(conditions, raised);
      mark(conditions);
    },
    channel(conditions) {
      acting = uses(conditions);
      if (!acting) return;
      splitting.plan(conditions, raised);
      tag = conditions.phaseRandomised ? null : classTag(conditions, raised);
      if (tag !== null && tag.knownShare <= splitting.knownShare) tag = null;
    },
    act(pulse, conditions, out) {
      if (!acting) return;
      if (tag !== null) tags(pulse, conditions, raised, tag, out);
      else splitting.act(pulse, conditions, raised, out);
    },
  };
}

const riseScale: StrengthScale = {
  meaning: 'relative rise of all intensities',
  unit: '',
  low: 0,
  high: 1,
  usual: 0.1,
};

/** Pulses grow by heat, light or a drifted attenuator; Alice's power meter sees it, Bob cannot. */
export const intensity: Attack = {
  name: 'intensity',
  description: 'makes all pulses brighter than agreed on and takes photons out of the multi-photon ones',
  reference: 'Sun et al., Phys. Rev. A 92, 022304 (2015); Huang et al., arXiv:1902.09792',
  kind: 'attack',
  visibility: 'D2',
  expected: 'source',
  assumption: 'source-power-monitor',
  strength: riseScale,
  create(strength, time): Adversary {
    checkedStrength('intensity', riseScale, strength);
    const acting = (conditions: BinConditions): boolean => actsIn(conditions, time);
    return brighterSource('intensity', 1 + strength, acting, acting, ({ monitors }) => {
      monitors.sourcePowerRatio *= 1 + strength;
    });
  },
};

/** Assumed: power at the exit that seeds the laser into a relative rise of one; in proportion below. */
const seedingW = 1e-6;
/**
 * Power from which on the seed and not the laser's own spontaneous emission decides the phase of a pulse, W: a photon (at
 * 850 nm) in each lifetime of one in the cavity, 2.5 ps. Lifetime and the order of magnitude assumed, and that between exit
 * and laser nothing is lost, in her favour; in between, phases would be random in part.
 */
const phaseW = 2.337e-19 / 2.5e-12;

/**
 * Light into the laser makes its pulses brighter and, from 0.09 microwatt on, gives them its own phase: signal and decoy are
 * then pure states, and told apart (`classDiscrimination`) where that tells her more than the photons beyond what was
 * agreed on. The injected-power monitor sees the light, the power meter the rise.
 */
export const laserSeeding: Attack = {
  name: 'laser-seeding',
  description: 'seeds the laser with light from outside: brighter pulses with a common phase',
  reference: 'Huang et al., arXiv:1902.09792; Lovic et al., arXiv:2310.17803',
  kind: 'attack',
  visibility: 'D2',
  expected: 'source',
  assumption: 'injected-power-monitor',
  strength: riseScale,
  create(strength, time): Adversary {
    checkedStrength('laser-seeding', riseScale, strength);
    const acting = (conditions: BinConditions): boolean => actsIn(conditions, time);
    return brighterSource('laser-seeding', 1 + strength, acting, acting, (conditions) => {
      conditions.monitors.injectedW += strength * seedingW;
      conditions.monitors.sourcePowerRatio *= 1 + strength;
      if (strength * seedingW >= phaseW) conditions.phaseRandomised = false;
    });
  },
};
