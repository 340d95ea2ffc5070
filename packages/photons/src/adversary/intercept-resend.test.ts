import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../random.ts';
import { assertNear, binOf, decoySource, found, idealReceiver } from '../test/attacked-bin.ts';
import type { Adversary } from './adversary.ts';
import {
  interceptResend,
  interceptResendBasis,
  interceptResendBursts,
  interceptResendKeyBasis,
  majority,
} from './intercept-resend.ts';

test('at full strength a quarter of the bits is wrong, in both bases and every class of light', () => {
  const table = binOf({ disturbances: [interceptResend.create(1)] });
  for (const k of [0, 1]) {
    for (const basis of [0, 1] as const) assertNear(found(table, k, basis).errorRate, 0.25, 1e-12);
    assertNear(found(table, k).knownBits, 0.5, 1e-12);
    assertNear(found(table, k).sureShare, 0.5, 1e-12);
  }
});

test('the error rate is e (1 - f/2) + f/4, frames left over included, and no gain changes', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 0.1, noNaN: true }),
      fc.double({ min: -0.2, max: 0.2, noNaN: true }),
      fc.double({ min: -6, max: 0, noNaN: true }),
      (share, misalignment, frameRad, decades) => {
        const link = {
          receiver: { ...idealReceiver, misalignment },
          frameRad,
          channelTransmittance: 10 ** decades,
        };
        const honest = binOf(link);
        const attacked = binOf({ ...link, disturbances: [interceptResend.create(share)] });
        for (const k of [0, 1]) {
          const e = found(honest, k).errorRate;
          // Clicks are weighted with their pulse's: a little differently where several photons arrive together.
          const slack = 1e-9 + 0.05 * Math.min(1, 10 ** decades);
          assert.ok(Math.abs(found(attacked, k).errorRate - (e * (1 - share / 2) + share / 4)) < slack);
          assertNear(found(attacked, k).gain, found(honest, k).gain, 2e-6);
        }
      },
    ),
    { seed: 3, numRuns: 100 },
  );
});

test('pulses of one photon at the exit are as many among what Bob finds as on an honest link', () => {
  for (const channelTransmittance of [1e-4, 0.3]) {
    const table = binOf({ channelTransmittance, disturbances: [interceptResend.create(1)] });
    for (const [k, mean] of [0.8, 0.1].entries()) {
      const reached = (mean * channelTransmittance) / 2;
      assertNear(found(table, k).singleShare, (reached * Math.exp(-mean)) / -Math.expm1(-reached), 1e-5);
    }
  }
});

test('one basis alone: no errors in it and all its bits, a coin in the other', () => {
  for (const [attack, mine] of [
    [interceptResendBasis, 1],
    [interceptResendKeyBasis, 0],
  ] as const) {
    const table = binOf({ disturbances: [attack.create(1)] });
    const other = (1 - mine) as 0 | 1;
    assert.ok(found(table, 0, mine).errorRate < 1e-12);
    assertNear(found(table, 0, mine).knownBits, 1, 1e-12);
    assertNear(found(table, 0, other).errorRate, 0.5, 1e-12);
    assert.equal(found(table, 0, other).knownBits, 0);
  }
});

test('an impure source costs her certainty', () => {
  const source = { ...decoySource, flaws: { polarisationLeakage: 0.02 } };
  const table = binOf({ source, channelTransmittance: 1e-6, disturbances: [interceptResendKeyBasis.create(1)] });
  assertNear(found(table, 0, 0).knownBits, 1 + 0.98 * Math.log2(0.98) + 0.02 * Math.log2(0.02), 1e-6);
});

test('a majority of photons, against a direct count', () => {
  assert.equal(majority(4, 1), 1);
  assert.equal(majority(3, 0), 0);
  assertNear(majority(2, 0.7), 0.7, 1e-15);
  assertNear(majority(3, 0.9), 0.9 ** 3 + 3 * 0.9 ** 2 * 0.1, 1e-14);
  assertNear(majority(5, 0.5), 0.5, 1e-14);
});

/** Share of every bin in bursts. */
function bursts(strength: number, seed: number, bins: number): number[] {
  const adversary = interceptResendBursts.create(strength) as Adversary;
  const random = seededRandom(seed);
  const { conditions } = binOf({});
  return Array.from({ length: bins }, (_, bin) => {
    adversary.channel!({ ...conditions, bin, startS: bin }, random);
    let attacked = 0;
    const out = {
      add: (_k: number, p: number, _l: unknown, { attacked: a }: { attacked: boolean }) => (attacked += a ? p : 0),
    };
    const angleRad = Math.PI / 4;
    const pulse = {
      kind: 0,
      probability: 1,
      intensity: 0,
      basis: 0,
      bit: 0,
      meanPhotons: 0.8,
      angleRad,
      purity: 1,
      offsetPs: 0,
    } as const;
    adversary.act!(pulse, { ...conditions, bin, startS: bin }, out as never);
    return attacked;
  });
}

test('bursts fill their share of the time in the long run, whole bins among them', () => {
  for (const strength of [0.02, 0.1, 0.5]) {
    const shares = bursts(strength, 5, 40_000);
    const mean = shares.reduce((a, b) => a + b) / shares.length;
    // Bursts of 1.55 bins on average: some 40,000 s / 1.55 of them.
    const spread = 2 * Math.sqrt(strength / 40_000) * Math.sqrt(2);
    assert.ok(Math.abs(mean - strength) < 4 * spread, `${mean} for ${strength}`);
    assert.ok(shares.filter((s) => s > 0.999999).length > 0.1 * strength * shares.length);
    assert.ok(shares.filter((s) => s === 0).length > 0.2 * (1 - strength) * shares.length);
  }
  assert.ok(bursts(0, 1, 50).every((s) => s === 0));
  assert.ok(bursts(1, 1, 50).every((s) => Math.abs(s - 1) < 1e-12));
});

test('the same seed makes the same bursts', () => {
  assert.deepEqual(bursts(0.2, 8, 200), bursts(0.2, 8, 200));
  assert.notDeepEqual(bursts(0.2, 8, 200), bursts(0.2, 9, 200));
});
