/** `skykey up`: every process of a scenario on one machine, watched, restarted when one dies, ended together. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, readFileSync, rmSync, type WriteStream, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Mission } from '@skykey/scenario';
import type { ProcessState } from '@skykey/telemetry';
import { loadMission } from '../configuration.ts';
import { NodeError } from '../error.ts';
import { portError } from '../wire/http.ts';
import { type DeskAddress, deskAddresses } from './desk-addresses.ts';
import { type Gateway, startGateway } from './gateway.ts';
import { makeFolder, PAGES, type Plan, type ProcessPlan, provision } from './provision.ts';

const COMMAND = fileURLToPath(new URL('../../../cli/bin/skykey.js', import.meta.url));
/** A process that ends with this code has said why it cannot work; starting it again would not help. */
export const CANNOT_WORK = 2;
/** The C library overwrites what is freed (glibc; elsewhere it does nothing). */
const FREED_MEMORY = { GLIBC_TUNABLES: 'glibc.malloc.perturb=165' };
const RESTART_MS = 500;
/** A process that dies this often without ever having answered will not answer. */
const MAX_FALSE_STARTS = 3;
const START_LIMIT_MS = 60_000;

export interface UpOptions {
  readonly scenario: string;
  readonly data: string;
  readonly port: number;
  readonly seed?: number;
  /** Fixed speed of the mission clock; automatic when left out. */
  readonly speed?: number;
  readonly onLine: (line: string) => void;
  /** A process said that it cannot work: everything is being stopped. */
  readonly onFailure: (reason: string) => void;
}

export interface Running {
  readonly plan: Plan;
  readonly mission: Mission;
  readonly url: string;
  /** The desks' pages, and the enrolment links that nobody has used yet, by site. */
  desks(): readonly DeskAddress[];
  /** Process id of a running process, for tests that kill it. */
  pid(name: string): number | undefined;
  stop(): Promise<void>;
}

/** Starts a scenario. Resolves when the console answers and every process is healthy; throws a sentence otherwise. */
export async function up(options: UpOptions): Promise<Running> {
  const mission = loadMission(options.scenario);
  const unlock = lockData(options.data);
  try {
    const running = await start(options, mission);
    return { ...running, stop: () => running.stop().finally(unlock) };
  } catch (error) {
    unlock();
    throw error;
  }
}

async function start(options: UpOptions, mission: Mission): Promise<Running> {
  const plan = await provision({
    mission,
    scenarioName: options.scenario,
    data: options.data,
    port: options.port,
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    now: Date.now(),
  });
  await checkPorts(plan);
  mkdirSync(join(plan.data, 'logs'), { recursive: true });
  let gateway: Gateway | undefined;
  const children = plan.processes.map(
    (process) => new Child(process, plan.data, options.onFailure, () => gateway?.processes(states())),
  );
  const states = (): ProcessState[] => children.map((child) => child.state());
  const stop = async (): Promise<void> => {
    await Promise.all(children.map((child) => child.stop()));
    await gateway?.close();
  };
  try {
    gateway = await startGateway({
      port: plan.ports.console,
      skyPort: plan.ports.sky,
      nodePorts: new Map(
        plan.processes.filter(({ role }) => role !== 'sky').map(({ name, operationsPort }) => [name, operationsPort]),
      ),
      desks: new Map(mission.live.sites.map(({ id }, index) => [id, plan.ports.desk(index)])),
      links: new Map(mission.stations.map(({ linkId, siteId }) => [linkId, [mission.satellite.id, siteId]])),
      pages: PAGES,
    });
    for (const child of children) child.start();
    gateway.processes(states());
    await Promise.all(children.map((child) => child.healthy(START_LIMIT_MS)));
    if (options.speed !== undefined) {
      const answer = await fetch(`http://127.0.0.1:${plan.ports.sky}/api/sky/clock`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ speed: options.speed }),
      });
      if (!answer.ok) throw new NodeError('node/speed', ((await answer.json()) as { error: string }).error);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    plan,
    mission,
    url: `http://127.0.0.1:${plan.ports.console}`,
    desks: () => deskAddresses(plan),
    pid: (name) => children.find((child) => child.plan.name === name)?.pid,
    stop,
  };
}

/**
 * Takes a data folder for this process: two supervisors on one folder would write each other's configuration. A lock
 * that its owner left behind when it was killed is taken over. Returns the way to give it back.
 */
function lockData(data: string): () => void {
  makeFolder(data);
  const file = join(data, 'skykey.lock');
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx', mode: 0o600 });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const owner = Number(readFileSync(file, 'utf8'));
    if (owner !== process.pid && isAlive(owner)) {
      throw new NodeError(
        'node/data-in-use',
        `the data folder ${data} is in use by process ${owner}: stop that one, or choose another folder with --data`,
      );
    }
    rmSync(file, { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return Number.isSafeInteger(pid) && pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Every port is tried before anything starts, so that the message names the port and nothing is half up. */
async function checkPorts(plan: Plan): Promise<void> {
  const wanted = new Map<number, string>([
    [plan.ports.console, 'the console'],
    [plan.ports.kme(0), 'the first key manager'],
    [plan.ports.kme(1), 'the second key manager'],
    [plan.ports.etsi004(0), 'the key streams of the first key manager'],
    [plan.ports.etsi004(1), 'the key streams of the second key manager'],
    [plan.ports.desk(0), 'the first desk'],
    [plan.ports.desk(1), 'the second desk'],
    [plan.ports.devices, 'the devices'],
    [plan.ports.link, 'the satellite link'],
    [plan.ports.peer(0), 'the line between the key managers'],
    [plan.ports.peer(1), 'the line between the key managers'],
    ...plan.processes.map(({ name, operationsPort }): [number, string] => [operationsPort, name]),
  ]);
  for (const [port, what] of wanted) {
    await new Promise<void>((resolve, reject) => {
      const probe = createServer();
      probe.once('error', (error) => reject(portError(error, port, what)));
      probe.listen({ port, host: '127.0.0.1' }, () => probe.close(() => resolve()));
    });
  }
}

/** One process: started with its own log file, restarted when it dies, ended with its standard input. */
class Child {
  readonly plan: ProcessPlan;
  readonly #log: WriteStream;
  readonly #onFailure: (reason: string) => void;
  readonly #onChange: () => void;
  #process: ChildProcess | undefined;
  #state: ProcessState['state'] = 'starting';
  #restarts = 0;
  #stopping = false;
  #lastWords = '';
  #failed: string | undefined;
  #falseStarts = 0;

  constructor(plan: ProcessPlan, data: string, onFailure: (reason: string) => void, onChange: () => void) {
    this.plan = plan;
    this.#log = createWriteStream(join(data, 'logs', `${plan.name}.log`), { flags: 'a' });
    // A full disk must not take the supervisor down with the log; the processes say it themselves.
    this.#log.on('error', () => undefined);
    this.#onFailure = onFailure;
    this.#onChange = onChange;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  state(): ProcessState {
    return { name: this.plan.name, role: this.plan.role, state: this.#state, restarts: this.#restarts };
  }

  start(): void {
    const command = this.plan.role === 'sky' ? 'sky' : 'node';
    const child = spawn(process.execPath, [COMMAND, command, '--config', this.plan.configurationFile], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...FREED_MEMORY, SKYKEY_FOLLOW_PARENT: '1' },
    });
    this.#process = child;
    child.stdin.on('error', () => undefined);
    child.stdout.pipe(this.#log, { end: false });
    createInterface({ input: child.stderr }).on('line', (line) => {
      this.#log.write(`${line}\n`);
      if (line.startsWith('skykey: ')) this.#lastWords = line.slice(8);
    });
    child.once('close', (code) => this.#ended(code));
  }

  /** Resolves when the process answers; throws its own words when it could not start. */
  async healthy(limitMs: number): Promise<void> {
    const deadline = Date.now() + limitMs;
    while (Date.now() < deadline) {
      if (this.#stopping) return;
      if (this.#failed) throw new NodeError('node/start', `${this.plan.name} could not start: ${this.#failed}`);
      try {
        const answer = await fetch(`http://127.0.0.1:${this.plan.operationsPort}/healthz`);
        if (answer.ok) {
          this.#state = 'running';
          this.#falseStarts = 0;
          this.#onChange();
          return;
        }
      } catch {
        // Not listening yet.
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new NodeError(
      'node/start',
      `${this.plan.name} did not answer within ${limitMs / 1000} s; see its log in the data folder`,
    );
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const child = this.#process;
    if (child && child.exitCode === null && child.signalCode === null) {
      const closed = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
      await closed;
      clearTimeout(timer);
    }
    this.#log.end();
  }

  #ended(code: number | null): void {
    if (this.#stopping) return;
    // Killed from outside says nothing about the process itself.
    if (this.#state !== 'running' && code !== null) this.#falseStarts++;
    if (code === CANNOT_WORK || this.#falseStarts >= MAX_FALSE_STARTS) {
      this.#failed = this.#lastWords || 'see its log in the data folder';
      this.#state = 'stopped';
      this.#onChange();
      this.#onFailure(`${this.plan.name} cannot go on: ${this.#failed}`);
      return;
    }
    this.#state = 'restarting';
    this.#restarts++;
    this.#onChange();
    setTimeout(() => {
      if (this.#stopping) return;
      this.start();
      this.healthy(START_LIMIT_MS).catch((error: Error) => this.#stopping || this.#onFailure(error.message));
    }, RESTART_MS);
  }
}
