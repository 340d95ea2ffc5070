import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Follow } from './follow.ts';

const place = (longitudeDeg: number, latitudeDeg = 0, heightKm = 500) => ({ longitudeDeg, latitudeDeg, heightKm });

test('before the first place there is nothing to draw, then it is there at once', () => {
  const follow = new Follow();
  assert.equal(follow.at(0), null);
  follow.aim(place(10), 1000, true);
  assert.deepEqual(follow.at(1000), place(10));
});

test('it moves evenly to the newest place in the time between two arrivals', () => {
  const follow = new Follow();
  follow.aim(place(0), 1000, true);
  follow.aim(place(10, 0, 600), 1200, true);
  const half = follow.at(1300)!;
  assert.ok(Math.abs(half.longitudeDeg - 5) < 1e-9);
  assert.ok(Math.abs(half.heightKm - 550) < 1e-9);
  assert.equal(follow.isMoving(1300), true);
  assert.deepEqual(follow.at(1400), place(10, 0, 600));
  assert.equal(follow.isMoving(1400), false);
});

test('a place that is told again starts no movement', () => {
  const follow = new Follow();
  follow.aim(place(0), 1000, true);
  follow.aim(place(10), 1200, true);
  follow.aim(place(10), 1300, true);
  assert.ok(Math.abs(follow.at(1300)!.longitudeDeg - 5) < 1e-9);
  follow.aim(place(10), 2000, true);
  assert.equal(follow.isMoving(2000), false);
});

test('it crosses the date line the short way, and jumps when it may not glide', () => {
  const follow = new Follow();
  follow.aim(place(175), 0, true);
  follow.aim(place(-175), 200, true);
  assert.ok(Math.abs(Math.abs(follow.at(300)!.longitudeDeg) - 180) < 1e-9);
  follow.aim(place(30), 400, false);
  assert.deepEqual(follow.at(400), place(30));
});
