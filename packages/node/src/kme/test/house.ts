/** Two sites with a key manager each, real processes with real certificates, and one couriered key. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { authorityFiles, certificateFiles } from '../../pki/authority.ts';
import { developmentCertificates } from '../../pki/development.ts';
import { COURIER_PROOF } from '../courier.ts';

const SCRIPT = fileURLToPath(new URL('./kme-process.ts', import.meta.url));
const CACHE = fileURLToPath(new URL('../../../../../node_modules/.cache/skykey', import.meta.url));
const START_LIMIT_MS = 60_000;

export type SiteId = 'lyon' | 'paris';
export const SITES: readonly SiteId[] = ['lyon', 'paris'];
/** Vienna's key manager is of another maker. */
export type Place = SiteId | 'wien';
const PLACES: readonly Place[] = [...SITES, 'wien'];
const DOORS = ['etsi014', 'peers', 'operations', 'etsi004', 'etsi020', 'skip', 'skipPsk'];
const other = (site: SiteId): SiteId => (site === 'lyon' ? 'paris' : 'lyon');

export interface Heard {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

interface Json {
  [name: string]: Json | Json[] | string | number | boolean | null | string[];
}

/** Bytes that look like key, alike for all who ask with the same seed. */
export function courierBytes(length: number, seed: string): Uint8Array {
  const parts: Buffer[] = [];
  for (let i = 0; parts.length * 32 < length; i++) parts.push(createHash('sha256').update(`${seed}/${i}`).digest());
  return new Uint8Array(Buffer.concat(parts).subarray(0, length));
}

export class House {
  readonly folder: string;
  readonly pki: string;
  readonly #processes: KmeChild[] = [];
  readonly #agents = new Map<string, Agent>();
  #ports = new Map<string, number>();

  private constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'skykey-kme-'));
    this.pki = join(this.folder, 'pki');
  }

  /** Everything but the processes; `courierBytes` 0: no couriered key. */
  static async build(options: { courierBytes?: number } = {}): Promise<House> {
    const house = new House();
    await developmentCertificates(
      house.pki,
      { saes: PLACES.flatMap((site) => [`vpn-${site}`, `mail-${site}`]), kmes: PLACES.map((site) => `kme-${site}`) },
      Date.now(),
    );
    const names = PLACES.flatMap((site) => DOORS.map((name) => `${site} ${name}`));
    const free = await freePorts(names.length);
    house.#ports = new Map(names.map((name, i) => [name, free[i]!]));
    house.write('network.json', house.network());
    house.write('policy.json', policy());
    house.bring(options.courierBytes ?? 65_536, 'first');
    for (const site of SITES) house.configure(site);
    return house;
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  write(name: string, document: unknown): string {
    writeFileSync(this.path(name), `${JSON.stringify(document, null, 2)}\n`);
    return this.path(name);
  }

  read(name: string): Json {
    return JSON.parse(readFileSync(this.path(name), 'utf8')) as Json;
  }

  port(site: Place, name: string): number {
    return this.#ports.get(`${site} ${name}`)!;
  }

  network(): Json {
    return {
      format: 'skykey-network/1',
      nodes: [
        ...SITES.map((id) => ({ id, kind: 'site', jurisdiction: 'FR' })),
        { id: 'wien', kind: 'site', jurisdiction: 'AT' },
      ],
      links: [
        { id: 'courier-1', ends: [...SITES], proof: COURIER_PROOF, epsSec: 0, epsCor: 0 },
        { id: 'room-1', ends: ['paris', 'wien'], proof: 'foreign', epsSec: 1e-9, epsCor: 1e-12 },
      ],
      kmes: [
        ...SITES.map((site) => ({
          ...{ kmeId: `kme-${site}`, siteId: site },
          peerUrl: `https://127.0.0.1:${this.port(site, 'peers')}`,
        })),
        { kmeId: 'kme-wien', siteId: 'wien' },
      ],
      saes: [
        ...SITES.flatMap((site) => ['vpn', 'mail'].map((name) => ({ saeId: `${name}-${site}`, kmeId: `kme-${site}` }))),
        { saeId: 'vpn-wien', kmeId: 'kme-wien' },
      ],
    };
  }

  /** The addresses of a place's process; `more` names doors besides the three that it needs. */
  listen(place: Place, more: readonly string[] = [], skip: readonly ('tls' | 'psk')[] = []): Json {
    const names = ['etsi014', 'peers', 'operations', ...more];
    const doors = skip.map((door) => [door, this.port(place, door === 'psk' ? 'skipPsk' : 'skip')]);
    return {
      host: '127.0.0.1',
      ...Object.fromEntries(names.map((name) => [name, this.port(place, name)])),
      ...(skip.length > 0 && { skip: Object.fromEntries(doors) }),
    };
  }

  /** The same couriered key for both sites. */
  bring(bytes: number, seed: string): void {
    if (bytes === 0) return;
    for (const site of SITES) {
      mkdirSync(this.path(site), { recursive: true, mode: 0o700 });
      writeFileSync(this.path(site, 'courier.key'), courierBytes(bytes, seed));
    }
  }

  tls(id: string, role: 'sae' | 'kme'): { cert: string; key: string; ca: string; crl: string } {
    const { cert: ca, crl } = authorityFiles(this.pki, role);
    return { ...certificateFiles(this.pki, id), ca, crl };
  }

  /** Writes the configuration of a site's process; returns its path. */
  configure(site: Place, changes: Record<string, unknown> = {}, name = `${site}.json`): string {
    const kmeId = `kme-${site}`;
    return this.write(name, {
      ...{ format: 'skykey-kme/1', kmeId, siteId: site },
      vault: { kind: 'sqlite', path: this.path(site, 'vault.db') },
      keyring: this.path(site, 'keyring'),
      network: this.path('network.json'),
      policy: this.path('policy.json'),
      listen: this.listen(site),
      tls: { saes: this.tls(kmeId, 'sae'), kmes: this.tls(kmeId, 'kme') },
      couriers: site === 'wien' ? [] : [{ peer: `kme-${other(site)}`, file: this.path(site, 'courier.key') }],
      ...changes,
    });
  }

  /** Starts a process and waits until it answers. */
  async start(config: string): Promise<KmeChild> {
    for (const place of PLACES) mkdirSync(join(this.folder, place), { recursive: true, mode: 0o700 });
    const child = new KmeChild(config);
    this.#processes.push(child);
    await child.ready;
    return child;
  }

  startSites(): Promise<KmeChild[]> {
    return Promise.all(SITES.map((site) => this.start(this.path(`${site}.json`))));
  }

  /** A request with the certificate of an SAE, by the connection that it keeps. */
  ask(saeId: string, port: number, path: string, body?: unknown): Promise<Heard> {
    const name = `${saeId} ${port}`;
    let agent = this.#agents.get(name);
    if (!agent) {
      const { cert, key } = certificateFiles(this.pki, saeId);
      const ca = readFileSync(authorityFiles(this.pki, 'kme').cert);
      agent = new Agent({ keepAlive: true, ca, cert: readFileSync(cert), key: readFileSync(key), maxSockets: 8 });
      this.#agents.set(name, agent);
    }
    const text = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const call = request(
        {
          ...{ host: '127.0.0.1', port, path, agent, method: text === undefined ? 'GET' : 'POST' },
          headers:
            text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
        },
        (response) => {
          let heard = '';
          response.setEncoding('utf8').on('data', (part: string) => {
            heard += part;
          });
          response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, text: heard }));
          response.on('error', reject);
        },
      );
      call.on('error', reject);
      call.end(text);
    });
  }

  /** ETSI GS QKD 014 between the two applications of a kind. */
  encKeys(from: SiteId, options: { number?: number; kind?: string; port?: number } = {}): Promise<Heard> {
    const { number = 1, kind = 'vpn', port = this.port(from, 'etsi014') } = options;
    return this.ask(`${kind}-${from}`, port, `/api/v1/keys/${kind}-${other(from)}/enc_keys`, { number, size: 256 });
  }

  decKeys(at: SiteId, keyIds: readonly string[], options: { kind?: string; port?: number } = {}): Promise<Heard> {
    const { kind = 'vpn', port = this.port(at, 'etsi014') } = options;
    const body = { key_IDs: keyIds.map((key_ID) => ({ key_ID })) };
    return this.ask(`${kind}-${at}`, port, `/api/v1/keys/${kind}-${other(at)}/dec_keys`, body);
  }

  async operations(site: Place, path: string, body?: object): Promise<{ status: number; text: string }> {
    const response = await fetch(`http://127.0.0.1:${this.port(site, 'operations')}${path}`, {
      ...(body && { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    return { status: response.status, text: await response.text() };
  }

  /** Until something holds; fails after 40 seconds. */
  async until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
    const limitMs = Date.now() + 40_000;
    while (!(await holds())) {
      if (Date.now() > limitMs) throw new Error(`it never came about that ${what}`);
      await pause(50);
    }
  }

  async remove(): Promise<void> {
    for (const agent of this.#agents.values()) agent.destroy();
    await Promise.all(this.#processes.map((child) => child.end('SIGKILL')));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export const keysIn = ({ text }: Heard): { key_ID: string; key: string }[] =>
  (JSON.parse(text) as { keys: { key_ID: string; key: string }[] }).keys;

/** Applications of a kind share keys; mail ones, too, until a test takes that back. */
export function policy(kinds: readonly string[] = ['vpn', 'mail'], more: readonly object[] = []): object {
  const common = { maxRelays: 0, epsSec: 1e-6, epsCor: 1e-6, proofs: [COURIER_PROOF, 'foreign'] };
  const rules = kinds.map((kind) => ({ between: SITES.map((site) => `${kind}-${site}`), ...common }));
  return { format: 'skykey-policy/1', rules: [...rules, ...more.map((rule) => ({ ...common, ...rule }))] };
}

/** A process of a key manager. */
export class KmeChild {
  readonly ready: Promise<void>;
  /** What it has said so far. */
  log = '';
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;

  constructor(config: string) {
    this.#child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', SCRIPT, config], {
      stdio: ['pipe', 'pipe', 'pipe'],
      // As `skykey` has it: halves the start.
      env: { ...process.env, NODE_COMPILE_CACHE: CACHE },
    });
    this.#ended = new Promise((resolve) => this.#child.once('exit', (code) => resolve(code)));
    this.ready = new Promise((resolve, reject) => {
      const hear = (text: string): void => {
        this.log += text;
        if (this.log.includes('"ready"')) resolve();
      };
      this.#child.stdout!.setEncoding('utf8').on('data', hear);
      this.#child.stderr!.setEncoding('utf8').on('data', hear);
      this.#child.once('close', () => reject(new Error(`it ended: ${this.log}`)));
      setTimeout(() => reject(new Error(`it does not answer: ${this.log}`)), START_LIMIT_MS).unref();
    });
    this.ready.catch(() => undefined);
  }

  /** Of the process, which is this one's own. */
  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Returns the exit status; null when a signal ended it. */
  async end(name: NodeJS.Signals): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill(name);
    return this.#ended;
  }
}

/** Puts a file in the place of another, as `cp` does. */
export function replace(file: string, by: string): void {
  if (!existsSync(by)) throw new Error(`there is no ${by}`);
  copyFileSync(by, file);
}

/** Those of the houses of this process, which may stand beside one another. */
const taken = new Set<number>();

/** Free a moment ago, all different. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  if (ports.some((port) => taken.has(port))) return freePorts(count);
  for (const port of ports) taken.add(port);
  return ports;
}
