// What PostgreSQL, or somebody beside us on it, may do to a vault.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import pg from 'pg';
import { MemoryKeyring } from '../test/keyring.ts';
import { code, hex, labels, Place, pattern, reveal, secret, single, type TestContext } from '../test/place.ts';
import { endServerAfterTests, postgres, startServer, whyNoPostgres } from '../test/postgres.ts';
import type { VaultOptions } from '../types.ts';
import { Vault } from '../vault.ts';

const LANE = 'kme/beijing>moscow';
const skip = whyNoPostgres();
endServerAfterTests();
const onPostgres = (title: string, body: (t: TestContext) => Promise<void>): void => {
  test(title, { timeout: 60_000, ...(skip === undefined ? {} : { skip }) }, body);
};
const ids = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, i) => `00000000-0000-4000-8000-${(from + i).toString(16).padStart(12, '0')}`);
const options = (store: VaultOptions['store'], keyring: VaultOptions['keyring'], processId = 'test'): VaultOptions => ({
  ...{ store, keyring, now: () => 1_000, random: randomBytes, processId },
});
const freshName = (): string => `v${randomBytes(8).toString('hex')}`;
const nameOf = ({ store }: Place): string => (store as { name: string }).name;

/** A connection of somebody else. */
async function beside(t: TestContext, settings?: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: await postgres(), ...(settings && { options: settings }) });
  await client.connect();
  t.after(() => client.end());
  return client;
}

/** The first connection that sends a statement like this waits with it, and with all that follows, until `go`. */
function slowConnection(
  t: TestContext,
  statement: RegExp,
): { isThere: Promise<void>; go: () => void; end: () => void } {
  const { query } = pg.Client.prototype;
  const end = (): void => void (pg.Client.prototype.query = query);
  t.after(end);
  let slow: unknown;
  const reached = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  pg.Client.prototype.query = function (this: pg.Client, ...values: [{ text?: string }]) {
    if (slow === undefined && statement.test(values[0]?.text ?? '')) {
      slow = this;
      reached.resolve();
    }
    if (slow === this) return gate.promise.then(() => Reflect.apply(query, this, values));
    return Reflect.apply(query, this, values);
  } as typeof query;
  return { isThere: reached.promise, go: gate.resolve, end };
}

onPostgres('what a nested part did is not lost when a later one is caught, or the whole fails', async (t) => {
  const place = await Place.make(t, 'PostgreSQL');
  const { vault, tx } = place;
  await tx.append(LANE, labels(), secret(pattern(1_000)));
  const [keyId] = ids(1);
  await tx.keys.reserve([{ lane: LANE, bytes: 32, keyIds: [keyId!], masterSae: 'a', slaveSaes: ['b'] }]);
  await tx.keys.assign([keyId!]);
  await (await beside(t)).query(`ALTER TABLE ${nameOf(place)}.memory ADD CHECK (name <> 'refused')`);
  // As Peer's settleAll does it: requests that share a frame, each in an `atomically` of its own whose error is caught.
  const got = await vault
    .atomically(async (tx) => {
      const first = await tx.atomically(async () => {
        const [key] = await tx.keys.deliver([{ keyId: keyId!, saeId: 'a' }]);
        // Any statement that the server refuses after it was sent; 57014, 55P03 and 53100 do alike.
        await tx.remember('refused', 1);
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
});

onPostgres('the same when a statement is canceled that waits for a lock', async (t) => {
  const place = await Place.make(t, 'PostgreSQL');
  const { vault, tx } = place;
  await tx.append(LANE, labels(), secret(pattern(1_000)));
  const [keyId, other] = ids(2);
  await tx.keys.reserve([{ lane: LANE, bytes: 32, keyIds: [keyId!, other!], masterSae: 'a', slaveSaes: ['b'] }]);
  await tx.keys.assign([keyId!, other!]);
  await vault.atomically((tx) => tx.keys.deliver([{ keyId: other!, saeId: 'a' }]), 'moscow');
  const client = await beside(t);
  // pg_dump, VACUUM FULL, a monitoring tool: somebody who locks one row of sums.
  await client.query(`BEGIN; SELECT * FROM ${nameOf(place)}.counter FOR UPDATE`);
  const isCanceled = (async () => {
    for (let isWaiting = false; !isWaiting; ) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      await client.query('SELECT pg_stat_clear_snapshot()');
      const { rowCount } = await client.query(
        `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%${nameOf(place)}.counter%'`,
      );
      isWaiting = rowCount! > 0;
    }
  })();
  const got = await vault
    .atomically(async (tx) => {
      const first = await tx.atomically(async () => (await tx.keys.deliver([{ keyId: keyId!, saeId: 'a' }]))[0]!);
      await tx.atomically(async () => void (await tx.recall('another'))).catch(() => undefined);
      return first;
    }, 'moscow')
    .catch(() => undefined);
  await isCanceled;
  await client.query('ROLLBACK');
  const state = (await tx.keys.find([keyId!]))[0]!.copies[0]!.state;
  assert.ok(got === undefined || state === 'ERASED', `handed out, and ${state}`);
});

onPostgres(
  'of nested parts one that the server refuses is undone, and what was done before and after stays',
  async (t) => {
    const place = await Place.make(t, 'PostgreSQL');
    await (await beside(t)).query(`ALTER TABLE ${nameOf(place)}.memory ADD CHECK (name <> 'refused')`);
    await place.vault.atomically(async (tx) => {
      await tx.atomically(() => tx.remember('first', 1));
      await assert.rejects(
        tx.atomically(async () => {
          await tx.remember('lost', 1);
          await tx.atomically(() => tx.remember('refused', 1)).catch(() => undefined);
          await tx.remember('refused', 2);
        }),
        code('vault/unavailable'),
      );
      await tx.atomically(() => tx.remember('last', 1));
    });
    assert.deepEqual(
      (await place.tx.recallAll('')).map(({ name }) => name),
      ['first', 'last'],
    );
  },
);

onPostgres('a second process with a new keyring of its own is refused', async (t) => {
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

onPostgres(
  'a process whose keyring is a copy is refused when another has begun an epoch, and begins none',
  async (t) => {
    const store = { kind: 'postgres' as const, connection: await postgres(), name: freshName(), connections: 2 };
    const keyring = new MemoryKeyring();
    const [first, second] = await Promise.all(
      [keyring, keyring.copy()].map((each, i) => Vault.open(options(store, each, `process ${i}`))),
    );
    t.after(() => Promise.all([first!.close(), second!.close()]));
    await single(first!).append(LANE, labels(), secret(pattern(1_000)));
    await first!.rotate();
    await assert.rejects(second!.rotate(), code('vault/restored'));
    await assert.rejects(single(second!).remember('a', 1), code('vault/restored'));
    const tx = single(first!);
    assert.equal(reveal(await tx.take(await tx.reserve(LANE, 100))), hex(pattern(1_000).subarray(0, 100)));
  },
);

onPostgres('options in the URI leave the vault in its schema, and durable', async (t) => {
  const connection = `${await postgres()}&options=${encodeURIComponent('-c work_mem=8MB -c synchronous_commit=off')}`;
  const name = freshName();
  const vault = await Vault.open(options({ kind: 'postgres', connection, name }, new MemoryKeyring()));
  t.after(() => vault.close());
  const client = await beside(t);
  const { rows } = await client.query(
    `SELECT schemaname FROM pg_tables WHERE tablename = 'vault' AND schemaname IN ('public', '${name}')`,
  );
  await client.query(
    'DROP TABLE IF EXISTS public.vault, public.block, public.origin, public.piece, public.lane, public.segment, public.claim, public.shared_key, public.key_copy, public.poison, public.process, public.memory, public.outbox, public.journal, public.counter',
  );
  assert.deepEqual(rows, [{ schemaname: name }]);
});

onPostgres('a server that does not wait for its disk is refused, and nothing is made there', async (t) => {
  const careless = await startServer({ fsync: 'off' });
  t.after(async () => {
    await careless.kill();
    rmSync(careless.folder, { recursive: true, force: true });
  });
  const store = { kind: 'postgres' as const, connection: careless.connection, name: freshName() };
  await assert.rejects(Vault.open(options(store, new MemoryKeyring())), (error: Error) => {
    code('vault/argument')(error);
    assert.match(error.message, /fsync is off there and must be on.*set fsync = on in its postgresql\.conf/);
    return true;
  });
  const client = new pg.Client({ connectionString: careless.connection });
  await client.connect();
  const { rows } = await client.query('SELECT FROM pg_namespace WHERE nspname = $1', [store.name]);
  await client.end();
  assert.equal(rows.length, 0);
});

onPostgres('closing ends what is under way and refuses what waits, whoever has the lock', async (t) => {
  const place = await Place.make(t, 'PostgreSQL');
  const { vault, tx } = place;
  const other = await place.open('another process');
  t.after(() => other.close());
  /** Somebody in the middle of his work, until a gate is opened. */
  const within = async (whose: Vault, scope: string): Promise<{ done: Promise<string>; open: () => void }> => {
    let reached!: () => void;
    const isThere = new Promise<void>((resolve) => (reached = resolve));
    let open!: () => void;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const done = whose.atomically(async (tx) => {
      await tx.remember(scope, 1);
      await tx.recall(scope);
      reached();
      await gate;
      await tx.remember(scope, 2);
      return scope;
    }, scope);
    await isThere;
    return { done, open };
  };
  await tx.remember('a', 0);
  const theirs = await within(other, 'paris');
  const ours = await within(vault, 'lyon');
  // For the lock of the scope, for that of the store, for a connection, for their turn.
  const scopes = ['paris', '', 'rome', 'bonn', 'paris', ''];
  const waiting = scopes.map((scope) =>
    vault
      .atomically((tx) => tx.remember('waited', 1), scope)
      .then(
        () => `${scope} was done`,
        (error) => (error as Error).message,
      ),
  );
  const client = await beside(t);
  for (let count = 0; count < 2; ) {
    const { rows } = await client.query(
      `SELECT count(*) AS n FROM pg_locks JOIN pg_database ON pg_database.oid = database
       WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()`,
    );
    count = Number(rows[0].n);
  }
  const closing = vault.close();
  const refusals = await Promise.all(waiting);
  ours.open();
  await closing;
  theirs.open();
  assert.deepEqual(
    refusals.filter((message) => !message.endsWith('is closed')),
    [],
  );
  assert.deepEqual([await ours.done, await theirs.done], ['lyon', 'paris']);
  assert.deepEqual([await single(other).recall('lyon'), await single(other).recall('waited')], [2, undefined]);
});

onPostgres('a vault that went back in time while it is open is refused from then on', async (t) => {
  const place = await Place.make(t, 'PostgreSQL');
  const { vault, tx } = place;
  const client = await beside(t);
  await tx.append(LANE, labels(), secret(pattern(1_000)));
  await vault.heartbeat();
  await vault.heartbeat();
  await tx.reserve(LANE, 100);
  // As a snapshot does that was taken before the last heartbeat.
  await client.query(`UPDATE ${nameOf(place)}.vault SET beats = beats - 1`);
  await assert.rejects(tx.reserve(LANE, 100), code('vault/restored'));
  // Other processes go on counting, until it is past what was known.
  await client.query(`UPDATE ${nameOf(place)}.vault SET beats = beats + 5`);
  await assert.rejects(vault.heartbeat(), code('vault/restored'));
  await assert.rejects(tx.length(LANE), code('vault/restored'));
});

onPostgres('a lane that is touched under two scopes keeps its claims', async (t) => {
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
  const { isThere, go, end } = slowConnection(t, /DELETE FROM \w+\.claim/);
  const first = deliver(0, 'paris');
  await isThere;
  const other = deliver(2, 'lyon');
  // With one scope for the lane it waits.
  await Promise.race([other, new Promise((resolve) => setTimeout(resolve, 500))]);
  go();
  await Promise.all([first, other]);
  end();
  // As a carried key is made: appended, then reserved "behind everything ever claimed".
  await tx.append(lane, labels(), secret(pattern(32, 9)));
  const range = await tx.reserve(lane, 32);
  const got = await tx.take(range).then(reveal, (error) => error.code);
  assert.deepEqual(
    [range.offset, got],
    [96, hex(pattern(32, 9))],
    'a range that was delivered is handed out again, not the new key',
  );
});

onPostgres('one copy that is asked for under two scopes at once is given once', async (t) => {
  const place = await Place.make(t, 'PostgreSQL');
  const { vault, tx } = place;
  const [keyId] = ids(1);
  await tx.append('own/carried', labels(), secret(pattern(32)));
  await tx.keys.reserve([
    { lane: 'own/carried', bytes: 32, keyIds: [keyId!], masterSae: 'm', slaveSaes: ['p', 'l'], purpose: 'named' },
  ]);
  await tx.keys.assign([keyId!]);
  const deliver = (scope: string) => vault.atomically((tx) => tx.keys.deliver([{ keyId: keyId!, saeId: 'm' }]), scope);
  const { isThere, go, end } = slowConnection(t, /^(WITH|DELETE|INSERT|UPDATE)/);
  const first = deliver('paris');
  await isThere;
  const other = deliver('lyon');
  await Promise.race([other.catch(() => undefined), new Promise((resolve) => setTimeout(resolve, 500))]);
  go();
  const given = (await Promise.allSettled([first, other])).filter(({ status }) => status === 'fulfilled');
  end();
  assert.equal(given.length, 1, 'the same copy of a key was handed out twice');
});

onPostgres('statistics of a quiet moment do not make later questions read all keys for each', async (t) => {
  const place = await Place.make(t, 'PostgreSQL');
  const { vault, tx } = place;
  const count = 1_000;
  await tx.append(LANE, labels(), secret(pattern(32 * count)));
  const client = await beside(t, `-c search_path=${nameOf(place)}`);
  // Yesterday's keys, all fetched; then autovacuum comes by.
  await client.query(`INSERT INTO shared_key (id, lane, start, stop, role, master_sae, slave_saes, purpose, owner, reserved_ms, open)
    SELECT gen_random_uuid()::text, 1, 1000000 + i, 1000001 + i, 'slave', 'm', '["s"]', '', 'p', i, 0 FROM generate_series(1, 20000) i`);
  await client.query(`INSERT INTO key_copy SELECT key, 's', 'ERASED', 1, 1, 1 FROM shared_key`);
  await client.query('ANALYZE');
  const keys = ids(count).map((keyId, i) => ({ keyId, offset: 32 * i }));
  const batch = { lane: LANE, bytes: 32, masterSae: 'm', slaveSaes: ['s'], keys };
  await vault.atomically((tx) => tx.keys.register([batch]), 'b');
  // Rows and entries of indexes that a question reads, by PostgreSQL's own count: no clock.
  const read = async (question: () => Promise<unknown>): Promise<number> => {
    const sum = async (): Promise<number> => {
      await new Promise((resolve) => setTimeout(resolve, 1_100));
      await client.query('SELECT pg_stat_clear_snapshot()');
      const { rows } = await client.query<{ sum: string }>(
        `SELECT (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE schemaname = '${nameOf(place)}') AS sum`,
      );
      return Number(rows[0]!.sum);
    };
    const before = await sum();
    await question();
    return (await sum()) - before;
  };
  const work = {
    countOpen: () => vault.atomically((tx) => tx.keys.countOpen({ masterSae: 'm', saeId: 's' }), 'b'),
    expire: () => vault.atomically((tx) => tx.keys.expire(-1)),
    void: () => vault.atomically((tx) => tx.keys.void(ids(500)), 'b'),
    expireAll: () => vault.atomically((tx) => tx.keys.expire(2_000)),
  };
  for (const [name, question] of Object.entries(work)) {
    const entries = await read(question);
    t.diagnostic(`${name} of ${count} keys reads ${entries} entries`);
    assert.ok(entries < 40 * count, `${name} of ${count} keys reads ${entries} entries`);
  }
});
