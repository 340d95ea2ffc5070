import assert from 'node:assert/strict';
import { test } from 'node:test';
import { overStation, wholeEarth } from './globe.ts';
import { Operator } from './operator.ts';

const whole = wholeEarth(400, 300, 77, 28);
const close = overStation(400, 300, { longitudeDeg: 117.6, latitudeDeg: 40.4 }, 13);

test('the camera glides to a new target and rests there', () => {
  const operator = new Operator();
  assert.deepEqual(operator.look(whole, 0, true), whole);
  assert.equal(operator.isMoving(0), false);
  assert.deepEqual(operator.look(close, 1000, true), whole);
  const underWay = operator.look(close, 1700, true);
  assert.ok(underWay.radius > whole.radius && underWay.radius < close.radius);
  assert.equal(operator.isMoving(1700), true);
  assert.deepEqual(operator.look(close, 2400, true), close);
  assert.equal(operator.isMoving(2400), false);
});

test('a target that changes under way is reached from where the camera is', () => {
  const operator = new Operator();
  operator.look(whole, 0, true);
  operator.look(close, 0, true);
  const underWay = operator.look(close, 700, true);
  assert.deepEqual(operator.look(whole, 700, true), underWay);
});

test('another size of the picture, and a wish for rest, make it jump', () => {
  const operator = new Operator();
  operator.look(whole, 0, true);
  const larger = wholeEarth(800, 600, 77, 28);
  assert.deepEqual(operator.look(larger, 10, true), larger);
  assert.deepEqual(operator.look(close, 20, false), close);
});
