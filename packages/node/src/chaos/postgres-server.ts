import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { getuid } from 'node:process';
import { NodeError } from '../error.ts';

const ROOT = '/usr/lib/postgresql';
const PORT = 5432;
const PATIENCE_MS = 60_000;

/** Why no PostgreSQL can be started here; undefined when it can. */
export function whyNoServer(): string | undefined {
  if (!binaries()) return `no PostgreSQL here: initdb and postgres are not in ${ROOT}/*/bin`;
  if (getuid?.() === 0 && !account()) return 'PostgreSQL refuses to run as root, and there is no user postgres';
  return undefined;
}

function binaries(): string | undefined {
  const versions = existsSync(ROOT) ? readdirSync(ROOT).sort((a, b) => Number(b) - Number(a)) : [];
  return versions.map((version) => join(ROOT, version, 'bin')).find((bin) => existsSync(join(bin, 'initdb')));
}

function account(): { uid: number; gid: number } | undefined {
  const ids = ['-u', '-g'].map((flag) => spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  if (ids.some(({ status }) => status !== 0)) return undefined;
  return { uid: Number(ids[0]!.stdout), gid: Number(ids[1]!.stdout) };
}

/**
 * A PostgreSQL server for one study, bench or test, on a socket in a folder of its own where nothing else reaches it; as durable
 * as one in service, and with the settings of one that is newly installed.
 */
export class PostgresServer {
  readonly #folder: string;
  readonly #bin: string;
  readonly #child: ChildProcess;

  private constructor(folder: string, bin: string, child: ChildProcess) {
    this.#folder = folder;
    this.#bin = bin;
    this.#child = child;
  }

  /** As `PostgresPlace` of @skykey/vault wants it. */
  get connection(): string {
    return `postgres://skykey@/postgres?host=${encodeURIComponent(this.#folder)}`;
  }

  /** Path of the socket that it listens on. */
  get socketPath(): string {
    return join(this.#folder, `.s.PGSQL.${PORT}`);
  }

  /** The one that all others of the server are children of. */
  get process(): ChildProcess {
    return this.#child;
  }

  /** In a folder that it makes in `within`. Rejects with NodeError `node/postgres`. */
  static async start(within: string, settings: Readonly<Record<string, string>> = {}): Promise<PostgresServer> {
    const why = whyNoServer();
    if (why !== undefined) throw new NodeError('node/postgres', `${why}; install it, or use SQLite`);
    const bin = binaries()!;
    const who: { uid?: number; gid?: number } = getuid?.() === 0 ? account()! : {};
    const folder = mkdtempSync(join(within, 'skykey-pg-'));
    if (who.uid !== undefined) chownSync(folder, who.uid, who.gid!);
    chmodSync(folder, 0o700);
    const data = join(folder, 'data');
    const how = ['-U', 'skykey', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync', '--no-instructions'];
    const made = spawnSync(join(bin, 'initdb'), ['-D', data, ...how], { ...who, cwd: folder, encoding: 'utf8' });
    if (made.status !== 0) throw new NodeError('node/postgres', `initdb failed: ${made.stderr}`);
    const all = {
      ...{ listen_addresses: '', unix_socket_directories: folder, port: String(PORT), fsync: 'on' },
      ...{ log_min_messages: 'fatal', ...settings },
    };
    const options = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const child = spawn(join(bin, 'postgres'), ['-D', data, ...options], { ...who, cwd: folder, stdio: 'ignore' });
    const isReady = (): boolean =>
      spawnSync(join(bin, 'pg_isready'), ['-q', '-h', folder, '-p', `${PORT}`, '-U', 'skykey']).status === 0;
    for (let waitedMs = 0; !isReady(); waitedMs += 50) {
      if (child.exitCode !== null || waitedMs > PATIENCE_MS) {
        child.kill('SIGQUIT');
        throw new NodeError('node/postgres', 'PostgreSQL does not start');
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return new PostgresServer(folder, bin, child);
  }

  /** How often it has had its log written to the disk. */
  syncs(): number {
    const ask = ['-h', this.#folder, '-p', `${PORT}`, '-U', 'skykey', '-d', 'postgres', '-Atc'];
    const answer = execFileSync(join(this.#bin, 'psql'), [...ask, 'SELECT wal_sync FROM pg_stat_wal'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return Number(answer);
  }

  /** At once, for a process that ends. */
  kill(): void {
    this.#child.kill('SIGQUIT');
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    this.#child.kill('SIGINT');
    await ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
