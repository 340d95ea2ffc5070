/**
 * Two network namespaces joined by a cable, for tunnels of real programs. Names carry the process, so that nothing of
 * anybody else is touched; everything is taken away again, after a failure too.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

export type End = 'a' | 'b';

/** Why such tests cannot run here, or false. */
export function without(...programs: readonly string[]): string | false {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'network namespaces need Linux and root';
  for (const program of ['ip', ...programs]) {
    try {
      execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'pipe' });
    } catch {
      return `${program} is not installed`;
    }
  }
  try {
    execFileSync('ip', ['netns', 'add', `sk-${process.pid}-try`], { stdio: 'pipe' });
    execFileSync('ip', ['netns', 'del', `sk-${process.pid}-try`], { stdio: 'pipe' });
  } catch {
    return 'this machine makes no network namespaces';
  }
  return false;
}

/** Answers every datagram; prints `ready` first. */
const ECHO = `
const s = require('node:dgram').createSocket('udp4');
s.on('message', (m, r) => s.send(m, r.port, r.address));
s.bind(7000, process.argv[1], () => console.log('ready'));`;
/** Sends numbered datagrams every 100 ms until standard input ends; prints how many went and came. */
const PROBE = `
const s = require('node:dgram').createSocket('udp4');
const seen = new Set(); let sent = 0;
s.on('message', (m) => { if (seen.size === 0) console.error('first'); seen.add(m.toString()); });
s.on('error', () => undefined);
s.bind(0, process.argv[2], () => {
  const timer = setInterval(() => s.send(String(sent++), 7000, process.argv[1], () => undefined), 100);
  process.stdin.resume();
  process.stdin.on('end', () => {
    clearInterval(timer);
    setTimeout(() => { console.log(JSON.stringify({ sent, came: seen.size })); process.exit(); }, 600);
  });
});`;

export class SitePair {
  readonly folder: string;
  readonly #children: ChildProcess[] = [];
  /** A test run that takes too long is killed: nothing of it may stay either. */
  readonly #killed = (): void => {
    this.remove();
    process.exit(1);
  };

  constructor() {
    removeOrphans();
    this.folder = mkdtempSync(join(tmpdir(), 'skykey-sites-'));
    process.once('SIGTERM', this.#killed);
    process.once('SIGINT', this.#killed);
    try {
      for (const end of ['a', 'b'] as const) {
        this.ip('netns', 'add', this.namespace(end));
        this.inside(end, 'ip', 'link', 'set', 'lo', 'up');
      }
      this.ip(
        ...['link', 'add', 'cable', 'netns', this.namespace('a'), 'type', 'veth'],
        ...['peer', 'name', 'cable', 'netns', this.namespace('b')],
      );
      for (const end of ['a', 'b'] as const) {
        this.inside(end, 'ip', 'addr', 'add', `${this.outer(end)}/24`, 'dev', 'cable');
        this.inside(end, 'ip', 'link', 'set', 'cable', 'up');
      }
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  namespace(end: End): string {
    return `sk-${process.pid}-${end}`;
  }

  /** Address on the cable. */
  outer(end: End): string {
    return end === 'a' ? '10.77.0.1' : '10.77.0.2';
  }

  /** Address behind the tunnel. */
  inner(end: End): string {
    return end === 'a' ? '10.78.1.1' : '10.78.2.1';
  }

  inside(end: End, ...command: readonly string[]): string {
    return this.ip('netns', 'exec', this.namespace(end), ...command);
  }

  /** Starts a program there that `remove` ends. */
  start(end: End, command: readonly string[], env: Record<string, string> = {}): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', this.namespace(end), ...command], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    child.on('error', () => undefined);
    this.#children.push(child);
    return child;
  }

  /** Something at the inner address of `b` that answers. */
  async startEcho(): Promise<void> {
    const echo = this.start('b', [process.execPath, '-e', ECHO, this.inner('b')]);
    await new Promise((resolve) => echo.stdout!.once('data', resolve));
  }

  /** Whether an answer from behind the tunnel comes within the time. */
  async reached(limitMs = 12_000): Promise<boolean> {
    return (await this.probe((first) => Promise.race([first, pause(limitMs, undefined, { ref: false })]))).came > 0;
  }

  /** Datagrams from the inner address of `a` to that of `b`, ten a second for as long as `during` takes. */
  async probe(during: (first: Promise<void>) => Promise<unknown>): Promise<{ sent: number; came: number }> {
    const probe = this.start('a', [process.execPath, '-e', PROBE, this.inner('b'), this.inner('a')]);
    let text = '';
    probe.stdout!.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    const done = new Promise((resolve) => probe.once('close', resolve));
    try {
      await during(new Promise((resolve) => probe.stderr!.once('data', () => resolve())));
    } finally {
      probe.stdin!.end();
      await done;
    }
    return JSON.parse(text) as { sent: number; came: number };
  }

  remove(): void {
    process.off('SIGTERM', this.#killed);
    process.off('SIGINT', this.#killed);
    for (const child of this.#children) child.kill('SIGKILL');
    for (const end of ['a', 'b'] as const) removeNamespace(this.namespace(end));
    rmSync(this.folder, { recursive: true, force: true });
  }

  ip(...args: readonly string[]): string {
    return ip(...args);
  }
}

function ip(...args: readonly string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** With whatever still runs there: a program may have had children. */
function removeNamespace(name: string): void {
  try {
    for (const pid of ip('netns', 'pids', name).split('\n').filter(Boolean)) process.kill(Number(pid), 'SIGKILL');
  } catch {
    // They ended by themselves, or there is no such namespace.
  }
  try {
    ip('netns', 'del', name);
  } catch {
    // It was never made.
  }
}

/** What tests left behind that were killed before they could clear up. */
function removeOrphans(): void {
  for (const [, name, pid] of ip('netns', 'list').matchAll(/^(sk-(\d+)-[ab])\b/gm)) {
    try {
      process.kill(Number(pid), 0);
    } catch {
      removeNamespace(name!);
    }
  }
}
