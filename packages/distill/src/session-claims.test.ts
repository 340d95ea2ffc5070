import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode, type Message } from './messages.ts';
import { blockIdOf } from './parameters.ts';
import { MOST_CLAIMS } from './protocol.ts';
import { type AcquisitionClaim, spentSlots } from './sync/disclosure.ts';
import { distil, SMALL_BLOCK, SMALL_LIGHT, synthesise, twoSites } from './test/benchtop.ts';
import type { Acquisition, DetectionChunk, EmissionRecord } from './types.ts';

const BLOCK = blockIdOf(SMALL_BLOCK);
const LIGHT = { ...SMALL_LIGHT, detections: 40_000, chunk: 4000 };
const SOURCE = synthesise(SMALL_BLOCK, LIGHT);

/** What Alice sent: the record of the light, and something for slots in which nobody saw anything. */
async function emissions(slots: Float64Array): Promise<EmissionRecord> {
  const filler = {
    intensity: Uint8Array.from(slots, (s) => s % 3),
    basis: Uint8Array.from(slots, (s) => (s >>> 2) & 1),
    bit: Uint8Array.from(slots, (s) => s & 1),
  };
  return SOURCE.emissions(slots).catch(() => filler);
}

const claimAt = (...centres: number[]): AcquisitionClaim => ({ centreSlot: Float64Array.from(centres), halfSlots: 50 });

/** Detections of the pass from slot `from` on, up to slot `until`. */
async function chunkOf(from: number, until: number): Promise<DetectionChunk> {
  const slot: number[] = [];
  const detector: number[] = [];
  for await (const chunk of SOURCE.chunks()) {
    for (const [i, at] of chunk.slot.entries()) {
      if (at < from || at >= until) continue;
      slot.push(at);
      detector.push(chunk.detector[i]!);
    }
  }
  return { slot: Float64Array.from(slot), detector: Uint8Array.from(detector), untilSlot: until };
}

test('Bob asks, hears what was sent in those slots, and they give no key', async () => {
  const sites = twoSites();
  const messages: Message[] = [];
  const heard: number[][] = [];
  const [first, again] = [claimAt(1_000_050, 9_999_949), claimAt(500_000_050)];
  const source = async function* (acquisition: Acquisition): AsyncGenerator<DetectionChunk> {
    heard.push([...(await acquisition.ask(first)).settings]);
    await acquisition.settle({ found: false, significance: 1.5 });
    yield await chunkOf(10_000_000, 500_000_000);
    heard.push([...(await acquisition.ask(again)).settings]);
    await acquisition.settle({ found: true, significance: 30 });
    yield await chunkOf(500_000_101, SMALL_BLOCK.pulses);
  };
  const { alice, bob } = await distil({
    light: LIGHT,
    sites,
    chunks: source,
    emissions,
    tamper: (bytes) => {
      messages.push(decode(bytes));
      return [bytes];
    },
  });
  const report = alice.report!;
  assert.equal(report.verdict, 'accepted', report.reason);
  assert.deepEqual(bob.report, report);
  assert.deepEqual(sites.bob.store.keys.get(BLOCK), sites.alice.store.keys.get(BLOCK));
  assert.equal(report.acquisitions, 2);
  assert.equal(report.spentSlots, 10_000_000 + 101);
  const slots = [first, again].map(({ centreSlot }) =>
    [...centreSlot].flatMap((centre) => Array.from({ length: 101 }, (_, i) => centre - 50 + i)),
  );
  for (const [i, asked] of slots.entries()) {
    const sent = await emissions(Float64Array.from(asked));
    assert.deepEqual(
      heard[i],
      asked.map((_, j) => sent.intensity[j]! * 4 + sent.basis[j]! * 2 + sent.bit[j]!),
    );
  }
  // No slot that was spent is a detection, and no message names one.
  const spent = [first, again].map(spentSlots);
  const detected = messages.flatMap((m) => (m.type === 'detect' ? [...m.detections.slot] : []));
  assert.equal(detected.length, report.detections);
  assert(detected.every((slot) => spent.every(({ from, until }) => slot < from || slot >= until)));
  const types = messages.map(({ type }) => type);
  assert.deepEqual(types.slice(2, 6), ['claim', 'claimed', 'acquired', 'detect']);
});

/** Alice's end when a peer claims this, after `before` slots were watched; and what she was asked to look up. */
async function claimed(claim: AcquisitionClaim, before: number, sentUntil: number = SMALL_BLOCK.pulses) {
  const looked: number[] = [];
  let wanted = false;
  const { alice, bob } = await distil({
    light: LIGHT,
    emissions: async (slots) => {
      if (wanted) looked.push(...slots);
      if (slots.some((slot) => slot >= sentUntil)) throw new Error('the light has not left');
      return emissions(slots);
    },
    chunks: async function* (acquisition) {
      yield await chunkOf(0, before);
      await acquisition.ask(claimAt(before + 50));
      assert.fail('answered');
    },
    tamper: (bytes) => {
      if (decode(bytes).type !== 'claim') return [bytes];
      wanted = true;
      return [encode({ type: 'claim', claim })];
    },
  });
  return { alice, bob, looked };
}

test('a claim never gets a slot that gave a detection, is over, or lies beyond the block', async () => {
  const before = 600_000_000;
  for (const [claim, sentence] of [
    // One slot that was watched; one in the middle of the pass; beyond the block; twice the same; none at all.
    [claimAt(before + 49), /slot 600000049 in row 0, where a whole number from 600000050 on is due/],
    [claimAt(1_000_000), /slot 1000000 in row 0/],
    [claimAt(SMALL_BLOCK.pulses - 50), /only those before 1000000000 have gone by/],
    [claimAt(), /0 tags/],
    [{ ...claimAt(before + 50), halfSlots: 0 }, /0 slots on either side/],
  ] as const) {
    const { alice, looked } = await claimed(claim, before);
    assert(alice.result.status === 'rejected');
    assert.equal(alice.result.reason.code, 'distill/protocol');
    assert.match(alice.result.reason.message, sentence);
    assert.deepEqual(looked, [], 'nothing was looked up, so nothing was said');
  }
});

test('a claim about light that has not left is refused by the transmitter, and nothing is said', async () => {
  const { alice, bob } = await claimed(claimAt(700_000_000), 600_000_000, 700_000_000);
  assert(alice.result.status === 'rejected');
  assert.equal(alice.result.reason.message, 'the light has not left');
  assert.match(bob.report!.reason!, /failed by itself/);
});

test('the two spend the same slots, or the session ends', async () => {
  // A man in the middle moves the claim: Alice discloses other slots than Bob gives up.
  const chunks = async function* (acquisition: Acquisition): AsyncGenerator<DetectionChunk> {
    await acquisition.ask(claimAt(1_000_050));
    await acquisition.settle({ found: true, significance: 20 });
    yield await chunkOf(1_000_101, SMALL_BLOCK.pulses);
  };
  const honest = await distil({ light: LIGHT, emissions, chunks });
  assert.equal(honest.alice.report!.verdict, 'accepted');
  const sites = twoSites();
  const { alice } = await distil({
    ...{ light: LIGHT, emissions, sites, chunks },
    tamper: (bytes) =>
      decode(bytes).type === 'claim' ? [encode({ type: 'claim', claim: claimAt(5_000_050) })] : [bytes],
  });
  assert(alice.result.status === 'rejected');
  assert.match(alice.result.reason.message, /watched slots 1000101 to .*, where some from 5000101 to/);
  assert.deepEqual([...sites.alice.store.released(), ...sites.bob.store.released()], []);
});

test('what is said about a claim is under the tags', async () => {
  const chunks = async function* (acquisition: Acquisition): AsyncGenerator<DetectionChunk> {
    await acquisition.ask(claimAt(1_000_050));
    await acquisition.settle({ found: true, significance: 20 });
    yield await chunkOf(1_000_101, SMALL_BLOCK.pulses);
  };
  for (const change of [
    (m: Message): Message => (m.type === 'claimed' ? { ...m, settings: m.settings.map((one) => one ^ 1) } : m),
    (m: Message): Message => (m.type === 'acquired' ? { ...m, found: false } : m),
  ]) {
    const sites = twoSites();
    const { alice, bob } = await distil({
      ...{ light: LIGHT, emissions, sites, chunks },
      tamper: (bytes) => [encode(change(decode(bytes)))],
    });
    for (const { report } of [alice, bob]) assert.match(report!.reason!, /an authentication tag is wrong/);
    assert.deepEqual([...sites.alice.store.released(), ...sites.bob.store.released()], []);
  }
});

test(`more than ${MOST_CLAIMS} claims are no search`, async () => {
  const { alice, bob } = await distil({
    light: LIGHT,
    emissions,
    chunks: async function* (acquisition) {
      for (let i = 0; i <= MOST_CLAIMS; i++) {
        await acquisition.ask(claimAt(50 + 101 * i));
        await acquisition.settle({ found: false, significance: 0 });
      }
      yield assert.fail('went on');
    },
  });
  assert(bob.result.status === 'rejected');
  assert.equal(bob.result.reason.code, 'distill/claim');
  assert.match(bob.result.reason.message, /64 are the most/);
  assert.match(alice.report!.reason!, /failed by itself/);
});

test('a source that speaks out of turn is stopped before anything goes out', async () => {
  const sources: ((acquisition: Acquisition) => AsyncGenerator<DetectionChunk>)[] = [
    async function* (acquisition) {
      await acquisition.ask(claimAt(50));
      yield await chunkOf(101, SMALL_BLOCK.pulses);
    },
    async function* (acquisition) {
      await acquisition.ask(claimAt(50));
      await acquisition.ask(claimAt(1050));
      yield await chunkOf(2000, SMALL_BLOCK.pulses);
    },
    async function* (acquisition) {
      await acquisition.settle({ found: true, significance: 9 });
      yield await chunkOf(0, SMALL_BLOCK.pulses);
    },
    async function* (acquisition) {
      void acquisition.ask(claimAt(50));
      yield await chunkOf(101, SMALL_BLOCK.pulses);
    },
  ];
  for (const chunks of sources) {
    const { alice, bob } = await distil({ light: LIGHT, emissions, chunks });
    assert(bob.result.status === 'rejected');
    assert.equal(bob.result.reason.code, 'distill/claim');
    assert.match(bob.result.reason.message, /is not due/);
    assert.notEqual(alice.report?.verdict, 'accepted');
  }
});

test('detections in spent slots are refused on both sides', async () => {
  const { bob } = await distil({
    light: LIGHT,
    emissions,
    chunks: async function* (acquisition) {
      await acquisition.ask(claimAt(1_000_050));
      await acquisition.settle({ found: true, significance: 20 });
      yield await chunkOf(0, SMALL_BLOCK.pulses);
    },
  });
  assert(bob.result.status === 'rejected');
  assert.equal(bob.result.reason.code, 'distill/detections');
});
