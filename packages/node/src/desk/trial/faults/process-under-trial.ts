/** One life of a desk's process: as it is, or with `strace` on one of its threads. */
import { type ChildProcess, spawn } from 'node:child_process';
import { env, execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Threads } from './desk-process.ts';

const PROGRAM = fileURLToPath(new URL('./desk-process.ts', import.meta.url));
const START_LIMIT_MS = 60_000;
/** Of what a process says, the end is kept. */
const SAID_CHARACTERS = 1 << 16;

/** What `strace` is to do, and to which of the threads that change files. */
export interface Tracing {
  readonly thread: keyof Threads;
  readonly args: readonly string[];
}

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class ProcessUnderTrial {
  readonly ended: Promise<Ending>;
  /** Whether it came so far as to serve its page. */
  readonly ready: Promise<boolean>;
  stdout = '';
  stderr = '';
  readonly isTraced: boolean;
  /** It was told to end, and had to be killed. */
  isHung = false;
  readonly #child: ChildProcess;

  /** `compiled`: folder for what Node has compiled, which halves a start. */
  constructor(configuration: string, compiled: string, tracings: readonly Tracing[] = []) {
    this.isTraced = tracings.length > 0;
    this.#child = spawn(execPath, ['--disable-warning=ExperimentalWarning', PROGRAM, configuration], {
      stdio: ['pipe', 'pipe', 'pipe'],
      // One thread for files, so that its system calls come in one order.
      env: { ...env, SKYKEY_LOG: 'error', UV_THREADPOOL_SIZE: '1', NODE_COMPILE_CACHE: compiled },
    });
    this.ended = new Promise((resolve) => this.#child.once('close', (code, signal) => resolve({ code, signal })));
    this.ready = new Promise((resolve) => {
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), START_LIMIT_MS);
      this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
        const isFirst = !this.stdout.includes('\n');
        this.stdout = (this.stdout + text).slice(-SAID_CHARACTERS);
        if (isFirst && this.stdout.includes('\n')) {
          void this.#trace(JSON.parse(this.stdout.split('\n')[0]!) as Threads, tracings).then(() => this.tell('go'));
        }
        if (!/^\{"ready":true\}$/m.test(this.stdout)) return;
        clearTimeout(timer);
        resolve(true);
      });
      void this.ended.then(() => {
        clearTimeout(timer);
        resolve(false);
      });
    });
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr = (this.stderr + text).slice(-SAID_CHARACTERS);
    });
    this.#child.stdin!.on('error', () => undefined);
  }

  /** What it has told its operator. */
  get journal(): readonly string[] {
    return this.stdout.split('\n').filter((line) => line.startsWith('{"journal":'));
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  tell(line: string): void {
    this.#child.stdin!.write(`${line}\n`);
  }

  signal(name: NodeJS.Signals): void {
    if (this.isRunning) this.#child.kill(name);
  }

  /** Ends it and waits; whoever does not go within the limit is killed. */
  async end(name: NodeJS.Signals = 'SIGTERM', limitMs = 15_000): Promise<Ending> {
    this.signal(name);
    const timer = setTimeout(() => {
      this.isHung = this.isRunning;
      this.signal('SIGKILL');
    }, limitMs);
    const ending = await this.ended;
    clearTimeout(timer);
    for (const tracer of this.#tracers) if (tracer.exitCode === null) tracer.kill();
    return ending;
  }

  readonly #tracers: ChildProcess[] = [];

  async #trace(threads: Threads, tracings: readonly Tracing[]): Promise<void> {
    for (const { thread, args } of tracings) {
      const tracer = spawn('strace', ['-p', String(threads[thread]), ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
      this.#tracers.push(tracer);
      await new Promise<void>((attached) => {
        let said = '';
        tracer.stderr!.setEncoding('utf8').on('data', (text: string) => {
          said += text;
          if (said.includes('attached')) attached();
        });
        tracer.once('close', () => attached());
      });
    }
  }
}
