import assert from 'node:assert/strict';
import { hkdfSync } from 'node:crypto';
import { describe, test } from 'node:test';
import { SecretBytes } from '@skykey/bits';
import { expand, extract, hmacSha512, label } from './hkdf.ts';
import { decapsulate, diffieHellman, encapsulate, kemPublicKey, pointOf } from './key-exchange.ts';
import { openAead, sealAead } from './record.ts';
import { refusalCode } from './test/desks.ts';
import vector from './test/ml-kem-1024.json' with { type: 'json' };
import { hex, reveal, Seeded, unhex } from './test/seeded.ts';

const secret = (text: string) => SecretBytes.adopt(unhex(text));

describe('HKDF-SHA-512', () => {
  test('HMAC-SHA-512 is that of RFC 4231, test cases 1 and 2', () => {
    assert.equal(
      reveal(hmacSha512(secret('0b'.repeat(20)), Buffer.from('Hi There'))),
      '87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde' +
        'daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854',
    );
    assert.equal(
      reveal(hmacSha512(SecretBytes.adopt(Buffer.from('Jefe')), Buffer.from('what do ya want for nothing?'))),
      '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554' +
        '9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737',
    );
  });

  test('it is that of Wycheproof (hkdf_sha512_test.json, tcId 3, 9, 12, 20)', () => {
    const cases = [
      [
        'a4748031a14d3e6aafe42aa20c568f5f',
        '',
        '',
        '62ea97e06051e40b79deb127a4da294f557cafa3d7a90a75c02064571dfbbe4699129bdcec4b39eed7757ce8e3571589f7d8f5523c0dc3fd6a56b099fb4bfd51',
      ],
      [
        '529e91a61895f1c4ceb5b6994f48783b',
        '12e4ae515328983bab2d88da3cb32a95',
        '',
        '9c40abb65d7ef9826758a9818668624907b2bc0d9ff6b80d60673d2fdd68418874f48bf1960d75e19c6594d7079b6b019d8e3ec98705a6b4886e122c9eab955e',
      ],
      [
        '7a00817689a3d79001825a864c69c120',
        '08bc01c053a6406c7c4a667c9b9b3894',
        '967ccd75395be6e96a67759f070487c9e2107791',
        'aed987bcc5ed33c4feec7b28aa9fe1c16b1181e00ff42c63cf692ec19242f6d4628604b3382db0806d5e61518f83fc651e6f3bd0a9d1322926a76869b98b75d6',
      ],
      [
        '24a37db03dbcffbe9e28d582d0d8c60a',
        '4c3d3b4f5436418713fbe2fbc4d647095ce5d5392dcfffd20327187e14fb68360b94c5122203292d8b648a754ab70f6d3d61e0650f06d55c4b5762cba0231e27',
        '8cd9e7b786a74bd370bae434e31a559bdf75d65f',
        'ea18185ff290f27480f625404a39d56582a1bcd8f74f97cfccb898ddf2611833ed57fa46e88e145b604d',
      ],
    ];
    for (const [input, salt, info, output] of cases) {
      const key = extract(secret(salt!), secret(input!));
      assert.equal(reveal(expand(key, unhex(info!), output!.length / 2)), output);
    }
  });

  test("it is Node's own, for every length up to 300 bytes and at the end, by seed", () => {
    const seeded = new Seeded(1);
    for (const length of [...Array.from({ length: 300 }, (_, i) => i + 1), 255 * 64]) {
      const [input, salt, info] = [seeded.below(200), seeded.below(200), seeded.below(1024)].map(seeded.bytes);
      const key = extract(SecretBytes.adopt(salt!), SecretBytes.adopt(input!));
      const own = reveal(expand(key, info!, length));
      assert.equal(own, hex(new Uint8Array(hkdfSync('sha512', input!, salt!, info!, length))));
    }
    for (const length of [0, 255 * 64 + 1, 1.5]) {
      assert.throws(() => expand(secret('00'.repeat(64)), label('too much'), length), RangeError);
    }
  });
});

describe('X25519', () => {
  const alice = () => secret('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a');
  const bob = () => secret('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb');

  test('it is that of RFC 7748, 6.1', () => {
    assert.equal(hex(pointOf(alice())), '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a');
    assert.equal(hex(pointOf(bob())), 'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f');
    const shared = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742';
    assert.equal(reveal(diffieHellman(alice(), pointOf(bob()))), shared);
    assert.equal(reveal(diffieHellman(bob(), pointOf(alice()))), shared);
  });

  test('points of low order and of other lengths are refused', () => {
    const lowOrder = [
      '00'.repeat(32),
      `01${'00'.repeat(31)}`,
      'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
      '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
      `ec${'ff'.repeat(30)}7f`,
      `ed${'ff'.repeat(30)}7f`,
      `ee${'ff'.repeat(30)}7f`,
    ];
    for (const point of [...lowOrder, '09'.repeat(31), '09'.repeat(33), '']) {
      assert.equal(
        refusalCode(() => diffieHellman(alice(), unhex(point))),
        'hotline/malformed',
        point,
      );
    }
  });
});

describe('ML-KEM-1024', () => {
  test('keys from a seed and implicit rejection are those of Wycheproof (mlkem_1024_test.json)', () => {
    assert.equal(hex(kemPublicKey(secret(vector.seed))), vector.ek);
    assert.equal(reveal(decapsulate(secret(vector.seed), unhex(vector.c))), vector.K);
  });

  test('both sides get the same secret, each time another; an altered ciphertext gives another and no error', () => {
    const seeded = new Seeded(2);
    const seen = new Set<string>();
    for (let i = 0; i < 20; i++) {
      const seed = seeded.secret(64);
      const { shared, ciphertext } = encapsulate(kemPublicKey(seed));
      assert.equal(shared.length, 32);
      assert.ok(shared.equals(decapsulate(seed, ciphertext)));
      ciphertext[seeded.below(ciphertext.length)]! ^= 1 << seeded.below(8);
      const rejected = decapsulate(seed, ciphertext);
      assert.ok(!shared.equals(rejected));
      assert.ok(rejected.equals(decapsulate(seed, ciphertext)), 'implicit rejection must be deterministic');
      seen.add(reveal(shared)).add(reveal(rejected));
    }
    assert.equal(seen.size, 40);
  });

  test('public keys and ciphertexts that are none are refused (FIPS 203, 7.2 and 7.3)', () => {
    const good = kemPublicKey(new Seeded(3).secret(64));
    const outOfRange = good.slice();
    outOfRange.set([0xff, 0xff, 0xff]); // two coefficients of 4,095, beyond q = 3,329
    for (const key of [outOfRange, good.subarray(1), Uint8Array.of(...good, 0), new Uint8Array(good.length)]) {
      assert.equal(
        refusalCode(() => encapsulate(key)),
        'hotline/malformed',
      );
    }
    for (const length of [0, 1567, 1569]) {
      assert.equal(
        refusalCode(() => decapsulate(new Seeded(3).secret(64), new Uint8Array(length))),
        'hotline/malformed',
      );
    }
  });
});

describe('AES-256-GCM', () => {
  test('it is that of McGrew and Viega, test cases 13 and 14', () => {
    const key = secret('00'.repeat(32));
    const none = new Uint8Array(0);
    const empty = sealAead(key, 0, none, none);
    assert.deepEqual([hex(empty.ciphertext), hex(empty.tag)], ['', '530f8afbc74536b9a963b4f1c4cb738b']);
    const { ciphertext, tag } = sealAead(key, 0, none, new Uint8Array(16));
    assert.equal(hex(ciphertext), 'cea7403d4d606b6e074ec5d3baf39d18');
    assert.equal(hex(tag), 'd0d1c8a799996bf0265b98b5d48ab919');
    assert.deepEqual(openAead(key, 0, none, ciphertext, tag), new Uint8Array(16));
    assert.equal(openAead(key, 1, none, ciphertext, tag), null, 'the counter must be in the nonce');
  });
});
