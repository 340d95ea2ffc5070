import { type Light, Statistics } from '../light/branches.ts';
import type { BinConditions } from '../light/conditions.ts';
import { type Basis, type Receiver, stateAngleRad } from '../link.ts';
import type { Adversary, Attack, StrengthScale } from './adversary.ts';
import { unpolarised } from './aside.ts';
import { blocks, passes } from './forward.ts';
import { answerOf, oncePerBin } from './receiver-answer.ts';
import { actsIn, checkedStrength } from './strength.ts';

const scale: StrengthScale = {
  meaning: 'share of the time in which the detectors are blinded and every pulse faked',
  unit: '',
  low: 0,
  high: 1,
  usual: 0.1,
};

/**
 * Continuous light takes all four detectors into linear mode for a share of the time: no single photon and no dark count
 * clicks there. She measures the pulses of that time in a basis of her own and sends what she found as a bright pulse with
 * which the detector of that state clicks, while half the energy, which is what the detectors of the other basis get, makes
 * none. Of every click of that time she knows the bit, without an error: with a passive splitter Bob's basis is hers, with
 * an active choice he clicks where it happens to be hers, and she measures twice as many pulses.
 *
 * The counts show it by dark counts that are missing. The blinding light itself shows on a photodiode, if there is one.
 */
export const blinding: Attack = {
  name: 'blinding',
  description: 'continuous light blinds the detectors for a share of the time; faked states click where she wants',
  reference: 'Gerhardt et al., arXiv:1011.0105; counter-measures: arXiv:1909.10015, arXiv:2505.12974',
  kind: 'attack',
  visibility: 'D2',
  expected: 'tap',
  assumption: 'bright-light-monitor',
  strength: scale,
  create(strength, time): Adversary {
    const fake = faking({ share: checkedStrength('blinding', scale, strength) });
    return {
      name: 'blinding',
      visibility: 'D2',
      receiverFront(conditions) {
        if (!actsIn(conditions, time)) return;
        conditions.blindedShare = Math.max(conditions.blindedShare, strength);
        conditions.monitors.brightLightW += strength * blindingPowerW(conditions.receiver);
      },
      act(pulse, conditions, out) {
        if (actsIn(conditions, time)) fake(pulse, conditions, out);
      },
    };
  },
};

/** Least continuous power at the receiver's front, unpolarised, that blinds all four detectors, W. */
export function blindingPowerW(receiver: Receiver): number {
  let needed = 0;
  for (let detector = 0; detector < 4; detector++) {
    const atW = receiver.flaws?.detectors?.[detector]?.blindingW ?? 1e-9;
    const reaching = toAnalyser(receiver, (detector >> 1) as Basis) / 2;
    if (reaching > 0) needed = Math.max(needed, atW / reaching);
  }
  return needed;
}

/** Share of a pulse's energy that reaches an analyser, when the receiver looks there at all. */
function toAnalyser(receiver: Receiver, basis: Basis): number {
  if (receiver.flaws?.basisChoice === 'active') return 1;
  return basis === 0 ? receiver.basisXProbability : 1 - receiver.basisXProbability;
}

/**
 * Energy of a bright pulse polarised as `state`, J at the receiver's front: what makes the detector of the state click for
 * certain, or as much as the three others bear without a click, whichever is less. A detector without a linear mode does not
 * click in it: for its own state there is no such pulse (0), for the others it sets no limit.
 */
export function fakedEnergyJ(receiver: Receiver, state: number): number {
  const basis = (state >> 1) as Basis;
  const contrast = 1 - 2 * receiver.misalignment;
  let energyJ = 0;
  let mostJ = Number.POSITIVE_INFINITY;
  for (let detector = 0; detector < 4; detector++) {
    const linearMode = receiver.flaws?.detectors?.[detector]?.linearMode;
    const analyser = (detector >> 1) as Basis;
    const port = analyser !== basis ? 1 : detector === state ? 1 + contrast : 1 - contrast;
    const reaching = (toAnalyser(receiver, analyser) * port) / 2;
    if (linearMode === undefined || reaching === 0) continue;
    if (detector === state) energyJ = linearMode.alwaysJ / reaching;
    else mostJ = Math.min(mostJ, linearMode.neverJ / reaching);
  }
  return Math.min(energyJ, mostJ);
}

/** How she sends her faked states. */
export interface Faking {
  /** Share of the pulses that are measured and replaced; the others pass as they are. */
  readonly share: number;
  /** Where in the slot they arrive, ps from its centre, as far as she knows it. Left out: when the pulse would have. */
  readonly arrivalPs?: (conditions: BinConditions) => number;
  /**
   * By how much later, ps, the two detectors of the other basis click on the same pulse. Left out: they do not. These clicks
   * are played as pulses of their own, in other slots, since a branch has one time of arrival: rates, errors and tails are
   * the same, only that they coincide is lost.
   */
  readonly othersLaterPs?: number;
}

/**
 * Replaces pulses by faked states: hands out what does so with a pulse. She measures where more light is left than at the
 * receiver, as far as it goes, and withholds results for detectors that are slower to click, so that each clicks as often
 * as it would have. Her pulses show on a watchdog by their mean power.
 */
export function faking({ share, arrivalPs, othersLaterPs }: Faking): NonNullable<Adversary['act']> {
  const planOf = oncePerBin((conditions, offsetPs) => {
    const { receiver, channelTransmittance } = conditions;
    const honest = answerOf(conditions, unpolarised, offsetPs);
    const inX = receiver.flaws?.basisChoice === 'active' ? 0.5 : receiver.basisXProbability;
    const shiftPs = arrivalPs === undefined ? 0 : arrivalPs(conditions) - offsetPs;
    const lights: Light[] = [];
    const lateLights: Light[] = [];
    /** Her probability of measuring in the basis of a state. */
    const measured = Float64Array.of(inX, inX, 1 - inX, 1 - inX);
    /** Transmittance to her own counters with which a detector would click as often as it should. */
    const needed = new Float64Array(4);
    for (let state = 0; state < 4; state++) {
      const light = {
        statistics: Statistics.bright,
        amount: fakedEnergyJ(receiver, state),
        angleRad: stateAngleRad[state as 0 | 1 | 2 | 3],
        shiftPs,
      };
      lights.push(light);
      let clicks = answerOf(conditions, light, offsetPs)[state]!;
      // What comes late of the two states of the other basis counts too, where it is not too late.
      if (othersLaterPs !== undefined) {
        const late = { ...light, shiftPs: shiftPs + othersLaterPs };
        lateLights.push(late);
        clicks += 2 * answerOf(conditions, late, offsetPs)[state]!;
      }
      clicks *= measured[state]! / 2;
      needed[state] = clicks > 0 ? (channelTransmittance * honest[state]!) / clicks : 0;
    }
    const transmittance = Math.min(1, Math.max(...needed));
    /** Share of her results of a state that she sends. */
    const sent = needed.map((one) => (one === 0 ? 0 : Math.min(1, one / transmittance)));
    return { lights, lateLights, measured, transmittance, sent };
  });
  // Slots for the late clicks have to be left.
  const most = othersLaterPs === undefined ? 1 : 1 / 3;
  return (pulse, conditions, out) => {
    const { lights, lateLights, measured, transmittance, sent } = planOf(conditions, pulse.offsetPs);
    const detected = Math.min(most, -Math.expm1(-pulse.meanPhotons * transmittance));
    let rest = share;
    let withheld = 0;
    for (let state = 0; state < 4; state++) {
      const same = state >> 1 === pulse.basis;
      const sign = (state & 1) === pulse.bit ? 1 : -1;
      const found = measured[state]! * (same ? (1 + sign * pulse.purity) / 2 : 0.5);
      const part = share * detected * found * sent[state]!;
      const guess = same ? (1 + pulse.purity) / 2 : 0.5;
      out.add(pulse.kind, pulse.probability * part, lights[state]!, { guess, attacked: true });
      const perSecond = conditions.source.pulseRateHz * pulse.probability * part;
      conditions.monitors.brightLightW += perSecond * lights[state]!.amount;
      rest -= part;
      if (same) withheld += share * detected * found * (1 - sent[state]!);
      if (lateLights.length === 0) continue;
      for (const other of state < 2 ? [2, 3] : [0, 1]) {
        out.add(pulse.kind, pulse.probability * part, lateLights[other]!, { guess: 0.5, attacked: true });
        rest -= part;
      }
    }
    withheld = Math.min(withheld, Math.max(0, rest));
    blocks(pulse, withheld, out, undefined, (1 + pulse.purity) / 2);
    blocks(pulse, Math.max(0, rest - withheld), out);
    passes(pulse, conditions, 1 - share, out);
  };
}
