import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { binaryEntropy } from './entropy.ts';
import { type DecoyDocument, keyLength } from './index.ts';
import { lim2014 } from './lim2014.ts';
import { darkExcessOf, mismatchOf, untaggedContent } from './mismatch.ts';
import { securedKeyLength } from './secure.ts';
import { binomial, uniform as drawsFrom } from './sessions.ts';
import { expectedPass, uniform } from './test/link.ts';

/** Efficiency of a detector of Gaussian sensitivity in time (assumed: 150 ps wide) at a shift, ps. */
const sensitivity = (shiftPs: number, centrePs: number): number => Math.exp(-(((shiftPs - centrePs) / 150) ** 2) / 2);
const centres = [-30, 30, -20, 25] as const;

describe('efficiency mismatch', () => {
  it('is one less the least over the greatest, in the worst mode', () => {
    assert.equal(mismatchOf([[1, 1, 1, 1]]), 0);
    assert.ok(
      Math.abs(
        mismatchOf([
          [1, 0.9, 1, 1],
          [0.5, 0.4, 0.5, 0.48],
        ]) - 0.2,
      ) < 1e-12,
    );
  });

  it('content falls with the share given away, from all to nothing', () => {
    assert.equal(untaggedContent(1000, 0.02, 0), 1000 * (1 - binaryEntropy(0.02)));
    assert.equal(untaggedContent(1000, 0.02, 1), 0);
    let previous = Number.POSITIVE_INFINITY;
    for (let known = 0; known <= 1; known += 0.05) {
      const content = untaggedContent(1000, 0.02, known);
      assert.ok(content < previous && content >= 0);
      previous = content;
    }
  });

  it('pays for an Eve who chooses the shift of each pulse, drawn pulse by pulse', () => {
    const random = uniform(1502);
    for (const limitPs of [20, 60, 150, 300]) {
      const shifts = [-limitPs, limitPs];
      const mismatch = mismatchOf(shifts.map((shift) => centres.map((centre) => sensitivity(shift, centre))));
      // Key basis: detectors 0 and 1. She shifts at random; both bits are equally likely, and errors are none.
      let clicks = 0;
      const bits = [
        [0, 0],
        [0, 0],
      ];
      for (let pulse = 0; pulse < 200_000; pulse++) {
        const side = random() < 0.5 ? 0 : 1;
        const bit = random() < 0.5 ? 0 : 1;
        if (random() < sensitivity(shifts[side]!, centres[bit]!)) {
          clicks++;
          bits[side]![bit]!++;
        }
      }
      const known = bits.reduce((sum, [zero = 0, one = 0]) => {
        return sum + (zero + one) * (1 - binaryEntropy(Math.min(zero, one) / (zero + one)));
      }, 0);
      const granted = untaggedContent(clicks, 0, mismatch);
      assert.ok(granted <= clicks - known, `${limitPs} ps: ${granted} granted of ${clicks}, ${known} known`);
      // Without the penalty all of it would have been granted.
      assert.ok(untaggedContent(clicks, 0, 0) > clicks - known);
    }
  });

  it('pays for the strongest she can do with single photons of each basis: filter, guess, stay unseen', () => {
    // In a mode of mismatch m she sends the state of the better detector: of its clicks the share m is excess.
    for (const m of [0.01, 0.2, 0.6]) {
      const better = 1;
      const worse = 1 - m;
      const guess = better / (better + worse);
      assert.ok(1 - binaryEntropy(1 - guess) <= m);
    }
  });

  it('costs at the length of a pass what it says', () => {
    const pass = expectedPass();
    const plain = lim2014(pass);
    const secured = securedKeyLength({ ...pass, sideChannels: { efficiencyMismatch: 0.05 } });
    const cost = plain.secretBits - secured.secretBits;
    // The share itself, and the errors that the rest may hold.
    const share = 0.05 * plain.keySingles * (1 - binaryEntropy(plain.phaseErrorRate));
    assert.ok(cost > share && cost < 1.3 * share, `${cost} for ${share}`);
    assert.deepEqual(
      secured.costs.map(({ name, bits }) => [name, bits]),
      [['efficiencyMismatch', cost]],
    );
  });
});

/**
 * An honest link of detectors alike in efficiency, with dark counts in a gate of either basis as they come; nobody listens.
 * Misalignment 0.5 %. Counts drawn, or expected and rounded, with the truth beside them.
 */
function darkLink(
  { key, test, pulses, transmittance }: { key: number; test: number; pulses: number; transmittance: number },
  draw?: () => number,
) {
  const intensities = [0.6, 0.2, 0.001];
  const probabilities = [0.5, 0.3, 0.2];
  const of = (mean: number, p: number): number => (draw ? binomial(mean, p, draw) : mean * p);
  const basis = (dark: number) => {
    const [n, m] = [
      [0, 0, 0],
      [0, 0, 0],
    ];
    const singles = { all: 0, wrong: 0, excess: 0 };
    const common = Math.min(key, test);
    const excess = (dark - common) / (1 - common);
    for (const [k, mu] of intensities.entries()) {
      let share = Math.exp(-mu);
      for (let photons = 0; photons < 9; photons++) {
        const seen = 1 - (1 - transmittance) ** photons;
        // Gates with an excess dark count, whatever else, then those without that click.
        const sent = draw ? Math.round(pulses * probabilities[k]! * share) : pulses * probabilities[k]! * share;
        const tagged = of(sent, excess);
        const clicks = of(sent - tagged, 1 - (1 - common) * (1 - seen));
        const error = ((common * (1 - seen)) / 2 + 0.005 * seen) / (1 - (1 - common) * (1 - seen));
        const wrong = of(clicks, error);
        n[k]! += tagged + clicks;
        m[k]! += wrong + of(tagged, (1 - seen) / 2 + 0.005 * seen);
        if (photons === 1) {
          singles.all += tagged + clicks;
          singles.wrong += wrong;
          singles.excess += tagged;
        }
        share *= mu / (photons + 1);
      }
    }
    return { n: n.map(Math.round), m: m.map(Math.round), singles };
  };
  const [x, z] = [basis(key), basis(test)];
  const document: DecoyDocument = {
    protocol: 'decoy-bb84',
    intensities,
    probabilities,
    nX: x.n,
    mX: x.m,
    nZ: z.n,
    mZ: z.m,
    epsSec: 1e-9,
    epsCor: 1e-15,
    leakBits: 0,
  };
  const common = x.singles.all - x.singles.excess;
  // An error that a common click would have shown in the test basis; an excess one would have been a coin.
  const phaseErrors = of(Math.round(common), (z.singles.wrong || 0) / (z.singles.all - z.singles.excess));
  return { document, common, phaseErrors, singles: x.singles };
}

describe('dark counts of detectors that are not equally dark', () => {
  it('have an excess over what all detectors have alike: union, not difference', () => {
    assert.deepEqual(darkExcessOf({ key: [1e-6, 1e-6], test: [1e-6, 1e-6] }, { key: 1e10, test: 1e10 }), {
      key: 0,
      test: 0,
    });
    const { key, test } = darkExcessOf({ key: [0.3, 0.1], test: [0.1, 0.1] }, { key: 1000, test: 500 });
    // (1 - 0.1)(1 - e) = 1 - 0.3.
    assert.ok(Math.abs(key - 1000 * (0.2 / 0.9)) < 1e-9 && test === 0);
    for (const darkCounts of [
      { key: [], test: [] },
      { key: [0.1], test: [0.1, 0.1] },
      { key: [1], test: [0] },
    ]) {
      assert.throws(() => darkExcessOf(darkCounts, { key: 1, test: 1 }), { field: 'darkCounts' });
    }
    assert.throws(() => darkExcessOf({ key: [0], test: [0] }, { key: -1, test: 1 }), { field: 'pulses.key' });
  });

  it('break the bound on an honest link where nobody says so, and do not where it is said', () => {
    for (const [key, test, broken] of [
      [3e-6, 3e-6, false],
      [3e-5, 1.5e-5, true],
      [1e-4, 1e-6, true],
      [1.5e-5, 3e-5, false],
    ] as const) {
      const { document, common, phaseErrors, singles } = darkLink({ key, test, pulses: 3e10, transmittance: 1e-3 });
      const all = phaseErrors + singles.excess / 2;
      const silent = keyLength('tilted', document);
      assert.equal(silent.phaseError < all / singles.all, broken, `${key}, ${test}`);
      assert.match(silent.assumptions.join(' '), /dark counts/);
      const half = (d: number): readonly number[] => [1 - Math.sqrt(1 - d), 1 - Math.sqrt(1 - d)];
      const darkExcess = darkExcessOf({ key: half(key), test: half(test) }, { key: 3e10, test: 3e10 });
      const said = keyLength('tilted', { ...document, darkExcess });
      assert.ok(said.s1 <= common && said.s1 > 0.85 * common, `${said.s1} of ${common}`);
      assert.ok(said.phaseError >= phaseErrors / common && said.phaseError < 4 * (phaseErrors / common));
      assert.ok(said.secretBits > 0 && said.secretBits < silent.secretBits);
      assert.equal(said.rigorous, true);
    }
  });

  it('cost what is granted without them where they are gross: more than all that is secret', () => {
    // Light so rare that most singles of the key basis are dark counts; those of the test basis are light.
    const { document, common, phaseErrors } = darkLink({ key: 3e-4, test: 1e-7, pulses: 3e10, transmittance: 2e-4 });
    const secret = common * (1 - binaryEntropy(phaseErrors / common));
    const granted = (one: DecoyDocument): number => {
      const { s1, phaseError } = keyLength('tilted', one);
      return s1 * (1 - binaryEntropy(phaseError));
    };
    assert.ok(granted(document) > 2 * secret, `${granted(document)} of ${secret}`);
    const darkExcess = darkExcessOf({ key: [3e-4], test: [1e-7] }, { key: 3e10, test: 3e10 });
    assert.ok(granted({ ...document, darkExcess }) <= secret);
  });

  it('drawn session by session: wrong no more often than eps, and without that term most of the time', () => {
    const draw = drawsFrom(1108);
    const epsSec = 0.1;
    let [silent, said] = [0, 0];
    for (let session = 0; session < 150; session++) {
      const link = { key: 2e-3, test: 5e-4, pulses: 4e6, transmittance: 0.01 };
      const { document, common, phaseErrors, singles } = darkLink(link, draw);
      const darkExcess = darkExcessOf({ key: [link.key], test: [link.test] }, { key: 4e6, test: 4e6 });
      const before = keyLength('tilted', { ...document, epsSec });
      if (before.phaseError * singles.all < phaseErrors + singles.excess / 2) silent++;
      const now = keyLength('tilted', { ...document, epsSec, darkExcess });
      if (now.s1 > common || now.phaseError < phaseErrors / common) said++;
    }
    assert.ok(silent > 5 * epsSec * 150, `${silent}`);
    assert.ok(said <= epsSec * 150, `${said}`);
  });
});
