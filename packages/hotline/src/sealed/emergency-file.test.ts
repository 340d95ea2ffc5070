import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { makeEmergencyFile, readEmergencyFile } from './emergency-file.ts';

const FROM = { conversationId: '6f1c2d3e-4b5a-4978-8a9b-0c1d2e3f4a5b', provenance: 'courier', texts: 3 };
const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));

test('what a courier carries is read as it was made: each key once, another for each direction', () => {
  const { pads, ...rest } = readEmergencyFile(makeEmergencyFile(FROM, random));
  assert.deepEqual([rest.conversationId, rest.provenance, rest.id.length], [FROM.conversationId, 'courier', 32]);
  const all = [...pads[1].keys, ...pads[2].keys];
  assert.equal(new Set(all.map(({ keyId }) => keyId)).size, 6);
  assert.equal(new Set(all.map(({ key }) => key.open((bytes) => Buffer.from(bytes).toString('hex')))).size, 6);
  assert.ok(all.every(({ key }) => key.length === 256));
});

test('one bit, one byte less or more, and it is no pad', () => {
  const file = makeEmergencyFile({ ...FROM, texts: 1 }, random);
  for (let bit = 0; bit < 8 * file.length; bit += 5) {
    const altered = file.slice();
    altered[bit >> 3]! ^= 1 << (bit & 7);
    assert.throws(() => readEmergencyFile(altered), { code: 'hotline/malformed' });
  }
  for (const wrong of [new Uint8Array(0), file.slice(0, -1), Uint8Array.of(...file, 0)]) {
    assert.throws(() => readEmergencyFile(wrong), { code: 'hotline/malformed' });
  }
});

test('one key for both directions is refused, whoever wrote the hash', () => {
  const file = makeEmergencyFile({ ...FROM, texts: 1 }, random);
  // name, then long plan ‖ key (256), twice.
  const first = 4 + 1 + 16 + 1 + 'courier'.length;
  const half = 4 + 4 + 16 + 256;
  file.copyWithin(first + half, first, first + half);
  const hash = createHash('sha256').update(file.subarray(0, -32)).digest();
  file.set(hash, file.length - 32);
  assert.throws(() => readEmergencyFile(file), { code: 'hotline/malformed', message: /both directions/ });
});

test('what is no pad is not made', () => {
  for (const wrong of [
    { texts: 0 },
    { texts: 65 },
    { texts: 1.5 },
    { conversationId: 'x' },
    { provenance: '' },
    { provenance: 'x'.repeat(256) },
  ]) {
    assert.throws(() => makeEmergencyFile({ ...FROM, ...wrong }, random), { code: 'hotline/bad-argument' });
  }
});
