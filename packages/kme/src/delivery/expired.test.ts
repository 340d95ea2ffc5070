import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LINKS, labels, Network, WAY } from '../test/sites.ts';

test('a key that is too old for its labels is not found, and no fault of the store is made of it', async (t) => {
  const network = await Network.open(t, { keyBytes: 0 });
  const { beijing, moscow } = network;
  await network.share('beijing', 'moscow', WAY, {
    keyBytes: 1_024,
    padBytes: 512,
    labels: labels(LINKS, { expiresAtMs: 5_000 }),
  });
  const [kept, late] = await beijing.keys(2);
  network.nowMs = 4_999;
  assert.equal((await moscow.fetch([kept!.key_ID])).status, 200);
  network.nowMs = 5_000;
  await assert.rejects(
    moscow.kme.keys.getKeysWithIds({ caller: 'desk-moscow', master: 'desk-beijing', keyIds: [late!.key_ID] }),
    { name: 'KeyRefusal', code: 'not-found' },
  );
  assert.deepEqual(
    (await moscow.tx.journal.list()).filter(({ severity }) => severity === 'alarm'),
    [],
  );
});
