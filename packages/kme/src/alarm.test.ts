import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyLane, peerLane } from './lanes.ts';
import { decodeMessage, type PeerMessage } from './peer/message.ts';
import { Reader } from './peer/wire.ts';
import { breakMethod, code, json, keysOf, labels, Network, type Site, WAY } from './test/sites.ts';

const NOT_FOUND = 'one or more keys specified are not found on KME';
const LANES = [keyLane('beijing', 'moscow', WAY), keyLane('moscow', 'beijing', WAY)];
const REASON = 'error rate 26 %, at most 11 % allowed';
const FIRST = '00000001-0000-4000-8000-00000000cafe';

async function isClosed(site: Site, reason = REASON): Promise<void> {
  const status = await site.call('GET', 'status');
  assert.equal(status.status, 200);
  const { stored_key_count, status_extension } = json(status);
  assert.equal(stored_key_count, 0);
  assert.deepEqual(status_extension, {
    skykey_state: 'alarm',
    skykey_links: [{ skykey_link: 'micius-beijing', skykey_reason: reason }],
  });
  const response = await site.call('GET', 'enc_keys');
  assert.equal(response.status, 503);
  assert.match(json(response).message as string, /micius-beijing is under alarm/);
  assert.ok(response.headers['Retry-After']);
}

test('014-D27: an alarm closes the pair at both ends and voids what was not delivered', async (t) => {
  const { beijing, moscow } = await Network.open(t);
  const [fetched, waiting] = await beijing.keys(2);
  const [back] = await moscow.keys();
  keysOf(await moscow.fetch([fetched!.key_ID]));
  const report = await beijing.kme.raiseAlarm('micius-beijing', REASON);
  assert.deepEqual([report.keys, report.bits], [1, 8 * (2 * 4096 - 64)]);
  await isClosed(beijing);
  assert.deepEqual(json(await beijing.fetch([back!.key_ID])), { message: NOT_FOUND });

  assert.equal((await beijing.kme.flush()).told, 1);
  await isClosed(moscow);
  assert.deepEqual(json(await moscow.fetch([waiting!.key_ID])), { message: NOT_FOUND });
  for (const site of [beijing, moscow]) {
    await site.crash();
    await isClosed(site);
    for (const lane of LANES) assert.equal(await site.available(lane), 0);
    assert.ok((await site.tx.journal.list()).some(({ severity }) => severity === 'alarm'));
  }
});

test('an alarm voids keys that were assigned ahead, too', async (t) => {
  const { beijing, moscow } = await Network.open(t);
  for (let i = 0; i < 3; i++) await beijing.keys();
  const stock = { masterSae: 'desk-beijing', slaveSae: 'desk-moscow', bytes: 32 };
  assert.equal(await beijing.tx.keys.countStock(stock), 3);
  await moscow.kme.raiseAlarm('micius-beijing', REASON);
  assert.equal((await moscow.kme.flush()).told, 1);
  assert.equal(await beijing.tx.keys.countStock(stock), 0);
  await isClosed(beijing);
});

test('the alarm reaches a peer that was away, once, also when this side dies meanwhile', async (t) => {
  const network = await Network.open(t);
  const { beijing, moscow } = network;
  for (const requestsArrive of [false, true]) {
    network.cut(requestsArrive);
    if (!requestsArrive) await beijing.kme.raiseAlarm('micius-beijing', 'tapped');
    const report = await beijing.kme.flush();
    assert.equal(report.told, 0);
    assert.match(report.waiting.get('moscow')!, /moscow does not answer/);
    await beijing.crash();
  }
  network.mend();
  const nothing = { joined: 0, confirmed: 0, combined: 0, told: 0, waiting: new Map() };
  assert.deepEqual(await beijing.kme.flush(), { ...nothing, told: 1 });
  assert.deepEqual(await beijing.kme.flush(), nothing);
  assert.equal((await moscow.kme.alarms()).length, 1);
});

test('reopening: new key is handed out at both ends, old key never again', async (t) => {
  const network = await Network.open(t);
  const { beijing, moscow } = network;
  const [old] = await beijing.keys();
  network.nowMs = 2_000;
  await beijing.kme.raiseAlarm('micius-beijing', 'tapped');
  await beijing.kme.flush();
  network.nowMs = 3_000;
  assert.equal(await beijing.kme.reopen('micius-beijing'), true);
  assert.equal(await beijing.kme.reopen('micius-beijing'), false);
  await beijing.kme.flush();
  assert.deepEqual(await moscow.kme.alarms(), []);
  assert.equal(await moscow.count(), 0);
  await assert.rejects(network.fill(64, 0, 1_999), code('vault/poisoned'));
  await network.fill(640, 0, 3_000);
  assert.deepEqual([await beijing.count(), await moscow.count()], [20, 20]);
  const sent = await beijing.keys(3);
  assert.deepEqual(keysOf(await moscow.fetch(sent.map(({ key_ID }) => key_ID))), sent);
  assert.deepEqual(json(await moscow.fetch([old!.key_ID])), { message: NOT_FOUND });
});

test('who did not find the alarm does not end it for who did', async (t) => {
  const network = await Network.open(t);
  const { beijing, moscow } = network;
  await beijing.kme.raiseAlarm('micius-beijing', 'tapped');
  await beijing.kme.flush();
  assert.equal(await moscow.kme.reopen('micius-beijing'), false);
  await moscow.kme.flush();
  assert.equal((await beijing.kme.alarms()).length, 1);
  assert.equal((await moscow.call('GET', 'enc_keys')).status, 503, 'the peer still refuses');
  // Found by both, it is closed until both have reopened it.
  await moscow.kme.raiseAlarm('micius-beijing', 'tapped here, too');
  await network.settle();
  assert.equal((await beijing.kme.alarms()).length, 2);
  await beijing.kme.reopen('micius-beijing');
  await network.settle();
  for (const site of [beijing, moscow]) {
    assert.deepEqual(
      (await site.kme.alarms()).map(({ foundBy }) => foundBy),
      ['moscow'],
    );
  }
});

test('an alarm while a key is under way: it does not come out', async (t) => {
  const network = await Network.open(t);
  const { beijing, moscow } = network;
  network.between = async (message, on) => {
    const answer = await on(message);
    network.mend();
    await beijing.kme.raiseAlarm('micius-beijing', 'tapped');
    return answer;
  };
  assert.equal((await beijing.call('GET', 'enc_keys')).status, 503);
  await beijing.kme.flush();
  for (const { tx } of [beijing, moscow]) assert.equal((await tx.counters()).deliveredKeys, 0);
  const [record] = await moscow.tx.keys.find([FIRST]);
  assert.deepEqual(
    record!.copies.map(({ state }) => state),
    ['VOIDED'],
  );
});

test('an alarm that the disk refuses to take down still closes the pair, and is told when the disk is well again', async (t) => {
  const network = await Network.open(t);
  const { beijing, moscow } = network;
  const [sent] = await beijing.keys();
  const [back] = await moscow.keys();
  breakMethod(beijing.vault, 'poison', 2);
  breakMethod(moscow.vault, 'poison', 1);
  network.between = async (message, on) => {
    const answer = await on(message);
    await assert.rejects(beijing.kme.raiseAlarm('micius-beijing', 'tapped'), /input\/output/);
    network.mend();
    return answer;
  };
  assert.equal((await beijing.call('GET', 'enc_keys')).status, 503, 'not even the one under way');
  assert.equal((await beijing.fetch([back!.key_ID])).status, 503);
  assert.equal(await beijing.count(), 0);
  assert.equal((await beijing.kme.alarms()).length, 1);
  await assert.rejects(moscow.kme.raiseAlarm('micius-beijing', 'tapped'), /input\/output/);
  assert.equal((await moscow.fetch([sent!.key_ID])).status, 503);
  for (const { tx } of [beijing, moscow]) assert.equal((await tx.counters()).deliveredKeys, 1);
  assert.match((await beijing.kme.flush()).waiting.get('beijing')!, /input\/output/);
  await network.settle();
  for (const site of [beijing, moscow]) {
    assert.equal((await site.kme.alarms()).length, 2, 'each has its own and the other one');
    assert.equal(await site.available(LANES[0]!), 0);
    assert.equal(await site.kme.reopen('micius-beijing'), true);
  }
  await network.settle();
  assert.deepEqual(await beijing.kme.alarms(), []);
});

test('a peer without a pad left to answer still acts on an alarm', async (t) => {
  const network = await Network.open(t);
  const { beijing, moscow } = network;
  const pads = moscow.tx.pads(peerLane('moscow', 'beijing'));
  while ((await pads.left()) > 0) await pads.useNext();
  assert.equal((await beijing.call('GET', 'enc_keys')).status, 503, 'keys are not assigned without an answer');
  assert.deepEqual(await moscow.tx.keys.find([FIRST]), [undefined]);
  await beijing.crash();
  await beijing.kme.raiseAlarm('micius-beijing', 'tapped');
  assert.equal((await beijing.kme.flush()).told, 0);
  assert.equal((await moscow.kme.alarms()).length, 1);
  // With new pads the answer comes, to the very same message.
  await network.fill(0, 160, 2_000);
  assert.deepEqual([...(await beijing.kme.flush()).waiting], []);
  assert.deepEqual(await beijing.tx.outbox.list(), []);
});

test('an alarm on a link that no key of a pair rests on leaves the pair as it is', async (t) => {
  const { beijing, moscow } = await Network.open(t);
  assert.deepEqual(await beijing.kme.raiseAlarm('micius-delhi', 'tapped'), { bits: 0, keys: 0, blocks: 0 });
  assert.equal(await beijing.kme.reopen('micius-nowhere'), false);
  await beijing.kme.flush();
  assert.equal((await moscow.kme.alarms()).length, 1);
  const status = json(await beijing.call('GET', 'status'));
  assert.deepEqual([status.stored_key_count, status.status_extension], [128, undefined]);
  const sent = await beijing.keys(2);
  assert.deepEqual(keysOf(await moscow.fetch(sent.map(({ key_ID }) => key_ID))), sent);
});

test('an alarm takes one way; the pair goes on with another', async (t) => {
  const network = await Network.open(t);
  const { beijing, moscow } = network;
  const other = labels(['jinan-beijing', 'jinan-moscow'], { routes: [['beijing', 'jinan', 'moscow']] });
  await network.share('beijing', 'moscow', 'jinan', { keyBytes: 320, padBytes: 0, labels: other, seed: 50 });
  assert.equal(await beijing.count(), 138);
  await moscow.kme.raiseAlarm('micius-moscow', 'tapped');
  await network.settle();
  for (const site of [beijing, moscow]) {
    const { stored_key_count, status_extension } = json(await site.call('GET', 'status'));
    assert.equal(stored_key_count, 10);
    assert.equal((status_extension as { skykey_state: string }).skykey_state, 'alarm');
  }
  const sent = await beijing.keys(2);
  assert.deepEqual(keysOf(await moscow.fetch(sent.map(({ key_ID }) => key_ID))), sent);
});

/** Alarm messages that crossed, decoded. */
function alarms(network: Network): { from: string; to: string; message: PeerMessage }[] {
  return network.wire.flatMap(({ from, to, message }) => {
    const input = new Reader(message.subarray(0, -16)).magic('SKQ2');
    const [sender, receiver] = [input.text(), input.text()];
    input.u53();
    const list = new Reader(input.bytes(1e6));
    const count = list.u32();
    const read = Array.from({ length: count }, () => decodeMessage(list.bytes(1e6), sender, receiver));
    return read.filter(({ kind }) => kind === 'alarm').map((each) => ({ from, to, message: each }));
  });
}

/** Four nodes, each of which can speak to each. */
async function meshed(t: Parameters<typeof Network.open>[0]): Promise<Network> {
  const none = { joins: [], combinations: [] };
  const network = await Network.open(t, { sites: ['beijing', 'moscow', 'delhi'], relays: { micius: none } });
  const nodes = network.nodeIds;
  for (const [i, a] of nodes.entries()) {
    for (const b of nodes.slice(i + 1)) {
      if (a === 'beijing' && b === 'moscow') continue;
      const route = { routes: [[a, b]], originLinks: [`${a}-${b}`] };
      await network.share(a, b, 'direct', { keyBytes: 0, padBytes: 512, labels: labels([], route), seed: 7 * i });
    }
  }
  return network;
}

test('the alarm is passed on by whoever hears it first, and each node passes it on once', async (t) => {
  const network = await meshed(t);
  await network.beijing.kme.raiseAlarm('micius-beijing', 'tapped');
  await network.settle();
  const told = alarms(network);
  for (const node of network.nodeIds) {
    const heard = await network.vaultOf(node).atomically((tx) => tx.recallAll('alarm/'));
    assert.equal(heard.length, 1, node);
    const sent = told.filter(({ from }) => from === node).map(({ to }) => to);
    assert.equal(new Set(sent).size, sent.length, `${node} told nobody twice`);
    // The finder tells three; who heard it tells the other two.
    assert.equal(sent.length, node === 'beijing' ? 3 : 2, node);
  }
  const count = network.wire.length;
  await network.settle();
  assert.equal(network.wire.length, count, 'then there is silence');
});

test('the alarm finds its way around a line that is cut', async (t) => {
  const network = await meshed(t);
  network.between = async (message, on, from, to) => {
    if ([from, to].includes('beijing') && [from, to].includes('moscow')) throw new Error('the line is dead');
    return on(message);
  };
  await network.beijing.kme.raiseAlarm('micius-beijing', 'tapped');
  await network.settle();
  assert.equal((await network.moscow.kme.alarms()).length, 1);
  assert.equal(await network.moscow.available(LANES[0]!), 0);
});

test('what is told late and out of order: the newest word of the finder counts', async (t) => {
  const network = await meshed(t);
  const { moscow, beijing } = network;
  const say = (version: number, state: 'dropped' | 'open', foundBy = 'beijing', atMs = version) =>
    moscow.vault.atomically((tx) =>
      moscow.kme.exchange.alarms.hear(
        tx,
        {
          kind: 'alarm',
          link: 'x',
          foundBy,
          version,
          state,
          reason: 'tapped',
          atMs,
        },
        foundBy,
        new Set(['beijing']),
      ),
    );
  const raised = async (): Promise<number> => (await moscow.kme.alarms()).length;
  assert.ok(await say(5, 'open'));
  assert.equal(await say(4, 'dropped'), undefined, 'taken back before it was heard of');
  assert.equal(await raised(), 0);
  assert.ok(await say(6, 'dropped'));
  assert.equal(await say(6, 'dropped'), undefined);
  assert.equal(await raised(), 1);
  assert.equal(await say(5, 'open'), undefined);
  assert.equal(await raised(), 1);
  assert.ok(await say(7, 'open'));
  assert.equal(await raised(), 0);
  assert.equal(await say(9, 'dropped', 'moscow'), undefined, 'nobody tells this node what it found itself');
  assert.equal(await raised(), 0);
  // Versions go with the clock: a finder that begins with an empty vault is heard.
  network.nowMs = 50_000;
  await beijing.kme.raiseAlarm('x', 'tapped');
  await network.settle();
  assert.equal(await raised(), 1);
});

test('heard late, an alarm takes all that is here by then, and nothing that is made afterwards', async (t) => {
  const network = await Network.open(t, { keyBytes: 320 });
  const { beijing, moscow } = network;
  network.nowMs = 2_000;
  network.cut(false);
  await beijing.kme.raiseAlarm('micius-beijing', 'tapped');
  network.nowMs = 3_000;
  await beijing.kme.reopen('micius-beijing');
  await network.fill(640, 0, 2_500);
  network.mend();
  await network.settle();
  assert.deepEqual(await moscow.kme.alarms(), []);
  assert.deepEqual([await beijing.available(LANES[0]!), await moscow.available(LANES[0]!)], [640, 0]);
  network.nowMs = 4_000;
  await network.fill(640, 0, 3_500);
  // What one end alone has left is refused by the other, and burned.
  assert.equal((await beijing.call('POST', 'enc_keys', { json: { number: 20 } })).status, 503);
  const sent = await beijing.keys(3);
  assert.deepEqual(keysOf(await moscow.fetch(sent.map(({ key_ID }) => key_ID))), sent);
});

test('that a link is open again is believed of its finder, else of two neighbours; of a time to come nobody is believed', async (t) => {
  const network = await Network.open(t);
  const { moscow } = network;
  const message = { kind: 'alarm', link: 'x', foundBy: 'delhi', reason: 'tapped' } as const;
  const say = (change: { version: number; state: 'dropped' | 'open'; atMs?: number }, from: string, lines: string[]) =>
    moscow.vault.atomically((tx) =>
      moscow.kme.exchange.alarms.hear(tx, { ...message, atMs: 900, ...change }, from, new Set(lines)),
    );
  const raised = async (): Promise<number> => (await moscow.kme.alarms()).length;
  const all = ['beijing', 'jinan', 'delhi'];
  const two = ['beijing', 'jinan'];
  assert.ok(await say({ version: 900, state: 'dropped' }, 'jinan', all), 'an alarm is believed of anybody');
  assert.equal(await say({ version: 901, state: 'open' }, 'beijing', all), undefined, 'there is a line to the finder');
  assert.equal(await say({ version: 901, state: 'open' }, 'beijing', two), undefined);
  assert.equal(await say({ version: 901, state: 'open' }, 'beijing', two), undefined, 'one and the same');
  assert.equal(await say({ version: 902, state: 'open' }, 'jinan', two), undefined, 'of another change');
  assert.equal(await raised(), 1);
  assert.ok(await say({ version: 902, state: 'open' }, 'beijing', two));
  assert.equal(await raised(), 0);
  assert.ok(await say({ version: 903, state: 'dropped' }, 'beijing', all));
  assert.ok(await say({ version: 904, state: 'open' }, 'delhi', all));
  assert.equal(await raised(), 0);
  for (const change of [{ version: 61_001 }, { version: 905, atMs: 61_001 }, { version: 905, atMs: Number.NaN }]) {
    await assert.rejects(say({ state: 'dropped', ...change }, 'delhi', all), code('kme/argument'));
  }
  assert.ok(await say({ version: 61_000, state: 'dropped', atMs: 61_000 }, 'delhi', all));
});
