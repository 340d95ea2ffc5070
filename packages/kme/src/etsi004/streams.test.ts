import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { chunkKeyId } from './chunks.ts';
import type { GetResponse, StreamStatus } from './message.ts';
import { METADATA_BYTES } from './streams.ts';
import { ALICE, BOB, Killed, openRequest, Pair, QOS, settled, turns } from './test/pair.ts';
import { encodeWord, readNeedReply, readOpenReply, TOPIC } from './words.ts';

const PREDEFINED = '11111111-2222-4333-8444-555555555555';
const isKey = (answer: number | string, bytes = 32): boolean =>
  typeof answer === 'string' && answer.length === 2 * bytes;

/** Alice opens, Bob joins. */
async function joined(pair: Pair, qos: Parameters<typeof openRequest>[3] = {}): Promise<string> {
  const opened = await pair.openStream(ALICE, BOB, null, qos);
  assert.equal(opened.status, 0);
  assert.equal((await pair.openStream(BOB, ALICE, opened.ksid)).status, 0);
  return opened.ksid!;
}

describe('two applications share a stream', () => {
  it('gets the same chunk for the same index at both ends, once at each', async () => {
    const pair = await Pair.open();
    const ksid = await joined(pair);
    for (let index = 0; index < 40; index++) {
      const [first, second] = index % 2 ? [ALICE, BOB] : [BOB, ALICE];
      const chunk = await pair.chunk(first, ksid, index);
      assert.ok(isKey(chunk), `chunk ${index}: ${chunk}`);
      assert.equal(await pair.chunk(first, ksid, index), 2, 'a chunk delivered before');
      assert.equal(await pair.chunk(second, ksid, index), chunk);
      assert.equal(await pair.chunk(second, ksid, index), 2);
    }
    assert.equal(new Set(pair.assigned).size, pair.assigned.length);
    assert.deepEqual(pair.faults, []);
  });

  it('derives the id of chunk i from the KSID and i, as ETSI004.md says', async () => {
    const pair = await Pair.open();
    const ksid = await joined(pair);
    await pair.chunk(ALICE, ksid, 0);
    assert.equal(pair.assigned[0], chunkKeyId(ksid, 0));
    // Computed apart, with Python's hashlib and uuid.
    assert.equal(chunkKeyId(PREDEFINED, 7), '1b80a98d-a45b-8538-9a85-81ce8820004b');
  });

  it('lets the one who opened gather keys before the other has come', async () => {
    const pair = await Pair.open();
    const { ksid, status } = await pair.openStream(ALICE, BOB, null);
    assert.equal(status, 0, 'at once, though nobody is there');
    const chunk = await pair.chunk(ALICE, ksid!, 0);
    assert.ok(isKey(chunk));
    assert.equal(await pair.chunk(BOB, ksid!, 0), 3, 'Bob has not opened it');
    await pair.openStream(BOB, ALICE, ksid);
    assert.equal(await pair.chunk(BOB, ksid!, 0), chunk);
  });

  it('asks the leader once for many chunks', async () => {
    const pair = await Pair.open();
    const ksid = await joined(pair);
    for (let index = 0; index < 200; index++) assert.ok(isKey(await pair.chunk(BOB, ksid, index)));
    const needs = pair.told.filter((topic) => topic === TOPIC.need).length;
    assert.ok(needs <= 12, `${needs} demands for 200 chunks`);
    assert.ok(Math.max(...pair.assignCounts) === 64, `windows of ${pair.assignCounts}`);
  });

  it('serves two applications of one site', async () => {
    const pair = await Pair.open();
    const opened = await pair.openStream(ALICE, 'vpn-beijing', null);
    assert.equal((await pair.openStream('vpn-beijing', ALICE, opened.ksid)).status, 0);
    const chunk = await pair.chunk(ALICE, opened.ksid!, 0);
    assert.ok(isKey(chunk));
    assert.equal(await pair.chunk('vpn-beijing', opened.ksid!, 0), chunk);
    assert.equal(await pair.closeStream(ALICE, opened.ksid!), 0);
    assert.equal(await pair.closeStream('vpn-beijing', opened.ksid!), 0);
    await settled();
    assert.equal(pair.beijing.count, 0);
  });

  it('reads many chunks at once without giving one twice', async () => {
    const pair = await Pair.open();
    const ksid = await joined(pair);
    const asked = Array.from({ length: 60 }, (_, i) => i >> 1);
    const answers = await Promise.all(
      asked.flatMap((index) =>
        [ALICE, BOB].map(async (sae) => ({ sae, index, chunk: await pair.chunk(sae, ksid, index) })),
      ),
    );
    const got = answers.filter(({ chunk }) => isKey(chunk));
    assert.equal(new Set(got.map(({ sae, index }) => `${sae} ${index}`)).size, got.length);
    for (let index = 0; index < 30; index++) {
      const chunks = got.filter((answer) => answer.index === index).map(({ chunk }) => chunk);
      assert.equal(chunks.length, 2, `chunk ${index}`);
      assert.equal(chunks[0], chunks[1]);
    }
  });
});

describe('each status', () => {
  it('1: a supplied KSID waits for the other application up to Timeout', async () => {
    const pair = await Pair.open();
    const waiting = pair.openStream(ALICE, BOB, PREDEFINED, { timeoutMs: 2_000 });
    await pair.pass(1_999);
    assert.equal(await Promise.race([waiting, settled().then(() => 'waits')]), 'waits');
    await pair.pass(1);
    const { status, ksid, qos } = await waiting;
    assert.deepEqual([status, ksid, qos.chunkBytes], [1, PREDEFINED, 32]);
    assert.ok(isKey(await pair.chunk(ALICE, PREDEFINED, 0)), 'the stream is there all the same');
    assert.equal((await pair.openStream(BOB, ALICE, PREDEFINED)).status, 0);
  });

  it('0: both come with a predefined KSID, in either order or at once, and agree on the quality of service', async () => {
    for (const order of [
      [ALICE, BOB],
      [BOB, ALICE],
    ] as const) {
      const pair = await Pair.open();
      const sizes = { [ALICE]: 16, [BOB]: 64 };
      const opened = await Promise.all(
        order.map((sae) => pair.openStream(sae, sae === ALICE ? BOB : ALICE, PREDEFINED, { chunkBytes: sizes[sae]! })),
      );
      assert.deepEqual(
        opened.map(({ status }) => status),
        [0, 0],
      );
      assert.equal(opened[0]!.qos.chunkBytes, opened[1]!.qos.chunkBytes);
      const chunk = await pair.chunk(BOB, PREDEFINED, 0);
      assert.ok(isKey(chunk, opened[0]!.qos.chunkBytes));
      assert.equal(await pair.chunk(ALICE, PREDEFINED, 0), chunk);
    }
  });

  it('0: a registered stream keeps its quality of service whatever the call says', async () => {
    const pair = await Pair.open();
    const ksid = await joined(pair, { chunkBytes: 48 });
    const again = await pair.openStream(BOB, ALICE, ksid, { chunkBytes: 16, metadataType: 'text/xml' });
    assert.deepEqual([again.status, again.qos.chunkBytes, again.qos.metadataType], [0, 48, '']);
  });

  it('2: no key, and key again later', async () => {
    const pair = await Pair.open();
    const ksid = await joined(pair);
    pair.bits = 255;
    assert.equal(await pair.chunk(ALICE, ksid, 0), 2);
    assert.equal(await pair.chunk(BOB, ksid, 0), 2);
    pair.bits = 256;
    const chunk = await pair.chunk(BOB, ksid, 0);
    assert.ok(isKey(chunk));
    assert.equal(await pair.chunk(ALICE, ksid, 0), chunk);
  });

  it('2: beyond the reserve, which moves with the slower reader', async () => {
    const pair = await Pair.open({ reserveChunks: 8 });
    const ksid = await joined(pair);
    assert.equal(await pair.chunk(ALICE, ksid, 1_000_000), 2);
    for (let index = 0; index < 8; index++) assert.ok(isKey(await pair.chunk(ALICE, ksid, index)));
    assert.equal(await pair.chunk(ALICE, ksid, 8), 2, 'Bob has read nothing');
    for (let index = 0; index < 8; index++) assert.ok(isKey(await pair.chunk(BOB, ksid, index)));
    await settled();
    assert.ok(isKey(await pair.chunk(ALICE, ksid, 8)));
    assert.ok(pair.owed <= 2 * 16);
  });

  it('3: an unknown stream, one of others, a closed one', async () => {
    const pair = await Pair.open();
    const ksid = await joined(pair);
    assert.equal(await pair.chunk(ALICE, PREDEFINED, 0), 3);
    assert.equal(await pair.closeStream(ALICE, PREDEFINED), 3);
    assert.equal(await pair.chunk('vpn-beijing', ksid, 0), 3);
    assert.equal(await pair.closeStream('vpn-moscow', ksid), 3);
    assert.equal(await pair.closeStream(ALICE, ksid), 0);
    assert.equal(await pair.chunk(ALICE, ksid, 0), 3);
    assert.equal(await pair.closeStream(ALICE, ksid), 3);
  });

  it('4: a source that is not the caller, an unknown destination, an alarm, a site that does not answer', async () => {
    const pair = await Pair.open();
    const statuses: StreamStatus[] = [];
    for (const change of [
      { source: `qkd://app@${BOB}` },
      { source: 'client' },
      { destination: 'qkd://app@nobody' },
      { destination: 'server' },
      { destination: `qkd://app@${ALICE}` },
    ]) {
      statuses.push((await pair.ask(ALICE, { ...openRequest(ALICE, BOB, null), ...change })).status);
    }
    const { bits } = pair;
    pair.alarms = [{ link: 'micius-a', reason: 'tapped' }];
    pair.bits = 0;
    statuses.push((await pair.openStream(ALICE, BOB, null)).status);
    pair.alarms = [];
    pair.bits = bits;
    pair.partitioned = true;
    statuses.push(
      (await pair.openStream(ALICE, BOB, null)).status,
      (await pair.openStream(ALICE, BOB, PREDEFINED)).status,
    );
    assert.deepEqual(statuses, Array(8).fill(4));
    assert.equal(pair.beijing.count, 0, 'none of them left anything behind');
    assert.equal(pair.notes.beijing!.size, 0);
    pair.partitioned = false;
    const ksid = await joined(pair);
    pair.alarms = [{ link: 'micius-a', reason: 'tapped' }];
    pair.bits = 0;
    assert.equal(await pair.chunk(ALICE, ksid, 0), 4);
    assert.equal(await pair.chunk(BOB, ksid, 0), 4);
    pair.bits = bits;
    assert.ok(isKey(await pair.chunk(BOB, ksid, 0)), 'key of other ways is delivered');
    assert.deepEqual(pair.faults, []);
  });

  it('5: a KSID that belongs to others, at this site or the other', async () => {
    const pair = await Pair.open();
    const ksid = await joined(pair);
    assert.equal((await pair.openStream('vpn-beijing', BOB, ksid)).status, 5);
    assert.equal((await pair.openStream(ALICE, 'vpn-moscow', ksid)).status, 5);
    assert.equal((await pair.openStream('vpn-moscow', 'vpn-beijing', ksid)).status, 5);
    await pair.openStream(ALICE, 'vpn-beijing', null);
    const local = [...pair.notes.beijing!.keys()].map((name) => name.split('/')[1]!).find((id) => id !== ksid)!;
    assert.equal((await pair.openStream(BOB, 'vpn-beijing', local)).status, 5, 'known only at the other site');
    assert.equal(await pair.closeStream(ALICE, ksid), 0);
    assert.equal((await pair.openStream(ALICE, BOB, ksid)).status, 5, 'closed here, still open there');
  });

  it('6: nothing within Timeout; the chunk is not lost', async () => {
    const pair = await Pair.open();
    const ksid = await joined(pair, { timeoutMs: 700 });
    pair.stalled = true;
    const late = [pair.chunk(ALICE, ksid, 0), pair.chunk(BOB, ksid, 0)];
    await pair.pass(700);
    assert.deepEqual(await Promise.all(late), [6, 6]);
    assert.equal(pair.owed, 0);
  });

  it('7: a counter-proposal, under which the stream can be used', async () => {
    const pair = await Pair.open();
    const hour = 3_600;
    for (const [asked, offered] of [
      [{ chunkBytes: 4 }, { chunkBytes: 8 }],
      [{ chunkBytes: 1 << 20 }, { chunkBytes: 15_360 }],
      [{ minBps: 9_000 }, { minBps: 8_000 }],
      [
        { minBps: 100, maxBps: 50 },
        { minBps: 50, maxBps: 50 },
      ],
      [{ priority: 9 }, { priority: 7 }],
      [{ timeoutMs: 3_600_000 }, { timeoutMs: 600_000 }],
      [{ ttlS: 31_536_000 }, { ttlS: 604_800 }],
      [{ metadataType: 'text/xml' }, { metadataType: 'application/json' }],
    ] as const) {
      pair.bits = 8_000 * hour;
      const { status, qos, ksid } = await pair.openStream(ALICE, BOB, null, asked);
      assert.equal(status, 7, JSON.stringify(asked));
      assert.deepEqual({ ...qos, ...offered }, qos);
      assert.ok(isKey(await pair.chunk(ALICE, ksid!, 0), qos.chunkBytes));
    }
    const met = await pair.openStream(ALICE, BOB, null, { minBps: 7_000, metadataType: 'Application/JSON' });
    assert.equal(met.status, 0);
  });

  it('7: a size that policy does not allow the pair; the choice left to us is one that it does', async () => {
    const pair = await Pair.open();
    pair.chunkBytes = () => ({ min: 64, max: 128 });
    await pair.start();
    const sizes: unknown[] = [];
    for (const chunkBytes of [0, 32, 100, 256]) {
      const { status, qos } = await pair.openStream(ALICE, BOB, null, { chunkBytes });
      sizes.push([status, qos.chunkBytes]);
    }
    assert.deepEqual(sizes, [
      [0, 64],
      [7, 64],
      [0, 100],
      [7, 128],
    ]);
    pair.chunkBytes = undefined;
    pair.victims = ['beijing'];
    await pair.start();
    assert.equal((await pair.openStream(ALICE, BOB, null)).status, 4, 'the other site does not allow 32 bytes');
  });

  it('7 or 0: what is forecast within the TTL counts, at its 5 % quantile', async () => {
    const pair = await Pair.open();
    pair.bits = 0;
    const ask = async (): Promise<number> =>
      (await pair.openStream(ALICE, BOB, null, { minBps: 100, ttlS: 1_000 })).status;
    assert.equal(await ask(), 7);
    pair.forecast = { readyAtMs: pair.nowMs + 1_000_000, bits: [100_000, 1e6, 1e7] };
    assert.equal(await ask(), 0);
    pair.forecast = { readyAtMs: pair.nowMs + 1_000_001, bits: [100_000, 1e6, 1e7] };
    assert.equal(await ask(), 7);
    pair.forecast = { readyAtMs: pair.nowMs, bits: [99_999, 1e6, 1e7] };
    assert.equal(await ask(), 7);
  });

  it('8: too little room for metadata; nothing is lost', async () => {
    const pair = await Pair.open();
    const ksid = await joined(pair, { metadataType: 'application/json' });
    const get = async (metadataRoom: number): Promise<GetResponse> =>
      (await pair.ask(ALICE, { call: 'get', dialect: 'P', ksid, index: 0, metadataRoom })) as GetResponse;
    const { status, metadataNeeded, key } = await get(METADATA_BYTES - 1);
    assert.deepEqual([status, metadataNeeded, key], [8, METADATA_BYTES, null]);
    assert.equal(METADATA_BYTES, '{"age":4294967295,"hops":4294967295}'.length);
    pair.nowMs += 1_234;
    const answer = await get(METADATA_BYTES);
    assert.deepEqual([answer.status, answer.metadata], [0, '{"age":1234,"hops":1}']);
  });
});

describe('quality of service', () => {
  it('metadata only on demand; hops are those of the longest way; age fits 32 bits', async () => {
    const pair = await Pair.open();
    const ksid = await joined(pair, { metadataType: 'application/json' });
    const none = await joined(pair);
    const get = async (id: string, index: number, metadataRoom: number): Promise<string> =>
      ((await pair.ask(ALICE, { call: 'get', dialect: 'C', ksid: id, index, metadataRoom })) as GetResponse).metadata;
    assert.equal(await get(ksid, 0, 0), '');
    assert.equal(await get(none, 0, Number.POSITIVE_INFINITY), '');
    pair.route = [
      ['a', 'b'],
      ['a', 'x', 'y', 'b'],
    ];
    pair.nowMs += 2 ** 33;
    const late = await joined(pair, { metadataType: 'application/json' });
    assert.equal(await get(late, 0, Number.POSITIVE_INFINITY), '{"age":4294967295,"hops":2}');
    pair.route = [['a', 'b']];
    assert.match(await get(late, 1, Number.POSITIVE_INFINITY), /"hops":0\}/);
  });

  it('answers in the dialect of the OPEN_CONNECT when a GET_KEY does not tell', async () => {
    const pair = await Pair.open();
    const dialects: unknown[] = [];
    for (const dialect of ['P', 'C'] as const) {
      const opened = await pair.ask(ALICE, { ...openRequest(ALICE, BOB, null), dialect });
      const ksid = opened.call === 'open' ? opened.ksid! : '';
      await pair.start();
      for (const index of [0, 1_000_000]) {
        const answer = await pair.ask(ALICE, { call: 'get', dialect: null, ksid, index, metadataRoom: 0 });
        dialects.push(answer.call === 'get' ? answer.dialect : null);
      }
    }
    assert.deepEqual(dialects, ['P', 'P', 'C', 'C']);
  });

  it('Max_bps and Jitter: a chunk waits for its turn, up to Timeout', async () => {
    const pair = await Pair.open();
    // 256 bits a chunk, 1024 bit/s, no burst beyond a chunk: one every 250 ms.
    const ksid = await joined(pair, { maxBps: 1_024, jitterBps: 1, timeoutMs: 600 });
    assert.ok(isKey(await pair.chunk(ALICE, ksid, 0)));
    const queue = [1, 2, 3].map((index) => pair.chunk(ALICE, ksid, index));
    assert.equal(await queue[2], 2, 'its turn would come after the time-out');
    await pair.pass(249);
    assert.equal(await Promise.race([queue[0], settled().then(() => 'waits')]), 'waits');
    await pair.pass(1);
    assert.ok(isKey(await queue[0]!));
    await pair.pass(250);
    assert.ok(isKey(await queue[1]!));
    assert.ok(isKey(await pair.chunk(BOB, ksid, 0)), 'each side has its own measure');
    // Jitter of three chunks: as many may come at once after a rest.
    const bursty = await joined(pair, { maxBps: 1_024, jitterBps: 768, timeoutMs: 1 });
    const burst = await Promise.all([0, 1, 2, 3].map((index) => pair.chunk(ALICE, bursty, index)));
    assert.deepEqual(
      burst.map((chunk) => isKey(chunk)),
      [true, true, true, false],
    );
  });

  it('Priority: the last takes little ahead of need from a small stock, the first half', async () => {
    const [first, last] = [await Pair.open(), await Pair.open()];
    for (const [pair, priority] of [
      [first, 0],
      [last, 7],
    ] as const) {
      pair.bits = 256 * 20;
      const ksid = await joined(pair, { priority });
      await pair.chunk(ALICE, ksid, 0);
    }
    assert.deepEqual([first.assignCounts, last.assignCounts], [[8], [1]]);
  });

  it('TTL: chunks outlive it by nothing, on either side, and the stream with them', async () => {
    const pair = await Pair.open();
    const ksid = await joined(pair, { ttlS: 60 });
    assert.ok(isKey(await pair.chunk(ALICE, ksid, 0)));
    assert.ok(isKey(await pair.chunk(BOB, ksid, 1)));
    await pair.pass(30_000);
    assert.ok(isKey(await pair.chunk(ALICE, ksid, 2)));
    const owed = pair.owed;
    assert.ok(owed > 0);
    await pair.pass(29_999);
    await pair.beijing.tick();
    assert.equal(pair.owed, owed);
    await pair.pass(1);
    assert.equal(await pair.chunk(BOB, ksid, 0), 2, 'before any tick');
    await pair.beijing.tick();
    assert.equal(pair.owed, 0, 'burned at both ends');
    assert.ok(isKey(await pair.chunk(ALICE, ksid, pair.assigned.length)), 'the stream goes on behind');
    await pair.pass(120_000);
    for (const site of [pair.beijing, pair.moscow]) {
      await site.tick();
      assert.equal(site.count, 0);
    }
    assert.equal(pair.owed, 0);
    assert.deepEqual([pair.notes.beijing!.size, pair.notes.moscow!.size], [0, 0]);
    assert.equal(await pair.chunk(ALICE, ksid, 200), 3);
  });

  it('a stream of long life keeps a short list of windows', async () => {
    const pair = await Pair.open({ windowChunks: 2 });
    pair.bits = 1e9;
    const ksid = await joined(pair, { ttlS: 64_000 });
    for (let index = 0; index < 300; index++) {
      await pair.chunk(ALICE, ksid, index);
      await pair.chunk(BOB, ksid, index);
      pair.nowMs += 400;
    }
    const [record] = [...pair.notes.beijing!.values()].map((note) => JSON.parse(note));
    assert.ok(record.windows.length <= 2, `${record.windows.length} windows`);
    assert.ok(JSON.stringify(record).length < 2_000);
  });
});

describe('closing', () => {
  it('leaves the other its chunks, sets none aside any more, and burns the rest when both are done', async () => {
    const pair = await Pair.open();
    const ksid = await joined(pair);
    const chunk = await pair.chunk(ALICE, ksid, 0);
    assert.equal(await pair.closeStream(ALICE, ksid), 0);
    assert.equal(await pair.chunk(BOB, ksid, 0), 2, 'Bob was not told of it while it was open');
    assert.equal(await pair.closeStream(BOB, ksid), 0);
    await settled();
    assert.deepEqual([pair.owed, pair.beijing.count, pair.moscow.count], [0, 0, 0]);
    assert.ok(isKey(chunk));
    const other = await joined(pair);
    const chunks = [await pair.chunk(BOB, other, 0), await pair.chunk(BOB, other, 1)];
    assert.equal(await pair.closeStream(BOB, other), 0);
    assert.equal(await pair.chunk(ALICE, other, 0), chunks[0], 'held until the peer closes');
    const assigned = pair.assigned.length;
    assert.equal(await pair.chunk(ALICE, other, 100), 2);
    assert.equal(pair.assigned.length, assigned);
    assert.equal(await pair.closeStream(ALICE, other), 0);
    await settled();
    assert.deepEqual([pair.owed, pair.beijing.count, pair.moscow.count], [0, 0, 0]);
  });

  it('tells the other site later when it cannot be reached', async () => {
    const pair = await Pair.open();
    const ksid = await joined(pair);
    await pair.chunk(ALICE, ksid, 0);
    pair.partitioned = true;
    assert.equal(await pair.closeStream(ALICE, ksid), 0);
    await pair.beijing.tick();
    pair.partitioned = false;
    assert.equal(await pair.closeStream(BOB, ksid), 0);
    await pair.beijing.tick();
    await settled();
    await pair.moscow.tick();
    assert.deepEqual([pair.owed, pair.beijing.count, pair.moscow.count], [0, 0, 0]);
  });

  it('a predefined KSID can be used again, with other keys', async () => {
    const pair = await Pair.open();
    const chunks = new Set<number | string>();
    for (let round = 0; round < 3; round++) {
      await Promise.all([pair.openStream(BOB, ALICE, PREDEFINED), pair.openStream(ALICE, BOB, PREDEFINED)]);
      const chunk = await pair.chunk(ALICE, PREDEFINED, 0);
      assert.ok(isKey(chunk));
      assert.equal(await pair.chunk(BOB, PREDEFINED, 0), chunk);
      chunks.add(chunk);
      await pair.closeStream(ALICE, PREDEFINED);
      await pair.closeStream(BOB, PREDEFINED);
      await settled();
    }
    assert.equal(chunks.size, 3);
  });
});

describe('what goes wrong', () => {
  it('an assignment of unknown outcome is burned and its chunks get other keys, alike at both ends', async () => {
    for (const after of [false, true]) {
      const pair = await Pair.open();
      const ksid = await joined(pair);
      pair.assignFaults.push({ code: 'unreachable', after });
      assert.equal(await pair.chunk(ALICE, ksid, 0), 4);
      assert.equal(await pair.chunk(BOB, ksid, 0), await pair.chunk(ALICE, ksid, 0));
      assert.ok(pair.voided.includes(chunkKeyId(ksid, 0)));
    }
  });

  it('one that was refused cleanly is tried again under the same ids', async () => {
    const pair = await Pair.open();
    const ksid = await joined(pair);
    pair.assignFaults.push({ code: 'quota', after: false });
    assert.equal(await pair.chunk(BOB, ksid, 0), 2);
    assert.ok(isKey(await pair.chunk(BOB, ksid, 0)));
    assert.equal(pair.assigned[0], chunkKeyId(ksid, 0));
    assert.deepEqual(pair.voided, []);
  });

  it('chunks that the key service does not take are tried twice and no more', async () => {
    const pair = await Pair.open();
    const ksid = await joined(pair);
    pair.assignFaults.push(...Array(9).fill({ code: 'argument', after: false }));
    for (let i = 0; i < 4; i++) assert.equal(await pair.chunk(i % 2 ? ALICE : BOB, ksid, 0), 4);
    assert.equal(pair.assignFaults.length, 7);
    const other = await joined(pair);
    pair.assignFaults.length = 1;
    assert.ok(isKey(await pair.chunk(ALICE, other, 0)), 'ids that were used before are passed over');
  });

  it('nothing is spent on a caller who has gone', async () => {
    const pair = await Pair.open();
    const ksid = await joined(pair);
    const gone = new AbortController();
    gone.abort();
    const request = { call: 'get', dialect: 'P', ksid, index: 0, metadataRoom: 0 } as const;
    assert.equal(((await pair.ask(ALICE, request, gone.signal)) as GetResponse).key, null);
    await settled();
    assert.ok(isKey(await pair.chunk(ALICE, ksid, 0)));
    const waits = pair.ask(ALICE, openRequest(ALICE, BOB, PREDEFINED, { timeoutMs: 600_000 }), gone.signal);
    assert.notEqual((await waits).status, 0);
  });

  it('an application has so many streams and no more', async () => {
    const pair = await Pair.open({ streamsPerSae: 3 });
    for (const status of [0, 0, 0, 4]) assert.equal((await pair.openStream(ALICE, BOB, null)).status, status);
    assert.equal((await pair.openStream(BOB, ALICE, null)).status, 4, 'those that others opened with it count');
  });

  it('a KME speaks only for its own applications, and only about what is sound', async () => {
    const pair = await Pair.open();
    const ksid = await joined(pair);
    const word = {
      ksid: PREDEFINED,
      sae: ALICE,
      peer: BOB,
      qos: { ...QOS, maxBps: 1, timeoutMs: 1, ttlS: 1 },
      leads: true,
    };
    const open = async (change: object): Promise<string> =>
      readOpenReply(await pair.say('moscow', TOPIC.open, encodeWord({ ...word, ...change }))).outcome;
    assert.equal(await open({ sae: 'vpn-moscow' }), 'refused');
    assert.equal(await open({ peer: 'vpn-beijing' }), 'refused');
    assert.equal(await open({ qos: { ...word.qos, chunkBytes: 1 << 30 } }), 'refused');
    assert.equal(await open({ ksid, sae: 'vpn-beijing' }), 'in-use');
    const need = { ksid, sae: BOB, peer: ALICE, index: 0, known: 0, readTo: 0 };
    for (const change of [{ sae: 'vpn-moscow' }, { peer: 'vpn-beijing' }, { ksid: PREDEFINED }]) {
      const reply = readNeedReply(await pair.say('beijing', TOPIC.need, encodeWord({ ...need, ...change }), 'moscow'));
      assert.deepEqual([reply.status, reply.windows], [3, []]);
    }
    assert.equal(readNeedReply(await pair.say('beijing', TOPIC.need, encodeWord(need), 'beijing')).status, 3);
    await pair.say('beijing', TOPIC.close, encodeWord({ ksid, sae: BOB, peer: ALICE }), 'beijing');
    assert.ok(isKey(await pair.chunk(ALICE, ksid, 0)), 'nobody closed it');
    assert.equal(await open({}), 'joined');
  });

  it('words that are none are refused, whatever they are', async () => {
    const pair = await Pair.open();
    await joined(pair);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...Object.values(TOPIC)),
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => new TextEncoder().encode(text)),
        ),
        (topic, body) => assert.rejects(pair.say('moscow', topic, body), SyntaxError),
      ),
      { seed: 4, numRuns: 2_000 },
    );
  });
});

describe('killed at any point and started again', () => {
  /** Opens, reads, closes; what was acknowledged is in `seen`. */
  async function run(pair: Pair, seen: Map<string, string>): Promise<void> {
    const record = (sae: string, ksid: string, index: number, chunk: number | string): void => {
      if (typeof chunk === 'number') return;
      const name = `${sae} ${ksid} ${index}`;
      assert.ok(!seen.has(name), `${name} was delivered twice`);
      seen.set(name, chunk);
      const other = seen.get(`${sae === ALICE ? BOB : ALICE} ${ksid} ${index}`);
      if (other) assert.equal(chunk, other, `${name} differs between the two`);
    };
    await Promise.all([pair.openStream(ALICE, BOB, PREDEFINED), pair.openStream(BOB, ALICE, PREDEFINED)]);
    const fresh = await pair.openStream(BOB, ALICE, null);
    const ids = [PREDEFINED, ...(fresh.status === 0 ? [fresh.ksid!] : [])];
    if (fresh.status === 0) await pair.openStream(ALICE, BOB, fresh.ksid);
    for (let index = 0; index < 12; index += 2) {
      // The second chunk is asked for while the first is at various stages.
      const ask = async (sae: string, ksid: string, at: number): Promise<void> => {
        if (at > index) await turns(4 * index);
        record(sae, ksid, at, await pair.chunk(sae, ksid, at));
      };
      const asked = ids.flatMap((ksid) =>
        [ALICE, BOB].flatMap((sae) => [ask(sae, ksid, index), ask(sae, ksid, index + 1)]),
      );
      await Promise.all(asked);
    }
  }

  for (const victims of [['beijing', 'moscow'], ['beijing'], ['moscow']]) {
    it(`${victims.join(' and ')}: no chunk twice to one side, none that differs, and work goes on`, async () => {
      let kills = 0;
      for (let at = 0; ; at++) {
        const pair = await Pair.open({ windowChunks: 3 });
        const seen = new Map<string, string>();
        pair.victims = victims;
        pair.killIn = at;
        await pair.through(run(pair, seen));
        const killed = pair.killIn < 0;
        assert.ok(
          pair.faults.every((fault) => fault instanceof Killed),
          String(pair.faults),
        );
        pair.faults.length = 0;
        await pair.start({ windowChunks: 3 });
        await pair.through(run(pair, seen));
        assert.deepEqual(pair.faults, []);
        const chunks = [...seen.keys()].filter((name) => name.includes(PREDEFINED)).length;
        // At most the chunks in flight, two to a side, are lost to it; a window in flight is made anew.
        assert.ok(chunks >= 20, `killed at effect ${at}: ${chunks} of 24 chunks`);
        if (!killed) break;
        kills++;
      }
      assert.ok(kills > 50, `${kills} points`);
    });
  }

  it('a note that is no stream is refused at the start', async () => {
    const pair = await Pair.open();
    await joined(pair);
    const [name] = pair.notes.beijing!.keys();
    pair.notes.beijing!.set(name!, '{"ksid":"x","sae":"y"}');
    await assert.rejects(pair.start(), { code: 'kme/argument' });
  });
});
