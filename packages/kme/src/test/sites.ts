import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SecretBytes } from '@skykey/bits';
import { type BlockLabels, Vault, type VaultTransaction } from '@skykey/vault';
import type { KmeRequest, KmeResponse } from '../etsi014/response.ts';
import { Kme, type KmeOptions } from '../kme.ts';
import { keyLane, peerLane } from '../lanes.ts';
import type { Policy } from '../network/policy.ts';
import { readPolicy } from '../network/policy-document.ts';
import { Exchange, type RelayPlan } from '../relay/exchange.ts';
import { TestKeyring } from './keyring.ts';

type Hooks = { after: (done: () => void | Promise<void>) => void };

/** Seeded bytes (Numerical Recipes generator). */
export function pattern(length: number, seed: number): Uint8Array {
  let state = (Math.imul(seed, 2654435761) + 12345) >>> 0;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

export const secret = (bytes: Uint8Array): SecretBytes => SecretBytes.adopt(bytes.slice());

export const labels = (originLinks: string[], changes: Partial<BlockLabels> = {}): BlockLabels => ({
  originLinks,
  routes: [['beijing', 'micius', 'moscow']],
  jurisdictions: ['CN', 'ORBIT', 'RU'],
  epsSec: 1e-9,
  epsCor: 1e-15,
  proof: 'lim2014',
  simulated: true,
  createdAtMs: 0,
  expiresAtMs: null,
  ...changes,
});

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

export const LINKS = ['micius-beijing', 'micius-moscow'];
/** The way of the key that `fill` puts between Beijing and Moscow. */
export const WAY = 'micius';
const SITES = ['beijing', 'moscow', 'delhi'];
const SAES = [
  { saeId: 'desk-beijing', kmeId: 'kme-beijing' },
  { saeId: 'vpn-beijing', kmeId: 'kme-beijing' },
  { saeId: 'desk-moscow', kmeId: 'kme-moscow' },
  { saeId: 'vpn-moscow', kmeId: 'kme-moscow' },
  { saeId: 'lab-beijing', kmeId: 'kme-beijing' },
  { saeId: 'lab-moscow', kmeId: 'kme-moscow' },
  { saeId: 'desk-delhi', kmeId: 'kme-delhi' },
  { saeId: 'vpn-delhi', kmeId: 'kme-delhi' },
];

/** What a rule of the tests says unless told otherwise. */
const RULE = { maxRelays: 3, epsSec: 1e-6, epsCor: 1e-6, proofs: ['lim2014', 'tilted'], simulated: true };

export function policyOf(
  rules: readonly { between: readonly [string, string]; [more: string]: unknown }[],
  more: object = {},
): Policy {
  const document = { format: 'skykey-policy/1', ...more, rules: rules.map((rule) => ({ ...RULE, ...rule })) };
  return readPolicy(new TextEncoder().encode(JSON.stringify(document)));
}

const POLICY = policyOf([
  { between: ['desk-beijing', 'desk-moscow'] },
  { between: ['vpn-beijing', 'vpn-moscow'] },
  { between: ['lab-beijing', 'desk-moscow'] },
  { between: ['desk-beijing', 'lab-moscow'] },
  { between: ['desk-beijing', 'vpn-delhi'] },
  { between: ['desk-moscow', 'vpn-delhi'] },
]);

export interface SiteOptions {
  readonly limits?: KmeOptions['limits'];
  readonly policy?: Policy;
  readonly plan?: RelayPlan;
}

async function openVault(network: Network, node: string, keyring: TestKeyring): Promise<Vault> {
  let nonce = 0;
  return Vault.open({
    store: { kind: 'sqlite', path: join(network.folder, `${node}.db`) },
    keyring,
    now: () => network.nowMs,
    random: (bytes) => pattern(bytes, ++nonce + 1_000_003 * keyring.current().epoch),
    processId: node,
  });
}

/** One site with a real vault on the disk, which can be pulled out and plugged in again. */
export class Site {
  readonly siteId: string;
  /** The site that its desk talks to unless told otherwise. */
  readonly other: string;
  readonly network: Network;
  readonly keyring: TestKeyring;
  vault: Vault;
  kme: Kme;
  #options: SiteOptions;
  #random = 0;

  private constructor(
    network: Network,
    siteId: string,
    other: string,
    vault: Vault,
    keyring: TestKeyring,
    options: SiteOptions,
  ) {
    this.network = network;
    this.siteId = siteId;
    this.other = other;
    this.vault = vault;
    this.keyring = keyring;
    this.#options = options;
    this.kme = this.#start();
  }

  static async open(network: Network, siteId: string, other: string, options: SiteOptions): Promise<Site> {
    const keyring = new TestKeyring();
    return new Site(network, siteId, other, await openVault(network, siteId, keyring), keyring, options);
  }

  /** Starts again with another configuration. */
  async restart(options: SiteOptions): Promise<void> {
    this.#options = { ...this.#options, ...options };
    await this.crash();
  }

  /** The process dies here and starts again. What hangs in its old self never hears of it. */
  async crash(): Promise<void> {
    await this.vault.close();
    this.vault = await openVault(this.network, this.siteId, this.keyring);
    this.kme = this.#start();
  }

  /** Another process of this site on the same vault. */
  another(): Kme {
    return this.#start();
  }

  #start(): Kme {
    const { siteId, network, vault } = this;
    const { limits, policy = POLICY, plan } = this.#options;
    return new Kme({
      kmeId: `kme-${siteId}`,
      kmes: SITES.map((id) => ({ kmeId: `kme-${id}`, siteId: id })),
      saes: SAES,
      policy,
      peers: network.nodeIds
        .filter((node) => node !== siteId)
        .map((node) => ({ node, link: { call: (message: Uint8Array) => network.carry(siteId, node, message) } })),
      vault,
      uuid: () => network.uuid(),
      random: (bytes) => pattern(bytes, 77_000 + ++this.#random),
      now: () => network.nowMs,
      ...(limits && { limits }),
      ...(plan && { plan }),
    });
  }

  /** A request of this site's desk. */
  call(
    method: string,
    resource: string,
    options: Partial<KmeRequest> & { json?: unknown; to?: string; search?: string } = {},
  ): Promise<KmeResponse> {
    const { json, to = `desk-${this.other}`, search = '', ...rest } = options;
    return this.kme.handle({
      saeId: `desk-${this.siteId}`,
      method,
      path: `/api/v1/keys/${to}/${resource}`,
      query: new URLSearchParams(search),
      body: json === undefined ? new Uint8Array(0) : new TextEncoder().encode(JSON.stringify(json)),
      ...rest,
    });
  }

  async keys(number = 1, size = 256): Promise<{ key_ID: string; key: string }[]> {
    return keysOf(await this.call('POST', 'enc_keys', { json: { number, size } }));
  }

  fetch(keyIds: readonly string[]): Promise<KmeResponse> {
    return this.call('POST', 'dec_keys', { json: { key_IDs: keyIds.map((key_ID) => ({ key_ID })) } });
  }

  async count(): Promise<number> {
    return json(await this.call('GET', 'status')).stored_key_count as number;
  }

  /** Bytes that can still be had of a lane. */
  available(lane: string): Promise<number> {
    return this.tx.available(lane);
  }

  /** Every call a transaction of its own. */
  get tx(): VaultTransaction {
    return alone(this.vault);
  }
}

/** What can be done in a transaction, every call in one of its own. */
export function alone(vault: Vault): VaultTransaction {
  const methodsOf = (within: (tx: VaultTransaction) => object): object =>
    new Proxy(
      {},
      {
        get:
          (_, name: string) =>
          (...values: unknown[]) =>
            vault.atomically(async (tx) =>
              (within(tx) as Record<string, (...v: unknown[]) => unknown>)[name]!(...values),
            ),
      },
    );
  return new Proxy({} as VaultTransaction, {
    get: (_, name: string) => {
      if (name === 'keys' || name === 'outbox' || name === 'journal') return methodsOf((tx) => tx[name]);
      if (name === 'pads') return (lane: string) => methodsOf((tx) => tx.pads(lane));
      return (methodsOf((tx) => tx) as Record<string, unknown>)[name];
    },
  });
}

/** Has every transaction of a vault go through `around`, which may fail before or after it. */
export function wrap(vault: Vault, around: (run: () => Promise<unknown>) => Promise<unknown>): void {
  const original = vault.atomically.bind(vault);
  vault.atomically = <T>(work: (tx: VaultTransaction) => Promise<T>, scope?: string): Promise<T> =>
    around(() => original(work, scope)) as Promise<T>;
}

/** Has a method of every transaction fail, as a disk does, so many times. */
export function breakMethod(
  vault: Vault,
  method: 'assign' | 'deliver' | 'poison' | 'add',
  times = Number.POSITIVE_INFINITY,
): void {
  const original = vault.atomically.bind(vault);
  let left = times;
  const fail = (): Promise<never> => {
    left--;
    return Promise.reject(new Error('input/output error'));
  };
  vault.atomically = <T>(work: (tx: VaultTransaction) => Promise<T>, scope?: string): Promise<T> =>
    original((tx) => {
      if (left > 0) {
        if (method === 'poison') tx.poison = fail;
        else if (method === 'add') tx.outbox.add = fail;
        else tx.keys[method] = fail;
      }
      return work(tx);
    }, scope);
}

/** A node without applications, as a satellite is. */
export class Relay {
  readonly node: string;
  readonly network: Network;
  readonly keyring: TestKeyring;
  readonly plan: RelayPlan;
  vault: Vault;
  exchange: Exchange;

  private constructor(network: Network, node: string, vault: Vault, keyring: TestKeyring, plan: RelayPlan) {
    this.network = network;
    this.node = node;
    this.vault = vault;
    this.keyring = keyring;
    this.plan = plan;
    this.exchange = this.#start();
  }

  /** The process dies here and starts again. */
  async crash(): Promise<void> {
    await this.vault.close();
    this.vault = await openVault(this.network, this.node, this.keyring);
    this.exchange = this.#start();
  }

  #start(): Exchange {
    const { network, node, vault, plan } = this;
    return new Exchange({
      ...{ vault, self: node, plan },
      peers: network.nodeIds
        .filter((other) => other !== node)
        .map((other) => ({
          node: other,
          link: { call: (message: Uint8Array) => network.carry(node, other, message) },
        })),
      uuid: () => network.uuid(),
      now: () => network.nowMs,
    });
  }

  static async open(network: Network, node: string, plan: RelayPlan): Promise<Relay> {
    const keyring = new TestKeyring();
    return new Relay(network, node, await openVault(network, node, keyring), keyring, plan);
  }
}

export interface NetworkOptions {
  /** Key in each direction between Beijing and Moscow, bytes; 0: no lanes at all. */
  readonly keyBytes?: number;
  readonly padBytes?: number;
  readonly sites?: readonly string[];
  /** Satellites and what they join. */
  readonly relays?: Readonly<Record<string, RelayPlan>>;
  readonly site?: Readonly<Record<string, SiteOptions>>;
  readonly limits?: KmeOptions['limits'];
}

/** Sites and satellites, and what is between them. */
export class Network {
  readonly folder: string;
  readonly nodeIds: readonly string[];
  readonly sites = new Map<string, Site>();
  readonly relays = new Map<string, Relay>();
  nowMs = 1_000;
  #uuids = 0;
  uuid = (): string => `${(++this.#uuids).toString(16).padStart(8, '0')}-0000-4000-8000-00000000cafe`;
  /** What crossed, in both directions, as it was sent. */
  readonly wire: { from: string; to: string; message: Uint8Array; answer?: Uint8Array }[] = [];
  /** Somebody on the line: gets the message and the way on, returns what arrives as the answer. */
  between: (
    message: Uint8Array,
    on: (message: Uint8Array) => Promise<Uint8Array>,
    from: string,
    to: string,
  ) => Promise<Uint8Array> = (message, on) => on(message);

  /** Which process of a node a message gets to. */
  carryTo = (to: string): Exchange => {
    const node = this.sites.get(to)?.kme.exchange ?? this.relays.get(to)?.exchange;
    if (!node) throw new Error(`there is no node ${to}`);
    return node;
  };

  private constructor(nodeIds: readonly string[]) {
    this.folder = mkdtempSync(join(tmpdir(), 'skykey-kme-'));
    this.nodeIds = nodeIds;
  }

  static async open(t: Hooks, options: NetworkOptions = {}): Promise<Network> {
    const { sites = ['beijing', 'moscow'], relays = {}, site = {}, limits } = options;
    const network = new Network([...sites, ...Object.keys(relays)]);
    for (const [i, id] of sites.entries()) {
      const other = sites[i === 0 ? 1 : 0]!;
      network.sites.set(id, await Site.open(network, id, other, { ...(limits && { limits }), ...site[id] }));
    }
    for (const [id, plan] of Object.entries(relays)) network.relays.set(id, await Relay.open(network, id, plan));
    t.after(async () => {
      for (const { vault } of [...network.sites.values(), ...network.relays.values()]) await vault.close();
      rmSync(network.folder, { recursive: true, force: true });
    });
    const { keyBytes = 4096, padBytes = 16 + 16 * 60 } = options;
    if (keyBytes > 0) await network.fill(keyBytes, padBytes);
    return network;
  }

  get beijing(): Site {
    return this.sites.get('beijing')!;
  }

  get moscow(): Site {
    return this.sites.get('moscow')!;
  }

  get delhi(): Site {
    return this.sites.get('delhi')!;
  }

  relay(node: string): Relay {
    return this.relays.get(node)!;
  }

  /** A node's vault, every call a transaction of its own. */
  tx(node: string): VaultTransaction {
    return alone(this.vaultOf(node));
  }

  /** Every node does what waits, until nothing moves any more. */
  async settle(rounds = 4): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      for (const { exchange } of this.relays.values()) await exchange.flush();
      for (const { kme } of this.sites.values()) await kme.flush();
    }
  }

  vaultOf(node: string): Vault {
    return (this.sites.get(node) ?? this.relays.get(node)!).vault;
  }

  /** Puts the same key into the lanes of Beijing and Moscow, as if it had come over the satellite. */
  async fill(keyBytes: number, padBytes: number, createdAtMs = 0): Promise<void> {
    await this.share('beijing', 'moscow', WAY, {
      keyBytes,
      padBytes,
      labels: labels(LINKS, { createdAtMs }),
      seed: createdAtMs,
    });
  }

  /** Puts the same key into the lanes of two nodes, both directions, and pads for their messages. */
  async share(
    a: string,
    b: string,
    way: string,
    options: { keyBytes: number; padBytes: number; labels: BlockLabels; seed?: number },
  ): Promise<void> {
    const { keyBytes, padBytes, seed = 0 } = options;
    const lanes = [
      [keyLane(a, b, way), keyBytes, 1],
      [keyLane(b, a, way), keyBytes, 2],
      [peerLane(a, b), padBytes, 3],
      [peerLane(b, a), padBytes, 4],
    ] as const;
    for (const node of [a, b]) {
      await this.vaultOf(node).atomically(async (tx) => {
        for (const [lane, bytes, number] of lanes) {
          if (bytes > 0) await tx.append(lane, options.labels, secret(pattern(bytes, number + seed)));
        }
      });
    }
  }

  async carry(from: string, to: string, message: Uint8Array): Promise<Uint8Array> {
    const entry: { from: string; to: string; message: Uint8Array; answer?: Uint8Array } = {
      from,
      to,
      message: message.slice(),
    };
    this.wire.push(entry);
    const on = async (onward: Uint8Array): Promise<Uint8Array> => {
      entry.answer = await this.carryTo(to).handle(onward.slice());
      return entry.answer;
    };
    return await this.between(message, on, from, to);
  }

  /** The line is cut: requests get there or not, answers never come back. */
  cut(requestsArrive: boolean): void {
    this.between = async (message, on) => {
      if (requestsArrive) await on(message);
      throw new Error('the line is dead');
    };
  }

  mend(): void {
    this.between = (message, on) => on(message);
  }
}

export function json(response: KmeResponse): Record<string, unknown> {
  return JSON.parse(text(response) || 'null');
}

export const text = ({ body = '' }: KmeResponse): string =>
  typeof body === 'string' ? body : new TextDecoder().decode(body);

export function keysOf(response: KmeResponse): { key_ID: string; key: string }[] {
  assert.equal(response.status, 200, text(response));
  return json(response).keys as { key_ID: string; key: string }[];
}

/** A matcher for assert.throws. */
export const code = (wanted: string) => (error: unknown) => {
  const found = (error as { code?: string }).code;
  if (found !== wanted) throw new Error(`expected an error ${wanted}, got ${error}`);
  return true;
};
