import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '@skykey/photons';
import { Servo } from './servo.ts';

const STILL = { phase: 0, slope: 0, acceleration: 0 };
const start = { atPs: 0, mean: [0, 0, 0], covariance: [1e10, 0, 0, 1e10, 0, 1e8] } as const;

/** Least squares for a parabola about t = 0 with the prior of `start`: normal equations by Cramer's rule. */
function parabola(rows: readonly (readonly [number, number, number])[]): readonly number[] {
  const m = [
    [1e-10, 0, 0],
    [0, 1e-10, 0],
    [0, 0, 1e-8],
  ];
  const v = [0, 0, 0];
  for (const [s, y, variance] of rows) {
    const h = [1, s, s * s * 0.5];
    for (let i = 0; i < 3; i++) {
      v[i]! += (h[i]! * y) / variance;
      for (let j = 0; j < 3; j++) m[i]![j]! += (h[i]! * h[j]!) / variance;
    }
  }
  const det = (a: readonly (readonly number[])[]): number =>
    a[0]![0]! * (a[1]![1]! * a[2]![2]! - a[1]![2]! * a[2]![1]!) -
    a[0]![1]! * (a[1]![0]! * a[2]![2]! - a[1]![2]! * a[2]![0]!) +
    a[0]![2]! * (a[1]![0]! * a[2]![1]! - a[1]![1]! * a[2]![0]!);
  const whole = det(m);
  return [0, 1, 2].map((k) => det(m.map((row, i) => row.map((value, j) => (j === k ? v[i]! : value)))) / whole);
}

describe('servo', () => {
  it('without wander is the least squares fit of a parabola', () => {
    const random = seededRandom(3);
    const servo = new Servo(start, STILL);
    const rows: [number, number, number][] = [];
    for (let step = 1; step <= 60; step++) {
      const s = step * 0.05 * (1 + 0.3 * random.uniform());
      const y = 300 - 80 * s + 12 * s * s + 40 * (random.uniform() - 0.5);
      const variance = 100 + 400 * random.uniform();
      if (s * 1e12 < servo.atPs) continue;
      servo.advance(s * 1e12);
      servo.update(y - servo.phaseAt(servo.atPs), variance);
      rows.push([s, y, variance]);
    }
    const [a, b, c] = parabola(rows) as [number, number, number];
    const t = servo.atPs * 1e-12;
    const { mean } = servo.state;
    for (const [got, due] of [
      [mean[0], a + b * t + 0.5 * c * t * t],
      [mean[1], b + c * t],
      [mean[2], c],
    ] as const) {
      assert.ok(Math.abs(got - due) < 1e-6 * Math.max(1, Math.abs(due)), `${got} for ${due}`);
    }
  });

  it('knows less after a gap, as much by many steps as by one', () => {
    const once = new Servo(start, { phase: 10, slope: 30, acceleration: 20 });
    const often = new Servo(start, { phase: 10, slope: 30, acceleration: 20 });
    once.advance(5e12);
    for (let step = 1; step <= 100; step++) often.advance(step * 5e10);
    for (let i = 0; i < 6; i++) {
      assert.ok(Math.abs(once.state.covariance[i]! / often.state.covariance[i]! - 1) < 1e-9);
    }
    assert.ok(once.phasePs2 > start.covariance[0]);
  });
});
