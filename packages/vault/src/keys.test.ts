import assert from 'node:assert/strict';
import { test } from 'node:test';
import { code, hex, labels, Place, pattern, reveal, secret } from './test/place.ts';

const LANE = 'kme/beijing>moscow';
const id = (n: number): string => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
const pair = { lane: LANE, bytes: 32, masterSae: 'alice', slaveSae: 'bob' };

function filled(t: { after: (done: () => void) => void }, bytes = 320): Place {
  const place = new Place(t);
  place.vault.append(LANE, labels(), secret(pattern(bytes)));
  return place;
}

test('the life of a key at the master: RESERVED, ASSIGNED, delivered and erased at once', (t) => {
  const place = filled(t);
  const { keys } = place.vault;
  const reserved = keys.reserve({ ...pair, keyIds: [id(1), id(2)] });
  assert.deepEqual(
    reserved.map(({ offset, state, role }) => [offset, state, role]),
    [
      [0, 'RESERVED', 'master'],
      [32, 'RESERVED', 'master'],
    ],
  );
  assert.throws(() => keys.deliver([id(1)]), code('vault/state'), 'the peer may not have it');
  keys.assign([id(1), id(2)]);
  assert.throws(() => keys.assign([id(1)]), code('vault/state'));
  const secrets = keys.deliver([id(2), id(1)]).map(reveal);
  assert.deepEqual(secrets, [hex(pattern(64).subarray(32)), hex(pattern(32))], 'in the order asked');
  assert.throws(() => keys.deliver([id(1)]), code('vault/state'));
  const tombstone = place.reopen().keys.find(id(1));
  assert.deepEqual(
    [tombstone?.state, tombstone?.masterSae, tombstone?.slaveSae, tombstone?.closedAtMs],
    ['ERASED', 'alice', 'bob', 1000],
  );
  assert.equal(place.vault.counters().deliveredKeys, 2);
});

test('delivery is all or nothing', (t) => {
  const { vault } = filled(t);
  vault.keys.register({
    ...pair,
    keys: [
      { keyId: id(1), offset: 0 },
      { keyId: id(2), offset: 32 },
    ],
  });
  vault.keys.void([id(2)]);
  assert.throws(() => vault.keys.deliver([id(1), id(2)]), code('vault/state'));
  assert.equal(vault.keys.find(id(1))?.state, 'ASSIGNED');
  assert.equal(reveal(vault.keys.deliver([id(1)])[0]!), hex(pattern(32)));
});

test('too few bytes for all keys: none is reserved', (t) => {
  const { vault } = filled(t, 100);
  assert.throws(() => vault.keys.reserve({ ...pair, keyIds: [1, 2, 3, 4].map(id) }), code('vault/short'));
  assert.equal(vault.available(LANE), 100);
  assert.equal(vault.keys.find(id(1)), undefined);
});

test('a key id is used once on each side, in upper case or malformed never', (t) => {
  const { vault } = filled(t);
  vault.keys.reserve({ ...pair, keyIds: [id(1)] });
  vault.keys.void([id(1)]);
  assert.throws(() => vault.keys.reserve({ ...pair, keyIds: [id(2), id(1)] }), code('vault/known'));
  assert.throws(() => vault.keys.reserve({ ...pair, keyIds: [id(3), id(3)] }), code('vault/known'));
  assert.throws(() => vault.keys.reserve({ ...pair, keyIds: [id(10).toUpperCase()] }), code('vault/argument'));
  assert.equal(vault.available(LANE), 320 - 32);
});

test('keys that a crash left RESERVED are void after opening, and the peer has yet to be told', (t) => {
  const place = filled(t);
  place.vault.keys.reserve({ ...pair, keyIds: [id(1), id(2)] });
  place.vault.keys.assign([id(2)]);
  const { keys } = place.reopen();
  assert.deepEqual([keys.find(id(1))?.state, keys.find(id(2))?.state], ['VOIDED', 'ASSIGNED']);
  assert.deepEqual(
    keys.untold(10).map(({ keyId }) => keyId),
    [id(1)],
  );
  keys.told([id(1)]);
  assert.deepEqual(place.reopen().keys.untold(10), []);
  assert.throws(() => place.vault.take({ lane: LANE, offset: 0, bytes: 32 }), code('vault/taken'));
});

test('the slave registers places that the master chose, and never one twice', (t) => {
  const { vault } = filled(t);
  vault.keys.register({ ...pair, keys: [{ keyId: id(1), offset: 64 }] });
  assert.throws(
    () =>
      vault.keys.register({
        ...pair,
        keys: [
          { keyId: id(2), offset: 0 },
          { keyId: id(3), offset: 70 },
        ],
      }),
    code('vault/taken'),
  );
  assert.equal(vault.keys.find(id(2)), undefined, 'all or none');
  assert.throws(() => vault.keys.register({ ...pair, keys: [{ keyId: id(2), offset: 300 }] }), code('vault/missing'));
  assert.throws(() => vault.keys.register({ ...pair, keys: [{ keyId: id(1), offset: 0 }] }), code('vault/known'));
});

test('voiding at the slave: known keys burn, unknown ids become tombstones that no late assignment revives', (t) => {
  const place = filled(t);
  const { keys } = place.vault;
  keys.register({ ...pair, keys: [{ keyId: id(1), offset: 0 }] });
  keys.voidBatch({
    ...pair,
    keys: [
      { keyId: id(1), offset: 0 },
      { keyId: id(2), offset: 32 },
      { keyId: id(3), offset: 1e6 },
    ],
  });
  assert.deepEqual(
    [1, 2, 3].map((n) => keys.find(id(n))?.state),
    ['VOIDED', 'VOIDED', 'VOIDED'],
  );
  assert.throws(() => keys.register({ ...pair, keys: [{ keyId: id(2), offset: 32 }] }), code('vault/taken'));
  assert.throws(() => keys.register({ ...pair, keys: [{ keyId: id(2), offset: 64 }] }), code('vault/known'));
  assert.deepEqual(keys.untold(10), [], 'the slave has nothing to tell');
  assert.equal(place.vault.available(LANE), 320 - 64);
});

test('a void never touches what was delivered', (t) => {
  const { vault } = filled(t);
  vault.keys.register({ ...pair, keys: [{ keyId: id(1), offset: 0 }] });
  vault.keys.deliver([id(1)]);
  assert.equal(vault.keys.void([id(1), id(9)]), 0);
  assert.equal(vault.keys.find(id(1))?.state, 'ERASED');
  assert.equal(vault.counters().voidedKeys, 0);
});

test('assigned keys that nobody fetches expire', (t) => {
  const place = filled(t);
  place.vault.keys.register({ ...pair, keys: [{ keyId: id(1), offset: 0 }] });
  place.nowMs = 5_000;
  place.vault.keys.register({ ...pair, keys: [{ keyId: id(2), offset: 32 }] });
  assert.equal(place.vault.keys.expire(5_000), 1);
  assert.deepEqual([place.vault.keys.find(id(1))?.state, place.vault.keys.find(id(2))?.state], ['VOIDED', 'ASSIGNED']);
});
