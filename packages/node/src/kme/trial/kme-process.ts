/** The process `skykey kme`, started for a trial: as it is, or under `strace` with a fault in its system calls. */
import { type ChildProcess, spawn } from 'node:child_process';
import { env } from 'node:process';

const START_LIMIT_MS = 60_000;
/** Of what a process says, the end is kept. */
const SAID_CHARACTERS = 1 << 20;

export interface KmeProcessOptions {
  /** Program and arguments of `skykey`. */
  readonly command: readonly string[];
  readonly config: string;
  /** Program and arguments in front of it; it has to become the key manager itself, as `strace -D` does. */
  readonly under?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class KmeProcess {
  /** Whether it came so far as to answer. */
  readonly ready: Promise<boolean>;
  readonly ended: Promise<Ending>;
  /** What it wrote to standard output, and to standard error. */
  stdout = '';
  stderr = '';
  readonly #child: ChildProcess;

  constructor({ command, config, under = [], env: more = {} }: KmeProcessOptions) {
    const [program, ...args] = [...under, ...command, 'kme', '--config', config, '--json'];
    this.#child = spawn(program!, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...env, SKYKEY_FOLLOW_PARENT: '1', SKYKEY_LOG: 'trace', ...more },
    });
    this.ended = new Promise((resolve) => this.#child.once('close', (code, signal) => resolve({ code, signal })));
    this.ready = new Promise((resolve) => {
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), START_LIMIT_MS);
      this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
        this.stdout = (this.stdout + text).slice(-SAID_CHARACTERS);
        if (!/^\{"kmeId":/m.test(this.stdout)) return;
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

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  signal(name: NodeJS.Signals): void {
    if (this.isRunning) this.#child.kill(name);
  }

  /** Ends it and waits; whoever does not go within the limit is killed. */
  async end(name: NodeJS.Signals = 'SIGTERM', limitMs = 15_000): Promise<Ending> {
    this.signal(name);
    const timer = setTimeout(() => this.signal('SIGKILL'), limitMs);
    const ending = await this.ended;
    clearTimeout(timer);
    return ending;
  }
}
