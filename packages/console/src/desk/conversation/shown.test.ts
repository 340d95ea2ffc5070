import assert from 'node:assert/strict';
import { test } from 'node:test';
import { around, MOST, STEP, shown, stepEarlier, stepLater } from './shown.ts';

const rows = (count: number, first = 0) => Array.from({ length: count }, (_, i) => ({ key: `r${first + i}` }));

test('at the end the newest rows are drawn, however many there are', () => {
  assert.deepEqual(shown(rows(7), null), { start: 0, end: 7 });
  assert.deepEqual(shown(rows(5000), null), { start: 5000 - STEP, end: 5000 });
});

test('going back reaches every row, and never draws more than the most', () => {
  const all = rows(1234);
  let from: string | null = null;
  const seen = new Set<number>();
  for (let i = 0; i < 20; i++) {
    const { start, end } = shown(all, from);
    assert.ok(end - start <= MOST);
    for (let n = start; n < end; n++) seen.add(n);
    from = stepEarlier(all, from);
  }
  assert.equal(seen.size, all.length);
  assert.equal(from, 'r0');
  assert.equal(stepEarlier(all, from), 'r0');
});

test('each step keeps rows of the one before in sight, both ways', () => {
  const all = rows(2000);
  let from: string | null = 'r900';
  for (const step of [stepEarlier, stepLater]) {
    for (let i = 0; i < 12; i++) {
      const before = shown(all, from);
      from = step(all, from);
      const after = shown(all, from);
      assert.ok(Math.min(before.end, after.end) - Math.max(before.start, after.start) >= STEP);
    }
  }
});

test('going forward ends at the newest row', () => {
  const all = rows(1000);
  let from: string | null = 'r0';
  for (let i = 0; i < 12; i++) from = stepLater(all, from);
  assert.equal(shown(all, from).end, 1000);
  assert.equal(stepLater(all, null), null);
});

test('rows that come at either end do not move what is drawn from a row on', () => {
  const from = 'r500';
  const before = rows(200, 450);
  const after = rows(1000);
  assert.deepEqual(shown(before, from), { start: 50, end: 200 });
  assert.equal(after[shown(after, from).start]?.key, from);
});

test('a wanted row is drawn with others on both sides', () => {
  const all = rows(3000);
  for (const wanted of [0, 5, 1500, 2999]) {
    const { start, end } = shown(all, around(all, `r${wanted}`));
    assert.ok(start <= wanted && wanted < end, String(wanted));
  }
  assert.ok(shown(all, around(all, 'r1500')).start < 1450);
});

test('a row that is no longer kept begins with the oldest', () => {
  assert.deepEqual(shown(rows(10), 'gone'), { start: 0, end: 10 });
  assert.equal(around([], 'gone'), null);
});
