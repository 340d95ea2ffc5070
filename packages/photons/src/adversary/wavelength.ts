import { type Light, Statistics } from '../light/branches.ts';
import type { BinConditions } from '../light/conditions.ts';
import { type ReceiverFlaws, stateAngleRad } from '../link.ts';
import type { Adversary, Attack, StrengthScale } from './adversary.ts';
import { unpolarised } from './aside.ts';
import { blocks, passes } from './forward.ts';
import { answerOf, oncePerBin } from './receiver-answer.ts';
import { actsIn, checkedStrength } from './strength.ts';

/** Assumed: share of the light that she sends beside the band that the out-of-band photodiode counts. */
const PHOTODIODE_SHARE = 0.01;
/** Coherent light cannot make a detector count for certain; of an ideal one she makes do with this probability. */
const MOST_CLICKS = 0.99;

const scale: StrengthScale = {
  meaning: 'share of pulses measured and resent at other wavelengths',
  unit: '',
  low: 0,
  high: 1,
  usual: 0.1,
};

/**
 * Intercept-resend without errors: the passive splitter that chooses Bob's basis does so by wavelength, and she resends at
 * one where it sends nearly all light to the analyser of her own basis. Where her basis is not Alice's, Bob's is not either,
 * and the slot is sifted away; where it is, she knows the bit. What the splitter does not separate fully comes back as errors.
 * The light is coherent, and so much that each detector counts as often as it would have, filter and sensitivities there
 * included. Seen at most by who looks at other wavelengths.
 *
 * A receiver with an active choice, or whose splitter has no stated curve, gives her no handle: then she resends in the band,
 * and it is plain intercept-resend.
 */
export const wavelength: Attack = {
  name: 'wavelength',
  description: "pulses are resent at wavelengths at which the receiver's splitter takes her basis",
  reference: 'Li et al., Photonics 9, 527 (2022), and the attack on fibre splitters that it answers',
  kind: 'attack',
  visibility: 'D2',
  expected: 'tap',
  assumption: 'out-of-band-monitor',
  strength: scale,
  create(strength, time): Adversary {
    checkedStrength('wavelength', scale, strength);
    const lightsOf = oncePerBin(resentLights);
    return {
      name: 'wavelength',
      visibility: 'D2',
      act(pulse, conditions, out) {
        if (!actsIn(conditions, time)) return;
        const { receiver, channelTransmittance, source, monitors } = conditions;
        const lights = lightsOf(conditions, pulse.offsetPs);
        const detected = -Math.expm1(-pulse.meanPhotons * channelTransmittance);
        let rest = strength;
        for (let state = 0; state < 4; state++) {
          const light = lights[state]!;
          if (light === null) continue;
          const inBasis = state < 2 ? receiver.basisXProbability : 1 - receiver.basisXProbability;
          const same = state >> 1 === pulse.basis;
          const sign = (state & 1) === pulse.bit ? 1 : -1;
          const part = strength * detected * inBasis * (same ? (1 + sign * pulse.purity) / 2 : 0.5);
          const guess = same ? (1 + pulse.purity) / 2 : 0.5;
          out.add(pulse.kind, pulse.probability * part, light, { guess, attacked: true });
          rest -= part;
          if (light.wavelengthNm === undefined) continue;
          const perSecond = source.pulseRateHz * pulse.probability * part;
          monitors.outOfBandHz += perSecond * light.amount * PHOTODIODE_SHARE;
        }
        blocks(pulse, Math.max(0, rest), out);
        passes(pulse, conditions, 1 - strength, out);
      },
    };
  },
};

/** What she sends for each state that she finds; null for one whose detector cannot be made to count. */
function resentLights(conditions: BinConditions, offsetPs: number): readonly (Light | null)[] {
  const { receiver } = conditions;
  const handle = wavelengthsNm(receiver.flaws);
  const honest = answerOf(conditions, unpolarised, offsetPs);
  return stateAngleRad.map((angleRad, state) => {
    const photon = { statistics: Statistics.fock, amount: 1, angleRad };
    if (handle === null) return photon;
    const inBasis = state < 2 ? receiver.basisXProbability : 1 - receiver.basisXProbability;
    const aside = { ...photon, wavelengthNm: handle[state >> 1]! };
    const perPhoton = answerOf(conditions, aside, offsetPs)[state]!;
    if (inBasis === 0 || perPhoton === 0) return null;
    const counts = -Math.log1p(-Math.min(MOST_CLICKS, (2 * honest[state]!) / inBasis));
    return { ...aside, statistics: Statistics.coherent, amount: counts / perPhoton };
  });
}

/** Where on its curve the splitter decides most clearly: for X, for Z. */
function wavelengthsNm(flaws: ReceiverFlaws | undefined): readonly [number, number] | null {
  const curve = flaws?.splitter ?? [];
  if (curve.length === 0 || flaws?.basisChoice === 'active') return null;
  let most = curve[0]!;
  let least = curve[0]!;
  for (const row of curve) {
    if (row[1] > most[1]) most = row;
    if (row[1] < least[1]) least = row;
  }
  return [most[0], least[0]];
}
