import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DETECT_LIMIT } from './messages.ts';
import { distil, SMALL_BLOCK, SMALL_LIGHT, synthesise } from './test/benchtop.ts';
import type { DetectionChunk } from './types.ts';

test('a slow Alice holds Bob up: his receiver is asked for a chunk when the one before is settled', async () => {
  const source = synthesise(SMALL_BLOCK, { ...SMALL_LIGHT, chunk: 500 });
  let pulled = 0;
  let answered = 0;
  async function* chunks(): AsyncGenerator<DetectionChunk> {
    for await (const chunk of source.chunks()) {
      pulled++;
      yield chunk;
    }
  }
  const { alice, bob } = await distil({
    chunks: chunks(),
    async emissions(slots) {
      for (let turn = 0; turn < 50; turn++) await undefined;
      assert.equal(pulled, answered + 1);
      answered++;
      return source.emissions(slots);
    },
  });
  assert.deepEqual([alice.report?.verdict, bob.report?.verdict], ['accepted', 'accepted']);
  assert.equal(answered, SMALL_LIGHT.detections / 500);
});

test('however large a chunk, a message about it is bounded', async () => {
  const longest = new Map<number, number>();
  const { alice } = await distil({
    light: { ...SMALL_LIGHT, detections: 3 * DETECT_LIMIT, chunk: 3 * DETECT_LIMIT },
    tamper(message) {
      longest.set(message[0]!, Math.max(longest.get(message[0]!) ?? 0, message.length));
      return [message];
    },
  });
  assert.equal(alice.report?.verdict, 'accepted');
  const detect = 0x03;
  assert.equal(alice.report?.detections, 3 * DETECT_LIMIT);
  // Slots are at most 8 bytes each, and those of a pass as dense as this one 2.
  assert(longest.get(detect)! <= 3 * DETECT_LIMIT, `${longest.get(detect)}`);
});
