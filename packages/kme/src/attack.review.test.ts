import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DIRECT, keyLane, peerLane } from './lanes.ts';
import { encodeMessage } from './peer/message.ts';
import { ascii } from './peer/frame.ts';
import { Reader, Writer } from './peer/wire.ts';
import type { RelayPlan } from './relay/exchange.ts';
import { json, keysOf, LINKS, labels, Network, pattern, policyOf, secret, type Site, text, WAY } from './test/sites.ts';

const wait = (ms: number) => new Promise<'late'>((r) => setTimeout(() => r('late'), ms).unref());
const A = 'micius-beijing';
const PLAN: RelayPlan = {
  joins: [{ left: { node: 'beijing', way: DIRECT }, right: { node: 'moscow', way: DIRECT } }],
  combinations: [],
};
const THERE = keyLane('beijing', 'moscow', 'micius');

async function sky(t: Parameters<typeof Network.open>[0], sites = ['beijing', 'moscow']) {
  const network = await Network.open(t, { keyBytes: 0, relays: { micius: PLAN }, sites });
  let passes = 0;
  const pass = async (station: string, keyBytes: number) => {
    const told = labels([`micius-${station}`], {
      routes: [['micius', station]],
      jurisdictions: ['ORBIT'],
      createdAtMs: network.nowMs,
    });
    await network.share('micius', station, DIRECT, { keyBytes, padBytes: 512, labels: told, seed: 10 * ++passes });
  };
  const both = async (bytes: number) => {
    await pass('beijing', bytes);
    await pass('moscow', bytes);
  };
  return { network, pass, both, flush: () => network.relay('micius').exchange.flush() };
}

function underTagOf(frame: Uint8Array, messages: Uint8Array[]): Uint8Array {
  const input = new Reader(frame).magic('SKQ2');
  const [from, to, pad] = [input.text(), input.text(), input.u53()];
  const list = new Writer().u32(messages.length);
  for (const m of messages) list.bytes(m);
  return new Writer()
    .raw(ascii('SKQ2'))
    .text(from)
    .text(to)
    .u53(pad)
    .bytes(list.finish())
    .raw(frame.subarray(-16))
    .finish();
}

test('R1 while a word is being heard, anybody who saw its frame can put any message under its tag', async (t) => {
  const network = await Network.open(t);
  const { beijing, moscow } = network;
  let go = (): void => undefined;
  moscow.kme.words.hear('slow', async () => {
    await new Promise<void>((r) => (go = r));
    return new Uint8Array(0);
  });
  const told = beijing.kme.words.tell('kme-moscow', 'slow', new Uint8Array(1));
  await wait(50);
  const frame = network.wire[0]!.message;
  const alarm = {
    kind: 'alarm' as const,
    link: LINKS[0]!,
    foundBy: 'mallory',
    version: 5,
    state: 'dropped' as const,
    reason: 'forged',
    atMs: 1e9,
  };
  await moscow.kme.handlePeer(underTagOf(frame, [encodeMessage(alarm, 'beijing', 'moscow')]));
  const alarms = await moscow.kme.alarms();
  go();
  await Promise.race([told.catch(() => undefined), wait(500)]);
  assert.deepEqual(alarms, [], 'an unauthenticated alarm took effect');
});

test('R1b a word that could not be concluded: forged words under its tag are heard', async (t) => {
  const network = await Network.open(t);
  const { beijing, moscow } = network;
  const heard: string[] = [];
  moscow.kme.words.hear('say', async (_, body) => {
    heard.push(new TextDecoder().decode(body));
    return new Uint8Array(0);
  });
  // No pad left at Moscow to answer with.
  const pads = moscow.tx.pads(peerLane('moscow', 'beijing'));
  while ((await pads.left()) > 0) await pads.useNext();
  await assert.rejects(beijing.kme.words.tell('kme-moscow', 'say', new TextEncoder().encode('true')));
  const frame = network.wire[0]!.message;
  const word = { kind: 'word' as const, topic: 'say', body: new TextEncoder().encode('false') };
  await moscow.kme.handlePeer(underTagOf(frame, [encodeMessage(word, 'beijing', 'moscow')]));
  assert.ok(!heard.includes('false'), heard.join());
});

test("R2 the reserve of pads for alarms is spent by answers to the peer's traffic", async (t) => {
  const network = await Network.open(t, { keyBytes: 8192 });
  const { beijing, moscow } = network;
  const pads = moscow.tx.pads(peerLane('moscow', 'beijing'));
  while ((await pads.left()) > 6) await pads.useNext();
  for (let i = 0; i < 20; i++)
    await beijing.kme.keys
      .getKeys({ master: 'desk-beijing', slaves: ['desk-moscow'], count: 1, bytes: 32, demand: { minPaths: 1 } })
      .catch(() => undefined);
  const left = await pads.left();
  await moscow.kme.raiseAlarm(LINKS[1]!, 'tapped');
  await moscow.kme.flush();
  const heard = (await beijing.kme.alarms()).length;
  assert.deepEqual([left >= 4, heard], [true, 1], `${left} pads left, alarm heard by ${heard}`);
});

test('R3 an alarm waits behind an assignment that the peer has no pad to answer', async (t) => {
  const network = await Network.open(t);
  const { beijing, moscow } = network;
  const pads = moscow.tx.pads(peerLane('moscow', 'beijing'));
  while ((await pads.left()) > 0) await pads.useNext();
  assert.equal((await beijing.call('GET', 'enc_keys')).status, 503);
  await beijing.kme.raiseAlarm(LINKS[0]!, 'tapped');
  for (let i = 0; i < 3; i++) await beijing.kme.flush();
  assert.equal((await moscow.kme.alarms()).length, 1, 'moscow never hears of it');
});

test('R4 after an alarm that only one end could act on: good shared key and pads stay usable', async (t) => {
  const { network, both, flush } = await sky(t);
  const { beijing, moscow } = network;
  const chat = async (n: number) => {
    for (let i = 0; i < n; i++) await beijing.keys(1);
  };
  await both(20_000);
  await flush();
  await beijing.kme.flush();
  await chat(1);
  const shared = await moscow.available(THERE);
  assert.ok(shared > 3000);
  // A second block of other links: released at moscow only.
  await both(4_000);
  await flush();
  network.cut(true);
  await beijing.kme.flush();
  // what is discarded at beijing: nothing else than the held block (an unauthenticated "refused")
  const [blockId] = await beijing.tx.held();
  network.between = async (message, on) => {
    if (message[2] !== 0x43) return on(message);
    await on(message);
    return new Writer().raw(ascii('SKC2')).u8(2).text(blockId!).finish();
  };
  await beijing.kme.flush();
  network.mend();
  assert.equal((await beijing.tx.block(blockId!))?.state, 'discarded');
  await chat(1);
  await both(4_000);
  await flush();
  const done = await beijing.kme.flush();
  assert.equal(done.confirmed, 1);
  const statuses: number[] = [];
  for (let i = 0; i < 20; i++) {
    statuses.push((await beijing.call('GET', 'enc_keys')).status);
    await beijing.kme.flush();
  }
  assert.ok(
    statuses.every((s) => s === 200),
    `statuses ${statuses}; moscow has ${await moscow.available(THERE)} of ${await beijing.available(THERE)}`,
  );
});

test('R4b the same by a natural alarm: reopened, new key; the conversation works', async (t) => {
  const { network, both, flush, pass } = await sky(t);
  const { beijing, moscow } = network;
  await both(20_000);
  await flush();
  await beijing.kme.flush();
  await beijing.keys(1);
  await both(4_000);
  await flush();
  network.cut(true);
  await beijing.kme.flush();
  network.nowMs = 2_000;
  await beijing.kme.raiseAlarm(A, 'tapped');
  network.mend();
  network.nowMs = 3_000;
  await beijing.kme.reopen(A);
  await network.settle();
  network.nowMs = 5_000;
  await pass('beijing', 6_000);
  await pass('moscow', 6_000);
  await flush();
  await beijing.kme.flush();
  await network.settle();
  const statuses: string[] = [];
  for (let i = 0; i < 6; i++) {
    const answer = await beijing.call('GET', 'enc_keys');
    statuses.push(answer.status === 200 ? '200' : text(answer));
    await network.settle(1);
  }
  assert.ok(
    statuses.every((s) => s === '200'),
    statuses.join('\n'),
  );
});

test('R4c a forged question by anybody destroys a held block', async (t) => {
  const { network, both, flush } = await sky(t);
  await both(8_000);
  await flush();
  const [blockId] = await network.moscow.tx.held();
  const forged = new Writer()
    .raw(ascii('SKC1'))
    .text(blockId!)
    .u53(0)
    .u53(0)
    .u53(0)
    .u53(0)
    .raw(new Uint8Array(16))
    .finish();
  await network.moscow.kme.handlePeer(forged);
  await network.beijing.kme.flush();
  assert.equal((await network.moscow.tx.block(blockId!))?.state, 'released');
});

test('R5 the other site lost its vault: after the next confirmed block keys come again', async (t) => {
  const { network } = await sky(t);
  const { beijing, moscow } = network;
  const told = labels(LINKS);
  // What Beijing has left of the time before; Moscow begins with an empty vault.
  await beijing.vault.atomically(async (tx) => {
    for (const [i, lane] of [peerLane('beijing', 'moscow'), peerLane('moscow', 'beijing'), THERE, keyLane('moscow', 'beijing', 'micius')].entries())
      await tx.append(lane, told, secret(pattern(1024, 70 + i)));
  });
  for (const site of [beijing, moscow]) await site.tx.hold({ blockId: 'join:micius:x', labels: told, bytes: secret(pattern(8_000, 5)) });
  assert.equal((await beijing.kme.flush()).confirmed, 1);
  const statuses: string[] = [];
  for (let i = 0; i < 6; i++) {
    const answer = await beijing.call('GET', 'enc_keys');
    statuses.push(answer.status === 200 ? '200' : text(answer));
    await beijing.kme.flush();
  }
  assert.ok(statuses.every((s) => s === '200'), statuses.join('\n'));
});

test('R6 a quantum link between two sites and a relayed way between them: the lanes of tags stay alike', async (t) => {
  const { network, both, flush } = await sky(t);
  const { beijing, moscow } = network;
  const direct = (seed: number) =>
    network.share('beijing', 'moscow', DIRECT, {
      keyBytes: 4096,
      padBytes: 512,
      seed,
      labels: labels(['fibre'], { routes: [['beijing', 'moscow']] }),
    });
  await direct(500);
  await beijing.keys(1);
  await both(8_000);
  await flush();
  network.cut(true);
  await beijing.kme.flush(); // moscow has released, the answer is lost
  network.mend();
  await direct(600); // the fibre releases its next block at both ends
  await beijing.kme.flush();
  const statuses: string[] = [];
  for (let i = 0; i < 60; i++) {
    const answer = await beijing.call('POST', 'enc_keys', { json: { extension_mandatory: [{ skykey_min_paths: 1 }] } });
    statuses.push(answer.status === 200 ? '200' : text(answer));
    await network.settle(1);
  }
  assert.ok(
    statuses.every((s) => s === '200'),
    [...new Set(statuses)].join('\n'),
  );
  assert.ok(moscow);
});

test('R7 words both ways whose handlers assign keys: no deadlock', async (t) => {
  const network = await Network.open(t, { keyBytes: 8192 });
  for (const [site, master, slave] of [
    [network.beijing, 'desk-beijing', 'desk-moscow'],
    [network.moscow, 'desk-moscow', 'desk-beijing'],
  ] as [Site, string, string][]) {
    site.kme.words.hear('need', async () => {
      await site.kme.keys.assignKeys({ master, slaves: [slave], count: 1, bytes: 32, keyIds: [network.uuid()] });
      return new Uint8Array(0);
    });
  }
  const all = Promise.all([
    network.beijing.kme.words.tell('kme-moscow', 'need', new Uint8Array(1)),
    network.moscow.kme.words.tell('kme-beijing', 'need', new Uint8Array(1)),
  ]);
  assert.notEqual(await Promise.race([all, wait(3_000)]), 'late');
});

test("R8 multicast: a slave at the master's own site gets only what its own rule allows", async (t) => {
  const policy = policyOf([
    { between: ['desk-beijing', 'desk-moscow'] },
    { between: ['desk-beijing', 'lab-beijing'], simulated: false, denyNodes: ['micius'], minPaths: 2 },
  ]);
  const network = await Network.open(t, { site: { beijing: { policy }, moscow: { policy } } });
  const answer = await network.beijing.call('POST', 'enc_keys', {
    json: { additional_slave_SAE_IDs: ['lab-beijing'] },
  });
  assert.notEqual(answer.status, 200, 'lab-beijing got a key carried under pads of micius, which its rule denies');
});

test('R8b a mandatory demand for a slave of the same site is not passed over', async (t) => {
  const policy = policyOf([{ between: ['desk-beijing', 'lab-beijing'] }]);
  const network = await Network.open(t, { site: { beijing: { policy } } });
  const answer = await network.beijing.call('POST', 'enc_keys', {
    to: 'lab-beijing',
    json: { extension_mandatory: [{ skykey_min_paths: 3 }, { skykey_route_type: 'relayed' }] },
  });
  assert.equal(answer.status, 400, text(answer));
});

test('R8c status of a pair of one site is true', async (t) => {
  const policy = policyOf([{ between: ['desk-beijing', 'lab-beijing'] }]);
  const network = await Network.open(t, { site: { beijing: { policy } } });
  const status = json(await network.beijing.call('GET', 'status', { to: 'lab-beijing' })).stored_key_count as number;
  const answer = await network.beijing.call('GET', 'enc_keys', { to: 'lab-beijing' });
  assert.equal(answer.status === 200, status > 0, `status says ${status}, enc_keys ${answer.status}`);
});

test("R9 a KME voids nobody else's keys", async (t) => {
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

test('R10 what is only wished for is passed over, whatever alarm there is elsewhere', async (t) => {
  const network = await Network.open(t);
  await network.beijing.kme.raiseAlarm('somewhere-else', 'tapped');
  const answer = await network.beijing.call('POST', 'enc_keys', {
    json: { extension_optional: [{ skykey_route_type: 'direct' }] },
  });
  assert.equal(answer.status, 200, text(answer));
});

test('R10b a demand that cannot be met is a 400, whatever alarm there is elsewhere', async (t) => {
  const network = await Network.open(t);
  await network.beijing.kme.raiseAlarm('somewhere-else', 'tapped');
  const answer = await network.beijing.call('POST', 'enc_keys', {
    json: { extension_mandatory: [{ skykey_route_type: 'direct' }] },
  });
  assert.equal(answer.status, 400, text(answer));
});

test('R12 keys assigned ahead under another policy are not handed out after a restart', async (t) => {
  const network = await Network.open(t, { keyBytes: 65536, padBytes: 16 * 200 });
  const { beijing } = network;
  for (let i = 0; i < 8; i++) await beijing.keys(1);
  const ahead = (
    await beijing.tx.keys.stock({ masterSae: 'desk-beijing', slaveSae: 'desk-moscow', bytes: 32, limit: 100 })
  ).length;
  assert.ok(ahead > 0, 'none ahead');
  const strict = policyOf([{ between: ['desk-beijing', 'desk-moscow'], simulated: false }]);
  (beijing as any)['options'];
  Object.getOwnPropertyNames(beijing);
  const { Kme } = await import('./kme.ts');
  const kme = new Kme({
    kmeId: 'kme-beijing',
    kmes: [
      { kmeId: 'kme-beijing', siteId: 'beijing' },
      { kmeId: 'kme-moscow', siteId: 'moscow' },
    ],
    saes: [
      { saeId: 'desk-beijing', kmeId: 'kme-beijing' },
      { saeId: 'desk-moscow', kmeId: 'kme-moscow' },
    ],
    policy: strict,
    peers: [{ node: 'moscow', link: { call: (m: Uint8Array) => network.carry('beijing', 'moscow', m) } }],
    vault: beijing.vault,
    uuid: () => network.uuid(),
    random: (n) => new Uint8Array(n),
    now: () => network.nowMs,
  });
  await assert.rejects(
    kme.keys.getKeys({ master: 'desk-beijing', slaves: ['desk-moscow'], count: 1, bytes: 32 }),
    'a simulated key was handed out',
  );
});

test('R13 only the finder takes its alarm back', async (t) => {
  const network = await Network.open(t, { relays: { micius: { joins: [], combinations: [] } } });
  const { beijing, moscow } = network;
  await network.share('micius', 'moscow', DIRECT, {
    keyBytes: 1024,
    padBytes: 512,
    seed: 9,
    labels: labels(['mm'], { routes: [['micius', 'moscow']] }),
  });
  await beijing.kme.raiseAlarm(LINKS[0]!, 'tapped');
  await beijing.kme.flush();
  assert.equal((await moscow.kme.alarms()).length, 1);
  await network
    .relay('micius')
    .exchange.peer('moscow')!
    .request({
      urgent: true,
      build: async () => ({
        kind: 'alarm',
        link: LINKS[0]!,
        foundBy: 'beijing',
        version: 2 ** 52,
        state: 'open',
        reason: '',
        atMs: 0,
      }),
      settle: async (_, a) => a,
    });
  assert.equal((await moscow.kme.alarms()).length, 1, 'a relay took back the alarm of beijing, for good');
});

test('R14 an alarm raised while a flush hangs on one peer reaches the others at once', async (t) => {
  const network = await Network.open(t, { sites: ['beijing', 'moscow', 'delhi'] });
  const { beijing, moscow } = network;
  await network.share('beijing', 'delhi', DIRECT, {
    keyBytes: 1024,
    padBytes: 512,
    seed: 9,
    labels: labels(['bd'], { routes: [['beijing', 'delhi']] }),
  });
  await beijing.kme.raiseAlarm('bd', 'x');
  network.between = (message, on, _f, to) => (to === 'delhi' ? new Promise(() => undefined) : on(message));
  void beijing.kme.flush();
  await wait(100);
  await beijing.kme.raiseAlarm(LINKS[0]!, 'tapped');
  await Promise.race([beijing.kme.flush(), wait(500)]);
  assert.equal((await moscow.kme.alarms()).length, 2);
});

test('R15 an alarm raised again and again leaves pads', async (t) => {
  const network = await Network.open(t);
  const { beijing, moscow } = network;
  for (let i = 0; i < 70; i++) {
    network.nowMs += 1000;
    await beijing.kme.raiseAlarm(LINKS[0]!, 'tapped');
    await beijing.kme.flush();
    await moscow.kme.flush();
  }
  await beijing.kme.raiseAlarm(LINKS[1]!, 'tapped');
  await beijing.kme.flush();
  assert.equal(
    (await moscow.kme.alarms()).length,
    2,
    `pads left ${await beijing.tx.pads(peerLane('beijing', 'moscow')).left()}`,
  );
});

test('R17 named keys older than the policy allows are not handed out', async (t) => {
  const policy = policyOf([{ between: ['desk-beijing', 'desk-moscow'], maxAgeMs: 60_000 }]);
  const network = await Network.open(t, { site: { beijing: { policy }, moscow: { policy } } });
  const keyId = network.uuid();
  await network.beijing.kme.keys.assignKeys({
    master: 'desk-beijing',
    slaves: ['desk-moscow'],
    count: 1,
    bytes: 32,
    keyIds: [keyId],
  });
  network.nowMs += 3_600_000;
  await assert.rejects(network.beijing.kme.keys.getKeysWithIds({ caller: 'desk-beijing', keyIds: [keyId] }));
});
void keysOf;
void WAY;

test('R2b voids of ordinary keys do not spend the reserve', async (t) => {
  const network = await Network.open(t);
  const { beijing } = network;
  const keys = [];
  for (let i = 0; i < 4; i++) keys.push((await beijing.keys(1))[0]!.key_ID);
  const pads = beijing.tx.pads(peerLane('beijing', 'moscow'));
  while ((await pads.left()) > 4) await pads.useNext();
  for (const keyId of keys) {
    await beijing.kme.keys.voidKeys([keyId]);
    await beijing.kme.flush();
  }
  assert.equal(await pads.left(), 4);
});

test('R18 keys set aside do not make the slave refuse what was asked for', async (t) => {
  const policy = policyOf([{ between: ['desk-beijing', 'desk-moscow'], quota: { keysWaiting: 8 } }]);
  const network = await Network.open(t, { keyBytes: 65536, padBytes: 16 * 300, site: { beijing: { policy }, moscow: { policy } } });
  const { beijing, moscow } = network;
  const statuses: number[] = [];
  for (let i = 0; i < 20; i++) {
    const answer = await beijing.call('GET', 'enc_keys');
    statuses.push(answer.status);
    if (answer.status === 200) await moscow.fetch([keysOf(answer)[0]!.key_ID]);
  }
  assert.ok(statuses.every((s) => s === 200), statuses.join());
});

test('R19 the finder has a slow clock: its alarm takes what was made before it all the same', async (t) => {
  const network = await Network.open(t, { sites: ['beijing', 'moscow', 'delhi'] });
  const { beijing, moscow, delhi } = network;
  await network.share('beijing', 'delhi', DIRECT, { keyBytes: 1024, padBytes: 512, seed: 9, labels: labels(['bd'], { routes: [['beijing', 'delhi']] }) });
  network.nowMs = 6_000;
  await network.share('moscow', 'delhi', 'x', { keyBytes: 1024, padBytes: 512, seed: 19, labels: labels(['ab'], { routes: [['moscow', 'x', 'delhi']], createdAtMs: 5_990 }) });
  network.nowMs = 5_980; // 20 ms behind the clock of whoever labelled the block
  await beijing.kme.raiseAlarm('ab', 'tapped');
  await beijing.kme.flush();
  await beijing.kme.reopen('ab');
  await beijing.kme.flush();
  network.nowMs = 7_000;
  assert.deepEqual([(await moscow.kme.alarms()).length, (await delhi.kme.alarms()).length], [0, 0]);
  const answer = await moscow.call('GET', 'enc_keys', { to: 'vpn-delhi' });
  assert.equal(answer.status, 503, 'a key of before the alarm is handed out');
});

test('R20 two processes: a frame that comes late does not push out the answer that another one waits for', async (t) => {
  const network = await Network.open(t, { keyBytes: 8192 });
  const { beijing, moscow } = network;
  moscow.kme.words.hear('say', async () => new Uint8Array(0));
  const { Kme } = await import('./kme.ts');
  const links: { late: (() => Promise<Uint8Array>) | undefined; lose: boolean } = { late: undefined, lose: false };
  const other = new Kme({
    kmeId: 'kme-beijing',
    kmes: [{ kmeId: 'kme-beijing', siteId: 'beijing' }, { kmeId: 'kme-moscow', siteId: 'moscow' }],
    saes: [], policy: policyOf([{ between: ['a', 'b'] }]),
    peers: [{ node: 'moscow', link: { call: (m: Uint8Array) => new Promise<Uint8Array>((resolve) => { links.late = async () => { const a = await network.carry('beijing', 'moscow', m); resolve(a); return a; }; }) } }],
    vault: beijing.vault, uuid: () => network.uuid(), random: (n) => new Uint8Array(n), now: () => network.nowMs,
  });
  const first = other.words.tell('kme-moscow', 'say', new Uint8Array(1)).catch(() => undefined);
  while (!links.late) await wait(5);
  const tell = () => beijing.kme.words.tell('kme-moscow', 'say', new Uint8Array(2));
  for (let i = 0; i < 15; i++) await tell();
  network.between = async (m, on) => { await on(m); throw new Error('lost'); };
  await assert.rejects(tell());
  network.mend();
  await links.late();
  await first;
  const results = [];
  for (let i = 0; i < 5; i++) results.push(await tell().then(() => 'ok', (e) => String(e.message)));
  assert.equal(results.at(-1), 'ok', results.join('\n'));
});

test('R25 status of a pair whose quota is used up', async (t) => {
  const policy = policyOf([{ between: ['desk-beijing', 'desk-moscow'], quota: { bitsPerDay: 256 } }]);
  const network = await Network.open(t, { site: { beijing: { policy }, moscow: { policy } } });
  await network.beijing.keys(1);
  const status = await network.beijing.count();
  const answer = await network.beijing.call('GET', 'enc_keys');
  const back = await network.moscow.call('GET', 'enc_keys');
  assert.deepEqual([answer.status === 200, back.status], [status > 0, 503], `count ${status}, enc ${answer.status}; the other side, quota of the pair "whoever of the two asks": ${back.status}`);
});

test('R7b a word that takes its time holds up neither keys nor alarms', async (t) => {
  const network = await Network.open(t);
  const { beijing, moscow } = network;
  moscow.kme.words.hear('slow', () => new Promise(() => undefined));
  void beijing.kme.words.tell('kme-moscow', 'slow', new Uint8Array(1)).catch(() => undefined);
  await wait(50);
  const got = await Promise.race([beijing.call('GET', 'enc_keys').then(({ status }) => status), wait(1_000)]);
  await beijing.kme.raiseAlarm(LINKS[0]!, 'tapped');
  await Promise.race([beijing.kme.flush(), wait(1_000)]);
  assert.deepEqual([got, (await moscow.kme.alarms()).length], [200, 1]);
});

test('R9b a void of keys of a lane that is not there yet: the assignment that comes late is refused', async (t) => {
  const network = await Network.open(t, { keyBytes: 0 });
  const { beijing, moscow } = network;
  const told = labels(LINKS);
  await network.share('beijing', 'moscow', 'other', { keyBytes: 64, padBytes: 512, seed: 3, labels: labels(LINKS, { routes: [['beijing', 'x', 'moscow']] }) });
  await beijing.tx.append(THERE, told, secret(pattern(1024, 7)));
  let late: Uint8Array | undefined;
  network.between = async (m) => { late ??= m.slice(); throw new Error('late'); };
  const keyId = network.uuid();
  await assert.rejects(beijing.kme.keys.assignKeys({ master: 'desk-beijing', slaves: ['desk-moscow'], count: 3, bytes: 32, keyIds: [keyId, network.uuid(), network.uuid()] }));
  network.mend();
  await beijing.crash(); // the frame is forgotten here, and still somewhere on the way
  await beijing.kme.flush();
  await moscow.tx.append(THERE, told, secret(pattern(1024, 7)));
  await moscow.kme.handlePeer(late!);
  assert.equal((await moscow.fetch([keyId])).status, 400, 'moscow delivers a key that beijing has voided');
});

test('R1c a word that cannot be answered is heard once, not on every try', async (t) => {
  const network = await Network.open(t);
  const { beijing, moscow } = network;
  const heard: string[] = [];
  moscow.kme.words.hear('say', async (_, body) => {
    heard.push(new TextDecoder().decode(body));
    return new Uint8Array(0);
  });
  const pads = moscow.tx.pads(peerLane('moscow', 'beijing'));
  while ((await pads.left()) > 0) await pads.useNext();
  for (let i = 0; i < 5; i++) {
    await assert.rejects(beijing.kme.words.tell('kme-moscow', 'say', new TextEncoder().encode(`word ${i}`)));
  }
  assert.equal(heard.filter((word) => word === 'word 0').length <= 1, true, heard.join());
});

test('R9c multicast, all answers lost: the void overtakes the carry frame, and still no slave has the keys', async (t) => {
  const network = await Network.open(t, { sites: ['beijing', 'moscow', 'delhi'] });
  const { beijing, moscow } = network;
  const policy = policyOf([{ between: ['desk-beijing', 'desk-moscow'] }, { between: ['desk-beijing', 'vpn-delhi'] }]);
  void policy;
  await network.share('beijing', 'delhi', DIRECT, { keyBytes: 1024, padBytes: 512, seed: 9, labels: labels(['bd'], { routes: [['beijing', 'delhi']] }) });
  network.cut(false);
  const answer = await beijing.call('POST', 'enc_keys', { json: { additional_slave_SAE_IDs: ['vpn-delhi'] } });
  assert.equal(answer.status, 503);
  network.mend();
  await beijing.kme.flush();
  await beijing.kme.flush();
  await beijing.call('GET', 'enc_keys');
  const [keyId] = (await moscow.tx.blocks('carried:')).map(({ blockId }) => blockId.slice('carried:'.length));
  assert.notEqual(keyId === undefined ? 400 : (await moscow.fetch([keyId])).status, 200, 'moscow delivers a multicast key that was refused to the master');
});
