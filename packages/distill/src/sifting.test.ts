import assert from 'node:assert/strict';
import { test } from 'node:test';
import { get, popcount, unpack, zeros } from '@skykey/bits';
import type { Message } from './messages.ts';
import type { Session } from './session.ts';
import { KeptDetections, type Sifted } from './sift.ts';
import { announceAlice, announceBob, checkEmissions, MonitorChoice } from './sifting.ts';
import { distil, SMALL_BLOCK, seededBytes, synthesise } from './test/benchtop.ts';

/** What is marked of detections told in messages of these lengths. */
function marked(probability: number, lengths: readonly number[], seed: number): number[] {
  const choice = new MonitorChoice(probability, seededBytes(seed));
  return lengths.flatMap((length) => [...unpack(choice.next(length))]);
}

test('each detection is monitored with the probability that was agreed, whatever came before', () => {
  const n = 400_000;
  for (const [i, p] of [0.5, 1 / 32, 0.003, 0.97].entries()) {
    const marks = marked(p, [n], 40 + i);
    // Of all, and of those that follow a monitored one by one, two, … five.
    const ones = marks.reduce((sum, mark) => sum + mark, 0);
    assert(Math.abs(ones - n * p) <= 5 * Math.sqrt(n * p * (1 - p)), `${ones} of ${n} at ${p}`);
    for (let lag = 1; lag <= 5; lag++) {
      const after = marks.filter((_, at) => at >= lag && marks[at - lag]);
      const both = after.reduce((sum, mark) => sum + mark, 0);
      const sigma = Math.sqrt(after.length * p * (1 - p));
      assert(Math.abs(both - after.length * p) <= 5 * sigma, `${both} of ${after.length}, ${lag} after, at ${p}`);
    }
  }
});

test('the distance to the next monitored detection has the law of coins, at the edges of what is drawn', () => {
  const p = 1 / 32;
  /** The first distance when the first draw is u = numerator / 2^64, about. */
  const distance = (u: number): number => {
    const high = Math.floor(u * 2 ** 32);
    const bytes = new Uint8Array(2 ** 16);
    new DataView(bytes.buffer).setUint32(4, high, true);
    const choice = new MonitorChoice(p, (length) => bytes.slice(0, length));
    const marks = choice.next(2000);
    return unpack(marks).indexOf(1);
  };
  // k or more when u is at most (1 - p)^k: just beside each limit.
  for (let k = 1; k <= 200; k++) {
    const limit = (1 - p) ** k;
    assert.equal(distance(limit * (1 + 1e-6)), k - 1);
    assert.equal(distance(limit * (1 - 1e-6)), k);
  }
  assert.equal(distance(1 - 2 ** -32), 0);
  // All zeros: u = 2^-65, the longest.
  assert.equal(distance(0), Math.floor((-65 * Math.LN2) / Math.log(1 - p)));
});

test('how detections are cut into messages changes no choice', () => {
  const whole = marked(0.1, [10_000], 3);
  assert.deepEqual(marked(0.1, [0, 1, 999, 0, 4000, 5000], 3), whole);
  assert.deepEqual(marked(0.1, Array(10_000).fill(1), 3), whole);
});

test('none and all', () => {
  const none = new MonitorChoice(0, () => assert.fail('nothing is to be drawn'));
  assert.equal(popcount(none.next(5000)), 0);
  assert.equal(popcount(new MonitorChoice(1, seededBytes(1)).next(5000)), 5000);
  assert.equal(popcount(new MonitorChoice(1e-300, seededBytes(1)).next(5000)), 0);
  assert.equal(get(new MonitorChoice(1, seededBytes(1)).next(1), 0), 1);
});

test('a record of the transmitter that is none of these slots is refused, with the row', () => {
  const column = (...values: number[]): Uint8Array => Uint8Array.from(values);
  const record = { intensity: column(0, 2, 1), basis: column(1, 0, 1), bit: column(0, 1, 1) };
  assert.deepEqual(checkEmissions(record, 3), column(2, 9, 7));
  const refusal = (message: RegExp) => ({ code: 'distill/emissions', message });
  assert.throws(() => checkEmissions(record, 4), refusal(/3, 3 and 3 rows for 4 slots/));
  assert.throws(() => checkEmissions({ ...record, bit: column(0, 1) }, 3), refusal(/3, 3 and 2 rows/));
  assert.throws(() => checkEmissions({ ...record, basis: column(1, 0, 2) }, 3), refusal(/basis 2, bit 1 in row 2/));
});

test('a source of randomness that reuses its array makes no two choices alike', () => {
  const own = seededBytes(5);
  const room = new Uint8Array(2 ** 14);
  const reusing = (length: number): Uint8Array => {
    const bytes = room.subarray(0, length);
    bytes.set(own(length));
    return bytes;
  };
  const first = new MonitorChoice(0.5, reusing);
  const second = new MonitorChoice(0.5, reusing);
  const expected = marked(0.5, [1000], 5);
  assert.deepEqual([...unpack(first.next(1000))], expected);
  assert.notDeepEqual([...unpack(second.next(1000))], expected);
});

test('the raw key is overwritten when the comparison of the test basis ends the session', async () => {
  const n = 4096;
  const said: Record<string, Message> = {
    bases: { type: 'bases', basis: zeros(n) },
    settings: { type: 'settings', basis: zeros(n), intensity: { length: n, packed: new Uint8Array(n / 4) } },
    'test-bob': { type: 'test-bob', bits: zeros(0) },
    'test-alice': { type: 'test-alice', bits: zeros(0) },
  };
  for (const announce of [announceAlice, announceBob]) {
    const kept = new KeptDetections();
    kept.append(new Uint8Array(n).fill(1), zeros(n));
    const held: Sifted[] = [];
    const session = {
      line: { send: async () => undefined, receive: async (type: string) => said[type] },
      stage: () => undefined,
      estimate: (sifted: Sifted) => {
        assert.equal(popcount(sifted.key), n);
        held.push(sifted);
        throw new Error('hard alarm on the test basis');
      },
    };
    await assert.rejects(announce(session as unknown as Session, kept), /hard alarm/);
    assert.deepEqual(held[0]!.key, zeros(n));
  }
});

test('bits of settled double clicks are overwritten when a message ends the session', async (t) => {
  const append = t.mock.method(KeptDetections.prototype, 'append');
  const light = { seed: 1, detections: 2000, qber: 0, basisX: 0.6, chunk: 2000 };
  const { chunks } = synthesise(SMALL_BLOCK, light);
  const doubled = async function* () {
    for await (const { slot, detector, untilSlot } of chunks()) {
      const twice = Float64Array.from([slot[0]!, ...slot]);
      yield { slot: twice, detector: Uint8Array.from([detector[0]!, ...detector]), untilSlot };
    }
  };
  const { bob } = await distil({
    light,
    chunks: doubled(),
    tamper: (bytes) => [bytes[0] === 6 ? Uint8Array.of(0) : bytes],
  });
  assert.equal(bob.result.status, 'rejected');
  assert.equal(append.mock.callCount(), 2);
  for (const {
    arguments: [values],
  } of append.mock.calls)
    assert.deepEqual(values, new Uint8Array(2000));
});
