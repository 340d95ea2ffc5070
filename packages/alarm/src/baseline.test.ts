import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Observation, seededRandom } from '@skykey/photons';
import { learnBaseline } from './baseline.ts';
import { AlarmError } from './error.ts';
import { modelLink, modelPass } from './test/link-model.ts';

const link = modelLink(64);
const passes = Array.from({ length: 24 }, (_, seed) => modelPass({ link, seed }));
const baseline = learnBaseline(link, passes);
const of = (name: string, from = baseline) => from.statistics.find((statistic) => statistic.name === name)!;

test('it is plain data, and the same again', () => {
  const text = JSON.stringify(baseline);
  assert.deepEqual(JSON.parse(text), baseline);
  assert.equal(JSON.stringify(learnBaseline(link, passes)), text);
});

test('levels are those of the link', () => {
  assert.ok(Math.abs(of('T1 errors X signal').level - 0.005) < 0.0005);
  assert.ok(Math.abs(of('T2 decoy gain').level - 0.0625) < 0.001);
  assert.ok(Math.abs(of('T6 doubles both bases').level - 1) < 0.05);
  assert.ok(Math.abs(of('T4 arrival X1').level - 4) < 1.5);
});

test('noise of the monitors and drift of the link are learned', () => {
  assert.ok(Math.abs(of('T11 clock').noise / 30 - 1) < 0.1);
  assert.ok(Math.abs(of('T10 beacon-power').noise / 0.02 - 1) < 0.1);
  // A clock that wanders by 10 ps, six of them tolerated.
  const moved = of('T4 arrival').above;
  assert.ok(
    moved.every((ps) => ps > 35 && ps < 120),
    `${moved}`,
  );
  assert.ok(of('T1 errors X signal').above[0]! < 0.003);
});

test('skies that are six deviations clearer are tolerated, whatever the clearest pass of training was', () => {
  const random = seededRandom(5, 1);
  const sd = 0.07;
  const hazy = (seed: number, haze: number): Observation[] =>
    modelPass({
      link,
      seed,
      drift: false,
      change: (truth) => {
        truth.lightHz *= haze;
        truth.monitors['beacon-power'] *= haze;
      },
    });
  const normal = (): number => Math.sqrt(-2 * Math.log1p(-random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
  const skies = Array.from({ length: 100 }, (_, seed) => hazy(seed, Math.exp(sd * normal())));
  for (const training of [skies, [hazy(0, 3), ...skies.slice(1)]]) {
    const { level, above, below } = of('T10 beacon-power', learnBaseline(link, training));
    const deviations = Math.log(level + above[0]!) / sd;
    assert.ok(deviations > 4.8 && deviations < 7.5, `${deviations}`);
    // Clouds only dim it: below there is no bound.
    assert.equal(below[0], level);
  }
});

test('a floor is tolerated down to half of what a moonless sky is predicted to have', () => {
  const { level, below } = of('T7 floor');
  const moonless = 0.2 * 4 * 200;
  const least = level - below[0]!;
  assert.ok(least > 0.35 * moonless && least <= 0.5 * moonless * (1 + 1e-9), `${least} of ${moonless}`);
  // Training under a Moon does not make a moonless night an alarm.
  const moonlit = Array.from({ length: 12 }, (_, seed) =>
    modelPass({
      link,
      seed,
      change: (truth) => {
        truth.noiseHz = truth.noiseHz.map((hz) => hz + 2000);
      },
    }),
  );
  const bright = of('T7 floor', learnBaseline(link, moonlit));
  assert.ok(Math.abs(bright.level - bright.below[0]! - 0.5 * moonless) < 1);
});

test('what a long window may drift, a short one may', () => {
  for (const { name, above, below } of baseline.statistics) {
    if (name.endsWith(' step')) continue;
    for (const tolerances of [above, below]) {
      assert.ok(
        tolerances.every((value, i) => i === 0 || value <= tolerances[i - 1]!),
        name,
      );
    }
  }
});

test('one pass that was tapped moves no tolerance much', () => {
  const tapped = modelPass({
    link,
    seed: 0,
    change: (truth) => {
      truth.resent = 1;
    },
  });
  const poisoned = learnBaseline(link, [tapped, ...passes.slice(1)]);
  const name = 'T1 errors X signal';
  assert.ok(Math.abs(of(name, poisoned).level - of(name).level) < 2e-4);
  assert.ok(of(name, poisoned).above[0]! < 0.006, `${of(name, poisoned).above}`);
});

test('a monitor that training did not have is not learned', () => {
  const without = Array.from({ length: 8 }, (_, seed) => modelPass({ link, seed, without: ['clock'] }));
  const less = learnBaseline(link, without);
  assert.equal(of('T11 clock', less).learned, false);
  assert.equal(of('T11 range', less).learned, true);
});

test('too few passes are refused', () => {
  assert.throws(
    () => learnBaseline(link, passes.slice(0, 7)),
    (error) => error instanceof AlarmError && error.code === 'alarm/baseline',
  );
});
