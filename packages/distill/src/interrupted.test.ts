import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SecretBytes } from '@skykey/bits';
import { decode, encode, HELD_LIMIT, typeOf } from './messages.ts';
import { blockIdOf } from './parameters.ts';
import { FATES } from './protocol.ts';
import { distil, type MemoryStore, type Site, SMALL_BLOCK, twoSites } from './test/benchtop.ts';

/** Sessions that break between Bob's acceptance and his release, and how the next one settles them. */

const BLOCK = blockIdOf(SMALL_BLOCK);
const second = { ...SMALL_BLOCK, sessionId: 'session-2' };
const SECOND = blockIdOf(second);

/** The power goes at one call of a store: this side is gone without a word. */
function crashAt(store: MemoryStore, call: string): void {
  store.before = (now) => {
    if (now === call) throw new Error('power cut');
  };
}

const revive = (...sites: Site[]): void => {
  for (const { store } of sites) store.before = () => undefined;
};

test('Bob holds, Alice never released: both discard in the next session', async () => {
  for (const crash of [`hold ${BLOCK}`, `release ${BLOCK}`]) {
    const sites = twoSites();
    crashAt(sites.alice.store, crash);
    await distil({ sites });
    revive(sites.alice);
    assert.deepEqual(await sites.bob.store.held(), [BLOCK]);
    assert.deepEqual(await sites.alice.store.held(), crash.startsWith('hold') ? [] : [BLOCK]);
    const { alice, bob } = await distil({ sites, parameters: second, seed: 60 });
    assert.deepEqual(bob.report, alice.report);
    assert.equal(alice.report?.verdict, 'accepted');
    for (const { store } of [sites.alice, sites.bob]) {
      assert.deepEqual(store.released(), [SECOND]);
      assert.deepEqual(await store.held(), []);
      assert(!store.keys.has(BLOCK));
    }
  }
});

test('Alice released and her word was lost: Bob releases in the next session, on her authenticated word', async () => {
  const sites = twoSites();
  await distil({ sites, tamper: (bytes) => (typeOf(bytes) === 'release' ? [] : [bytes]) });
  assert.deepEqual(sites.alice.store.released(), [BLOCK]);
  assert.deepEqual(await sites.bob.store.held(), [BLOCK]);
  await distil({ sites, parameters: second, seed: 60 });
  for (const { store } of [sites.alice, sites.bob]) assert.deepEqual(store.released(), [BLOCK, SECOND]);
  assert.deepEqual(sites.alice.store.keys.get(BLOCK), sites.bob.store.keys.get(BLOCK));
});

test('Bob crashes at his own release: the next session releases', async () => {
  const sites = twoSites();
  crashAt(sites.bob.store, `release ${BLOCK}`);
  const { alice, bob } = await distil({ sites });
  assert.equal(alice.report?.verdict, 'accepted');
  assert(bob.result.status === 'rejected');
  revive(sites.bob);
  await distil({ sites, parameters: second, seed: 60 });
  assert.deepEqual(sites.bob.store.released(), [BLOCK, SECOND]);
});

test('Alice has never heard of a block: Bob keeps it, warns, and releases when she knows it again', async () => {
  const sites = twoSites();
  await distil({ sites, tamper: (bytes) => (typeOf(bytes) === 'release' ? [] : [bytes]) });
  assert.deepEqual(sites.alice.store.released(), [BLOCK]);
  // Her store is another one, as after a disk that was restored; discarding would leave her with a key that he has not.
  const forgetful = { alice: { store: twoSites().alice.store, pads: sites.alice.pads }, bob: sites.bob };
  const { alice, bob } = await distil({ sites: forgetful, parameters: second, seed: 60 });
  assert.deepEqual([alice.report?.verdict, bob.report?.verdict], ['accepted', 'accepted']);
  assert.deepEqual([bob.alarms, bob.warnings, alice.warnings], [[], ['unknown-block'], []]);
  assert(bob.report!.alarms[0]!.message.includes(BLOCK));
  assert.deepEqual(await sites.bob.store.held(), [BLOCK]);
  await distil({ sites, parameters: { ...SMALL_BLOCK, sessionId: 'session-3' }, seed: 70 });
  assert.deepEqual(await sites.bob.store.held(), []);
  assert.deepEqual(sites.bob.store.keys.get(BLOCK), sites.alice.store.keys.get(BLOCK));
});

test('blocks that Alice does not know do not stand before others for ever', async () => {
  const sites = twoSites();
  const report = (await distil()).alice.report!;
  const hold = async (site: Site, id: string): Promise<void> =>
    site.store.hold(id, SecretBytes.adopt(Uint8Array.of(1)), report);
  for (let i = 0; i < HELD_LIMIT + 10; i++) await hold(sites.bob, `${SMALL_BLOCK.linkId}/unknown-${i}`);
  const known = `${SMALL_BLOCK.linkId}/known`;
  for (const site of [sites.alice, sites.bob]) await hold(site, known);
  await sites.alice.store.release(known);
  for (let i = 0; i < 12 && !sites.bob.store.released().includes(known); i++) {
    await distil({ sites, parameters: { ...SMALL_BLOCK, sessionId: `session-${i}` }, seed: 60 + i });
  }
  assert(sites.bob.store.released().includes(known));
  assert.equal((await sites.bob.store.held()).length, HELD_LIMIT + 10);
});

test('the answer counts only when the tags of its own session are right', async () => {
  for (const released of [true, false]) {
    const sites = twoSites();
    if (released) await distil({ sites, tamper: (bytes) => (typeOf(bytes) === 'release' ? [] : [bytes]) });
    else {
      crashAt(sites.alice.store, `hold ${BLOCK}`);
      await distil({ sites });
      revive(sites.alice);
    }
    // A man in the middle turns Alice's answer round; nothing happens to the block, whatever he lets through after.
    await distil({
      sites,
      parameters: second,
      seed: 60,
      tamper: (bytes) => {
        const message = decode(bytes);
        if (message.type !== 'hello-alice') return [bytes];
        return [encode({ ...message, fates: Uint8Array.of(released ? FATES.withheld : FATES.released) })];
      },
    });
    assert.deepEqual(await sites.bob.store.held(), [BLOCK]);
    assert.deepEqual(sites.bob.store.released(), []);
    // A session that is refused settles nothing either.
    const unlucky = { ...SMALL_BLOCK, sessionId: 'session-3', epsSec: 1e-100 };
    const { bob } = await distil({ sites, parameters: unlucky, seed: 70 });
    assert.match(bob.report!.reason!, /no secret bit/);
    assert.deepEqual(await sites.bob.store.held(), [BLOCK]);
    await distil({ sites, parameters: { ...SMALL_BLOCK, sessionId: 'session-4' }, seed: 80 });
    assert.deepEqual(await sites.bob.store.held(), []);
    assert.equal(sites.bob.store.released().includes(BLOCK), released);
  }
});

test('blocks of another link in the same store are left alone', async () => {
  const sites = twoSites();
  crashAt(sites.alice.store, `release ${BLOCK}`);
  await distil({ sites });
  revive(sites.alice);
  const other = { ...SMALL_BLOCK, linkId: 'sky-ground-2' };
  await distil({ sites, parameters: other, seed: 60 });
  assert.deepEqual(await sites.alice.store.held(), [BLOCK]);
  assert.deepEqual(await sites.bob.store.held(), [BLOCK]);
});

test('cut after any message: never a key on one side that the other has not, once the next session is over', async () => {
  let messages = Number.POSITIVE_INFINITY;
  const tail = 12;
  for (let back = 1; back <= tail; back++) {
    const sites = twoSites();
    if (messages === Number.POSITIVE_INFINITY) ({ messages } = await distil());
    const cutFrom = messages - back;
    await distil({ sites, tamper: (bytes, _direction, i) => (i >= cutFrom ? [] : [bytes]) });
    const before = [sites.alice.store.released(), sites.bob.store.released()];
    assert(before[1]!.length <= before[0]!.length, 'Bob never releases first');
    await distil({ sites, parameters: second, seed: 60 });
    assert.deepEqual(sites.alice.store.released(), sites.bob.store.released(), `cut ${back} messages before the end`);
    assert.deepEqual(await sites.bob.store.held(), []);
    for (const id of sites.alice.store.released()) {
      assert.deepEqual(sites.alice.store.keys.get(id), sites.bob.store.keys.get(id));
    }
  }
});

test('many interrupted sessions are settled a limited number at a time', async () => {
  const sites = twoSites();
  const report = (await distil()).alice.report!;
  for (let i = 0; i < 70; i++) {
    const id = `${SMALL_BLOCK.linkId}/lost-${i}`;
    for (const { store } of [sites.alice, sites.bob]) await store.hold(id, SecretBytes.adopt(Uint8Array.of(i)), report);
    if (i % 2) await sites.alice.store.release(id);
  }
  await distil({ sites, seed: 60 });
  assert.equal((await sites.bob.store.held()).length, 70 - HELD_LIMIT);
  await distil({ sites, parameters: second, seed: 61 });
  assert.deepEqual(await sites.bob.store.held(), []);
  assert.deepEqual(sites.bob.store.released().toSorted(), sites.alice.store.released().toSorted());
  assert.equal(sites.bob.store.released().length, 35 + 2);
});
