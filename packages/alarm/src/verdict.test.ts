import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Sign, statisticsOf } from './statistics.ts';
import { modelLink } from './test/link-model.ts';
import { EXPLANATIONS, explain, verdictOf } from './verdict.ts';

const verdict = (...signs: readonly (readonly [Sign, number])[]): string | undefined =>
  explain(signs.map(([sign, score]) => ({ sign, score })))?.verdict;

test('nothing seen, nothing said', () => {
  assert.equal(explain([]), undefined);
});

test('errors alone are a tap, under a raised floor they are not', () => {
  assert.equal(verdict(['errors', 100]), 'tap');
  assert.equal(verdict(['errors', 1000], ['floor up', 8]), 'jam');
  assert.equal(verdict(['errors', 1000], ['floor up', 8], ['bright light', 50], ['clicks soon', 2000]), 'jam');
});

test('light that blinds is a tap while there are clicks to steer, and a jam when next to nothing clicks', () => {
  assert.equal(verdict(['bright light', 900], ['floor gone', 60]), 'tap');
  assert.equal(verdict(['bright light', 900], ['floor gone', 60], ['light missing', 40]), 'tap');
  const blind = [
    ['bright light', 900],
    ['light out of band', 900],
    ['light gone', 900],
  ] as const;
  assert.equal(verdict(...blind), 'jam');
  assert.equal(verdict(...blind, ['floor gone', 60]), 'jam');
  // What is left is wrong, so somebody makes it.
  assert.equal(verdict(...blind, ['errors', 60]), 'tap');
  assert.equal(verdict(['light gone', 900]), 'fault');
});

test('a side effect does not outweigh what it follows from', () => {
  assert.equal(verdict(['errors', 1e6], ['doubles missing', 600], ['diode power', 20]), 'tap');
  assert.equal(verdict(['clicks soon', 2e5], ['floor up', 1e5], ['diode moved', 5]), 'fault');
});

test('a floor that rises outside the gate and not inside is no background', () => {
  assert.equal(verdict(['floor up', 500], ['vacuum empty', 12]), 'tap');
});

test('a clock that is wrong explains what arrives wrongly, not the other way round', () => {
  assert.equal(verdict(['clock residual', 9], ['arrival moved', 900], ['errors', 900], ['floor up', 900]), 'time');
  assert.equal(verdict(['arrival moved', 900]), 'tap');
});

test('broken parts', () => {
  assert.equal(verdict(['detector lost', 30], ['balance', 900], ['light missing', 40]), 'fault');
  assert.equal(verdict(['balance', 30]), 'tap');
  assert.equal(verdict(['hot detector', 30], ['floor up', 90], ['errors', 60], ['floor uneven', 5]), 'fault');
  assert.equal(verdict(['frames rotated', 30]), 'fault');
  assert.equal(verdict(['diode power', 30], ['source power', 90], ['decoys in excess', 12]), 'fault');
});

test('a source that shines brighter', () => {
  assert.equal(verdict(['source power', 12], ['light in excess', 5], ['doubles in excess', 6]), 'source');
});

test('a rotation does not hide a tap: errors that it explains are taken off before', () => {
  assert.equal(verdict(['frames rotated', 5], ['errors', 40], ['decoys missing', 40]), 'tap');
});

test('every sign that a statistic gives is explained by something, and speaks for a verdict', () => {
  const signs = statisticsOf(modelLink(1).source).flatMap(({ above, below }) => [above, below]);
  for (const sign of new Set(signs)) {
    if (sign === null) continue;
    assert.ok(
      EXPLANATIONS.some(({ own, follows }) => own.includes(sign) || follows.includes(sign)),
      sign,
    );
    assert.notEqual(verdictOf(sign), 'clean', sign);
  }
  for (const { own, follows } of EXPLANATIONS) {
    assert.deepEqual(
      own.filter((sign) => follows.includes(sign)),
      [],
    );
  }
});
