import assert from 'node:assert/strict';
import { test } from 'node:test';
import { binomialLogTail, blockAlarm, QberMonitor } from './alarm.ts';
import { seededWords } from './test/benchtop.ts';
import type { Alarm, AlarmRule } from './types.ts';

const RULE: AlarmRule = {
  expectedQber: 0.02,
  qberDrift: 0.01,
  softFalseAlarm: 1e-3,
  hardQber: 0.08,
  hardFalseAlarm: 1e-6,
};

/** P(at least `errors` of `trials`) at probability numerator / 2^k, in exact integers. */
function exactTail(errors: number, trials: number, numerator: bigint, k: bigint): number {
  const denominator = 1n << k;
  let sum = 0n;
  let choose = 1n;
  for (let i = 0n; i <= BigInt(trials); i++) {
    if (i >= errors) sum += choose * numerator ** i * (denominator - numerator) ** (BigInt(trials) - i);
    choose = (choose * (BigInt(trials) - i)) / (i + 1n);
  }
  const scale = denominator ** BigInt(trials);
  // The 60 leading bits, then the exponent.
  const shift = scale.toString(2).length - sum.toString(2).length + 60;
  return Math.log(Number((sum << BigInt(shift)) / scale)) - shift * Math.LN2;
}

test('the tail is the exact binomial one, far out as well', () => {
  for (const [trials, numerator, k] of [
    [1, 1n, 3n],
    [10, 3n, 6n],
    [64, 5n, 8n],
    [200, 41n, 9n],
    [300, 1n, 1n],
  ] as const) {
    for (let errors = 1; errors <= trials; errors += trials > 70 ? 7 : 1) {
      const expected = exactTail(errors, trials, numerator, k);
      const found = binomialLogTail(errors, trials, Number(numerator) / 2 ** Number(k));
      assert(
        Math.abs(found - expected) <= 1e-11 * Math.max(1, -expected),
        `${errors} of ${trials}: ${found}, ${expected}`,
      );
    }
  }
  assert.equal(binomialLogTail(0, 10, 0.3), 0);
  assert.equal(binomialLogTail(11, 10, 0.3), -Infinity);
  assert.equal(binomialLogTail(1, 10, 0), -Infinity);
  assert.equal(binomialLogTail(10, 10, 1), 0);
});

test('what the alarm shows is what one counts by hand', () => {
  const next = seededWords(12);
  const rule = { ...RULE, expectedQber: 0, qberDrift: 0.01, softFalseAlarm: 0.9, hardFalseAlarm: 0.9 };
  let shown = 0;
  for (let session = 0; session < 40; session++) {
    const monitor = new QberMonitor(rule);
    const said: boolean[] = [];
    // One stretch is bad; afterwards the whole is diluted.
    const rate = (): number => (Math.floor(said.length / 1500) % 3 === 1 ? 0.15 : 0.005);
    while (said.length < 20_000) {
      said.push(next() / 2 ** 32 < rate());
      const alarm = monitor.observe(said.at(-1)!);
      if (!alarm) continue;
      shown++;
      const length = Number(/the last (\d+) bits/.exec(alarm.message)?.[1] ?? said.length);
      assert.equal(alarm.measured, said.slice(-length).filter(Boolean).length / length);
      if (alarm.severity === 'hard') break;
    }
  }
  assert(shown >= 40);
});

test('the tail falls with errors and rises with the probability, at the size of a pass', () => {
  for (const trials of [1000, 4_000_000]) {
    let last = 0.1;
    for (let errors = 0; errors <= trials; errors += trials / 200) {
      const tail = binomialLogTail(errors, trials, 0.03);
      assert(
        tail < last || (tail === 0 && last === 0) || tail > -1e-9,
        `${errors} of ${trials}: ${tail} after ${last}`,
      );
      assert(binomialLogTail(errors, trials, 0.031) >= tail - 1e-9);
      last = tail;
    }
  }
});

/** Feeds errors of probability rate(i) and returns the alarms with the number of bits compared when they came. */
function feed(
  rule: AlarmRule,
  bits: number,
  rate: (i: number) => number,
  seed: number,
): { at: number; alarm: Alarm }[] {
  const next = seededWords(seed);
  const monitor = new QberMonitor(rule);
  const alarms: { at: number; alarm: Alarm }[] = [];
  for (let i = 0; i < bits; i++) {
    const alarm = monitor.observe(next() / 2 ** 32 < rate(i));
    if (alarm) alarms.push({ at: i + 1, alarm });
    if (alarm?.severity === 'hard') break;
  }
  return alarms;
}

test('a quiet link raises nothing, intercept-resend ends it within a few hundred bits', () => {
  for (let seed = 1; seed <= 30; seed++) {
    assert.deepEqual(
      feed(RULE, 20_000, () => 0.02, seed),
      [],
    );
    const hard = feed(RULE, 2000, () => 0.26, seed).at(-1)!;
    assert.equal(hard.alarm.severity, 'hard');
    assert.equal(hard.alarm.limit, 0.08);
    assert(hard.alarm.measured! > 0.08);
    assert(hard.at <= 250, `after ${hard.at} bits`);
  }
});

test('an attack that begins late is seen by the windows, not diluted by the quiet past', () => {
  for (let seed = 1; seed <= 10; seed++) {
    const begin = 100_000;
    const hard = feed(RULE, begin + 4000, (i) => (i < begin ? 0.02 : 0.26), seed).at(-1)!;
    assert.equal(hard.alarm.severity, 'hard');
    assert(hard.at > begin && hard.at <= begin + 300, `after ${hard.at - begin} bits`);
    // The stretch that it shows began about where the attack did.
    const shown = Number(/over the last (\d+) bits/.exec(hard.alarm.message)![1]);
    assert(Math.abs(hard.at - begin - shown) <= 60, `${shown} bits, ${hard.at - begin} after it began`);
  }
});

test('drift beyond the expected warns once and drops nothing', () => {
  const alarms = feed(RULE, 40_000, () => 0.05, 3);
  assert.equal(alarms.length, 1);
  assert.equal(alarms[0]!.alarm.severity, 'soft');
  assert.equal(alarms[0]!.alarm.kind, 'qber-monitor');
});

test('a link just at the limit is dropped in error no more often than allowed', () => {
  const rule = { ...RULE, hardFalseAlarm: 0.1 };
  let dropped = 0;
  const sessions = 400;
  for (let seed = 1; seed <= sessions; seed++) {
    if (feed(rule, 3200, () => rule.hardQber, seed).some(({ alarm }) => alarm.severity === 'hard')) dropped++;
  }
  // 400 sessions at 10 % would be 40; a look after every bit must not push it above that.
  assert(dropped <= 40, `${dropped} of ${sessions}`);
});

test('an error where there can be none is proof', () => {
  const never = { ...RULE, expectedQber: 0, qberDrift: 0, hardQber: 0 };
  const alarms = feed(never, 1000, (i) => (i === 700 ? 1 : 0), 1);
  assert.deepEqual(
    alarms.map(({ at, alarm }) => [at, alarm.severity]),
    [[701, 'hard']],
  );
});

test('the finished block is judged by the same rule', () => {
  assert.equal(blockAlarm(RULE, 0, 0), undefined);
  assert.equal(blockAlarm(RULE, 20, 1000), undefined);
  assert.equal(blockAlarm(RULE, 60, 1000)?.severity, 'soft');
  const hard = blockAlarm(RULE, 150, 1000);
  assert.equal(hard?.severity, 'hard');
  assert.equal(hard?.kind, 'qber-block');
  assert.match(hard!.message, /15\.00 %.*8\.00 %/);
});
