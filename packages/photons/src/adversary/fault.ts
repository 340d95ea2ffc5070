import { type Branches, Statistics } from '../light/branches.ts';
import type { BinConditions } from '../light/conditions.ts';
import type { Source } from '../link.ts';
import type { Adversary, Attack, Pulse } from './adversary.ts';
import { unpolarised } from './aside.ts';
import { answerOf, guessByEfficiency, oncePerBin, visibilityOf } from './receiver-answer.ts';
import { actsIn, checkedStrength } from './strength.ts';

/**
 * Honest breakdowns. They stand in the catalogue beside the attacks because an alarm has to tell them apart: each must be
 * called a fault, and never a tap. Nobody is on the line; only the bias that some give the key is known to all.
 */

/** What breaks: detector X1, one of the key's, and the diode of the signal state X1. */
const DETECTOR = 1;
const DIODE = { intensity: 0, basis: 0, bit: 1 } as const;

type Breakdown = Omit<Adversary, 'name' | 'visibility'>;

function fault(
  entry: Pick<Attack, 'name' | 'description' | 'reference' | 'strength'> & Partial<Pick<Attack, 'assumption'>>,
  breakdown: (strength: number, broken: (conditions: BinConditions) => boolean) => Breakdown,
): Attack {
  return {
    assumption: null,
    ...entry,
    kind: 'fault',
    visibility: 'D1',
    expected: 'fault',
    create(strength, time): Adversary {
      checkedStrength(entry.name, entry.strength, strength);
      return { name: entry.name, visibility: 'D1', ...breakdown(strength, (conditions) => actsIn(conditions, time)) };
    },
  };
}

/** Alice's pulse on its way with what is `left` of its light; of a click that it makes all may guess the bit so well. */
function goesOn(pulse: Pulse, conditions: BinConditions, out: Branches, left: number, clickGuess: number): void {
  const { angleRad, purity } = pulse;
  const amount = pulse.meanPhotons * left * conditions.channelTransmittance;
  const light = { statistics: Statistics.coherent, amount, angleRad, purity };
  out.add(pulse.kind, pulse.probability, light, { guess: 0.5, clickGuess, attacked: false });
}

/**
 * Its dark counts and its share of the background fade with the detector. The key fades too: with the detector gone every
 * bit that is left is a 0, and whoever knows of the fault knows the key. The ledger counts that as known.
 */
export const deadDetector = fault(
  {
    name: 'dead-detector',
    description: 'one detector of the key basis loses efficiency',
    reference: 'autonomous recognition of such faults: arXiv:2305.18006',
    assumption: 'mismatch-bound',
    strength: { meaning: 'lost share of the efficiency of one detector', unit: '', low: 0, high: 1, usual: 1 },
  },
  (strength, broken) => {
    const answer = oncePerBin((conditions, offsetPs) => answerOf(conditions, unpolarised, offsetPs));
    return {
      detector(conditions) {
        if (!broken(conditions)) return;
        conditions.efficiencyScale[DETECTOR]! *= 1 - strength;
        conditions.noiseHz[DETECTOR]! *= 1 - strength;
      },
      act(pulse, conditions, out) {
        if (!broken(conditions) || pulse.basis !== DETECTOR >> 1) return;
        const visibility = visibilityOf(pulse, conditions);
        const guess = guessByEfficiency(answer(conditions, pulse.offsetPs), pulse.basis, visibility);
        goesOn(pulse, conditions, out, 1, guess);
      },
    };
  },
);

export const hotDetector = fault(
  {
    name: 'hot-detector',
    description: 'one detector of the key basis grows noisy, as when its cooler fails',
    reference: 'assumed; dark counts of avalanche diodes grow with temperature',
    strength: { meaning: 'counts added to one detector', unit: '1/s', low: 0, high: 1e6, usual: 2e4 },
  },
  (strength, broken) => ({
    detector(conditions) {
      if (broken(conditions)) conditions.noiseHz[DETECTOR]! += strength;
    },
  }),
);

/** Errors rise in every class as under intercept-resend; the counts of unequal bases shift with it, as they do not there. */
export const misalignment = fault(
  {
    name: 'misalignment',
    description: 'polarisation frames of the two ends turn against each other',
    reference: 'geometry: errors rise by sin^2 of the angle',
    strength: { meaning: 'rotation that compensation missed', unit: 'deg', low: 0, high: 45, usual: 5 },
  },
  (strength, broken) => ({
    channel(conditions) {
      if (broken(conditions)) conditions.frameRad += (strength * Math.PI) / 180;
    },
  }),
);

/** A receiver without after-pulses has none to multiply: there this fault does nothing. */
export const afterPulseFault = fault(
  {
    name: 'after-pulse-fault',
    description: 'after-pulses of all four detectors become more frequent',
    reference: 'assumed; trapped carriers are released more slowly in colder or ageing diodes',
    strength: { meaning: 'factor on the probability of an after-pulse', unit: '', low: 1, high: 20, usual: 5 },
  },
  (strength, broken) => ({
    detector(conditions) {
      if (broken(conditions)) conditions.afterPulseScale *= strength;
    },
  }),
);

/**
 * With one diode of a pair dimmed to 1 - s, a detected signal pulse of its basis came from the other with probability
 * 1 / (2 - s): anybody may guess so, and the ledger says it.
 */
export const laserDiodeFault = fault(
  {
    name: 'laser-diode-fault',
    description: 'the diode of one signal state of the key basis dims',
    reference: 'assumed; ageing of a laser diode',
    strength: { meaning: 'lost share of the intensity of one diode', unit: '', low: 0, high: 1, usual: 0.3 },
  },
  (strength, broken) => ({
    source(conditions) {
      if (broken(conditions)) conditions.monitors.sourcePowerRatio *= 1 - strength * diodeShare(conditions.source);
    },
    act(pulse, conditions, out) {
      if (!broken(conditions) || pulse.intensity !== DIODE.intensity || pulse.basis !== DIODE.basis) return;
      const left = pulse.bit === DIODE.bit ? 1 - strength : 1;
      goesOn(pulse, conditions, out, left, 1 / (2 - strength));
    },
  }),
);

/** Share of the mean power of a source that comes from the diode. */
function diodeShare(source: Source): number {
  const power = source.intensities.reduce((sum, { probability, meanPhotons }) => sum + probability * meanPhotons, 0);
  const { probability, meanPhotons } = source.intensities[DIODE.intensity]!;
  return power === 0 ? 0 : (probability * meanPhotons * source.basisXProbability) / 2 / power;
}
