/**
 * A small network on the disk of this machine, as its operators would have set it up: certificates, network, policy,
 * couriered keys, a configuration for every key manager. Trials start the processes on it and do them harm.
 */
import { hkdfSync } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { authorityFiles, certificateFiles } from '../../pki/authority.ts';
import { developmentCertificates } from '../../pki/development.ts';
import type { Role } from '../../pki/signing.ts';
import { COURIER_PROOF } from '../courier.ts';

export type Door = 'etsi014' | 'peers' | 'operations' | 'etsi004' | 'etsi020' | 'skip' | 'skipPsk';

export interface StageOptions {
  /** Empty, or not there yet. */
  readonly folder: string;
  readonly saes: Readonly<Record<string, string>>;
  /** Pairs of sites that have a couriered key; its link is called `SITE-SITE`. */
  readonly couriers: readonly (readonly [string, string])[];
  /** Pairs of SAEs that may share keys. */
  readonly pairs: readonly (readonly [string, string])[];
  readonly doors: readonly Door[];
  /** Bytes of each couriered key. */
  readonly courierBytes: number;
  readonly seed: string;
  /** KMEs of other makers, by site: reached by ETSI GS QKD 020, with the SAEs that they speak for. */
  readonly foreign?: Readonly<Record<string, readonly string[]>>;
  /** More certificates of the SAE authority: names that are in no network. */
  readonly strangers?: readonly string[];
}

/** Bytes as good as random, the same for all who know the seed: what a trial looks for later. */
export function seededKey(bytes: number, seed: string): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes; at += 8160) {
    parts.push(new Uint8Array(hkdfSync('sha256', seed, '', `${at}`, Math.min(8160, bytes - at))));
  }
  return new Uint8Array(Buffer.concat(parts));
}

export const kmeOf = (site: string): string => `kme-${site}`;

export class Stage {
  readonly options: StageOptions;
  readonly sites: readonly string[];
  readonly #ports: ReadonlyMap<string, number>;

  /** Ports were free a moment ago. */
  static async build(options: StageOptions): Promise<Stage> {
    const own = [...new Set([...Object.values(options.saes), ...options.couriers.flat()])];
    const foreign = Object.keys(options.foreign ?? {});
    const sites = own.filter((site) => !foreign.includes(site));
    const names = sites.flatMap((site) => options.doors.map((door) => `${site} ${door}`));
    const free = await freePorts(names.length);
    const stage = new Stage(options, sites, new Map(names.map((name, i) => [name, free[i]!])));
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    await developmentCertificates(
      stage.path('pki'),
      {
        saes: [...Object.keys(options.saes), ...(options.strangers ?? [])],
        kmes: [...sites, ...foreign].map(kmeOf),
      },
      Date.now(),
    );
    stage.#write('network.json', stage.#network(foreign));
    stage.#write('policy.json', stage.policy(options.pairs));
    for (const site of sites) {
      mkdirSync(stage.path(site), { recursive: true, mode: 0o700 });
      stage.configure(site);
    }
    stage.bring(options.seed);
    return stage;
  }

  private constructor(options: StageOptions, sites: readonly string[], ports: ReadonlyMap<string, number>) {
    this.options = options;
    this.sites = sites;
    this.#ports = ports;
  }

  path(...parts: string[]): string {
    return join(this.options.folder, ...parts);
  }

  port(site: string, door: Door): number {
    return this.#ports.get(`${site} ${door}`)!;
  }

  courierFile(site: string, peer: string): string {
    return this.path(site, `courier-${peer}.key`);
  }

  /** The bytes that two sites were brought. */
  courierBytes(a: string, b: string, seed = this.options.seed): Uint8Array {
    return seededKey(this.options.courierBytes, `${seed} ${[a, b].sort().join(' ')}`);
  }

  /** A couriered key for every pair, at both ends. */
  bring(seed: string): void {
    for (const [a, b] of this.options.couriers) {
      const bytes = this.courierBytes(a, b, seed);
      for (const [site, peer] of [
        [a, b],
        [b, a],
      ] as const) {
        if (this.sites.includes(site)) writeFileSync(this.courierFile(site, peer), bytes, { mode: 0o600 });
      }
    }
  }

  tls(id: string, authority: Role): { cert: string; key: string; ca: string; crl: string } {
    const { cert: ca, crl } = authorityFiles(this.path('pki'), authority);
    return { ...certificateFiles(this.path('pki'), id), ca, crl };
  }

  /** What a client of that name shows, and whom it trusts: PEM. */
  identity(id: string): { cert: Buffer; key: Buffer; ca: Buffer } {
    const { cert, key, ca } = this.tls(id, 'kme');
    return { cert: readFileSync(cert), key: readFileSync(key), ca: readFileSync(ca) };
  }

  policy(pairs: StageOptions['pairs']): object {
    const common = { maxRelays: 0, epsSec: 1e-6, epsCor: 1e-6, proofs: [COURIER_PROOF, 'foreign'] };
    return { format: 'skykey-policy/1', rules: pairs.map((between) => ({ between, ...common })) };
  }

  /** Writes a policy beside that of the network; returns its path. */
  writePolicy(name: string, pairs: StageOptions['pairs']): string {
    return this.#write(name, this.policy(pairs));
  }

  /** Writes the configuration of a site; returns its path. */
  configure(site: string, changes: Record<string, unknown> = {}): string {
    const { doors, couriers, saes } = this.options;
    // Only the first site has foreign systems in its room.
    const has = (door: Door): boolean => doors.includes(door) && (door !== 'etsi020' || site === this.sites[0]);
    const port = (door: Door): number => this.port(site, door);
    const own = Object.keys(saes).filter((saeId) => saes[saeId] === site);
    const skip = has('skip') || has('skipPsk');
    return this.#write(`${site}.json`, {
      ...{ format: 'skykey-kme/1', kmeId: kmeOf(site), siteId: site },
      vault: { kind: 'sqlite', path: this.path(site, 'vault.db') },
      ...{ keyring: this.path(site, 'keyring'), network: this.path('network.json'), policy: this.path('policy.json') },
      listen: {
        ...{ host: '127.0.0.1', etsi014: port('etsi014'), peers: port('peers'), operations: port('operations') },
        ...(has('etsi004') && { etsi004: port('etsi004') }),
        ...(has('etsi020') && { etsi020: port('etsi020') }),
        ...(skip && {
          skip: { ...(has('skip') && { tls: port('skip') }), ...(has('skipPsk') && { psk: port('skipPsk') }) },
        }),
      },
      tls: { saes: this.tls(kmeOf(site), 'sae'), kmes: this.tls(kmeOf(site), 'kme') },
      couriers: couriers
        .filter((pair) => pair.includes(site))
        .map((pair) => pair.find((end) => end !== site)!)
        .map((peer) => ({ peer: kmeOf(peer), file: this.courierFile(site, peer) })),
      ...(skip && { skip: { clients: own.map((saeId) => this.#skipClient(site, saeId)), entropy: true } }),
      ...(has('etsi020') && { etsi020: this.#etsi020(site) }),
      ...changes,
    });
  }

  /** An SAE's system is called as the SAE, its peers likewise; its pre-shared key is made of its name. */
  #skipClient(site: string, saeId: string): object {
    const remotes = Object.keys(this.options.saes).filter((other) => other !== saeId);
    return {
      ...{ saeId, localSystemId: `sys-${saeId}` },
      remotes: remotes.map((other) => ({ systemId: `sys-${other}`, saeId: other })),
      ...(this.options.doors.includes('skipPsk') && { psk: { identity: saeId, file: this.#pskFile(site, saeId) } }),
    };
  }

  #pskFile(site: string, saeId: string): string {
    const file = this.path(site, `${saeId}.psk`);
    writeFileSync(file, Buffer.from(this.psk(saeId)).toString('hex'), { mode: 0o600 });
    return file;
  }

  psk(saeId: string): Uint8Array {
    return seededKey(32, `psk ${saeId}`);
  }

  #etsi020(site: string): object {
    const foreign = Object.entries(this.options.foreign ?? {});
    return {
      ownUrl: `https://127.0.0.1:${this.port(site, 'etsi020')}`,
      peers: foreign.map(([other, saes]) => ({ kmeId: kmeOf(other), url: 'https://127.0.0.1:9', saes })),
    };
  }

  #network(foreign: readonly string[]): object {
    const { couriers, saes } = this.options;
    return {
      format: 'skykey-network/1',
      nodes: [...this.sites, ...foreign].map((id) => ({ id, kind: 'site', jurisdiction: 'FR' })),
      links: [
        ...couriers.map((ends) => ({ id: ends.join('-'), ends, proof: COURIER_PROOF, epsSec: 0, epsCor: 0 })),
        ...foreign.map((other) => ({
          ...{ id: `${this.sites[0]}-${other}`, ends: [this.sites[0], other] },
          ...{ proof: 'foreign', epsSec: 1e-9, epsCor: 1e-12 },
        })),
      ],
      kmes: [
        ...this.sites.map((siteId) => ({
          ...{ kmeId: kmeOf(siteId), siteId, peerUrl: `https://127.0.0.1:${this.port(siteId, 'peers')}` },
        })),
        ...foreign.map((siteId) => ({ kmeId: kmeOf(siteId), siteId })),
      ],
      saes: [...Object.entries(saes).map(([saeId, site]) => ({ saeId, kmeId: kmeOf(site) }))],
    };
  }

  #write(name: string, document: unknown): string {
    writeFileSync(this.path(name), `${JSON.stringify(document, null, 1)}\n`, { mode: 0o600 });
    return this.path(name);
  }
}

/** Of the last stages of this process, which may stand beside one another; a study builds thousands. */
let taken: readonly number[] = [];
const TAKEN_PORTS = 1000;

/** Ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  if (ports.some((port) => taken.includes(port))) return freePorts(count);
  taken = [...taken, ...ports].slice(-TAKEN_PORTS);
  return ports;
}
