import assert from 'node:assert/strict';
import { test } from 'node:test';
import { erf, gateOf, gateTransmission } from './gate.ts';
import type { Receiver } from './link.ts';
import { seededRandom } from './random.ts';
import { againstExpected } from './test/chi-square.ts';

const receiver = (jitterPs: number, gateNs: number): Receiver => ({
  basisXProbability: 0.5,
  misalignment: 0,
  deadTimeNs: 0,
  jitterPs,
  gateNs,
});

/** Simpson's rule over the normal density of standard deviation `sigma`. */
function normalBetween(from: number, to: number, sigma: number): number {
  const steps = 200;
  const h = (to - from) / steps;
  let sum = 0;
  for (let i = 0; i <= steps; i++) {
    const weight = i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2;
    sum += weight * Math.exp(-((from + i * h) ** 2) / (2 * sigma ** 2));
  }
  return (sum * h) / 3 / (sigma * Math.sqrt(2 * Math.PI));
}

test('erf has the tabulated values (DLMF 7.23, Abramowitz and Stegun table 7.1)', () => {
  for (const [x, value] of [
    [0, 0],
    [0.1, 0.1124629160182849],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [2, 0.9953222650189527],
    [3, 0.9999779095030014],
    [7, 1],
  ] as const) {
    assert.ok(Math.abs(erf(x) - value) < 1e-15, `erf(${x}) is ${erf(x)}`);
    assert.equal(erf(-x), -erf(x));
  }
});

test('the gate passes the share of a Gaussian that lies in it', () => {
  for (const [jitterPs, gateNs] of [
    [350, 2],
    [350, 0.5],
    [800, 0.1],
    [50, 1],
  ] as const) {
    const expected = normalBetween(-gateNs * 500, gateNs * 500, jitterPs);
    assert.ok(Math.abs(gateTransmission(receiver(jitterPs, gateNs)) - expected) < 1e-7);
  }
  assert.equal(gateTransmission(receiver(0, 0.001)), 1);
});

for (const [jitterPs, gateNs] of [
  [350, 2],
  [40, 0.2],
  [5000, 0.3],
  [3, 2],
  [20, 0.033],
] as const) {
  test(`offsets at jitter ${jitterPs} ps in a gate of ${gateNs} ns`, () => {
    const gate = gateOf(receiver(jitterPs, gateNs));
    const random = seededRandom(5, jitterPs);
    const half = gateNs * 500;
    const outermost = Math.round(half);
    const draws = 200_000;
    const photons = new Float64Array(2 * outermost + 1);
    const noise = new Float64Array(2 * outermost + 1);
    for (let i = 0; i < draws; i++) {
      photons[gate.photonOffsetPs(random) + outermost]!++;
      noise[gate.noiseOffsetPs(random) + outermost]!++;
    }
    const ends = Array.from(photons, (_, i) => [
      Math.max(-half, i - outermost - 0.5),
      Math.min(half, i - outermost + 0.5),
    ]) as [number, number][];
    const parts = ends.map(([from, to]) => normalBetween(from, to, jitterPs));
    const whole = parts.reduce((sum, part) => sum + part);
    const gaussian = parts.map((part) => (draws * part) / whole);
    const flat = ends.map(([from, to]) => (draws * (to - from)) / (2 * half));
    assert.ok(againstExpected(photons, gaussian) < 4);
    assert.ok(againstExpected(noise, flat) < 4);
  });
}

test('without jitter every photon is in the middle of its slot', () => {
  const gate = gateOf(receiver(0, 2));
  assert.equal(gate.transmission, 1);
  assert.equal(gate.photonOffsetPs(seededRandom(1)), 0);
});
