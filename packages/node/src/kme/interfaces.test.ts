import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { type RequestOptions, request } from 'node:https';
import { after, test } from 'node:test';
import { type ConnectionOptions, connect } from 'node:tls';
import {
  decodeHeader,
  decodeResponse,
  encodeRequest,
  HEADER_BYTES,
  type StreamRequest,
  type StreamResponse,
} from '@skykey/kme';
import { House, keysIn, type Place, policy } from './test/house.ts';

const houses: House[] = [];
after(() => Promise.all(houses.map((house) => house.remove())));

async function built(): Promise<House> {
  const house = await House.build();
  houses.push(house);
  return house;
}

/** One call of ETSI GS QKD 004, on a connection of its own. */
function stream(house: House, place: Place, saeId: string, call: StreamRequest): Promise<StreamResponse> {
  const { cert, key, ca } = house.tls(saeId, 'kme');
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...{ host: '127.0.0.1', port: house.port(place, 'etsi004'), ca: readFileSync(ca) },
      ...{ cert: readFileSync(cert), key: readFileSync(key) },
    });
    let heard = Buffer.alloc(0);
    socket.on('secureConnect', () => socket.write(encodeRequest(call, 'C')));
    socket.on('data', (part) => {
      heard = Buffer.concat([heard, part]);
      if (heard.length < HEADER_BYTES) return;
      const header = decodeHeader(heard.subarray(0, HEADER_BYTES));
      if (heard.length < HEADER_BYTES + header.payloadBytes) return;
      socket.destroy();
      resolve(decodeResponse(header, heard.subarray(HEADER_BYTES), 'C'));
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('closed without an answer')));
  });
}

/** SKIP with a pre-shared key, as a router asks. */
function skipPsk(port: number, identity: string, psk: Buffer, path: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const options: RequestOptions & ConnectionOptions = {
      ...{ host: '127.0.0.1', port, path, agent: false, ciphers: 'DHE-PSK-AES256-CBC-SHA384', minDHSize: 2048 },
      ...{ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2', checkServerIdentity: () => undefined },
      pskCallback: () => ({ identity, psk }),
    };
    const call = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve({ status: response.statusCode!, text }));
    });
    call.on('error', reject);
    call.end();
  });
}

test('key streams (004) and SKIP with certificates and with pre-shared keys', { timeout: 90_000 }, async () => {
  const house = await built();
  const psk = Buffer.alloc(32, 7);
  for (const site of ['paris', 'lyon'] as const) {
    const far = site === 'paris' ? 'lyon' : 'paris';
    writeFileSync(house.path(`${site}.psk`), psk.toString('hex'));
    const remotes = [{ systemId: `kp-${far}`, saeId: `vpn-${far}` }];
    house.configure(site, {
      listen: house.listen(site, ['etsi004'], ['tls', 'psk']),
      skip: {
        entropy: true,
        clients: [
          {
            saeId: `vpn-${site}`,
            localSystemId: `kp-${site}`,
            remotes,
            psk: { identity: 'router-1', file: house.path(`${site}.psk`) },
          },
        ],
      },
    });
  }
  await house.startSites();
  await house.until('keys flow', async () => (await house.encKeys('paris')).status === 200);

  const port = (site: Place): number => house.port(site, 'skipPsk');
  const capabilities = JSON.parse((await skipPsk(port('paris'), 'router-1', psk, '/capabilities')).text) as Record<
    string,
    unknown
  >;
  assert.deepEqual(capabilities, {
    entropy: true,
    key: true,
    algorithm: 'QKD',
    localSystemID: 'kp-paris',
    remoteSystemID: ['kp-lyon'],
  });
  const made = JSON.parse((await skipPsk(port('paris'), 'router-1', psk, '/key?remoteSystemID=kp-lyon')).text) as {
    keyId: string;
    key: string;
  };
  assert.match(made.key, /^[0-9a-f]{64}$/);
  // The far end may come the other way: by certificate.
  const path = `/key/${made.keyId}?remoteSystemID=kp-paris`;
  const fetched = await house.ask('vpn-lyon', house.port('lyon', 'skip'), path);
  assert.deepEqual(JSON.parse(fetched.text), made);
  assert.equal((await house.ask('vpn-lyon', house.port('lyon', 'skip'), path)).status, 400, 'once');
  assert.equal((await house.ask('mail-lyon', house.port('lyon', 'skip'), '/capabilities')).status, 401);
  const entropy = JSON.parse((await skipPsk(port('paris'), 'router-1', psk, '/entropy?minentropy=200')).text) as {
    minentropy: number;
  };
  assert.equal(entropy.minentropy, 200);
  await assert.rejects(skipPsk(port('paris'), 'router-1', Buffer.alloc(32, 8), '/capabilities'));
  await assert.rejects(skipPsk(port('paris'), 'router-2', psk, '/capabilities'));

  const qos = {
    chunkBytes: 32,
    maxBps: 0,
    minBps: 0,
    jitterBps: 0,
    priority: 0,
    timeoutMs: 5000,
    ttlS: 60,
    metadataType: '',
  };
  const ends = { source: 'urn:skykey:vpn-paris', destination: 'urn:skykey:vpn-lyon' };
  const opened = await stream(house, 'paris', 'vpn-paris', { call: 'open', dialect: 'C', ...ends, qos, ksid: null });
  assert.ok(opened.call === 'open' && opened.status === 0 && opened.ksid, JSON.stringify(opened));
  const { ksid } = opened;
  const back = { source: ends.destination, destination: ends.source };
  const joined = await stream(house, 'lyon', 'vpn-lyon', { call: 'open', dialect: 'C', ...back, qos, ksid });
  assert.equal(joined.status, 0);
  const chunks = await Promise.all(
    (['paris', 'lyon'] as const).map(async (site) => {
      const answer = await stream(house, site, `vpn-${site}`, {
        call: 'get',
        ksid,
        dialect: 'C',
        index: 0,
        metadataRoom: 0,
      });
      assert.ok(answer.call === 'get' && answer.status === 0 && answer.key, `status ${answer.status}`);
      return answer.key.open((bytes) => Buffer.from(bytes).toString('hex'));
    }),
  );
  assert.equal(chunks[0], chunks[1]);
  assert.equal(chunks[0]!.length, 64);
  const metrics = (await house.operations('paris', '/metrics')).text;
  assert.match(metrics, /skykey_kme_requests_total\{interface="etsi004",status="0"\} 2/);
  assert.match(metrics, /skykey_kme_requests_total\{interface="skip",status="200"\} 3/);
});

test('a key manager of another maker (020), both ways', { timeout: 90_000 }, async () => {
  const house = await built();
  const rules = policy(['vpn', 'mail'], [{ between: ['vpn-wien', 'vpn-paris'] }]);
  house.write('policy.json', rules);
  const peer = (place: Place): object => ({
    kmeId: `kme-${place}`,
    url: `https://127.0.0.1:${house.port(place, 'etsi020')}`,
    saes: [`vpn-${place}`],
  });
  const own = (place: Place, other: Place): Record<string, unknown> => ({
    listen: house.listen(place, ['etsi020']),
    etsi020: { ownUrl: `https://127.0.0.1:${house.port(place, 'etsi020')}`, peers: [peer(other)] },
  });
  house.configure('paris', own('paris', 'wien'));
  // In Vienna's network Paris is the stranger, and Lyon is not known.
  const network = house.network() as {
    nodes: { id: string }[];
    links: { id: string }[];
    kmes: { kmeId: string; siteId: string }[];
    saes: { saeId: string }[];
  };
  house.write('network-wien.json', {
    ...network,
    nodes: network.nodes.filter(({ id }) => id !== 'lyon'),
    links: network.links.filter(({ id }) => id === 'room-1'),
    kmes: network.kmes.filter(({ siteId }) => siteId !== 'lyon').map(({ kmeId, siteId }) => ({ kmeId, siteId })),
    saes: network.saes.filter(({ saeId }) => saeId === 'vpn-wien' || saeId === 'vpn-paris'),
  });
  house.write('policy-wien.json', policy([], [{ between: ['vpn-wien', 'vpn-paris'] }]));
  house.configure('wien', {
    ...own('wien', 'paris'),
    network: house.path('network-wien.json'),
    policy: house.path('policy-wien.json'),
  });
  await Promise.all([house.start(house.path('paris.json')), house.start(house.path('wien.json'))]);

  const enc = await house.ask('vpn-wien', house.port('wien', 'etsi014'), '/api/v1/keys/vpn-paris/enc_keys', {
    number: 2,
  });
  assert.equal(enc.status, 200, enc.text);
  const ids = keysIn(enc).map(({ key_ID }) => ({ key_ID }));
  const dec = (): ReturnType<House['ask']> =>
    house.ask('vpn-paris', house.port('paris', 'etsi014'), '/api/v1/keys/vpn-wien/dec_keys', { key_IDs: ids });
  const got = await dec();
  assert.equal(got.status, 200, got.text);
  assert.deepEqual(keysIn(got), keysIn(enc));
  assert.equal((await dec()).status, 400, 'once');

  const back = await house.ask('vpn-paris', house.port('paris', 'etsi014'), '/api/v1/keys/vpn-wien/enc_keys', {});
  assert.equal(back.status, 200, back.text);
  const [key] = keysIn(back);
  const path = `/api/v1/keys/vpn-paris/dec_keys?key_ID=${key!.key_ID}`;
  assert.deepEqual(keysIn(await house.ask('vpn-wien', house.port('wien', 'etsi014'), path)), [key]);

  const unread = keysIn(
    await house.ask('vpn-wien', house.port('wien', 'etsi014'), '/api/v1/keys/vpn-paris/enc_keys', {}),
  );
  const alarm = await house.operations('paris', '/api/links/room-1/alarm', { reason: 'the door was open' });
  assert.equal(alarm.status, 200, alarm.text);
  const late = `/api/v1/keys/vpn-wien/dec_keys?key_ID=${unread[0]!.key_ID}`;
  assert.equal((await house.ask('vpn-paris', house.port('paris', 'etsi014'), late)).status, 400, 'burned by the alarm');
  const refused = await house.ask('vpn-paris', house.port('paris', 'etsi014'), '/api/v1/keys/vpn-wien/enc_keys', {});
  assert.equal(refused.status, 503);
  assert.match(refused.text, /room-1 is under alarm/);
});
