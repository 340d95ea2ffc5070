import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classReadings } from './class-reading.ts';

test('no question asked of two pure states does better than the readings, and they no better than Helstrom', () => {
  for (const overlap of [0.999, 0.9, 0.5, 0.1]) {
    const { signal, others } = classReadings(overlap)!;
    const curve: [others: number, signal: number][] = [[0, 0]];
    let before = Number.POSITIVE_INFINITY;
    for (const [i, share] of signal.entries()) {
      const other = others[i]!;
      const ratio = other === 0 ? Number.MAX_VALUE : share / other;
      assert.ok(share >= 0 && other >= 0 && ratio <= before + 1e-9);
      before = ratio;
      const [b, a] = curve.at(-1)!;
      curve.push([b + other, a + share]);
    }
    const [end] = curve.slice(-1);
    assert.ok(Math.abs(end![0] - 1) < 1e-12 && Math.abs(end![1] - 1) < 1e-12);
    // At even odds: half the trace norm of the difference, 2 sqrt(1 - overlap^2) / 2.
    const best = Math.max(...curve.map(([b, a]) => a - b));
    assert.ok(Math.abs(best - Math.sqrt(1 - overlap ** 2)) < 1e-12, `${best}`);
    // Without ever being wrong: as many as are orthogonal to the other state.
    assert.ok(Math.abs(curve[1]![1] - (1 - overlap ** 2)) < 1e-12);
    // Projections on directions between: cos^2 of their angles to the two states.
    const apart = Math.acos(overlap);
    for (let x = 0; x <= Math.PI; x += 0.01) {
      const [b, a] = [Math.cos(x) ** 2, Math.cos(x - apart) ** 2];
      const at = curve.findIndex(([wrong]) => wrong >= b);
      const [from, to] = [curve[Math.max(0, at - 1)]!, curve[at]!];
      const bound = to[0] > from[0] ? from[1] + ((to[1] - from[1]) * (b - from[0])) / (to[0] - from[0]) : to[1];
      // The grid is inside of the curve.
      assert.ok(a <= bound + 0.03, `${a} at ${b}`);
    }
  }
});

test('states that are the same tell nothing, orthogonal ones all', () => {
  assert.equal(classReadings(1), null);
  const { signal, others } = classReadings(0)!;
  assert.ok(signal.every((share, i) => Math.min(share, others[i]!) < 1e-12));
});
