import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, test } from 'node:test';
import type { VaultTransaction } from '@skykey/vault';
import { type Played, type PlayOptions, play } from './play.ts';
import { PostgresServer, whyNoServer } from './postgres-server.ts';
import type { Rule } from './verdict.ts';

const folder = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const whyNot = whyNoServer();
let server: PostgresServer | undefined;
after(() => server?.stop());

function expectNothing({ verdict, faults, seed, store }: Played): void {
  assert.deepEqual({ findings: verdict.findings, faults }, { findings: [], faults: [] }, `seed ${seed} on ${store}`);
}

const ask = (changes: Partial<PlayOptions>): Promise<Played> =>
  play({ seed: 1, store: 'sqlite', operations: 1_500, folder, ...changes });

test('crashes, partitions and wrong clocks on SQLite: each key once, none lost', async (t) => {
  for (const seed of [1, 2]) {
    const played = await ask({ seed });
    expectNothing(played);
    assert.ok(played.counts.deaths! >= 5, `only ${played.counts.deaths} deaths`);
    assert.ok(played.answers['get ok']! > 100 && played.answers['fetch ok']! > 100);
    t.diagnostic(JSON.stringify({ answers: played.answers, deaths: played.deaths, notFound: played.verdict.notFound }));
  }
});

test('one seed is one history, to the last answer (SQLite)', async () => {
  const [first, second] = [await ask({ seed: 5, operations: 250 }), await ask({ seed: 5, operations: 250 })];
  assert.deepEqual(first, second);
});

test(
  'two processes a site on PostgreSQL, whose connections are cut',
  whyNot === undefined ? {} : { skip: whyNot },
  async (t) => {
    server = await PostgresServer.start(folder);
    const played = await ask({ store: 'postgres', operations: 600, server });
    expectNothing(played);
    assert.ok(played.counts.commitsCut! > 0 && played.counts.deaths! > 0);
    t.diagnostic(JSON.stringify({ answers: played.answers, deaths: played.deaths, counts: played.counts }));
  },
);

// What the checker must find: the same machinery with one thing broken.

async function found(changes: Partial<PlayOptions>): Promise<Set<Rule>> {
  const rules = new Set<Rule>();
  for (let seed = 1; seed <= 3 && rules.size === 0; seed++) {
    for (const { rule } of (await ask({ seed, operations: 600, ...changes })).verdict.findings) rules.add(rule);
  }
  return rules;
}

test('found: a process that died comes back on an old copy of its vault, and issues again', async () => {
  const rules = await found({ restoresBackups: true, operations: 1_500 });
  assert.ok(rules.has('twice') || rules.has('bits-twice'), [...rules].join());
});

test('found: an answer that leaves before what it says is durable', async () => {
  const rules = await found({
    plant: ({ vault }, random) => {
      const disturbed = vault.atomically;
      vault.atomically = async <T>(work: (tx: VaultTransaction) => Promise<T>, scope?: string): Promise<T> => {
        if (random.uniform() > 0.03) return disturbed(work, scope);
        let result: { readonly value: T } | undefined;
        const undone = new Error('undone');
        await disturbed(async (tx) => {
          // What was read would be overwritten with the transaction.
          tx.wipe = () => undefined;
          result = { value: await work(tx) };
          throw undone;
        }, scope).catch((error) => {
          if (error !== undone) throw error;
        });
        return result!.value;
      };
    },
  });
  assert.ok(rules.has('lost') || rules.has('twice') || rules.has('bits-twice'), [...rules].join());
});

test('found: whoever asks again gets the same answer again', async () => {
  const rules = await found({
    plant: ({ serving }) => {
      const keys = serving.kme?.keys;
      if (!keys) return;
      const fetch = keys.getKeysWithIds.bind(keys);
      const given = new Map<string, Awaited<ReturnType<typeof fetch>>>();
      keys.getKeysWithIds = async (request) => {
        const name = JSON.stringify([request.caller, request.keyIds]);
        const kept = given.get(name) ?? (await fetch(request));
        given.set(
          name,
          kept.map((each) => ({ ...each, key: each.key.slice(0, each.key.length) })),
        );
        return kept;
      };
    },
  });
  assert.deepEqual([...rules], ['twice']);
});

test('found: a key that is said to be burned and is not', async () => {
  const rules = await found({
    operations: 1_500,
    plant: ({ serving }) => {
      if (serving.kme) serving.kme.keys.voidKeys = async (keyIds) => keyIds.length;
    },
  });
  assert.deepEqual([...rules], ['after-void']);
});

test('found: an alarm that nobody hears', async () => {
  const rules = await found({
    operations: 4_000,
    plant: ({ serving }) => {
      serving.exchange.raiseAlarm = async () => ({ bits: 0, keys: 0, blocks: 0 });
    },
  });
  assert.deepEqual([...rules], ['after-alarm']);
});
