import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SecretBytes } from '@skykey/bits';
import fc from 'fast-check';
import { decodeBase64 } from './base64.ts';
import { idsOfCertificate } from './identity.ts';
import { isObject, type Json, readJson } from './json.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const never = (): boolean => false;

/** Without the missing prototypes, to be compared. */
const plain = (value: Json | undefined): unknown =>
  isObject(value)
    ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]))
    : Array.isArray(value)
      ? value.map(plain)
      : value;

describe('readJson', () => {
  it('reads what JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6, stringUnit: 'grapheme' }), fc.constantFrom(0, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        fc.pre(!text.includes('__proto__'));
        assert.deepEqual(plain(readJson(bytes(text), never)), JSON.parse(text));
      }),
      { numRuns: 500, seed: 14 },
    );
  });

  it('takes nothing that JSON.parse does not, and never breaks', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '\\',
      '\\u',
      'd800',
      '1',
      '-',
      '.5',
      'e9',
      'true',
      'null',
      ' ',
      'a',
      '\u0000',
    );
    fc.assert(
      fc.property(
        fc.array(pieces, { maxLength: 14 }).map((parts) => parts.join('')),
        (text) => {
          let value: Json;
          try {
            value = readJson(bytes(text), never);
          } catch (error) {
            assert.ok(error instanceof SyntaxError);
            return;
          }
          assert.deepEqual(plain(value), JSON.parse(text));
        },
      ),
      { numRuns: 20_000, seed: 15 },
    );
  });

  it('refuses what two readers could read differently', () => {
    for (const text of ['{"a":1,"a":1}', '{"a":1}{}', '"\\ud800"', '01', '[1,]', '', '{"\\u0061":1,"a":2}', 'NaN']) {
      assert.throws(() => readJson(bytes(text), never), SyntaxError, text);
    }
    assert.throws(() => readJson(bytes('['.repeat(100)), never), /deeper/);
    assert.equal(Object.getPrototypeOf(readJson(bytes('{"__proto__":{"x":1}}'), never)), null);
  });

  it('turns secrets into bytes, wherever the reading ends', () => {
    const secretOf = (text: string): Json => readJson(bytes(text), (path) => path === 'keys.[].key');
    const { keys } = secretOf('{"keys":[{"key":"\\/\\/\\/\\/"}],"key":"////"}') as { keys: { key: Json }[] };
    assert.ok(keys[0]!.key instanceof SecretBytes);
    assert.deepEqual(
      keys[0]!.key.open((secret) => [...secret]),
      [255, 255, 255],
    );
    assert.throws(() => secretOf('{"keys":[{"key":"\\u0041AAA"}]}'), /base64/);
  });
});

describe('decodeBase64', () => {
  it('agrees with Buffer on every length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), (secret) => {
        const text = Buffer.from(secret).toString('base64');
        assert.deepEqual(decodeBase64(bytes(text)), secret);
      }),
      { numRuns: 500, seed: 16 },
    );
  });

  it('takes only the one text that there is for some bytes', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('A', 'z', '0', '/', '+', '=', '-', 'B'), maxLength: 12 }),
        (text) => {
          const decoded = decodeBase64(bytes(text));
          const canonical = text !== '' && Buffer.from(text, 'base64').toString('base64') === text;
          assert.equal(decoded !== null, canonical, text);
        },
      ),
      { numRuns: 20_000, seed: 17 },
    );
  });
});

describe('idsOfCertificate', () => {
  it('finds URIs, and does not fall for names that look like several', () => {
    assert.deepEqual(
      idsOfCertificate({ subjectaltname: 'URI:urn:skykey:kme-a, DNS:localhost', subject: { CN: 'x' } }),
      ['urn:skykey:kme-a', 'kme-a'],
    );
    assert.deepEqual(idsOfCertificate({ subjectaltname: 'DNS:"a, URI:urn:skykey:kme-b", URI:https://kme.example/7' }), [
      'https://kme.example/7',
    ]);
    assert.deepEqual(idsOfCertificate({ subjectaltname: 'URI:"urn:a, URI:urn:skykey:kme-b"' }), [
      'urn:a, URI:urn:skykey:kme-b',
    ]);
    assert.deepEqual(idsOfCertificate({ subjectaltname: 'DNS:kme', subject: { CN: 'kme-c' } }), ['kme-c']);
    assert.deepEqual(idsOfCertificate({ subject: { CN: ['a', 'b'] } }), []);
  });
});
