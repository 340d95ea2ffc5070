import assert from 'node:assert/strict';
import { createServer as createPlainServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { ClientError, type ClientErrorCode, KmeClient, type KmeClientOptions } from './index.ts';
import { Authority, type Issued, withoutOpenssl } from './test/authority.ts';
import { json, type ScriptedKme, scriptedKme } from './test/scripted-kme.ts';

const ID_1 = '550e8400-e29b-41d4-a716-446655440000';
const ID_2 = '6ba7b810-9dad-41d1-80b4-00c04fd430c8';
const key = (fill: number, bytes = 32): string => Buffer.alloc(bytes, fill).toString('base64');

const STATUS = {
  source_KME_ID: 'kme-a',
  target_KME_ID: 'kme-b',
  master_SAE_ID: 'sae-a',
  slave_SAE_ID: 'sae-b',
  key_size: 352,
  stored_key_count: 25000,
  max_key_count: 100000,
  max_key_per_request: 128,
  max_key_size: 1024,
  min_key_size: 64,
  max_SAE_ID_count: 0,
};

const fails =
  (code: ClientErrorCode, words: RegExp, keysMayBeLost = false) =>
  (error: unknown): true => {
    assert.ok(error instanceof ClientError, String(error));
    assert.deepEqual([error.code, error.keysMayBeLost], [code, keysMayBeLost], error.message);
    assert.match(error.message, words);
    return true;
  };

describe('KmeClient', { skip: withoutOpenssl() }, () => {
  let kmes: Authority;
  let saes: Authority;
  let kmeA: Issued;
  let saeA: Issued;
  let kme: ScriptedKme;
  const clients: KmeClient[] = [];

  const client = (more: Partial<KmeClientOptions> = {}): KmeClient => {
    const made = new KmeClient({ url: `https://127.0.0.1:${kme.port}`, ca: kmes.cert, ...saeA, ...more });
    clients.push(made);
    return made;
  };

  before(async () => {
    kmes = new Authority('KMEs');
    saes = new Authority('SAEs');
    kmeA = kmes.issue('kme-a', 'URI:urn:skykey:kme-a,IP:127.0.0.1,DNS:localhost');
    saeA = saes.issue('sae-a', 'URI:urn:skykey:sae-a');
    kme = await scriptedKme({ ...kmeA, ca: saes.cert });
  });
  after(async () => {
    await Promise.all(clients.map((made) => made.close()));
    await kme?.close();
    kmes?.remove();
    saes?.remove();
  });

  it('reads the status of the standard', async () => {
    kme.answer = json(200, { ...STATUS, status_extension: { x_state: 'alarm' }, something_new: 1 });
    const status = await client({ kmeId: 'kme-a' }).status('sae/b ä');
    assert.equal(kme.asked.at(-1)!.path, '/api/v1/keys/sae%2Fb%20%C3%A4/status');
    assert.equal(kme.asked.at(-1)!.method, 'GET');
    assert.deepEqual({ ...status.extension }, { x_state: 'alarm' });
    const { extension: _, ...figures } = status;
    assert.deepEqual(figures, {
      sourceKmeId: 'kme-a',
      targetKmeId: 'kme-b',
      masterSaeId: 'sae-a',
      slaveSaeId: 'sae-b',
      keySize: 352,
      storedKeyCount: 25000,
      maxKeyCount: 100000,
      maxKeyPerRequest: 128,
      maxKeySize: 1024,
      minKeySize: 64,
      maxSaeIdCount: 0,
    });
  });

  it('asks for keys with the members that were set, and hands them over as secrets', async () => {
    kme.answer = json(200, {
      keys: [
        { key_ID: ID_1, key: key(1), key_extension: { x_hops: 1 } },
        { key_ID: ID_2.toUpperCase(), key: key(2) },
      ],
    });
    const keys = await client().getKeys('sae-b', {
      number: 2,
      size: 256,
      additionalSlaves: ['sae-c'],
      extensionMandatory: [{ skykey_route_type: 'direct' }],
    });
    const asked = kme.asked.at(-1)!;
    assert.deepEqual(
      [asked.method, asked.path, asked.contentType],
      ['POST', '/api/v1/keys/sae-b/enc_keys', 'application/json'],
    );
    assert.deepEqual(JSON.parse(asked.body), {
      number: 2,
      size: 256,
      additional_slave_SAE_IDs: ['sae-c'],
      extension_mandatory: [{ skykey_route_type: 'direct' }],
    });
    assert.deepEqual(
      keys.map(({ keyId }) => keyId),
      [ID_1, ID_2.toUpperCase()],
    );
    assert.deepEqual(
      keys.map((one) => one.key.open((bytes) => [...bytes.subarray(0, 2), bytes.length])),
      [
        [1, 1, 32],
        [2, 2, 32],
      ],
    );
    assert.deepEqual({ ...keys[0]!.keyExtension }, { x_hops: 1 });
    assert.doesNotMatch(inspect(keys, { depth: 9 }), /AQEB/);
    assert.throws(() => JSON.stringify(keys));
  });

  it('sends an empty object when nothing is demanded', async () => {
    kme.answer = json(200, { keys: [{ key_ID: ID_1, key: key(1, 44) }] });
    const [one] = await client().getKeys('sae-b');
    assert.equal(one!.key.length, 44);
    assert.equal(kme.asked.at(-1)!.body, '{}');
  });

  it('brings keys with ids into the order in which they were asked for', async () => {
    kme.answer = json(200, {
      keys: [
        { key_ID: ID_2.toUpperCase(), key: key(2) },
        { key_ID: ID_1, key: key(1) },
      ],
    });
    const keys = await client().getKeysWithIds('sae-a', [ID_1, ID_2]);
    assert.equal(kme.asked.at(-1)!.path, '/api/v1/keys/sae-a/dec_keys');
    assert.deepEqual(JSON.parse(kme.asked.at(-1)!.body), { key_IDs: [{ key_ID: ID_1 }, { key_ID: ID_2 }] });
    assert.deepEqual(
      keys.map((one) => one.key.open((bytes) => bytes[0])),
      [1, 2],
    );
  });

  it('refuses keys that were not asked for', async () => {
    kme.answer = json(200, { keys: [{ key_ID: ID_2, key: key(2) }] });
    await assert.rejects(client().getKeysWithIds('sae-a', [ID_1]), fails('client/malformed', /not asked for/, true));
  });

  it('tells what a KME refuses, with its own words and details', async () => {
    kme.answer = json(400, { message: 'size shall be a multiple of 8\u001b[2J', details: [{ size: 7 }] });
    await assert.rejects(client().getKeys('sae-b', { size: 7 }), (error: ClientError) => {
      fails('client/refused', /size shall be a multiple of 8 \[2J$/)(error);
      assert.deepEqual(
        error.details.map((one) => ({ ...(one as object) })),
        [{ size: 7 }],
      );
      return true;
    });
    kme.answer = (response) => response.writeHead(401, { 'content-length': 0 }).end();
    await assert.rejects(client().getKeysWithIds('sae-a', [ID_1]), fails('client/unauthorized', /\(401\)$/));
    kme.answer = json(404, '<html>');
    await assert.rejects(client().getKeys('sae-b'), fails('client/refused', /\(404\)$/));
    kme.answer = json(500, { message: 'oops' });
    await assert.rejects(client().getKeys('sae-b'), fails('client/malformed', /status 500: oops/, true));
  });

  it('waits a 503 out only as long as it may', async () => {
    const short = json(503, { message: 'not enough key' }, { 'retry-after': '1' });
    kme.answer = short;
    const askedBefore = kme.asked.length;
    await assert.rejects(client().getKeys('sae-b'), (error: ClientError) => {
      fails('client/unavailable', /not enough key/)(error);
      assert.equal(error.retryAfterS, 1);
      return true;
    });
    assert.equal(kme.asked.length, askedBefore + 1);
    kme.answer = (response, asked) => {
      kme.answer = json(200, { keys: [{ key_ID: ID_1, key: key(1) }] });
      short(response);
      assert.equal(asked.method, 'POST');
    };
    assert.equal((await client({ patienceMs: 5000 }).getKeys('sae-b')).length, 1);
    kme.answer = short;
    const impatient = AbortSignal.timeout(100);
    await assert.rejects(
      client({ patienceMs: 5000 }).getKeys('sae-b', { signal: impatient }),
      fails('client/cancelled', /while the KME was short/),
    );
  });

  it('never asks twice for keys whose answer was lost, and says that they are', async () => {
    const askedBefore = kme.asked.length;
    kme.answer = (response) => response.destroy();
    await assert.rejects(
      client().getKeys('sae-b'),
      fails('client/unreachable', /its keys, if there were any, are lost/, true),
    );
    assert.equal(kme.asked.length, askedBefore + 1);
    kme.answer = (response) => {
      response.writeHead(200, { 'content-length': 500 });
      response.write('{"keys":[');
      setTimeout(() => response.destroy(), 20);
    };
    await assert.rejects(client().getKeys('sae-b'), fails('client/unreachable', /are lost/, true));
    assert.equal(kme.asked.length, askedBefore + 2);
    // A status takes nothing.
    kme.answer = (response) => response.destroy();
    await assert.rejects(client().status('sae-b'), fails('client/unreachable', /does not answer/, false));
  });

  it('gives up on a KME that is silent', async () => {
    kme.answer = () => undefined;
    await assert.rejects(client({ timeoutMs: 1000 }).getKeys('sae-b'), fails('client/unreachable', /lost/, true));
    const silent = createPlainServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    await assert.rejects(
      client({ url: `https://127.0.0.1:${port}`, timeoutMs: 300 }).getKeys('sae-b'),
      fails('client/unreachable', /in time/, false),
    );
    silent.close();
    await assert.rejects(
      client({ url: `https://127.0.0.1:${port}` }).getKeys('sae-b'),
      fails('client/unreachable', /ECONNREFUSED/, false),
    );
  });

  it('keeps its connection, and resumes the session on a new one', async () => {
    kme.answer = json(200, STATUS);
    const one = client({ connections: 1 });
    await one.status('sae-b');
    await one.status('sae-b');
    const [first, second] = kme.asked.slice(-2);
    assert.equal(first!.connection, second!.connection);
    assert.equal(first!.resumed, false);
    kme.answer = (response) => {
      response.setHeader('connection', 'close');
      json(200, STATUS)(response);
    };
    await one.status('sae-b');
    await one.status('sae-b');
    const third = kme.asked.at(-1)!;
    assert.notEqual(third.connection, second!.connection);
    assert.equal(third.resumed, true);
  });

  it('speaks to no KME but the one that is pinned', async () => {
    kme.answer = json(200, STATUS);
    const askedBefore = kme.asked.length;
    await assert.rejects(client({ kmeId: 'kme-b' }).status('sae-b'), fails('client/tls', /not that of kme-b/));
    await assert.rejects(client({ ca: saes.cert }).getKeys('sae-b'), fails('client/tls', /do not accept each other/));
    assert.equal(kme.asked.length, askedBefore);
    assert.equal((await client({ kmeId: 'urn:skykey:kme-a' }).status('sae-b')).keySize, 352);
    const stranger = kmes.issue('sae-a', 'URI:urn:skykey:sae-a');
    // Node's server hangs up without an alert: whether a request was taken cannot be told.
    await assert.rejects(
      client(stranger).getKeys('sae-b'),
      fails('client/unreachable', /does it accept this certificate/, true),
    );
    assert.equal(kme.asked.length, askedBefore + 1);
  });

  it('takes the id from the common name only when a certificate has no URI, and then the host name where no id is given', async () => {
    const plain = await scriptedKme({ ...kmes.issue('old-kme', ''), ca: saes.cert });
    plain.answer = json(200, STATUS);
    const url = `https://127.0.0.1:${plain.port}`;
    assert.equal((await client({ url, kmeId: 'old-kme' }).status('sae-b')).keySize, 352);
    await assert.rejects(client({ url }).status('sae-b'), fails('client/tls', /do not accept/));
    await assert.rejects(client({ kmeId: 'KMEs' }).status('sae-b'), fails('client/tls', /not that of KMEs/));
    await plain.close();
  });

  for (const [what, answer] of Object.entries<unknown>({
    'a number as text': { ...STATUS, key_size: '256' },
    'more stored than there may be': { ...STATUS, stored_key_count: 100001 },
    'a missing field': { ...STATUS, max_SAE_ID_count: undefined },
    'a size outside its limits': { ...STATUS, key_size: 32 },
    'no object': [STATUS],
  })) {
    it(`refuses a status with ${what}`, async () => {
      kme.answer = json(200, answer);
      await assert.rejects(client().status('sae-b'), fails('client/malformed', /ETSI GS QKD 014/));
    });
  }

  for (const [what, answer] of Object.entries<unknown>({
    'fewer keys': { keys: [] },
    'more keys': {
      keys: [
        { key_ID: ID_1, key: key(1) },
        { key_ID: ID_2, key: key(2) },
      ],
    },
    'the member Keys': { Keys: [{ key_ID: ID_1, key: key(1) }] },
    'a key id that is none': { keys: [{ key_ID: 'one', key: key(1) }] },
    'another size': { keys: [{ key_ID: ID_1, key: key(1, 31) }] },
    'base64 for addresses': { keys: [{ key_ID: ID_1, key: Buffer.alloc(32, 0xff).toString('base64url') }] },
    'no padding': { keys: [{ key_ID: ID_1, key: key(1).replace('=', '') }] },
    'an empty key': { keys: [{ key_ID: ID_1, key: '' }] },
    'a null key': { keys: [{ key_ID: ID_1, key: null }] },
    'a null extension': { keys: [{ key_ID: ID_1, key: key(1), key_extension: null }] },
    'a member twice': `{"keys":[{"key_ID":"${ID_1}","key":"${key(1)}","key":"${key(1)}"}]}`,
    'text behind': `{"keys":[{"key_ID":"${ID_1}","key":"${key(1)}"}]} x`,
    'bytes that are no UTF-8': Buffer.from('{"keys":[{"key_ID":"\xff"}]}', 'latin1'),
  })) {
    it(`refuses a container with ${what}`, async () => {
      kme.answer = json(200, answer);
      await assert.rejects(client().getKeys('sae-b', { size: 256 }), (error: ClientError) => {
        fails('client/malformed', /ETSI GS QKD 014/, true)(error);
        assert.ok(!inspect(error, { depth: 9 }).includes(key(1).slice(0, 20)), 'the error shows key');
        return true;
      });
    });
  }

  it('sends nothing that makes no sense', async () => {
    const askedBefore = kme.asked.length;
    const argument = fails('client/argument', /must|give|there twice/);
    await assert.rejects(client().getKeys(''), argument);
    await assert.rejects(client().getKeys('..'), argument);
    await assert.rejects(client().getKeys('sae-b', { number: 0 }), argument);
    await assert.rejects(client().getKeys('sae-b', { size: 1.5 }), argument);
    await assert.rejects(client().getKeysWithIds('sae-a', []), argument);
    await assert.rejects(client().getKeysWithIds('sae-a', ['x']), argument);
    await assert.rejects(client().getKeysWithIds('sae-a', [ID_1, ID_1.toUpperCase()]), argument);
    assert.throws(() => client({ url: 'http://127.0.0.1' }), argument);
    assert.throws(() => client({ cert: '' }), argument);
    assert.throws(() => client({ timeoutMs: 0 }), argument);
    assert.equal(kme.asked.length, askedBefore);
  });
});
