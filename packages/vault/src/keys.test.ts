import assert from 'node:assert/strict';
import { code, hex, labels, onBoth, Place, pattern, reveal, type StoreKind, secret, type TestContext } from './test/place.ts';

const LANE = 'kme/beijing>moscow';
const id = (n: number): string => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
const pair = { lane: LANE, bytes: 32, masterSae: 'alice', slaveSae: 'bob' };

async function filled(t: TestContext, kind: StoreKind, bytes = 320): Promise<Place> {
  const place = await Place.make(t, kind);
  await place.tx.append(LANE, labels(), secret(pattern(bytes)));
  return place;
}

onBoth('the life of a key at the master: RESERVED, ASSIGNED, delivered and erased at once', async (t, kind) => {
  const place = await filled(t, kind);
  const { keys } = place.vault;
  const reserved = keys.reserve({ ...pair, keyIds: [id(1), id(2)] });
  assert.deepEqual(
    reserved.map(({ offset, state, role }) => [offset, state, role]),
    [
      [0, 'RESERVED', 'master'],
      [32, 'RESERVED', 'master'],
    ],
  );
  await assert.rejects(keys.deliver([id(1)]), code('vault/state'), 'the peer may not have it');
  keys.assign([id(1), id(2)]);
  await assert.rejects(keys.assign([id(1)]), code('vault/state'));
  const secrets = keys.deliver([id(2), id(1)]).map(reveal);
  assert.deepEqual(secrets, [hex(pattern(64).subarray(32)), hex(pattern(32))], 'in the order asked');
  await assert.rejects(keys.deliver([id(1)]), code('vault/state'));
  const tombstone = await (await place.reopen()).keys.find(id(1));
  assert.deepEqual(
    [tombstone?.state, tombstone?.masterSae, tombstone?.slaveSae, tombstone?.closedAtMs],
    ['ERASED', 'alice', 'bob', 1000],
  );
  assert.equal(await place.tx.counters().deliveredKeys, 2);
});

onBoth('delivery is all or nothing', async (t, kind) => {
  const { tx } = await filled(t, kind);
  await tx.keys.register({
    ...pair,
    keys: [
      { keyId: id(1), offset: 0 },
      { keyId: id(2), offset: 32 },
    ],
  });
  await tx.keys.void([id(2)]);
  await assert.rejects(tx.keys.deliver([id(1), id(2)]), code('vault/state'));
  assert.equal(await tx.keys.find(id(1))?.state, 'ASSIGNED');
  assert.equal(reveal(await tx.keys.deliver([id(1)])[0]!), hex(pattern(32)));
});

onBoth('too few bytes for all keys: none is reserved', async (t, kind) => {
  const { tx } = await filled(t, kind, 100);
  await assert.rejects(tx.keys.reserve({ ...pair, keyIds: [1, 2, 3, 4].map(id) }), code('vault/short'));
  assert.equal(await tx.available(LANE), 100);
  assert.equal(await tx.keys.find(id(1)), undefined);
});

onBoth('a key id is used once on each side, in upper case or malformed never', async (t, kind) => {
  const { tx } = await filled(t, kind);
  await tx.keys.reserve({ ...pair, keyIds: [id(1)] });
  await tx.keys.void([id(1)]);
  await assert.rejects(tx.keys.reserve({ ...pair, keyIds: [id(2), id(1)] }), code('vault/known'));
  await assert.rejects(tx.keys.reserve({ ...pair, keyIds: [id(3), id(3)] }), code('vault/known'));
  await assert.rejects(tx.keys.reserve({ ...pair, keyIds: [id(10).toUpperCase()] }), code('vault/argument'));
  assert.equal(await tx.available(LANE), 320 - 32);
});

onBoth('keys that a crash left RESERVED are void after opening, and the peer has yet to be told', async (t, kind) => {
  const place = await filled(t, kind);
  await place.tx.keys.reserve({ ...pair, keyIds: [id(1), id(2)] });
  await place.tx.keys.assign([id(2)]);
  const { keys } = await place.reopen();
  assert.deepEqual([keys.find(id(1))?.state, keys.find(id(2))?.state], ['VOIDED', 'ASSIGNED']);
  assert.deepEqual(
    keys.untold(10).map(({ keyId }) => keyId),
    [id(1)],
  );
  keys.told([id(1)]);
  assert.deepEqual(await (await place.reopen()).keys.untold(10), []);
  await assert.rejects(place.tx.take({ lane: LANE, offset: 0, bytes: 32 }), code('vault/taken'));
});

onBoth('the slave registers places that the master chose, and never one twice', async (t, kind) => {
  const { tx } = await filled(t, kind);
  await tx.keys.register({ ...pair, keys: [{ keyId: id(1), offset: 64 }] });
  await assert.rejects(
    () =>
      await tx.keys.register({
        ...pair,
        keys: [
          { keyId: id(2), offset: 0 },
          { keyId: id(3), offset: 70 },
        ],
      }),
    code('vault/taken'),
  );
  assert.equal(await tx.keys.find(id(2)), undefined, 'all or none');
  await assert.rejects(tx.keys.register({ ...pair, keys: [{ keyId: id(2), offset: 300 }] }), code('vault/missing'));
  await assert.rejects(tx.keys.register({ ...pair, keys: [{ keyId: id(1), offset: 0 }] }), code('vault/known'));
});

onBoth('voiding at the slave: known keys burn, unknown ids become tombstones that no late assignment revives', async (t, kind) => {
  const place = await filled(t, kind);
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
  await assert.rejects(keys.register({ ...pair, keys: [{ keyId: id(2), offset: 32 }] }), code('vault/taken'));
  await assert.rejects(keys.register({ ...pair, keys: [{ keyId: id(2), offset: 64 }] }), code('vault/known'));
  assert.deepEqual(keys.untold(10), [], 'the slave has nothing to tell');
  assert.equal(await place.tx.available(LANE), 320 - 64);
});

onBoth('a void never touches what was delivered', async (t, kind) => {
  const { tx } = await filled(t, kind);
  await tx.keys.register({ ...pair, keys: [{ keyId: id(1), offset: 0 }] });
  await tx.keys.deliver([id(1)]);
  assert.equal(await tx.keys.void([id(1), id(9)]), 0);
  assert.equal(await tx.keys.find(id(1))?.state, 'ERASED');
  assert.equal(await tx.counters().voidedKeys, 0);
});

onBoth('assigned keys that nobody fetches expire', async (t, kind) => {
  const place = await filled(t, kind);
  await place.tx.keys.register({ ...pair, keys: [{ keyId: id(1), offset: 0 }] });
  place.nowMs = 5_000;
  await place.tx.keys.register({ ...pair, keys: [{ keyId: id(2), offset: 32 }] });
  assert.equal(await place.tx.keys.expire(5_000), 1);
  assert.deepEqual([await place.tx.keys.find(id(1))?.state, await place.tx.keys.find(id(2))?.state], ['VOIDED', 'ASSIGNED']);
});
