import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { getuid } from 'node:process';
import { NodeError } from '../error.ts';

const ROOT = '/usr/lib/postgresql';
const PORT = 5432;

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

/** A PostgreSQL server for one study, on a socket in a folder of its own. */
export class PostgresServer {
  readonly #folder: string;
  readonly #child: ChildProcess;

  private constructor(folder: string, child: ChildProcess) {
    this.#folder = folder;
    this.#child = child;
  }

  /** Path of the socket that it listens on. */
  get socketPath(): string {
    return join(this.#folder, `.s.PGSQL.${PORT}`);
  }

  /**
   * Connections and processes die here, the machine does not: without `fsync` a commit is as durable as the server's own
   * life. Throws NodeError `node/postgres`.
   */
  static async start(within: string): Promise<PostgresServer> {
    const why = whyNoServer();
    if (why !== undefined) throw new NodeError('node/postgres', `${why}; install it, or use --store sqlite`);
    const bin = binaries()!;
    const who: { uid?: number; gid?: number } = getuid?.() === 0 ? account()! : {};
    const folder = mkdtempSync(join(within, 'skykey-chaos-pg-'));
    if (who.uid !== undefined) chownSync(folder, who.uid, who.gid!);
    chmodSync(folder, 0o700);
    const data = join(folder, 'data');
    const how = ['-U', 'skykey', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync', '--no-instructions'];
    const made = spawnSync(join(bin, 'initdb'), ['-D', data, ...how], { ...who, cwd: folder, encoding: 'utf8' });
    if (made.status !== 0) throw new NodeError('node/postgres', `initdb failed: ${made.stderr}`);
    const settings = {
      ...{ listen_addresses: '', unix_socket_directories: folder, port: PORT, fsync: 'off', full_page_writes: 'off' },
      ...{ shared_buffers: '64MB', max_connections: 100, log_min_messages: 'fatal' },
    };
    const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const child = spawn(join(bin, 'postgres'), ['-D', data, ...options], { ...who, cwd: folder, stdio: 'ignore' });
    const server = new PostgresServer(folder, child);
    const isReady = (): boolean =>
      spawnSync(join(bin, 'pg_isready'), ['-q', '-h', folder, '-p', `${PORT}`, '-U', 'skykey']).status === 0;
    for (let waited = 0; !isReady(); waited += 50) {
      if (child.exitCode !== null || waited > 60_000) throw new NodeError('node/postgres', 'PostgreSQL does not start');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return server;
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
