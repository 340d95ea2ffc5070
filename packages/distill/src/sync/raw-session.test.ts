import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decode, type Message } from '../messages.ts';
import { blockIdOf } from '../parameters.ts';
import { distil, SMALL_BLOCK, twoSites } from '../test/benchtop.ts';
import { spentSlots } from './disclosure.ts';
import { rawDetections } from './source.ts';
import { flyby } from './test/flyby.ts';
import { inPieces, type Recorded, recorded } from './test/recording.ts';

/** Raw tags of a played pass to key: 1.1 us and 6e-8 wrong at first, 35 dB. */
const options = {
  pulseRateHz: 1e8,
  lossDb: 35,
  durationS: 8,
  closestS: 60,
  seed: 5,
  clockOffsetPs: 0.6e6,
  clockDriftPsPerS: 4e4,
  clockJitterPs: 50,
  aheadS: 0.02,
} as const;

async function session(recording: Recorded, emissions = recording.pass.emissions) {
  const parameters = { ...SMALL_BLOCK, pulses: recording.pulses };
  const sites = twoSites();
  const messages: Message[] = [];
  const { alice, bob } = await distil({
    parameters,
    sites,
    chunks: rawDetections(inPieces(recording), recording.options),
    emissions: async (slots) => emissions(slots),
    tamper: (message) => {
      messages.push(decode(message));
      return [message];
    },
  });
  const id = blockIdOf(parameters);
  return { alice, bob, messages, keys: [sites.alice.store.keys.get(id), sites.bob.store.keys.get(id)], sites };
}

describe('a session from raw tags', () => {
  it('finds its slots on the line, and both release the same key', async () => {
    const recording = recorded(options);
    const { alice, bob, messages, keys, sites } = await session(recording);
    assert.ok(alice.report && bob.report, JSON.stringify([alice.result, bob.result]));
    assert.equal(alice.report.verdict, 'accepted', alice.report.reason);
    assert.deepEqual(bob.report, alice.report);
    assert.ok(keys[0] && keys[0].length * 8 === alice.report.secretBits && alice.report.secretBits > 1000);
    assert.deepEqual(keys[1], keys[0]);
    assert.deepEqual(sites.alice.store.released(), sites.bob.store.released());
    assert.equal(sites.bob.store.released().length, 1);
    assert.ok(alice.report.qberSignal < 0.02, `${alice.report.qberSignal}`);
    // In the order of PROTOCOL.md: claim, answer, outcome, and no detection before them.
    const types = messages.map(({ type }) => type);
    const at = types.indexOf('claim');
    assert.deepEqual(types.slice(at, at + 4), ['claim', 'claimed', 'acquired', 'detect']);
    assert.equal(types.indexOf('detect'), at + 3);
    assert.equal(alice.report.acquisitions, 1);
  });

  it('goes on after a cloud by a second claim, and has key', async () => {
    const recording = recorded({ ...options, lossDb: 36, durationS: 52, cloud: [4, 46], clockDriftPsPerS: 5e3 });
    const { alice, bob, messages, keys } = await session(recording);
    assert.equal(alice.report?.verdict, 'accepted', alice.report?.reason);
    assert.deepEqual(bob.report, alice.report);
    assert.deepEqual(keys[1], keys[0]);
    const outcomes = messages.flatMap((one) => (one.type === 'acquired' ? [one.found] : []));
    assert.deepEqual([outcomes[0], outcomes.at(-1), outcomes.filter((found) => found).length], [true, true, 2]);
    // No slot that was claimed is a detection.
    const spent = messages.flatMap((one) => (one.type === 'claim' ? [spentSlots(one.claim)] : []));
    for (const one of messages) {
      if (one.type !== 'detect') continue;
      for (const slot of one.detections.slot) assert.ok(!spent.some(({ from, until }) => slot >= from && slot < until));
    }
  });

  it('that never finds the light ends with a sentence, without key, on both sides', async () => {
    const recording = recorded({ ...options, durationS: 2 });
    const { alice, bob, keys } = await session(recording, flyby({ ...options, durationS: 2, seed: 6 }).emissions);
    assert.ok(bob.result.status === 'rejected');
    assert.match(String(bob.result.reason), /^DistillError: no light was found: of \d+ windows/);
    assert.equal(alice.report?.verdict, 'refused');
    assert.match(alice.report.reason!, /one party failed by itself/);
    assert.deepEqual(keys, [undefined, undefined]);
  });
});
