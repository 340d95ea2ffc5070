import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyLane, peerLane } from '../lanes.ts';
import { isError } from '../test/answers.ts';
import { keysOf, labels, Network, policyOf, WAY } from '../test/sites.ts';
import { Ahead } from './ahead.ts';

const STOCK = { masterSae: 'desk-beijing', slaveSae: 'desk-moscow', bytes: 32 };
const LANE = keyLane('beijing', 'moscow', WAY);

test('the window opens by doubling while keys are used up soon, one request at a time, and closes with a pause', () => {
  let nowMs = 0;
  const ahead = new Ahead(() => nowMs);
  const next = (worked = true, slave = 'b'): number => {
    const { count, done } = ahead.next('a', slave, 32);
    done(worked);
    return count;
  };
  assert.deepEqual(
    Array.from({ length: 9 }, () => next()),
    [0, 4, 8, 16, 32, 64, 128, 256, 256],
  );
  assert.equal(next(true, 'c'), 0, 'another pair');
  const open = ahead.next('a', 'b', 32);
  assert.deepEqual([open.count, next()], [256, 0], 'those who wait with it need them once');
  open.done(true);
  assert.equal(next(false), 256);
  nowMs += 5_000;
  assert.equal(next(), 0, 'not needed so soon');
  assert.equal(next(false), 4);
  assert.equal(next(), 4, 'what failed opened nothing');
});

test('a busy pair needs few frames: every key comes out at both ends, none twice', async (t) => {
  const network = await Network.open(t, { keyBytes: 32 * 2_000 });
  const { beijing, moscow } = network;
  const seen = new Set<string>();
  for (let i = 0; i < 200; i++) {
    const [sent] = await beijing.keys();
    assert.ok(!seen.has(sent!.key));
    seen.add(sent!.key);
    assert.deepEqual(keysOf(await moscow.fetch([sent!.key_ID])), [sent]);
  }
  assert.ok(network.wire.length <= 8, `${network.wire.length} frames for 200 keys`);
  assert.equal(await beijing.tx.pads(peerLane('beijing', 'moscow')).left(), 60 - network.wire.length);
  for (const { tx } of [beijing, moscow]) assert.equal((await tx.counters()).deliveredKeys, 200);
});

test('somebody who asks now and then costs one key for each key', async (t) => {
  const network = await Network.open(t);
  const { beijing } = network;
  for (let i = 0; i < 10; i++) {
    await beijing.keys();
    network.nowMs += 10_000;
  }
  assert.equal(await beijing.available(LANE), 4_096 - 320);
  assert.equal(await beijing.tx.keys.countStock(STOCK), 0);
});

test('keys ahead outlive a crash of either end', async (t) => {
  const { beijing, moscow } = await Network.open(t);
  await beijing.keys();
  await beijing.keys();
  assert.equal(await beijing.tx.keys.countStock(STOCK), 4);
  await beijing.crash();
  await moscow.crash();
  const sent = await beijing.keys(4);
  assert.deepEqual(keysOf(await moscow.fetch(sent.map(({ key_ID }) => key_ID))), sent);
});

test('014-D5: keys ahead that nobody asks for are void before their time is half over, so that who gets one has time to fetch it', async (t) => {
  const network = await Network.open(t);
  const { beijing, moscow } = network;
  await beijing.keys();
  await beijing.keys();
  const stocked = (await beijing.tx.keys.stock({ ...STOCK, limit: 9 })).slice();
  assert.equal(stocked.length, 4);
  network.nowMs += 43_200_001;
  assert.equal(await beijing.count(), (4_096 - 6 * 32) / 32, 'not counted any more');
  const [sent] = await beijing.keys();
  assert.ok(!stocked.includes(sent!.key_ID));
  await network.settle();
  for (const keyId of stocked) {
    for (const { tx } of [beijing, moscow]) {
      const [record] = await tx.keys.find([keyId]);
      assert.deepEqual(
        record!.copies.map(({ state }) => state),
        ['VOIDED'],
      );
    }
  }
  assert.deepEqual(keysOf(await moscow.fetch([sent!.key_ID])), [sent]);
});

test('keys ahead that nobody asks for at all are burned at both ends after a day', async (t) => {
  const network = await Network.open(t);
  const { beijing, moscow } = network;
  await beijing.keys();
  await beijing.keys();
  network.nowMs += 86_400_001;
  await network.settle();
  assert.equal(await beijing.tx.keys.countStock(STOCK), 0);
  assert.equal(await moscow.tx.keys.countOpen({ masterSae: 'desk-beijing', saeId: 'desk-moscow' }), 0);
});

test('keys ahead obey the policy when they are given out: none is older than it allows', async (t) => {
  const site = { policy: policyOf([{ between: ['desk-beijing', 'desk-moscow'], maxAgeMs: 60_000 }]) };
  const network = await Network.open(t, { site: { beijing: site, moscow: site } });
  const { beijing, moscow } = network;
  await beijing.keys();
  await beijing.keys();
  assert.equal(await beijing.tx.keys.countStock(STOCK), 4);
  network.nowMs = 70_000;
  assert.equal(await beijing.count(), 0);
  isError(await beijing.call('GET', 'enc_keys'), 503);
  assert.equal(await beijing.tx.keys.countStock(STOCK), 0);
  const fresh = labels(['jinan-beijing'], { createdAtMs: 65_000, routes: [['beijing', 'jinan', 'moscow']] });
  await network.share('beijing', 'moscow', 'jinan', { keyBytes: 320, padBytes: 0, labels: fresh, seed: 60 });
  assert.equal(await beijing.count(), 10);
  const sent = await beijing.keys(3);
  assert.deepEqual(keysOf(await moscow.fetch(sent.map(({ key_ID }) => key_ID))), sent);
});

test('the count is true to the last key: those set aside and those in the lane make up one demand', async (t) => {
  const network = await Network.open(t, { keyBytes: 32 * 40 });
  const { beijing, moscow } = network;
  await beijing.keys();
  await beijing.keys();
  const count = await beijing.count();
  assert.equal(count, 38);
  assert.equal(await beijing.tx.keys.countStock(STOCK), 4);
  const sent = await beijing.keys(count);
  assert.equal(new Set(sent.map(({ key }) => key)).size, count);
  assert.deepEqual(keysOf(await moscow.fetch(sent.map(({ key_ID }) => key_ID))), sent);
  assert.equal(await beijing.count(), 0);
  isError(await beijing.call('GET', 'enc_keys'), 503, 'not enough keys are available');
});

test('the longest demand of a busy pair still fits into one message', async (t) => {
  const network = await Network.open(t, { keyBytes: 32 * 4_000, limits: { maxKeyPerRequest: 1_024, maxKeySize: 256 } });
  const { beijing, moscow } = network;
  for (let i = 0; i < 3; i++) {
    const sent = await beijing.keys(1_000);
    assert.deepEqual(keysOf(await moscow.fetch(sent.map(({ key_ID }) => key_ID))), sent);
  }
});
