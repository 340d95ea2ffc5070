import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assertNear, binOf, found } from '../test/attacked-bin.ts';
import { beamSplitting } from './beam-splitting.ts';

test('Bob sees nothing, and she never knows more than multi-photon pulses hold', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -5, max: 0, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (decades, share) => {
        const link = { channelTransmittance: 10 ** decades, receiverTransmittance: 0.5 };
        const honest = binOf(link);
        const attacked = binOf({ ...link, disturbances: [beamSplitting.create(share)] });
        for (const [k, mean] of [0.8, 0.1].entries()) {
          const { gain, errorRate, knownBits } = found(attacked, k);
          assertNear(gain, found(honest, k).gain, 1e-12);
          assert.ok(errorRate < 1e-12);
          const reached = (mean * link.channelTransmittance) / 2;
          // Of pulses that Bob found: those of several photons, all but the ones with one photon that was found.
          const single = (reached * Math.exp(-mean)) / -Math.expm1(-reached);
          assert.ok(knownBits <= 1 - single + 1e-12);
          assert.ok(Math.abs(knownBits + Math.expm1(-share * mean * (1 - link.channelTransmittance))) < 1e-9);
        }
      },
    ),
    { seed: 6, numRuns: 100 },
  );
});
