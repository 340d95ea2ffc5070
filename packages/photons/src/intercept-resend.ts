import { PhotonsError } from './error.ts';
import { type Adversary, type Basis, Knowledge } from './types.ts';

/**
 * Intercept-resend on a random share of the pulses: she stands in front of the receiver, measures what arrives in a
 * uniformly random basis with ideal detectors, and resends one photon in the state she found. In the wrong basis her
 * bit is a coin, and so is Bob's when he measures in Alice's basis: that is the 25 % error rate.
 *
 * Visible in the link statistics (D1). Throws `photons/adversary` unless `fraction` is from 0 to 1.
 */
export function interceptResend(fraction: number): Adversary {
  if (!(fraction >= 0 && fraction <= 1)) {
    throw new PhotonsError('photons/adversary', `fraction is ${fraction}; it must be from 0 to 1`);
  }
  return {
    name: 'intercept-resend',
    visibility: 'D1',
    fraction,
    responseProbability: (meanPhotonsAtReceiver, receiverTransmittance) =>
      -Math.expm1(-meanPhotonsAtReceiver) * receiverTransmittance,
    responseGivenPhotons: (photons, receiverTransmittance) => (photons === 0 ? 0 : receiverTransmittance),
    resend(alice, random) {
      const coins = random.uint32() >>> 30;
      const basis = (coins & 1) as Basis;
      if (basis === alice.basis) return { basis, bit: alice.bit, knowledge: Knowledge.full };
      return { basis, bit: (coins >> 1) as 0 | 1, knowledge: Knowledge.none };
    },
  };
}
