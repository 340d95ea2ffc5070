import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { after, test } from 'node:test';
import { PostgresServer, whyNoServer } from '../chaos/postgres-server.ts';
import { House, keysIn } from './test/house.ts';

const ending: (() => Promise<unknown>)[] = [];
after(async () => {
  for (const end of ending.reverse()) await end();
});

/** Requests of each process before one is killed, and of those that are left after it. */
const ROUNDS = 5;

test('three processes of one site on one PostgreSQL give no key twice under load, one of them killed', {
  skip: whyNoServer() ?? false,
  timeout: 120_000,
}, async () => {
  const server = await PostgresServer.start(tmpdir());
  ending.push(() => server.stop());
  const house = await House.build({ courierBytes: 1_048_576 });
  ending.push(() => house.remove());
  const connection = `postgres://skykey@/postgres?host=${encodeURIComponent(dirname(server.socketPath))}`;
  writeFileSync(house.path('connection'), connection, { mode: 0o600 });
  const vault = { kind: 'postgres', connection: { file: house.path('connection') }, name: 'kme_paris' };
  // Other KMEs and operators come to the first of them.
  const configs = [0, 1, 2].map((i) =>
    house.configure(
      'paris',
      {
        vault,
        processId: `paris-${i}`,
        ...(i > 0 && { listen: { ...house.listen('paris'), etsi014: 0, peers: 0, operations: 0 } }),
      },
      `paris-${i}.json`,
    ),
  );
  await house.start(house.path('lyon.json'));
  const processes = [];
  // One after the other: the first takes the couriered key in.
  for (const config of configs) processes.push(await house.start(config));
  const ports = processes.map(({ log }) => Number(/"ready":\{"etsi014":(\d+)/.exec(log)![1]));
  await house.until('keys flow', async () => (await house.encKeys('paris', { port: ports[1]! })).status === 200);

  const made = new Map<string, string>();
  const fetched = new Map<string, string>();
  const counts = [0, 0, 0];
  let over = false;
  const asking = async (i: number): Promise<void> => {
    while (!over) {
      const enc = await house.encKeys('paris', { number: 4, port: ports[i]! }).catch(() => undefined);
      if (enc?.status !== 200) continue;
      counts[i]!++;
      for (const { key_ID, key } of keysIn(enc)) {
        assert.equal(made.has(key_ID), false, 'an id twice');
        made.set(key_ID, key);
      }
    }
  };
  /** Both directions at once: keys that Lyon makes are fetched from every process, by whoever is first. */
  const fetching = async (): Promise<void> => {
    while (!over) {
      const enc = await house.encKeys('lyon', { number: 2 }).catch(() => undefined);
      if (enc?.status !== 200) continue;
      for (const { key_ID, key } of keysIn(enc)) {
        const answers = await Promise.all(
          ports.map((port) => house.decKeys('paris', [key_ID], { port }).catch(() => undefined)),
        );
        const given = answers.filter((answer) => answer?.status === 200);
        assert.ok(given.length <= 1, `${given.length} processes gave one key`);
        if (given[0]) {
          assert.equal(keysIn(given[0])[0]!.key, key);
          fetched.set(key_ID, key);
        }
      }
    }
  };
  const work = Promise.all([asking(0), asking(1), asking(2), fetching()]);
  await house.until('every process has given keys', () => {
    return fetched.size >= ROUNDS && counts.every((count) => count >= ROUNDS);
  });
  await processes[2]!.end('SIGKILL');
  const before = [...counts];
  await house.until('the others go on', () => counts.every((count, i) => i === 2 || count >= before[i]! + ROUNDS));
  over = true;
  await work;

  assert.equal(new Set([...made.values(), ...fetched.values()]).size, made.size + fetched.size, 'no bytes twice');
  for (const [id, key] of made) {
    const dec = await house.decKeys('lyon', [id]);
    assert.equal(dec.status, 200, dec.text);
    assert.equal(keysIn(dec)[0]!.key, key);
  }
});
