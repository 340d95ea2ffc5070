// Findings of a hostile review: each test fails as long as its finding stands.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import pg from 'pg';
import { FileKeyring } from '../../node/src/vault/file-keyring.ts';
import { MemoryKeyring } from './test/keyring.ts';
import { code, folder, hex, labels, Place, pattern, reveal, secret, single } from './test/place.ts';
import { endServerAfterTests, postgres, whyNoPostgres } from './test/postgres.ts';
import type { VaultOptions } from './types.ts';
import { Vault } from './vault.ts';

const LANE = 'kme/beijing>moscow';
endServerAfterTests();
const noPostgres = whyNoPostgres();
const onPg = noPostgres === undefined ? {} : { skip: noPostgres };
const ids = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, i) => `00000000-0000-4000-8000-${(from + i).toString(16).padStart(12, '0')}`);
const options = (store: VaultOptions['store'], keyring: VaultOptions['keyring'], processId = 'test'): VaultOptions => ({
  ...{ store, keyring, now: () => 1_000, random: randomBytes, processId },
});
const freshName = (): string => `v${randomBytes(8).toString('hex')}`;

test(
  'R1 PostgreSQL: what a nested atomically did is not lost when a later one is caught, or the whole fails',
  onPg,
  async (t) => {
    const place = await Place.make(t, 'PostgreSQL');
    const { vault, tx } = place;
    await tx.append(LANE, labels(), secret(pattern(1_000)));
    const [keyId] = ids(1);
    await tx.keys.reserve([{ lane: LANE, bytes: 32, keyIds: [keyId!], masterSae: 'a', slaveSaes: ['b'] }]);
    await tx.keys.assign([keyId!]);
    // As Peer's settleAll does it: requests that share a frame, each in an `atomically` of its own whose error is caught.
    const got = await vault
      .atomically(async (tx) => {
        const first = await tx.atomically(async () => {
          const [key] = await tx.keys.deliver([{ keyId: keyId!, saeId: 'a' }]);
          // Any statement that the server refuses after it was sent: here NUL; 57014, 55P03 and 53100 do alike.
          await tx.remember('refused by the server \0', 1);
          return key!;
        });
        await tx.atomically(async () => void (await tx.recall('another'))).catch(() => undefined);
        return first;
      }, 'moscow')
      .catch(() => undefined);
    const state = (await tx.keys.find([keyId!]))[0]!.copies[0]!.state;
    assert.ok(
      got === undefined || state === 'ERASED',
      `the key ${got && reveal(got).slice(0, 8)}… was handed out and is ${state}: it can be delivered again`,
    );
  },
);

test('R1b PostgreSQL: the same by a lock that is not had in time', { ...onPg, timeout: 60_000 }, async (t) => {
  const place = await Place.make(t, 'PostgreSQL');
  const { vault, tx } = place;
  await tx.append(LANE, labels(), secret(pattern(1_000)));
  const [keyId, other] = ids(2);
  await tx.keys.reserve([{ lane: LANE, bytes: 32, keyIds: [keyId!, other!], masterSae: 'a', slaveSaes: ['b'] }]);
  await tx.keys.assign([keyId!, other!]);
  await vault.atomically((tx) => tx.keys.deliver([{ keyId: other!, saeId: 'a' }]), 'moscow');
  const client = new pg.Client({ connectionString: await postgres() });
  await client.connect();
  // pg_dump, VACUUM FULL, a monitoring tool: somebody who locks one row of sums.
  await client.query(`BEGIN; SELECT * FROM ${(place.store as { name: string }).name}.counter FOR UPDATE`);
  const got = await vault
    .atomically(async (tx) => {
      const first = await tx.atomically(async () => (await tx.keys.deliver([{ keyId: keyId!, saeId: 'a' }]))[0]!);
      await tx.atomically(async () => void (await tx.recall('another'))).catch(() => undefined);
      return first;
    }, 'moscow')
    .catch(() => undefined);
  await client.query('ROLLBACK');
  await client.end();
  const state = (await tx.keys.find([keyId!]))[0]!.copies[0]!.state;
  assert.ok(got === undefined || state === 'ERASED', `handed out, and ${state}`);
});

test('R2 SQLite: two vaults whose keyrings were swapped are refused, and no key is destroyed', async (t) => {
  const dir = folder(t);
  const make = (name: string) => ({
    store: { kind: 'sqlite' as const, path: join(dir, name) },
    keyring: FileKeyring.open(join(dir, `${name}.keyring`)),
  });
  const [paris, lyon] = [make('paris'), make('lyon')];
  for (const { store, keyring } of [paris, lyon]) {
    const vault = await Vault.open(options(store, keyring));
    await single(vault).append(LANE, labels(), secret(pattern(1_000)));
    await vault.close();
  }
  const wrong = await Vault.open(options(paris.store, lyon.keyring)).catch(() => undefined);
  await wrong?.close();
  // The operator sees it and puts it right.
  const again = await Vault.open(options(lyon.store, FileKeyring.open(join(dir, 'lyon.keyring'))));
  t.after(() => again.close());
  const tx = single(again);
  assert.equal(reveal(await tx.take(await tx.reserve(LANE, 100))), hex(pattern(1_000).subarray(0, 100)));
});

test('R2b PostgreSQL: a second process with a new keyring of its own is refused', onPg, async (t) => {
  const store = { kind: 'postgres' as const, connection: await postgres(), name: freshName(), connections: 2 };
  const first = await Vault.open(options(store, new MemoryKeyring(), 'first'));
  t.after(() => first.close());
  await single(first).append(LANE, labels(), secret(pattern(1_000)));
  await assert.rejects(async () => {
    const second = await Vault.open(options(store, new MemoryKeyring(), 'second'));
    t.after(() => second.close());
    await single(second).append(LANE, labels(), secret(pattern(1_000, 1)));
  }, code('vault/restored'));
});

test('R3 a rotation that is interrupted again and again leaves a keyring that can be used', async (t) => {
  const dir = folder(t);
  const keyring = FileKeyring.open(join(dir, 'keyring'));
  const store = { kind: 'sqlite' as const, path: join(dir, 'vault') };
  const vault = await Vault.open(options(store, keyring));
  await single(vault).append(LANE, labels(), secret(pattern(100_000)));
  await vault.close();
  // A full disk, or a service manager that gives up on a long start: killed while pieces are sealed anew.
  const { exec } = DatabaseSync.prototype;
  for (let i = 0; i < 20; i++) {
    let commits = 0;
    DatabaseSync.prototype.exec = function (sql: string) {
      // opening, heartbeat, void: the fifth is the first that renews pieces.
      if (sql === 'COMMIT' && ++commits === 5)
        throw Object.assign(new Error('database or disk is full'), { errcode: 13 });
      return exec.call(this, sql);
    };
    await Vault.open(options(store, keyring)).then(
      (open) => open.close(),
      () => undefined,
    );
  }
  DatabaseSync.prototype.exec = exec;
  const again = await Vault.open(options(store, keyring));
  await again.close();
});

test('R4 PostgreSQL: options in the URI leave the vault in its schema, and durable', onPg, async (t) => {
  const connection = `${await postgres()}&options=${encodeURIComponent('-c work_mem=8MB -c synchronous_commit=off')}`;
  const name = freshName();
  const vault = await Vault.open(options({ kind: 'postgres', connection, name }, new MemoryKeyring()));
  t.after(() => vault.close());
  const client = new pg.Client({ connectionString: await postgres() });
  await client.connect();
  t.after(() => client.end());
  const { rows } = await client.query(
    `SELECT schemaname FROM pg_tables WHERE tablename = 'vault' AND schemaname IN ('public', '${name}')`,
  );
  await client.query(
    'DROP TABLE IF EXISTS public.vault, public.block, public.origin, public.piece, public.lane, public.segment, public.claim, public.shared_key, public.key_copy, public.poison, public.process, public.memory, public.outbox, public.journal, public.counter',
  );
  assert.deepEqual(rows, [{ schemaname: name }]);
});

test('R5 a failure that rests on what another work of the group has done is told when that is durable', async (t) => {
  const place = await Place.make(t);
  const { vault, tx } = place;
  await tx.append(LANE, labels(), secret(pattern(1_000)));
  const [keyId] = ids(1);
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

test(
  'R6 PostgreSQL: a lane whose keys are delivered under two scopes (carried, Delivery.getKeysWithIds) keeps its claims',
  onPg,
  async (t) => {
    const place = await Place.make(t, 'PostgreSQL');
    const { vault, tx } = place;
    const lane = 'carried';
    const keys = ids(3);
    for (const [i, keyId] of keys.entries()) {
      await tx.append(lane, labels(), secret(pattern(32, i)));
      const from = ['paris', 'paris', 'lyon'][i]!;
      await tx.keys.register([
        { lane, bytes: 32, masterSae: from, slaveSaes: ['here'], keys: [{ keyId, offset: 32 * i }] },
      ]);
    }
    const deliver = (i: number, scope: string) =>
      vault.atomically((tx) => tx.keys.deliver([{ keyId: keys[i]!, saeId: 'here' }]), scope);
    await deliver(1, '');
    // One server process is a little slow: its next statement comes after the other has committed.
    const { query } = pg.Client.prototype;
    t.after(() => void (pg.Client.prototype.query = query));
    let slow: unknown;
    let reached!: () => void;
    let go!: () => void;
    const isThere = new Promise<void>((resolve) => (reached = resolve));
    const gate = new Promise<void>((resolve) => (go = resolve));
    pg.Client.prototype.query = function (this: pg.Client, ...values: [{ text?: string }]) {
      if (slow === undefined && values[0]?.text?.startsWith('DELETE FROM claim')) {
        slow = this;
        reached();
      }
      if (slow === this) return gate.then(() => Reflect.apply(query, this, values));
      return Reflect.apply(query, this, values);
    } as typeof query;
    const first = deliver(0, 'paris');
    await isThere;
    const other = deliver(2, 'lyon');
    // With one scope for the lane it waits.
    await Promise.race([other, new Promise((resolve) => setTimeout(resolve, 500))]);
    go();
    await Promise.all([first, other]);
    pg.Client.prototype.query = query;
    // As carry.ts makes a key: appended, then reserved "behind everything ever claimed".
    await tx.append(lane, labels(), secret(pattern(32, 9)));
    const range = await tx.reserve(lane, 32);
    const got = await tx.take(range).then(reveal, (error) => error.code);
    assert.deepEqual(
      [range.offset, got],
      [96, hex(pattern(32, 9))],
      'a range that was delivered is handed out again, not the new key',
    );
  },
);

test('R7 a vault is for its owner alone, whatever the umask', async (t) => {
  const before = process.umask(0o022);
  t.after(() => void process.umask(before));
  const place = await Place.make(t);
  await place.tx.remember('a', 1);
  for (const path of [place.path, `${place.path}-wal`]) assert.equal(statSync(path).mode & 0o077, 0, path);
});

test('R8 a file that is refused is left as it is, byte for byte, with a log beside it too', async (t) => {
  const dir = folder(t);
  const path = join(dir, 'other.db');
  const db = new DatabaseSync(path);
  db.exec(
    'PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE song (title text); INSERT INTO song VALUES (1)',
  );
  // Killed: file and log lie there.
  const copy = join(dir, 'copy.db');
  const { copyFileSync, existsSync } = await import('node:fs');
  copyFileSync(path, copy);
  copyFileSync(`${path}-wal`, `${copy}-wal`);
  db.close();
  const was = [readFileSync(copy), readFileSync(`${copy}-wal`)];
  await assert.rejects(Vault.open(options({ kind: 'sqlite', path: copy }, new MemoryKeyring())), code('vault/corrupt'));
  assert.ok(
    existsSync(`${copy}-wal`) && readFileSync(`${copy}-wal`).equals(was[1]!) && readFileSync(copy).equals(was[0]!),
  );
});

test('R9 PostgreSQL: hostile names are refused as arguments, alike on both stores', onPg, async (t) => {
  for (const kind of ['SQLite', 'PostgreSQL'] as const) {
    const { tx } = await Place.make(t, kind);
    for (const hostile of ['a\0b', '\ud800']) {
      assert.deepEqual(
        await tx.keys.find([hostile]).catch((error) => error.code),
        [undefined],
        `${kind} find ${JSON.stringify(hostile)}`,
      );
      assert.equal(
        await tx.recall(hostile).catch((error) => error.code),
        undefined,
        `${kind} recall ${JSON.stringify(hostile)}`,
      );
    }
  }
});

test('R10 a process that was slow to destroy old epochs does not destroy the newest', async (t) => {
  const path = join(folder(t), 'keyring');
  const [slow, quick, third] = [FileKeyring.open(path), FileKeyring.open(path), FileKeyring.open(path)];
  await slow.next();
  const fs = (await import('node:fs')).default;
  const { syncBuiltinESMExports } = await import('node:module');
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

test('R11 a key for as many applications as the KME allows is stored alike on both stores', onPg, async (t) => {
  for (const kind of ['SQLite', 'PostgreSQL'] as const) {
    const { tx } = await Place.make(t, kind);
    await tx.append(LANE, labels(), secret(pattern(1_000)));
    const slaveSaes = Array.from({ length: 60 }, () => `sae-${randomBytes(60).toString('base64url')}`);
    await tx.keys
      .reserve([{ lane: LANE, bytes: 32, keyIds: ids(1), masterSae: 'a', slaveSaes }])
      .catch((error) => assert.fail(`${kind}: ${error.message}`));
  }
});

test('R12 a tombstone of a place that makes no sense is refused', async (t) => {
  const { tx } = await Place.make(t);
  const [keyId] = ids(1);
  await assert.rejects(
    tx.keys.voidBatch([
      { lane: LANE, bytes: 32, masterSae: 'a', slaveSaes: ['b'], keys: [{ keyId: keyId!, offset: 1e300 }] },
    ]),
    code('vault/argument'),
  );
});

test('R13 PostgreSQL: statistics of a quiet moment do not make every later question quadratic', {
  ...onPg,
  timeout: 120_000,
}, async (t) => {
  const place = await Place.make(t, 'PostgreSQL');
  const { vault, tx } = place;
  const count = 4_000;
  await tx.append(LANE, labels(), secret(pattern(32 * count)));
  const client = new pg.Client({
    connectionString: await postgres(),
    options: `-c search_path=${(place.store as { name: string }).name}`,
  });
  await client.connect();
  t.after(() => client.end());
  // Yesterday's keys, all fetched; then autovacuum comes by.
  await client.query(`INSERT INTO shared_key (id, lane, start, stop, role, master_sae, slave_saes, purpose, owner, reserved_ms, open)
    SELECT gen_random_uuid()::text, 1, 1000000 + i, 1000001 + i, 'slave', 'm', '["s"]', '', 'p', i, 0 FROM generate_series(1, 50000) i`);
  await client.query(`INSERT INTO key_copy SELECT key, 's', 'ERASED', 1, 1, 1 FROM shared_key`);
  await client.query('ANALYZE');
  for (let at = 0; at < count; at += 500) {
    const keys = ids(500, at).map((keyId, i) => ({ keyId, offset: 32 * (at + i) }));
    await vault.atomically(
      (tx) => tx.keys.register([{ lane: LANE, bytes: 32, masterSae: 'm', slaveSaes: ['s'], keys }]),
      'b',
    );
  }
  const before = performance.now();
  assert.equal(await vault.atomically((tx) => tx.keys.countOpen({ masterSae: 'm', saeId: 's' }), 'b'), count);
  const quiet = performance.now() - before;
  await client.query('ANALYZE');
  await vault.atomically((tx) => tx.keys.countOpen({ masterSae: 'm', saeId: 's' }), 'b');
  const again = performance.now();
  await vault.atomically((tx) => tx.keys.countOpen({ masterSae: 'm', saeId: 's' }), 'b');
  const fresh = performance.now() - again;
  t.diagnostic(
    `countOpen of ${count} keys: ${quiet.toFixed(0)} ms with old statistics, ${fresh.toFixed(0)} ms with new ones`,
  );
  assert.ok(quiet < 10 * fresh + 100, `${quiet.toFixed(0)} ms against ${fresh.toFixed(0)} ms`);
});

test(
  'R6b PostgreSQL: one copy asked for under two scopes at once (a named key of two sites, by either site) is given once',
  onPg,
  async (t) => {
    const place = await Place.make(t, 'PostgreSQL');
    const { vault, tx } = place;
    const [keyId] = ids(1);
    await tx.append('own/carried', labels(), secret(pattern(32)));
    await tx.keys.reserve([
      { lane: 'own/carried', bytes: 32, keyIds: [keyId!], masterSae: 'm', slaveSaes: ['p', 'l'], purpose: 'named' },
    ]);
    await tx.keys.assign([keyId!]);
    const deliver = (scope: string) =>
      vault.atomically((tx) => tx.keys.deliver([{ keyId: keyId!, saeId: 'm' }]), scope);
    const { query } = pg.Client.prototype;
    t.after(() => void (pg.Client.prototype.query = query));
    let slow: unknown;
    let reached!: () => void;
    let go!: () => void;
    const isThere = new Promise<void>((resolve) => (reached = resolve));
    const gate = new Promise<void>((resolve) => (go = resolve));
    pg.Client.prototype.query = function (this: pg.Client, ...values: [{ text?: string }]) {
      if (slow === undefined && /^(DELETE|INSERT|UPDATE)/.test(values[0]?.text ?? '')) {
        slow = this;
        reached();
      }
      if (slow === this) return gate.then(() => Reflect.apply(query, this, values));
      return Reflect.apply(query, this, values);
    } as typeof query;
    const first = deliver('paris');
    await isThere;
    const other = deliver('lyon');
    await Promise.race([other.catch(() => undefined), new Promise((resolve) => setTimeout(resolve, 500))]);
    go();
    const given = (await Promise.allSettled([first, other])).filter(({ status }) => status === 'fulfilled');
    pg.Client.prototype.query = query;
    assert.equal(given.length, 1, 'the same copy of a key was handed out twice');
  },
);
