import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Network, type Site } from '../test/sites.ts';

/** Counts transactions of a site from now on. */
function counting({ vault }: Site): () => number {
  let count = 0;
  const atomically = vault.atomically.bind(vault);
  vault.atomically = ((work, scope) => {
    count++;
    return atomically(work, scope);
  }) as typeof vault.atomically;
  return () => count;
}

test('what PROTOCOL.md says of transactions and frames', async (t) => {
  const network = await Network.open(t, { keyBytes: 32 * 8_000 });
  const { beijing, moscow } = network;
  const [here, there] = [counting(beijing), counting(moscow)];
  const [first] = await beijing.keys();
  assert.deepEqual([here(), there(), network.wire.length], [3, 1, 1], 'no key was ahead');
  await moscow.fetch([first!.key_ID]);
  assert.deepEqual([here(), there(), network.wire.length], [3, 2, 1], 'dec_keys');
  // Until the window is open.
  for (let i = 0; i < 700; i++) await beijing.keys();
  const [before, frames] = [here(), network.wire.length];
  for (let i = 0; i < 1_000; i++) await beijing.keys();
  assert.ok(here() - before <= 1_020, `${here() - before} transactions for 1,000 keys`);
  assert.ok(network.wire.length - frames <= 9, `${network.wire.length - frames} frames for 1,000 keys`);
});
