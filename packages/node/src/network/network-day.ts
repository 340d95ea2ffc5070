/**
 * A network of sites and satellites through a day: every node with the protocol of the product and a vault on the disk, on a
 * clock that is set from outside. Only photons are not there: a block of a quantum link is random bytes of a seed, given to
 * both ends when its contact is over.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { SecretBytes } from '@skykey/bits';
import {
  Exchange,
  holdLinkBlock,
  type JoinPlan,
  KeyRefusal,
  Kme,
  type LinkAlarm,
  linkBlockId,
  type PeerLink,
  type RefusalCode,
  relayPlanOf,
  type TalkWindow,
  type Topology,
} from '@skykey/kme';
import { type BlockLabels, Vault } from '@skykey/vault';
import { FileKeyring } from '../vault/file-keyring.ts';
import { bytesOf, cutBlock, isBetweenSites } from './cut-block.ts';
import type { LinkQuality, NetworkFile } from './network-file.ts';
import { Observer } from './observer.ts';
import { SeededBytes } from './seeded-bytes.ts';

export interface NetworkDayOptions {
  readonly network: NetworkFile;
  readonly topology: Topology;
  readonly plans: readonly JoinPlan[];
  readonly quality: LinkQuality;
  /** When satellites are in touch with the ground; through whichever station, the others reach them too. */
  readonly talks: ReadonlyMap<string, readonly TalkWindow[]>;
  /** For vaults and keyrings; made if it is not there, left to its owner to remove. */
  readonly folder: string;
  readonly startMs: number;
  readonly seed: number;
}

export interface Asked {
  readonly keys: number;
  /** Why there were none. */
  readonly refused: RefusalCode | null;
}

interface NodeOfDay {
  readonly id: string;
  readonly vault: Vault;
  readonly exchange: Exchange;
  /** Of sites. */
  readonly kme: Kme | undefined;
}

/** Combined key that may wait: more than a day brings, so that all of it is combined. */
export const TARGET_BYTES = 2 ** 24;
/** A node that still has something to do after so many rounds waits for something. */
const MOST_ROUNDS = 8;

export class NetworkDay {
  readonly observer = new Observer();
  nowMs: number;
  readonly #options: NetworkDayOptions;
  readonly #nodes = new Map<string, NodeOfDay>();
  readonly #siteOf: ReadonlyMap<string, string>;

  private constructor(options: NetworkDayOptions) {
    this.#options = options;
    this.nowMs = options.startMs;
    this.#siteOf = new Map(options.network.saes.map(({ saeId, siteId }) => [saeId, siteId]));
  }

  /** Rejects as `Vault.open` and `new Kme` do. */
  static async open(options: NetworkDayOptions): Promise<NetworkDay> {
    const day = new NetworkDay(options);
    mkdirSync(options.folder, { recursive: true });
    try {
      for (const id of day.nodeIds) day.#nodes.set(id, await day.#start(id));
    } catch (error) {
      await day.close();
      throw error;
    }
    return day;
  }

  /** Satellites first: it is in this order that nodes act. */
  get nodeIds(): readonly string[] {
    return actingNodes(this.#options.topology);
  }

  async #start(id: string): Promise<NodeOfDay> {
    const { network, topology, folder, seed, plans } = this.#options;
    const bytes = new SeededBytes(seed, `node ${id}`);
    const random = (size: number): Uint8Array => bytes.next(size);
    const vault = await Vault.open({
      store: { kind: 'sqlite', path: join(folder, `${id}.db`) },
      keyring: FileKeyring.open(join(folder, `${id}.keyring`), random as (size: number) => Uint8Array<ArrayBuffer>),
      now: () => this.nowMs,
      random,
      processId: id,
    });
    this.observer.watch(id, vault);
    const peers = this.#peersOf(id).map((node) => ({ node, link: this.#line(id, node) }));
    const plan = relayPlanOf(id, plans, TARGET_BYTES);
    const common = { vault, peers, plan, uuid: () => bytes.uuid(), now: () => this.nowMs };
    if (topology.node(id).kind === 'satellite') {
      return { id, vault, exchange: new Exchange({ ...common, self: id }), kme: undefined };
    }
    const sites = topology.nodes.filter(({ kind }) => kind === 'site');
    const kme = new Kme({
      ...common,
      kmeId: `kme-${id}`,
      kmes: sites.map((site) => ({ kmeId: `kme-${site.id}`, siteId: site.id })),
      saes: network.saes.map(({ saeId, siteId }) => ({ saeId, kmeId: `kme-${siteId}` })),
      policy: network.rules,
      random,
      likeness: (node, by) => topology.likeness(node, by),
    });
    return { id, vault, exchange: kme.exchange, kme };
  }

  /** Sites know each other; a satellite knows the stations that it has links with. */
  #peersOf(id: string): string[] {
    const { topology } = this.#options;
    const linked = (a: string, b: string): boolean =>
      topology.links.some(({ ends }) => ends.includes(a) && ends.includes(b));
    const isSite = (node: string): boolean => topology.node(node).kind === 'site';
    return this.nodeIds.filter((other) => other !== id && (linked(id, other) || (isSite(id) && isSite(other))));
  }

  #line(from: string, to: string): PeerLink {
    return {
      call: async (message) => {
        for (const node of [from, to]) {
          if (!this.#canTalk(node)) throw new Error(`${node} is below the horizon of every station`);
        }
        const answer = await this.#nodes.get(to)!.exchange.handle(message.slice());
        this.observer.wire.push({ atMs: this.nowMs, from, to, message: message.slice(), answer: answer.slice() });
        return answer;
      },
    };
  }

  #canTalk(node: string): boolean {
    if (this.#options.topology.node(node).kind !== 'satellite') return true;
    const windows = this.#options.talks.get(node) ?? [];
    return windows.some(({ startMs, endMs }) => startMs <= this.nowMs && this.nowMs <= endMs);
  }

  /** A contact has made so many bits: both ends get the same. False when they are too few to be used. */
  async block(link: string, bits: number): Promise<boolean> {
    const { topology, seed, quality } = this.#options;
    const { ends } = topology.link(link);
    const cuts = cutBlock(topology, link, bits);
    if (cuts.length === 0) return false;
    const bytes = new SeededBytes(seed, `block ${link} ${this.nowMs}`).next(bytesOf(bits));
    const labels: BlockLabels = {
      ...{ originLinks: [link], routes: [ends], jurisdictions: topology.jurisdictions(ends), simulated: true },
      ...{ ...quality, createdAtMs: this.nowMs, expiresAtMs: null },
    };
    if (isBetweenSites(topology, link)) {
      const session = `${this.nowMs}`;
      for (const end of ends) {
        const whole = SecretBytes.adopt(bytes.slice());
        await this.#vault(end).atomically((tx) => holdLinkBlock(tx, { link, session, labels, bytes: whole }), '');
        whole.wipe();
      }
      this.observer.blocks.push({ link, ends, bytes, cuts: [], blockId: linkBlockId(link, session) });
      return true;
    }
    const places: number[][] = [];
    for (const end of ends) {
      const at = await this.#vault(end).atomically(async (tx) => {
        const starts: number[] = [];
        for (const { lane, from, to } of cuts) {
          starts.push(await tx.length(lane));
          const part = SecretBytes.adopt(bytes.slice(from, to));
          await tx.append(lane, labels, part);
          part.wipe();
        }
        return starts;
      });
      places.push(at);
    }
    if (places[0]!.some((start, i) => start !== places[1]![i])) {
      throw new Error(`the two ends of ${link} have lanes of different lengths`);
    }
    this.observer.blocks.push({ link, ends, bytes, cuts: cuts.map((cut, i) => ({ ...cut, at: places[0]![i]! })) });
    return true;
  }

  /** Every node does what waits, until nothing moves any more. Returns what still waits, by node. */
  async settle(): Promise<ReadonlyMap<string, string>> {
    const waiting = new Map<string, string>();
    for (let round = 0; round < MOST_ROUNDS; round++) {
      let moved = 0;
      waiting.clear();
      for (const { id, exchange, kme } of this.#nodes.values()) {
        if (!this.#canTalk(id)) continue;
        const report = await (kme ?? exchange).flush();
        moved += report.joined + report.confirmed + report.combined + report.told;
        for (const [peer, why] of report.waiting) waiting.set(`${id} > ${peer}`, why);
      }

      if (moved === 0) break;
    }
    return waiting;
  }

  /** The master asks for keys and the slave fetches them; both must be the same. */
  async ask(master: string, slave: string, keys: number, bits: number): Promise<Asked> {
    const ends = [this.#siteOf.get(master)!, this.#siteOf.get(slave)!] as const;
    const [asking, fetching] = ends.map((site) => this.#nodes.get(site)!.kme!) as [Kme, Kme];
    try {
      const got = await asking.keys.getKeys({ master, slaves: [slave], count: keys, bytes: bits / 8 });
      const same = await fetching.keys.getKeysWithIds({ caller: slave, master, keyIds: got.map(({ keyId }) => keyId) });
      for (const [i, { keyId, key, labels }] of got.entries()) {
        const other = same[i]!;
        if (other.keyId !== keyId || !key.equals(other.key))
          throw new Error(`${master} and ${slave} got different keys`);
        const bytes = key.open((content) => content.slice());
        this.observer.delivered.push({ keyId, pair: [master, slave], ends, bytes, routes: labels.routes });
        key.wipe();
        other.key.wipe();
      }
      return { keys: got.length, refused: null };
    } catch (error) {
      if (error instanceof KeyRefusal) return { keys: 0, refused: error.code };
      throw error;
    }
  }

  /** An alarm of a link at one of its ends, told to all who can be reached. Bits overwritten there. */
  async alarm(link: string, foundBy: string, reason: string): Promise<number> {
    const { bits } = await this.#nodes.get(foundBy)!.exchange.raiseAlarm(link, reason);
    await this.settle();
    return bits;
  }

  async reopen(link: string, foundBy: string): Promise<void> {
    await this.#nodes.get(foundBy)!.exchange.reopen(link);
    await this.settle();
  }

  /** Alarms that a node knows of. */
  alarms(node: string): Promise<LinkAlarm[]> {
    return this.#nodes.get(node)!.exchange.listAlarms();
  }

  setPlans(plans: readonly JoinPlan[]): void {
    for (const { id, exchange } of this.#nodes.values()) exchange.setPlan(relayPlanOf(id, plans, TARGET_BYTES));
  }

  /** Bytes of key that whoever leads it can still use, by lane. */
  async stock(): Promise<Map<string, number>> {
    const stock = new Map<string, number>();
    for (const { id, vault } of this.#nodes.values()) {
      await vault.atomically(async (tx) => {
        for (const lane of await tx.lanes(`key/${id}>`)) stock.set(lane, await tx.available(lane));
      });
    }
    return stock;
  }

  /** Bits that ever came into lanes, told by those who lead them. */
  async came(lanes: readonly string[]): Promise<number> {
    let bits = 0;
    for (const lane of lanes) {
      const leader = lane.slice('key/'.length, lane.indexOf('>'));
      bits += 8 * (await this.#vault(leader).atomically((tx) => tx.length(lane)));
    }
    return bits;
  }

  #vault(node: string): Vault {
    return this.#nodes.get(node)!.vault;
  }

  async close(): Promise<void> {
    for (const { vault } of this.#nodes.values()) await vault.close();
  }
}

/** Satellites, then sites; who only commands has no part in it. */
export function actingNodes(topology: Topology): readonly string[] {
  const of = (wanted: string): string[] => topology.nodes.filter(({ kind }) => kind === wanted).map(({ id }) => id);
  return [...of('satellite'), ...of('site')];
}
