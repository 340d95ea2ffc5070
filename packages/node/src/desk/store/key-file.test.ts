import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { SecretBytes } from '@skykey/bits';
import { KeyFile } from './key-file.ts';
import { refusalOf } from './test/place.ts';

function fresh(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'skykey-desk-keys-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'keys');
}

const make = (path: string): KeyFile => KeyFile.open(path, true, randomBytes);
const bytesOf = (key: SecretBytes | undefined): Buffer => key!.open((bytes) => Buffer.from(bytes));

test('a key is in the file before it is in use, the same for the next start, and no two are alike', (t) => {
  const path = fresh(t);
  const keys = make(path);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(dirname(path)), ['keys'], 'nothing is left beside it');
  const epoch = keys.addEpoch();
  const days = [3, 1, 2].map((day) => keys.ofDay(day));
  const all = [keys.epoch(1), keys.epoch(epoch), ...days.map(({ key }) => key)].map(bytesOf);
  assert.equal(new Set(all.map((key) => key.toString('hex'))).size, 5);
  for (const key of all) {
    assert.ok(readFileSync(path).includes(key));
    assert.ok(!key.equals(Buffer.alloc(32)));
  }
  assert.equal(keys.ofDay(1).number, days[1]!.number);
  const again = KeyFile.open(path, false, randomBytes);
  assert.deepEqual(again.epochs(), [1, 2]);
  assert.deepEqual(
    [again.epoch(1), again.epoch(2), ...days.map(({ number }) => again.dayKey(number))].map(bytesOf),
    all,
  );
  assert.deepEqual(again.storeId, keys.storeId);
});

test('a destroyed key is overwritten where it lay, and its place is used again', (t) => {
  const path = fresh(t);
  const keys = make(path);
  const gone: Buffer[] = [];
  const { size } = statSync(path);
  for (let day = 0; day < 500; day++) {
    const { number, key } = keys.ofDay(day);
    gone.push(bytesOf(key));
    assert.equal(
      keys.destroyDays((each) => each < day),
      day === 0 ? 0 : 1,
    );
    assert.equal(bytesOf(keys.dayKey(number)).equals(gone.at(-1)!), true);
  }
  const held = keys.ofDay(499).key;
  assert.equal(
    keys.destroyDays(() => true),
    1,
  );
  assert.throws(() => held.open(() => 0), /overwritten/);
  keys.addEpoch();
  keys.keepEpoch(2);
  assert.equal(keys.epoch(1), undefined);
  const file = readFileSync(path);
  assert.ok(gone.every((key) => !file.includes(key)));
  assert.equal(statSync(path).size, size, 'it does not grow');
  const of: Buffer[] = [];
  for (let day = 0; day < 200; day++) of.push(bytesOf(keys.ofDay(day).key));
  const later = KeyFile.open(path, false, randomBytes);
  for (let day = 0; day < 200; day++) assert.deepEqual(bytesOf(later.ofDay(day).key), of[day]);
});

test('a record that was torn while it was written is no key, and harms no other', (t) => {
  const path = fresh(t);
  const keys = make(path);
  const before = readFileSync(path);
  keys.ofDay(7);
  const after = readFileSync(path);
  for (let cut = 1; cut < 64; cut++) {
    const torn = Buffer.from(before);
    after.copy(torn, 128, 128, 128 + cut);
    if (torn.equals(before)) continue;
    writeFileSync(path, torn);
    const opened = KeyFile.open(path, false, randomBytes);
    assert.deepEqual(bytesOf(opened.epoch(1)), bytesOf(keys.epoch(1)));
    const { number, key } = opened.ofDay(7);
    assert.notDeepEqual(bytesOf(key), torn.subarray(128 + 16, 128 + 48), 'half a key is none');
    assert.deepEqual(bytesOf(KeyFile.open(path, false, randomBytes).dayKey(number)), bytesOf(key), `${cut} bytes`);
  }
});

test('what is missing, none, cut short or of a later version is refused and left alone', async (t) => {
  const path = fresh(t);
  const refuses = async (says: RegExp): Promise<void> => {
    const before = readFileSync(path);
    const { code, message } = await refusalOf(() => KeyFile.open(path, true, randomBytes));
    assert.equal(code, 'desk/keys');
    assert.match(message, says);
    assert.ok(message.includes(path));
    assert.deepEqual(readFileSync(path), before);
  };
  assert.match((await refusalOf(() => KeyFile.open(path, false, randomBytes))).message, /there is no such file/);
  make(path);
  const later = readFileSync(path);
  later.write('skykey desk keys 2\n');
  writeFileSync(path, later);
  await refuses(/it has format 2, and this Skykey reads 1/);
  truncateSync(path, 0);
  await refuses(/not a key file/);
  writeFileSync(path, 'Dear key file, I am a letter. '.repeat(50));
  await refuses(/not a key file/);
});
