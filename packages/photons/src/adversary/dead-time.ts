import { Statistics } from '../light/branches.ts';
import type { BinConditions } from '../light/conditions.ts';
import { stateAngleRad } from '../link.ts';
import type { Adversary, Attack, StrengthScale } from './adversary.ts';
import { answerOf, oncePerBin, visibilityOf } from './receiver-answer.ts';
import { actsIn, checkedStrength } from './strength.ts';

const scale: StrengthScale = {
  meaning: 'share of the time in which detectors are held dead',
  unit: '',
  low: 0,
  high: 0.9,
  usual: 0.1,
};

/** Mean counts of a pre-pulse in the detector that it is least certain to take out. */
const PRE_PULSE_COUNTS = 4;
/** Where dead time is short against a slot she has to leave pulses of Alice's between hers. */
const MOST_SLOTS = 0.5;

/**
 * Between two gates she sends a pulse of some photons in one of Bob's states: three detectors click, outside the gate, where
 * nobody looks for a key, and are dead; the one of the orthogonal state is left to hear Alice. She measures nothing, yet of a
 * detection in that basis and within a dead time of her pulse she knows the bit. The state is drawn anew for every bin;
 * pre-pulses come in random slots, and what detectors miss is made up with a channel of less loss.
 *
 * A receiver all of whose detectors are dead together tells her nothing. The clicks outside the gate, the intervals between
 * clicks and the balance of the detectors in every bin show the attack; and where gates leave less room between them than
 * jitter needs, her pulses fall into gates and are errors. The ledger takes detectors as dead for a whole dead time after a
 * pre-pulse and alive else: what signal clicks add to dead time is left out.
 */
export const deadTime: Attack = {
  name: 'dead-time',
  description: 'pulses between the gates take three detectors out, so that a click tells the bit',
  reference: 'Weier et al., New J. Phys. 13, 073024 (2011), Quantum eavesdropping without interception',
  kind: 'attack',
  visibility: 'D1',
  expected: 'tap',
  assumption: 'gated-detectors-checked',
  strength: scale,
  level: 'event',
  create(strength, time): Adversary {
    checkedStrength('dead-time', scale, strength);
    let state: 0 | 1 | 2 | 3 = 0;
    const planOf = oncePerBin((conditions, offsetPs) => planFor(conditions, offsetPs, state, strength));
    return {
      name: 'dead-time',
      visibility: 'D1',
      level: 'event',
      receiverFront(_, random) {
        state = Math.floor(random.uniform() * 4) as 0 | 1 | 2 | 3;
      },
      act(pulse, conditions, out) {
        if (!actsIn(conditions, time)) return;
        const { light, share, transmittance, inDeadTime, guess } = planOf(conditions, pulse.offsetPs);
        out.add(pulse.kind, pulse.probability * share, light, { guess: 0.5, attacked: true });
        const { angleRad, purity } = pulse;
        const amount = pulse.meanPhotons * transmittance;
        const passed = { statistics: Statistics.coherent, amount, angleRad, purity };
        const known = pulse.basis === state >> 1 ? inDeadTime : 0;
        const seen = 0.5 + (guess - 0.5) * visibilityOf(pulse, conditions);
        const ledger = { guess: 0.5, attacked: true, own: true };
        out.add(pulse.kind, pulse.probability * (1 - share) * known, passed, { ...ledger, clickGuess: seen });
        out.add(pulse.kind, pulse.probability * (1 - share) * (1 - known), passed, ledger);
      },
    };
  },
};

function planFor(conditions: BinConditions, offsetPs: number, state: 0 | 1 | 2 | 3, wanted: number) {
  const { receiver, source, channelTransmittance } = conditions;
  const light = {
    statistics: Statistics.coherent,
    amount: 1,
    angleRad: stateAngleRad[state],
    // Half way between two gates.
    shiftPs: -0.5e12 / source.pulseRateHz - offsetPs,
  };
  const spared = state ^ 1;
  const perPhoton = answerOf(conditions, light, offsetPs, 'anywhere');
  const least = Math.min(...perPhoton.filter((_, detector) => detector !== spared));
  light.amount = least > 0 ? PRE_PULSE_COUNTS / least : 0;
  /** Probability that a pre-pulse takes a detector out. */
  const taken = perPhoton.map((counts) => -Math.expm1(-light.amount * counts));
  if (receiver.flaws?.deadTogether) taken.fill(Math.max(...taken));
  // Pre-pulses come at random, and do nothing in a dead time: to be dead a share D of it takes D / (1 - D) in each of them.
  const slotsDead = receiver.deadTimeNs * 1e-9 * source.pulseRateHz;
  const share = slotsDead === 0 ? 0 : Math.min(MOST_SLOTS, wanted / (1 - wanted) / slotsDead);
  const deadShare = (share * slotsDead) / (1 + share * slotsDead);
  const alive = 1 - (deadShare * (taken[0]! + taken[1]! + taken[2]! + taken[3]!)) / 4;
  const basis = state & 2;
  const left = [1 - taken[basis]!, 1 - taken[basis + 1]!] as const;
  const heard = (deadShare * (left[0] + left[1])) / 2;
  return {
    light,
    share,
    transmittance: Math.min(1, channelTransmittance / alive / (1 - share)),
    /** Share of the detections in the basis of the state that come while detectors are dead. */
    inDeadTime: heard / (heard + 1 - deadShare),
    /** Her probability of naming the detector of one of these. */
    guess: heard === 0 ? 0.5 : Math.max(...left) / (left[0] + left[1]),
  };
}
