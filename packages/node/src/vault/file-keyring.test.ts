import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fs, {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { SecretBytes } from '@skykey/bits';
import { Vault } from '@skykey/vault';
import { FileKeyring } from './file-keyring.ts';

function fresh(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'skykey-keyring-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'keyring');
}

const bytesOf = (key: SecretBytes | undefined): Buffer => key!.open((bytes) => Buffer.from(bytes));

test('epochs are added, found again by another process, and destroyed in the file', async (t) => {
  const path = fresh(t);
  const keyring = FileKeyring.open(path);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(keyring.current().epoch, 1);
  const first = bytesOf(keyring.find(1));
  const other = FileKeyring.open(path);
  assert.deepEqual(bytesOf(other.find(1)), first);
  assert.equal(await keyring.next(), 2);
  const second = bytesOf(other.find(2));
  assert.deepEqual(second, bytesOf(keyring.current().key));
  assert.notDeepEqual(first, second);
  const { size } = statSync(path);
  assert.ok(readFileSync(path).includes(first), 'the search finds what is there');
  const held = other.find(1)!;
  await keyring.destroyBefore(2);
  assert.ok(!readFileSync(path).includes(first));
  assert.ok(readFileSync(path).includes(second));
  assert.equal(keyring.find(1), undefined);
  // The other one looks again when it is asked for what it has not seen.
  assert.equal(other.find(3), undefined);
  assert.equal(other.find(1), undefined);
  assert.throws(() => held.open(() => 0), /overwritten/);
  for (let i = 0; i < 40; i++) await keyring.destroyBefore(await keyring.next());
  assert.equal(statSync(path).size, size);
  assert.equal(FileKeyring.open(path).current().epoch, 42);
});

test('a record that was torn while it was written is no key, and its place is used again', async (t) => {
  const path = fresh(t);
  const keyring = FileKeyring.open(path);
  const before = readFileSync(path);
  await keyring.next();
  const after = readFileSync(path);
  const start = after.findIndex((byte, i) => byte !== before[i]);
  const slot = start - (start % 64);
  for (let cut = 1; cut < 56; cut++) {
    const torn = Buffer.from(before);
    after.copy(torn, slot, slot, slot + cut);
    if (torn.equals(before)) continue;
    writeFileSync(path, torn);
    const reopened = FileKeyring.open(path);
    assert.equal(reopened.current().epoch, 1, `${cut} bytes written`);
    assert.equal(await reopened.next(), 2);
    assert.equal(FileKeyring.open(path).current().epoch, 2);
  }
});

test('two that make the keyring at the same moment have one', (t) => {
  const path = fresh(t);
  let other: FileKeyring | undefined;
  const mine = FileKeyring.open(path, (bytes) => {
    // The other process is quicker, just now.
    other ??= FileKeyring.open(path);
    return randomBytes(bytes);
  });
  assert.deepEqual(bytesOf(mine.find(1)), bytesOf(other!.find(1)));
  assert.deepEqual(readdirSync(join(path, '..')), ['keyring'], 'nothing is left beside it');
});

test('what is not a keyring, is cut short, or can be read by others is refused and left alone', (t) => {
  const path = fresh(t);
  FileKeyring.open(path);
  const sound = readFileSync(path);
  const refuses = (says: RegExp): void => {
    const before = readFileSync(path);
    assert.throws(
      () => FileKeyring.open(path),
      (error: Error & { code?: string }) =>
        error.code === 'node/keyring' && says.test(error.message) && error.message.includes(path),
    );
    assert.deepEqual(readFileSync(path), before);
  };
  chmodSync(path, 0o640);
  refuses(/chmod 600/);
  chmodSync(path, 0o600);
  truncateSync(path, 100);
  refuses(/not a keyring/);
  writeFileSync(path, 'Dear keyring, I am a letter. '.repeat(50));
  refuses(/not a keyring/);
  const flipped = Buffer.from(sound);
  flipped[64 + 64 + 16]! ^= 1;
  writeFileSync(path, flipped);
  refuses(/no key that is whole/);
  assert.throws(() => FileKeyring.open('/nowhere/at/all'), /nowhere/);
});

test('rotations that are never completed fill the file, and say so', async (t) => {
  const keyring = FileKeyring.open(fresh(t));
  for (let epoch = 2; epoch <= 16; epoch++) assert.equal(await keyring.next(), epoch);
  await assert.rejects(keyring.next(), /it is full/);
  await keyring.destroyBefore(16);
  assert.equal(await keyring.next(), 17);
});

test('a vault on it opens again and again, each time under a new key', async (t) => {
  const path = fresh(t);
  const epochs: number[] = [];
  for (let i = 0; i < 3; i++) {
    const keyring = FileKeyring.open(path);
    const vault = await Vault.open({
      ...{
        store: { kind: 'sqlite', path: `${path}.db` },
        keyring,
        now: () => 1_000,
        random: randomBytes,
        processId: 'a',
      },
    });
    await vault.notebook().remember(`${i}`, i);
    epochs.push(keyring.current().epoch);
    await vault.close();
    keyring.close();
  }
  assert.deepEqual(epochs, [2, 3, 4]);
});

test('a process that was slow to destroy old epochs does not destroy the newest', async (t) => {
  const path = fresh(t);
  const [slow, quick, third] = [FileKeyring.open(path), FileKeyring.open(path), FileKeyring.open(path)];
  await slow.next();
  const { writeSync } = fs;
  t.after(() => {
    fs.writeSync = writeSync;
    syncBuiltinESMExports();
  });
  let begun: Promise<number> | undefined;
  fs.writeSync = ((...values: unknown[]) => {
    fs.writeSync = writeSync;
    syncBuiltinESMExports();
    // Between its look at the slot and its write (stopped, swapped out): another destroys the same and a third begins the next.
    void quick.destroyBefore(2);
    begun = third.next();
    return Reflect.apply(writeSync, fs, values);
  }) as typeof writeSync;
  syncBuiltinESMExports();
  await slow.destroyBefore(2);
  assert.equal(FileKeyring.open(path).current().epoch, await begun);
});

test('a keyring is made for a new vault only, and missed by one that is there', async (t) => {
  const path = fresh(t);
  const open = () =>
    Vault.open({
      store: { kind: 'sqlite', path: `${path}.vault` },
      keyring: FileKeyring.forVault(path),
      now: () => 1_000,
      random: (bytes) => new Uint8Array(randomBytes(bytes)),
      processId: 'test',
    });
  const vault = await open();
  await vault.notebook().remember('a', 1);
  await vault.close();
  rmSync(path);
  const before = readFileSync(`${path}.vault`);
  await assert.rejects(open(), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'node/keyring');
    return /put back the keyring/.test(error.message);
  });
  assert.throws(() => statSync(path));
  assert.deepEqual(readFileSync(`${path}.vault`), before);
});
