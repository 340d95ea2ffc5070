import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DIRECT, keyLane } from '../lanes.ts';
import { LINKS, labels, Network, pattern, type Site, secret, text } from '../test/sites.ts';

const THERE = keyLane('beijing', 'moscow', 'micius');

test("nobody voids the keys of others' applications", async (t) => {
  const network = await Network.open(t, { sites: ['beijing', 'moscow', 'delhi'] });
  const { beijing, moscow, delhi } = network;
  await network.share('delhi', 'moscow', DIRECT, {
    keyBytes: 1024,
    padBytes: 512,
    seed: 9,
    labels: labels(['dm'], { routes: [['delhi', 'moscow']] }),
  });
  const [key] = await beijing.keys(1);
  await delhi.kme.exchange.peer('moscow')!.request({
    build: async () => ({
      kind: 'void',
      batches: [
        {
          lane: keyLane('delhi', 'moscow', DIRECT),
          bytes: 32,
          masterSae: 'vpn-delhi',
          slaveSaes: ['desk-moscow'],
          keys: [{ keyId: key!.key_ID, offset: 0 }],
        },
      ],
    }),
    settle: async (_, a) => a,
  });
  const got = await moscow.fetch([key!.key_ID]);
  assert.equal(got.status, 200, text(got));
});

test('a void that comes before its lane: the assignment that comes late is refused', async (t) => {
  const network = await Network.open(t, { keyBytes: 0 });
  const { beijing, moscow } = network;
  const told = labels(LINKS);
  await network.share('beijing', 'moscow', 'other', {
    keyBytes: 64,
    padBytes: 512,
    seed: 3,
    labels: labels(LINKS, { routes: [['beijing', 'x', 'moscow']] }),
  });
  await beijing.tx.append(THERE, told, secret(pattern(1024, 7)));
  let late: Uint8Array | undefined;
  network.between = async (m) => {
    late ??= m.slice();
    throw new Error('late');
  };
  const keyId = network.uuid();
  await assert.rejects(
    beijing.kme.keys.assignKeys({
      master: 'desk-beijing',
      slaves: ['desk-moscow'],
      count: 3,
      bytes: 32,
      keyIds: [keyId, network.uuid(), network.uuid()],
    }),
  );
  network.mend();
  await beijing.crash(); // the frame is forgotten here, and still somewhere on the way
  await beijing.kme.flush();
  await moscow.tx.append(THERE, told, secret(pattern(1024, 7)));
  await moscow.kme.handlePeer(late!);
  assert.equal((await moscow.fetch([keyId])).status, 400, 'moscow delivers a key that beijing has voided');
});

test('a void that overtakes a carried key: no slave gets it', async (t) => {
  const network = await Network.open(t, { sites: ['beijing', 'moscow', 'delhi'] });
  const { beijing, moscow } = network;
  await network.share('beijing', 'delhi', DIRECT, {
    keyBytes: 1024,
    padBytes: 512,
    seed: 9,
    labels: labels(['bd'], { routes: [['beijing', 'delhi']] }),
  });
  network.cut(false);
  const answer = await beijing.call('POST', 'enc_keys', { json: { additional_slave_SAE_IDs: ['vpn-delhi'] } });
  assert.equal(answer.status, 503);
  network.mend();
  await beijing.kme.flush();
  await beijing.kme.flush();
  await beijing.call('GET', 'enc_keys');
  const [keyId] = (await moscow.tx.blocks('carried:')).map(({ blockId }) => blockId.slice('carried:'.length));
  assert.notEqual(
    keyId === undefined ? 400 : (await moscow.fetch([keyId])).status,
    200,
    'moscow delivers a multicast key that was refused to the master',
  );
});

async function states({ tx }: Site, keyIds: readonly string[]): Promise<(string | undefined)[][]> {
  return (await tx.keys.find(keyIds)).map((record) => record?.copies.map(({ state }) => state) ?? []);
}

test('keys that the site of a slave burns are burned where their master is, and nothing is said twice', async (t) => {
  const network = await Network.open(t);
  const { beijing, moscow } = network;
  // Named keys, which the master fetches by their ids; keys ahead; and one that the master has already.
  const named = [network.uuid(), network.uuid()];
  const pair = { master: 'desk-beijing', slaves: ['desk-moscow'], bytes: 32 };
  await beijing.kme.keys.assignKeys({ ...pair, count: 2, keyIds: named });
  const [had] = [...(await beijing.keys()), ...(await beijing.keys())];
  const ahead = await beijing.tx.keys.stock({
    masterSae: 'desk-beijing',
    slaveSae: 'desk-moscow',
    bytes: 32,
    limit: 9,
  });
  assert.equal(ahead.length, 4);
  const all = [...named, ...ahead, had!.key_ID];
  assert.equal(await moscow.kme.keys.voidKeys(all), 7);
  // Durable before it is told.
  await moscow.crash();
  await moscow.kme.flush();
  assert.deepEqual(await states(beijing, all), [...Array<string[]>(6).fill(['VOIDED']), ['ERASED']]);
  const [sent] = await beijing.keys();
  assert.ok(!all.includes(sent!.key_ID));
  await assert.rejects(beijing.kme.keys.getKeysWithIds({ caller: 'desk-beijing', keyIds: [named[0]!] }), {
    code: 'not-found',
  });
  const frames = network.wire.length;
  await moscow.kme.keys.voidKeys(all.slice(0, 6));
  await network.settle();
  assert.equal(network.wire.length, frames, 'both know');
});

test('one slave of several burns a key: no other slave gets it, and nobody burns what is not his', async (t) => {
  const network = await Network.open(t, { sites: ['beijing', 'moscow', 'delhi'] });
  const { beijing, moscow, delhi } = network;
  for (const [i, site] of ['beijing', 'moscow'].entries()) {
    await network.share(site, 'delhi', DIRECT, {
      keyBytes: 1024,
      padBytes: 512,
      seed: 9 + i,
      labels: labels([`${site}-delhi`], { routes: [[site, 'delhi']] }),
    });
  }
  const answer = await beijing.call('POST', 'enc_keys', {
    json: { number: 2, additional_slave_SAE_IDs: ['vpn-delhi'] },
  });
  const [burned, kept] = (JSON.parse(text(answer)).keys as { key_ID: string }[]).map(({ key_ID }) => key_ID);
  const [other] = await beijing.keys();
  assert.equal(await delhi.kme.keys.voidKeys([burned!, other!.key_ID]), 1);
  await delhi.kme.flush();
  await beijing.kme.flush();
  assert.deepEqual(await states(moscow, [burned!, kept!, other!.key_ID]), [['VOIDED'], ['ASSIGNED'], ['ASSIGNED']]);
  // Told by hand, too, of a key that Delhi has nothing to do with.
  await delhi.kme.exchange.peer('beijing')!.request({
    urgent: true,
    build: async () => ({ kind: 'burn', keyIds: [other!.key_ID, network.uuid()] }),
    settle: async (_, { status }) => assert.equal(status, 'accepted'),
  });
  await network.settle();
  assert.equal((await moscow.fetch([other!.key_ID])).status, 200);
});
