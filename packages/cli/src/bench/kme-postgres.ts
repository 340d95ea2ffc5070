/** A PostgreSQL server for one bench, as durable as one in service: on a socket in a folder of its own. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CliError } from '../error.ts';

const ROOT = '/usr/lib/postgresql';

export interface Postgres {
  readonly connection: string;
  readonly process: ChildProcess;
  /** How often it has had its log written to the disk. */
  syncs(): number;
  stop(): Promise<void>;
}

/** Undefined when there is none on this machine. */
function binaries(): string | undefined {
  const versions = existsSync(ROOT) ? readdirSync(ROOT).sort((a, b) => Number(b) - Number(a)) : [];
  return versions.map((version) => join(ROOT, version, 'bin')).find((bin) => existsSync(join(bin, 'initdb')));
}

function account(): { uid?: number; gid?: number } | undefined {
  if (process.getuid?.() !== 0) return {};
  const ids = ['-u', '-g'].map((flag) => spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return ids.some(({ status }) => status !== 0)
    ? undefined
    : { uid: Number(ids[0]!.stdout), gid: Number(ids[1]!.stdout) };
}

/** Why it cannot be measured here, in a sentence; or the server. */
export async function startPostgres(within = tmpdir()): Promise<Postgres | string> {
  const bin = binaries();
  if (!bin) return `there is no PostgreSQL in ${ROOT}: nothing is said of it`;
  const who = account();
  if (!who) return 'PostgreSQL refuses to run as root, and there is no user postgres: nothing is said of it';
  const folder = mkdtempSync(join(within, 'skykey-bench-pg-'));
  if (who.uid !== undefined) chownSync(folder, who.uid, who.gid!);
  chmodSync(folder, 0o700);
  const data = join(folder, 'data');
  const how = ['-U', 'skykey', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-instructions'];
  const made = spawnSync(join(bin, 'initdb'), ['-D', data, ...how], { ...who, cwd: folder, encoding: 'utf8' });
  if (made.status !== 0) throw new CliError('cli/bench', `initdb failed: ${made.stderr}`);
  // As Debian installs it, but for the room that its log may take between two checkpoints.
  const settings = {
    listen_addresses: '',
    unix_socket_directories: folder,
    shared_buffers: '128MB',
    max_wal_size: '4GB',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn(join(bin, 'postgres'), ['-D', data, ...options], { ...who, cwd: folder, stdio: 'ignore' });
  const connection = `postgres://skykey@/postgres?host=${encodeURIComponent(folder)}`;
  const ask = (sql: string): string =>
    execFileSync(join(bin, 'psql'), ['-h', folder, '-U', 'skykey', '-d', 'postgres', '-Atc', sql], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  for (let waitedMs = 0; ; waitedMs += 100) {
    try {
      ask('SELECT 1');
      break;
    } catch {
      if (child.exitCode !== null || waitedMs > 30_000) throw new CliError('cli/bench', 'PostgreSQL does not start');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  return {
    connection,
    process: child,
    syncs: () => Number(ask('SELECT wal_sync FROM pg_stat_wal')),
    stop: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGINT');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
