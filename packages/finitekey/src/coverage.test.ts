import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { coverage, type ProofName, STUDIED_LINKS, type StudiedAttack } from './index.ts';
import { binomial, hypergeometric, strategyOf, uniform } from './sessions.ts';

fc.configureGlobal({ seed: 1934 });

const ATTACKS: readonly StudiedAttack[] = ['honest', 'splitting', 'intercept', 'worst-yields', 'worst-errors'];
/** Of each attack; the study proper plays 100,000. */
const SESSIONS = 400;

describe('no bound is wrong more often than it says', () => {
  for (const [proof, kind] of [
    ['tilted', 'twoDecoys'],
    ['tilted', 'oneDecoy'],
    ['clopper-pearson', 'twoDecoys'],
  ] as const satisfies readonly (readonly [ProofName, keyof typeof STUDIED_LINKS])[]) {
    for (const epsilon of [0.1, 0.01]) {
      it(`${proof}, ${kind}, eps ${epsilon}, honest and attacked`, () => {
        let informed = 0;
        for (const attack of ATTACKS) {
          const link = STUDIED_LINKS[kind];
          const { statements } = coverage({ link, attack, epsilon, sessions: SESSIONS, seed: 7, proof });
          assert.equal(statements.length, 6);
          for (const { statement, violations, allowed, meanRatio } of statements) {
            // Three standard deviations of the study itself.
            const most = allowed * SESSIONS + 3 * Math.sqrt(allowed * SESSIONS);
            assert.ok(violations <= most, `${attack}, ${statement}: ${violations} of ${SESSIONS}`);
            if (statement.includes('singles') && meanRatio !== null && meanRatio > 0.3) informed++;
          }
        }
        // A bound that says nothing is never wrong: these say something.
        assert.ok(informed >= 10, `${informed}`);
      });
    }
  }

  it('a bound asked for half of what it needs is caught', () => {
    // Sampling at eps 0.1 is tight: about as many violations as allowed, so that a bound at 0.2 would show.
    const sessions = 2000;
    const request = { link: STUDIED_LINKS.twoDecoys, attack: 'honest', sessions, seed: 3, proof: 'tilted' } as const;
    const at = (epsilon: number): number =>
      coverage({ ...request, epsilon }).statements.find(({ statement }) => statement.includes('sampling'))!.violations;
    assert.ok(at(0.2) > 0.1 * sessions + 3 * Math.sqrt(0.1 * sessions));
  });

  it('is the same again from the same seed, and refuses nonsense', () => {
    const request = {
      link: STUDIED_LINKS.oneDecoy,
      attack: 'splitting',
      epsilon: 0.1,
      sessions: 20,
      seed: 5,
      proof: 'rusca2018',
    } as const;
    assert.deepEqual(coverage(request), coverage(request));
    assert.throws(() => coverage({ ...request, epsilon: 0.5 }), { field: 'epsilon' });
    assert.throws(() => coverage({ ...request, sessions: 0 }), { field: 'sessions' });
    assert.throws(() => coverage({ ...request, seed: 2 ** 32 }), { field: 'seed' });
  });

  it('plays the same sessions for every proof', () => {
    const request = { link: STUDIED_LINKS.twoDecoys, attack: 'honest', epsilon: 0.1, sessions: 200, seed: 3 } as const;
    const sampling = (proof: ProofName) =>
      coverage({ ...request, proof }).statements.find(({ statement }) => statement.includes('sampling'));
    assert.ok(sampling('tilted')!.violations > 0);
    assert.deepEqual(sampling('tilted'), sampling('clopper-pearson'));
    assert.equal(sampling('lim2014-chernoff'), undefined, 'no step of that proof');
  });
});

describe('attacks', () => {
  it('leave the rate of signal detections as it was', () => {
    for (const link of Object.values(STUDIED_LINKS)) {
      const mu = link.intensities[0];
      const gain = (attack: StudiedAttack): number => {
        let [term, sum] = [Math.exp(-mu), 0];
        for (const [n, y] of strategyOf(attack, link).yields.entries()) {
          sum += term * y;
          term *= mu / (n + 1);
        }
        return sum;
      };
      for (const attack of ATTACKS) assert.ok(Math.abs(gain(attack) / gain('honest') - 1) < 1e-6, attack);
    }
  });
});

describe('draws', () => {
  it('have the mean and the spread of their distribution', () => {
    const draw = uniform(11);
    const spread = (next: () => number): readonly [number, number] => {
      let [sum, squares] = [0, 0];
      for (let i = 0; i < 20_000; i++) {
        const x = next();
        sum += x;
        squares += x * x;
      }
      return [sum / 20_000, squares / 20_000 - (sum / 20_000) ** 2];
    };
    const check = ([mean, variance]: readonly [number, number], expected: number, squared: number): void => {
      assert.ok(Math.abs(mean - expected) < 4 * Math.sqrt(squared / 20_000), `${mean} ${expected}`);
      assert.ok(Math.abs(variance / squared - 1) < 0.06, `${variance} ${squared}`);
    };
    for (const [n, p] of [
      [10, 0.3],
      [400_000, 1e-3],
      [1000, 0.97],
    ] as const) {
      check(
        spread(() => binomial(n, p, draw)),
        n * p,
        n * p * (1 - p),
      );
    }
    const [drawn, marked, population] = [300, 40, 1000];
    const variance =
      (drawn * marked * (population - marked) * (population - drawn)) / (population ** 2 * (population - 1));
    check(
      spread(() => hypergeometric(drawn, marked, population, draw)),
      (drawn * marked) / population,
      variance,
    );
  });

  it('never leave their range', () => {
    fc.assert(
      fc.property(
        fc.nat(50),
        fc.nat(50),
        fc.nat(50),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (a, b, c, u) => {
          const population = Math.max(a, b) + c;
          const found = hypergeometric(a, b, population, () => u);
          assert.ok(Number.isInteger(found) && found <= Math.min(a, b) && found >= Math.max(0, a + b - population));
          const count = binomial(a, u, () => u);
          assert.ok(Number.isInteger(count) && count >= 0 && count <= a);
        },
      ),
    );
  });
});
