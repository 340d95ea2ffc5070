import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PhotonsError } from '../error.ts';
import { dazzling, imperfectPass, imperfectReceiver, intercepting } from '../test/imperfect-link.ts';
import { counts, createCounts } from './counts.ts';
import { expectedObservation } from './expectation.ts';
import { createTables } from './table.ts';

test('the same seed gives the same pass, wherever it is cut', () => {
  const whole = [...counts(imperfectPass(5, [intercepting(0.2)]))];
  assert.deepEqual([...counts(imperfectPass(5, [intercepting(0.2)]))], whole);
  assert.deepEqual([...counts({ ...imperfectPass(5, [intercepting(0.2)]), firstBin: 2 })], whole.slice(2));
  assert.deepEqual([...counts({ ...imperfectPass(5, [intercepting(0.2)]), firstBin: 1, bins: 2 })], whole.slice(1, 3));
  assert.notDeepEqual([...counts(imperfectPass(6, [intercepting(0.2)]))], whole);
});

test('the parts of a bin fit together, number by number', () => {
  const together = { ...imperfectReceiver, flaws: { ...imperfectReceiver.flaws, deadTogether: true } };
  for (const input of [
    imperfectPass(1),
    imperfectPass(2, [intercepting(0.3)]),
    imperfectPass(3, [dazzling(0.4)]),
    imperfectPass(4, [], together),
  ]) {
    for (const { observation, ledger } of counts(input)) {
      const { single, arrival, clicks, outside, double, soon } = observation;
      const doubles = double.reduce((sum, n) => sum + n, 0);
      let all = 0;
      for (let d = 0; d < 4; d++) {
        let [singles, inCells] = [0, 0];
        for (let i = d; i < single.length; i += 4) singles += single[i]!;
        for (let i = 0; i < 16; i++) inCells += arrival[16 * d + i]!;
        assert.equal(inCells, singles);
        assert.ok(clicks[d]! >= singles + outside[d]!);
        assert.ok(clicks[d]! <= singles + outside[d]! + doubles);
        assert.ok(soon[d]! <= clicks[d]!);
        all += clicks[d]!;
      }
      assert.ok(all > 500, `${all} clicks`);
      for (const values of [single, arrival, clicks, outside, double, soon]) {
        assert.ok(values.every((n) => Number.isInteger(n) && n >= 0));
      }
      assert.ok(ledger.knownBits <= ledger.sifted);
      assert.ok(ledger.siftedSingles + ledger.siftedVacuum <= ledger.sifted);
    }
  }
});

test('numbers are around their expectations, and clicks have the dispersion of after-pulses', () => {
  const { afterPulse, ...others } = imperfectReceiver.flaws!;
  const receiver = {
    ...imperfectReceiver,
    flaws: { ...others, afterPulse: { ...afterPulse!, probability: 0.4 } },
  };
  const passes = 2000;
  const input = imperfectPass(0, [], receiver);
  const expected = expectedObservation(createTables(input).next(0));
  const sums = new Float64Array(expected.single.length);
  const totals = { sifted: 0, singles: 0, outside: 0 };
  let [clicks, square] = [0, 0];
  for (let seed = 0; seed < passes; seed++) {
    const { observation, ledger } = createCounts({ ...input, seed, bins: 1 }).next();
    for (let i = 0; i < sums.length; i++) sums[i]! += observation.single[i]!;
    totals.sifted += ledger.sifted;
    totals.singles += ledger.siftedSingles;
    totals.outside += observation.outside[2]!;
    clicks += observation.clicks[1]!;
    square += observation.clicks[1]! ** 2;
  }
  const within = (name: string, sum: number, mean: number): void => {
    const z = (sum - passes * mean) / Math.sqrt(2 * passes * mean);
    assert.ok(Math.abs(z) < 4.5, `${name}: ${z}`);
  };
  for (let i = 0; i < sums.length; i++) within(`single ${i}`, sums[i]!, expected.single[i]!);
  within('sifted', totals.sifted, expected.sifted);
  within('singles', totals.singles, expected.siftedSingles);
  within('outside', totals.outside, expected.outside[2]!);
  const mean = clicks / passes;
  const dispersion = (square / passes - mean * mean) / mean;
  assert.ok(expected.dispersion[1]! > 1.5);
  assert.ok(Math.abs(dispersion / expected.dispersion[1]! - 1) < 4 * Math.sqrt(2 / passes), `${dispersion}`);
});

test('an empty link has empty bins', () => {
  const { trace, ...rest } = imperfectPass(1);
  const dark = { ...trace, channelTransmittance: new Float64Array(4), noisePerGate: new Float64Array(4) };
  for (const { observation, ledger } of counts({ ...rest, trace: dark })) {
    assert.ok(observation.clicks.every((n) => n === 0));
    assert.ok(observation.single.every((n) => n === 0));
    assert.ok(observation.arrivalMeanPs.every((mean) => Number.isNaN(mean)));
    assert.ok(observation.diodeMeanPs.every((mean) => Number.isNaN(mean)));
    assert.deepEqual(ledger, { sifted: 0, knownBits: 0, siftedSingles: 0, siftedVacuum: 0 });
  }
});

test('one class, all light and no noise: still numbers', () => {
  const { trace, ...rest } = imperfectPass(1);
  const bright = {
    ...trace,
    channelTransmittance: new Float64Array(4).fill(0.8),
    receiverTransmittance: 1,
    noisePerGate: new Float64Array(4),
  };
  const source = {
    pulseRateHz: 2e8,
    basisXProbability: 1,
    intensities: [{ name: 'signal', meanPhotons: 0.5, probability: 1 }],
  };
  for (const { observation, ledger } of counts({ ...rest, source, trace: bright })) {
    assert.ok(observation.clicks.every((n) => n > 1000 && n < 1e-3 / 40e-9));
    assert.ok(ledger.sifted > 1000);
    assert.equal(observation.single.length, 16);
    assert.ok(observation.single.subarray(8).every((n) => n === 0));
  }
});

test('a pass that is over has no more bins', () => {
  const pass = createCounts({ ...imperfectPass(1), bins: 1 });
  assert.equal(pass.remaining, 1);
  pass.next();
  assert.equal(pass.remaining, 0);
  assert.throws(
    () => pass.next(),
    (error: unknown) => error instanceof PhotonsError && error.code === 'photons/range',
  );
});
