import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv } from 'node:process';
import { MemoryKeyring } from './test/keyring.ts';
import { server, whyNoPostgres } from './test/postgres.ts';
import { labels, pattern, secret } from './test/words.ts';
import type { PostgresPlace, SqlitePlace } from './types.ts';
import { Vault } from './vault.ts';

/*
 * One alarm on a link with much key behind it, in pieces of 1 KiB (first argument, default 100,000): how long the alarm
 * itself holds the store, and each of the steps after it that overwrite. A quarter of all blocks is of another link and stays.
 */
const PIECES = Number(argv[2] ?? 100_000);
const STORES = argv[3]?.split(',') ?? ['SQLite', 'PostgreSQL'];
const BLOCK = 64 * 1024;
const KEYS = 2_000;

const ms = (value: number): string => `${value.toFixed(1).padStart(9)} ms`;

async function bench(title: string, store: SqlitePlace | PostgresPlace): Promise<void> {
  const vault = await Vault.open({
    ...{ store, keyring: new MemoryKeyring(), now: () => 1_000, random: randomBytes, processId: 'bench' },
  });
  const bytes = pattern(BLOCK);
  const blocks = Math.ceil((PIECES * 1024) / BLOCK);
  for (let i = 0; i < blocks; i += 64) {
    await vault.atomically(async (tx) => {
      for (let b = i; b < Math.min(i + 64, blocks); b++) {
        const originLinks = [b % 4 === 3 ? 'sound' : 'tapped'];
        await tx.append(`kme/${b % 7}`, labels({ originLinks }), secret(bytes));
      }
    });
  }
  const keyIds = Array.from({ length: KEYS }, (_, i) => `00000000-0000-4000-8000-${i.toString(16).padStart(12, '0')}`);
  await vault.atomically(async (tx) => {
    await tx.keys.reserve([{ lane: 'kme/0', bytes: 32, keyIds, masterSae: 'a', slaveSaes: ['b'] }]);
    await tx.keys.assign(keyIds);
  });
  const timed = async <T>(work: () => Promise<T>): Promise<[T, number, number]> => {
    const cpu = process.cpuUsage();
    const start = performance.now();
    const result = await work();
    const wall = performance.now() - start;
    const { user, system } = process.cpuUsage(cpu);
    return [result, wall, (user + system) / 1_000];
  };
  const [report, wall, cpu] = await timed(() => vault.atomically((tx) => tx.poison('tapped', 'a tap')));
  console.log(`${title.padEnd(11)} the alarm ${ms(wall)} wall ${ms(cpu)} cpu  ${JSON.stringify(report)}`);
  const steps: number[] = [];
  let sum = 0;
  for (let quiet = 0; quiet < 3; ) {
    const before = process.cpuUsage();
    const [, stepMs] = await timed(() => vault.atomically((tx) => tx.keys.expire(0)));
    const { user, system } = process.cpuUsage(before);
    sum += (user + system) / 1_000;
    steps.push(stepMs);
    quiet = stepMs < 3 ? quiet + 1 : 0;
    if (steps.length > 100_000) break;
  }
  steps.sort((a, b) => a - b);
  console.log(
    `${''.padEnd(11)} ${steps.length} steps after it: ${ms(steps[steps.length >> 1]!)} in the middle, ${ms(steps.at(-1)!)} the longest, ` +
      `${ms(steps.reduce((a, b) => a + b, 0))} wall ${ms(sum)} cpu all`,
  );
  console.log(`${''.padEnd(11)} ${(process.memoryUsage.rss() / 1e6).toFixed(0)} MB resident`);
  await vault.close();
}

console.log(`${PIECES} pieces of 1 KiB in blocks of ${BLOCK / 1024}, ${KEYS} keys not yet fetched`);
if (STORES.includes('SQLite')) {
  const folder = mkdtempSync(join(tmpdir(), 'skykey-bench-'));
  await bench('SQLite', { kind: 'sqlite', path: join(folder, 'vault.db') });
  rmSync(folder, { recursive: true });
}
const why = whyNoPostgres();
if (STORES.includes('PostgreSQL') && why === undefined) {
  const { connection, kill, folder } = await server();
  await bench('PostgreSQL', { kind: 'postgres', connection, name: 'bench' });
  await kill();
  rmSync(folder, { recursive: true, force: true });
} else if (why !== undefined) console.log(why);
