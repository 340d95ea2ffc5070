import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Latencies } from './latencies.ts';
import { trendOf } from './trend.ts';

const close = (value: number, wanted: number, within: number): void =>
  assert.ok(Math.abs(value - wanted) <= within, `${value} is not ${wanted} within ${within}`);

test('a straight line has its slope and no doubt about it', () => {
  const { mean, slope, from, to } = trendOf([0, 1, 2, 3], [5, 7, 9, 11]);
  close(mean, 8, 1e-12);
  close(slope, 2, 1e-12);
  close(from, 2, 1e-12);
  close(to, 2, 1e-12);
});

test('the interval is that of Student’s t: worked by hand for four points', () => {
  const [x, y] = [
    [0, 1, 2, 3],
    [1, 2, 1, 3],
  ];
  const slope = (-1.5 * (1 - 1.75) + -0.5 * (2 - 1.75) + 0.5 * (1 - 1.75) + 1.5 * (3 - 1.75)) / 5;
  const rest = y.reduce((sum, value, i) => sum + (value - 1.75 - slope * (x[i]! - 1.5)) ** 2, 0);
  const half = 4.303 * Math.sqrt(rest / 2 / 5);
  const trend = trendOf(x, y);
  close(trend.slope, slope, 1e-12);
  close(trend.from, slope - half, 1e-12);
  close(trend.to, slope + half, 1e-12);
});

test('quantiles of durations are right to a hundredth, over six orders', () => {
  const latencies = new Latencies();
  assert.ok(Number.isNaN(latencies.quantile(0.5)));
  for (let i = 1; i <= 100_000; i++) latencies.add(i / 100);
  for (const at of [0.001, 0.5, 0.99, 1]) close(latencies.quantile(at), 1_000 * at, 10 * at + 0.01);
  const one = new Latencies();
  one.add(0);
  assert.equal(one.quantile(0.99), 0.01);
});
