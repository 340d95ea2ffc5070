import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { SecretBytes } from './secret.ts';

const of = (...bytes: number[]): SecretBytes => SecretBytes.adopt(Uint8Array.from(bytes));
const read = (secret: SecretBytes): number[] => secret.open((bytes) => [...bytes]);

describe('a secret does not show itself', () => {
  // 0xDE 0xAD in every notation a log could use.
  const leaks = /222|173|de.?ad|3q0/i;

  it('in text, in a log or in a string template', () => {
    const secret = of(0xde, 0xad);
    for (const text of [
      String(secret),
      `${secret}`,
      inspect(secret),
      inspect({ deep: [secret] }, { showHidden: true }),
    ]) {
      assert.doesNotMatch(text, leaks);
      assert.match(text, /secret, 2 bytes/);
    }
  });

  it('in JSON: writing it throws, however deep it lies', () => {
    assert.throws(() => JSON.stringify({ key: [of(0xde, 0xad)] }), /cannot be written as JSON/);
  });

  it('through its properties, a spread or a structured clone', () => {
    const secret = of(0xde, 0xad);
    assert.deepEqual(Reflect.ownKeys(secret), []);
    assert.deepEqual({ ...secret }, {});
    assert.deepEqual(Reflect.ownKeys(structuredClone(secret)), []);
  });
});

describe('a secret is used and then gone', () => {
  it('adopt takes the array over without a copy, so that wipe reaches every byte there is', () => {
    const bytes = Uint8Array.of(1, 2, 3);
    const secret = SecretBytes.adopt(bytes);
    assert.deepEqual(read(secret), [1, 2, 3]);
    secret.wipe();
    assert.deepEqual([...bytes], [0, 0, 0]);
  });

  it('every use after wipe throws; wiping again does not', () => {
    const secret = of(1, 2, 3);
    secret.wipe();
    secret.wipe();
    assert.throws(() => secret.open(() => 0), /used and overwritten/);
    assert.throws(() => secret.slice(0, 1), /used and overwritten/);
    assert.throws(() => secret.equals(of(0, 0, 0)), /used and overwritten/);
    assert.throws(() => of(0, 0, 0).equals(secret), /used and overwritten/);
    assert.equal(secret.length, 3);
  });

  it('a slice lives on its own, one of a Buffer too', () => {
    for (const bytes of [Uint8Array.of(1, 2, 3, 4), Buffer.from([1, 2, 3, 4])]) {
      const whole = SecretBytes.adopt(bytes);
      const part = whole.slice(1, 3);
      whole.wipe();
      assert.deepEqual(read(part), [2, 3]);
    }
  });

  it('a slice must be there', () => {
    const secret = of(1, 2, 3);
    for (const [from, to] of [
      [-1, 2],
      [0, 4],
      [2, 1],
      [0.5, 2],
      [Number.NaN, 1],
    ] as const) {
      assert.throws(() => secret.slice(from, to), RangeError);
    }
    assert.equal(secret.slice(3, 3).length, 0);
  });
});

describe('equals', () => {
  it('compares contents and lengths', () => {
    assert.equal(of(1, 2).equals(of(1, 2)), true);
    assert.equal(of(1, 2).equals(of(1, 3)), false);
    assert.equal(of(1, 2).equals(of(1, 2, 0)), false);
  });
});
