import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decodeHeader, encodeHeader } from './header.ts';

fc.configureGlobal({ seed: 1 });

const number = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: 0n, max: 300n }));

describe('the header', () => {
  test('is read as it was written, whatever follows', () => {
    fc.assert(
      fc.property(number, number, fc.uint8Array({ maxLength: 3 }), (kid, ctr, rest) => {
        const header = encodeHeader({ kid, ctr });
        assert.deepEqual(decodeHeader(Uint8Array.from([...header, ...rest])), { kid, ctr, length: header.length });
      }),
    );
  });

  test('has one form: what is read is what would be written', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), (bytes) => {
        const header = decodeHeader(bytes);
        if (header) assert.deepEqual(encodeHeader(header), bytes.slice(0, header.length));
      }),
      { numRuns: 5000 },
    );
  });

  test('is not cut short', () => {
    fc.assert(
      fc.property(number, number, fc.nat(), (kid, ctr, at) => {
        const header = encodeHeader({ kid, ctr });
        assert.equal(decodeHeader(header.subarray(0, at % header.length)), undefined);
      }),
    );
  });

  test('is not longer than it needs to be', () => {
    const longer = [
      [0x80, 0x07], // KID 7 in a byte of its own
      [0x90, 0x00, 0xff], // KID 255 in two bytes
      [0x08, 0x00], // CTR 0 in a byte of its own
      [0x09, 0x00, 0x08],
      [0x0f, 0, 0, 0, 0, 0, 0, 0, 9],
    ];
    for (const bytes of longer) assert.equal(decodeHeader(Uint8Array.from(bytes)), undefined);
    assert.deepEqual(decodeHeader(Uint8Array.of(0x88, 0x08, 0x08)), { kid: 8n, ctr: 8n, length: 3 });
  });

  test('holds no other numbers', () => {
    for (const kid of [-1n, 2n ** 64n]) assert.throws(() => encodeHeader({ kid, ctr: 0n }), RangeError);
    for (const ctr of [-1n, 2n ** 64n]) assert.throws(() => encodeHeader({ kid: 0n, ctr }), RangeError);
  });
});
