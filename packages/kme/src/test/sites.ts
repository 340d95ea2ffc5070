import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SecretBytes } from '@skykey/bits';
import { type BlockLabels, Vault } from '@skykey/vault';
import { Kme, type KmeOptions } from '../kme.ts';
import type { KmeRequest, KmeResponse } from '../response.ts';

type Hooks = { after: (done: () => void) => void };

/** Seeded bytes (Numerical Recipes generator). */
export function pattern(length: number, seed: number): Uint8Array {
  let state = (Math.imul(seed, 2654435761) + 12345) >>> 0;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

export const labels = (originLinks: string[], createdAtMs = 0): BlockLabels => ({
  originLinks,
  route: ['beijing', 'micius', 'moscow'],
  epsSec: 1e-9,
  epsCor: 1e-15,
  proof: 'lim2014',
  simulated: true,
  createdAtMs,
});

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

export const LINKS = ['micius-beijing', 'micius-moscow'];
const SAES = [
  { saeId: 'desk-beijing', kmeId: 'kme-beijing' },
  { saeId: 'vpn-beijing', kmeId: 'kme-beijing' },
  { saeId: 'desk-moscow', kmeId: 'kme-moscow' },
  { saeId: 'vpn-moscow', kmeId: 'kme-moscow' },
  { saeId: 'lab-beijing', kmeId: 'kme-beijing' },
  { saeId: 'lab-moscow', kmeId: 'kme-moscow' },
  { saeId: 'desk-delhi', kmeId: 'kme-delhi' },
];

/** One site with a real vault on the disk, which can be pulled out and plugged in again. */
export class Site {
  readonly siteId: string;
  readonly other: string;
  readonly path: string;
  readonly network: Network;
  vault: Vault;
  kme: Kme;
  readonly #limits: KmeOptions['limits'];

  constructor(network: Network, siteId: string, other: string, limits?: KmeOptions['limits']) {
    this.network = network;
    this.siteId = siteId;
    this.other = other;
    this.path = join(network.folder, `${siteId}.db`);
    this.#limits = limits;
    this.vault = Vault.open({ path: this.path, now: () => network.nowMs });
    this.kme = this.#start();
  }

  /** The process dies here and starts again. What hangs in its old self never hears of it. */
  crash(): void {
    this.vault.close();
    this.vault = Vault.open({ path: this.path, now: () => this.network.nowMs });
    this.kme = this.#start();
  }

  #start(): Kme {
    const { siteId, other, network, vault } = this;
    return new Kme({
      kmeId: `kme-${siteId}`,
      siteId,
      peerKmeId: `kme-${other}`,
      peerSiteId: other,
      links: LINKS,
      saes: SAES,
      pairs: [
        { local: `desk-${siteId}`, remote: `desk-${other}` },
        { local: `vpn-${siteId}`, remote: `vpn-${other}` },
        { local: `lab-${siteId}`, remote: `desk-${other}` },
        { local: `desk-${siteId}`, remote: `lab-${other}` },
      ],
      vault,
      peer: { call: (message) => network.carry(siteId, other, message) },
      uuid: () => network.uuid(),
      now: () => network.nowMs,
      ...(this.#limits && { limits: this.#limits }),
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
}

/** Two sites and what is between them. */
export class Network {
  readonly folder: string;
  readonly beijing: Site;
  readonly moscow: Site;
  nowMs = 1_000;
  #uuids = 0;
  uuid = (): string => `${(++this.#uuids).toString(16).padStart(8, '0')}-0000-4000-8000-00000000cafe`;
  /** What crossed, in both directions, as it was sent. */
  readonly wire: { from: string; message: Uint8Array; answer?: Uint8Array }[] = [];
  /** Somebody on the line: gets the message and the way on, returns what arrives as the answer. */
  between: (
    message: Uint8Array,
    on: (message: Uint8Array) => Promise<Uint8Array>,
    from: string,
  ) => Promise<Uint8Array> = (message, on) => on(message);

  constructor(t: Hooks, options: { keyBytes?: number; padBytes?: number; limits?: KmeOptions['limits'] } = {}) {
    this.folder = mkdtempSync(join(tmpdir(), 'skykey-kme-'));
    this.beijing = new Site(this, 'beijing', 'moscow', options.limits);
    this.moscow = new Site(this, 'moscow', 'beijing', options.limits);
    t.after(() => {
      for (const { vault } of [this.beijing, this.moscow]) vault.close();
      rmSync(this.folder, { recursive: true, force: true });
    });
    const { keyBytes = 4096, padBytes = 16 + 16 * 60 } = options;
    if (keyBytes > 0) this.fill(keyBytes, padBytes);
  }

  /** Puts the same key into the lanes of both sites. */
  fill(keyBytes: number, padBytes: number, createdAtMs = 0): void {
    const lanes = [
      ['kme/beijing>moscow', keyBytes, 1],
      ['kme/moscow>beijing', keyBytes, 2],
      ['auth/beijing>moscow', padBytes, 3],
      ['auth/moscow>beijing', padBytes, 4],
    ] as const;
    for (const { vault } of [this.beijing, this.moscow]) {
      for (const [lane, bytes, seed] of lanes) {
        if (bytes > 0)
          vault.append(lane, labels(LINKS, createdAtMs), SecretBytes.adopt(pattern(bytes, seed + createdAtMs)));
      }
    }
  }

  async carry(from: string, to: string, message: Uint8Array): Promise<Uint8Array> {
    const entry: { from: string; message: Uint8Array; answer?: Uint8Array } = { from, message: message.slice() };
    this.wire.push(entry);
    const on = async (onward: Uint8Array): Promise<Uint8Array> => {
      const site = to === 'moscow' ? this.moscow : this.beijing;
      entry.answer = await site.kme.handlePeer(onward.slice());
      return entry.answer;
    };
    return await this.between(message, on, from);
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
  return JSON.parse(response.body ?? 'null');
}

export function keysOf(response: KmeResponse): { key_ID: string; key: string }[] {
  assert.equal(response.status, 200, response.body);
  return json(response).keys as { key_ID: string; key: string }[];
}

/** A matcher for assert.throws. */
export const code = (wanted: string) => (error: unknown) => {
  const found = (error as { code?: string }).code;
  if (found !== wanted) throw new Error(`expected an error ${wanted}, got ${error}`);
  return true;
};
