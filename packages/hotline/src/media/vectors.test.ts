import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { createHmac, hkdfSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { frameNonce, joined, openFrame, sealFrame } from './frame.ts';
import { decodeHeader, encodeHeader } from './header.ts';
import {
  type Bytes,
  decrypt,
  deriveKeys,
  encrypt,
  importKey,
  keyLabel,
  SKYKEY_SUITE,
  SUITES,
  type Suite,
  saltLabel,
} from './suites.ts';

interface HeaderVector {
  kid: bigint;
  ctr: bigint;
  encoded: string;
}

type CipherVector = { cipher_suite: bigint } & Record<
  'key' | 'enc_key' | 'auth_key' | 'nonce' | 'aad' | 'pt' | 'ct',
  string
>;

type FrameVector = { cipher_suite: bigint; kid: bigint; ctr: bigint } & Record<
  | 'base_key'
  | 'sframe_key_label'
  | 'sframe_salt_label'
  | 'sframe_secret'
  | 'sframe_key'
  | 'sframe_salt'
  | 'metadata'
  | 'nonce'
  | 'aad'
  | 'pt'
  | 'ct',
  string
>;

interface Vectors {
  header: HeaderVector[];
  aes_ctr_hmac: CipherVector[];
  aes_256_ctr_hmac: CipherVector[];
  sframe: FrameVector[];
}

const file = new URL('../../vectors/sframe/sframe-test-vectors.json', import.meta.url);
// Numbers up to 2^64 − 1: read from their digits, since a JSON number is not large enough.
const exact = ((_key: string, value: unknown, { source }: { source: string }) =>
  typeof value === 'number' ? BigInt(source) : value) as (key: string, value: unknown) => unknown;
const vectors: Vectors = JSON.parse(readFileSync(file, 'utf8'), exact);

const bytes = (hex: string): Bytes => new Uint8Array(Buffer.from(hex, 'hex'));
const hex = (from: Uint8Array): string => Buffer.from(from).toString('hex');
const suiteOf = (id: bigint): Suite => SUITES.find((suite) => suite.id === Number(id)) ?? assert.fail(`no suite ${id}`);
const { subtle } = globalThis.crypto;

/** Every copy of `whole` with one bit turned. */
function* turned(whole: Bytes): Generator<Bytes> {
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const copy = whole.slice();
    copy[bit >> 3]! ^= 1 << (bit & 7);
    yield copy;
  }
}

describe('vectors of the SFrame working group', () => {
  test('are all there', () => {
    const { header, aes_ctr_hmac, aes_256_ctr_hmac, sframe } = vectors;
    assert.deepEqual(
      [header, aes_ctr_hmac, aes_256_ctr_hmac, sframe].map((part) => part.length),
      [289, 3, 3, 5],
    );
    assert.equal(header.at(-1)!.ctr, 2n ** 64n - 1n);
    assert.deepEqual(
      sframe.map((vector) => Number(vector.cipher_suite)),
      [1, 2, 3, 4, 5],
    );
  });

  test('headers', () => {
    for (const { kid, ctr, encoded } of vectors.header) {
      assert.equal(hex(encodeHeader({ kid, ctr })), encoded);
      assert.deepEqual(decodeHeader(bytes(`${encoded}ffff`)), { kid, ctr, length: encoded.length / 2 });
    }
  });

  for (const vector of [...vectors.aes_ctr_hmac, ...vectors.aes_256_ctr_hmac]) {
    const suite = suiteOf(vector.cipher_suite);
    test(`the cipher of ${suite.name}`, async () => {
      const [nonce, aad, plaintext] = [bytes(vector.nonce), bytes(vector.aad), bytes(vector.pt)];
      assert.equal(vector.enc_key.length / 2, suite.cipherKeyBytes);
      assert.equal(vector.enc_key + vector.auth_key, vector.key);
      const sealing = await importKey(subtle, suite, bytes(vector.key), 'seal');
      assert.equal(hex(await encrypt(sealing, nonce, aad, plaintext)), vector.ct);
      const opening = await importKey(subtle, suite, bytes(vector.key), 'open');
      assert.deepEqual(await decrypt(opening, nonce, aad, bytes(vector.ct)), plaintext);
      for (const wrong of turned(bytes(vector.ct))) assert.equal(await decrypt(opening, nonce, aad, wrong), undefined);
      for (const wrong of turned(aad)) assert.equal(await decrypt(opening, nonce, wrong, bytes(vector.ct)), undefined);
      assert.equal(await decrypt(opening, nonce, aad, new Uint8Array(suite.tagBytes - 1)), undefined);
    });
  }

  for (const vector of vectors.sframe) {
    const suite = suiteOf(vector.cipher_suite);
    const { kid, ctr } = vector;
    test(`a frame of ${suite.name}`, async () => {
      assert.equal(hex(keyLabel(suite, kid)), vector.sframe_key_label);
      assert.equal(hex(saltLabel(suite, kid)), vector.sframe_salt_label);
      const metadata = bytes(vector.metadata);
      const sealing = await deriveKeys(subtle, suite, kid, bytes(vector.base_key), 'seal');
      assert.equal(hex(sealing.salt), vector.sframe_salt);
      assert.equal(hex(frameNonce(sealing.salt, ctr)), vector.nonce);
      assert.equal(hex(joined(encodeHeader({ kid, ctr }), metadata)), vector.aad);
      assert.equal(hex(await sealFrame(sealing, { kid, ctr }, bytes(vector.pt), metadata)), vector.ct);

      const opening = await deriveKeys(subtle, suite, kid, bytes(vector.base_key), 'open');
      const header = decodeHeader(bytes(vector.ct))!;
      assert.deepEqual(header, { kid, ctr, length: 5 });
      assert.equal(hex((await openFrame(opening, header, bytes(vector.ct), metadata))!), vector.pt);
      for (const wrong of turned(bytes(vector.ct)))
        assert.equal(await openFrame(opening, header, wrong, metadata), undefined);
      for (const wrong of turned(metadata))
        assert.equal(await openFrame(opening, header, bytes(vector.ct), wrong), undefined);
    });

    // Secret and key stay inside WebCrypto: here a second implementation says that they are the published ones.
    test(`the secret and the key of ${suite.name}`, async () => {
      const hash = suite.hash.replace('-', '').toLowerCase();
      assert.equal(createHmac(hash, '').update(bytes(vector.base_key)).digest('hex'), vector.sframe_secret);
      const info = keyLabel(suite, kid);
      const key = new Uint8Array(hkdfSync(hash, bytes(vector.base_key), '', info, suite.keyBytes));
      assert.equal(hex(key), vector.sframe_key);
      const opening = { ...(await importKey(subtle, suite, key, 'open')), salt: bytes(vector.sframe_salt) };
      const header = decodeHeader(bytes(vector.ct))!;
      assert.equal(hex((await openFrame(opening, header, bytes(vector.ct), bytes(vector.metadata)))!), vector.pt);
    });
  }
});

describe('the suites', () => {
  test('the one of calls has 256 bits of key and 128 of tag', () => {
    assert.equal(SKYKEY_SUITE.name, 'AES_256_GCM_SHA512_128');
    assert.deepEqual([SKYKEY_SUITE.id, SKYKEY_SUITE.keyBytes, SKYKEY_SUITE.tagBytes], [5, 32, 16]);
  });

  for (const suite of SUITES) {
    test(`${suite.name}: keys cannot be read, and are for one use`, async () => {
      const base = new Uint8Array(32).fill(9);
      const nonce = new Uint8Array(12);
      const sealing = await deriveKeys(subtle, suite, 1n, base, 'seal');
      const opening = await deriveKeys(subtle, suite, 1n, base, 'open');
      for (const key of [sealing.cipher, sealing.mac, opening.cipher, opening.mac]) {
        if (!key) continue;
        assert.equal(key.extractable, false);
        await assert.rejects(subtle.exportKey('raw', key), { name: 'InvalidAccessError' });
      }
      assert.deepEqual([sealing.cipher.usages, opening.cipher.usages], [['encrypt'], ['decrypt']]);
      const sealed = await encrypt(sealing, nonce, base, base);
      assert.deepEqual(await decrypt(opening, nonce, base, sealed), base);
      await assert.rejects(decrypt(sealing, nonce, base, sealed), TypeError);
      // Also past our own question: WebCrypto itself refuses, and that is not taken for a forgery.
      await assert.rejects(decrypt({ ...sealing, use: 'open' }, nonce, base, sealed), { name: 'InvalidAccessError' });
      await assert.rejects(encrypt(opening, nonce, base, base), { name: 'InvalidAccessError' });
    });
  }
});
