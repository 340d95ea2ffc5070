import type { BinConditions } from '../light/conditions.ts';
import type { Adversary, Attack, StrengthScale } from './adversary.ts';
import { actsIn, checkedStrength } from './strength.ts';
import { UnseenSplitting } from './unseen-splitting.ts';

function raises(conditions: BinConditions, raised: number): void {
  for (let k = 0; k < conditions.intensityScale.length; k++) conditions.intensityScale[k]! *= raised;
}

/** Makes the pulses brighter in the source hook, which `mark` completes with what monitors see, and uses them. */
export function brighterSource(
  name: string,
  raised: number,
  isRaised: (conditions: BinConditions) => boolean,
  uses: (conditions: BinConditions) => boolean,
  mark: (conditions: BinConditions) => void,
): Adversary {
  const splitting = new UnseenSplitting();
  let acting = false;
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
      if (acting) splitting.plan(conditions, raised);
    },
    act(pulse, conditions, out) {
      if (acting) splitting.act(pulse, conditions, raised, out);
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
 * Light into the laser makes its pulses brighter and gives them its own phase. The injected-power monitor sees the one
 * and the power meter the other; that phases are no longer random is used by none of what she does here.
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
      if (strength > 0) conditions.phaseRandomised = false;
    });
  },
};
