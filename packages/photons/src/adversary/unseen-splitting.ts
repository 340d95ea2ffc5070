import { type Branches, Statistics } from '../light/branches.ts';
import type { BinConditions } from '../light/conditions.ts';
import type { Pulse } from './adversary.ts';
import { classReadings } from './class-reading.ts';
import { keptGuess } from './forward.ts';
import { handsOver, noGuess, pulsesByDiode } from './tagged-forwarding.ts';
import { type TaggedYields, taggedYields } from './tagged-yields.ts';

/**
 * Photon-number splitting that no gain betrays, also of pulses that are brighter than Alice believes. She counts photons
 * and hands over one of a pulse, with probabilities by photon number that keep the gain of every class what Bob expects of
 * the intensities that were agreed on, and as many multi-photon pulses in it as that allows; of those she keeps photons and
 * knows the bits. At the agreed intensities that is what the decoy bound leaves her, to the last bit; brighter pulses it
 * counts in part as single, and pulses whose class she can read now and then more so. With too little loss for that she
 * puts an attenuator in the way and keeps what it takes out.
 */
export class UnseenSplitting {
  #yields: TaggedYields | null = null;

  /**
   * Intensities of `conditions` are `raised` times what was agreed on. Beside the pulse she has a pure state of its class;
   * those of two classes overlap by no less than `classOverlap`.
   */
  plan(conditions: BinConditions, raised: number, classOverlap = 1): void {
    const readings = classReadings(classOverlap);
    const pulses = pulsesByDiode(conditions, raised, () => 0).map((one, diode) => ({
      ...one,
      offsetPs: 0,
      ...(readings === null ? {} : { readings: diode < 4 ? readings.signal : readings.others }),
    }));
    // Times are not looked at: one width is as good as another.
    const { receiverTransmittance } = conditions;
    this.#yields = taggedYields(pulses, { pulseWidthPs: 1, balance: 'class', receiverTransmittance });
  }

  /** Of what Bob finds of the signal: share whose bits she knows. */
  get knownShare(): number {
    return this.#yields === null ? 0 : 1 - this.#yields.singleShare[0]!;
  }

  act(pulse: Pulse, conditions: BinConditions, raised: number, out: Branches): void {
    if (this.#yields !== null) handsOver(pulse, this.#yields, 1, noGuess, out);
    else attenuates(pulse, conditions, raised, out);
  }
}

function attenuates(pulse: Pulse, conditions: BinConditions, raised: number, out: Branches): void {
  const { kind, probability, meanPhotons, angleRad, purity } = pulse;
  const amount = (meanPhotons * conditions.channelTransmittance) / raised;
  const light = { statistics: Statistics.coherent, amount, angleRad, purity };
  const without = Math.exp(amount - meanPhotons);
  out.add(kind, probability * without, light, { guess: 0.5, attacked: true });
  out.add(kind, probability * (1 - without), light, { guess: keptGuess(pulse), attacked: true });
}
