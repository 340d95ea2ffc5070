import type { KeyBatch, KeyRecord, Vault, VaultTransaction } from '@skykey/vault';
import type { Alarms } from '../alarm.ts';
import { KmeError } from '../error.ts';
import type { PairRules, Policy, PolicyPair } from '../network/policy.ts';
import type { Registry } from '../network/registry.ts';
import type { Likeness } from '../network/topology.ts';
import { PADS_KEPT } from '../peer/frame.ts';
import { MAX_BATCH } from '../peer/message.ts';
import type { Peer } from '../peer/peer.ts';
import {
  type DeliveredKey,
  type KeyDemand,
  type KeyForecast,
  KeyRefusal,
  type KeyService,
  type PairStock,
} from '../service.ts';
import { Ahead } from './ahead.ts';
import { type CarryOptions, carryKeys } from './carry.ts';
import { HandOut, MAX_COUNT, NAMED } from './handout.ts';
import { countQuota, grantable } from './quota.ts';
import { alarmsOnWays, fits, usableWays, type WaysOptions } from './ways.ts';

export interface DeliveryOptions {
  readonly vault: Vault;
  readonly registry: Registry;
  readonly policy: Policy;
  readonly alarms: Alarms;
  /** Conversation with a site; undefined when there is none. */
  readonly peer: (siteId: string) => Peer | undefined;
  /** A random UUID, version 4. */
  readonly uuid: () => string;
  /** Uniform secret bytes, for keys that are carried to several sites. */
  readonly random: (bytes: number) => Uint8Array;
  readonly now: () => number;
  /** How long an application has to fetch its copy of a key, milliseconds. */
  readonly keyTtlMs: number;
  readonly likeness?: (nodeId: string, by: Likeness) => string;
  /** Has the sites of their masters burn keys of slaves that are burned here. */
  readonly onBurn: (tx: VaultTransaction, keyIds: readonly string[]) => Promise<void>;
  /** When the next key with a site is expected. */
  readonly forecast?: (siteId: string) => KeyForecast | null;
  readonly note: (severity: 'info' | 'warning' | 'alarm', text: string) => void;
}

/** Keys for one slave, however they came: those set aside will do. */
const isSingle = ({ slaves, demand }: KeyDemand): boolean => slaves.length === 1 && demand === undefined;

/** The other site refused an assignment: authentically, so that it has none of the keys. */
class RefusedThere extends KeyRefusal {}

/** Fewer keys than were asked for might be had. */
const isShortage = (error: unknown): boolean =>
  error instanceof RefusedThere ||
  (error instanceof KeyRefusal && (error.code === 'short' || error.code === 'quota')) ||
  (error as { code?: string }).code === 'vault/short';

/** When to ask again. A pass is minutes away at best, a peer that restarts is back in seconds. */
const RETRY_AFTER_S = 10;

/**
 * The core that every interface asks for keys. A key goes RESERVED here → ASSIGNED at the peer → ASSIGNED here →
 * delivered and erased, each durable before the next; the answer leaves last. Whatever breaks in between burns the key at
 * both ends: at most once, never twice. Pairs that ask often find keys assigned ahead, and need no round trip.
 */
export class Delivery implements KeyService {
  readonly kmeId: string;
  readonly #options: DeliveryOptions;
  readonly #vault: Vault;
  readonly #ahead: Ahead;
  readonly #handOut: HandOut;
  /** The last demand of each pair that waits to scrape keys together. */
  readonly #scraping = new Map<string, Promise<unknown>>();

  constructor(options: DeliveryOptions) {
    this.kmeId = options.registry.kmeId;
    this.#options = options;
    this.#vault = options.vault;
    this.#ahead = new Ahead(options.now);
    const { vault, policy, alarms, now, keyTtlMs } = options;
    this.#handOut = new HandOut({ vault, policy, alarms, now, keyTtlMs, context: () => this.#ways().context });
  }

  async getKeys(demand: KeyDemand): Promise<DeliveredKey[]> {
    const pairs = this.#permitted(demand);
    return this.#answering(async () => {
      const site = this.#onlySite(demand);
      const keyIds = Array.from({ length: demand.count }, () => this.#options.uuid().toLowerCase());
      if (site === undefined) return carryKeys(this.#carrying(pairs), { ...demand, keyIds, deliver: true });
      const peer = this.#peerOf(site);
      if (!isSingle(demand)) return this.#assign(peer, demand, pairs, keyIds, { deliver: true });
      const stocked = await this.#handOut.fromStock(site, demand);
      if (typeof stocked !== 'number') {
        void this.#setAside(peer, demand, pairs);
        return stocked;
      }
      try {
        return await this.#assign(peer, demand, pairs, keyIds, { deliver: true });
      } catch (error) {
        if (!isShortage(error)) throw error;
        return await this.#oneByOne(demand, () => this.#scrape(peer, demand, pairs, error));
      }
    });
  }

  /** More keys ahead while some are left, so that a busy pair never waits for them. Never rejects. */
  async #setAside(peer: Peer, demand: KeyDemand, pairs: readonly PolicyPair[]): Promise<void> {
    const { master, slaves, bytes, count } = demand;
    if (!this.#ahead.used(master, slaves[0]!, bytes, count)) return;
    try {
      await this.#assign(peer, { ...demand, count: 0 }, pairs, [], { deliver: true });
    } catch {
      // Whoever finds none left hears why.
    }
  }

  /**
   * There are not so many keys left to be assigned: with those set aside, or just being set aside, there may be enough. What
   * is lacking is set aside as well, so that nothing of it is lost when somebody else was faster.
   */
  async #scrape(
    peer: Peer,
    demand: KeyDemand,
    pairs: readonly PolicyPair[],
    refused: unknown,
  ): Promise<DeliveredKey[]> {
    const { master, slaves, bytes, count } = demand;
    await this.#ahead.settled(master, slaves[0]!, bytes);
    for (;;) {
      const stocked = await this.#handOut.fromStock(peer.id, demand);
      if (typeof stocked !== 'number') return stocked;
      if (stocked === 0) throw refused;
      const keyIds = Array.from({ length: count - stocked }, () => this.#options.uuid().toLowerCase());
      await this.#assign(peer, { ...demand, count: 0 }, pairs, keyIds, { deliver: true, alone: true });
    }
  }

  /** Whoever scrapes keys together takes none from another who does: of those who could each be served, one is. */
  async #oneByOne<T>({ master, slaves, bytes }: KeyDemand, work: () => Promise<T>): Promise<T> {
    const name = JSON.stringify([master, slaves[0], bytes]);
    const turn = (this.#scraping.get(name) ?? Promise.resolve()).catch(() => undefined).then(work);
    this.#scraping.set(name, turn);
    try {
      return await turn;
    } finally {
      if (this.#scraping.get(name) === turn) this.#scraping.delete(name);
    }
  }

  async assignKeys(demand: KeyDemand & { readonly keyIds: readonly string[] }): Promise<void> {
    const pairs = this.#permitted(demand);
    if (demand.keyIds.length !== demand.count) throw new KeyRefusal('argument', 'one id is needed for each key');
    await this.#answering(async () => {
      const site = this.#onlySite(demand);
      if (site === undefined) await carryKeys(this.#carrying(pairs), { ...demand, deliver: false });
      else await this.#assign(this.#peerOf(site), demand, pairs, demand.keyIds, { deliver: false });
    });
  }

  async getKeysWithIds(request: {
    readonly caller: string;
    readonly master?: string;
    readonly keyIds: readonly string[];
  }): Promise<DeliveredKey[]> {
    const { caller, master, keyIds } = request;
    const { registry } = this.#options;
    if (!registry.isLocal(caller)) throw new KeyRefusal('unauthorized', `${caller} is no application of this site`);
    if (master !== undefined) this.#pairRules(caller, master);
    if (keyIds.length < 1 || keyIds.length > MAX_COUNT || new Set(keyIds).size < keyIds.length) {
      throw new KeyRefusal('argument', `from 1 to ${MAX_COUNT} key ids are needed, each once`);
    }
    const site = master === undefined ? undefined : registry.siteOf(master);
    const scope = site === undefined || site === registry.siteId ? '' : site;
    return this.#answering(() => this.#handOut.withIds(scope, request));
  }

  mayShare(caller: string, other: string): void {
    if (!this.#options.registry.isLocal(caller)) {
      throw new KeyRefusal('unauthorized', `${caller} is no application of this site`);
    }
    this.#pairRules(caller, other);
  }

  async voidKeys(keyIds: readonly string[]): Promise<number> {
    return this.#answering(() =>
      this.#vault.atomically(async (tx) => {
        await this.#options.onBurn(tx, keyIds);
        return tx.keys.void(keyIds);
      }),
    );
  }

  async stock(master: string, slave: string, bytes = 32): Promise<PairStock> {
    const { registry, alarms, forecast, now } = this.#options;
    this.mayShare(master, slave);
    const rules = this.#pairRules(master, slave);
    const siteId = registry.siteOf(slave)!;
    const kmes = { sourceKmeId: registry.kmeId, targetKmeId: registry.kmeOf(slave)! };
    if (siteId === registry.siteId) {
      // Keys between applications of one site are made here, as many as are wanted and the quota grants.
      const granted = await this.#answering(() =>
        this.#vault.atomically((tx) => grantable(tx, [master, slave], rules, now())),
      );
      const bits = Math.min(granted, Number.MAX_SAFE_INTEGER);
      return { ...kmes, bits, keysOf: (size) => Math.floor(bits / (size * 8)), alarms: [], forecast: null };
    }
    return this.#answering(() =>
      this.#vault.atomically(async (tx) => {
        const raised = await alarms.list(tx);
        const { ways } = await usableWays(tx, registry.siteId, siteId, [[master, slave]], this.#ways());
        const peer = this.#options.peer(siteId);
        // Without a tag to assign them under, bits cannot be delivered.
        const sayable = peer !== undefined && (await peer.padsLeft(tx)) > PADS_KEPT;
        const usable = sayable ? ways : [];
        const ahead = (await this.#handOut.stocked(tx, [master, slave], bytes)).good.length;
        const free = usable.reduce((sum, { runs }) => sum + runs.reduce((a, b) => a + b, 0), 0);
        // Those set aside were counted when they were.
        const granted = await grantable(tx, [master, slave], rules, now());
        const onWay = await alarmsOnWays(tx, registry.siteId, siteId, raised);
        return {
          ...kmes,
          bits: Math.min(free * 8, granted) + ahead * bytes * 8,
          keysOf: (size) =>
            Math.min(
              usable.reduce((sum, way) => sum + fits(way, size), 0),
              Math.floor(granted / (size * 8)),
            ) + (size === bytes ? ahead : 0),
          alarms: onWay.map(({ link, reason }) => ({ link, reason })),
          forecast: forecast?.(siteId) ?? null,
        };
      }, siteId),
    );
  }

  /** The pairs of a demand, when all of them may share keys of this size. Throws KeyRefusal. */
  #permitted({ master, slaves, count, bytes }: KeyDemand): readonly PolicyPair[] {
    const { registry } = this.#options;
    if (!registry.isLocal(master)) throw new KeyRefusal('unauthorized', `${master} is no application of this site`);
    if (slaves.length < 1 || new Set(slaves).size < slaves.length || slaves.includes(master)) {
      throw new KeyRefusal(
        'argument',
        'one slave or more is needed, each named once, and none of them the master itself',
      );
    }
    if (!Number.isSafeInteger(count) || count < 1 || count > MAX_COUNT) {
      throw new KeyRefusal('argument', `from 1 to ${MAX_COUNT} keys can be had at a time`);
    }
    const rules = slaves.map((slave) => this.#pairRules(master, slave));
    rules.forEach(({ keyBits: { min, max } }, i) => {
      if (bytes * 8 >= min && bytes * 8 <= max) return;
      throw new KeyRefusal('argument', `keys of ${master} and ${slaves[i]} have from ${min} to ${max} bits`);
    });
    return slaves.map((slave) => [master, slave] as const);
  }

  #pairRules(caller: string, other: string): PairRules {
    const { registry, policy } = this.#options;
    if (!registry.isKnown(other))
      throw new KeyRefusal('unknown-sae', 'the SAE ID of the path is not known in this network');
    const rules = policy.rulesFor([caller, other]);
    if (!rules) throw new KeyRefusal('unauthorized', `no rule of the policy lets ${caller} and ${other} share keys`);
    return rules;
  }

  /** The one other site that all slaves are at; undefined when there are several, or some are here. */
  #onlySite({ slaves }: KeyDemand): string | undefined {
    const { registry } = this.#options;
    const [site, ...more] = new Set(slaves.map((slave) => registry.siteOf(slave)));
    return more.length > 0 || site === registry.siteId ? undefined : site;
  }

  #peerOf(site: string): Peer {
    const peer = this.#options.peer(site);
    if (!peer) throw new KeyRefusal('unreachable', `this site has no line to ${site}`, RETRY_AFTER_S);
    return peer;
  }

  #ways(demand?: KeyDemand['demand']): WaysOptions {
    const { policy, alarms, now, likeness } = this.#options;
    return { policy, alarms, context: { nowMs: now(), ...(demand && { demand }), ...(likeness && { likeness }) } };
  }

  #carrying(pairs: readonly PolicyPair[]): CarryOptions {
    const { vault, registry, random, uuid } = this.#options;
    return {
      ...{ vault, registry, random, uuid, pairs },
      peerOf: (site) => this.#peerOf(site),
      waysFor: (demand) => this.#ways(demand),
      count: (tx, { count, bytes }) => this.#count(tx, pairs, count, bytes),
      deliver: (tx, caller, records) => this.#handOut.deliver(tx, caller, records),
    };
  }

  async #count(tx: VaultTransaction, pairs: readonly PolicyPair[], count: number, bytes: number): Promise<void> {
    const taken = { keys: count, bits: count * bytes * 8, nowMs: this.#options.now() };
    if (count > 0) for (const pair of pairs) await countQuota(tx, pair, this.#pairRules(...pair), taken);
  }

  /** Reserves, has the peer assign, and delivers if that is wanted; all keys or none. With a count of 0 they are set aside. */
  async #assign(
    peer: Peer,
    demand: KeyDemand,
    pairs: readonly PolicyPair[],
    keyIds: readonly string[],
    options: { readonly deliver: boolean; readonly alone?: boolean },
  ): Promise<DeliveredKey[]> {
    const { deliver, alone = false } = options;
    const { master, slaves, bytes } = demand;
    const rules = this.#pairRules(...pairs[0]!);
    const mayAhead = deliver && !alone && isSingle(demand);
    const ahead = mayAhead ? this.#ahead.next(master, slaves[0]!, bytes, keyIds.length === 0) : undefined;
    // Keys that nobody asked for yet count among those that wait to be fetched.
    const mayWait = Math.floor((rules.quota.keysWaiting ?? Number.POSITIVE_INFINITY) / 2);
    const more = Math.min(ahead?.count ?? 0, MAX_BATCH - keyIds.length, mayWait);
    const aheadIds = Array.from({ length: more }, () => this.#options.uuid().toLowerCase());
    let reserved: string[] = [];
    let isRefused = false;
    try {
      const keys = await peer.request({
        share: `${master} and ${slaves[0]}`,
        build: async (tx) => {
          await this.#count(tx, pairs, keyIds.length, bytes);
          // As of the way, keys ahead take an eighth of what is left of the quota.
          const granted = more > 0 ? await grantable(tx, pairs[0]!, rules, this.#options.now()) : 0;
          const batches = await this.#reserve(tx, peer.id, demand, pairs, {
            keyIds,
            aheadIds: aheadIds.slice(0, Math.min(more, Math.floor(granted / (bytes * 64)))),
            purpose: deliver ? '' : NAMED,
          });
          reserved = batches.flatMap(({ keys }) => keys.map(({ keyId }) => keyId));
          await this.#count(tx, pairs, reserved.length - keyIds.length, bytes);
          return { kind: 'assign', batches };
        },
        settle: async (tx, answer) => {
          if (answer.status !== 'accepted') {
            isRefused = true;
            throw new RefusedThere('unreachable', `the other site refused the keys: ${answer.reason}`, RETRY_AFTER_S);
          }
          await tx.keys.assign(reserved);
          if (!deliver || demand.count === 0) return [];
          return this.#handOut.deliver(tx, master, (await tx.keys.find(keyIds)) as KeyRecord[]);
        },
      });
      ahead?.done(true, reserved.length - keyIds.length);
      return keys;
    } catch (error) {
      ahead?.done(false);
      // Nobody can know what the peer has taken in: burned here, and the next flush has the peer burn them, too.
      if (reserved.length > 0) await this.#vault.atomically((tx) => tx.keys.void(reserved), peer.id);
      // Keys that nobody asked for may have been too many: they must not cost those that somebody did ask for.
      if (!isRefused || keyIds.length === 0 || reserved.length === keyIds.length) throw error;
      const others = keyIds.map(() => this.#options.uuid().toLowerCase());
      return this.#assign(peer, demand, pairs, others, { ...options, alone: true });
    }
  }

  /** Cuts keys from the ways that all pairs may use: those asked for, and as many ahead as the same way has. */
  async #reserve(
    tx: VaultTransaction,
    peer: string,
    { master, slaves, bytes, demand }: KeyDemand,
    pairs: readonly PolicyPair[],
    wanted: { readonly keyIds: readonly string[]; readonly aheadIds: readonly string[]; readonly purpose: string },
  ): Promise<KeyBatch[]> {
    const { ways, refused } = await usableWays(tx, this.#options.registry.siteId, peer, pairs, this.#ways(demand));
    const keyIds = [...wanted.keyIds];
    const requests = ways.flatMap((way) => {
      const cut = keyIds.splice(0, fits(way, bytes));
      return cut.length ? [{ way, keyIds: cut }] : [];
    });
    if (keyIds.length > 0) {
      const raised = await this.#options.alarms.list(tx);
      const [alarm] = await alarmsOnWays(tx, this.#options.registry.siteId, peer, raised);
      if (ways.length === 0 && refused !== undefined && demand) throw new KeyRefusal('demand', refused);
      if (ways.length === 0 && alarm) {
        throw new KeyRefusal('alarm', `the link ${alarm.link} is under alarm: ${alarm.reason}`, RETRY_AFTER_S);
      }
      throw new KeyRefusal('short', 'not enough keys are available', RETRY_AFTER_S);
    }
    const [first] = ways;
    if (requests.length === 0 && first) requests.push({ way: first, keyIds: [] });
    const last = requests.at(-1);
    if (!last) throw new KeyRefusal('short', 'not enough keys are available', RETRY_AFTER_S);
    const room = fits(last.way, bytes) - last.keyIds.length;
    last.keyIds.push(...wanted.aheadIds.slice(0, Math.max(0, Math.floor(room / 8))));
    if (last.keyIds.length === 0) throw new KeyRefusal('short', 'not enough keys are available', RETRY_AFTER_S);
    const common = { bytes, masterSae: master, slaveSaes: slaves, purpose: wanted.purpose };
    const records = await tx.keys.reserve(requests.map(({ way, keyIds }) => ({ ...common, lane: way.lane, keyIds })));
    const places = new Map(records.flat().map(({ keyId, offset }) => [keyId, offset]));
    return requests.map(({ way, keyIds }) => ({
      ...common,
      lane: way.lane,
      keys: keyIds.map((keyId) => ({ keyId, offset: places.get(keyId)! })),
    }));
  }

  /** Tells every failure as a KeyRefusal. What a caller cannot help and need not know stands in the journal. */
  async #answering<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof KeyRefusal) throw error;
      const { code = '' } = error as { code?: string };
      if (code === 'vault/short') throw new KeyRefusal('short', 'not enough keys are available', RETRY_AFTER_S);
      if (code === 'kme/no-pads') throw new KeyRefusal('short', (error as Error).message, RETRY_AFTER_S);
      if (error instanceof KmeError) throw new KeyRefusal('unreachable', error.message, RETRY_AFTER_S);
      this.#options.note('alarm', `a key request failed: ${error instanceof Error ? error.message : String(error)}`);
      throw new KeyRefusal('unavailable', 'the key store is not available', RETRY_AFTER_S);
    }
  }
}
