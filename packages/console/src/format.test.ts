import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as format from './format.ts';

const plain = (text: string) => text.replaceAll('\u202f', ' ');

test('instants are UTC, 24 hours, ISO order', () => {
  const utcMs = Date.UTC(2016, 11, 19, 16, 48, 44, 900);
  assert.equal(format.utcTime(utcMs), '16:48:44');
  assert.equal(format.utcMinute(utcMs), '16:48');
  assert.equal(format.utcDate(utcMs), '2016-12-19');
  assert.equal(format.utcInstant(utcMs), '2016-12-19T16:48:44Z');
});

test('durations use the two largest units and carry on rounding', () => {
  assert.equal(plain(format.duration(-5)), '0 s');
  assert.equal(plain(format.duration(59_400)), '59 s');
  assert.equal(plain(format.duration(59_600)), '1 min');
  assert.equal(plain(format.duration(130_000)), '2 min 10 s');
  assert.equal(plain(format.duration(3_599_900)), '1 h');
  assert.equal(plain(format.duration(5 * 3_600_000 + 12 * 60_000)), '5 h 12 min');
  assert.equal(plain(format.duration(52 * 3_600_000)), '2 d 4 h');
});

test('an amount of key is exact while small and scaled by powers of ten beyond', () => {
  assert.equal(plain(format.spell(format.bits(0))), '0 bit');
  assert.equal(plain(format.spell(format.bits(9_984))), '9,984 bit');
  assert.equal(plain(format.spell(format.bits(300_939))), '300.9 kbit');
  assert.equal(plain(format.spell(format.bits(3_551_136))), '3.55 Mbit');
  assert.equal(plain(format.spell(format.bitRate(12_000))), '12.0 kbit/s');
});

test('shares, angles and positions carry their sign and unit', () => {
  assert.equal(plain(format.percent(0.0114, 2)), '1.14 %');
  assert.equal(format.degrees(-70.6), '−70.6°');
  assert.equal(plain(format.position(40.39587, 117.57746)), '40.4° N, 117.6° E');
  assert.equal(plain(format.position(-33.9, -70.6)), '33.9° S, 70.6° W');
  assert.equal(format.count(-1234), '−1,234');
});

test('clock speeds', () => {
  assert.equal(format.speed(1200), '×1200');
  assert.equal(format.speed(0.5), '×0.5');
});

test('bytes on the wire are counted in UTF-8', () => {
  assert.equal(format.utf8Bytes('北京'), 6);
  assert.equal(format.utf8Bytes('Moscow'), 6);
});
