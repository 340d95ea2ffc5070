import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { averageAtLeast, averageAtMost } from './binomial.ts';
import { clopperPearson } from './clopper-pearson.ts';
import { STUDIED_LINKS } from './coverage.ts';
import { logHypergeometricTail, unseenErrors } from './hypergeometric.ts';
import {
  binaryEntropy,
  type KeyDocument,
  keyLength,
  lim2014,
  optimise,
  type PairDocument,
  PROOFS,
  type ProofName,
} from './index.ts';
import { phaseErrorBound } from './lim2014.ts';
import { LinkModel } from './link-model.ts';
import { playSession, strategyOf, uniform } from './sessions.ts';
import { oneDecoy as one, twoDecoys as two } from './test/documents.ts';
import { uniform as drawsFrom } from './test/link.ts';
import { randomLink } from './test/random-search.ts';
import { satqumaPass } from './test/satquma.ts';
import { tilted } from './tilted.ts';

/** Mistakes that others made in finite-key analysis, by number; each test fails where the mistake is made. */

const pairs: PairDocument = {
  protocol: 'bbm92',
  keyBits: 100_000,
  testBits: 100_000,
  testErrors: 2000,
  epsSec: 1e-9,
  epsCor: 1e-15,
  leakBits: 16_000,
};
const WITH_TWO = PROOFS.filter(({ intensities }) => intensities.includes(3)).map(({ name }) => name);

function documentFor(name: ProofName): KeyDocument {
  if (name === 'bbm92') return pairs;
  return WITH_TWO.includes(name) ? two : one;
}

const sum = (values: readonly number[]): number => values.reduce((whole, value) => whole + value, 0);
const near = (a: number, b: number, relative = 1e-12): void =>
  assert.ok(Math.abs(a - b) <= relative * Math.max(Math.abs(a), Math.abs(b)), `${a} is not ${b}`);

describe('pitfalls', () => {
  it('P5: every use of the counts has a share of eps, and the bounds are asked for no more than it', () => {
    const expected: Partial<Record<ProofName, readonly [shares: number, s1: (beta: number) => number]>> = {
      // Four decoy statements, hashing, and sampling, which is smoothed over and counts twice.
      tilted: [4 + 1 + 2, (beta) => Math.floor(tilted.bounds(two, beta).keySingles)],
      'tilted-one-way': [4 + 1 + 2, (beta) => Math.floor(tilted.bounds(two, beta).keySingles)],
      'clopper-pearson': [10 + 1 + 2, (beta) => Math.floor(clopperPearson.bounds(two, beta).keySingles)],
    };
    for (const { name } of PROOFS) {
      const { epsilons, s1 } = keyLength(name, documentFor(name));
      near(sum(epsilons.map(({ share }) => share)), 1e-9);
      const found = expected[name];
      if (found === undefined) continue;
      const [shares, singles] = found;
      assert.equal(epsilons.length, shares - 1);
      for (const { event, probability, share } of epsilons) {
        near(share, event.startsWith('phase errors') ? 2 * Math.sqrt(probability) : probability);
        near(event.startsWith('phase errors') ? share / 2 : share, 1e-9 / shares);
      }
      assert.equal(s1, singles(Math.log(shares) - Math.log(1e-9)));
    }
  });

  it('P5: what was not looked at is bounded without replacement, exactly, however many errors there are in all', () => {
    const choose = (n: number, k: number): number => {
      let ways = k < 0 || k > n ? 0 : 1;
      for (let i = 1; i <= k && ways > 0; i++) ways = (ways * (n - k + i)) / i;
      return ways;
    };
    for (const [drawn, rest] of [
      [12, 18],
      [20, 6],
      [5, 25],
    ] as const) {
      for (const eps of [0.3, 0.05, 1e-3]) {
        let tightest = 0;
        for (let marked = 0; marked <= drawn + rest; marked++) {
          let wrong = 0;
          for (let found = 0; found <= Math.min(drawn, marked); found++) {
            if (marked - found > unseenErrors(found, drawn, rest, Math.log(eps))) {
              wrong +=
                (choose(marked, found) * choose(drawn + rest - marked, drawn - found)) / choose(drawn + rest, drawn);
            }
          }
          assert.ok(wrong <= eps * (1 + 1e-9), `${drawn} of ${drawn + rest}, ${marked}: ${wrong}`);
          tightest = Math.max(tightest, wrong);
        }
        assert.ok(tightest > eps / 30, `${tightest} of ${eps}`);
      }
    }
  });

  it('P7: phase errors of the key come from the test basis alone', () => {
    for (const name of WITH_TWO) {
      const { phaseError, s1, terms } = keyLength(name, two);
      for (const mX of [[0, 0, 0], two.nX]) assert.deepEqual(keyLength(name, { ...two, mX }).terms, terms, name);
      const worse = keyLength(name, { ...two, mZ: [19_954, 1762, 294] });
      assert.ok(worse.phaseError > 1.3 * phaseError && worse.s1 === s1, name);
      // The test basis has fewer singles: the size of its own sample counts, not that of the key.
      const smaller = keyLength(name, { ...two, nZ: two.nZ.map((n) => n >> 1), mZ: two.mZ.map((m) => m >> 1) });
      assert.ok(smaller.phaseError > phaseError, name);
    }
    // One decoy: errors of the key basis tell of empty pulses, and leave its singles, not their phase errors.
    for (const name of ['rusca2018', 'wiesemann2024'] as const) {
      const { phaseError } = keyLength(name, one);
      assert.ok(keyLength(name, { ...one, mX: one.mX.map((m) => m >> 1) }).phaseError <= phaseError, name);
      assert.ok(keyLength(name, { ...one, mZ: one.mZ.map((m) => 2 * m) }).phaseError > 1.3 * phaseError, name);
    }
    const { phaseError } = keyLength('bbm92', pairs);
    assert.equal(keyLength('bbm92', { ...pairs, keyErrors: 50_000 }).phaseError, phaseError);
    assert.ok(keyLength('bbm92', { ...pairs, testBits: 50_000, testErrors: 1000 }).phaseError > phaseError);
  });

  it('P12: lengths are whole and never below 0, entropy is 1 from 1/2 on, and eps may be as small as a double', () => {
    for (const { name } of PROOFS) {
      const document = documentFor(name);
      let before = Number.POSITIVE_INFINITY;
      for (const eps of [1e-9, 1e-40, 1e-300, 5e-324]) {
        const { rawSecretBits, secretBits } = keyLength(name, { ...document, epsSec: eps, epsCor: eps });
        assert.ok(Number.isFinite(rawSecretBits) && rawSecretBits < before, `${name}, ${eps}`);
        assert.equal(secretBits, Math.max(0, Math.floor(rawSecretBits)));
        if (name !== 'rusca2018' && eps >= 1e-40) assert.ok(secretBits > 0, name);
        before = rawSecretBits;
      }
      const hopeless = keyLength(name, { ...document, leakBits: 1e9 });
      assert.ok(hopeless.rawSecretBits < 0 && hopeless.secretBits === 0);
      const wrong =
        document.protocol === 'bbm92' ? { ...document, testErrors: 90_000 } : { ...document, mZ: document.nZ };
      const { phaseError, terms, s1 } = keyLength(name, wrong);
      assert.equal(phaseError, 0.5);
      near(terms.phaseErrors! + terms.singles!, 0);
      assert.ok(s1 >= 0);
    }
    for (const p of [0.5, 0.7, 1]) assert.equal(binaryEntropy(p), 1);
  });

  it('P15: only theorems are called rigorous; the approximate step of the others does break', () => {
    for (const { name, rigorous, assumptions } of PROOFS) {
      assert.equal(rigorous, ['tilted', 'tilted-one-way', 'clopper-pearson', 'bbm92'].includes(name), name);
      assert.equal(keyLength(name, documentFor(name)).rigorous, rigorous, name);
      assert.equal(
        assumptions.some((sentence) => sentence.includes('approximate')),
        !rigorous,
        name,
      );
    }
    // gamma at 20 errors of 1000, 10,000 unseen, 1e-10: the exact tail there is 1.9e-10.
    const [found, drawn, rest, eps] = [20, 1000, 10_000, 1e-10];
    const rate = phaseErrorBound(found, drawn, rest, -Math.log(eps));
    const unseen = Math.ceil(rate * rest);
    const tail = Math.exp(logHypergeometricTail(found, drawn + rest, found + unseen, drawn));
    assert.ok(tail > 1.5 * eps, `${tail}`);
    assert.ok(unseenErrors(found, drawn, rest, Math.log(eps)) >= unseen);
  });

  it('P16: gamma has one logarithm over ln 2 inside the root', () => {
    const [v, s, d, beta] = [8614.604974507998, 429436.2358495539, 4433049.575931586, Math.log(21e9)];
    near(phaseErrorBound(v, s, d, beta), 0.022068396953092033);
    near(keyLength('lim2014-hoeffding', two).phaseError, 0.031746447679983164);
    near(keyLength('rusca2018', one).phaseError, 0.07917365937798954);
    const spread = ((s + d) * (1 - v / s) * (v / s)) / (s * d);
    const gamma = (logarithm: number): number => Math.sqrt(spread * logarithm);
    const content = ((s + d) / (s * d * (1 - v / s) * (v / s))) * 21e9 ** 2;
    near(v / s + gamma(Math.log2(content) / Math.LN2), 0.022068396953092033, 1e-9);
    // ln 2 outside the root; no ln 2; one logarithm natural: each is off by 15 % and more.
    for (const misprint of [
      gamma(Math.log2(content)) / Math.LN2,
      gamma(Math.log2(content)),
      gamma(Math.log(content) / Math.LN2),
    ]) {
      assert.ok(Math.abs(misprint / (0.022068396953092033 - v / s) - 1) > 0.15);
    }
  });

  it('P17: the decoy enters the bound on empty pulses with its upper end, which matters once the weakest has light', () => {
    const intensities = [0.8, 0.1, 0.005];
    const document = { ...two, intensities, nX: [9401211, 592918, 58710], mX: [99766, 8806, 2935] };
    const tau0 = sum(intensities.map((mu, k) => two.probabilities[k]! * Math.exp(-mu)));
    const vacuum = (weakest: number, decoy: number): number =>
      (tau0 * (0.1 * 4 * Math.exp(0.005) * weakest - 0.005 * 4 * Math.exp(0.1) * decoy)) / 0.095;
    const all = sum(document.nX);
    const deviation = Math.sqrt((all / 2) * Math.log(21e9));
    near(keyLength('lim2014-hoeffding', document).s0, vacuum(58710 - deviation, 592918 + deviation));
    const logEps = -Math.log(13e9);
    const weakest = all * averageAtLeast(58710, all, logEps);
    const { s0 } = keyLength('clopper-pearson', document);
    near(s0, vacuum(weakest, all * averageAtMost(592918, all, logEps)), 1e-9);
    assert.ok(vacuum(weakest, all * averageAtLeast(592918, all, logEps)) - s0 > 300);
  });

  it('P18: every term is in bits: half of an eps costs as many as there are logarithms of it', () => {
    const logarithms: Record<ProofName, number> = {
      tilted: 2,
      'tilted-one-way': 2,
      'clopper-pearson': 2,
      'lim2014-hoeffding': 6,
      'lim2014-chernoff': 6,
      rusca2018: 6,
      wiesemann2024: 4,
      bbm92: 2,
    };
    for (const { name } of PROOFS) {
      const terms = (change: Partial<KeyDocument>) =>
        keyLength(name, { ...documentFor(name), ...change } as KeyDocument).terms;
      const before = terms({});
      near(before.privacyAmplification! - terms({ epsSec: 5e-10 }).privacyAmplification!, logarithms[name], 1e-9);
      near(before.verification! - terms({ epsCor: 5e-16 }).verification!, 1, 1e-9);
      assert.equal(before.leak! - terms({ leakBits: documentFor(name).leakBits! + 17 }).leak!, 17);
    }
    // Half of a thousand bits wrong: all thousand are disclosed.
    const coin = { ...pairs, leakBits: undefined, efficiency: 1, keyBits: 1000, keyErrors: 500 };
    assert.equal(keyLength('bbm92', coin).leakBits, 1000);
  });

  it('P19: lower ends are not clipped at 0 before they are used; clipped, the value is another', () => {
    const { intensities, probabilities, mZ } = two;
    const beta = Math.log(21e9);
    const tau1 = sum(intensities.map((mu, k) => probabilities[k]! * Math.exp(-mu) * mu));
    const deviation = Math.sqrt((sum(mZ) / 2) * beta);
    const upper = (Math.exp(0.1) / 0.25) * (mZ[1]! + deviation);
    const errors = (least: number): number => (tau1 * (upper - 4 * least)) / 0.1;
    const [clipped, unclipped] = [errors(Math.max(0, mZ[2]! - deviation)), errors(mZ[2]! - deviation)];
    assert.ok(Math.abs(clipped - 11137.387) < 5e-4, `${clipped}`);
    // Above all errors, whence the cap in the vector without clipping.
    assert.ok(unclipped > 11152);
    assert.ok(Math.abs(phaseErrorBound(clipped, 381835.96799653047, 4281148.592396471, beta) - 0.0317066) < 5e-9);
    assert.equal(keyLength('lim2014-hoeffding', two).phaseError.toFixed(7), '0.0317464');
    // SatQuMA row a3, by Chernoff: 39,155.48, and 38,577.15 where clipped.
    const row = satqumaPass({
      bound: 'chernoff',
      extraneousClicks: 1e-7,
      intrinsicQber: 0.05,
      extraLossDb: 0,
      halfWindowS: 210,
    });
    assert.ok(Math.abs(lim2014(row.request).testSingleErrors - 39155.48) < 0.005);
  });

  it('P20: empty pulses are wrong half of the time, and errors are counted by intensity', () => {
    assert.ok(Math.abs(two.mZ[2]! / two.nZ[2]! - 0.5) < 0.01);
    // All intensities given the average rate: errors go to the bright pulses, and fewer are left for singles than there are.
    const flat = { ...two, mZ: two.nZ.map((n) => Math.round((n * 11152) / 1e6)) };
    for (const name of ['tilted', 'clopper-pearson', 'lim2014-chernoff'] as const) {
      assert.ok(keyLength(name, flat).phaseError < keyLength(name, two).phaseError, name);
    }
    const draw = uniform(20);
    const link = { ...STUDIED_LINKS.twoDecoys, intensities: [0.6, 0.2, 0] };
    let [events, errors] = [0, 0];
    for (let session = 0; session < 200; session++) {
      const { counts } = playSession(link, strategyOf('honest', link), draw);
      events += counts.nX[2]!;
      errors += counts.mX[2]!;
    }
    assert.ok(events > 10_000 && Math.abs(errors / events - 0.5) < 3 / Math.sqrt(events));
    const model = new LinkModel({ transmittance: 0.01, pulses: 1e6, noise: 1e-4, misalignment: 0.01, afterPulsing: 0 });
    const setting = {
      keyBasis: { sender: 0.5, receiver: 0.5 },
      intensities: [0.6, 0.2, 0],
      probabilities: [0.5, 0.3, 0.2],
    };
    const { nZ, mZ } = model.counts(0, setting);
    near(mZ[2]! / nZ[2]!, 0.5);
  });

  it('P25: light and noise are united, not added: no gate clicks more than once', () => {
    const pulses = 1e6;
    const model = new LinkModel({ transmittance: 1, pulses, noise: 0.1, misalignment: 0, afterPulsing: 0 });
    const setting = { keyBasis: { sender: 1, receiver: 1 }, intensities: [2, 1], probabilities: [0.5, 0.5] };
    const { nX } = model.counts(0, setting);
    near(nX[0]!, 0.5 * pulses * (1 - (1 - 0.2) * Math.exp(-2)));
    assert.ok(nX[0]! < 0.5 * pulses && 0.2 + 1 - Math.exp(-2) > 1);
    const { yields } = strategyOf('honest', { ...STUDIED_LINKS.twoDecoys, background: 0.5, transmittance: 0.9 });
    for (const [n, y] of yields.entries()) near(y, 1 - 0.5 * 0.1 ** n);
    assert.ok(yields.every((y) => y <= 1));
  });

  it('P26: what is charged is the bits that were disclosed, whatever f n h would be', () => {
    for (const { name } of PROOFS) {
      const document = documentFor(name);
      for (const leakBits of [0, 1, 2_000_000]) {
        const { terms, leakBits: said } = keyLength(name, { ...document, leakBits });
        assert.equal(said, leakBits);
        assert.equal(terms.leak, -leakBits);
      }
      assert.throws(() => keyLength(name, { ...document, efficiency: 1.1 }), { field: 'leakBits' });
      const tagged = keyLength(name, { ...document, tagBits: 128 }).terms;
      assert.equal(tagged.leak! + tagged.verification!, -(document.leakBits! + 128));
      const errors = document.protocol === 'bbm92' ? { keyErrors: 2000 } : {};
      const planned = keyLength(name, { ...document, ...errors, leakBits: undefined, efficiency: 1.1 });
      assert.equal(planned.rigorous, false);
      assert.ok(planned.assumptions.some((sentence) => sentence.startsWith('The leak is a model')));
    }
  });

  it('P27: detectors that differ cost key: by a tenth in efficiency more than a tenth of it, and more in dark counts', () => {
    const plain = keyLength('tilted', two);
    let before = plain;
    for (const detectorMismatch of [0.001, 0.01, 0.1]) {
      const now = keyLength('tilted', { ...two, detectorMismatch });
      assert.ok(now.rawSecretBits < before.rawSecretBits && now.s1 < plain.s1 * (1 - detectorMismatch));
      // Fewer singles, and all the errors among those that are left.
      assert.ok(now.phaseError > before.phaseError);
      assert.equal(now.rigorous, false);
      before = now;
    }
    assert.ok(before.secretBits < 0.9 * plain.secretBits);
    assert.equal(keyLength('tilted', { ...two, detectorMismatch: 1 }).secretBits, 0);
    const dark = keyLength('tilted', { ...two, darkExcess: { key: 10_000, test: 1000 } });
    assert.ok(dark.s1 < plain.s1 - 10_000 * 0.2 && dark.phaseError > plain.phaseError);
    for (const { name, rigorous, assumptions } of PROOFS) {
      if (name === 'bbm92') assert.match(assumptions.join(' '), /alike in efficiency, dark counts/);
      else if (!rigorous) {
        for (const field of [{ detectorMismatch: 0.1 }, { darkExcess: { key: 1, test: 1 } }]) {
          assert.throws(() => keyLength(name, { ...documentFor(name), ...field } as KeyDocument), {
            field: Object.keys(field)[0],
          });
        }
      }
    }
    assert.match(plain.assumptions.join(' '), /alike in efficiency, dark counts, after-pulses and dead time/);
  });

  it('P29: a zero is not believed before it was searched again, from more points and from larger blocks', () => {
    // Just above the size of block from which there is key a search that takes its first answer finds none on these links.
    const random = drawsFrom(29);
    const links = Array.from({ length: 13 }, () => randomLink(random));
    for (const i of [2, 7, 12]) {
      const link = links[i]!;
      const request = { proof: 'lim2014-chernoff', epsSec: 1e-9, epsCor: 1e-15, efficiency: 1.16 } as const;
      const { keyFromBlocks, statement } = optimise({ link, ...request });
      assert.ok(statement.secretBits === 0 && keyFromBlocks !== null && keyFromBlocks > 1, `${i}`);
      const above = optimise({ link: { ...link, pulses: link.pulses * keyFromBlocks * 1.02 }, ...request });
      assert.ok(above.statement.secretBits > 0 && above.keyFromBlocks === 1, `${i}`);
    }
  });
});
