import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Verdict } from '@skykey/photons';
import { type Conclusion, createBank, type Finding } from './bank.ts';
import { learnBaseline } from './baseline.ts';
import { AlarmError } from './error.ts';
import { statisticsOf } from './statistics.ts';
import { type Change, modelLink, modelPass, type PassRequest } from './test/link-model.ts';
import { budgetShares, windowLengths, windowsOf } from './windows.ts';

const BINS = 64;
const ONSET_S = 10;
const link = modelLink(BINS);
const statistics = statisticsOf(link.source);
const baseline = learnBaseline(
  link,
  Array.from({ length: 40 }, (_, i) => modelPass({ link, seed: 1000 + i })),
);

function watch(request: Omit<PassRequest, 'link'>): { conclusion: Conclusion; findings: Finding[] } {
  const bank = createBank(link, baseline);
  const findings = modelPass({ link, ...request }).flatMap((observation) => [...bank.observe(observation)]);
  return { conclusion: bank.conclude(), findings };
}

const after =
  (change: Change): Change =>
  (truth, atS) => {
    if (atS >= ONSET_S) change(truth, atS);
  };

test('the budget is spent once: shares of all tests sum to 1', () => {
  const tested = statistics.map((_, s) => s % 5 !== 0);
  const shares = budgetShares(statistics, tested, 400);
  const lengths = windowLengths(400);
  const spent = statistics.reduce((sum, statistic, s) => {
    const sides = Number(statistic.above !== null) + Number(statistic.below !== null);
    return tested[s] ? sum + shares[s]! * sides * windowsOf(statistic, lengths) * 400 : sum;
  }, 0);
  assert.ok(Math.abs(spent - 1) < 1e-12);
});

test('scores of clean passes are not too high, with drift and without', () => {
  for (const drift of [true, false]) {
    const scores = Array.from({ length: 150 }, (_, i) => watch({ seed: 3000 + i, drift }).conclusion.score);
    for (const score of [0.3, 1, 2]) {
      const allowed = 150 * 10 ** -score;
      const seen = scores.filter((value) => value >= score).length;
      assert.ok(seen <= allowed + 4 * Math.sqrt(allowed), `${seen} of 150 at ${score}`);
    }
    assert.ok(scores.every((score) => score < 4));
  }
});

test('a link with few counts has no more alarms', () => {
  const faint = { link, lightHz: 2500 };
  const learned = learnBaseline(
    link,
    Array.from({ length: 24 }, (_, i) => modelPass({ ...faint, seed: 1000 + i })),
  );
  const conclusions = Array.from({ length: 80 }, (_, i) => {
    const bank = createBank(link, learned);
    for (const observation of modelPass({ ...faint, seed: 5000 + i })) bank.observe(observation);
    return bank.conclude();
  });
  assert.deepEqual(
    conclusions.filter(({ hard }) => hard),
    [],
  );
  assert.ok(conclusions.filter(({ soft }) => soft).length <= 5);
});

test('a clean pass is called clean', () => {
  const { conclusion, findings } = watch({ seed: 1 });
  assert.equal(conclusion.verdict, 'clean');
  assert.deepEqual([conclusion.hard, conclusion.soft, conclusion.firstHardS], [false, false, null]);
  assert.deepEqual([findings, conclusion.evidence, conclusion.skipped], [[], [], []]);
});

/** What each does, and what it is. */
const SIGNATURES: readonly (readonly [string, Verdict, Change])[] = [
  ['intercept-resend of 5 %', 'tap', (t) => void (t.resent = 0.05)],
  ['intercept-resend of all', 'tap', (t) => void (t.resent = 1)],
  ['photon-number splitting of 20 %', 'tap', (t) => void (t.gain[1]! *= 0.84)],
  ['all light late by 50 ps', 'tap', (t) => void (t.arrivalPs += 50)],
  ['light early and late by 50 ps', 'tap', (t) => void (t.jitterPs = Math.hypot(100, 50))],
  [
    'one detector late by 60 ps, self-test off',
    'tap',
    (t) => {
      t.detectorPs[2]! += 60;
      t.monitors['self-test'] += 0.1;
    },
  ],
  [
    'blinding of 10 %',
    'tap',
    (t) => {
      t.monitors['bright-light'] += 1e-10;
      t.noiseHz = t.noiseHz.map((hz) => 0.9 * hz);
    },
  ],
  ['clicks on the edge of the gate', 'tap', (t) => void (t.lateEdge = 0.1)],
  [
    'blinding of all that brings a fifth of the clicks',
    'tap',
    (t) => {
      t.monitors['bright-light'] += 1e-9;
      t.noiseHz = [0, 0, 0, 0];
      t.lightHz /= 5;
    },
  ],
  [
    'dazzling that blinds',
    'jam',
    (t) => {
      t.monitors['bright-light'] += 1e-6;
      t.monitors['out-of-band'] += 1e9;
      t.noiseHz = [0, 0, 0, 0];
      t.lightHz = 0;
    },
  ],
  ['multi-photon pulses', 'tap', (t) => void (t.doubles = 8)],
  ['jamming', 'jam', (t) => void (t.noiseHz = t.noiseHz.map((hz) => hz + 5e4))],
  [
    'dazzling',
    'jam',
    (t) => {
      t.noiseHz = t.noiseHz.map((hz) => hz + 5e5);
      t.monitors['bright-light'] += 1e-9;
      t.monitors['out-of-band'] += 1e6;
    },
  ],
  [
    'a dead detector',
    'fault',
    (t) => {
      t.efficiency[1] = 0;
      t.noiseHz[1] = 0;
    },
  ],
  ['a weak detector', 'fault', (t) => void (t.efficiency[3]! *= 0.7)],
  ['a hot detector', 'fault', (t) => void (t.noiseHz[1]! += 2e4)],
  ['frames turned by 5 degrees', 'fault', (t) => void (t.frameRad += (5 * Math.PI) / 180)],
  ['frames turned by 20 degrees', 'fault', (t) => void (t.frameRad += (20 * Math.PI) / 180)],
  ['after-pulses', 'fault', (t) => void (t.afterPulse *= 5)],
  [
    'a dim diode',
    'fault',
    (t) => {
      t.stateGain[1] = 0.7;
      t.monitors['source-power'] *= 0.96;
    },
  ],
  [
    'a clock that is 10 ns off',
    'time',
    (t) => {
      t.monitors.clock -= 1e4;
      t.monitors.range += 3;
      t.gain = [0.5, 4, 0];
      t.resent = 1;
    },
  ],
  [
    'a false beacon',
    'time',
    (t) => {
      t.monitors['beacon-pointing'] += 10;
      t.lightHz *= 0.9;
    },
  ],
  ['intensity up by 10 %', 'source', (t) => void (t.monitors['source-power'] *= 1.1)],
  ['light sent into the source', 'source', (t) => void (t.monitors['injected-power'] += 1e-7)],
];

for (const [name, verdict, change] of SIGNATURES) {
  test(`${name}: ${verdict}`, () => {
    for (let seed = 0; seed < 5; seed++) {
      const { conclusion, findings } = watch({ seed, clouds: false, change: after(change) });
      assert.equal(conclusion.verdict, verdict, JSON.stringify(conclusion.evidence, undefined, 1));
      assert.ok(conclusion.hard && conclusion.because.length > 0 && conclusion.evidence.length > 0);
      const latencyS = conclusion.firstHardS! - ONSET_S;
      assert.ok(latencyS > 0 && latencyS <= 2, `${latencyS} s`);
      assert.equal(findings.find(({ severity }) => severity === 'hard')!.atS, conclusion.firstHardS);
    }
  });
}

test('the slowest link of the studies sees each within two seconds too', () => {
  for (const name of ['intercept-resend of 5 %', 'photon-number splitting of 20 %', 'all light late by 50 ps']) {
    const change = SIGNATURES.find(([known]) => known === name)![2];
    for (let seed = 20; seed < 25; seed++) {
      const { conclusion } = watch({ seed, lightHz: 80_000, clouds: false, change: after(change) });
      assert.ok(conclusion.firstHardS! - ONSET_S <= 2, `${name}: ${conclusion.firstHardS}`);
    }
  }
});

test('a pass that is all cloud is clean', () => {
  const closed: Change = (truth) => {
    truth.sky = 1e-6;
    truth.monitors['beacon-power'] = 1e-6;
  };
  for (let seed = 0; seed < 5; seed++) {
    const { conclusion } = watch({ seed, change: closed });
    assert.equal(conclusion.verdict, 'clean', conclusion.evidence[0]?.message);
    assert.ok(Number.isFinite(conclusion.score));
  }
});

test('a monitor that is not fitted is not tested, and it is said', () => {
  const blinded: Change = (truth) => void (truth.monitors['bright-light'] += 1e-10);
  const { conclusion } = watch({ seed: 2, without: ['bright-light', 'beacon-power'], change: after(blinded) });
  assert.equal(conclusion.verdict, 'clean');
  assert.deepEqual(conclusion.skipped, ['T9 light', 'T10 bright-light', 'T10 beacon-power']);
  const untaught = learnBaseline(
    link,
    Array.from({ length: 8 }, (_, i) => modelPass({ link, seed: i, without: ['clock'] })),
  );
  assert.deepEqual(createBank(link, untaught).conclude().skipped.includes('T11 clock'), true);
});

test('a diode that moved is never a hard alarm', () => {
  const bank = createBank(link, baseline);
  for (const observation of modelPass({ link, seed: 5 })) {
    for (let s = 0; s < 4; s++) observation.diodeMeanPs[s]! += s % 2 ? 60 : -60;
    bank.observe(observation);
  }
  const { hard, soft, verdict } = bank.conclude();
  assert.deepEqual({ hard, soft, verdict }, { hard: false, soft: true, verdict: 'source' });
});

test('the same pass gives the same, asking in between or not', () => {
  const pass = modelPass({ link, seed: 6, change: after((t) => void (t.resent = 0.02)) });
  const [once, often] = [createBank(link, baseline), createBank(link, baseline)];
  for (const observation of pass) {
    once.observe(observation);
    often.observe(observation);
    often.conclude();
  }
  assert.deepEqual(once.conclude(), often.conclude());
});

test('alarm rates may be chosen, and an odd choice is refused', () => {
  const change = after((t) => void (t.resent = 0.02));
  const pass = modelPass({ link, seed: 7, change });
  const strict = createBank(link, baseline, { hardPerPass: 1e-300, softPerPass: 1e-2 });
  for (const observation of pass) strict.observe(observation);
  assert.deepEqual([strict.conclude().hard, strict.conclude().soft], [false, true]);
  for (const options of [{ hardPerPass: 0 }, { softPerPass: 1 }, { hardPerPass: 0.1, softPerPass: 0.01 }]) {
    assert.throws(
      () => createBank(link, baseline, options),
      (error) => error instanceof AlarmError && error.code === 'alarm/options',
    );
  }
});

test('bins out of order, too many of them, and strange baselines are refused', () => {
  const code = (expected: string) => (error: unknown) => error instanceof AlarmError && error.code === expected;
  const pass = modelPass({ link, seed: 8 });
  const bank = createBank(link, baseline);
  bank.observe(pass[3]!);
  assert.throws(() => bank.observe(pass[3]!), code('alarm/observation'));
  for (const observation of pass.slice(4)) bank.observe(observation);
  assert.throws(() => bank.observe({ ...pass[0]!, bin: BINS }), code('alarm/observation'));
  assert.throws(() => createBank(modelLink(8 * BINS), baseline), code('alarm/baseline'));
  assert.throws(
    () => createBank(link, { ...baseline, statistics: baseline.statistics.slice(1) }),
    code('alarm/baseline'),
  );
  const shuffled = baseline.statistics.toReversed();
  assert.throws(() => createBank(link, { ...baseline, statistics: shuffled }), code('alarm/baseline'));
  assert.throws(() => createBank({ ...link, noiseHz: new Float64Array(3) }, baseline), code('alarm/link'));
});
