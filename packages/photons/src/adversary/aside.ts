import { type Branches, type Light, Statistics } from '../light/branches.ts';
import type { BinConditions } from '../light/conditions.ts';
import type { Pulse } from './adversary.ts';
import { answerOf, guessByEfficiency, oncePerBin, visibilityOf } from './receiver-answer.ts';

/** One photon without polarisation: what detectors answer to it is their efficiency. */
export const unpolarised: Light = { statistics: Statistics.fock, amount: 1, angleRad: 0, purity: 0 };

/** Counts of the receiver for each photon at its front, as conditions stand. */
export function countsPerPhoton(conditions: BinConditions, offsetPs: number): number {
  return sum(answerOf(conditions, unpolarised, offsetPs));
}

/**
 * Sends Alice's pulses on a little late or from a little aside, to detectors that may not be equal there; hands out what
 * does so with a pulse, in a branch of the given probability. What detectors miss by it is made up with a channel of less
 * loss, as far as a lossless one goes, so that Bob counts as often as he would have, `perPhoton` being the counts for each
 * photon on the honest link. She measures nothing and makes no error; of each detection she knows which detector of its
 * basis was the likelier.
 */
export function sendingAside(
  aside: Pick<Light, 'shiftPs' | 'tiltMicroRad'>,
  perPhoton: (conditions: BinConditions, offsetPs: number) => number = countsPerPhoton,
): (pulse: Pulse, conditions: BinConditions, out: Branches, probability: number) => void {
  const planOf = oncePerBin((conditions, offsetPs) => {
    const answer = answerOf(conditions, { ...unpolarised, ...aside }, offsetPs);
    const wanted = conditions.channelTransmittance * perPhoton(conditions, offsetPs);
    const moved = sum(answer);
    return { answer, transmittance: wanted < moved ? wanted / moved : 1 };
  });
  return (pulse, conditions, out, probability) => {
    const { answer, transmittance } = planOf(conditions, pulse.offsetPs);
    out.add(
      pulse.kind,
      probability,
      {
        ...aside,
        statistics: Statistics.coherent,
        amount: pulse.meanPhotons * transmittance,
        angleRad: pulse.angleRad,
        purity: pulse.purity,
      },
      {
        guess: 0.5,
        clickGuess: guessByEfficiency(answer, pulse.basis, visibilityOf(pulse, conditions)),
        attacked: true,
        own: true,
      },
    );
  };
}

function sum(answer: Float64Array): number {
  return answer[0]! + answer[1]! + answer[2]! + answer[3]!;
}
