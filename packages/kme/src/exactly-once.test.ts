import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { keyLane, peerLane } from './lanes.ts';
import { breakMethod, json, keysOf, Network, type Site, text, WAY } from './test/sites.ts';

const LANE = keyLane('beijing', 'moscow', WAY);
const BACK = keyLane('moscow', 'beijing', WAY);

/** Bytes of the lane that are neither given out nor burned; the same at both ends once everything is told. */
const left = (site: Site): Promise<number> => site.available(LANE);

async function settle({ beijing, moscow }: Network): Promise<void> {
  for (const site of [beijing, moscow, beijing]) assert.deepEqual([...(await site.kme.flush()).waiting], []);
}

const breaks: [string, (network: Network) => void][] = [
  ['the request is lost', (network) => network.cut(false)],
  ['the answer is lost', (network) => network.cut(true)],
  [
    'the answer is garbage',
    (network) => {
      network.between = async (message, on) => (await on(message)).map((byte) => byte ^ 1);
    },
  ],
  [
    'the peer dies before it reads the request',
    (network) => {
      network.between = async () => {
        await network.moscow.crash();
        throw new Error('connection reset');
      };
    },
  ],
  [
    'the peer dies after it has accepted',
    (network) => {
      network.between = async (message, on) => {
        await on(message);
        await network.moscow.crash();
        throw new Error('connection reset');
      };
    },
  ],
  [
    'this side dies while the request is under way',
    (network) => {
      network.between = async (message, on) => {
        await network.beijing.crash();
        return await on(message);
      };
    },
  ],
  [
    'this side dies when the peer has accepted',
    (network) => {
      network.between = async (message, on) => {
        const answer = await on(message);
        await network.beijing.crash();
        return answer;
      };
    },
  ],
  ['the disk fails when the keys become ASSIGNED', ({ beijing }) => breakMethod(beijing.vault, 'assign')],
  ['the disk fails when the keys are read out', ({ beijing }) => breakMethod(beijing.vault, 'deliver')],
];

for (const [what, breakIt] of breaks) {
  test(`${what}: 503, the keys are burned at both ends, the next ones are good`, async (t) => {
    const network = await Network.open(t);
    const { beijing, moscow } = network;
    breakIt(network);
    const response = await beijing.call('POST', 'enc_keys', { json: { number: 4 } });
    assert.equal(response.status, 503, text(response));
    assert.ok(!text(response).includes('"key"'));
    network.mend();
    const burned = Array.from({ length: 4 }, (_, i) => `0000000${i + 1}-0000-4000-8000-00000000cafe`);
    await beijing.crash();
    await settle(network);
    for (const keyId of burned) {
      for (const { tx } of [beijing, moscow]) {
        const [record] = await tx.keys.find([keyId]);
        assert.ok(record?.copies.every(({ state }) => state === 'VOIDED') ?? true, keyId);
      }
    }
    assert.deepEqual(json(await moscow.fetch(burned)), { message: 'one or more keys specified are not found on KME' });
    assert.equal(await left(beijing), await left(moscow), 'both ends agree on what is left');
    const sent = await beijing.keys(3);
    assert.deepEqual(keysOf(await moscow.fetch(sent.map(({ key_ID }) => key_ID))), sent);
    assert.ok((await left(beijing)) >= 4096 - 7 * 32);
  });
}

test('the slave keeps assigned keys through a crash, and delivers them once', async (t) => {
  const { beijing, moscow } = await Network.open(t);
  const sent = await beijing.keys(2);
  await moscow.crash();
  assert.deepEqual(keysOf(await moscow.fetch(sent.map(({ key_ID }) => key_ID))), sent);
  await moscow.crash();
  assert.equal((await moscow.fetch(sent.map(({ key_ID }) => key_ID))).status, 400);
});

test('a peer that is away costs two pads, one of them for what is urgent, and one batch of keys, however often applications ask', async (t) => {
  const network = await Network.open(t);
  const { beijing } = network;
  network.cut(false);
  const pads = (): Promise<number> => beijing.tx.pads(peerLane('beijing', 'moscow')).left();
  const before = await pads();
  for (let i = 0; i < 20; i++) assert.equal((await beijing.call('GET', 'enc_keys')).status, 503);
  assert.equal(await pads(), before - 1);
  for (let i = 0; i < 5; i++) await beijing.kme.flush();
  assert.equal(await pads(), before - 2, 'the void of the keys');
  assert.equal(await left(beijing), 4096 - 32);
  network.mend();
  assert.equal((await beijing.keys()).length, 1);
});

test('a line that hangs: only so many requests wait, and all get an answer in the end', async (t) => {
  const network = await Network.open(t);
  const { beijing } = network;
  let letGo = (): void => undefined;
  const hang = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  network.between = async (message, on) => {
    await hang;
    return await on(message);
  };
  const asked = Array.from({ length: 60 }, () => beijing.call('GET', 'enc_keys'));
  letGo();
  const statuses = (await Promise.all(asked)).map(({ status }) => status);
  assert.ok(statuses.every((status) => status === 200 || status === 503));
  assert.equal(statuses.filter((status) => status === 200).length, 60, 'all those that waited went in one frame');
  assert.ok(network.wire.length <= 3);
  // Nobody waits for ever: beyond a number of them for one pair it is said at once.
  network.cut(false);
  const many = await Promise.all(Array.from({ length: 700 }, () => beijing.call('GET', 'enc_keys')));
  assert.ok(many.every(({ status }) => status === 503));
  assert.ok(many.some((response) => /wait for moscow already/.test(text(response))));
});

test('many at once, both ways: every key comes out right, and once', async (t) => {
  const { beijing, moscow } = await Network.open(t, { keyBytes: 32 * 400, padBytes: 16 + 16 * 200 });
  const rounds = await Promise.all(
    Array.from({ length: 60 }, async (_, i) => {
      const [from, to] = i % 2 ? [beijing, moscow] : [moscow, beijing];
      const sent = await from.keys(1 + (i % 5));
      assert.deepEqual(keysOf(await to.fetch(sent.map(({ key_ID }) => key_ID))), sent);
      return sent.map(({ key }) => key);
    }),
  );
  const all = rounds.flat();
  assert.equal(new Set(all).size, all.length);
  assert.deepEqual(
    [(await beijing.tx.counters()).deliveredKeys, (await moscow.tx.counters()).deliveredKeys],
    [all.length, all.length],
  );
});

test('whatever breaks in whatever order: no key twice, none to anybody else, and both ends give the same', async (t) => {
  const step = fc.record({
    what: fc.constantFrom('get', 'get', 'get', 'fetch', 'fetch', 'crash', 'flush', 'cut', 'lose', 'mend', 'mend'),
    site: fc.constantFrom('beijing' as const, 'moscow' as const),
    number: fc.integer({ min: 1, max: 4 }),
    pick: fc.nat(100),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
      const network = await Network.open(t, { keyBytes: 2_000, padBytes: 16 + 16 * 100 });
      /** Key id to key, as the master's application got it. */
      const given = new Map<string, { key: string; site: string }>();
      const fetched = new Map<string, string>();
      for (const { what, site: name, number, pick } of steps) {
        const site = network[name];
        if (what === 'crash') await site.crash();
        else if (what === 'flush') await site.kme.flush();
        else if (what === 'cut') network.cut(false);
        else if (what === 'lose') network.cut(true);
        else if (what === 'mend') network.mend();
        else if (what === 'get') {
          const response = await site.call('POST', 'enc_keys', { json: { number } });
          if (response.status !== 200) {
            assert.equal(response.status, 503);
            continue;
          }
          for (const { key_ID, key } of keysOf(response)) {
            assert.ok(!given.has(key_ID));
            given.set(key_ID, { key, site: name });
          }
        } else {
          const known = [...given].filter(([, { site: master }]) => master !== name);
          const [keyId, { key }] = known[pick % Math.max(1, known.length)] ?? ['', { key: '' }];
          if (!keyId) continue;
          const response = await site.fetch([keyId]);
          if (response.status === 400) {
            assert.ok(fetched.has(keyId), `${keyId} was given to the master and must be there for the slave`);
            continue;
          }
          assert.equal(keysOf(response)[0]!.key, key);
          assert.ok(!fetched.has(keyId), `${keyId} came out twice`);
          fetched.set(keyId, key);
        }
      }
      const keys = [...given.values()].map(({ key }) => key);
      assert.equal(new Set(keys).size, keys.length, 'two ids for one key');
      network.mend();
      await settle(network);
      for (const lane of [LANE, BACK]) {
        assert.equal(await network.beijing.available(lane), await network.moscow.available(lane), lane);
      }
      for (const [keyId, { site: name }] of given) {
        if (fetched.has(keyId)) continue;
        const slave = name === 'beijing' ? network.moscow : network.beijing;
        assert.equal(keysOf(await slave.fetch([keyId]))[0]!.key, given.get(keyId)!.key);
      }
    }),
    { seed: 20_260_713, numRuns: 40 },
  );
});
