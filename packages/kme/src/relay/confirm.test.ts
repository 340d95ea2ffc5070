import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DIRECT, keyLane, peerLane } from '../lanes.ts';
import { ascii } from '../peer/frame.ts';
import { Writer } from '../peer/wire.ts';
import { LINKS, labels, Network, pattern, secret, text } from '../test/sites.ts';
import type { RelayPlan } from './exchange.ts';
import { holdLinkBlock } from './link-block.ts';

const A = 'micius-beijing';
const PLAN: RelayPlan = {
  joins: [{ left: { node: 'beijing', way: DIRECT }, right: { node: 'moscow', way: DIRECT } }],
  combinations: [],
};
const THERE = keyLane('beijing', 'moscow', 'micius');

async function sky(t: Parameters<typeof Network.open>[0], sites = ['beijing', 'moscow']) {
  const network = await Network.open(t, { keyBytes: 0, relays: { micius: PLAN }, sites });
  let passes = 0;
  const pass = async (station: string, keyBytes: number) => {
    const told = labels([`micius-${station}`], {
      routes: [['micius', station]],
      jurisdictions: ['ORBIT'],
      createdAtMs: network.nowMs,
    });
    await network.share('micius', station, DIRECT, { keyBytes, padBytes: 512, labels: told, seed: 10 * ++passes });
  };
  const both = async (bytes: number) => {
    await pass('beijing', bytes);
    await pass('moscow', bytes);
  };
  return { network, pass, both, flush: () => network.relay('micius').exchange.flush() };
}

test('a block that one end gave up: what both still share stays in use', async (t) => {
  const { network, both, flush } = await sky(t);
  const { beijing, moscow } = network;
  const chat = async (n: number) => {
    for (let i = 0; i < n; i++) await beijing.keys(1);
  };
  await both(20_000);
  await flush();
  await beijing.kme.flush();
  await chat(1);
  const shared = await moscow.available(THERE);
  assert.ok(shared > 3000);
  // A second block of other links: released at moscow only.
  await both(4_000);
  await flush();
  network.cut(true);
  await beijing.kme.flush();
  // Refusals bear no tag, and one of them destroys nothing; so many are no accident.
  const [blockId] = await beijing.tx.held();
  network.between = async (message, on) => {
    if (message[2] !== 0x43) return on(message);
    await on(message);
    return new Writer().raw(ascii('SKC2')).u8(2).text(blockId!).finish();
  };
  for (let i = 1; i < 20; i++) await beijing.kme.flush();
  assert.equal((await beijing.tx.block(blockId!))?.state, 'held');
  await beijing.kme.flush();
  network.mend();
  assert.equal((await beijing.tx.block(blockId!))?.state, 'discarded');
  await chat(1);
  await both(4_000);
  await flush();
  const done = await beijing.kme.flush();
  assert.equal(done.confirmed, 1);
  assert.ok((await beijing.available(THERE)) >= shared - 64, 'what both shared before is still there');
  assert.equal(await beijing.available(THERE), await moscow.available(THERE));
  const statuses: number[] = [];
  for (let i = 0; i < 20; i++) {
    statuses.push((await beijing.call('GET', 'enc_keys')).status);
    await beijing.kme.flush();
  }
  assert.ok(
    statuses.every((s) => s === 200),
    `statuses ${statuses}; moscow has ${await moscow.available(THERE)} of ${await beijing.available(THERE)}`,
  );
});

test('the same after an alarm that one end alone could act on', async (t) => {
  const { network, both, flush, pass } = await sky(t);
  const { beijing } = network;
  await both(20_000);
  await flush();
  await beijing.kme.flush();
  await beijing.keys(1);
  await both(4_000);
  await flush();
  network.cut(true);
  await beijing.kme.flush();
  network.nowMs = 2_000;
  await beijing.kme.raiseAlarm(A, 'tapped');
  network.mend();
  network.nowMs = 3_000;
  await beijing.kme.reopen(A);
  await network.settle();
  network.nowMs = 5_000;
  await pass('beijing', 6_000);
  await pass('moscow', 6_000);
  await flush();
  await beijing.kme.flush();
  await network.settle();
  const statuses: string[] = [];
  for (let i = 0; i < 6; i++) {
    const answer = await beijing.call('GET', 'enc_keys');
    statuses.push(answer.status === 200 ? '200' : text(answer));
    await network.settle(1);
  }
  assert.ok(
    statuses.every((s) => s === '200'),
    statuses.join('\n'),
  );
});

test('a question by anybody who does not hold the block destroys nothing', async (t) => {
  const { network, both, flush } = await sky(t);
  await both(8_000);
  await flush();
  const [blockId] = await network.moscow.tx.held();
  const forged = new Writer()
    .raw(ascii('SKC1'))
    .text(blockId!)
    .u53(0)
    .u53(0)
    .u53(0)
    .u53(0)
    .raw(new Uint8Array(16))
    .finish();
  await network.moscow.kme.handlePeer(forged);
  await network.beijing.kme.flush();
  assert.equal((await network.moscow.tx.block(blockId!))?.state, 'released');
});

test('the other site has lost its vault: after the next block keys come again', async (t) => {
  const { network } = await sky(t);
  const { beijing, moscow } = network;
  const told = labels(LINKS);
  // What Beijing has left of the time before; Moscow begins with an empty vault.
  await beijing.vault.atomically(async (tx) => {
    for (const [i, lane] of [
      peerLane('beijing', 'moscow'),
      peerLane('moscow', 'beijing'),
      THERE,
      keyLane('moscow', 'beijing', 'micius'),
    ].entries())
      await tx.append(lane, told, secret(pattern(1024, 70 + i)));
  });
  for (const site of [beijing, moscow])
    await site.tx.hold({ blockId: 'join:micius:x', labels: told, bytes: secret(pattern(8_000, 5)) });
  assert.equal((await beijing.kme.flush()).confirmed, 1);
  const statuses: string[] = [];
  for (let i = 0; i < 6; i++) {
    const answer = await beijing.call('GET', 'enc_keys');
    statuses.push(answer.status === 200 ? '200' : text(answer));
    await beijing.kme.flush();
  }
  assert.ok(
    statuses.every((s) => s === '200'),
    statuses.join('\n'),
  );
});

test('a link between two sites and a way over a satellite: the lanes of both stay alike', async (t) => {
  const { network, both, flush } = await sky(t);
  const { beijing, moscow } = network;
  const told = labels(['fibre'], { routes: [['beijing', 'moscow']] });
  const direct = async (seed: number): Promise<void> => {
    for (const { vault } of [beijing, moscow]) {
      const bytes = secret(pattern(9_216, seed));
      await vault.atomically((tx) => holdLinkBlock(tx, { link: 'fibre', session: `${seed}`, labels: told, bytes }));
    }
  };
  await direct(500);
  assert.equal((await beijing.kme.flush()).confirmed, 1);
  await beijing.keys(1);
  await both(8_000);
  await flush();
  network.cut(true);
  await beijing.kme.flush(); // moscow has released, the answer is lost
  network.mend();
  await direct(600); // the fibre has made its next block meanwhile
  assert.equal((await beijing.kme.flush()).confirmed, 2);
  const statuses: string[] = [];
  for (let i = 0; i < 60; i++) {
    const answer = await beijing.call('POST', 'enc_keys', { json: { extension_mandatory: [{ skykey_min_paths: 1 }] } });
    statuses.push(answer.status === 200 ? '200' : text(answer));
    await network.settle(1);
  }
  assert.ok(
    statuses.every((s) => s === '200'),
    [...new Set(statuses)].join('\n'),
  );
  for (const lane of [peerLane('beijing', 'moscow'), peerLane('moscow', 'beijing'), THERE]) {
    assert.equal(await beijing.tx.length(lane), await moscow.tx.length(lane));
  }
});
