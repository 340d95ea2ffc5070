/** Two sites on this machine for `skykey bench kme`: certificates, one couriered key, and the processes. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { authorityFiles, certificateFiles, developmentCertificates } from '@skykey/node';
import { CliError } from '../error.ts';
import type { Application } from './kme-generator.ts';

export const SITES = ['north', 'south'] as const;
export type SiteId = (typeof SITES)[number];

const kmeOf = (site: SiteId): string => `kme-${site}`;
const saeOf = (site: SiteId): string => `sae-${site}`;
/** How long a process may take until it answers. */
const START_LIMIT_MS = 120_000;
/** Of a couriered file an eighth goes to the messages of each site, and half of what is left is key of either direction. */
const FILE_OF_KEY = 8 / 3;

export type Backing = { readonly kind: 'sqlite' } | { readonly kind: 'postgres'; readonly connection: string };

/** One running server. */
export interface Server {
  readonly process: ChildProcess;
  readonly application: Application;
  /** Where its operations answer; null for one that has none. */
  readonly operations: number | null;
  /** The files that hold its keys; none when they are in a database. */
  readonly files: readonly string[];
}

/** Certificates of both sites, once for all servers. */
export async function makeCertificates(folder: string): Promise<void> {
  await developmentCertificates(pki(folder), { saes: SITES.map(saeOf), kmes: SITES.map(kmeOf) }, Date.now());
}

const pki = (folder: string): string => join(folder, 'pki');

const serverTls = (folder: string, site: SiteId, role: 'sae' | 'kme') => {
  const { cert: ca, crl } = authorityFiles(pki(folder), role);
  return { ...certificateFiles(pki(folder), kmeOf(site)), ca, crl };
};

function application(folder: string, site: SiteId, port: number): Application {
  const tls = { ...certificateFiles(pki(folder), saeOf(site)), ca: authorityFiles(pki(folder), 'kme').cert };
  return { saeId: saeOf(site), port, tls };
}

/** The transport alone, with answers from memory. */
export async function startBare(folder: string, site: SiteId): Promise<Server> {
  const script = fileURLToPath(new URL('./kme-bare.ts', import.meta.url));
  const child = fork(script, [JSON.stringify(serverTls(folder, site, 'sae'))]);
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message: { port: number }) => resolve(message.port));
    child.once('exit', (code) =>
      reject(new CliError('cli/bench', `the reference server of ${site} ended with ${code}`)),
    );
  });
  return { process: child, application: application(folder, site, port), operations: null, files: [] };
}

/** Both KMEs, with `keyBytes` of key in either direction. `keyTtlS`: how long keys that nobody fetches live. */
export async function startKmes(
  folder: string,
  backing: Backing,
  keyBytes: number,
  keyTtlS?: number,
): Promise<[Server, Server]> {
  const place = join(folder, backing.kind);
  mkdirSync(place);
  const ports = await freePorts(SITES.length * 3);
  const listen = SITES.map((_, i) => ({
    ...{ host: '127.0.0.1', etsi014: ports[3 * i]!, peers: ports[3 * i + 1]!, operations: ports[3 * i + 2]! },
  }));
  const network = join(place, 'network.json');
  const link = { id: 'north-south', ends: SITES, proof: 'carried by courier', epsSec: 0, epsCor: 0 };
  writeJson(network, {
    format: 'skykey-network/1',
    nodes: SITES.map((id) => ({ id, kind: 'site' })),
    links: [link],
    kmes: SITES.map((site, i) => ({
      kmeId: kmeOf(site),
      siteId: site,
      peerUrl: `https://127.0.0.1:${listen[i]!.peers}`,
    })),
    saes: SITES.map((site) => ({ saeId: saeOf(site), kmeId: kmeOf(site) })),
  });
  const policy = join(place, 'policy.json');
  const rule = { between: SITES.map(saeOf), maxRelays: 0, epsSec: 1e-9, epsCor: 1e-15, proofs: ['carried by courier'] };
  writeJson(policy, { format: 'skykey-policy/1', rules: [rule] });
  const couriers = SITES.map((site) => join(place, `${site}.courier`));
  writeCourier(couriers, keyBytes);
  const servers = await Promise.all(
    SITES.map(async (site, i): Promise<Server> => {
      const path = join(place, `${site}.db`);
      const connection = join(place, `${site}.connection`);
      if (backing.kind === 'postgres') writeFileSync(connection, backing.connection, { mode: 0o600 });
      const configuration = join(place, `${site}.json`);
      writeJson(configuration, {
        ...{ format: 'skykey-kme/1', kmeId: kmeOf(site), siteId: site, network, policy, listen: listen[i] },
        vault:
          backing.kind === 'sqlite'
            ? { kind: 'sqlite', path }
            : { kind: 'postgres', connection: { file: connection }, name: site },
        keyring: join(place, `${site}.keyring`),
        tls: { saes: serverTls(folder, site, 'sae'), kmes: serverTls(folder, site, 'kme') },
        couriers: [{ peer: kmeOf(SITES[1 - i]!), file: couriers[i] }],
        ...(keyTtlS !== undefined && { keyTtlS }),
      });
      const child = startKme(configuration);
      const { etsi014, operations } = listen[i]!;
      await answers(child, operations, site);
      const files = backing.kind === 'sqlite' ? [path, `${path}-wal`] : [];
      return { process: child, application: application(folder, site, etsi014), operations, files };
    }),
  );
  return servers as [Server, Server];
}

function startKme(configuration: string): ChildProcess {
  const main = fileURLToPath(new URL('../main.ts', import.meta.url));
  return spawn(process.execPath, [...process.execArgv, main, 'kme', '--config', configuration], {
    stdio: ['pipe', 'ignore', 'inherit'],
    env: { ...process.env, SKYKEY_LOG: 'warn' },
  });
}

/** Waits until a KME says that it is ready. */
async function answers(child: ChildProcess, port: number, site: SiteId): Promise<void> {
  const limitMs = performance.now() + START_LIMIT_MS;
  for (;;) {
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`).then(
      ({ status }) => status === 200,
      () => false,
    );
    if (ready) return;
    if (child.exitCode !== null) throw new CliError('cli/bench', `the KME of ${site} ended with ${child.exitCode}`);
    if (performance.now() > limitMs)
      throw new CliError('cli/bench', `the KME of ${site} is not ready after ${START_LIMIT_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export async function stop({ process: child }: Server): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

function writeJson(file: string, document: object): void {
  writeFileSync(file, JSON.stringify(document), { mode: 0o600 });
}

/** The same random bytes in both files. */
function writeCourier(files: readonly string[], keyBytes: number): void {
  const descriptors = files.map((file) => openSync(file, 'w', 0o600));
  const part = new Uint8Array(1 << 20);
  for (let left = Math.ceil((keyBytes * FILE_OF_KEY) / part.length); left > 0; left--) {
    randomFillSync(part);
    for (const descriptor of descriptors) writeSync(descriptor, part);
  }
  for (const descriptor of descriptors) closeSync(descriptor);
}

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
  return ports;
}
