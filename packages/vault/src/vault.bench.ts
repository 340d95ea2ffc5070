import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryKeyring } from './test/keyring.ts';
import { server, whyNoPostgres } from './test/postgres.ts';
import { labels, pattern, secret } from './test/words.ts';
import type { PostgresPlace, SqlitePlace } from './types.ts';
import { Vault } from './vault.ts';

/*
 * Keys through reserve, assign and deliver, each a transaction as in a KME: per batch, processor time of this process, wall
 * time, and how often the store went to the disk. Beside it, as a reference, SHA-256 of 1 MiB in the same process.
 */
const LANE = 'kme/here>there';
const KEY_BYTES = 32;

interface Figures {
  readonly cpuMs: number;
  readonly wallMs: number;
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!;

async function measure(work: () => Promise<void>): Promise<Figures> {
  const cpu: number[] = [];
  const wall: number[] = [];
  await work();
  for (let run = 0; run < 5; run++) {
    let count = 0;
    const start = process.cpuUsage();
    const startMs = performance.now();
    do {
      await work();
      count++;
    } while (process.cpuUsage(start).user + process.cpuUsage(start).system < 100_000);
    const { user, system } = process.cpuUsage(start);
    cpu.push((user + system) / 1_000 / count);
    wall.push((performance.now() - startMs) / count);
  }
  return { cpuMs: median(cpu), wallMs: median(wall) };
}

/** Bytes that this process has had written to disks. */
const written = (): number => Number(/^write_bytes: (\d+)/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1] ?? 0);

async function bench(title: string, store: SqlitePlace | PostgresPlace): Promise<void> {
  let now = 1_000;
  const vault = await Vault.open({
    ...{ store, keyring: new MemoryKeyring(), now: () => now, random: randomBytes, processId: 'bench' },
  });
  let commits = 0;
  const transaction: Vault['atomically'] = (work) => {
    commits++;
    return vault.atomically(work, 'there');
  };
  const fill = async (keys: number): Promise<void> => {
    const free = await vault.atomically((tx) => tx.fits(LANE, KEY_BYTES));
    if (free < keys) await vault.atomically((tx) => tx.append(LANE, labels(), secret(pattern(512 * 1024))));
  };
  const line = (what: string, keys: number, { cpuMs, wallMs }: Figures): void =>
    console.log(
      `${title.padEnd(11)} ${what.padEnd(34)} ${cpuMs.toFixed(3).padStart(8)} ms cpu ${wallMs.toFixed(3).padStart(9)} ms wall ` +
        `${((1_000 * keys) / wallMs).toFixed(0).padStart(7)} keys/s`,
    );
  for (const batch of [1, 32]) {
    const sums = { reserve: 0, assign: 0, deliver: 0 };
    let rounds = 0;
    await fill(10 * batch);
    const before = { commits, bytes: written() };
    const figures = await measure(async () => {
      now++;
      await fill(batch);
      const keyIds = Array.from({ length: batch }, () => randomUUID());
      const request = { lane: LANE, bytes: KEY_BYTES, keyIds, masterSae: 'a', slaveSaes: ['b'] };
      const marks = [performance.now()];
      await transaction((tx) => tx.keys.reserve([request]));
      marks.push(performance.now());
      await transaction((tx) => tx.keys.assign(keyIds));
      marks.push(performance.now());
      const secrets = await transaction((tx) => tx.keys.deliver(keyIds.map((keyId) => ({ keyId, saeId: 'a' }))));
      marks.push(performance.now());
      for (const key of secrets) key.wipe();
      for (const [i, name] of (['reserve', 'assign', 'deliver'] as const).entries())
        sums[name] += marks[i + 1]! - marks[i]!;
      rounds++;
    });
    line(`batch of ${batch}`, batch, figures);
    const parts = Object.entries(sums).map(([name, ms]) => `${name} ${(ms / rounds).toFixed(3)}`);
    const kib = (written() - before.bytes) / rounds / 1024;
    // WAL with synchronous FULL, or synchronous_commit on: each commit waits for one flush of the log.
    console.log(
      `${''.padEnd(11)} wall ms: ${parts.join(', ')}; ${((commits - before.commits) / rounds).toFixed(0)} commits a batch, one fsync each` +
        (store.kind === 'sqlite' ? `; ${kib.toFixed(0)} KiB written` : ''),
    );
  }
  // Requests that come together, as from 32 connections.
  await fill(1_000);
  commits = 0;
  const together = 32;
  const figures = await measure(async () => {
    now++;
    await fill(together);
    await Promise.all(
      Array.from({ length: together }, async () => {
        const keyIds = [randomUUID()];
        const request = { lane: LANE, bytes: KEY_BYTES, keyIds, masterSae: 'a', slaveSaes: ['b'] };
        await transaction((tx) => tx.keys.reserve([request]));
        await transaction((tx) => tx.keys.assign(keyIds));
        const [key] = await transaction((tx) => tx.keys.deliver([{ keyId: keyIds[0]!, saeId: 'a' }]));
        key!.wipe();
      }),
    );
  });
  line('32 at once, one key each', together, figures);
  await vault.close();
}

const sum = new Uint8Array(1 << 20);
const { createHash } = await import('node:crypto');
const reference = await measure(async () => void createHash('sha256').update(sum).digest());
console.log(`reference   SHA-256 of 1 MiB ${reference.cpuMs.toFixed(3)} ms cpu`);
const folder = mkdtempSync(join(tmpdir(), 'skykey-bench-'));
await bench('SQLite', { kind: 'sqlite', path: join(folder, 'vault.db'), defer: setImmediate });
rmSync(folder, { recursive: true });
const why = whyNoPostgres();
if (why === undefined) {
  const { connection, kill, folder: data } = await server();
  await bench('PostgreSQL', { kind: 'postgres', connection, name: 'bench' });
  await kill();
  rmSync(data, { recursive: true, force: true });
} else console.log(why);
