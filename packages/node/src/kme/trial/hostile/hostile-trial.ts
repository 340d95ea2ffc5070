/**
 * A running key manager under hostile input on every interface at once, with slow and silent connections open all the
 * while, and an honest application beside it that must notice nothing.
 */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { seededRandom } from '@skykey/photons';
import { Caller, keysOf } from '../caller.ts';
import { KmeProcess } from '../kme-process.ts';
import { type Door, Stage } from '../stage.ts';
import * as inputs from './inputs.ts';
import { besiege } from './siege.ts';
import { anyAnswer, dialPlain, dialTls, httpStatus, Thrower } from './throwing.ts';

export interface HostileOptions {
  /** Program and arguments of `skykey`. */
  readonly command: readonly string[];
  readonly within: string;
  readonly seed: number;
  /** Inputs in all. */
  readonly inputs: number;
  readonly onProgress?: (done: number) => void;
}

export interface HostileTarget {
  readonly name: string;
  readonly inputs: number;
  /** Answers by status; `closed`, `silent`. */
  readonly reactions: Readonly<Record<string, number>>;
}

export interface HostileOutcome {
  readonly targets: readonly HostileTarget[];
  /** Connections that were slow, silent or half open all the while. */
  readonly besiegers: Readonly<Record<string, number>>;
  /** Keys that the honest application got meanwhile at both ends, and how long it waited. */
  readonly honestKeys: number;
  readonly slowestMs: number;
  readonly medianMs: number;
  /** Most processor time that the key manager took while the honest application waited: a busy machine does not count. */
  readonly slowestCpuMs: number;
  /** Resident memory of the process: after a tenth of the inputs, and at most later; bytes. */
  readonly startBytes: number;
  readonly mostBytes: number;
  readonly vaultBytes: number;
  readonly violations: readonly string[];
}

interface Aim {
  readonly name: string;
  readonly door: Door;
  /** Whose certificate it comes with; null: no TLS at all. */
  readonly as: string | null;
  readonly make: inputs.Make;
  /** Share of all inputs. */
  readonly weight: number;
  /** `whole`: an answer is owed, and the connection goes on. `last`: an answer, or the end. `go`: nothing is owed. */
  readonly manner: 'whole' | 'last' | 'go';
}

const DOORS: readonly Door[] = ['etsi014', 'peers', 'operations', 'etsi004', 'etsi020', 'skip', 'skipPsk'];
const AIMS: readonly Aim[] = [
  ...DOORS.map(
    (door): Aim => ({ name: `noise at ${door}`, door, as: null, make: inputs.rawTls, weight: 0.3, manner: 'go' }),
  ),
  { name: 'framing of HTTP', door: 'etsi014', as: 'a1', make: inputs.smuggled, weight: 2, manner: 'last' },
  { name: 'framing of HTTP, peers', door: 'peers', as: 'kme-beta', make: inputs.smuggled, weight: 1, manner: 'last' },
  {
    name: 'framing of HTTP, operations',
    door: 'operations',
    as: null,
    make: inputs.smuggled,
    weight: 1,
    manner: 'last',
  },
  { name: 'ETSI GS QKD 014', door: 'etsi014', as: 'a1', make: inputs.etsi014, weight: 24, manner: 'whole' },
  { name: 'ETSI GS QKD 004', door: 'etsi004', as: 'a1', make: inputs.etsi004, weight: 3, manner: 'last' },
  { name: 'ETSI GS QKD 020', door: 'etsi020', as: 'kme-delta', make: inputs.etsi020, weight: 16, manner: 'whole' },
  { name: 'SKIP', door: 'skip', as: 'a1', make: inputs.skip, weight: 14, manner: 'whole' },
  { name: 'peers', door: 'peers', as: 'kme-beta', make: inputs.peer, weight: 14, manner: 'whole' },
  { name: 'operations', door: 'operations', as: null, make: inputs.operations, weight: 8, manner: 'whole' },
];
/** What an interface may say. An answer that is none of these, least of all 500, is a fault. */
const STATUSES = new Set([0, 101, 200, 202, 400, 401, 403, 404, 405, 408, 409, 413, 414, 415, 417, 431, 501, 503, 505]);
/** Connections at a time for each aim. */
const LANES = 6;
const HONEST_EVERY_MS = 100;
const ALLOWED_GROWTH_BYTES = 256 * 2 ** 20;
const HANG_MS = 1000;

/** Throws when the key managers do not start. */
export async function playHostile(options: HostileOptions): Promise<HostileOutcome> {
  const folder = mkdtempSync(join(options.within, 'skykey-hostile-'));
  const stage = await Stage.build({
    ...{ folder: join(folder, 'stage'), seed: `hostile ${options.seed}`, courierBytes: 8 * 2 ** 20, doors: DOORS },
    saes: { a1: 'alpha', a2: 'alpha', b1: 'beta', b2: 'beta', d1: 'delta' },
    couriers: [['alpha', 'beta']],
    pairs: [
      ['a1', 'b1'],
      ['a2', 'b2'],
      ['a1', 'd1'],
    ],
    foreign: { delta: ['d1'] },
  });
  const start = (site: string) =>
    new KmeProcess({ command: options.command, config: stage.path(`${site}.json`), env: { SKYKEY_LOG: 'warn' } });
  const beta = start('beta');
  const isBetaUp = await beta.ready;
  const alpha = start('alpha');
  try {
    if (!isBetaUp || !(await alpha.ready)) throw new Error(`no start: ${alpha.stderr}${beta.stderr}`);
    return await new HostileTrial(stage, alpha, options).play();
  } finally {
    await Promise.all([alpha.end('SIGKILL'), beta.end('SIGKILL')]);
    rmSync(folder, { recursive: true, force: true });
  }
}

class HostileTrial {
  readonly #stage: Stage;
  readonly #alpha: KmeProcess;
  readonly #options: HostileOptions;
  readonly #violations: string[] = [];
  readonly #honestMs: number[] = [];
  #slowestCpuMs = 0;
  #honestKeys = 0;
  #done = 0;
  #startBytes = 0;
  #mostBytes = 0;
  #isOver = false;

  constructor(stage: Stage, alpha: KmeProcess, options: HostileOptions) {
    this.#stage = stage;
    this.#alpha = alpha;
    this.#options = options;
  }

  async play(): Promise<HostileOutcome> {
    const all = AIMS.reduce((sum, { weight }) => sum + weight, 0);
    const siege = besiege(this.#stage);
    const beside = [this.#honest(), this.#watch()];
    const targets = await Promise.all(
      AIMS.map((aim, i) => this.#throwAll(aim, Math.ceil((this.#options.inputs * aim.weight) / all), i)),
    );
    this.#isOver = true;
    await Promise.all(beside);
    siege.close();
    await this.#end();
    const sorted = this.#honestMs.sort((a, b) => a - b);
    return {
      ...{ targets, besiegers: siege.connections, honestKeys: this.#honestKeys },
      ...{ slowestMs: sorted.at(-1) ?? 0, medianMs: sorted[sorted.length >> 1] ?? 0 },
      slowestCpuMs: this.#slowestCpuMs,
      ...{ startBytes: this.#startBytes, mostBytes: this.#mostBytes },
      vaultBytes: statSync(this.#stage.path('alpha', 'vault.db')).size,
      violations: this.#violations,
    };
  }

  async #throwAll(aim: Aim, count: number, stream: number): Promise<HostileTarget> {
    const reactions: Record<string, number> = {};
    let left = count;
    const lane = async (number: number): Promise<void> => {
      const random = seededRandom(this.#options.seed, stream * LANES + number);
      const port = this.#stage.port('alpha', aim.door);
      const dial = aim.as === null ? dialPlain(port) : dialTls(port, this.#stage.identity(aim.as));
      const thrower = new Thrower(dial, aim.door === 'etsi004' ? anyAnswer : httpStatus);
      while (left-- > 0 && this.#alpha.isRunning) {
        const input = aim.make(random);
        const reaction = await (aim.manner === 'go'
          ? thrower.throwAndGo(input)
          : thrower.throw(input, aim.manner === 'last'));
        const name = reaction.kind === 'answered' ? String(reaction.status) : reaction.kind;
        reactions[name] = (reactions[name] ?? 0) + 1;
        if (reaction.kind === 'silent') this.#wrong(`${aim.name}: no answer and no end to`, input);
        if (reaction.kind === 'answered' && !STATUSES.has(reaction.status)) {
          this.#wrong(`${aim.name}: ${reaction.status} to`, input);
        }
        this.#done++;
        if (this.#done % 1000 === 0) this.#options.onProgress?.(this.#done);
      }
      thrower.close();
    };
    await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number)));
    return { name: aim.name, inputs: count, reactions };
  }

  #wrong(what: string, input: Uint8Array): void {
    if (this.#violations.length < 100) {
      this.#violations.push(`${what} ${JSON.stringify(Buffer.from(input).toString('latin1').slice(0, 300))}`);
    }
  }

  /** Two applications that nobody attacks: a key at one end, then at the other. */
  async #honest(): Promise<void> {
    const callers = [new Caller(this.#stage, 'a2'), new Caller(this.#stage, 'b2')] as const;
    const timed = async <T>(ask: () => Promise<T>): Promise<T> => {
      const [startedMs, startedCpuMs] = [performance.now(), processorMs(this.#alpha.pid!)];
      const answer = await ask();
      this.#honestMs.push(performance.now() - startedMs);
      this.#slowestCpuMs = Math.max(this.#slowestCpuMs, processorMs(this.#alpha.pid!) - startedCpuMs);
      return answer;
    };
    while (!this.#isOver && this.#alpha.isRunning) {
      const got = await timed(() => callers[0].encKeys('b2'));
      if (got?.status !== 200)
        this.#violations.push(`the honest application is told ${got?.status ?? 'nothing'} ${got?.text ?? ''}`);
      else {
        const [key] = keysOf(got);
        const fetched = await callers[1].decKeys('a2', [key!.key_ID]);
        if (fetched?.status === 200 && keysOf(fetched)[0]!.key === key!.key) this.#honestKeys++;
        else this.#violations.push(`the honest application does not get its key at the other end: ${fetched?.status}`);
      }
      const status = await timed(() => callers[0].ask('/api/v1/keys/b2/status'));
      if (status?.status !== 200) this.#violations.push(`status of the honest application: ${status?.status}`);
      await pause(HONEST_EVERY_MS);
    }
    for (const caller of callers) caller.close();
  }

  async #watch(): Promise<void> {
    while (!this.#isOver && this.#alpha.isRunning) {
      const bytes = residentBytes(this.#alpha.pid!);
      if (this.#done < this.#options.inputs / 10) this.#startBytes = bytes;
      else this.#mostBytes = Math.max(this.#mostBytes, bytes);
      await pause(HONEST_EVERY_MS);
    }
  }

  async #end(): Promise<void> {
    const wasRunning = this.#alpha.isRunning;
    const { code, signal } = await this.#alpha.end('SIGTERM');
    if (!wasRunning || code !== 143) {
      this.#violations.push(`the process ended with ${code ?? signal}: ${this.#alpha.stderr.slice(-1000)}`);
    }
    const faults = this.#alpha.stderr.match(/^.*(failed inside|request failed).*$/gm) ?? [];
    for (const line of new Set(faults.map((each) => each.replace(/"time":"[^"]*",/, '')))) {
      this.#violations.push(`a fault inside: ${line.slice(0, 500)}`);
    }
    if (this.#slowestCpuMs > HANG_MS)
      this.#violations.push(`an honest request waited behind ${this.#slowestCpuMs} ms of work`);
    if (this.#mostBytes > this.#startBytes + ALLOWED_GROWTH_BYTES) {
      this.#violations.push(`memory grew from ${this.#startBytes} to ${this.#mostBytes} bytes`);
    }
  }
}

/** User and system time of Linux, in ticks of 10 ms (proc(5), `stat`); 0 elsewhere, and when it has ended. */
function processorMs(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return 10 * (Number(fields[11]) + Number(fields[12]));
  } catch {
    return 0;
  }
}

/** `VmRSS` of Linux; 0 elsewhere. */
function residentBytes(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
