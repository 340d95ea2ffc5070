import assert from 'node:assert/strict';
import { createDecipheriv } from 'node:crypto';
import { describe, test } from 'node:test';
import { LANES } from './lanes.ts';
import { HEADER_BYTES, MAX_PLAINTEXT_BYTES, openRecord, parseRecord, sealRecord, TAG_BYTES } from './record.ts';
import { refusalCode } from './test/desks.ts';
import { copy, hex, reveal, Seeded } from './test/seeded.ts';

const seeded = new Seeded(1);
const EPOCH = seeded.bytes(16);
const messageKey = (counter: number) => ({ counter, key: seeded.secret(), commitment: seeded.bytes(16) });

describe('a record', () => {
  test('is what the page says, byte by byte, in every lane and direction', () => {
    for (const [i, lane] of LANES.entries()) {
      for (const direction of [1, 2] as const) {
        const next = messageKey(0x0102030405);
        const key = reveal(next.key);
        const plaintext = seeded.bytes(seeded.below(200));
        const record = sealRecord(lane, direction, EPOCH, next, plaintext);
        const header = `534b594802020${i + 1}0${direction}${hex(EPOCH)}0000000102030405${hex(next.commitment)}`;
        assert.equal(hex(record.subarray(0, HEADER_BYTES)), header);
        assert.equal(record.length, 48 + plaintext.length + 16);
        const nonce = Buffer.from('000000000000000102030405', 'hex');
        const decipher = createDecipheriv('aes-256-gcm', Buffer.from(key, 'hex'), nonce);
        decipher.setAAD(Buffer.from(header, 'hex')).setAuthTag(record.subarray(-TAG_BYTES));
        const opened = Buffer.concat([decipher.update(record.subarray(48, -16)), decipher.final()]);
        assert.equal(hex(opened), hex(plaintext));
        assert.throws(() => reveal(next.key), /overwritten/, 'a key that sealed must not seal again');
      }
    }
  });

  test('opens to what was sealed, from the empty one to the longest; one byte more is too long', () => {
    for (const bytes of [0, 1, 16, 17, MAX_PLAINTEXT_BYTES]) {
      const next = messageKey(1);
      const key = copy(next.key);
      const plaintext = seeded.bytes(bytes);
      const record = parseRecord(Buffer.from(sealRecord('file', 2, EPOCH, next, plaintext)));
      assert.deepEqual(openRecord(record, key, next.commitment), plaintext);
    }
    assert.equal(
      refusalCode(() => sealRecord('file', 2, EPOCH, messageKey(1), new Uint8Array(MAX_PLAINTEXT_BYTES + 1))),
      'hotline/too-long',
    );
    const long = new Uint8Array(HEADER_BYTES + MAX_PLAINTEXT_BYTES + 1 + TAG_BYTES);
    long.set(sealRecord('file', 2, EPOCH, messageKey(1), new Uint8Array(0)).subarray(0, HEADER_BYTES));
    assert.equal(
      refusalCode(() => parseRecord(long)),
      'hotline/malformed',
    );
  });

  test('every bit that is flipped ends in a refusal, also when its commitment is put right', () => {
    const next = messageKey(7);
    const key = copy(next.key);
    const record = sealRecord('text', 1, EPOCH, next, seeded.bytes(20));
    let opened = 0;
    for (let bit = 0; bit < 8 * record.length; bit++) {
      const altered = record.slice();
      altered[bit >> 3]! ^= 1 << (bit & 7);
      try {
        const parsed = parseRecord(altered);
        if (openRecord(parsed, key, next.commitment)) opened++;
        // Under AES-GCM alone the commitment is associated data as the rest.
        if (openRecord(parsed, key, parsed.commitment)) opened++;
      } catch (error) {
        assert.equal((error as { code: string }).code, 'hotline/malformed');
      }
    }
    assert.equal(opened, 0);
    assert.ok(openRecord(parseRecord(record), key, next.commitment));
  });

  test('a record whose tag is right but whose commitment is not that of the key is refused', () => {
    const next = messageKey(7);
    const key = copy(next.key);
    const record = parseRecord(sealRecord('text', 1, EPOCH, next, seeded.bytes(20)));
    assert.equal(openRecord(record, key, seeded.bytes(16)), null);
    assert.ok(openRecord(record, key, next.commitment));
  });

  test('what is cut off anywhere is refused, and so is another kind of message', () => {
    const next = messageKey(7);
    const key = copy(next.key);
    const record = sealRecord('control', 1, EPOCH, next, seeded.bytes(9));
    for (let length = 0; length < record.length; length++) {
      const part = record.subarray(0, length);
      if (length < HEADER_BYTES + TAG_BYTES) {
        assert.equal(
          refusalCode(() => parseRecord(part)),
          'hotline/malformed',
        );
      } else {
        assert.equal(openRecord(parseRecord(part), key, next.commitment), null);
      }
    }
    assert.equal(openRecord(parseRecord(Uint8Array.of(...record, 0)), key, next.commitment), null);
    for (const [at, value] of [
      [0, 0],
      [4, 1],
      [5, 1],
      [6, 0],
      [6, 4],
      [7, 0],
      [7, 3],
    ] as const) {
      const altered = record.slice();
      altered[at] = value;
      assert.equal(
        refusalCode(() => parseRecord(altered)),
        'hotline/malformed',
      );
    }
  });

  test('the plaintext of a forged record is overwritten', async (t) => {
    const { Decipheriv } = await import('node:crypto');
    const given: Uint8Array[] = [];
    const { update } = Decipheriv.prototype;
    t.mock.method(Decipheriv.prototype, 'update', function (this: object, ...input: Parameters<typeof update>) {
      const output = update.apply(this as never, input) as unknown as Buffer;
      given.push(output);
      return output;
    });
    const next = messageKey(7);
    const key = copy(next.key);
    const record = sealRecord('text', 1, EPOCH, next, new Uint8Array(64).fill(0x41));
    record[record.length - 1]! ^= 1;
    assert.equal(openRecord(parseRecord(record), key, next.commitment), null);
    assert.deepEqual(
      given.map((bytes) => new Uint8Array(bytes)),
      [new Uint8Array(64)],
    );
  });
});
