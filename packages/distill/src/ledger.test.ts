import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyLength } from '@skykey/finitekey';
import { decode, type Message } from './messages.ts';
import { distil, type Light, SMALL_BLOCK, SMALL_LIGHT, synthesise } from './test/benchtop.ts';
import type { DetectionChunk, SessionParameters, SessionReport } from './types.ts';

/**
 * What the ledger of a session says, against what went over the wire: every message is recorded, decoded apart from the
 * parties, and its payload counted bit by bit.
 */

interface Wire {
  /** All about Alice's key. */
  readonly aliceBits: number;
  readonly tagAnswers: number;
  readonly bobBits: number;
  /** Of the messages that reconcile. */
  readonly messageBits: number;
  readonly bytes: number;
}

function wireOf(messages: readonly Uint8Array[], keyBits: number): Wire {
  let aliceBits = 0;
  let tagAnswers = 0;
  let bobBits = 0;
  let messageBits = 0;
  for (const bytes of messages) {
    const message = decode(bytes);
    const { alice, bob, answers } = payloadOf(message, keyBits);
    const reconciles = message.type === 'shuffle' || alice + bob + answers > 0;
    if (reconciles && message.type !== 'verify') messageBits += 8 * bytes.length;
    aliceBits += alice;
    tagAnswers += answers;
    bobBits += bob + answers;
  }
  return { aliceBits, tagAnswers, bobBits, messageBits, bytes: messages.reduce((sum, { length }) => sum + length, 0) };
}

/** Bits of a message that tell of a key; bases, test bits and seeds do not. */
function payloadOf(message: Message, keyBits: number): { alice: number; bob: number; answers: number } {
  const none = { alice: 0, bob: 0, answers: 0 };
  switch (message.type) {
    case 'parities':
    case 'frames':
      return { ...none, alice: message.bits.length };
    case 'frame-tags':
      return { ...none, alice: 32 * message.tags.length };
    case 'syndromes':
      // Version, family, key bits, frames, rows, seed: 46 bytes that no key went into.
      return { ...none, alice: 8 * (message.message.length - 46) };
    case 'verify':
      return { ...none, alice: 8 * message.tag.length };
    case 'differences':
      return { ...none, bob: message.bits.length };
    case 'frame-check':
    case 'decoded':
      return { ...none, answers: message.failed.length };
    case 'reconciled':
      // A number from 0 to n.
      return { ...none, bob: Math.ceil(Math.log2(keyBits + 1)) };
    default:
      return none;
  }
}

async function recorded(
  parameters: SessionParameters,
  light: Light,
  chunks?: AsyncIterable<DetectionChunk>,
): Promise<{ report: SessionReport; wire: Wire }> {
  const messages: Uint8Array[] = [];
  const { alice, bob } = await distil({
    parameters,
    light,
    ...(chunks ? { chunks } : {}),
    tamper: (bytes) => {
      messages.push(bytes);
      return [bytes];
    },
  });
  assert.deepEqual(bob.report, alice.report);
  const report = alice.report!;
  const [signal, decoy, weakest] = report.keyDetections;
  return { report, wire: wireOf(messages, signal + decoy + weakest) };
}

const LIGHT: Light = { ...SMALL_LIGHT, detections: 120_000, qber: 0.01, basisX: 0.8 };

for (const method of ['cascade', 'ldpc'] as const) {
  test(`what ${method} disclosed by the ledger is what went over the wire, bit for bit (pitfalls P8, P9, P26)`, async () => {
    const parameters: SessionParameters = { ...SMALL_BLOCK, method };
    const { report, wire } = await recorded(parameters, LIGHT);
    assert.equal(report.verdict, 'accepted', report.reason);
    const { reconciliation: said } = report;
    assert.deepEqual(
      [said.method, said.leakedBits, said.tagAnswers, said.announcedBits, said.messageBits, report.classicalBytes],
      [method, wire.aliceBits, wire.tagAnswers, wire.bobBits, wire.messageBits, wire.bytes],
    );
    assert.equal(said.failedFrames, 0);
    // The key is shorter by every one of them: Alice's and the answers to tags, and the verification tag once.
    const { terms } = report.secrecy;
    assert.equal(terms.leak! + terms.verification!, -wire.aliceBits - wire.tagAnswers);
    const { meanPhotons, probabilities, epsSec, epsCor } = parameters;
    const statement = keyLength('tilted', {
      ...{ protocol: 'decoy-bb84', intensities: meanPhotons, probabilities, epsSec, epsCor },
      ...{ nX: report.keyDetections, mX: [0, 0, 0], nZ: report.testDetections, mZ: report.testErrors },
      ...{ leakBits: wire.aliceBits - 128 + wire.tagAnswers, tagBits: 128 },
      // 64 bits for the instant of `decoded`.
      ...(method === 'ldpc' ? { bobBits: wire.bobBits - wire.tagAnswers + 64 } : {}),
    });
    assert.deepEqual(terms, JSON.parse(JSON.stringify(statement.terms)), 'JSON knows no -0');
    assert.equal(report.secretBits, Math.floor(statement.secretBits / 8) * 8);
  });
}

test('a frame that had to be disclosed is in the ledger with every bit, stays in the key and in the estimate', async () => {
  const parameters: SessionParameters = {
    ...{ ...SMALL_BLOCK, method: 'ldpc', monitorProbability: 0 },
    meanPhotons: [0.4, 0.1, 0],
  };
  const light: Light = { ...SMALL_LIGHT, detections: 480_000, qber: 0.005, basisX: 0.9 };
  // Bob's X detectors are turned round in the first fifth of the pass; the test basis shows nothing of it.
  const turned = async function* () {
    for await (const chunk of synthesise(parameters, light).chunks()) {
      yield chunk.untilSlot > parameters.pulses / 5
        ? chunk
        : { ...chunk, detector: chunk.detector.map((one, i) => (one < 2 ? one ^ (i & 1) : one)) };
    }
  };
  const { report, wire } = await recorded(parameters, light, turned());
  assert.equal(report.verdict, 'accepted', report.reason);
  const { reconciliation: said, keyDetections } = report;
  assert.deepEqual([said.frames, said.failedFrames, said.roundTrips], [4, 1, 2]);
  assert.deepEqual(
    [said.leakedBits, said.tagAnswers, said.announcedBits, said.messageBits, report.classicalBytes],
    [wire.aliceBits, wire.tagAnswers, wire.bobBits, wire.messageBits, wire.bytes],
  );
  assert.equal(report.secrecy.terms.leak, -(wire.aliceBits - 128) - wire.tagAnswers);
  const keyBits = keyDetections[0] + keyDetections[1] + keyDetections[2];
  assert(said.leakedBits > keyBits / 4, 'a whole frame');
  // A tenth of a long key wrong, and all of it there: nothing was chosen by its errors (pitfall P4).
  assert(report.keyErrors > keyBits / 12, `${report.keyErrors} of ${keyBits}`);
});
