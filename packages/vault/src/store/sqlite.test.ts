import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, StatementSync } from 'node:sqlite';
import { test } from 'node:test';
import { VaultError } from '../error.ts';
import { Canaries } from '../test/canaries.ts';
import { MemoryKeyring } from '../test/keyring.ts';
import { code, folder, hex, labels, Place, pattern, reveal, secret, single } from '../test/place.ts';
import { Vault } from '../vault.ts';

const LANE = 'kme/beijing>moscow';

const open = (path: string, keyring: MemoryKeyring, maxPages?: number): Promise<Vault> =>
  Vault.open({
    store: { kind: 'sqlite', path, ...(maxPages === undefined ? {} : { maxPages }) },
    keyring,
    now: () => 1_000,
    random: randomBytes,
    processId: 'test',
  });

interface Written {
  readonly path: string;
  readonly keyring: MemoryKeyring;
}

async function written(t: { after: (done: () => void) => void }, bytes = 40_000): Promise<Written> {
  const path = join(folder(t), 'vault.db');
  const keyring = new MemoryKeyring();
  const vault = await open(path, keyring);
  for (let i = 0; i < 8; i++) await single(vault).append(LANE, labels(), secret(pattern(bytes / 8, i)));
  await vault.close();
  return { path, keyring };
}

/** Opening fails with the code, says where and what to do, and leaves every byte of the file as it was. */
async function refuses({ path, keyring }: Written, wanted: string, says = /./): Promise<void> {
  const before = readFileSync(path);
  await assert.rejects(open(path, keyring), (error) => {
    assert.ok(error instanceof VaultError);
    assert.equal(error.code, wanted, error.message);
    assert.ok(error.message.includes(path), error.message);
    assert.match(error.message, says);
    return true;
  });
  assert.deepEqual(readFileSync(path), before);
}

test('a file of another kind is refused and left alone', async (t) => {
  const path = join(folder(t), 'letter.txt');
  writeFileSync(path, 'Dear vault, I am not a database. '.repeat(200));
  await refuses({ path, keyring: new MemoryKeyring() }, 'vault/corrupt');
});

test('a database of another program is refused and left alone', async (t) => {
  const path = join(folder(t), 'other.db');
  const other = new DatabaseSync(path);
  other.exec('CREATE TABLE song (title TEXT); INSERT INTO song VALUES (1)');
  other.close();
  await refuses({ path, keyring: new MemoryKeyring() }, 'vault/corrupt');
});

test('a vault of another format, older or newer, is refused and left alone', async (t) => {
  const made = await written(t);
  for (const [version, says] of [
    [1, /not sealed.*empty vault/],
    [3, /Start the version of Skykey that made it/],
  ] as const) {
    const later = new DatabaseSync(made.path);
    later.exec(`PRAGMA user_version = ${version}`);
    later.close();
    await refuses(made, 'vault/unavailable', says);
  }
});

test('a vault that was put back from a copy is refused and left alone, and so is one with another keyring', async (t) => {
  const { path, keyring } = await written(t);
  const copy = `${path}-copy`;
  copyFileSync(path, copy);
  const oldKeyring = keyring.copy();
  const vault = await open(path, keyring);
  const taken = await single(vault).take(await single(vault).reserve(LANE, 100));
  assert.equal(taken.length, 100);
  await vault.close();
  // The file of before the last start, beside the keyring of now.
  await refuses({ path: copy, keyring }, 'vault/restored', /older copy was put back.*empty vault/);
  // The keyring of before, beside the file of now.
  await refuses({ path, keyring: oldKeyring }, 'vault/restored', /older keyring was put back/);
  // The keyring of another vault that has come as far.
  const foreign = new MemoryKeyring();
  while (foreign.current().epoch < keyring.current().epoch) await foreign.next();
  await refuses({ path, keyring: foreign }, 'vault/restored', /another key of epoch/);
});

test('rotation leaves nothing that an old key opens; key that is still there stays good', async (t) => {
  const place = await Place.make(t);
  const { vault, tx, keyring } = place;
  await tx.append(LANE, labels(), secret(pattern(600_000, 5)));
  const copy = `${place.path}-copy`;
  await vault.scrub();
  copyFileSync(place.path, copy);
  const before = keyring.current().epoch;
  const [range] = await Promise.all([tx.reserve(LANE, 300_000), vault.rotate(), vault.rotate(), tx.remember('a', 1)]);
  assert.deepEqual([...keyring.keys.keys()], [before + 2]);
  const file = new DatabaseSync(copy, { readOnly: true });
  assert.deepEqual(
    file
      .prepare('SELECT DISTINCT epoch FROM piece')
      .all()
      .map(({ epoch }) => epoch),
    [before],
    'all that the copy holds was sealed under a key that is gone',
  );
  file.close();
  assert.equal(reveal(await tx.take(range)), hex(pattern(600_000, 5).subarray(0, 300_000)));
  const again = await place.reopen();
  assert.equal(
    reveal(await again.take(await again.reserve(LANE, 300_000))),
    hex(pattern(600_000, 5).subarray(300_000)),
  );
});

test('a rotation that was interrupted is completed by the next', async (t) => {
  const place = await Place.make(t);
  await place.tx.append(LANE, labels(), secret(pattern(5_000, 1)));
  const { keyring } = place;
  keyring.destroyBefore = async () => {
    throw new Error('the disk of the keyring is full');
  };
  await assert.rejects(place.vault.rotate(), /keyring is full/);
  keyring.next = async () => {
    throw new Error('the disk of the keyring is full');
  };
  await assert.rejects(place.vault.rotate(), /keyring is full/);
  await place.tx.append(LANE, labels(), secret(pattern(5_000, 2)));
  for (const name of ['next', 'destroyBefore'] as const) delete (keyring as Partial<MemoryKeyring>)[name];
  assert.equal(keyring.keys.size, 2);
  const again = await place.reopen();
  assert.equal(keyring.keys.size, 1);
  assert.equal(
    reveal(await again.take(await again.reserve(LANE, 10_000))),
    hex(pattern(5_000, 1)) + hex(pattern(5_000, 2)),
  );
});

test('a truncated vault is refused and left alone', async (t) => {
  const { path, keyring } = await written(t);
  const { size } = statSync(path);
  for (const share of [0.9, 0.5, 0.1]) {
    const cut = `${path}-${share}`;
    copyFileSync(path, cut);
    truncateSync(cut, Math.floor(size * share));
    await refuses({ path: cut, keyring }, 'vault/corrupt');
  }
});

test('a page overwritten with garbage is found: at opening, or when its key would be handed out', async (t) => {
  const { path, keyring } = await written(t);
  const sound = readFileSync(path);
  const whole = hex(Buffer.concat(Array.from({ length: 8 }, (_, i) => pattern(5_000, i))));
  const pages = sound.length / 4096;
  let refused = 0;
  for (let page = 0; page < pages; page++) {
    const damaged = Buffer.from(sound);
    damaged.set(pattern(4096, 1000 + page), page * 4096);
    const copy = `${path}-${page}`;
    writeFileSync(copy, damaged);
    try {
      const vault = await open(copy, keyring.copy());
      const tx = single(vault);
      try {
        // Whatever comes out is right.
        assert.equal(reveal(await tx.take(await tx.reserve(LANE, 40_000))), whole, `page ${page}`);
      } finally {
        await vault.close();
      }
    } catch (error) {
      assert.ok(error instanceof VaultError, `page ${page}: ${error}`);
      assert.equal(error.code, 'vault/corrupt', `page ${page}: ${error.message}`);
      refused++;
    }
    rmSync(copy);
  }
  // Pages that hold nothing yet (empty tables and indexes) may be overwritten without harm.
  assert.ok(refused >= pages - 12, `${refused} of ${pages} damaged pages were found`);
});

/** Where in the file the sealed bytes of a piece begin that holds byte `at` of block `block`. */
function sealedAt(path: string, block: number, at: number): number {
  const db = new DatabaseSync(path, { readOnly: true });
  const piece = block * 2 ** 20 + Math.floor(at / 1024);
  const { bytes } = db.prepare('SELECT bytes FROM piece WHERE piece = ?').get(piece) as { bytes: Uint8Array };
  db.close();
  const found = readFileSync(path).indexOf(bytes.subarray(0, 64));
  assert.ok(found > 0);
  return found;
}

test('a single flipped bit of key is found and never handed out; the rest stays good, also under alarm', async (t) => {
  const { path, keyring } = await written(t);
  const vault = await open(path, keyring);
  const tx = single(vault);
  const before = await tx.reserve(LANE, 15_000);
  assert.equal((await tx.take(before)).length, 15_000);
  await vault.close();
  const file = readFileSync(path);
  file[sealedAt(path, 4, 2_000) + 60]! ^= 0x10;
  writeFileSync(path, file);
  const again = await open(path, keyring);
  t.after(() => again.close());
  const now = single(again);
  const range = await now.reserve(LANE, 5_000);
  await assert.rejects(now.take(range), code('vault/corrupt'));
  await now.burn(range);
  const next = await now.reserve(LANE, 100);
  assert.equal(reveal(await now.take(next)), hex(pattern(5_000, 4).subarray(0, 100)));
  assert.equal((await now.poison('micius-beijing', 'tapped')).bits, 8 * (40_000 - 20_100));
});

test('erasing part of a damaged row does not make the rest of it look sound', async (t) => {
  const { path, keyring } = await written(t);
  const file = readFileSync(path);
  file[sealedAt(path, 1, 0) + 60]! ^= 1;
  writeFileSync(path, file);
  const vault = await open(path, keyring);
  t.after(() => vault.close());
  const tx = single(vault);
  await tx.burn(await tx.reserve(LANE, 100));
  const range = await tx.reserve(LANE, 150);
  await assert.rejects(tx.take(range), code('vault/corrupt'));
});

test('pieces that change places are found: a seal belongs to one place', async (t) => {
  const { path, keyring } = await written(t);
  const db = new DatabaseSync(path);
  db.exec(`UPDATE piece SET piece = -1 WHERE piece = ${2 ** 20};
    UPDATE piece SET piece = ${2 ** 20} WHERE piece = ${2 * 2 ** 20};
    UPDATE piece SET piece = ${2 * 2 ** 20} WHERE piece = -1`);
  db.close();
  const vault = await open(path, keyring);
  t.after(() => vault.close());
  const tx = single(vault);
  await assert.rejects(tx.take(await tx.reserve(LANE, 100)), code('vault/corrupt'));
});

test('a second process, or a second opening, is kept out', async (t) => {
  const place = await Place.make(t);
  await place.tx.remember('a', 1);
  await assert.rejects(open(place.path, place.keyring), code('vault/busy'));
  assert.equal(await place.tx.recall('a'), 1);
});

test('a path that cannot be opened is named', async () => {
  await assert.rejects(open('/nowhere/at/all/vault.db', new MemoryKeyring()), (error) => {
    assert.ok(error instanceof VaultError && error.code === 'vault/unavailable');
    return error.message.includes('/nowhere/at/all/vault.db');
  });
});

test('disk full: the call that needs room fails and changes nothing; what is there can still be used', async (t) => {
  const path = join(folder(t), 'vault.db');
  const keyring = new MemoryKeyring();
  const vault = await open(path, keyring, 90);
  const tx = single(vault);
  await tx.append(LANE, labels(), secret(pattern(4_000)));
  let stored = 0;
  await assert.rejects(async () => {
    for (; stored < 1_000; stored++)
      await tx.hold({ blockId: `b${stored}`, labels: labels(), bytes: secret(pattern(3_000, stored)) });
  }, code('vault/disk-full'));
  assert.ok(stored > 5 && stored < 100, `${stored} blocks fitted`);
  assert.deepEqual(
    await tx.held(),
    Array.from({ length: stored }, (_, i) => `b${i}`),
  );
  // Works that share the transaction which the disk has no room for.
  const others = [1, 2, 3].map((n) => tx.remember(`other/${n}`, n));
  await assert.rejects(
    vault.atomically(async (tx) => {
      await tx.hold({ blockId: 'too much', labels: labels(), bytes: secret(pattern(60_000)) }).catch(() => undefined);
      // Whoever swallows the error must not go on outside a transaction.
      await tx.discard('b0');
      await tx.hold({ blockId: 'too much', labels: labels(), bytes: secret(pattern(60_000)) });
    }),
    code('vault/disk-full'),
  );
  await Promise.all(others);
  assert.equal((await tx.recallAll('other/')).length, 3);
  assert.equal((await tx.held()).length, stored);
  // Delivering and erasing need no new page.
  assert.equal(reveal(await tx.take(await tx.reserve(LANE, 100))), hex(pattern(4_000).subarray(0, 100)));
  await vault.close();
  const roomy = await open(path, keyring, 1_000);
  t.after(() => roomy.close());
  assert.equal((await single(roomy).held()).length, stored);
  assert.equal(reveal(await single(roomy).readHeld('b3')), hex(pattern(3_000, 3)));
  await single(roomy).hold({ blockId: 'too much', labels: labels(), bytes: secret(pattern(30_000)) });
});

test('works that come together share a commit', async (t) => {
  const place = await Place.make(t);
  const sizes: number[] = [];
  await place.vault.scrub();
  const log = `${place.path}-wal`;
  const size = (): number => (existsSync(log) ? statSync(log).size : 0);
  for (const together of [1, 16]) {
    const before = size();
    await Promise.all(Array.from({ length: together }, (_, i) => place.tx.remember(`document/${i}`, together)));
    sizes.push(size() - before);
  }
  // Each commit writes every page it has changed to the log: sixteen commits would write sixteen times as many.
  assert.ok(sizes[0]! > 0 && sizes[1]! <= 2 * sizes[0]!, `${sizes} bytes of log`);
});

test('key bytes stand in no file, neither before they are delivered nor afterwards', async (t) => {
  const place = await Place.make(t);
  const { tx, vault } = place;
  const canaries = new Canaries();
  const log = `${place.path}-wal`;
  const look = (): number =>
    [place.path, log].filter(existsSync).reduce((sum, path) => sum + canaries.count(readFileSync(path)), 0);
  const put = async (lane: string, bytes: Uint8Array): Promise<void> => {
    canaries.add(bytes);
    await tx.append(lane, labels(), secret(bytes));
  };
  for (let i = 0; i < 40; i++) await put(LANE, pattern(1_000 + 100 * i, i));
  await put('auth/x', pattern(1_600, 50));
  assert.equal(look(), 0, 'stored');
  const keyIds = Array.from({ length: 40 }, (_, i) => `00000000-0000-4000-8000-0000000000${(i + 16).toString(16)}`);
  await tx.keys.reserve([{ lane: LANE, bytes: 64, keyIds, masterSae: 'a', slaveSaes: ['b'] }]);
  await tx.keys.assign(keyIds.slice(0, 20));
  const secrets = await tx.keys.deliver(keyIds.slice(0, 20).map((keyId) => ({ keyId, saeId: 'a' })));
  assert.equal(hex(pattern(1_000, 0).subarray(0, 64)), reveal(secrets[0]!), 'the canaries are what is delivered');
  await tx.keys.void(keyIds.slice(20));
  for (let i = 0; i < 5; i++) await tx.pads('auth/x').useNext();
  assert.equal(look(), 0, 'delivered');
  await vault.rotate();
  await tx.poison('micius-beijing', 'test');
  assert.equal(look(), 0, 'rotated, poisoned');
  await tx.outbox.add('not for key', pattern(1_000, 0));
  assert.ok(look() >= 125, 'the search finds what is there');
  await vault.scrub();
  assert.ok(!existsSync(log) || statSync(log).size === 0, 'the log is empty');
});

test('rows that were overwritten are in no file once the log is merged', async (t) => {
  const place = await Place.make(t);
  const { tx, vault } = place;
  const path = `${place.path}-reading`;
  /** The sealed rows as they stand now. */
  const rows = async (): Promise<Map<number, Uint8Array>> => {
    await vault.scrub();
    copyFileSync(place.path, path);
    const db = new DatabaseSync(path, { readOnly: true });
    const found = db.prepare('SELECT piece, bytes FROM piece').all() as { piece: number; bytes: Uint8Array }[];
    db.close();
    return new Map(found.map(({ piece, bytes }) => [piece, bytes]));
  };
  const gone = new Canaries();
  // Blocks of all sizes, small ones many to a page, settled in mixed order, so that the tree has reason to move rows.
  const sizes = Array.from({ length: 120 }, (_, i) => [64, 256, 1024, 1032, 3000, 32][i % 6]! * (1 + (i % 3)));
  for (const [i, size] of sizes.entries()) {
    const link = i % 7 === 3 ? 'tapped' : 'sound';
    await tx.hold({ blockId: `b${i}`, labels: labels({ originLinks: [link] }), bytes: secret(pattern(size, i)) });
  }
  const before = await rows();
  for (const [i, size] of sizes.entries()) {
    if (i % 5 === 0) await tx.discard(`b${i}`);
    else await tx.release(`b${i}`, [{ lane: `lane-${i % 4}`, from: 8, to: size }]);
    if (i % 3 === 0) continue;
    const range = await tx.reserve(`lane-${i % 4}`, 8).catch(() => undefined);
    if (range && i % 2) (await tx.take(range)).wipe();
    else if (range) await tx.burn(range);
  }
  await tx.poison('tapped', 'test');
  const after = await rows();
  for (const [piece, bytes] of before) {
    if (hex(after.get(piece) ?? new Uint8Array()) !== hex(bytes)) gone.add(bytes);
  }
  const file = readFileSync(place.path);
  assert.equal(gone.count(file), 0, 'rows that must not be there');
  const kept = new Canaries();
  for (const bytes of after.values()) kept.add(bytes);
  assert.ok(kept.count(file) > 2_000, 'the search finds what is there');
});

test('two vaults whose keyrings were swapped are refused, and no key is destroyed', async (t) => {
  const [paris, lyon] = [await written(t), await written(t)];
  for (const [one, other] of [
    [paris, lyon],
    [lyon, paris],
  ] as const) {
    await refuses({ path: one.path, keyring: other.keyring }, 'vault/restored', /another key of epoch/);
  }
  const again = await open(lyon.path, lyon.keyring);
  t.after(() => again.close());
  const tx = single(again);
  assert.equal(reveal(await tx.take(await tx.reserve(LANE, 100))), hex(pattern(5_000).subarray(0, 100)));
});

test('a rotation that is interrupted again and again never leaves more than three epochs, nor loses one in use', async (t) => {
  const { path, keyring } = await written(t);
  const { exec } = DatabaseSync.prototype;
  t.after(() => void (DatabaseSync.prototype.exec = exec));
  // A full disk, or a service manager that gives up on a long start: at the first write, the second and so on.
  for (let i = 0; i < 24; i++) {
    let commits = 0;
    DatabaseSync.prototype.exec = function (sql: string) {
      if (sql === 'COMMIT' && ++commits === 3 + (i % 8))
        throw Object.assign(new Error('database or disk is full'), { errcode: 13 });
      return exec.call(this, sql);
    };
    const vault = await open(path, keyring).catch((error) => void code('vault/disk-full')(error));
    DatabaseSync.prototype.exec = exec;
    await vault?.close();
    assert.ok(keyring.keys.size <= 3, `${keyring.keys.size} epochs`);
  }
  const vault = await open(path, keyring);
  t.after(() => vault.close());
  assert.equal(keyring.keys.size, 1);
  const tx = single(vault);
  assert.equal(reveal(await tx.take(await tx.reserve(LANE, 5_000))), hex(pattern(5_000)));
});

test('a vault of which a row needs a key that is nowhere is not rotated', async (t) => {
  const place = await Place.make(t);
  await place.tx.append(LANE, labels(), secret(pattern(5_000)));
  await place.vault.close();
  const file = new DatabaseSync(place.path);
  file.exec('UPDATE piece SET epoch = 0 WHERE piece = (SELECT max(piece) FROM piece)');
  file.close();
  await assert.rejects(place.open(), code('vault/restored'));
});

test('a failure that rests on what another work of the group has done is told when that is durable', async (t) => {
  const place = await Place.make(t);
  const { vault, tx } = place;
  await tx.append(LANE, labels(), secret(pattern(1_000)));
  const [keyId] = ['00000000-0000-4000-8000-000000000001'];
  const batch = { lane: LANE, bytes: 32, masterSae: 'a', slaveSaes: ['b'], keys: [{ keyId: keyId!, offset: 0 }] };
  const { exec } = DatabaseSync.prototype;
  t.after(() => void (DatabaseSync.prototype.exec = exec));
  DatabaseSync.prototype.exec = function (sql: string) {
    if (sql === 'COMMIT') throw Object.assign(new Error('disk I/O error'), { errcode: 10 });
    return exec.call(this, sql);
  };
  const [first, second] = await Promise.allSettled(
    [0, 1].map(() => vault.atomically((tx) => tx.keys.register([batch]), 'b')),
  );
  DatabaseSync.prototype.exec = exec;
  assert.equal(first!.status, 'rejected');
  assert.equal((await tx.keys.find([keyId!]))[0], undefined, 'nothing of it is there');
  const told = (second as PromiseRejectedResult).reason as { code: string; message: string };
  assert.notEqual(
    told.code,
    'vault/known',
    `"${told.message}" is not true: the transaction that made it so was undone`,
  );
});

test('a file that is refused is left as it is, with a log beside it too', async (t) => {
  const dir = folder(t);
  const path = join(dir, 'other.db');
  const db = new DatabaseSync(path);
  db.exec(
    'PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE song (title text); INSERT INTO song VALUES (1)',
  );
  // Killed: file and log lie there.
  const copy = join(dir, 'copy.db');
  copyFileSync(path, copy);
  copyFileSync(`${path}-wal`, `${copy}-wal`);
  db.close();
  const was = [readFileSync(copy), readFileSync(`${copy}-wal`)];
  await assert.rejects(open(copy, new MemoryKeyring()), code('vault/corrupt'));
  assert.ok(
    existsSync(`${copy}-wal`) && readFileSync(`${copy}-wal`).equals(was[1]!) && readFileSync(copy).equals(was[0]!),
  );
});

test('what opening does not look for, a check finds', async (t) => {
  const { path, keyring } = await written(t);
  const file = new DatabaseSync(path, { enableForeignKeyConstraints: false });
  file.exec('UPDATE segment SET block = 999 WHERE start = 0');
  file.close();
  const vault = await open(path, keyring);
  t.after(() => vault.close());
  await assert.rejects(vault.check(), code('vault/corrupt'));
});

test('a disk that fails while the log is put away: a sentence with a code, and what was told is there at the next start', async (t) => {
  const { path, keyring } = await written(t);
  const vault = await open(path, keyring);
  const { get } = StatementSync.prototype;
  t.after(() => void (StatementSync.prototype.get = get));
  const failing = function (this: StatementSync, ...values: Parameters<typeof get>) {
    if (this.sourceSQL.includes('wal_checkpoint')) throw Object.assign(new Error('disk I/O error'), { errcode: 10 });
    return get.apply(this, values);
  };
  StatementSync.prototype.get = failing as typeof get;
  await assert.rejects(vault.scrub(), code('vault/unavailable'));
  await assert.rejects(vault.close(), code('vault/unavailable'));
  StatementSync.prototype.get = get;
  const again = await open(path, keyring);
  t.after(() => again.close());
  const tx = single(again);
  assert.equal(reveal(await tx.take(await tx.reserve(LANE, 5_000))), hex(pattern(5_000)));
});

/** What is there of a rollback journal when a file that was empty is first written to (sqlite.org/fileformat2.html, 3). */
function journalOfNewFile(pageBytes: number): Uint8Array {
  const journal = new DataView(new ArrayBuffer(512));
  journal.setBigUint64(0, 0xd9d505f920a163d7n);
  journal.setUint32(20, 512);
  journal.setUint32(24, pageBytes);
  return new Uint8Array(journal.buffer);
}

test('whoever is killed while the file is made begins anew; the unfinished file of another program is left as it is', async (t) => {
  const dir = folder(t);
  const path = join(dir, 'vault.db');
  const begun = new DatabaseSync(path);
  begun.exec('PRAGMA journal_mode = WAL');
  begun.close();
  writeFileSync(`${path}-journal`, journalOfNewFile(4096));
  const vault = await open(path, new MemoryKeyring());
  await vault.close();

  const other = join(dir, 'other.db');
  const db = new DatabaseSync(other);
  db.exec('CREATE TABLE song (title text)');
  db.close();
  writeFileSync(`${other}-journal`, journalOfNewFile(4096));
  const was = readFileSync(other);
  await assert.rejects(open(other, new MemoryKeyring()), code('vault/corrupt'));
  assert.ok(readFileSync(other).equals(was) && existsSync(`${other}-journal`));
});
