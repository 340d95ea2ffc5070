import { type Branches, Statistics } from '../light/branches.ts';
import type { BinConditions } from '../light/conditions.ts';
import { stateAngleRad } from '../link.ts';
import type { Random } from '../random.ts';
import type { Adversary, Attack, Pulse, StrengthScale } from './adversary.ts';
import { blocks, passes } from './forward.ts';
import { type ActingTime, actsIn, checkedStrength } from './strength.ts';

/**
 * Intercept-resend: she stands in front of the receiver, measures what arrives with ideal detectors, and sends as many
 * photons as she found in the state that she found; so nothing is missing at Bob's, whatever the loss. In the wrong basis
 * her bit is a coin and so is Bob's: 25 % errors. Her frame is Alice's as it arrives, since she tracks the rotation
 * better than Bob: what frames leave over stays as it was.
 *
 * With an error rate e of the receiver and a share f, the error rate is e (1 - f/2) + f/4.
 */

const shareScale: StrengthScale = {
  meaning: 'share of pulses measured and resent',
  unit: '',
  low: 0,
  high: 1,
  usual: 0.05,
};
const axisX = stateAngleRad[0];
const axisZ = stateAngleRad[2];

/** Photon numbers at the front are told apart until what is left is this share of all that is not vacuum. */
const negligible = 1e-6;

/** Probability that the majority of `n` photons, each `one` by itself with probability p, says `one`; a tie is a coin. */
export function majority(n: number, p: number): number {
  if (n === 1) return p;
  let wins = 0;
  let term = (1 - p) ** n;
  for (let k = 0; k <= n; k++) {
    if (2 * k > n) wins += term;
    else if (2 * k === n) wins += term / 2;
    // With p = 1 only the last term is not zero.
    term = p < 1 ? (term * (n - k) * p) / ((k + 1) * (1 - p)) : k === n - 1 ? 1 : 0;
  }
  return wins;
}

/** Measures a share of the pulses with an analyser that stands at one of `axesRad` (of its outcome 0), at random. */
function interceptsAndResends(
  pulse: Pulse,
  conditions: BinConditions,
  share: number,
  axesRad: readonly number[],
  out: Branches,
): void {
  passes(pulse, conditions, 1 - share, out);
  const state = stateAngleRad[(pulse.basis * 2 + pulse.bit) as 0 | 1 | 2 | 3];
  const frameRad = pulse.angleRad - state;
  const mean = pulse.meanPhotons * conditions.channelTransmittance;
  blocks(pulse, share * Math.exp(-mean), out);
  // One photon at the front was alone at the exit if the way took none beside it; several never were.
  const alone = Math.exp(mean - pulse.meanPhotons);
  let term = mean * Math.exp(-mean);
  let rest = -Math.expm1(-mean);
  const enough = rest * negligible;
  for (let n = 1; rest > 0; n++) {
    const last = rest - term <= enough || n === 20;
    const inN = (share * (last ? rest : term)) / axesRad.length;
    for (const axisRad of axesRad) {
      const zero = majority(n, 0.5 + (pulse.purity / 2) * Math.cos(2 * (state - axisRad)));
      const guess = Math.max(zero, 1 - zero);
      for (const one of [0, 1]) {
        const probability = pulse.probability * inN * (one === 0 ? zero : 1 - zero);
        const angleRad = axisRad + frameRad + (one * Math.PI) / 2;
        const light = { statistics: Statistics.fock, amount: n, angleRad };
        const single = n === 1 ? alone : 0;
        out.add(pulse.kind, probability * single, light, { guess, attacked: true, photons: 1 });
        // Two stands for two and more: the ledger does not ask how many.
        out.add(pulse.kind, probability * (1 - single), light, { guess, attacked: true, photons: 2 });
      }
    }
    if (last) break;
    rest -= term;
    term *= mean / (n + 1);
  }
}

function onShare(name: string, axesRad: readonly number[]) {
  return (strength: number, time?: ActingTime): Adversary => {
    checkedStrength(name, shareScale, strength);
    return {
      name,
      visibility: 'D1',
      act(pulse, conditions, out) {
        if (actsIn(conditions, time)) interceptsAndResends(pulse, conditions, strength, axesRad, out);
      },
    };
  };
}

/** A random basis for each pulse. She knows the bit of every second one that she measured. */
export const interceptResend: Attack = {
  name: 'intercept-resend',
  description: 'measures pulses in a random basis in front of the receiver and sends what she found',
  reference: 'Bennett et al., J. Cryptology 5, 3 (1992)',
  kind: 'attack',
  visibility: 'D1',
  expected: 'tap',
  assumption: null,
  strength: shareScale,
  create: onShare('intercept-resend', [axisX, axisZ]),
};

/** Always basis Z: errors in X alone, and she learns the bits of Z, of which no key is made. */
export const interceptResendBasis: Attack = {
  ...interceptResend,
  name: 'intercept-resend-basis',
  description: 'measures pulses in basis Z always: no errors there, half of the measured bits wrong in X',
  create: onShare('intercept-resend-basis', [axisZ]),
};

/** Always basis X, of which the key is made: she knows every bit that she measured, and errors stand in Z alone. */
export const interceptResendKeyBasis: Attack = {
  ...interceptResend,
  name: 'intercept-resend-key-basis',
  description: 'measures pulses in the key basis X always: no errors there, half of the measured bits wrong in Z',
  create: onShare('intercept-resend-key-basis', [axisX]),
};

/** Assumed: lengths of bursts are uniform between these, in bins. */
const shortestBins = 0.1;
const longestBins = 3;

/** Alternation of bursts and exponential pauses, in equilibrium from its first bin on. */
class Bursts {
  readonly #share: number;
  #left = 0;
  #inBurst = false;
  #begun = false;

  constructor(share: number) {
    this.#share = share;
  }

  /** Share of the next bin that lies in bursts. */
  next(random: Random): number {
    if (this.#share === 0 || this.#share === 1) return this.#share;
    if (!this.#begun) this.#begin(random);
    let bursting = 0;
    let time = 0;
    while (time + this.#left < 1) {
      if (this.#inBurst) bursting += this.#left;
      time += this.#left;
      this.#inBurst = !this.#inBurst;
      const u = random.uniform();
      this.#left = this.#inBurst ? shortestBins + (longestBins - shortestBins) * u : this.#pause(u);
    }
    if (this.#inBurst) bursting += 1 - time;
    this.#left -= 1 - time;
    return bursting;
  }

  #begin(random: Random): void {
    this.#begun = true;
    this.#inBurst = random.uniform() < this.#share;
    const u = random.uniform();
    const v = random.uniform();
    // A burst that is met at a random moment is one chosen by its length, of which a uniform part is left.
    const met = Math.sqrt(shortestBins ** 2 + u * (longestBins ** 2 - shortestBins ** 2));
    this.#left = this.#inBurst ? met * v : this.#pause(u);
  }

  #pause(u: number): number {
    const meanBurst = (shortestBins + longestBins) / 2;
    return -Math.log1p(-u) * ((meanBurst * (1 - this.#share)) / this.#share);
  }
}

/** All pulses of some stretches of time: small over a pass, plain to see where it happens. */
export const interceptResendBursts: Attack = {
  ...interceptResend,
  name: 'intercept-resend-bursts',
  description: 'measures and resends all pulses in bursts of 0.1 to 3 bins',
  strength: { ...shareScale, meaning: 'share of the time in bursts' },
  create(strength, time): Adversary {
    const name = 'intercept-resend-bursts';
    checkedStrength(name, interceptResendBursts.strength, strength);
    const bursts = new Bursts(strength);
    let share = 0;
    return {
      name,
      visibility: 'D1',
      channel(conditions, random) {
        const bursting = bursts.next(random);
        share = actsIn(conditions, time) ? bursting : 0;
      },
      act(pulse, conditions, out) {
        interceptsAndResends(pulse, conditions, share, [axisX, axisZ], out);
      },
    };
  },
};
