import assert from 'node:assert/strict';
import { test } from 'node:test';
import { labels, Network } from '../test/sites.ts';

/** Pieces of the vault, of 1,024 bytes each: more than an alarm overwrites at once. */
const PIECES = 2_500;

test('a satellite overwrites all that an alarm has taken, in steps', async (t) => {
  const network = await Network.open(t, { keyBytes: 0, relays: { micius: { joins: [], combinations: [] } } });
  const own = labels(['micius-beijing'], { routes: [['micius', 'beijing']], jurisdictions: [], createdAtMs: 1 });
  await network.share('micius', 'beijing', 'direct', {
    keyBytes: (PIECES * 1024) / 2,
    padBytes: 512,
    labels: own,
    seed: 3,
  });
  const vault = network.vaultOf('micius');
  const { bits } = await vault.atomically((tx) => tx.poison('micius-beijing', 'somebody listens', 2));
  assert.equal(bits, PIECES * 1024 * 8);
  await network.settle(1);
  assert.equal(await vault.expire(0), 0, 'nothing is left to be overwritten');
});
