import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SecretBytes } from '@skykey/bits';
import { DIRECT, keyLane, peerLane } from '../lanes.ts';
import { decodeMessage, encodeMessage, type JoinMessage } from '../peer/message.ts';
import {
  breakMethod,
  code,
  hex,
  keysOf,
  labels,
  Network,
  pattern,
  type Site,
  secret,
  text,
  wrap,
} from '../test/sites.ts';
import { joinCuts } from './confirm.ts';
import type { RelayPlan } from './exchange.ts';
import { acceptJoin, joinBlockId, joinEnds } from './join.ts';

const A = 'micius-beijing';
const B = 'micius-moscow';
const LEFT = { node: 'beijing', way: DIRECT };
const RIGHT = { node: 'moscow', way: DIRECT };
const PLAN: RelayPlan = { joins: [{ left: LEFT, right: RIGHT }], combinations: [] };
const TO_A = keyLane('micius', 'beijing', DIRECT);
const TO_B = keyLane('micius', 'moscow', DIRECT);
const THERE = keyLane('beijing', 'moscow', 'micius');
const BACK = keyLane('moscow', 'beijing', 'micius');
/** Uuids of the test network count up; the first join takes the first. */
const BLOCK = joinBlockId('micius', '00000001-0000-4000-8000-00000000cafe');

/** A satellite over two stations that share key with it, and not with each other. */
class Sky {
  readonly network: Network;
  #passes = 0;

  private constructor(network: Network) {
    this.network = network;
  }

  static async open(t: Parameters<typeof Network.open>[0], bytes = { a: 8_000, b: 10_000 }, plan = PLAN): Promise<Sky> {
    const sky = new Sky(await Network.open(t, { keyBytes: 0, relays: { micius: plan } }));
    await sky.pass('beijing', bytes.a);
    await sky.pass('moscow', bytes.b);
    return sky;
  }

  get beijing(): Site {
    return this.network.beijing;
  }

  get moscow(): Site {
    return this.network.moscow;
  }

  get micius(): ReturnType<Network['tx']> {
    return this.network.tx('micius');
  }

  /** A pass has given the same block to both parties of a link. */
  async pass(station: string, keyBytes: number): Promise<void> {
    const seed = 10 * ++this.#passes;
    const origin = { routes: [['micius', station]], jurisdictions: ['ORBIT', station === 'beijing' ? 'CN' : 'RU'] };
    const told = labels([`micius-${station}`], { ...origin, createdAtMs: this.network.nowMs });
    await this.network.share('micius', station, DIRECT, { keyBytes, padBytes: 512, labels: told, seed });
  }

  flush(): ReturnType<Site['kme']['flush']> {
    return this.network.relay('micius').exchange.flush();
  }

  /** From passes to key that both stations use. */
  async relayed(): Promise<void> {
    assert.ok((await this.flush()).joined > 0);
    const [a, b] = [await this.beijing.kme.flush(), await this.moscow.kme.flush()];
    assert.ok(a.confirmed > 0);
    assert.equal(b.confirmed, 0, 'the end with the smaller name asks');
  }

  async works(): Promise<void> {
    for (const [from, to] of [
      [this.moscow, this.beijing],
      [this.beijing, this.moscow],
    ] as const) {
      const sent = await from.keys(2);
      assert.deepEqual(keysOf(await to.fetch(sent.map(({ key_ID }) => key_ID))), sent);
    }
  }
}

test('from the satellite to an application: the same key at both ends, and nowhere else', async (t) => {
  const sky = await Sky.open(t);
  const { beijing, moscow, network } = sky;
  assert.equal(await beijing.count(), 0);
  assert.equal((await sky.flush()).joined, 1);
  assert.deepEqual([await sky.micius.available(TO_A), await sky.micius.available(TO_B)], [0, 2_000]);
  const [record] = await network.vaultOf('micius').atomically((tx) => network.relay('micius').exchange.joins(tx));
  assert.deepEqual(record, {
    joinId: '00000001-0000-4000-8000-00000000cafe',
    utcMs: 1_000,
    route: ['beijing', 'micius', 'moscow'],
    bits: 8_000 * 8,
    waiting: [],
  });
  assert.deepEqual(await sky.micius.outbox.list(), []);
  assert.deepEqual([await beijing.tx.held(), await moscow.tx.held()], [[BLOCK], [BLOCK]]);
  const shared = await beijing.tx.readHeld(BLOCK);
  assert.ok(shared.equals(await moscow.tx.readHeld(BLOCK)));
  assert.equal(shared.open(hex), hex(pattern(8_000, 11)), 'it is the key of the left link');

  assert.equal(await beijing.count(), 0, 'nothing is used before it is confirmed');
  assert.equal((await moscow.kme.flush()).confirmed, 0, 'moscow waits for the question');
  assert.equal((await beijing.kme.flush()).confirmed, 1);
  assert.deepEqual([await beijing.tx.held(), await moscow.tx.held()], [[], []]);
  await sky.works();
  const { labels: joined } = (await beijing.tx.block(BLOCK))!;
  assert.deepEqual(joined.originLinks, [A, B]);
  assert.deepEqual(joined.routes, [['beijing', 'micius', 'moscow']]);
  assert.deepEqual(joined.jurisdictions, ['CN', 'ORBIT', 'RU']);
  assert.deepEqual([joined.epsSec, joined.simulated], [2e-9, true]);

  await network.vaultOf('micius').rotate();
  const file = readFileSync(join(network.folder, 'micius.db'));
  for (let at = 0; at < 8_000; at += 64) {
    for (const seed of [11, 21]) {
      assert.equal(file.indexOf(pattern(8_000, seed).subarray(at, at + 16)), -1, `link ${seed}, byte ${at}`);
    }
  }
});

test('what crosses is the exclusive or of both keys, and neither of them', async (t) => {
  const sky = await Sky.open(t, { a: 2_048, b: 2_048 });
  await sky.flush();
  const wire = sky.network.wire.map(({ message }) => hex(message)).join();
  const [left, right] = [pattern(2_048, 11), pattern(2_048, 21)];
  assert.ok(wire.includes(hex(left.map((byte, i) => byte ^ right[i]!))));
  for (let at = 0; at < 2_048; at += 16) {
    for (const key of [left, right]) assert.ok(!wire.includes(hex(key.subarray(at, at + 16))), `byte ${at}`);
  }
});

test('the cut: confirmation bytes are used for nothing else, all parts are whole pads and do not overlap', () => {
  for (const bytes of [2_048, 2_112, 8_000 - (8_000 % 64), 1 << 20]) {
    const cuts = joinCuts(bytes, 'a', 'b', 'w');
    assert.deepEqual(
      cuts.map(({ lane }) => lane),
      [peerLane('a', 'b'), peerLane('b', 'a'), keyLane('a', 'b', 'w'), keyLane('b', 'a', 'w')],
    );
    let at = 48;
    for (const { from, to } of cuts) {
      assert.equal(from, at);
      assert.equal((to - from) % 16, 0);
      at = to;
    }
    assert.ok(at <= bytes && bytes - at < 32 + 32);
    const [ab, ba, keys, back] = cuts.map(({ from, to }) => to - from);
    assert.deepEqual([ab, keys], [ba, back]);
    assert.ok(ab! >= 16 + 4 * 16, 'enough for a hash point and some pads');
  }
});

test('later joins go behind earlier ones, and the hash point stays', async (t) => {
  const sky = await Sky.open(t);
  const { beijing, moscow } = sky;
  await sky.relayed();
  const point = (site: Site): Promise<string> =>
    site.tx
      .pads(peerLane('beijing', 'moscow'))
      .point()
      .then((bytes) => bytes.open(hex));
  const before = await point(beijing);
  await sky.pass('beijing', 4_000);
  await sky.pass('moscow', 4_000);
  await sky.relayed();
  assert.equal(await point(moscow), before);
  for (const lane of [THERE, BACK, peerLane('beijing', 'moscow'), peerLane('moscow', 'beijing')]) {
    assert.equal(await beijing.tx.length(lane), await moscow.tx.length(lane));
  }
  const sent = await beijing.keys(128);
  assert.deepEqual(keysOf(await moscow.fetch(sent.map(({ key_ID }) => key_ID))), sent);
});

test('too little key waits; what a node keeps for itself it keeps', async (t) => {
  const sky = await Sky.open(t, { a: 2_047, b: 9_000 });
  assert.equal((await sky.flush()).joined, 0);
  await sky.pass('beijing', 64);
  assert.equal((await sky.flush()).joined, 1);
  assert.equal(await sky.micius.available(TO_B), 9_000 - 2_048, 'in whole 64 bytes');
  const keeping = await Sky.open(
    t,
    { a: 8_000, b: 10_000 },
    { ...PLAN, joins: [{ left: LEFT, right: RIGHT, keepBytes: 3_000 }] },
  );
  await keeping.flush();
  assert.equal(await keeping.micius.available(TO_A), 8_000 - 4_992);
  assert.ok((await keeping.micius.available(TO_B)) >= 3_000);
});

test('killed at any moment, the node in the middle has either not begun or the announcements are on their way', async (t) => {
  const sky = await Sky.open(t);
  breakMethod(sky.network.vaultOf('micius'), 'add', 1);
  assert.match((await sky.flush()).waiting.get('micius')!, /input\/output/);
  await sky.network.relay('micius').crash();
  assert.deepEqual([await sky.micius.available(TO_A), await sky.micius.available(TO_B)], [8_000, 10_000]);
  assert.deepEqual(await sky.micius.outbox.list(), []);
  assert.deepEqual(await sky.micius.recallAll('joining/'), []);
  sky.network.cut(false);
  const report = await sky.flush();
  assert.equal(report.joined, 1);
  assert.deepEqual([...report.waiting.keys()].sort(), ['beijing', 'moscow']);
  await sky.network.relay('micius').crash();
  assert.equal((await sky.micius.outbox.list()).length, 2);
  sky.network.mend();
  await sky.flush();
  assert.equal((await sky.beijing.kme.flush()).confirmed, 1);
  await sky.works();
});

test('an announcement whose answer is lost has no second effect', async (t) => {
  const sky = await Sky.open(t);
  sky.network.cut(true);
  await sky.flush();
  assert.equal((await sky.micius.outbox.list()).length, 2);
  await sky.moscow.crash();
  await sky.network.relay('micius').crash();
  sky.network.mend();
  // Sealed anew, since the process died: the message is known, whatever frame it comes in.
  await sky.flush();
  assert.deepEqual(await sky.micius.outbox.list(), []);
  assert.deepEqual([await sky.beijing.tx.held(), await sky.moscow.tx.held()], [[BLOCK], [BLOCK]]);
  assert.equal((await sky.beijing.kme.flush()).confirmed, 1);
  await sky.works();
});

/** The join messages of a middle node that wait, with the node each is for. */
async function joinsOf(sky: Sky): Promise<{ left: JoinMessage; right: JoinMessage }> {
  const read = async (node: string): Promise<JoinMessage> => {
    const [entry] = await sky.micius.outbox.list(`join/${node}`);
    return decodeMessage(entry!.body, 'micius', node) as JoinMessage;
  };
  return { left: await read('beijing'), right: await read('moscow') };
}

const accept = (site: Site, message: JoinMessage, from = 'micius'): Promise<string> =>
  site.vault.atomically(async (tx) => {
    const answer = await acceptJoin(tx, { self: site.siteId, from, nowMs: 0 }, message);
    return answer.status === 'accepted' ? 'accepted' : `${answer.status}: ${answer.reason}`;
  });

async function announced(
  t: Parameters<typeof Network.open>[0],
): Promise<{ sky: Sky; left: JoinMessage; right: JoinMessage }> {
  const sky = await Sky.open(t);
  sky.network.cut(false);
  await sky.flush();
  sky.network.mend();
  return { sky, ...(await joinsOf(sky)) };
}

test('a join for somebody else, or of a route that is not his, is refused and consumes nothing', async (t) => {
  const { sky, left, right } = await announced(t);
  const { beijing, moscow } = sky;
  const before = await beijing.available(TO_A);
  const wrong: [Site, JoinMessage, string?][] = [
    [moscow, left],
    [beijing, right],
    [beijing, left, 'moscow'],
    [beijing, { ...left, route: ['beijing', 'micius', 'beijing'] }],
    [beijing, { ...left, route: ['delhi', 'micius', 'moscow'] }],
    [beijing, { ...left, mask: new Uint8Array(left.range.bytes) }],
    [moscow, { ...right, mask: new Uint8Array(0) }],
    [moscow, { ...right, mask: right.mask.slice(1) }],
    [beijing, { ...left, labels: { ...left.labels, routes: [['beijing', 'moscow']] } }],
    [beijing, { ...left, labels: { ...left.labels, routes: [] } }],
    [beijing, { ...left, labels: { ...left.labels, routes: [...left.labels.routes, ...left.labels.routes] } }],
    [beijing, { ...left, range: { ...left.range, offset: left.range.offset + 64_000 } }],
  ];
  for (const [site, message, from] of wrong) assert.match(await accept(site, message, from), /^(refused|later)/);
  assert.equal(await beijing.available(TO_A), before);
  assert.equal(await accept(beijing, left), 'accepted');
  assert.equal(await accept(beijing, left), 'accepted', 'again, with no effect');
  assert.match(await accept(beijing, { ...left, joinId: 'another' }), /^refused: .*handed out before/);
});

test('labels only get worse: a node in the middle that hides something is refused, and that key is burned', async (t) => {
  const hidden: [RegExp, Partial<JoinMessage['labels']>][] = [
    [/link micius-beijing/, { originLinks: [B], originTimesMs: [1_000] }],
    [/jurisdiction CN/, { jurisdictions: ['ORBIT', 'RU'] }],
    [/simulated/, { simulated: false }],
    [/promise more/, { epsSec: 1e-12 }],
    [/promise more/, { epsCor: 0 }],
    [/proof lim2014/, { proof: 'tilted' }],
  ];
  for (const [reason, changes] of hidden) {
    const { sky, left } = await announced(t);
    const { beijing } = sky;
    assert.match(await accept(beijing, { ...left, labels: { ...left.labels, ...changes } }), reason);
    assert.deepEqual(await beijing.tx.held(), []);
    assert.equal(await beijing.available(TO_A), 8_000 - left.range.bytes, 'nobody else is given it either');
  }
  // Worse than need be is no lie.
  const { sky, left } = await announced(t);
  const worse = { epsSec: 1e-3, jurisdictions: [], expiresAtMs: 9_000, proof: 'lim2014 + tilted' };
  assert.equal(await accept(sky.beijing, { ...left, labels: { ...left.labels, ...worse } }), 'accepted');
  // Younger neither, since clocks differ; but the own time stands.
  const young = await announced(t);
  const { labels: told } = young.left;
  const later = { ...told, createdAtMs: 5_000, originTimesMs: told.originLinks.map(() => 5_000) };
  assert.equal(await accept(young.sky.beijing, { ...young.left, labels: later }), 'accepted');
  const { labels: kept } = (await young.sky.beijing.tx.block(BLOCK))!;
  assert.deepEqual([kept.createdAtMs, kept.originTimesMs], [1_000, [1_000, 5_000]]);
});

test('a join before the end has released its block is accepted later', async (t) => {
  const sky = await Sky.open(t, { a: 2_048, b: 2_048 });
  const origin = (link: string): ReturnType<typeof labels> => labels([link], { routes: [['micius', link.slice(7)]] });
  await sky.micius.append(TO_A, origin(A), secret(pattern(2_048, 77)));
  await sky.micius.append(TO_B, origin(B), secret(pattern(2_048, 78)));
  await sky.moscow.tx.append(TO_B, origin(B), secret(pattern(2_048, 78)));
  assert.equal((await sky.flush()).joined, 1);
  assert.equal((await sky.micius.outbox.list('join/beijing')).length, 1, 'it waits');
  assert.equal((await sky.micius.outbox.list('join/moscow')).length, 0);
  assert.equal((await sky.beijing.kme.flush()).confirmed, 0);
  await sky.beijing.tx.append(TO_A, origin(A), secret(pattern(2_048, 77)));
  await sky.flush();
  assert.deepEqual(await sky.micius.outbox.list(), []);
  assert.equal((await sky.beijing.kme.flush()).confirmed, 1);
  await sky.works();
});

test('a join of what an alarm has condemned is refused by whoever has heard of it', async (t) => {
  const { sky, left, right } = await announced(t);
  const { beijing, moscow, network } = sky;
  network.nowMs = 2_000;
  await beijing.tx.poison(A, 'tapped');
  assert.match(await accept(beijing, left), /refused/);
  // The key of the right link is sound, but it hides key of the left one: once this end has heard of the alarm, it refuses, too.
  await moscow.tx.poison(A, 'tapped');
  assert.match(await accept(moscow, right), /refused: .*alarm/);
  for (const { tx } of [beijing, moscow]) assert.deepEqual(await tx.held(), []);
});

test('a station that heard of the alarm only after it held the block gives it up', async (t) => {
  const sky = await Sky.open(t);
  const { beijing, moscow } = sky;
  await sky.relayed();
  await sky.pass('beijing', 4_000);
  await sky.pass('moscow', 4_000);
  await sky.flush();
  const held = await beijing.tx.held();
  assert.equal(held.length, 1);
  await beijing.kme.raiseAlarm(A, 'tapped');
  await sky.network.settle();
  for (const { tx } of [beijing, moscow]) {
    assert.deepEqual([await tx.held(), (await tx.block(held[0]!))?.state], [[], 'discarded']);
    assert.equal(await tx.available(THERE), 0);
  }
});

test('ends that got different bytes find out before anything is used', async (t) => {
  const sky = await Sky.open(t);
  const { beijing, moscow, network } = sky;
  // One bit of the mask is another, as a lying node in the middle could make it.
  const original = network.vaultOf('micius');
  original.atomically = (
    (atomically) => (work, scope) =>
      atomically((tx) => {
        const add = tx.outbox.add.bind(tx.outbox);
        tx.outbox.add = (topic, body) => {
          if (topic !== 'join/moscow') return add(topic, body);
          const message = decodeMessage(body, 'micius', 'moscow') as JoinMessage;
          const mask = message.mask.map((byte, i) => (i === 5_000 ? byte ^ 4 : byte));
          return add(topic, encodeMessage({ ...message, mask }, 'micius', 'moscow'));
        };
        return work(tx);
      }, scope)
  )(original.atomically.bind(original));
  await sky.flush();
  const stands = async ({ tx }: Site): Promise<unknown[]> => [
    (await tx.block(BLOCK))?.state,
    await tx.length(THERE),
    (await tx.journal.list()).map(({ severity }) => severity),
  ];
  for (let i = 1; i < 20; i++) await beijing.kme.flush();
  assert.deepEqual(await stands(beijing), ['held', 0, []], 'a refusal bears no tag');
  await beijing.kme.flush();
  assert.deepEqual(await stands(beijing), ['discarded', 0, ['alarm']]);
  assert.deepEqual(await stands(moscow), ['held', 0, ['warning']], 'nor did the question prove anything there');
  network.nowMs += 31 * 86_400_000;
  await moscow.kme.flush();
  assert.deepEqual(await stands(moscow), ['discarded', 0, ['warning', 'warning']]);
});

test('a confirmation that is tampered with, lost, or cut off by a crash is repeated until both have released', async (t) => {
  const { sky, left, right } = await announced(t);
  const { beijing, moscow, network } = sky;
  await accept(beijing, left);
  assert.equal((await beijing.kme.flush()).confirmed, 0, 'the other end has not got it yet');
  await accept(moscow, right);
  let bits = 1;
  for (let bit = 0; bit < bits; bit += 3) {
    network.between = async (message, on) => {
      const answer = (await on(message)).slice();
      bits = answer.length * 8;
      answer[bit >> 3]! ^= 1 << (bit & 7);
      // The one bit that makes a refusal of it is a refusal: it can only stop.
      if (answer[4] === 2) answer[4] = 7;
      return answer;
    };
    assert.equal((await beijing.kme.flush()).confirmed, 0, `bit ${bit}`);
    assert.deepEqual(await beijing.tx.held(), [BLOCK], `bit ${bit}`);
  }
  assert.ok(bits > 300);
  assert.deepEqual(await moscow.tx.held(), []);
  await moscow.crash();
  await beijing.crash();
  network.mend();
  assert.equal((await beijing.kme.flush()).confirmed, 1);
  await sky.works();
  // The question of before, replayed: the answer of before.
  const question = network.wire.findLast(({ message }) => message[2] === 0x43)!;
  const answer = await moscow.kme.handlePeer(question.message);
  assert.equal(answer[4], 0);
  const forged = question.message.slice();
  forged[forged.length - 1]! ^= 1;
  assert.equal((await moscow.kme.handlePeer(forged))[4], 2);
  assert.equal(await moscow.tx.wasReleased(BLOCK), true);
});

test('one question at a time, by the end with the smaller name, whichever end of the route it is', async (t) => {
  const plan: RelayPlan = { joins: [{ left: RIGHT, right: LEFT }], combinations: [] };
  const sky = await Sky.open(t, { a: 6_000, b: 6_000 }, plan);
  await sky.flush();
  await sky.pass('beijing', 4_000);
  await sky.pass('moscow', 4_000);
  await sky.flush();
  assert.equal((await sky.beijing.tx.held()).length, 2);
  assert.equal((await sky.moscow.kme.flush()).confirmed, 0);
  assert.equal((await sky.beijing.kme.flush()).confirmed, 2);
  const questions = sky.network.wire.filter(({ message }) => message[2] === 0x43);
  assert.deepEqual(
    questions.map(({ from }) => from),
    ['beijing', 'beijing'],
  );
  // Without an answer the next block waits for the first.
  await sky.pass('beijing', 9_000);
  await sky.pass('moscow', 4_500);
  await sky.flush();
  await sky.pass('moscow', 4_500);
  await sky.flush();
  assert.equal((await sky.beijing.tx.held()).length, 2);
  sky.network.cut(false);
  await sky.beijing.kme.flush();
  await sky.beijing.crash();
  await sky.beijing.kme.flush();
  const lost = sky.network.wire.filter(({ message }) => message[2] === 0x43).slice(2);
  assert.equal(lost.length, 2);
  assert.deepEqual(lost[0]!.message, lost[1]!.message, 'two questions under one pad would tell the hash point');
  sky.network.mend();
  assert.equal((await sky.beijing.kme.flush()).confirmed, 2);
  await sky.works();
});

test('a place that was agreed and is taken meanwhile: the block is given up rather than put where the peer has other bytes', async (t) => {
  const sky = await Sky.open(t);
  const { beijing, moscow } = sky;
  await sky.flush();
  sky.network.cut(false);
  await beijing.kme.flush();
  await beijing.tx.append(BACK, labels([]), SecretBytes.adopt(pattern(64, 5)));
  sky.network.mend();
  await beijing.kme.flush();
  assert.equal((await beijing.tx.block(BLOCK))?.state, 'discarded');
  assert.equal((await beijing.call('GET', 'enc_keys')).status, 503);
  assert.equal(await moscow.tx.wasReleased(BLOCK), true);
  assert.equal((await moscow.call('GET', 'enc_keys')).status, 503, 'it has keys that the peer has not got');
  await sky.pass('beijing', 4_000);
  await sky.pass('moscow', 4_000);
  await sky.relayed();
  const refused = await moscow.call('POST', 'enc_keys', { json: { number: 2 } });
  assert.match(text(refused), /poisoned/, 'these bytes are not the same at both ends, and come out at neither');
  await sky.works();
});

test('after an alarm that only one end could act on, positions agree again with the next join', async (t) => {
  const sky = await Sky.open(t);
  const { beijing, moscow, network } = sky;
  await sky.flush();
  network.cut(true);
  await beijing.kme.flush();
  assert.deepEqual([await beijing.tx.held(), await moscow.tx.held()], [[BLOCK], []], 'released there, not yet here');
  network.nowMs = 2_000;
  await beijing.kme.raiseAlarm(A, 'tapped');
  network.mend();
  network.nowMs = 3_000;
  await beijing.kme.reopen(A);
  await network.settle();
  assert.equal(await beijing.tx.length(THERE), 0);
  assert.ok((await moscow.tx.length(THERE)) > 0);
  network.nowMs = 5_000;
  await sky.pass('beijing', 4_000);
  await sky.pass('moscow', 4_000);
  await sky.relayed();
  await network.settle();
  assert.deepEqual(await moscow.kme.alarms(), [], 'the alarm was told late, and the reopening after it');
  await sky.works();
  for (const lane of [THERE, BACK]) assert.equal(await beijing.available(lane), await moscow.available(lane), lane);
});

test('key of several ways at once, and key that would meet a node twice, cannot be joined any further', async (t) => {
  const sky = await Sky.open(t);
  const micius = sky.network.vaultOf('micius');
  const two = labels([A], {
    routes: [
      ['micius', 'x', 'beijing'],
      ['micius', 'y', 'beijing'],
    ],
  });
  await sky.micius.append(keyLane('micius', 'beijing', 'x+y'), two, secret(pattern(4_000, 1)));
  const back = labels([A], { routes: [['micius', 'moscow', 'beijing']] });
  await sky.micius.append(keyLane('micius', 'beijing', 'moscow'), back, secret(pattern(4_000, 2)));
  for (const way of ['x+y', 'moscow']) {
    const joining = micius.atomically((tx) =>
      joinEnds(tx, { joinId: 'j', self: 'micius', left: { node: 'beijing', way }, right: RIGHT, utcMs: 0 }),
    );
    await assert.rejects(joining, code('kme/argument'), way);
    assert.equal(await sky.micius.available(keyLane('micius', 'beijing', way)), 4_000);
  }
  // A plan that contradicts itself is told on every flush, and keeps nothing else from being done.
  const { exchange } = sky.network.relay('micius');
  exchange.setPlan({ ...PLAN, joins: [{ left: { node: 'beijing', way: 'x+y' }, right: RIGHT }, ...PLAN.joins] });
  const report = await exchange.flush();
  assert.match(report.waiting.get('micius')!, /did not come by one route/);
  assert.equal(report.joined, 1);
});

test('a vault that fails after a commit: nothing is joined twice, and the rest is found again', async (t) => {
  const sky = await Sky.open(t);
  let count = 0;
  wrap(sky.network.vaultOf('micius'), async (run) => {
    const result = await run();
    if (++count === 1) throw new Error('connection lost during COMMIT');
    return result;
  });
  assert.match((await sky.flush()).waiting.get('micius')!, /connection lost/);
  await sky.flush();
  assert.equal((await sky.beijing.kme.flush()).confirmed, 1);
  assert.equal(await sky.micius.available(TO_A), 0);
  await sky.works();
});
