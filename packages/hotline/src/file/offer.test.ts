import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { SecretBytes } from '@skykey/bits';
import { Writer } from '../bytes.ts';
import { HotlineError } from '../error.ts';
import { CHUNK_BYTES, FileCipher } from './chunked.ts';
import { FirstPass, MAX_FILE_BYTES } from './first-pass.ts';
import { bytesOfHex } from './id.ts';
import { fileNameFrom, isFileName, MAX_NAME_BYTES } from './name.ts';
import { decodeOffer, encodeOffer, type FileOffer, fileContext, makeOffer } from './offer.ts';
import { CONVERSATION, firstPass, offerOf, sha256 } from './test/day.ts';
import { patternBytes, SeededChance } from './test/random.ts';

const code =
  (wanted: string) =>
  (error: unknown): boolean =>
    error instanceof HotlineError && error.code === wanted;
const FILE = patternBytes(3 * CHUNK_BYTES + 10, 1);
const encoded = (offer: FileOffer): Uint8Array => encodeOffer(offer).open((bytes) => bytes.slice());
const prefixOpens = (offer: FileOffer, context: Uint8Array): FileCipher =>
  FileCipher.open(offer.key, offer.prefix, context);

describe('an offer', () => {
  it('comes back as it was said, byte by byte as documented', () => {
    const offer = offerOf(FILE);
    const bytes = encoded(offer);
    const key = offer.key.open((k) => k.slice());
    const byHand = new Writer().u8(1).raw(bytesOfHex(offer.fileId)).u32(FILE.length).raw(sha256(FILE));
    assert.deepEqual(bytes, byHand.raw(offer.prefix).raw(key).u8(8).raw(new TextEncoder().encode('plan.pdf')).finish());
    const { key: read, ...facts } = decodeOffer(bytes);
    const { key: _, ...said } = offer;
    assert.deepEqual(facts, said);
    assert.ok(read.equals(offer.key));
  });

  it('does not show its key', () => {
    const offer = offerOf(FILE);
    const key = offer.key.open((bytes) => Buffer.from(bytes).toString('hex'));
    assert.doesNotMatch(inspect(offer, { depth: 9, showHidden: true }), new RegExp(key.slice(0, 8)));
    assert.throws(() => JSON.stringify(offer));
    assert.throws(() => JSON.stringify(encodeOffer(offer)));
  });

  it('cut short or with a byte too many is refused, with a sentence', () => {
    const bytes = encoded(offerOf(FILE));
    for (let length = 0; length < bytes.length; length++) {
      assert.throws(() => decodeOffer(bytes.subarray(0, length)), code('hotline/malformed'), `${length} bytes`);
    }
    assert.throws(
      () => decodeOffer(new Uint8Array([...bytes, 0])),
      /the offer of a file cannot be read: 1 bytes follow/,
    );
    assert.throws(() => decodeOffer(Uint8Array.of(2, ...bytes.subarray(1))), /bring both to one version/);
  });

  it('with a name that deceives is refused', () => {
    const offer = offerOf(FILE);
    const fixed = encoded(offer).slice(0, -9);
    for (const name of ['../../etc/passwd', 'a\\b', 'invoice\u202egpj.exe', 'a\nb', '', '..', '\u200b', 'C:x']) {
      const forged = new Writer().raw(fixed).name(name).finish();
      assert.throws(() => decodeOffer(forged), code('hotline/malformed'), JSON.stringify(name));
    }
    assert.throws(() => decodeOffer(new Uint8Array([...fixed, 2, 0xc3, 0x28])), /not UTF-8/);
  });

  it('binds key and prefix to the conversation, the file and its content', () => {
    const offer = offerOf(FILE);
    prefixOpens(offer, fileContext(CONVERSATION, offer)).wipe();
    const elsewhere = CONVERSATION.slice();
    elsewhere[0]! ^= 1;
    for (const context of [
      fileContext(elsewhere, offer),
      fileContext(CONVERSATION, { ...offer, fileId: `f${offer.fileId.slice(1)}` }),
      fileContext(CONVERSATION, { ...offer, sha256: sha256(FILE.subarray(1)) }),
    ]) {
      assert.throws(() => prefixOpens(offer, context), code('hotline/forged'));
    }
    assert.throws(() => fileContext(CONVERSATION.subarray(1), offer), code('hotline/bad-argument'));
  });

  it('of another content under the same id, key and salt has other keys: no nonce meets two plaintexts', () => {
    const parts = (file: Uint8Array) => ({
      conversationId: CONVERSATION,
      fileId: new Uint8Array(16).fill(1),
      name: 'a',
      hashes: firstPass(file),
      key: SecretBytes.adopt(new Uint8Array(32).fill(2)),
      salt: new Uint8Array(24).fill(3),
    });
    const ciphers = [FILE, patternBytes(FILE.length, 2)].map((file) => {
      const offer = makeOffer(parts(file));
      return prefixOpens(offer, fileContext(CONVERSATION, offer));
    });
    const zeros = new Uint8Array(64);
    assert.notDeepEqual(ciphers[0]!.sealChunk(0, zeros), ciphers[1]!.sealChunk(0, zeros));
  });
});

describe('the first pass', () => {
  it('finds the same whatever the pieces, and knows every chunk again', () => {
    for (const bytes of [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, FILE.length]) {
      const file = patternBytes(bytes, bytes);
      for (const size of [CHUNK_BYTES, 5000, 100_000]) {
        const pass = new FirstPass(bytes);
        for (let at = 0; at < bytes; at += size) pass.add(file.subarray(at, at + size));
        const hashes = pass.finish();
        assert.deepEqual(hashes.sha256, sha256(file));
        for (let k = 0; k * CHUNK_BYTES <= bytes; k++) {
          const chunk = file.slice(k * CHUNK_BYTES, (k + 1) * CHUNK_BYTES);
          assert.ok(hashes.matches(k, chunk));
          assert.ok(!hashes.matches(k + 1, chunk));
          if (chunk.length === 0) continue;
          chunk[chunk.length - 1]! ^= 0x80;
          assert.ok(!hashes.matches(k, chunk));
          assert.ok(!hashes.matches(k, chunk.subarray(1)));
        }
      }
    }
  });

  it('refuses a file that grows or shrinks under it, and one that is too large', () => {
    const grows = new FirstPass(5);
    assert.throws(() => grows.add(new Uint8Array(6)), /changed while it was being read/);
    const shrinks = new FirstPass(5);
    shrinks.add(new Uint8Array(4));
    assert.throws(() => shrinks.finish(), /changed while it was being read/);
    assert.throws(() => new FirstPass(MAX_FILE_BYTES + 1), code('hotline/too-long'));
    for (const bytes of [-1, 0.5, Number.NaN]) assert.throws(() => new FirstPass(bytes), code('hotline/bad-argument'));
  });
});

describe('the name of a file', () => {
  it('stays when it is harmless, in every script', () => {
    for (const name of [
      'plan.pdf',
      'Отчёт 2026.docx',
      '会议记录.txt',
      'تقرير.pdf',
      'می‌خواهم.txt',
      '👩‍💻.png',
      'a..b',
      '_x',
    ]) {
      assert.equal(fileNameFrom(name), name);
      assert.ok(isFileName(name));
    }
  });

  it('is made harmless otherwise', () => {
    for (const [text, name] of [
      ['../../etc/passwd', '__.._etc_passwd'],
      ['C:\\Users\\x\\a.txt', 'C__Users_x_a.txt'],
      ['photo\u202egpj.exe', 'photogpj.exe'],
      ['a\u0000b\u007f\u0085c\n', 'abc'],
      ['\u2066x\u2069\u200e\u061c', 'x'],
      ['\ufeff\u200b\u{e0041}', 'file'],
      ['  . ', '_'],
      ['...', '_'],
      ['.bashrc', '_bashrc'],
      ['end. . ', 'end'],
      ['nul.txt', '_nul.txt'],
      ['COM1', '_COM1'],
      ['\ud800x', '\ufffdx'],
      ['', 'file'],
    ] as const) {
      assert.equal(fileNameFrom(text), name, JSON.stringify(text));
    }
  });

  it('of any length keeps its ending, ends at a whole character and is UTF-8 of at most 255 bytes', () => {
    for (const letter of ['a', 'ж', '漢', '👍']) {
      const name = fileNameFrom(`${letter.repeat(400)}.tar.gz`);
      assert.ok(name.endsWith('.gz') && name.isWellFormed());
      const bytes = Buffer.byteLength(name);
      assert.ok(bytes <= MAX_NAME_BYTES && bytes > MAX_NAME_BYTES - 4, `${bytes}`);
    }
    assert.equal(Buffer.byteLength(fileNameFrom('b'.repeat(300))), MAX_NAME_BYTES);
  });

  it('comes out of itself unchanged and holds nothing that was to go, whatever went in', () => {
    const chance = new SeededChance(7);
    const alphabet = [
      ...'/\\:*?"<>|. .con nul.',
      '\u0000\u202e\u2066\u200b\u200d\u00ad\ufeff\u{e0020}',
      'a',
      'é',
      '漢'.repeat(60),
      '👍',
      '\ud800',
      '\u0301',
      '\u3000',
    ];
    for (let trial = 0; trial < 20_000; trial++) {
      let text = '';
      for (let k = chance.below(12); k >= 0; k--) text += alphabet[chance.below(alphabet.length)];
      const name = fileNameFrom(text);
      assert.equal(fileNameFrom(name), name, JSON.stringify(text));
      assert.ok(name.length > 0 && Buffer.byteLength(name) <= MAX_NAME_BYTES);
      assert.doesNotMatch(name, /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}/\\:]|^\.|[. ]$/u, JSON.stringify(text));
    }
  });
});
