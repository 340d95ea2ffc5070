import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DIRECT, keyLane } from '../lanes.ts';
import { decodeMessage, type PeerMessage } from '../peer/message.ts';
import { Reader } from '../peer/wire.ts';
import { code, hex, json, keysOf, labels, Network, pattern, policyOf } from '../test/sites.ts';
import { acceptCombine, combineWays } from './combine.ts';
import { joinCuts } from './confirm.ts';
import type { RelayPlan } from './exchange.ts';

const KEY_BYTES = 6_016;
const SATELLITES = ['alfa', 'bravo', 'charlie'];
/** Seed of the key that a satellite shares with a station: what it has held in the clear. */
const seedOf = (satellite: string, station: string): number =>
  100 * (1 + SATELLITES.indexOf(satellite)) + (station === 'beijing' ? 10 : 20);

const other = { beijing: 'moscow', moscow: 'beijing' } as const;

/** Beijing and Moscow with so many satellites over both, and nothing between the satellites. */
async function disjoint(t: Parameters<typeof Network.open>[0], count: number, targetBytes = 1_024): Promise<Network> {
  const satellites = SATELLITES.slice(0, count);
  const joins: RelayPlan = {
    joins: [{ left: { node: 'beijing', way: DIRECT }, right: { node: 'moscow', way: DIRECT } }],
    combinations: [],
  };
  const policy = policyOf([{ between: ['desk-beijing', 'desk-moscow'], minPaths: count, maxRelays: 1 }]);
  const site = (['beijing', 'moscow'] as const).map((id) => {
    const plan = { joins: [], combinations: [{ peer: other[id], ways: satellites, targetBytes }] };
    return [id, { policy, plan }] as const;
  });
  const network = await Network.open(t, {
    keyBytes: 0,
    relays: Object.fromEntries(satellites.map((satellite) => [satellite, joins])),
    site: Object.fromEntries(site),
  });
  for (const satellite of satellites) {
    for (const station of ['beijing', 'moscow']) {
      const told = labels([`${satellite}-${station}`], { routes: [[satellite, station]] });
      const seed = seedOf(satellite, station);
      await network.share(satellite, station, DIRECT, { keyBytes: KEY_BYTES, padBytes: 1_024, labels: told, seed });
    }
  }
  return network;
}

/** Every message that crossed, as anybody on the lines could read it. */
function overheard(network: Network): { from: string; to: string; message: PeerMessage }[] {
  return network.wire.flatMap(({ message }) => {
    if (message[2] !== 0x51) return [];
    const input = new Reader(message.subarray(0, -16)).magic('SKQ2');
    const [from, to] = [input.text(), input.text()];
    input.u53();
    const list = new Reader(input.bytes(1e7));
    return Array.from({ length: list.u32() }, () => ({ from, to, message: decodeMessage(list.bytes(1e7), from, to) }));
  });
}

/**
 * What nodes together can tell of the keys that Beijing and Moscow share: they pool every byte of key that they ever held,
 * listen to all lines, and take zeros for what they do not know. Key ids to guesses.
 */
function attack(network: Network, dishonest: readonly string[]): Map<string, string> {
  const lanes = new Map<string, Uint8Array>();
  const said = overheard(network);
  for (const { from, message } of said) {
    if (message.kind !== 'join' || !dishonest.includes(from) || message.mask.length > 0) continue;
    // The first part is what the satellite shared with Beijing; both ends cut the block alike, in lanes that were empty.
    const { offset, bytes } = message.range;
    const block = pattern(KEY_BYTES, 1 + seedOf(from, 'beijing')).subarray(offset, offset + bytes);
    for (const { lane, from: start, to } of joinCuts(bytes, 'beijing', 'moscow', from)) {
      lanes.set(lane, block.subarray(start, to));
    }
  }
  for (const { from, to, message } of said) {
    if (message.kind !== 'combine') continue;
    const sum = new Uint8Array(message.parts[0]!.bytes);
    for (const { way, offset, bytes } of message.parts) {
      const piece = lanes.get(keyLane(from, to, way))?.subarray(offset, offset + bytes);
      for (let i = 0; i < bytes; i++) sum[i]! ^= piece?.[i] ?? 0;
    }
    const lane = keyLane(from, to, [...message.parts.map(({ way }) => way)].sort().join('+'));
    const longer = new Uint8Array(message.at + sum.length);
    longer.set(lanes.get(lane) ?? new Uint8Array(0));
    longer.set(sum, message.at);
    lanes.set(lane, longer);
  }
  const guesses = new Map<string, string>();
  for (const { message } of said) {
    if (message.kind !== 'assign') continue;
    for (const { lane, bytes, keys } of message.batches) {
      for (const { keyId, offset } of keys) {
        const bytesOf = lanes.get(lane)?.subarray(offset, offset + bytes) ?? new Uint8Array(bytes);
        guesses.set(keyId, Buffer.from(bytesOf).toString('base64'));
      }
    }
  }
  return guesses;
}

const subsets = (nodes: readonly string[]): string[][] =>
  Array.from({ length: 2 ** nodes.length }, (_, set) => nodes.filter((__, i) => (set >> i) & 1));

for (const count of [2, 3]) {
  test(`${count} disjoint ways: ${count - 1} dishonest nodes recover no key, all ${count} recover every one`, async (t) => {
    const network = await disjoint(t, count);
    await network.settle();
    const { beijing, moscow } = network;
    const given = new Map<string, string>();
    for (const [from, to] of [
      [beijing, moscow],
      [moscow, beijing],
    ] as const) {
      const sent = await from.keys(10);
      assert.deepEqual(keysOf(await to.fetch(sent.map(({ key_ID }) => key_ID))), sent);
      for (const { key_ID, key } of sent) given.set(key_ID, key);
    }
    for (const dishonest of subsets(SATELLITES.slice(0, count))) {
      const guesses = attack(network, dishonest);
      const recovered = [...given].filter(([keyId, key]) => guesses.get(keyId) === key).length;
      assert.equal(recovered, dishonest.length === count ? given.size : 0, `${dishonest.join(' and ') || 'nobody'}`);
    }
    const told = (await beijing.tx.newest(keyLane('beijing', 'moscow', SATELLITES.slice(0, count).join('+'))))!;
    assert.equal(told.routes.length, count);
    assert.equal(told.originLinks.length, 2 * count);
  });
}

test('a policy of two paths is met by combined key and by nothing else; the status counts that alone', async (t) => {
  const network = await disjoint(t, 2);
  const { beijing } = network;
  for (const { exchange } of network.relays.values()) await exchange.flush();
  const plan = { joins: [], combinations: [] };
  beijing.kme.exchange.setPlan(plan);
  network.moscow.kme.exchange.setPlan(plan);
  await network.settle();
  assert.ok((await beijing.available(keyLane('beijing', 'moscow', 'alfa'))) > 1_024);
  assert.equal(await beijing.count(), 0);
  assert.equal((await beijing.call('GET', 'enc_keys')).status, 503);
  beijing.kme.exchange.setPlan({
    joins: [],
    combinations: [{ peer: 'moscow', ways: ['alfa', 'bravo'], targetBytes: 1_024 }],
  });
  assert.equal((await beijing.kme.flush()).combined, 1);
  assert.equal(await beijing.count(), 32);
  const response = await beijing.call('POST', 'enc_keys', { json: { extension_mandatory: [{ skykey_min_paths: 2 }] } });
  assert.deepEqual((json(response).keys as { key_extension: unknown }[])[0]!.key_extension, {
    skykey_route_type: 'relayed',
    skykey_hops: 1,
    skykey_paths: 2,
  });
  // As much as is used up is combined again, and not more.
  await beijing.keys(31);
  assert.equal((await beijing.kme.flush()).combined, 1);
  assert.equal((await beijing.kme.flush()).combined, 0);
  assert.equal(await beijing.count(), 32);
});

test('a combination whose answer is lost, with a crash at either end, is there once and alike', async (t) => {
  for (const victim of ['beijing', 'moscow'] as const) {
    const network = await disjoint(t, 2);
    const { beijing, moscow } = network;
    for (const { exchange } of network.relays.values()) await exchange.flush();
    let combines = 0;
    network.between = async (message, on, from) => {
      const answer = await on(message);
      if (message[2] !== 0x51 || from !== 'beijing' || combines++ > 0) return answer;
      throw new Error('the answer is lost');
    };
    await beijing.kme.flush();
    assert.equal(combines, 1);
    await network[victim].crash();
    network.mend();
    await network.settle();
    const lane = keyLane('beijing', 'moscow', 'alfa+bravo');
    assert.equal(await beijing.tx.length(lane), await moscow.tx.length(lane));
    const sent = await beijing.keys(32);
    assert.deepEqual(keysOf(await moscow.fetch(sent.map(({ key_ID }) => key_ID))), sent);
  }
});

test('an alarm on one of the ways takes what was combined with it, and what is under way; the rest stays', async (t) => {
  const network = await disjoint(t, 3);
  const { beijing, moscow } = network;
  await network.settle();
  assert.equal(await beijing.count(), 32);
  network.nowMs = 2_000;
  await network.relay('bravo').exchange.raiseAlarm('bravo-moscow', 'tapped');
  await network.settle();
  for (const site of [beijing, moscow]) {
    assert.equal(await site.count(), 0);
    assert.equal(await site.available(keyLane('beijing', 'moscow', 'alfa+bravo+charlie')), 0);
    assert.equal(await site.available(keyLane('beijing', 'moscow', 'bravo')), 0);
    for (const way of ['alfa', 'charlie']) assert.ok((await site.available(keyLane('beijing', 'moscow', way))) > 0);
    assert.deepEqual(await site.tx.held(), []);
  }
});

test('ways that meet in a node are refused by the leader, and by the follower whatever the leader says', async (t) => {
  const network = await Network.open(t, { keyBytes: 0 });
  const { beijing, moscow } = network;
  const routes: Record<string, string[]> = {
    'alfa.urumqi': ['beijing', 'alfa', 'urumqi', 'moscow'],
    'bravo.urumqi': ['beijing', 'bravo', 'urumqi', 'moscow'],
    direct: ['beijing', 'moscow'],
  };
  for (const [way, route] of Object.entries(routes)) {
    const told = labels([`link of ${way}`], { routes: [route] });
    await network.share('beijing', 'moscow', way, { keyBytes: 4_096, padBytes: 512, labels: told, seed: way.length });
  }
  const ways = ['alfa.urumqi', 'bravo.urumqi'];
  const combining = (some: string[]): Promise<unknown> =>
    beijing.vault.atomically((tx) =>
      combineWays(tx, { combineId: 'c', self: 'beijing', peer: 'moscow', ways: some, targetBytes: 2_048 }),
    );
  await assert.rejects(combining(ways), code('kme/argument'));
  await assert.rejects(combining(ways), /two of the ways go through urumqi/);
  for (const way of ways) assert.equal(await beijing.available(keyLane('beijing', 'moscow', way)), 4_096);
  const parts = ways.map((way) => ({ way, offset: 0, bytes: 1_024 }));
  const accept = (message: { combineId: string; parts: typeof parts; at: number }): Promise<{ status: string }> =>
    moscow.vault.atomically((tx) =>
      acceptCombine(tx, { self: 'moscow', from: 'beijing' }, { kind: 'combine', ...message }),
    );
  const answer = await accept({ combineId: 'c', parts, at: 0 });
  assert.deepEqual(answer, { status: 'refused', reason: 'two of the ways go through urumqi' });
  for (const way of ways)
    assert.equal(await moscow.available(keyLane('beijing', 'moscow', way)), 4_096 - 1_024, 'burned');
  const uneven = [parts[0]!, { way: 'direct', offset: 0, bytes: 1_088 }];
  assert.equal((await accept({ combineId: 'd', parts: uneven, at: 0 })).status, 'refused');
  const twice = [
    { ...parts[0]!, offset: 2_048 },
    { ...parts[0]!, offset: 3_072 },
  ];
  assert.equal((await accept({ combineId: 'e', parts: twice, at: 0 })).status, 'refused', 'one way twice');
  const far = [
    { ...parts[0]!, offset: 8_192 },
    { way: 'direct', offset: 8_192, bytes: 1_024 },
  ];
  assert.equal((await accept({ combineId: 'f', parts: far, at: 0 })).status, 'later');
  // A direct link and a route have no node in common.
  assert.ok(await combining(['direct', 'alfa.urumqi']));
});

test('the exclusive or of the pieces, byte by byte', async (t) => {
  const network = await Network.open(t, { keyBytes: 0 });
  for (const [i, way] of ['alfa', 'bravo', 'charlie'].entries()) {
    const told = labels([way], { routes: [['beijing', way, 'moscow']] });
    await network.share('beijing', 'moscow', way, {
      keyBytes: 2_048,
      padBytes: i ? 0 : 512,
      labels: told,
      seed: 10 * i,
    });
  }
  const { beijing } = network;
  const ways = ['alfa', 'bravo', 'charlie'];
  beijing.kme.exchange.setPlan({ joins: [], combinations: [{ peer: 'moscow', ways, targetBytes: 1_024 }] });
  assert.equal((await beijing.kme.flush()).combined, 1);
  const wanted = Uint8Array.from({ length: 1_024 }, (_, i) =>
    [1, 11, 21].reduce((sum, seed) => sum ^ pattern(2_048, seed)[i]!, 0),
  );
  for (const site of ['beijing', 'moscow']) {
    const range = { lane: keyLane('beijing', 'moscow', 'alfa+bravo+charlie'), offset: 0, bytes: 1_024 };
    const tx = network.tx(site);
    if (site === 'beijing') await tx.reserve(range.lane, 1_024);
    else await tx.reserveAt(range);
    assert.equal((await tx.take(range)).open(hex), hex(wanted));
  }
});
