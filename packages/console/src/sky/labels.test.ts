import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeLabels } from './labels.ts';

const picture = { width: 400, height: 200 };
const label = (x: number, y: number) => ({ x, y, width: 60, height: 16, reach: 5 });

const apart = (a: { x: number; y: number }, b: { x: number; y: number }) =>
  Math.abs(a.x - b.x) >= 60 || Math.abs(a.y - b.y) >= 16;

test('a label alone stands to the right of its marker', () => {
  assert.deepEqual(placeLabels([label(100, 100)], picture), [{ x: 109, y: 92 }]);
});

test('at the right rim it goes to the left, at a corner it stays in the picture', () => {
  const [rim] = placeLabels([label(380, 100)], picture);
  assert.equal(rim?.x, 380 - 9 - 60);
  const [corner] = placeLabels([label(398, 2)], picture);
  assert.ok(corner!.x + 60 <= 400 && corner!.y >= 0);
});

test('a satellite that crosses two stations never covers their labels', () => {
  const stations = [label(200, 100), label(240, 110)];
  for (let x = 120; x <= 320; x += 4) {
    for (let y = 60; y <= 150; y += 6) {
      const [first, second, third] = placeLabels([...stations, label(x, y)], picture);
      assert.ok(apart(first!, second!) && apart(first!, third!) && apart(second!, third!), `satellite at ${x}, ${y}`);
    }
  }
});
