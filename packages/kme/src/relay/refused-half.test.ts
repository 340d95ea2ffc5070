import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyLane } from '../lanes.ts';
import { labels, Network } from '../test/sites.ts';

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
  await network.settle();
  assert.equal((await network.beijing.tx.held()).length, 1, 'Beijing holds its half');
  assert.equal((await network.moscow.tx.held()).length, 0, 'Moscow has refused its own');
  await bring(200);
  for (let round = 0; round < 30 && (await available()) === 0; round++) await network.settle(1);
  assert.ok((await available()) > 0, 'the next join is there to be used');
  const [key] = await network.beijing.keys();
  assert.equal((await network.moscow.fetch([key!.key_ID])).status, 200);
});
