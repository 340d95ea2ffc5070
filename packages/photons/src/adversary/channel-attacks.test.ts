import { test } from 'node:test';
import fc from 'fast-check';
import { PhotonsError } from '../error.ts';
import type { Receiver, Source } from '../link.ts';
import { binOf, idealReceiver } from '../test/attacked-bin.ts';
import type { Attack } from './adversary.ts';
import { beamSplitting } from './beam-splitting.ts';
import { breidbart } from './breidbart.ts';
import { intensity, laserSeeding } from './intensity.ts';
import {
  interceptResend,
  interceptResendBasis,
  interceptResendBursts,
  interceptResendKeyBasis,
} from './intercept-resend.ts';
import { laserDamage } from './laser-damage.ts';
import { photonNumberSplitting } from './photon-number-splitting.ts';
import { sourceTiming, sourceTimingStates } from './source-timing.ts';
import { classDiscrimination, unambiguousDiscrimination } from './state-discrimination.ts';
import { trojanHorse } from './trojan-horse.ts';

const attacks: readonly Attack[] = [
  beamSplitting,
  breidbart,
  classDiscrimination,
  intensity,
  interceptResend,
  interceptResendBasis,
  interceptResendBursts,
  interceptResendKeyBasis,
  laserDamage,
  laserSeeding,
  photonNumberSplitting,
  sourceTiming,
  sourceTimingStates,
  trojanHorse,
  unambiguousDiscrimination,
];

const share = fc.double({ min: 0, max: 1, noNaN: true });
const transmittance = fc.oneof(
  fc.constantFrom(0, 1),
  fc.double({ min: -7, max: 0, noNaN: true }).map((decades) => 10 ** decades),
);
const sources = fc
  .record({
    means: fc.array(fc.double({ min: 0, max: 1.5, noNaN: true }), { minLength: 1, maxLength: 4 }),
    basisXProbability: share,
    fluctuation: fc.double({ min: 0, max: 0.1, noNaN: true }),
    leakage: fc.double({ min: 0, max: 0.01, noNaN: true }),
    polarisationLeakage: fc.double({ min: 0, max: 0.1, noNaN: true }),
    offsets: fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: 16, maxLength: 16 }),
    pulseWidthPs: fc.double({ min: 0, max: 200, noNaN: true }),
    pattern: fc.boolean(),
  })
  .map(({ means, offsets, pattern, basisXProbability, ...flaws }): Source => {
    const sorted = [...means].sort((a, b) => b - a);
    return {
      pulseRateHz: 1e6,
      basisXProbability,
      intensities: sorted.map((meanPhotons, k) => ({ name: `${k}`, meanPhotons, probability: 1 / means.length })),
      flaws: {
        ...flaws,
        diodeOffsetPs: offsets.slice(0, means.length * 4),
        ...(pattern ? { correlation: means.map((_, k) => means.map((__, p) => 0.02 * (k - p))) } : {}),
      },
    };
  });

test('over links of all kinds every branch is possible, and those of each pulse sum to its probability', () => {
  const receiver: Receiver = { ...idealReceiver, misalignment: 0.01, flaws: { basisChoice: 'active' } };
  for (const attack of attacks) {
    const { low, high } = attack.strength;
    fc.assert(
      fc.property(
        sources,
        transmittance,
        transmittance,
        share,
        (source, channelTransmittance, receiverTransmittance, at) => {
          const disturbances = [attack.create(low + at * (high - low))];
          // The table refuses what cannot be: sums, amounts, guesses (`photons/adversary`).
          binOf({ source, receiver, channelTransmittance, receiverTransmittance, disturbances }, 2);
        },
      ),
      { seed: 21, numRuns: 60 },
    );
  }
});

test('the table would tell: an attack that loses pulses is refused', () => {
  const forgetful = {
    ...beamSplitting.create(1),
    act: (pulse: { kind: number; probability: number }, _: unknown, out: { add: (...a: unknown[]) => void }) =>
      out.add(
        pulse.kind,
        pulse.probability / 2,
        { statistics: 0, amount: 0, angleRad: 0 },
        { guess: 0.5, attacked: true },
      ),
  };
  let refused = false;
  try {
    binOf({ disturbances: [forgetful as never] });
  } catch (error) {
    refused = error instanceof PhotonsError && error.code === 'photons/adversary';
  }
  if (!refused) throw new Error('half of the pulses were lost and nobody noticed');
});
