import assert from 'node:assert/strict';
import { test } from 'node:test';
import { counts } from '../sampler/counts.ts';
import { byDetector, cellsOf, flawedInput, flawedReceiver, tableOf } from '../test/flawed-link.ts';
import { dazzling, jamming } from './jamming.ts';

test('jamming raises the noise of all four alike, in all of time, and touches no pulse', () => {
  const honest = tableOf([]);
  const before = cellsOf(honest);
  const noiseHz = [...honest.noiseHz];
  const table = tableOf([jamming.create(50_000)]);
  assert.deepEqual(
    [...table.noiseHz],
    noiseHz.map((hz) => hz + 50_000),
  );
  assert.deepEqual(cellsOf(table), before);
  assert.equal(cellsOf(table).knownBits, 0);
});

test('what Bob counts: the floor outside the gate rises, and errors by as much for every class, state and detector', () => {
  const trace = {
    channelTransmittance: new Float64Array(40).fill(1e-3),
    noisePerGate: new Float64Array(40).fill(4e-7),
  };
  const receiver = { ...flawedReceiver, deadTimeNs: 0 };
  const played = (strength: number) => {
    const wrong = new Float64Array(12);
    const outside = new Float64Array(4);
    for (const { observation } of counts(flawedInput([jamming.create(strength)], { trace, receiver }))) {
      observation.outside.forEach((n, d) => void (outside[d]! += n));
      for (let diode = 0; diode < 12; diode++) wrong[diode]! += observation.single[diode * 4 + ((diode & 3) ^ 1)]!;
    }
    return { wrong, outside };
  };
  const honest = played(0);
  const jammed = played(100_000);
  const pulses = 40 * 0.5 * 1e9;
  // A fifth of the time is outside the gates.
  const floor = 100_000 * 40 * 0.5 * 0.2;
  for (let d = 0; d < 4; d++) {
    assert.ok(
      Math.abs(jammed.outside[d]! - honest.outside[d]! - floor) < 5 * Math.sqrt(2 * floor),
      `${jammed.outside[d]}`,
    );
  }
  for (let diode = 0; diode < 12; diode++) {
    const share = [0.5, 0.25, 0.25][diode >> 2]! / 4;
    const added = pulses * share * 100_000 * 0.8e-9;
    const noise = 5 * Math.sqrt(jammed.wrong[diode]! + honest.wrong[diode]!);
    assert.ok(Math.abs(jammed.wrong[diode]! - honest.wrong[diode]! - added) < noise + 0.005 * added, `${diode}`);
  }
});

test('dazzling counts what is in the band, by the efficiency of each detector, and shows beside it', () => {
  const honest = tableOf([]).noiseHz[0]!;
  const { noiseHz, conditions } = tableOf([dazzling.create(1e-11)]);
  // 1e-11 W at 850 nm are 4.28e7 photons a second: 1 % in the band, half to the analyser, half to the port, a quarter counts.
  const expected = (1e-11 / 2.337e-19) * 0.01 * 0.25 * 0.25;
  assert.ok(Math.abs(noiseHz[0]! - honest - expected) < 1e-6 * expected);
  assert.ok(Math.abs((noiseHz[2]! - honest) / (noiseHz[0]! - honest) - 0.9) < 1e-9);
  assert.equal(conditions.monitors.brightLightW, 1e-11);
  assert.ok(conditions.monitors.outOfBandHz > 1e5);
  assert.equal(conditions.blindedShare, 0);
});

test('dazzling that reaches 1 nW on each detector silences them', () => {
  const table = tableOf([dazzling.create(5e-7)]);
  assert.equal(table.conditions.blindedShare, 1);
  assert.deepEqual([...table.noiseHz], [0, 0, 0, 0]);
  assert.deepEqual([...byDetector(cellsOf(table))], [0, 0, 0, 0]);
});

test('strengths out of range are refused by name', () => {
  assert.throws(() => jamming.create(2e7), { code: 'photons/strength', message: /jamming/ });
  assert.throws(() => dazzling.create(-1e-12), { code: 'photons/strength', message: /dazzling/ });
});
