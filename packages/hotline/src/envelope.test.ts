import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeHeader, type Header, parseEnvelope } from './envelope.ts';
import { HotlineError } from './error.ts';
import { keyNeedOfBlock } from './suite.ts';
import { blockOf } from './text.ts';

const deskId = fc.stringMatching(/^[!-~]{1,64}$/);
const anyHeader = fc
  .record({
    suite: fc.constantFrom('one-time-pad', 'aes-256-gcm'),
    conversationId: fc.uuid(),
    sender: deskId,
    receiver: deskId,
    sequence: fc.maxSafeNat().map((n) => Math.max(1, n)),
    keyIds: fc.uniqueArray(fc.uuid(), { minLength: 8, maxLength: 8 }),
    textBytes: fc.integer({ min: 1, max: 4000 }),
  })
  .filter(({ sender, receiver }) => sender !== receiver)
  .map(({ textBytes, keyIds, suite, ...rest }): Header => {
    const blockBytes = blockOf('x'.repeat(textBytes)).length;
    const { count } = keyNeedOfBlock(suite as Header['suite'], blockBytes);
    return { ...rest, suite: suite as Header['suite'], keyIds: keyIds.slice(0, count), blockBytes };
  });

function withBody(header: Header): Uint8Array {
  return Uint8Array.of(
    ...encodeHeader(header),
    ...new Uint8Array(header.blockBytes).fill(7),
    ...new Uint8Array(16).fill(9),
  );
}

test('what is written is read back, whatever the names and numbers', () => {
  fc.assert(
    fc.property(anyHeader, (header) => {
      const bytes = withBody(header);
      const read = parseEnvelope(bytes);
      assert.deepEqual(read.header, header);
      assert.deepEqual(read.headerBytes, encodeHeader(header));
      assert.ok(read.ciphertext.length === header.blockBytes && read.ciphertext.every((byte) => byte === 7));
      assert.ok(read.tag.length === 16 && read.tag.every((byte) => byte === 9));
    }),
  );
});

test('one reading only: whatever parses, writes the same bytes again', () => {
  fc.assert(
    fc.property(anyHeader, fc.nat(), fc.integer({ min: 1, max: 255 }), (header, where, mask) => {
      const bytes = withBody(header);
      bytes[where % encodeHeader(header).length]! ^= mask;
      try {
        const read = parseEnvelope(bytes);
        assert.deepEqual(encodeHeader(read.header), read.headerBytes);
      } catch (error) {
        assert.ok(error instanceof HotlineError);
      }
    }),
    { numRuns: 2000 },
  );
});

test('garbage is refused with a sentence and never crashes', () => {
  const start = fc.constantFrom([], [0x53, 0x4b, 0x59, 0x48, 1, 1, 1, 1], [0x53, 0x4b, 0x59, 0x48, 1, 2, 2, 1]);
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 400 }), (head, rest) => {
      assert.throws(() => parseEnvelope(Uint8Array.of(...head, ...rest)), HotlineError);
    }),
    { numRuns: 2000 },
  );
});
