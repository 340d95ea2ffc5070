import assert from 'node:assert/strict';
import { test } from 'node:test';
import { consumesNothing, isError, isUnauthorized, posted } from '../test/answers.ts';
import { keysOf, Network, WAY } from '../test/sites.ts';
import type { KmeResponse } from './response.ts';

/* What ETSI GS QKD 014 V1.1.1 leaves open and Skykey decided (id `014-D<number>-…`, the table is in PROTOCOL.md). */

test('014-D2: all or nothing when there are too few keys', async (t) => {
  const { beijing } = await Network.open(t, { keyBytes: 320 });
  await consumesNothing(beijing, async () =>
    isError(await beijing.call('POST', 'enc_keys', { json: { number: 11 } }), 503),
  );
  assert.equal((await beijing.keys(10)).length, 10);
});

test('014-D3: the same key id twice in one request', async (t) => {
  const { beijing, moscow } = await Network.open(t);
  const [sent] = await beijing.keys();
  isError(await moscow.fetch([sent!.key_ID, sent!.key_ID.toUpperCase()]), 400);
  assert.deepEqual(keysOf(await moscow.fetch([sent!.key_ID])), [sent]);
});

test('014-D4: an empty pool is 503 with an Error and Retry-After', async (t) => {
  const { beijing } = await Network.open(t, { keyBytes: 32 });
  await beijing.keys();
  const response = await beijing.call('GET', 'enc_keys');
  isError(response, 503, 'not enough keys are available');
  assert.match(response.headers['Retry-After']!, /^[1-9]\d*$/);
});

test('014-D5: a key that nobody fetches in time is gone at both ends', async (t) => {
  const network = await Network.open(t);
  const { beijing, moscow } = network;
  const [sent] = await beijing.keys();
  network.nowMs += 86_400_001;
  await moscow.kme.flush();
  isError(await moscow.fetch([sent!.key_ID]), 400, 'one or more keys specified are not found on KME');
});

test('014-D6: number out of range or of another type', async (t) => {
  const { beijing } = await Network.open(t);
  await consumesNothing(beijing, async () => {
    for (const number of [0, -1, 1.5, 129, 1e300, '1', null, true, [], {}]) {
      isError(await beijing.call('POST', 'enc_keys', { json: { number } }), 400);
    }
    for (const number of ['0', '-1', '1.5', '129', 'abc', '', ' 1', '+1', '01', '1e2', '0x1', '99999999999999999999']) {
      isError(await beijing.call('GET', 'enc_keys', { search: new URLSearchParams({ number }).toString() }), 400);
    }
    isError(await beijing.call('GET', 'enc_keys', { search: 'number=1&number=2' }), 400);
  });
});

test('014-D7: size below min or above max: a mistake of bits and bytes fails loudly', async (t) => {
  const { beijing } = await Network.open(t);
  await consumesNothing(beijing, async () => {
    for (const size of [0, 8, 32, 56, 4104, 1e9, '256', null]) {
      isError(await beijing.call('POST', 'enc_keys', { json: { size } }), 400);
    }
  });
  assert.equal(Buffer.from((await beijing.keys(1, 64))[0]!.key, 'base64').length, 8);
  assert.equal(Buffer.from((await beijing.keys(1, 4096))[0]!.key, 'base64').length, 512);
});

test('014-D8: an SAE of the path that is unknown is 400, one that may not be talked to is 401', async (t) => {
  const { beijing } = await Network.open(t);
  for (const resource of ['status', 'enc_keys', 'dec_keys']) {
    isError(await beijing.call('GET', resource, { to: 'desk-atlantis' }), 400);
    for (const to of ['vpn-moscow', 'desk-delhi', 'desk-beijing', 'vpn-beijing']) {
      isUnauthorized(await beijing.call('GET', resource, { to }));
    }
  }
});

test('014-D9: a body beyond the limit is 400 and the connection closes', async (t) => {
  const { beijing, moscow } = await Network.open(t);
  const response = await beijing.call('POST', 'enc_keys', posted(`{"x":"${'a'.repeat(65_536)}"}`));
  isError(response, 400);
  assert.equal(response.headers.Connection, 'close');
  const sent = await beijing.keys(128);
  const generous = {
    key_IDs: sent.map(({ key_ID }) => ({ key_ID, master_SAE_ID: 'desk-beijing', note: 'x'.repeat(800) })),
  };
  assert.equal(keysOf(await moscow.call('POST', 'dec_keys', { json: generous })).length, 128);
});

test('014-D11: who may not ask learns nothing from a wrong request', async (t) => {
  const { beijing } = await Network.open(t);
  for (const saeId of [null, '', 'nobody', 'desk-moscow', 'desk-delhi', '__proto__', 'constructor']) {
    isUnauthorized(await beijing.call('POST', 'enc_keys', { saeId, ...posted('{broken') }));
    isUnauthorized(await beijing.call('GET', 'status', { saeId, to: 'desk-atlantis' }));
    isUnauthorized(await beijing.call('PATCH', 'nonsense', { saeId }));
  }
  isUnauthorized(await beijing.call('POST', 'enc_keys', { to: 'vpn-moscow', ...posted('{broken') }));
});

test('014-D12: a list with one key of another SAE is 401 for all, with one unknown key 400 for all; nothing is consumed', async (t) => {
  const { beijing, moscow } = await Network.open(t);
  const [mine] = await beijing.keys();
  const [theirs] = keysOf(await beijing.call('GET', 'enc_keys', { saeId: 'vpn-beijing', to: 'vpn-moscow' }));
  const unknown = '00000000-1111-4222-8333-444444444444';
  isUnauthorized(await moscow.fetch([mine!.key_ID, theirs!.key_ID]));
  isUnauthorized(await moscow.fetch([mine!.key_ID, unknown, theirs!.key_ID]));
  isError(await moscow.fetch([mine!.key_ID, unknown]), 400, 'one or more keys specified are not found on KME');
  assert.deepEqual(keysOf(await moscow.fetch([mine!.key_ID])), [mine]);
  // Remembered, though delivered: still the other's.
  keysOf(
    await moscow.call('GET', 'dec_keys', {
      saeId: 'vpn-moscow',
      to: 'vpn-beijing',
      search: `key_ID=${theirs!.key_ID}`,
    }),
  );
  isUnauthorized(await moscow.fetch([theirs!.key_ID]));
});

test('014-D14: 401 has no body', async (t) => {
  const { beijing } = await Network.open(t);
  isUnauthorized(await beijing.call('GET', 'status', { saeId: null }));
});

test('014-D16: unknown members are passed over at every level', async (t) => {
  const { beijing, moscow } = await Network.open(t);
  const [sent] = keysOf(
    await beijing.call('POST', 'enc_keys', { json: { number: 1, colour: 'red', nested: { number: 7 } } }),
  );
  const body = { key_IDs: [{ key_ID: sent!.key_ID, master_SAE_ID: 'desk-beijing', constructor: 1 }], toString: null };
  assert.deepEqual(keysOf(await moscow.call('POST', 'dec_keys', { json: body })), [sent]);
});

test('014-D17: wrong types, null, duplicate members, __proto__, invalid UTF-8, text behind the document', async (t) => {
  const { beijing, moscow } = await Network.open(t);
  await consumesNothing(beijing, async () => {
    const bodies = [
      '{"number":1,"number":1}',
      '{"number":null}',
      '{"size":"256"}',
      '{"__proto__":{"number":2}}',
      '{"x":{"__proto__":1}}',
      '{"\\u005f_proto__":1}',
      '{"number":1}{}',
      '{"number":1} x',
      '\ufeff{}',
      '[]',
      '"number"',
      'null',
      '1',
      '{"number":1',
      "{'number':1}",
      '{"number":01}',
      '{"number":1,}',
      '{"additional_slave_SAE_IDs":"desk-delhi"}',
      '{"additional_slave_SAE_IDs":[1]}',
      '{"extension_mandatory":{}}',
      '{"extension_mandatory":[1]}',
      '{"extension_optional":[[]]}',
      '{"extension_optional":null}',
      `${'['.repeat(5_000)}`,
    ];
    for (const body of bodies) isError(await beijing.call('POST', 'enc_keys', posted(body)), 400);
    isError(
      await beijing.call('POST', 'enc_keys', { body: Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d) }),
      400,
    );
  });
  const id = '00000000-1111-4222-8333-444444444444';
  for (const body of [
    {},
    { key_IDs: null },
    { key_IDs: [] },
    { key_IDs: [id] },
    { key_IDs: [{}] },
    { key_IDs: [{ key_ID: { $ne: 1 } }] },
    { key_IDs: [null] },
    { key_IDs: { key_ID: id } },
    { key_IDs: [{ key_ID: id, key_ID_extension: 1 }] },
    { key_IDs: [{ key_ID: id }], key_IDs_extension: [] },
  ]) {
    isError(await moscow.call('POST', 'dec_keys', { json: body }), 400);
  }
});

test('014-D18: what belongs into a POST is refused as query, other parameters are passed over', async (t) => {
  const { beijing, moscow } = await Network.open(t);
  await consumesNothing(beijing, async () => {
    for (const name of ['additional_slave_SAE_IDs', 'extension_mandatory', 'extension_optional']) {
      isError(await beijing.call('GET', 'enc_keys', { search: `${name}=x` }), 400);
    }
    isError(await beijing.call('POST', 'enc_keys', { json: {}, search: 'size=4096' }), 400);
    isError(await beijing.call('GET', 'enc_keys', posted('{}')), 400);
  });
  const [sent] = keysOf(await beijing.call('GET', 'enc_keys', { search: 'colour=red' }));
  isError(await moscow.call('GET', 'dec_keys', { search: `key_ID=${sent!.key_ID}&key_IDs=x` }), 400);
  isError(
    await moscow.call('POST', 'dec_keys', {
      json: { key_IDs: [{ key_ID: sent!.key_ID }] },
      search: `key_ID=${sent!.key_ID}`,
    }),
    400,
  );
});

test('014-D19: an empty POST is an empty object', async (t) => {
  const { beijing, moscow } = await Network.open(t);
  assert.equal(keysOf(await beijing.call('POST', 'enc_keys')).length, 1);
  isError(await moscow.call('POST', 'dec_keys'), 400);
});

test('014-D20: a GET with a Content-Type is accepted; a POST body of another type is not', async (t) => {
  const { beijing } = await Network.open(t);
  for (const contentType of ['application/json', 'text/plain']) {
    keysOf(await beijing.call('GET', 'enc_keys', { contentType }));
  }
  for (const contentType of [
    'application/json',
    'Application/JSON; charset=utf-8',
    'application/json;charset="UTF-8"',
    undefined,
  ]) {
    keysOf(await beijing.call('POST', 'enc_keys', { json: {}, contentType }));
  }
  for (const contentType of [
    'application/x-www-form-urlencoded',
    'application/json; charset=utf-16',
    'application/jsonp',
    '',
  ]) {
    isError(await beijing.call('POST', 'enc_keys', { json: {}, contentType }), 400);
  }
});

test('014-D21: a GET with several key ids, or none', async (t) => {
  const { beijing, moscow } = await Network.open(t);
  const sent = await beijing.keys(2);
  isError(
    await moscow.call('GET', 'dec_keys', { search: sent.map(({ key_ID }) => `key_ID=${key_ID}`).join('&') }),
    400,
  );
  isError(await moscow.call('GET', 'dec_keys'), 400);
  assert.deepEqual(keysOf(await moscow.fetch(sent.map(({ key_ID }) => key_ID))), sent);
});

test('014-D22: any case of a UUID is accepted, lower case is given, anything else is 400', async (t) => {
  const { beijing, moscow } = await Network.open(t);
  const [sent] = await beijing.keys();
  for (const keyId of [
    '',
    'x',
    sent!.key_ID.slice(1),
    `{${sent!.key_ID}}`,
    sent!.key_ID.replaceAll('-', ''),
    `${sent!.key_ID} `,
  ]) {
    isError(await moscow.fetch([keyId]), 400, 'key_ID shall be a UUID of 36 characters');
  }
  assert.deepEqual(keysOf(await moscow.fetch([sent!.key_ID.toUpperCase()])), [sent]);
});

test('014-D23: a key id that the random source gives twice is never used twice, and harms nobody', async (t) => {
  const network = await Network.open(t);
  const { beijing, moscow } = network;
  const fresh = network.uuid;
  const [sent] = await beijing.keys();
  network.uuid = () => sent!.key_ID;
  for (const site of [beijing, moscow]) {
    isError(await site.call('GET', 'enc_keys'), 503);
    isError(await site.call('POST', 'enc_keys', { json: { number: 2 } }), 503);
  }
  network.uuid = fresh;
  assert.deepEqual(keysOf(await moscow.fetch([sent!.key_ID])), [sent]);
  assert.equal(await beijing.count(), 127);
});

test('014-D24: keys come in the order asked', async (t) => {
  const { beijing, moscow } = await Network.open(t);
  const sent = await beijing.keys(7);
  const shuffled = [3, 0, 6, 2, 5, 1, 4].map((i) => sent[i]!);
  assert.deepEqual(keysOf(await moscow.fetch(shuffled.map(({ key_ID }) => key_ID))), shuffled);
});

test('014-D25: one definition of stored_key_count for all sizes', async (t) => {
  const network = await Network.open(t, { keyBytes: 1000 });
  const { beijing } = network;
  assert.equal(await beijing.count(), 31);
  await beijing.keys(1, 64);
  assert.equal(await beijing.count(), 31);
  // The second one of this size came with four more of it, assigned ahead: they are keys of 64 bits now, and of no other size.
  await beijing.keys(1, 64);
  assert.equal(await beijing.count(), 29);
  const frames = network.wire.length;
  assert.equal((await beijing.keys(4, 64)).length, 4);
  assert.equal(network.wire.length, frames);
  assert.equal(await beijing.count(), 29);
});

test('014-D26: an empty pair is a status with count 0', async (t) => {
  const { beijing } = await Network.open(t, { keyBytes: 0 });
  assert.equal(await beijing.count(), 0);
  isError(await beijing.call('GET', 'enc_keys'), 503);
});

test('014-D26-pads: keys that cannot be assigned are not counted, and the last pads are kept for alarms', async (t) => {
  const { beijing, moscow } = await Network.open(t, { padBytes: 16 + 16 * 7 });
  assert.equal(await beijing.count(), 128);
  await beijing.keys();
  await beijing.keys();
  assert.equal(await beijing.count(), 4, 'assigned ahead under the last pad');
  await beijing.keys(4);
  assert.equal(await beijing.count(), 0);
  await consumesNothing(moscow, async () => isError(await beijing.call('GET', 'enc_keys'), 503, /authenticate/));
  assert.equal(await beijing.available(`key/beijing>moscow/${WAY}`), 4096 - 6 * 32);
  await beijing.kme.raiseAlarm('micius-beijing', 'test');
  await beijing.kme.flush();
  assert.equal((await moscow.kme.alarms()).length, 1);
});

test('014-D28: additional slaves: so many, each once, each an SAE that the master may share keys with', async (t) => {
  const { beijing } = await Network.open(t, { limits: { maxSaeIdCount: 1 } });
  const ask = (additional: unknown): Promise<KmeResponse> =>
    beijing.call('POST', 'enc_keys', { json: { additional_slave_SAE_IDs: additional } });
  await consumesNothing(beijing, async () => {
    isError(await ask(['lab-moscow', 'vpn-delhi']), 400, /at most 1/);
    isError(await ask(['desk-atlantis']), 400);
    isError(await ask(['desk-moscow']), 400);
    isError(await ask(['desk-beijing']), 400);
    isUnauthorized(await ask(['desk-delhi']));
    isUnauthorized(await ask(['vpn-moscow']));
  });
  const none = await Network.open(t, { limits: { maxSaeIdCount: 0 } });
  isError(await none.beijing.call('POST', 'enc_keys', { json: { additional_slave_SAE_IDs: ['lab-moscow'] } }), 400);
  isError(await ask(['lab-moscow', 'lab-moscow']), 400);
});

test('014-D29: parameters of our own of the wrong kind are 400, wherever they stand', async (t) => {
  const { beijing } = await Network.open(t);
  await consumesNothing(beijing, async () => {
    for (const wrong of [
      { skykey_route_type: 'best' },
      { skykey_route_type: 1 },
      { skykey_max_age: 0 },
      { skykey_max_age: 1.5 },
      { skykey_max_age: '1000' },
      { skykey_min_paths: 17 },
      { skykey_min_paths: null },
    ]) {
      for (const where of ['extension_mandatory', 'extension_optional']) {
        isError(await beijing.call('POST', 'enc_keys', { json: { [where]: [wrong] } }), 400, /^skykey_/);
      }
    }
    const text = 'not all extension_mandatory parameters are supported';
    const both = [{ skykey_route_type: 'relayed', toString: 1 }];
    isError(await beijing.call('POST', 'enc_keys', { json: { extension_mandatory: both } }), 400, text);
  });
});

test('014-D32: nothing is cached', async (t) => {
  const { beijing } = await Network.open(t);
  const responses = [
    await beijing.call('GET', 'status'),
    await beijing.call('GET', 'enc_keys'),
    await beijing.call('GET', 'status', { saeId: null }),
    await beijing.call('GET', 'enc_keys', { search: 'size=1' }),
  ];
  for (const { headers } of responses) assert.equal(headers['Cache-Control'], 'no-store');
});

test('014-D34: another path is 404, another verb 405', async (t) => {
  const { beijing } = await Network.open(t);
  const at = (path: string): Promise<KmeResponse> => beijing.call('GET', '', { path });
  for (const path of [
    '/',
    '',
    '/api/v1/keys',
    '/api/v1/keys/desk-moscow',
    '/api/v1/keys//status',
    '/api/v2/keys/desk-moscow/status',
    '/api/v1/keys/desk-moscow/status/',
    '/api/v1/keys/desk-moscow/../status',
    '/metrics',
    '/debug/keys',
  ]) {
    isError(await at(path), 404);
  }
  for (const [method, resource] of [
    ['POST', 'status'],
    ['PUT', 'enc_keys'],
    ['DELETE', 'dec_keys'],
    ['HEAD', 'status'],
    ['get', 'status'],
  ] as const) {
    const response = await beijing.call(method, resource);
    isError(response, 405);
    assert.equal(response.headers.Allow, resource === 'status' ? 'GET' : 'GET, POST');
  }
});

test('014-D35: an unreachable peer is 503', async (t) => {
  const network = await Network.open(t);
  network.cut(false);
  isError(await network.beijing.call('GET', 'enc_keys'), 503);
});

test('014-D36: whole bytes only, whatever the size', async (t) => {
  const { beijing } = await Network.open(t);
  for (let size = 64; size <= 128; size++) {
    const response = await beijing.call('POST', 'enc_keys', { json: { size } });
    if (size % 8 === 0) keysOf(response);
    else isError(response, 400, 'size shall be a multiple of 8');
  }
});
