import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import {
  code,
  hex,
  labels,
  onBoth,
  Place,
  pattern,
  reveal,
  type StoreKind,
  secret,
  single,
  type TestContext,
} from './test/place.ts';
import type { VaultTransaction } from './transaction.ts';

const LANE = 'kme/beijing>moscow';
const DAY_MS = 86_400_000;
const id = (n: number): string => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
const pair = { lane: LANE, bytes: 32, masterSae: 'alice', slaveSaes: ['bob'] };
const alices = (...numbers: number[]) => numbers.map((n) => ({ keyId: id(n), saeId: 'alice' }));
const bobs = (...numbers: number[]) => numbers.map((n) => ({ keyId: id(n), saeId: 'bob' }));
const at = (n: number, offset: number) => ({ keyId: id(n), offset });

async function filled(t: TestContext, kind: StoreKind, bytes = 320): Promise<Place> {
  const place = await Place.make(t, kind);
  await place.tx.append(LANE, labels(), secret(pattern(bytes)));
  return place;
}

/** States of all copies of keys. */
const states = async (tx: VaultTransaction, ...numbers: number[]) =>
  (await tx.keys.find(numbers.map(id))).map((key) => key?.copies.map(({ state }) => state).join(' '));

onBoth('the life of a key at the master: RESERVED, ASSIGNED, delivered and erased at once', async (t, kind) => {
  const place = await filled(t, kind);
  const { keys } = place.tx;
  const reserved = await keys.reserve([{ ...pair, keyIds: [id(1), id(2)] }]);
  assert.deepEqual(reserved, await keys.find([id(1), id(2)]), 'what it says is what is there');
  assert.deepEqual(
    reserved.map(({ offset, role, copies }) => [offset, role, copies.map(({ saeId, state }) => [saeId, state])]),
    [
      [0, 'master', [['alice', 'RESERVED']]],
      [32, 'master', [['alice', 'RESERVED']]],
    ],
  );
  await assert.rejects(keys.deliver(alices(1)), code('vault/state'), 'the peer may not have it');
  place.nowMs = 2_000;
  await keys.assign([id(1), id(2)]);
  await assert.rejects(keys.assign([id(1)]), code('vault/state'));
  await assert.rejects(keys.deliver(bobs(1)), code('vault/state'), 'his copy is at the other side');
  const secrets = (await keys.deliver(alices(2, 1))).map(reveal);
  assert.deepEqual(secrets, [hex(pattern(64).subarray(32)), hex(pattern(32))], 'in the order asked');
  await assert.rejects(keys.deliver(alices(1)), code('vault/state'));
  const [tombstone] = await (await place.reopen()).keys.find([id(1)]);
  assert.deepEqual(tombstone, {
    ...{ keyId: id(1), lane: LANE, offset: 0, bytes: 32, role: 'master', masterSae: 'alice', slaveSaes: ['bob'] },
    ...{ purpose: '', owner: 'test', expiresAtMs: null },
    copies: [{ saeId: 'alice', state: 'ERASED', reservedAtMs: 1_000, assignedAtMs: 2_000, closedAtMs: 2_000 }],
  });
  assert.equal((await place.tx.counters()).deliveredKeys, 2);
});

onBoth('delivery is all or nothing', async (t, kind) => {
  const { tx } = await filled(t, kind);
  await tx.keys.register([{ ...pair, keys: [at(1, 0), at(2, 32)] }]);
  await tx.keys.void([id(2)]);
  await assert.rejects(tx.keys.deliver(bobs(1, 2)), code('vault/state'));
  await assert.rejects(tx.keys.deliver(bobs(1, 1)), code('vault/state'), 'one copy, once');
  assert.deepEqual(await states(tx, 1), ['ASSIGNED']);
  assert.equal(reveal((await tx.keys.deliver(bobs(1)))[0]!), hex(pattern(32)));
});

onBoth('each SAE of a site gets its copy once, and the last one takes the bytes along', async (t, kind) => {
  const place = await filled(t, kind);
  const { tx } = place;
  const shared = { ...pair, slaveSaes: ['bob', 'dave', 'erin', 'far away'], holders: ['erin', 'bob', 'dave'] };
  await tx.keys.register([{ ...shared, keys: [at(1, 0), at(2, 32), at(3, 64)] }]);
  assert.equal(reveal((await tx.keys.deliver(bobs(1)))[0]!), hex(pattern(32)));
  await assert.rejects(tx.keys.deliver(bobs(1)), code('vault/state'));
  await assert.rejects(tx.keys.deliver([{ keyId: id(1), saeId: 'far away' }]), code('vault/state'));
  assert.deepEqual(await states(tx, 1), ['ERASED ASSIGNED ASSIGNED']);
  // Two copies at once, among others.
  const rest = [...bobs(2), { keyId: id(1), saeId: 'erin' }, ...bobs(3), { keyId: id(1), saeId: 'dave' }];
  assert.deepEqual(
    (await tx.keys.deliver(rest)).map(reveal),
    [1, 0, 2, 0].map((n) => hex(pattern(96).subarray(32 * n, 32 * n + 32))),
  );
  await assert.rejects(tx.take({ lane: LANE, offset: 0, bytes: 32 }), code('vault/taken'));
  assert.equal(await tx.keys.void([id(1), id(2)]), 1, 'dave and erin have not fetched the second');
  await assert.rejects(
    tx.keys.register([{ ...pair, holders: [], keys: [at(4, 96)] }]),
    code('vault/argument'),
    'a key for nobody would never be overwritten',
  );
  assert.deepEqual(await states(await place.reopen(), 1, 2, 3), [
    'ERASED ERASED ERASED',
    'ERASED VOIDED VOIDED',
    'ERASED ASSIGNED ASSIGNED',
  ]);
});

onBoth('too few bytes for all keys: none is reserved, of no request', async (t, kind) => {
  const { tx } = await filled(t, kind, 100);
  await assert.rejects(tx.keys.reserve([{ ...pair, keyIds: [1, 2, 3, 4].map(id) }]), code('vault/short'));
  const twice = [1, 3].map((n) => ({ ...pair, keyIds: [id(n), id(n + 1)] }));
  await assert.rejects(tx.keys.reserve(twice), code('vault/short'));
  assert.equal(await tx.available(LANE), 100);
  assert.deepEqual(await tx.keys.find([id(1)]), [undefined]);
});

onBoth('a key id is used once on each side, in upper case or malformed never', async (t, kind) => {
  const { tx } = await filled(t, kind);
  await tx.keys.reserve([{ ...pair, keyIds: [id(1)] }]);
  await tx.keys.void([id(1)]);
  await assert.rejects(tx.keys.reserve([{ ...pair, keyIds: [id(2), id(1)] }]), code('vault/known'));
  await assert.rejects(tx.keys.reserve([{ ...pair, keyIds: [id(3), id(3)] }]), code('vault/known'));
  await assert.rejects(tx.keys.reserve([{ ...pair, keyIds: [id(10).toUpperCase()] }]), code('vault/argument'));
  assert.equal(await tx.available(LANE), 320 - 32);
});

onBoth('keys that a crash left RESERVED are void after opening, and the peer has yet to be told', async (t, kind) => {
  const place = await filled(t, kind);
  await place.tx.keys.reserve([{ ...pair, keyIds: [id(1), id(2)] }]);
  await place.tx.keys.assign([id(2)]);
  const { keys } = await place.reopen();
  assert.deepEqual(await states(place.tx, 1, 2), ['VOIDED', 'ASSIGNED']);
  assert.deepEqual(
    (await keys.untold(10)).map(({ keyId }) => keyId),
    [id(1)],
  );
  await keys.told([id(1)]);
  assert.deepEqual(await (await place.reopen()).keys.untold(10), []);
  await assert.rejects(place.tx.take({ lane: LANE, offset: 0, bytes: 32 }), code('vault/taken'));
});

onBoth(
  'a void of a key that was delivered here is told to the other side, which may still have it',
  async (t, kind) => {
    const { tx } = await filled(t, kind);
    await tx.keys.reserve([{ ...pair, keyIds: [id(1), id(2)] }]);
    await tx.keys.assign([id(1), id(2)]);
    await tx.keys.deliver(alices(1, 2));
    assert.equal(await tx.keys.void([id(1)]), 0);
    assert.deepEqual(await states(tx, 1), ['ERASED']);
    assert.deepEqual(
      (await tx.keys.untold(10)).map(({ keyId }) => keyId),
      [id(1)],
    );
  },
);

onBoth('the slave registers places that the master chose, and never one twice', async (t, kind) => {
  const { tx } = await filled(t, kind);
  await tx.keys.register([{ ...pair, keys: [at(1, 64)] }]);
  await assert.rejects(tx.keys.register([{ ...pair, keys: [at(2, 0), at(3, 70)] }]), code('vault/taken'));
  await assert.rejects(tx.keys.register([{ ...pair, keys: [at(2, 0), at(3, 31)] }]), code('vault/taken'));
  const batches = [
    { ...pair, keys: [at(2, 0)] },
    { ...pair, keys: [at(3, 300)] },
  ];
  await assert.rejects(tx.keys.register(batches), code('vault/missing'));
  assert.deepEqual(await tx.keys.find([id(2)]), [undefined], 'all or none');
  await assert.rejects(tx.keys.register([{ ...pair, keys: [at(1, 0)] }]), code('vault/known'));
  await tx.keys.register([{ ...pair, keys: [at(2, 0), at(3, 32)] }]);
});

onBoth(
  'voiding at the slave: known keys burn, unknown ids become tombstones that no late assignment revives',
  async (t, kind) => {
    const place = await filled(t, kind);
    const { keys } = place.tx;
    await keys.register([{ ...pair, keys: [at(1, 0)] }]);
    await keys.voidBatch([{ ...pair, keys: [at(1, 0), at(2, 32), at(3, 1e6)] }]);
    assert.deepEqual(await states(place.tx, 1, 2, 3), ['VOIDED', 'VOIDED', 'VOIDED']);
    await assert.rejects(keys.register([{ ...pair, keys: [at(2, 32)] }]), code('vault/known'));
    await assert.rejects(keys.register([{ ...pair, keys: [at(4, 32)] }]), code('vault/taken'));
    assert.deepEqual(await keys.untold(10), [], 'the slave has nothing to tell');
    assert.equal(await place.tx.available(LANE), 320 - 64);
  },
);

onBoth('a void never touches what was delivered', async (t, kind) => {
  const { tx } = await filled(t, kind);
  await tx.keys.register([{ ...pair, keys: [at(1, 0)] }]);
  await tx.keys.deliver(bobs(1));
  assert.equal(await tx.keys.void([id(1), id(9)]), 0);
  await tx.keys.voidBatch([{ ...pair, keys: [at(1, 0)] }]);
  assert.deepEqual(await states(tx, 1), ['ERASED']);
  assert.equal((await tx.counters()).voidedKeys, 0);
});

onBoth('assigned keys that nobody fetches expire', async (t, kind) => {
  const place = await filled(t, kind);
  await place.tx.keys.register([{ ...pair, keys: [at(1, 0)] }]);
  place.nowMs = 5_000;
  await place.tx.keys.register([{ ...pair, keys: [at(2, 32)] }]);
  assert.equal(await place.tx.keys.expire(5_000), 1);
  assert.deepEqual(await states(place.tx, 1, 2), ['VOIDED', 'ASSIGNED']);
});

onBoth('a key is good as long as the first of its blocks, on both sides', async (t, kind) => {
  const place = await Place.make(t, kind);
  const { tx } = place;
  await tx.append(LANE, labels({ expiresAtMs: 9_000 }), secret(pattern(16, 1)));
  await tx.append(LANE, labels({ expiresAtMs: 4_000 }), secret(pattern(48, 2)));
  await tx.append(LANE, labels(), secret(pattern(64, 3)));
  const reserved = await tx.keys.reserve([{ ...pair, keyIds: [id(1), id(2)] }]);
  await tx.keys.register([{ ...pair, keys: [at(3, 64)] }]);
  assert.deepEqual(
    [...reserved, ...(await tx.keys.find([id(3)]))].map((key) => key?.expiresAtMs),
    [4_000, 4_000, null],
  );
  await tx.keys.assign([id(1), id(2)]);
  place.nowMs = 3_999;
  await tx.keys.deliver(alices(2));
  place.nowMs = 4_000;
  await assert.rejects(tx.keys.deliver(alices(1)), code('vault/expired'));
  assert.equal(await tx.keys.countStock({ masterSae: 'alice', slaveSae: 'bob', bytes: 32 }), 0);
  assert.equal(await tx.keys.expire(0), 2, 'the key, and the rest of its block');
  assert.deepEqual(await states(tx, 1, 2, 3), ['VOIDED', 'ERASED', 'ASSIGNED']);
});

onBoth(
  'a key that grows old while it is RESERVED is assigned and then void: its end is not settled before',
  async (t, kind) => {
    const place = await Place.make(t, kind);
    const { tx } = place;
    await tx.append(LANE, labels({ expiresAtMs: 4_000 }), secret(pattern(64)));
    await tx.keys.reserve([{ ...pair, keyIds: [id(1)] }]);
    place.nowMs = 4_000;
    assert.equal(await tx.keys.expire(0), 0);
    await tx.keys.assign([id(1)]);
    await assert.rejects(tx.keys.deliver(alices(1)), code('vault/expired'));
    assert.equal(await tx.keys.expire(0), 2, 'the key, and the rest of its block');
    assert.equal(await tx.keys.expire(0), 0);
    assert.deepEqual(await states(tx, 1), ['VOIDED']);
  },
);

onBoth('keys in stock: what is assigned for a pair, of that size and purpose, oldest first', async (t, kind) => {
  const place = await filled(t, kind);
  const { keys } = place.tx;
  const wanted = { masterSae: 'alice', slaveSae: 'bob', bytes: 32 };
  await keys.reserve([
    { ...pair, keyIds: [id(5), id(2)] },
    { ...pair, keyIds: [id(3)], purpose: 'stream' },
    { ...pair, keyIds: [id(4)], bytes: 16 },
    { ...pair, keyIds: [id(6)], slaveSaes: ['bob', 'dave'] },
  ]);
  assert.deepEqual(await keys.stock({ ...wanted, limit: 9 }), [], 'not yet');
  await keys.assign([5, 2, 3, 4, 6].map(id));
  place.nowMs = 2_000;
  await keys.reserve([{ ...pair, keyIds: [id(1)] }]);
  await keys.assign([id(1)]);
  assert.deepEqual(await keys.stock({ ...wanted, limit: 9 }), [5, 2, 1].map(id));
  assert.deepEqual(await keys.stock({ ...wanted, limit: 1 }), [id(5)]);
  assert.deepEqual(await keys.stock({ ...wanted, purpose: 'stream', limit: 9 }), [id(3)]);
  assert.equal(await keys.countStock({ ...wanted, bytes: 16 }), 1);
  await keys.deliver(alices(2));
  assert.equal(await keys.countStock(wanted), 2);
  assert.deepEqual(await keys.stock({ ...wanted, masterSae: 'bob', slaveSae: 'alice', limit: 9 }), []);
});

onBoth('keys that wait for an SAE of this site are counted by their master', async (t, kind) => {
  const place = await filled(t, kind);
  const { keys } = place.tx;
  const bob = { masterSae: 'alice', saeId: 'bob' };
  await keys.register([
    { ...pair, slaveSaes: ['bob', 'dave'], keys: [at(1, 0), at(2, 32)] },
    { ...pair, masterSae: 'carol', keys: [at(3, 64)] },
  ]);
  assert.deepEqual([await keys.countOpen(bob), await keys.countOpen({ ...bob, masterSae: 'carol' })], [2, 1]);
  await keys.deliver(bobs(1));
  assert.deepEqual([await keys.countOpen(bob), await keys.countOpen({ ...bob, saeId: 'dave' })], [1, 2]);
});

onBoth('labels of many keys at once, delivered ones too', async (t, kind) => {
  const { tx } = await Place.make(t, kind);
  for (const epsSec of [1, 2, 3]) await tx.append(LANE, labels({ epsSec }), secret(pattern(48, epsSec)));
  const keys = await tx.keys.reserve([{ ...pair, keyIds: [1, 2, 3, 4].map(id) }]);
  await tx.keys.assign([id(2)]);
  await tx.keys.deliver(alices(2));
  assert.deepEqual(
    (await tx.labelsOf(keys)).map((each) => each.map(({ epsSec }) => epsSec)),
    [[1], [1, 2], [2], [3]],
  );
});

onBoth(
  'what a process reserved is its own until its lease ends; then it is void, and a late assign is refused',
  async (t, kind) => {
    if (kind === 'SQLite') return; // One process: the one after it voids everything (above).
    const place = await filled(t, kind);
    const other = await place.open('other');
    t.after(() => other.close());
    await place.tx.keys.reserve([{ ...pair, keyIds: [id(1), id(2)] }]);
    await assert.rejects(single(other).keys.assign([id(1)]), code('vault/state'));
    await place.tx.keys.assign([id(2)]);
    place.nowMs += 900;
    await other.heartbeat();
    assert.equal(await single(other).keys.voidAbandoned(), 0);
    place.nowMs += 200;
    assert.equal(await single(other).keys.voidAbandoned(), 1);
    await assert.rejects(place.tx.keys.assign([id(1)]), code('vault/state'));
    assert.deepEqual(await states(place.tx, 1, 2), ['VOIDED', 'ASSIGNED']);
    await place.vault.heartbeat();
    await single(other).keys.reserve([{ ...pair, keyIds: [id(3)] }]);
    assert.equal(await place.tx.keys.voidAbandoned(), 0);
  },
);

onBoth('what is no key id, and a name that no store can keep, are unknown', async (t, kind) => {
  const { tx } = await filled(t, kind);
  for (const hostile of ['a\0b', '\ud800', '', 'no uuid']) {
    assert.deepEqual(await tx.keys.find([hostile, id(1)]), [undefined, undefined]);
    assert.equal(await tx.keys.void([hostile]), 0);
    await assert.rejects(tx.keys.deliver([{ keyId: hostile, saeId: 'alice' }]), code('vault/state'));
    await assert.rejects(tx.keys.assign([hostile]), code('vault/state'));
  }
  for (const hostile of ['a\0b', '\ud800']) {
    assert.equal(await tx.recall(hostile), undefined);
    assert.deepEqual(await tx.recallAll(hostile), []);
    await assert.rejects(tx.remember(hostile, 1), code('vault/argument'));
    await tx.forget(hostile);
  }
});

onBoth('a key for very many SAEs is kept like any other', async (t, kind) => {
  const { tx } = await filled(t, kind);
  // Random, so that it cannot be compressed to fit.
  const slaveSaes = Array.from({ length: 60 }, () => `sae-${randomBytes(60).toString('base64url')}`);
  await tx.keys.reserve([{ ...pair, keyIds: [id(1)], slaveSaes }]);
  assert.deepEqual((await tx.keys.find([id(1)]))[0]!.slaveSaes, slaveSaes);
});

test('a tombstone of a place that makes no sense is refused', async (t) => {
  const { tx } = await filled(t, 'SQLite');
  for (const offset of [1e300, -1, 0.5]) {
    await assert.rejects(tx.keys.voidBatch([{ ...pair, keys: [at(1, offset)] }]), code('vault/argument'));
  }
});

onBoth('what is to be expired goes in steps of 1,000 keys, and tombstones in the end', async (t, kind) => {
  const place = await filled(t, kind, 2_500);
  const { tx, vault } = place;
  const numbers = Array.from({ length: 2_500 }, (_, i) => i);
  const keys = numbers.map((i) => at(i, i));
  await tx.keys.register([{ ...pair, bytes: 1, keys }]);
  place.nowMs = 10_000;
  assert.equal(await tx.keys.expire(5_000), 1_000);
  assert.equal(await vault.expire(5_000), 1_500);
  assert.equal(await vault.expire(5_000), 0);
  assert.deepEqual(await states(tx, 0, 2_499), ['VOIDED', 'VOIDED']);
  // Kept for twice the time that keys live.
  place.nowMs = 10_000 + 2 * DAY_MS;
  assert.equal(await vault.expire(place.nowMs - DAY_MS), 0);
  place.nowMs += 1;
  assert.equal(await vault.expire(place.nowMs - DAY_MS, 1), 1_000);
  assert.equal(await vault.expire(place.nowMs - DAY_MS), 1_500);
  assert.deepEqual(await states(tx, 0, 2_499), [undefined, undefined]);
});

onBoth('a tombstone that the other side has not acknowledged is kept', async (t, kind) => {
  const place = await filled(t, kind);
  const { tx, vault } = place;
  await tx.keys.reserve([{ ...pair, keyIds: [id(1), id(2)] }]);
  await tx.keys.void([id(1), id(2)]);
  await tx.keys.told([id(1)]);
  place.nowMs += 3 * DAY_MS;
  assert.equal(await vault.expire(place.nowMs - DAY_MS), 1);
  assert.deepEqual(await states(tx, 1, 2), [undefined, 'VOIDED']);
});

onBoth('who could have fetched a key is told once that it is void, and nobody else', async (t, kind) => {
  const place = await filled(t, kind);
  const { keys } = place.tx;
  place.nowMs = 1_000;
  await keys.register([{ ...pair, keys: [at(1, 0), at(2, 32), at(3, 64)] }]);
  await keys.deliver(bobs(3));
  place.nowMs = 2_000;
  await keys.void([id(1), id(3)]);
  const now = await keys.voidedSince(0, ['bob', 'alice']);
  assert.deepEqual(now, { copies: [], untilMs: 2_000 }, 'this moment is not over');
  place.nowMs = 3_001;
  await keys.void([id(2)]);
  assert.deepEqual((await keys.voidedSince(0, ['bob'], 1_000)).copies, bobs(1), 'what is young waits');
  const then = await keys.voidedSince(now.untilMs, ['bob', 'alice']);
  assert.deepEqual(then, { copies: bobs(1), untilMs: 3_001 });
  place.nowMs = 3_002;
  assert.deepEqual((await keys.voidedSince(then.untilMs, ['bob'])).copies, bobs(2));
  assert.deepEqual((await keys.voidedSince(0, ['carol'])).copies, []);
  assert.deepEqual(await keys.voidedSince(0, []), { copies: [], untilMs: 3_002 });
});
