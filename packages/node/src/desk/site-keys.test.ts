import assert from 'node:assert/strict';
import { test } from 'node:test';
import { siteKeys } from './site-keys.ts';

const ID = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';
const OTHER = '6f9619ff-8b86-4d01-b42d-00cf4fc964fe';
const delivered = (...keys: [id: string, bytes: number][]) => ({
  status: 200,
  body: JSON.stringify({
    keys: keys.map(([key_ID, bytes]) => ({ key_ID, key: Buffer.alloc(bytes, 7).toString('base64') })),
  }),
});
const noKey = { code: 'hotline/no-key' };

test('keys come under their names, with where they come from', async () => {
  const keys = siteKeys(async () => delivered([ID.toUpperCase(), 32]), 'b-desk', 'via micius');
  const [key] = await keys.draw(32, 1);
  assert.deepEqual([key!.keyId, key!.key.length, key!.provenance], [ID, 32, 'via micius']);
});

test('keys that were not asked for are not taken', async () => {
  const fetching = (...keys: [string, number][]) => siteKeys(async () => delivered(...keys), 'b-desk', 'direct');
  assert.equal((await fetching([ID, 32]).fetch([ID])).length, 1);
  await assert.rejects(fetching([OTHER, 32]).fetch([ID]), noKey);
  await assert.rejects(fetching([OTHER, 32], [ID, 32]).fetch([ID, OTHER]), noKey);
  await assert.rejects(fetching().fetch([ID]), noKey);
  await assert.rejects(fetching([ID, 32], [OTHER, 32]).draw(32, 1), noKey);
  await assert.rejects(fetching([ID, 16]).draw(32, 1), noKey);
});

test('a refusal of the key manager is told in its words', async () => {
  const keys = siteKeys(async () => ({ status: 503, body: '{"message":"no key in stock"}' }), 'b-desk', 'direct');
  await assert.rejects(keys.draw(32, 1), { ...noKey, message: /gives no key \(503: no key in stock\)/ });
});
