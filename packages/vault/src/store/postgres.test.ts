import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, connect as dial, type Socket } from 'node:net';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import type { SecretBytes } from '@skykey/bits';
import pg from 'pg';
import { type Got, laneOf, PEERS } from '../test/hammer.ts';
import { MemoryKeyring, SharedKeyring } from '../test/keyring.ts';
import { code, folder, hex, labels, Place, pattern, reveal, secret, single, type TestContext } from '../test/place.ts';
import { endServerAfterTests, postgres, server, whyNoPostgres } from '../test/postgres.ts';
import type { PostgresPlace } from '../types.ts';
import { Vault } from '../vault.ts';

const LANE = 'kme/beijing>moscow';
const skip = whyNoPostgres();
endServerAfterTests();
const onPostgres = (title: string, body: (t: TestContext) => Promise<void>): void => {
  test(title, skip === undefined ? {} : { skip }, body);
};

const freshName = (): string => `v${randomBytes(8).toString('hex')}`;
const ids = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, i) => `00000000-0000-4000-8000-${(from + i).toString(16).padStart(12, '0')}`);

const open = async (place: Partial<PostgresPlace>, keyring = new MemoryKeyring()): Promise<Vault> => {
  const store = {
    kind: 'postgres' as const,
    connection: await postgres(),
    name: freshName(),
    connections: 2,
    ...place,
  };
  return await Vault.open({ store, keyring, now: () => 1_000, random: randomBytes, processId: 'test' });
};

async function query(text: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: await postgres() });
  await client.connect();
  try {
    return await client.query(text);
  } finally {
    await client.end();
  }
}

onPostgres(
  'what is not a vault of this version, or not sealed by this keyring, is refused and left alone',
  async () => {
    await assert.rejects(open({ name: 'Robert"); DROP TABLE' }), code('vault/argument'));
    const other = freshName();
    await query(`CREATE SCHEMA ${other}; CREATE TABLE ${other}.song (title text)`);
    await assert.rejects(open({ name: other }), code('vault/corrupt'));
    assert.equal((await query(`SELECT count(*) FROM pg_tables WHERE schemaname = '${other}'`)).rows[0].count, '1');
    const name = freshName();
    const keyring = new MemoryKeyring();
    const vault = await open({ name }, keyring);
    const old = keyring.copy();
    await vault.rotate();
    await vault.close();
    await assert.rejects(open({ name }, old), code('vault/restored'));
    await query(`UPDATE ${name}.vault SET version = 3`);
    await assert.rejects(open({ name }, keyring), code('vault/unavailable'));
    await query(`UPDATE ${name}.vault SET version = 2, epoch = 1`);
    await assert.rejects(open({ name }, keyring), code('vault/restored'));
    await assert.rejects(open({ connection: 'postgres://nobody@127.0.0.1:1/none' }), code('vault/unavailable'));
  },
);

onPostgres('several processes on the same lanes: no key twice, none lost, while the seal is renewed', async (t) => {
  const keyring = join(folder(t), 'keyring');
  const store = { kind: 'postgres' as const, connection: await postgres(), name: freshName(), connections: 4 };
  const open = (): Promise<Vault> =>
    Vault.open({ store, keyring: new SharedKeyring(keyring), now: Date.now, random: randomBytes, processId: 'test' });
  const vault = await open();
  const { append } = single(vault);
  const bytes = 400_000;
  for (const [i, peer] of PEERS.entries()) {
    for (let at = 0; at < 8; at++) {
      const part = pattern(bytes, i).subarray((at * bytes) / 8, ((at + 1) * bytes) / 8);
      await append(laneOf(peer), labels(), secret(part));
    }
  }
  await vault.close();
  const script = join(import.meta.dirname, '..', 'test', 'hammer.ts');
  const runs = await Promise.all(
    [0, 1, 2].map((n) =>
      promisify(execFile)(execPath, ['--no-warnings', script, JSON.stringify(store), keyring, `hammer-${n}`, '5000'], {
        maxBuffer: 1e8,
      }),
    ),
  );
  const got = runs.map(({ stdout }) => JSON.parse(stdout) as Got[]);
  for (const each of got) assert.ok(each.length > 20, `${got.map(({ length }) => length)} keys`);
  const again = await open();
  t.after(() => again.close());
  const tx = single(again);
  let delivered = 0;
  for (const [i, peer] of PEERS.entries()) {
    const lane = laneOf(peer);
    const whole = pattern(bytes, i);
    const taken = got.flat().filter((each) => each.lane === lane);
    taken.sort((a, b) => a.offset - b.offset);
    let at = 0;
    for (const { offset, bytes, key } of taken) {
      assert.equal(offset, at, `lane ${lane}: bytes twice, or lost`);
      at += bytes;
      if (key === undefined) continue;
      assert.equal(key, hex(whole.subarray(offset, at)));
      if (bytes === 32) delivered++;
    }
    assert.equal(await tx.available(lane), bytes - at);
    const rest = await tx.reserve(lane, bytes - at);
    assert.equal(reveal(await tx.take(rest)), hex(whole.subarray(at)), 'the rest is still good');
  }
  assert.equal((await tx.counters()).deliveredKeys, delivered);
});

onPostgres('a batch of 64 keys needs fewer than 15 questions a step', async (t) => {
  const place = await Place.make(t, 'PostgreSQL');
  const { vault, tx } = place;
  for (let i = 0; i < 20; i++) await tx.append(LANE, labels(), secret(pattern(1_000, i)));
  // Something beside it, so that spent neighbours have to be found.
  await tx.burn(await tx.reserve(LANE, 100));
  let questions = 0;
  const { query } = pg.Client.prototype;
  pg.Client.prototype.query = function (this: pg.Client, ...values: unknown[]) {
    questions++;
    return Reflect.apply(query, this, values);
  } as typeof query;
  t.after(() => void (pg.Client.prototype.query = query));
  const counted: Record<string, number> = {};
  const count = async <T>(name: string, work: Promise<T>): Promise<T> => {
    questions = 0;
    const result = await work;
    counted[name] = questions;
    return result;
  };
  const pair = { lane: LANE, bytes: 32, masterSae: 'a', slaveSaes: ['b'] };
  const [mine, theirs, void1] = [ids(64), ids(64, 100), ids(64, 200)];
  await count(
    'reserve',
    vault.atomically((tx) => tx.keys.reserve([{ ...pair, keyIds: mine }]), 'b'),
  );
  await count(
    'assign',
    vault.atomically((tx) => tx.keys.assign(mine), 'b'),
  );
  const wanted = mine.map((keyId) => ({ keyId, saeId: 'a' }));
  await count(
    'deliver',
    vault.atomically((tx) => tx.keys.deliver(wanted), 'b'),
  );
  const keys = theirs.map((keyId, i) => ({ keyId, offset: 6_000 + 32 * i }));
  await count(
    'register',
    vault.atomically((tx) => tx.keys.register([{ ...pair, keys }]), 'b'),
  );
  await count(
    'void',
    vault.atomically((tx) => tx.keys.void(theirs), 'b'),
  );
  await tx.keys.reserve([{ ...pair, keyIds: void1 }]);
  await tx.keys.assign(void1);
  await count(
    'stock and deliver',
    vault.atomically(async (tx) => {
      const some = await tx.keys.stock({ masterSae: 'a', slaveSae: 'b', bytes: 32, limit: 64 });
      return await tx.keys.deliver(some.map((keyId) => ({ keyId, saeId: 'a' })));
    }, 'b'),
  );
  t.diagnostic(JSON.stringify(counted));
  for (const [name, number] of Object.entries(counted))
    assert.ok(number < 15 || name === 'stock and deliver', `${name}: ${number}`);
  assert.ok(counted['stock and deliver']! <= 15);
});

/** A way to the server that breaks when told: `cut` sees what the client sends and says whether that still passes. */
async function fragile(t: TestContext, cut: (text: string) => 'pass' | 'before' | 'after'): Promise<string> {
  const { folder: socketFolder } = await server();
  const place = join(folder(t), '.s.PGSQL.5432');
  const open = new Set<Socket>();
  const proxy = createServer((client) => {
    const upstream = dial(join(socketFolder, '.s.PGSQL.5432'));
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', () => undefined);
    }
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
    let isDeaf = false;
    client.on('data', (data) => {
      const fate = cut(data.toString('latin1'));
      if (fate === 'before') return void client.destroy();
      isDeaf ||= fate === 'after';
      upstream.write(data);
    });
    upstream.on('data', (data) => {
      if (!isDeaf) client.write(data);
      else if (data.includes('COMMIT')) client.destroy();
    });
  });
  await new Promise<void>((resolve) => proxy.listen(place, resolve));
  t.after(() => {
    for (const socket of open) socket.destroy();
    proxy.close();
  });
  return `postgres://skykey@/postgres?host=${encodeURIComponent(join(place, '..'))}`;
}

/** A statement without the schema's name. */
const unqualified = (text: string): string => text.replace(/\bv[0-9a-f]+\./g, '');

onPostgres('a connection lost before COMMIT is no matter: the work is done again, once', async (t) => {
  let armed = '';
  const connection = await fragile(t, (text) => {
    if (armed === '' || !unqualified(text).includes(armed)) return 'pass';
    armed = '';
    return 'before';
  });
  for (const word of ['BEGIN', 'INSERT INTO claim', 'INSERT INTO memory']) {
    // One connection, so that it has not yet been told these statements.
    const vault = await open({ connection, connections: 1 });
    t.after(() => vault.close());
    const tx = single(vault);
    await tx.append(LANE, labels(), secret(pattern(1_000)));
    const seen: SecretBytes[] = [];
    armed = word;
    const read = await vault.atomically(async (tx) => {
      seen.push(await tx.take(await tx.reserve(LANE, 500)));
      await tx.remember('a', word);
      // What is sent together with COMMIT cannot be told from a COMMIT that was lost.
      assert.equal(await tx.recall('a'), word);
      return seen.at(-1)!;
    });
    assert.equal(armed, '', 'it was cut');
    assert.equal(seen.length, word === 'INSERT INTO memory' ? 2 : 1);
    if (seen.length > 1) assert.throws(() => seen[0]!.open(() => 0), /overwritten/);
    assert.equal(reveal(read), hex(pattern(1_000).subarray(0, 500)));
    assert.equal(await tx.available(LANE), 500);
  }
});

onPostgres('a connection lost while a vault opens is told to whoever opens it, and ends no process', async (t) => {
  const name = freshName();
  const keyring = new MemoryKeyring();
  for (const word of ['pg_advisory_xact_lock', 'pg_tables', 'CREATE TABLE', 'COMMIT', 'INSERT INTO process']) {
    let isArmed = true;
    const connection = await fragile(t, (text) => (isArmed && unqualified(text).includes(word) ? 'before' : 'pass'));
    await assert.rejects(open({ connection, name }, keyring), code('vault/unavailable'), word);
    isArmed = false;
  }
  const vault = await open({ name }, keyring);
  t.after(() => vault.close());
  assert.equal(await single(vault).length(LANE), 0);
});

onPostgres('a connection lost during COMMIT: nothing is handed out, whether it took place or not', async (t) => {
  let fate: 'pass' | 'before' | 'after' = 'pass';
  const connection = await fragile(t, (text) => (text.includes('COMMIT') ? fate : 'pass'));
  const vault = await open({ connection });
  t.after(() => vault.close());
  const tx = single(vault);
  await tx.append(LANE, labels(), secret(pattern(1_000)));
  for (const [lost, left] of [
    ['before', 1_000],
    ['after', 500],
  ] as const) {
    let read: SecretBytes | undefined;
    fate = lost;
    await assert.rejects(
      vault.atomically(async (tx) => {
        read = await tx.take(await tx.reserve(LANE, 500));
        return read;
      }),
      (error: Error) => code('vault/unavailable')(error) && /not known/.test(error.message),
    );
    fate = 'pass';
    assert.throws(() => read!.open(() => 0), /overwritten/);
    assert.equal(await tx.available(LANE), left, lost);
  }
});

onPostgres('the server dies and comes back: what was said to be done is there, and work goes on', async (t) => {
  const postgresServer = await server();
  const vault = await open({});
  t.after(() => vault.close());
  const tx = single(vault);
  await tx.append(LANE, labels(), secret(pattern(50_000)));
  let done = 0;
  const offsets: number[] = [];
  const working = (async () => {
    for (;;) {
      const range = await vault.atomically(async (tx) => {
        const range = await tx.reserve(LANE, 32);
        await tx.take(range);
        return range;
      });
      offsets.push(range.offset);
      done++;
    }
  })();
  while (done < 20) await tx.remember('waiting', done);
  await Promise.all([postgresServer.kill(), assert.rejects(working, code('vault/unavailable'))]);
  await assert.rejects(tx.available(LANE), code('vault/unavailable'));
  await postgresServer.start();
  const length = 50_000 - (await tx.available(LANE));
  assert.equal(new Set(offsets).size, offsets.length);
  assert.ok(
    length === 32 * done || length === 32 * (done + 1),
    'at most the one that was under way is more than was said',
  );
  const range = await tx.reserve(LANE, 32);
  assert.equal(reveal(await tx.take(range)), hex(pattern(50_000).subarray(length, length + 32)));
});

onPostgres('two scopes do not wait for each other; the whole store waits for both', async (t) => {
  const vault = await open({ connections: 4 });
  t.after(() => vault.close());
  const order: string[] = [];
  let go: (() => void) | undefined;
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  // Works that wait for something else: for this test alone, and on PostgreSQL alone, where it harms nobody else.
  const beijing = vault.atomically(async (tx) => {
    await tx.remember('beijing', 1);
    await gate;
    order.push('beijing');
  }, 'beijing');
  const whole = new Promise<void>((resolve) => setTimeout(resolve, 100)).then(() =>
    vault.atomically(async (tx) => {
      await tx.recall('beijing');
      order.push('whole');
    }),
  );
  await vault.atomically(async (tx) => {
    await tx.remember('moscow', 1);
    order.push('moscow');
  }, 'moscow');
  go!();
  await Promise.all([beijing, whole]);
  assert.deepEqual(order, ['moscow', 'beijing', 'whole']);
});

onPostgres('key bytes stand in no file of the server, neither before they are delivered nor afterwards', async (t) => {
  const place = await Place.make(t, 'PostgreSQL');
  const { tx } = place;
  const { folder: root } = await server();
  const bytes = pattern(6_400, 77);
  const marks = Array.from({ length: 20 }, (_, i) => Buffer.from(bytes.subarray(320 * i, 320 * i + 16)));
  marks.push(...marks.slice(0, 3).map((mark) => Buffer.from(mark.toString('hex'))));
  /** Contents of all files; some come and go meanwhile. */
  const contentsOf = (path: string): Buffer[] =>
    readdirSync(path, { withFileTypes: true }).flatMap((entry) => {
      const each = join(path, entry.name);
      if (entry.isDirectory()) return contentsOf(each);
      try {
        return entry.isFile() ? [readFileSync(each)] : [];
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        return [];
      }
    });
  const look = async (): Promise<number> => {
    await query('CHECKPOINT');
    const contents = contentsOf(join(root, 'data'));
    return marks.filter((mark) => contents.some((content) => content.includes(mark))).length;
  };
  await tx.append(LANE, labels(), secret(bytes));
  assert.equal(await look(), 0, 'stored');
  const keyIds = ids(100);
  await tx.keys.reserve([{ lane: LANE, bytes: 32, keyIds, masterSae: 'a', slaveSaes: ['b'] }]);
  await tx.keys.assign(keyIds);
  const secrets = await tx.keys.deliver(keyIds.slice(0, 50).map((keyId) => ({ keyId, saeId: 'a' })));
  assert.equal(reveal(secrets[0]!).slice(0, 32), marks[0]!.toString('hex'), 'the marks are of what is delivered');
  await place.vault.rotate();
  await tx.keys.void(keyIds.slice(50));
  assert.equal(await look(), 0, 'delivered, rotated, void');
  await tx.outbox.add('not for key', bytes);
  assert.ok((await look()) >= 10, 'the search finds what is there');
});
