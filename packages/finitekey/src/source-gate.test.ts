import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FiniteKeyError } from './error.ts';
import { securedKeyLength } from './secure.ts';
import { estimateOffsets, sourceGate, specificationPs } from './source-gate.ts';
import { expectedPass, gain, normal, uniform } from './test/link.ts';
import { bestTaggedAttack, timeTags } from './test/tagged-attack.ts';

const pulse = { pulseWidthPs: 85, model: 'incoherent' } as const;
/** Standard error of a calibration, ps (assumed). */
const calibrationErrorPs = 0.02;
const errorsPs = new Array<number>(8).fill(calibrationErrorPs);

/** The greatest knowledge of somebody who measures the times of emission of these diodes on that link. */
function truth(offsetsPs: readonly number[], { eta, noise }: { eta: number; noise: number }) {
  const [a, b, , , c, d] = offsetsPs as [number, number, number, number, number, number];
  return bestTaggedAttack({
    meanPhotons: [0.8, 0.1, 0],
    probabilities: [0.5, 0.25, 0.25],
    gains: [gain(0.8, eta, noise), gain(0.1, eta, noise), gain(0, eta, noise)],
    tags: timeTags(
      [
        [a, b],
        [c, d],
      ],
      pulse.pulseWidthPs,
    ),
  });
}

describe('offsets from arrivals', () => {
  it('come back from the arrivals of a pass, background and all, within their errors', () => {
    const random = uniform(3);
    const gauss = normal(random);
    const offsets = [0, 12, -30, 5, 40, 55, -8, 20];
    const shares = offsets.map(() => 0.2);
    const gatePs = 1500;
    const jitterPs = 140;
    let sum = 0;
    for (let pass = 0; pass < 30; pass++) {
      const counts = offsets.map(() => 4000);
      const meansPs = offsets.map((offset, i) => {
        let total = 0;
        for (let n = 0; n < counts[i]!; n++) {
          total += random() < shares[i]! ? (random() - 0.5) * gatePs : offset + jitterPs * gauss();
        }
        return total / counts[i]!;
      });
      const found = estimateOffsets({ meansPs, counts, jitterPs, noise: { shares, gatePs } });
      for (const [i, offset] of offsets.entries()) sum += ((found.offsetsPs[i]! - offset) / found.errorsPs[i]!) ** 2;
    }
    // Chi-square of 240 terms: 240 +- 22.
    assert.ok(sum > 170 && sum < 320, `${sum}`);
  });

  it('are refused by the name of the field', () => {
    const good = { meansPs: [0, 1, 2, 3], counts: [9, 9, 9, 9], jitterPs: 100 };
    for (const [field, change] of [
      ['meansPs', { meansPs: [0, 1, Number.NaN, 3] }],
      ['counts', { counts: [9, 9, 9, 0] }],
      ['jitterPs', { jitterPs: 0 }],
      ['noise.shares', { noise: { shares: [0, 0, 0, 1], gatePs: 100 } }],
      ['noise.gatePs', { noise: { shares: [0, 0, 0, 0], gatePs: -1 } }],
    ] as const) {
      assert.throws(
        () => estimateOffsets({ ...good, ...change }),
        (error) => error instanceof FiniteKeyError && error.field === field,
      );
    }
  });
});

describe('source gate', () => {
  it('refuses, or pays for, every configuration of 0 to 300 ps in which more is known than the plain bound grants', () => {
    const random = uniform(2505);
    const gauss = normal(random);
    let violations = 0;
    let refused = 0;
    let accepted = 0;
    for (let run = 0; run < 240; run++) {
      const eta = 10 ** (-4.3 + 1.3 * random());
      const noise = 3e-3 * eta;
      const pass = expectedPass({ eta, noise });
      const scale = 10 ** (-2 + Math.log10(3e4) * random());
      // Classes apart, states apart, or all eight anywhere.
      const pattern = Math.floor(3 * random());
      const offsets = Array.from({ length: 8 }, (_, diode) => {
        if (pattern === 0) return diode < 4 ? 0 : scale;
        if (pattern === 1) return diode % 2 === 0 ? 0 : scale;
        return scale * random();
      });
      const attack = truth(offsets, { eta, noise });
      const n = pass.pulses.key;
      const open = n * (attack.detections - attack.knownBits);
      const decision = sourceGate({
        ...pass,
        pulse,
        estimates: [{ offsetsPs: offsets.map((offset) => offset + calibrationErrorPs * gauss()), errorsPs }],
      });
      // What was disclosed for error correction is no secret either.
      const plain = securedKeyLength({ ...pass, sideChannels: {} });
      if (plain.secretBits + pass.leakedBits > open) violations++;
      if (decision.accepted) {
        accepted++;
        const { keyVacuum, keySingles } = decision.length;
        assert.ok(
          keySingles <= n * attack.singles * (1 + 1e-9),
          `run ${run}, ${scale} ps: more singles than there are`,
        );
        assert.ok(keyVacuum + keySingles <= n * (attack.singles + attack.vacuum) * (1 + 1e-9));
        const content = decision.secretBits + pass.leakedBits;
        assert.ok(content <= open, `run ${run}, ${scale} ps: ${content} granted, ${open} open`);
      } else {
        refused++;
        assert.equal(decision.secretBits, 0);
        assert.match(decision.message, /\w/);
      }
    }
    assert.ok(violations > 60, `${violations} violations of the plain bound`);
    assert.ok(accepted > 60 && refused > 60, `${accepted} accepted, ${refused} refused`);
  });

  it('without it key is granted that somebody knows', () => {
    for (const apartPs of [100, 200, 300]) {
      const pass = expectedPass();
      const attack = truth([0, 0, 0, 0, apartPs, apartPs, apartPs, apartPs], { eta: 2.4e-4, noise: 8e-7 });
      const plain = securedKeyLength({ ...pass, sideChannels: {} });
      assert.ok(plain.secretBits + pass.leakedBits > pass.pulses.key * (attack.detections - attack.knownBits));
      const estimates = [{ offsetsPs: [0, 0, 0, 0, apartPs, apartPs, apartPs, apartPs], errorsPs }];
      const decision = sourceGate({ ...pass, pulse, estimates });
      assert.equal(decision.reason, 'no-key');
      assert.equal(decision.worstPair.distancePs, apartPs);
    }
  });

  it('accepts what is inside the specification, with calibration noise on it', () => {
    const pass = expectedPass();
    const limit = specificationPs({ ...pass, pulse, calibrationErrorPs });
    assert.ok(limit > 0.5 && limit < 3, `${limit} ps`);
    const plain = securedKeyLength({ ...pass, sideChannels: {} }).secretBits;
    const random = uniform(99);
    const gauss = normal(random);
    let accepted = 0;
    const runs = 150;
    for (let run = 0; run < runs; run++) {
      const edge = run % 2 === 0;
      const offsets = Array.from({ length: 8 }, () => limit * (edge ? 2 * Math.round(random()) - 1 : 2 * random() - 1));
      const decision = sourceGate({
        ...pass,
        pulse,
        estimates: [{ offsetsPs: offsets.map((offset) => offset + calibrationErrorPs * gauss()), errorsPs }],
        specificationPs: limit,
      });
      if (decision.accepted) accepted++;
      if (decision.accepted) assert.ok(decision.secretBits >= 0.499 * plain, `${decision.secretBits} of ${plain}`);
    }
    assert.ok(accepted >= 0.99 * runs, `${accepted} of ${runs}`);
  });

  it('refuses a diode outside the specification although the length would pay for it', () => {
    const offsetsPs = [0, 0, 0, 0, 0, 0, 0, 1.5];
    const decision = sourceGate({
      ...expectedPass(),
      pulse,
      estimates: [{ offsetsPs, errorsPs }],
      specificationPs: 0.4,
    });
    assert.equal(decision.reason, 'specification');
    assert.equal(decision.secretBits, 0);
    assert.ok(decision.length.secretBits > 0);
    assert.deepEqual(decision.worstPair, { diodes: [0, 7], distancePs: 1.5 });
  });

  it('of two estimates the worse counts, whichever it is', () => {
    const good = { offsetsPs: [0, 0, 0, 0, 0.1, 0.1, 0.1, 0.1], errorsPs };
    const bad = { offsetsPs: [0, 0, 0, 0, 2, 2, 2, 2], errorsPs };
    const pass = expectedPass();
    const alone = sourceGate({ ...pass, pulse, estimates: [bad] });
    assert.deepEqual(sourceGate({ ...pass, pulse, estimates: [good, bad] }), alone);
    assert.deepEqual(sourceGate({ ...pass, pulse, estimates: [bad, good] }), alone);
    assert.ok(sourceGate({ ...pass, pulse, estimates: [good] }).secretBits > alone.secretBits);
  });

  it('a coarse calibration alone takes the key; a common shift takes nothing', () => {
    const pass = expectedPass();
    const at = (offset: number, error: number) =>
      sourceGate({
        ...pass,
        pulse,
        estimates: [{ offsetsPs: new Array(8).fill(offset), errorsPs: new Array(8).fill(error) }],
      }).secretBits;
    assert.equal(at(5000, 0), at(0, 0));
    assert.ok(at(0, 0.1) < at(0, 0));
    assert.equal(at(0, 5), 0);
    assert.equal(specificationPs({ ...pass, pulse, calibrationErrorPs: 5 }), 0);
  });

  it('pulses of one pure mode need twenty times better diodes', () => {
    const pass = expectedPass();
    const mixed = specificationPs({ ...pass, pulse, calibrationErrorPs: 0 });
    const pure = specificationPs({ ...pass, pulse: { ...pulse, model: 'transform-limited' }, calibrationErrorPs: 0 });
    assert.ok(pure > 0 && pure < mixed / 15, `${pure} and ${mixed} ps`);
  });

  it('is refused by the name of the field', () => {
    const good = { ...expectedPass(), pulse, estimates: [{ offsetsPs: new Array(8).fill(0), errorsPs }] };
    for (const [field, change] of [
      ['estimates', { estimates: [] }],
      ['estimates[0].offsetsPs', { estimates: [{ offsetsPs: [1], errorsPs: [1] }] }],
      ['estimates[0].errorsPs', { estimates: [{ offsetsPs: new Array(8).fill(0), errorsPs: [1] }] }],
      ['sideChannels.timing.pulseWidthPs', { pulse: { ...pulse, pulseWidthPs: -1 } }],
      ['specificationPs', { specificationPs: -1 }],
      ['sigmas', { sigmas: Number.NaN }],
      ['pulses.test', { pulses: { key: 1e12, test: 3 } }],
    ] as const) {
      assert.throws(
        () => sourceGate({ ...good, ...change }),
        (error) => error instanceof FiniteKeyError && error.field === field,
      );
    }
    const { pulses, ...rest } = good;
    assert.ok(pulses.key > 0);
    assert.throws(() => sourceGate(rest), /pulses/);
  });
});
