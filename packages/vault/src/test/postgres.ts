import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process, { env, getuid } from 'node:process';
import { after } from 'node:test';

/** Runs a PostgreSQL of its own for a test file, on a socket in a folder of its own: nothing else can reach it. */
interface Server {
  readonly connection: string;
  readonly folder: string;
  /** Ends it at once, as a power cut would. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

let running: Promise<Server> | undefined;
let isWatched = false;

/** To be called while tests are declared: the server, if one was started, ends when all of them have. */
export function endServerAfterTests(): void {
  if (isWatched) return;
  isWatched = true;
  after(async () => {
    const server = await running;
    if (!server) return;
    await server.kill();
    rmSync(server.folder, { recursive: true, force: true });
  });
}

/** Why tests on PostgreSQL are skipped; undefined when they are not. */
export function whyNoPostgres(): string | undefined {
  if (env.SKYKEY_TEST_POSTGRES) return undefined;
  if (!binaries()) return 'no PostgreSQL here: initdb and postgres are not in /usr/lib/postgresql/*/bin';
  if (getuid?.() === 0 && !account()) return 'PostgreSQL refuses to run as root, and there is no user postgres';
  return undefined;
}

/** Where the server of this test file listens; started when asked for the first time. */
export async function postgres(): Promise<string> {
  return env.SKYKEY_TEST_POSTGRES ?? (await server()).connection;
}

export function server(): Promise<Server> {
  running ??= startServer();
  return running;
}

function binaries(): string | undefined {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  return versions.map((version) => join(root, version, 'bin')).find((bin) => existsSync(join(bin, 'initdb')));
}

function account(): { uid: number; gid: number } | undefined {
  const ids = ['-u', '-g'].map((flag) => spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  if (ids.some(({ status }) => status !== 0)) return undefined;
  const [uid, gid] = ids.map(({ stdout }) => Number(stdout));
  return { uid: uid!, gid: gid! };
}

/** One more, with settings of its own; whoever asks for it kills it. */
export async function startServer(more: Readonly<Record<string, string>> = {}): Promise<Server> {
  const bin = binaries()!;
  const who: { uid?: number; gid?: number } = getuid?.() === 0 ? account()! : {};
  const folder = mkdtempSync(join(tmpdir(), 'skykey-pg-'));
  if (who.uid !== undefined) chownSync(folder, who.uid, who.gid!);
  chmodSync(folder, 0o700);
  const data = join(folder, 'data');
  const made = spawnSync(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'skykey', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync', '--no-instructions'],
    { ...who, cwd: folder, encoding: 'utf8' },
  );
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
  let child: ChildProcess;
  let ended: Promise<void>;
  const launch = async (): Promise<void> => {
    const settings = {
      ...{ listen_addresses: '', unix_socket_directories: folder, fsync: 'on', shared_buffers: '32MB' },
      ...more,
    };
    child = spawn(
      join(bin, 'postgres'),
      ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      { ...who, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    ended = new Promise((resolve) => child.once('exit', () => resolve()));
    let log = '';
    await new Promise<void>((resolve, reject) => {
      child.stderr!.setEncoding('utf8').on('data', (text: string) => {
        log += text;
        if (log.includes('ready to accept connections')) resolve();
        if (log.length > 1e6) log = log.slice(-1e4);
      });
      child.once('exit', () => reject(new Error(`postgres ended: ${log}`)));
    });
  };
  await launch();
  // Whoever ends without saying so takes it along.
  process.once('exit', () => child.kill('SIGQUIT'));
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await ended;
  };
  const connection = `postgres://skykey@/postgres?host=${encodeURIComponent(folder)}`;
  return { connection, folder, kill: () => end('SIGQUIT'), start: launch };
}
