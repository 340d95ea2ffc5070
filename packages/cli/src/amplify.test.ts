import assert from 'node:assert/strict';
import {
  existsSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type AmplifyOptions, amplifyFile } from './amplify.ts';

const folder = mkdtempSync(join(tmpdir(), 'skykey-amplify-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const path = (name: string): string => join(folder, name);

/** Bytes that look random. */
function bytes(count: number, start: number): Uint8Array {
  let state = start;
  return Uint8Array.from({ length: count }, () => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) >>> 24);
}

function file(name: string, content: Uint8Array): string {
  writeFileSync(path(name), content);
  return path(name);
}

const bit = (content: Uint8Array, i: number): number => (content[i >> 3]! >> (i & 7)) & 1;

/** FORMAT.md, word for word. */
function expected(key: Uint8Array, n: number, seed: Uint8Array, l: number): Uint8Array {
  const out = new Uint8Array(Math.ceil(l / 8));
  for (let i = 0; i < l; i++) {
    for (let j = 0; j < n; j++) out[i >> 3]! ^= (bit(key, j) & bit(seed, i + n - 1 - j)) << (i & 7);
  }
  return out;
}

const [n, l] = [1003, 301];
const keyBytes = bytes(Math.ceil(n / 8), 1);
const seedBytes = bytes(Math.ceil((n + l - 1) / 8), 2);
const key = file('key.bin', keyBytes);
const seed = file('seed.bin', seedBytes);
const run = (options: Partial<AmplifyOptions> = {}) =>
  amplifyFile({ key, bits: n, seed, outBits: l, out: path('out.bin'), ...options });

describe('skykey amplify', () => {
  it('writes what the format says, for its owner alone, and says what it did', () => {
    const document = run();
    assert.deepEqual(new Uint8Array(readFileSync(path('out.bin'))), expected(keyBytes, n, seedBytes, l));
    if (process.platform !== 'win32') assert.equal(statSync(path('out.bin')).mode & 0o777, 0o600);
    const { cpuS, ...rest } = document;
    assert.ok(cpuS > 0);
    assert.deepEqual(rest, {
      ...{ key, inputBits: n, seed, seedBits: n + l - 1 },
      ...{ out: path('out.bin'), outputBits: l },
    });
  });

  it('makes of the vector of FORMAT.md what stands there', () => {
    const out = path('vector.bin');
    run({
      key: file('k', Uint8Array.of(0xb1, 0x02)),
      bits: 10,
      seed: file('s', Uint8Array.of(0x5c, 0x1e)),
      outBits: 4,
      out,
    });
    assert.deepEqual(
      [...readFileSync(out)],
      [...expected(Uint8Array.of(0xb1, 0x02), 10, Uint8Array.of(0x5c, 0x1e), 4)],
    );
    assert.deepEqual([...readFileSync(out)], [0x03]);
  });

  it('reads the bits asked for and no others: longer files and what fills the last byte change nothing', () => {
    const [longKey, longSeed] = [keyBytes, seedBytes].map((content) => Uint8Array.from([...content, 0xff, 0xff]));
    longKey![keyBytes.length - 1]! ^= 0xff << (n & 7);
    longSeed![seedBytes.length - 1]! ^= 0xff << ((n + l - 1) & 7);
    run({ key: file('long-key', longKey!), seed: file('long-seed', longSeed!), out: path('same.bin') });
    assert.deepEqual(new Uint8Array(readFileSync(path('same.bin'))), expected(keyBytes, n, seedBytes, l));
  });

  it('replaces an older output, all of it', () => {
    const out = file('older.bin', new Uint8Array(1000).fill(1));
    run({ out });
    assert.equal(statSync(out).size, Math.ceil(l / 8));
    if (process.platform !== 'win32') assert.equal(statSync(out).mode & 0o777, 0o600);
  });
});

describe('skykey amplify refuses in one sentence, and nothing is written', () => {
  const out = path('refused.bin');
  const refused = (options: Partial<AmplifyOptions>, code: string, message: RegExp): void => {
    const before = readdirSync(folder);
    assert.throws(
      () => run({ out, ...options }),
      (error: Error & { code: string }) => {
        assert.equal(error.code, code);
        assert.match(error.message, message);
        return true;
      },
    );
    assert.deepEqual(readdirSync(folder), before);
    assert.deepEqual(new Uint8Array(readFileSync(key)), keyBytes);
    assert.deepEqual(new Uint8Array(readFileSync(seed)), seedBytes);
  };

  it('a key or a seed that is too short', () => {
    refused({ bits: n + 6 }, 'cli/file', /--key .*126 bytes.* 1009 bits.* 127/);
    refused({ outBits: l + 2 }, 'cli/file', /--seed .*163 bytes.* 1305 bits.* 164/);
  });
  it('more output than input', () => refused({ outBits: n + 1 }, 'cli/option', /--out-bits .* 1003 .*not 1004/));
  it('no output', () => refused({ outBits: 0 }, 'cli/option', /--out-bits/));
  it('no input', () => refused({ bits: 0, outBits: 0 }, 'cli/option', /--bits/));
  it('more than can be counted', () => refused({ bits: 2 ** 31 - 1, outBits: 2 }, 'cli/option', /2147483647/));
  it('files that are not there', () => {
    refused({ key: path('none') }, 'cli/file', /--key .*no such file/);
    refused({ seed: path('none') }, 'cli/file', /--seed .*no such file/);
    refused({ out: path('none/out') }, 'cli/file', /--out .*no such file/);
  });
  it('an output that is the key or the seed, by any name', () => {
    refused({ out: key }, 'cli/option', /--out .*--key/);
    refused({ out: seed }, 'cli/option', /--out .*--seed/);
    symlinkSync(key, path('symbolic'));
    refused({ out: path('symbolic') }, 'cli/option', /--out .*--key/);
    linkSync(key, path('hard'));
    refused({ out: path('hard') }, 'cli/option', /--out .*--key/);
  });
  it('the key as its own seed', () => refused({ seed: key }, 'cli/option', /--seed .*key itself/));
  it('an output that is a folder, or no file at all', () => {
    refused({ out: folder }, 'cli/file', /--out .*folder/);
    if (existsSync('/dev/null')) refused({ out: '/dev/null' }, 'cli/file', /--out .*not a file/);
  });
});
