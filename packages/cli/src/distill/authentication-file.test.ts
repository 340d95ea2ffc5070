import assert from 'node:assert/strict';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { AuthenticationFile, drawAuthenticationKey, type Role } from './authentication-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'skykey-auth-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
/** A file whose byte i is a mark of its pad. */
function marked(pads = 12): string {
  const file = join(folder, `${files++}.key`);
  const bytes = Buffer.alloc(16 + 16 * pads);
  for (let at = 0; at < bytes.length; at++) bytes[at] = 1 + (at >> 4);
  writeFileSync(file, bytes, { mode: 0o600 });
  return file;
}
const padOf = async (keys: AuthenticationFile, index: number): Promise<number[]> =>
  (await keys.pad(index)).open((bytes) => [...new Set(bytes)]);
const journal = (file: string, role: Role = 'alice'): string => `${file}.${role}.spent`;

test('pads rise, and each is on the disk before it is handed out (P28)', async () => {
  const file = marked();
  const keys = new AuthenticationFile(file, 'alice');
  assert.deepEqual(
    (await keys.hashKey()).open((bytes) => [...new Set(bytes)]),
    [1],
  );
  keys.knock((key) => assert.deepEqual([...new Set(key)], [2, 3]));
  assert.equal(await keys.nextPad(), 3);
  assert.deepEqual(await padOf(keys, 3), [5]);
  assert.match(readFileSync(journal(file), 'utf8'), /^\n3 [0-9a-f]{16} [0-9a-f]{16}$/);
  assert.equal(await keys.nextPad(), 4);
  await assert.rejects(keys.pad(3), /pad 3 was used before/);
  // One that is passed over is lost.
  assert.deepEqual(await padOf(keys, 7), [9]);
  await assert.rejects(keys.pad(5), /pad 5 was used before/);
  for (const index of [0, 2, 12, -1, 3.5]) await assert.rejects(keys.pad(index), /has pads 3 to 11/);
  assert.deepEqual(keys.touched, [3, 7]);
  // The process dies here: the next one goes on behind.
  const next = new AuthenticationFile(file, 'alice');
  assert.equal(await next.nextPad(), 8);
  await assert.rejects(next.pad(7), /used before/);
  next.close();
  keys.close();
  const bytes = readFileSync(file);
  assert.deepEqual(bytes.subarray(0, 64), Buffer.from([1, 2, 3, 4].flatMap((mark) => Array(16).fill(mark))));
  assert.deepEqual(bytes.subarray(64, 16 + 16 * 8), Buffer.alloc(16 * 5));
  assert.equal(bytes[16 + 16 * 8], 10);
});

test('a pad that is only looked at stays unused, and what was used, passed over or is not there shows nothing', async () => {
  const file = marked();
  const keys = new AuthenticationFile(file, 'bob');
  const look = async (index: number) => (await keys.look(index))?.open((bytes) => [...new Set(bytes)]);
  for (let i = 0; i < 2; i++) assert.deepEqual(await look(6), [8]);
  assert.equal(readFileSync(journal(file, 'bob'), 'utf8'), '');
  assert.deepEqual(keys.touched, []);
  assert.deepEqual(await padOf(keys, 6), [8]);
  for (const nothing of [0, 2, 3, 6, 12, 2 ** 53 - 1, -1, 7.5]) assert.equal(await look(nothing), undefined);
  assert.deepEqual(await look(7), [9]);
  keys.close();
  // A journal that is gone does not bring it back.
  rmSync(journal(file, 'bob'));
  const again = new AuthenticationFile(file, 'bob');
  assert.equal(await again.look(6), undefined);
  again.close();
});

test('of two processes that ask for one pad, one gets it', async () => {
  const file = marked();
  const one = new AuthenticationFile(file, 'alice');
  const two = new AuthenticationFile(file, 'alice');
  const asked = await Promise.allSettled([one.pad(3), two.pad(3)]);
  assert.equal(asked.filter(({ status }) => status === 'fulfilled').length, 1);
  one.close();
  two.close();
});

test('a journal that is gone does not bring a pad back', async () => {
  const file = marked();
  const keys = new AuthenticationFile(file, 'alice');
  await keys.pad(3);
  keys.close();
  rmSync(journal(file));
  const again = new AuthenticationFile(file, 'alice');
  await assert.rejects(again.pad(3), /pad 3 was overwritten after use/);
  again.close();
});

test('a line that was torn is no obstacle, one that is wrong or of another key is', async () => {
  const file = marked();
  const keys = new AuthenticationFile(file, 'alice');
  await keys.pad(3);
  const whole = readFileSync(journal(file), 'utf8');
  for (let length = 0; length <= whole.length; length++) {
    writeFileSync(journal(file), `${whole}\n4${whole.slice(2)}`.slice(0, whole.length + length));
    const next = new AuthenticationFile(file, 'alice');
    assert.equal(await next.nextPad(), length < 2 ? 4 : 5);
    await next.pad(6);
    await assert.rejects(next.pad(6), /used before/);
  }
  writeFileSync(journal(file), `${whole}\n!\n`);
  assert.throws(() => new AuthenticationFile(file, 'alice'), /journal .* is damaged at "!"/);
  const other = join(folder, 'other.key');
  drawAuthenticationKey(256, other);
  copyFileSync(journal(file), journal(other));
  writeFileSync(journal(other), whole);
  assert.throws(() => new AuthenticationFile(other, 'alice'), /is that of another key/);
});

test('two parties on one machine may share the file: what one has not spent stays', async () => {
  const file = marked();
  const alice = new AuthenticationFile(file, 'alice');
  const bob = new AuthenticationFile(file, 'bob');
  for (const index of [3, 4, 5]) {
    assert.deepEqual(await padOf(alice, index), [index + 2]);
    if (index < 5) assert.deepEqual(await padOf(bob, index), [index + 2]);
  }
  alice.close();
  assert.equal(readFileSync(file)[16 + 16 * 4], 0);
  assert.equal(readFileSync(file)[16 + 16 * 5], 7);
  assert.deepEqual(await padOf(bob, 5), [7]);
  bob.close();
  assert.equal(readFileSync(file)[16 + 16 * 5], 0);
});

test('a file that others may read, of a wrong length, or used up, is refused', {
  skip: process.platform === 'win32',
}, async () => {
  const file = marked();
  chmodSync(file, 0o640);
  assert.throws(() => new AuthenticationFile(file, 'alice'), /may be read by others \(mode 640\); chmod 600/);
  assert(!existsSync(journal(file)));
  const short = join(folder, 'short.key');
  for (const length of [0, 16, 96, 113]) {
    writeFileSync(short, Buffer.alloc(length), { mode: 0o600 });
    assert.throws(
      () => new AuthenticationFile(short, 'alice'),
      new RegExp(`has ${length} bytes; it must be a multiple of 16 from 112`),
    );
  }
  assert.throws(() => new AuthenticationFile(join(folder, 'none'), 'bob'), /there is no such file/);
  const little = new AuthenticationFile(marked(7), 'alice');
  little.checkEnough();
  await little.pad(3);
  assert.equal(little.padsLeft, 3);
  assert.throws(() => little.checkEnough(), /has 3 pads left, and a session needs three; carry a new key/);
  little.close();
});

test('a new key is from chance, for its owner alone, and written over nothing', () => {
  const file = join(folder, 'drawn.key');
  assert.deepEqual(drawAuthenticationKey(208, file), { pads: 12, sessions: 3 });
  const bytes = readFileSync(file);
  assert.equal(bytes.length, 208);
  assert(new Set(bytes).size > 80);
  if (process.platform !== 'win32') assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.throws(() => drawAuthenticationKey(208, file), /never written over/);
  assert.deepEqual(readFileSync(file), bytes);
  for (const wrong of [0, 96, 120, 2 ** 31, Number.NaN]) {
    assert.throws(() => drawAuthenticationKey(wrong, join(folder, 'wrong.key')), /--bytes .*multiple of 16 from 112/);
  }
  assert(!existsSync(join(folder, 'wrong.key')));
});
