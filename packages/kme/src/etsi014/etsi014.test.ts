import assert from 'node:assert/strict';
import { test } from 'node:test';
import { consumesNothing, isError, isUnauthorized } from '../test/answers.ts';
import { hex, json, keysOf, Network, pattern } from '../test/sites.ts';
import type { KmeResponse } from './response.ts';

/*
 * ETSI GS QKD 014 V1.1.1, one test for each SHALL (id `014-<clause>-…`). The ids are stable: documents refer to them. Those of
 * the decisions on what it leaves open are in decisions.test.ts, those of multicast in ../delivery/multicast.test.ts.
 */

test('014-5.1-status: every required member, of the right type, and no other', async (t) => {
  const { beijing } = await Network.open(t);
  const response = await beijing.call('GET', 'status');
  assert.equal(response.status, 200);
  assert.deepEqual(json(response), {
    source_KME_ID: 'kme-beijing',
    target_KME_ID: 'kme-moscow',
    master_SAE_ID: 'desk-beijing',
    slave_SAE_ID: 'desk-moscow',
    key_size: 256,
    stored_key_count: 128,
    max_key_count: 100_000,
    max_key_per_request: 128,
    max_key_size: 4096,
    min_key_size: 64,
    max_SAE_ID_count: 16,
  });
});

test('014-5.2-post: number and size are met exactly; the bytes are those of the lane', async (t) => {
  const { beijing } = await Network.open(t);
  const keys = await beijing.keys(3, 128);
  assert.equal(keys.length, 3);
  keys.forEach(({ key_ID, key }, i) => {
    assert.match(key_ID, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.equal(Buffer.from(key, 'base64').toString('hex'), hex(pattern(4096, 1).subarray(16 * i, 16 * i + 16)));
    assert.match(key, /^[A-Za-z0-9+/]+={0,2}$/);
    assert.equal(key.length % 4, 0);
  });
});

test('014-5.2-get: without parameters one key of the default size; number and size as query', async (t) => {
  const { beijing } = await Network.open(t);
  const [one] = keysOf(await beijing.call('GET', 'enc_keys'));
  assert.equal(Buffer.from(one!.key, 'base64').length, 32);
  const two = keysOf(await beijing.call('GET', 'enc_keys', { search: 'number=2&size=64' }));
  assert.deepEqual(
    two.map(({ key }) => Buffer.from(key, 'base64').length),
    [8, 8],
  );
});

test('014-5.2-defaults: each member of a key request is optional', async (t) => {
  const { beijing } = await Network.open(t);
  const all = { additional_slave_SAE_IDs: [], extension_mandatory: [], extension_optional: [] };
  for (const body of [{}, { number: 1 }, { size: 256 }, all]) {
    assert.equal(keysOf(await beijing.call('POST', 'enc_keys', { json: body })).length, 1);
  }
});

test('014-5.3-post: the slave gets the same keys under the same ids', async (t) => {
  const { beijing, moscow } = await Network.open(t);
  const sent = await beijing.keys(5);
  assert.deepEqual(keysOf(await moscow.fetch(sent.map(({ key_ID }) => key_ID))), sent);
});

test('014-5.3-get: one key id as query parameter', async (t) => {
  const { beijing, moscow } = await Network.open(t);
  const [sent] = await beijing.keys();
  assert.deepEqual(keysOf(await moscow.call('GET', 'dec_keys', { search: `key_ID=${sent!.key_ID}` })), [sent]);
});

test('014-5.2-5.3-both-ways: each side is master for its own applications, and the keys never meet', async (t) => {
  const { beijing, moscow } = await Network.open(t);
  const there = await beijing.keys(10);
  const back = await moscow.keys(10);
  assert.deepEqual(keysOf(await moscow.fetch(there.map(({ key_ID }) => key_ID))), there);
  assert.deepEqual(keysOf(await beijing.fetch(back.map(({ key_ID }) => key_ID))), back);
  assert.equal(new Set([...there, ...back].map(({ key }) => key)).size, 20);
});

test('014-5.2-removed: a key given out has left the pool at once', async (t) => {
  const { beijing } = await Network.open(t);
  await beijing.keys(28);
  assert.equal(await beijing.count(), 100);
});

test('014-5.3-removed, 014-D13: a key fetched is not found afterwards', async (t) => {
  const { beijing, moscow } = await Network.open(t);
  const [sent] = await beijing.keys();
  keysOf(await moscow.fetch([sent!.key_ID]));
  isError(await moscow.fetch([sent!.key_ID]), 400, 'one or more keys specified are not found on KME');
  await moscow.crash();
  isError(await moscow.fetch([sent!.key_ID]), 400, 'one or more keys specified are not found on KME');
});

test('014-5.3-401: a caller who was not the slave of every key asked for', async (t) => {
  const { beijing, moscow } = await Network.open(t);
  const [desk] = await beijing.keys();
  const vpn = { saeId: 'vpn-moscow', to: 'vpn-beijing' };
  const ask = (keyIds: string[], who: object): Promise<KmeResponse> =>
    moscow.call('POST', 'dec_keys', { json: { key_IDs: keyIds.map((key_ID) => ({ key_ID })) }, ...who });
  isUnauthorized(await ask([desk!.key_ID], vpn));
  // The master itself was not named as slave either.
  isUnauthorized(await beijing.fetch([desk!.key_ID]));
  assert.deepEqual(keysOf(await ask([desk!.key_ID], {})), [desk]);
  isUnauthorized(await ask([desk!.key_ID], vpn));
});

test('014-5.3-master: the master of the path must be the one that got the keys', async (t) => {
  const { beijing, moscow } = await Network.open(t);
  const [sent] = await beijing.keys();
  const search = `key_ID=${sent!.key_ID}`;
  const response = await moscow.call('GET', 'dec_keys', { to: 'lab-beijing', search });
  isError(response, 400, 'one or more keys specified are not found on KME');
  assert.deepEqual(keysOf(await moscow.call('GET', 'dec_keys', { search })), [sent]);
});

test('014-6.1-count: stored_key_count never exceeds max_key_count', async (t) => {
  const { beijing } = await Network.open(t, { limits: { maxKeyCount: 100 } });
  assert.equal(await beijing.count(), 100);
});

test('014-6.2-size-8: the fixed text when a size is no multiple of 8', async (t) => {
  const { beijing } = await Network.open(t);
  await consumesNothing(beijing, async () => {
    for (const size of [65, 250, 4095]) {
      isError(await beijing.call('POST', 'enc_keys', { json: { size } }), 400, 'size shall be a multiple of 8');
      isError(await beijing.call('GET', 'enc_keys', { search: `size=${size}` }), 400, 'size shall be a multiple of 8');
    }
  });
});

test('014-6.2-mandatory: the fixed text for an unknown mandatory extension', async (t) => {
  const { beijing } = await Network.open(t);
  await consumesNothing(beijing, async () => {
    const response = await beijing.call('POST', 'enc_keys', {
      json: { extension_mandatory: [{ abc_route: 'direct' }] },
    });
    isError(response, 400, 'not all extension_mandatory parameters are supported');
    assert.deepEqual(json(response).details, [{ extension_mandatory_unsupported: 'abc_route' }]);
  });
});

test('014-6.2-optional: an unknown optional extension is passed over', async (t) => {
  const { beijing } = await Network.open(t);
  keysOf(await beijing.call('POST', 'enc_keys', { json: { extension_optional: [{ abc_route: { deep: [1] } }] } }));
});

test('014-6.3-container: member `keys`, of key_ID and key alone', async (t) => {
  const { beijing } = await Network.open(t);
  const body = json(await beijing.call('GET', 'enc_keys'));
  assert.deepEqual(Object.keys(body), ['keys']);
  assert.deepEqual(Object.keys((body.keys as object[])[0]!), ['key_ID', 'key']);
});

test('014-6.4-not-found: the fixed text for an id never heard of', async (t) => {
  const { moscow } = await Network.open(t);
  isError(
    await moscow.fetch(['00000000-1111-4222-8333-444444444444']),
    400,
    'one or more keys specified are not found on KME',
  );
});

test('014-4-url: path ids are percent-decoded', async (t) => {
  const { beijing } = await Network.open(t);
  assert.equal((await beijing.call('GET', 'status', { to: 'desk%2Dmoscow' })).status, 200);
  isError(await beijing.call('GET', 'status', { to: 'desk%2' }), 400);
  isError(await beijing.call('GET', 'status', { to: 'desk-moscow%00' }), 400);
});
