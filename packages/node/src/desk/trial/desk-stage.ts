/** Two sites' desks as processes on this machine, each with as many conversations as a trial wants, and persons at them. */
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEFAULT_POLICY, type LinePolicy } from '@skykey/hotline';
import { NodeError } from '../../error.ts';
import { authorityFiles, certificateFiles } from '../../pki/authority.ts';
import { developmentCertificates } from '../../pki/development.ts';
import { DeskClient } from '../desk-client.ts';
import { linePolicyDocument } from '../line-policy.ts';
import { makeDevice } from '../sign-in/index.ts';
import type { DeskOrder, DeskProcessPlan, DeskWord, PlannedDesk, PlannedKeys } from './desk-process.ts';
import type { SecretWord } from './watch-secrets.ts';

const START_LIMIT_MS = 60_000;
/** More for each conversation: stores are made, on the disk. */
const START_EACH_MS = 5000;
const OPEN_LIMIT_MS = 60_000;
const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;
const MAIN = fileURLToPath(new URL('./desk-process.ts', import.meta.url));

export const DESK_SITES = ['north', 'south'] as const;
export type DeskSite = (typeof DESK_SITES)[number];

export interface DeskStageOptions {
  /** Empty; everything is in it. */
  readonly folder: string;
  readonly conversations: number;
  readonly policy?: LinePolicy;
  /** Keys of a site; out of one seed of the stage's where not given. */
  readonly keys?: (site: DeskSite) => PlannedKeys;
  /** Id of a site's desk; that of its application at the key manager. */
  readonly deskId?: (site: DeskSite) => string;
  readonly watch?: boolean;
  /** Of Node, before the script. */
  readonly execArgv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly onWord?: (site: DeskSite, word: DeskWord | SecretWord) => void;
}

/** One process of desks. */
export class DeskProcess {
  readonly site: DeskSite;
  readonly child: ChildProcess;
  readonly desks: readonly PlannedDesk[];
  stderr = '';

  constructor(site: DeskSite, planFile: string, desks: readonly PlannedDesk[], options: DeskStageOptions) {
    this.site = site;
    this.desks = desks;
    this.child = fork(MAIN, [planFile], {
      execArgv: [...(options.execArgv ?? process.execArgv)],
      env: { ...process.env, NODE_NO_WARNINGS: '1', SKYKEY_LOG: 'warn', ...options.env },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr = (this.stderr + text).slice(-10_000);
    });
    this.child.on('message', (word: DeskWord | SecretWord) => options.onWord?.(site, word));
  }

  get pid(): number {
    return this.child.pid!;
  }

  order(order: DeskOrder): void {
    this.child.send(order);
  }

  /** Processor time so far, seconds. */
  cpuS(): Promise<number> {
    return new Promise((resolve) => {
      const heard = (word: DeskWord): void => {
        if (word.kind !== 'usage') return;
        this.child.off('message', heard);
        resolve(word.cpuS);
      };
      this.child.on('message', heard);
      this.order({ kind: 'usage' });
    });
  }

  async ready(): Promise<void> {
    const limitMs = START_LIMIT_MS + START_EACH_MS * this.desks.length;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(this.#failed('does not start in time')), limitMs);
      this.child.on('message', (word: DeskWord) => {
        if (word.kind !== 'ready') return;
        clearTimeout(timer);
        resolve();
      });
      this.child.once('exit', (code) => {
        clearTimeout(timer);
        reject(this.#failed(`ended with ${code}`));
      });
    });
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 10_000);
    if (this.child.connected) this.child.disconnect();
    await ended;
    clearTimeout(timer);
  }

  #failed(how: string): NodeError {
    return new NodeError('node/start', `the desks of ${this.site} ${how}: ${this.stderr.trim().split('\n').at(-1)}`);
  }
}

export class DeskStage {
  readonly processes: Readonly<Record<DeskSite, DeskProcess>>;
  /** Of `keys` out of a seed. */
  readonly seed: string;

  /** Resolves when both processes run; rejects with NodeError when one cannot. */
  static async start(options: DeskStageOptions): Promise<DeskStage> {
    const {
      folder,
      conversations,
      policy = DEFAULT_POLICY,
      watch = false,
      deskId = (site) => `desk-${site}`,
    } = options;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    await developmentCertificates(join(folder, 'pki'), { saes: [], kmes: DESK_SITES.map(lineId) }, Date.now());
    const pages = join(folder, 'pages');
    mkdirSync(pages);
    writeFileSync(join(pages, 'desk.html'), '<!doctype html><title>Desk</title>');
    const policyFile = join(folder, 'line-policy.json');
    writeFileSync(policyFile, JSON.stringify(linePolicyDocument(policy)));
    const ids = Array.from({ length: conversations }, () => randomUUID());
    const secrets = ids.map((_, i) => {
      const secret = join(folder, `secret-${i}`);
      writeFileSync(secret, randomBytes(32), { mode: 0o600 });
      return secret;
    });
    const ports = await freePorts(2 + 2 * conversations);
    const seed = randomUUID();
    const { cert: ca, crl } = authorityFiles(join(folder, 'pki'), 'kme');
    const processes = DESK_SITES.map((site, s) => {
      const place = join(folder, site);
      mkdirSync(place);
      const desks = ids.map((conversationId, i): PlannedDesk => {
        const own = (name: string): string => join(place, `${name}-${i}`);
        return {
          ...{ conversationId, port: ports[2 + s * conversations + i]!, secret: secrets[i]!, policy: policyFile },
          ...{ folder: own('desk'), witness: own('witness'), enrolment: own('enrol') },
        };
      });
      const peer = DESK_SITES[1 - s]!;
      const plan: DeskProcessPlan = {
        ...{ site, peerSite: peer, ownId: deskId(site), peerId: deskId(peer), desks, pages, watch },
        line: {
          ...{ listenPort: ports[s]!, peerPort: ports[1 - s]!, peerId: lineId(peer) },
          tls: { ...certificateFiles(join(folder, 'pki'), lineId(site)), ca, crl },
        },
        keys: options.keys?.(site) ?? { kind: 'seed', seed },
      };
      const planFile = join(place, 'plan.json');
      writeFileSync(planFile, JSON.stringify(plan), { mode: 0o600 });
      return new DeskProcess(site, planFile, desks, options);
    });
    const stage = new DeskStage({ north: processes[0]!, south: processes[1]! }, seed);
    try {
      await Promise.all(processes.map((each) => each.ready()));
    } catch (error) {
      await stage.close();
      throw error;
    }
    return stage;
  }

  private constructor(processes: DeskStage['processes'], seed: string) {
    this.processes = processes;
    this.seed = seed;
  }

  /** A person at a desk, enrolled by its first link and signed in. */
  async enter(site: DeskSite, conversation = 0): Promise<DeskClient> {
    const { port, enrolment } = this.processes[site].desks[conversation]!;
    const [first] = JSON.parse(readFileSync(enrolment, 'utf8')) as { link: string }[];
    const client = new DeskClient(`http://localhost:${port}`, makeDevice());
    await client.enrol(first!.link);
    return client;
  }

  /** Ends everything at once, for whoever is interrupted. */
  kill(): void {
    for (const { child } of Object.values(this.processes)) child.kill('SIGKILL');
  }

  async close(): Promise<void> {
    await Promise.all(Object.values(this.processes).map((each) => each.end()));
  }
}

/** Waits until texts of both kinds may be written. Rejects with NodeError and the desk's own sentence. */
export async function untilOpen(client: DeskClient): Promise<void> {
  const limitMs = performance.now() + OPEN_LIMIT_MS;
  for (;;) {
    const { line, may } = await client.state();
    if (may.text.allowed && may.sealedText.allowed) return;
    if (performance.now() > limitMs) {
      throw new NodeError('node/start', `the line between the desks does not open: ${line.reason}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const lineId = (site: string): string => `line-${site}`;

/**
 * Below those that the system gives to whoever calls out (32,768 on Linux): connections of the desks that run already would
 * take the port of one that is still to start.
 */
async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let port = randomInt(FIRST_PORT, LAST_PORT - 4 * count); ports.length < count; port++) {
    if (port > LAST_PORT) throw new NodeError('node/start', `there are no ${count} free ports on this machine`);
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
