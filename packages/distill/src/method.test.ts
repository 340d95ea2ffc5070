import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseMethod, withinReach } from './method.ts';

const KEY = { keyBits: 1_000_000, errorRate: 0.02 };

test('Cascade, unless its 180 round trips take more than half a minute', () => {
  assert.equal(chooseMethod({ ...KEY, roundTripMs: 0 }), 'cascade');
  assert.equal(chooseMethod({ ...KEY, roundTripMs: 166 }), 'cascade');
  assert.equal(chooseMethod({ ...KEY, roundTripMs: 167 }), 'ldpc');
  assert.equal(chooseMethod({ ...KEY, roundTripMs: 600_000 }), 'ldpc');
});

test('however far the peer: Cascade where one message cannot do it', () => {
  const far = { ...KEY, roundTripMs: 2600 };
  assert.equal(chooseMethod({ ...far, errorRate: 0.12 }), 'cascade');
  assert.equal(chooseMethod({ ...far, errorRate: 0.5 }), 'cascade');
  assert.equal(chooseMethod({ ...far, keyBits: 0 }), 'ldpc', 'no word is needed, and none is a word too many');
  assert.equal(chooseMethod({ ...far, keyBits: 100, errorRate: 0.1 }), 'cascade');
  // The estimate is worth nothing: a syndrome for what it may be would give the key away.
  assert.equal(chooseMethod({ ...far, errorSpread: 0.2 }), 'cascade');
  assert(withinReach(KEY));
  assert(!withinReach({ ...KEY, errorSpread: 0.2 }));
});
