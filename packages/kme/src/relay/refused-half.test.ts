import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyLane, peerLane } from '../lanes.ts';
import { labels, Network, pattern, secret } from '../test/sites.ts';

const PLAN = {
  joins: [{ left: { node: 'beijing', way: 'direct' }, right: { node: 'moscow', way: 'direct' } }],
  combinations: [],
};

test('a join that one end refuses, since its link was poisoned there, does not keep later ones waiting for ever', async (t) => {
  const network = await Network.open(t, { keyBytes: 0, relays: { micius: PLAN } });
  const bring = async (createdAtMs: number): Promise<void> => {
    for (const site of ['beijing', 'moscow']) {
      await network.share('micius', site, 'direct', {
        keyBytes: 4_096,
        padBytes: 4_096,
        labels: labels([`micius-${site}`], { routes: [['micius', site]], jurisdictions: [], createdAtMs }),
        seed: createdAtMs + site.length,
      });
    }
  };
  const available = (): Promise<number> => network.beijing.available(keyLane('beijing', 'moscow', 'micius'));
  await bring(100);
  await network.vaultOf('moscow').atomically((tx) => tx.poison('micius-moscow', 'somebody listens', 100));
  await network.settle(1);
  assert.equal((await network.beijing.tx.held()).length, 1, 'Beijing holds its half');
  assert.equal((await network.moscow.tx.held()).length, 0, 'Moscow has refused its own');
  await bring(200);
  await network.settle(3);
  assert.equal((await network.beijing.tx.held()).length, 0, 'it has heard from Micius that it need not wait');
  assert.ok((await available()) > 0, 'the next join is there to be used');
  const [key] = await network.beijing.keys();
  assert.equal((await network.moscow.fetch([key!.key_ID])).status, 200);
});

for (const refusing of ['beijing', 'moscow']) {
  test(`a half that ${refusing} has refused is kept by nobody, nor what is remembered of it`, async (t) => {
    const network = await Network.open(t, { keyBytes: 0, relays: { micius: PLAN } });
    for (let join = 1; join <= 3; join++) {
      for (const site of ['beijing', 'moscow']) {
        const own = labels([`micius-${site}`], { routes: [['micius', site]], jurisdictions: [], createdAtMs: join });
        await network.share('micius', site, 'direct', { keyBytes: 4_096, padBytes: 4_096, labels: own, seed: join });
      }
      await network.vaultOf(refusing).atomically((tx) => tx.poison(`micius-${refusing}`, 'somebody listens', join));
      await network.settle(3);
    }
    for (const { tx } of [network.beijing, network.moscow]) assert.deepEqual(await tx.held(), []);
    assert.deepEqual(await network.tx('micius').outbox.list(), []);
    network.nowMs += 31 * 86_400_000;
    await network.settle(1);
    for (const { tx } of [network.beijing, network.moscow]) assert.deepEqual(await tx.recallAll('refused/'), []);
  });
}

test('only a node that has held a block has it discarded', async (t) => {
  const network = await Network.open(t, {
    keyBytes: 0,
    sites: ['beijing', 'moscow', 'delhi'],
    relays: { micius: PLAN },
  });
  for (const [i, [a, b]] of [
    ['micius', 'beijing'],
    ['micius', 'moscow'],
    ['beijing', 'delhi'],
  ].entries()) {
    const own = labels([`${a}-${b}`], { routes: [[a!, b!]], jurisdictions: [], createdAtMs: 1 });
    await network.share(a!, b!, 'direct', { keyBytes: 4_096, padBytes: 4_096, labels: own, seed: i });
  }
  network.between = async (message, on, from, to) => {
    if (from === 'beijing' && to === 'moscow') throw new Error('the line is dead');
    return on(message);
  };
  await network.settle(1);
  const [blockId] = await network.beijing.tx.held();
  const say = (from: string): Promise<string> =>
    network
      .carryTo(from)
      .peer('beijing')!
      .request({
        build: async () => ({ kind: 'discard', blockId: blockId! }),
        settle: async (_, { status }) => status,
      });
  assert.equal(await say('delhi'), 'refused');
  assert.deepEqual(await network.beijing.tx.held(), [blockId]);
  assert.equal(await say('micius'), 'accepted');
  assert.deepEqual(await network.beijing.tx.held(), []);
  assert.equal(await say('micius'), 'accepted');
});

test('a join of bytes that one end never got, since an alarm took the block before it was released, keeps nothing waiting', async (t) => {
  const network = await Network.open(t, { keyBytes: 0, relays: { micius: PLAN } });
  const available = (): Promise<number> => network.beijing.available(keyLane('beijing', 'moscow', 'micius'));
  const bring = async (number: number, taken: readonly string[]): Promise<void> => {
    for (const site of ['beijing', 'moscow']) {
      for (const node of ['micius', site].filter((each) => taken.includes(each))) {
        await network.vaultOf(node).atomically(async (tx) => {
          const blockId = `session:${site}:${number}`;
          const own = labels([`micius-${site}`], { routes: [['micius', site]], jurisdictions: [] });
          await tx.hold({ blockId, labels: own, bytes: secret(pattern(4_096, number * 10 + site.length)) });
          const lanes = [peerLane('micius', site), peerLane(site, 'micius'), keyLane('micius', site, 'direct')];
          const sizes = [512, 512, 3_072];
          let from = 0;
          const cuts = lanes.map((lane, i) => {
            const cut = { lane, from, to: from + sizes[i]!, at: number * sizes[i]! };
            from = cut.to;
            return cut;
          });
          await tx.release(blockId, cuts);
        });
      }
    }
  };
  const everybody = ['micius', 'beijing', 'moscow'];
  await bring(0, everybody);
  await network.settle();
  assert.ok((await available()) > 0);
  const before = await available();
  await bring(1, ['micius', 'beijing']);
  await network.settle();
  assert.equal((await network.relay('micius').exchange.flush()).waiting.size, 0, 'Moscow may still get it');
  await bring(2, everybody);
  for (let round = 0; round < 30 && (await available()) === before; round++) await network.settle(1);
  assert.ok((await available()) > before, 'the next join is there to be used');
});
