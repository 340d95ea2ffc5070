import {
  type KeyBatch,
  type KeyRecord,
  type PoisonReport,
  type Range,
  type Vault,
  VaultError,
  type VaultTransaction,
} from '@skykey/vault';
import type { LinkAlarm } from './alarm.ts';
import { acceptCarried } from './delivery/carry.ts';
import { Delivery } from './delivery/delivery.ts';
import { countQuota } from './delivery/quota.ts';
import { KmeError } from './error.ts';
import { answer014 } from './etsi014/handler.ts';
import { DEFAULT_LIMITS, type Limits } from './etsi014/request.ts';
import type { KmeRequest, KmeResponse } from './etsi014/response.ts';
import { CARRIED_LANE, keyLane } from './lanes.ts';
import { decide, type Policy } from './network/policy.ts';
import { type KmeEntry, Registry, type SaeEntry } from './network/registry.ts';
import type { Likeness } from './network/topology.ts';
import {
  type AlarmClass,
  type KeyMessage,
  MAX_BATCH,
  MAX_WORD_BYTES,
  type PeerAnswer,
  type PeerMessage,
  shorten,
} from './peer/message.ts';
import type { PeerLink } from './peer/peer.ts';
import { Exchange, type FlushReport, type RelayPlan } from './relay/exchange.ts';
import { hiddenBy, notYounger } from './relay/labels.ts';
import { type KeyForecast, KeyRefusal, type KeyService, type PeerWords } from './service.ts';

export interface KmeOptions {
  readonly kmeId: string;
  /** Every KME of the network, this one among them. */
  readonly kmes: readonly KmeEntry[];
  /** Every SAE of the network, those of this site among them. */
  readonly saes: readonly SaeEntry[];
  readonly policy: Policy;
  /** Other nodes that this one hears from: sites by their site id, satellites by theirs. */
  readonly peers: readonly { readonly node: string; readonly link: PeerLink }[];
  readonly vault: Vault;
  /** A random UUID, version 4: never the same twice in the network, and independent of the key. */
  readonly uuid: () => string;
  /** Uniform secret bytes from a cryptographic generator. */
  readonly random: (bytes: number) => Uint8Array;
  /** UTC, milliseconds. */
  readonly now: () => number;
  readonly limits?: Partial<Limits>;
  /** An assigned key that nobody fetches for so long is burned. Default one day. */
  readonly keyTtlMs?: number;
  readonly plan?: RelayPlan;
  /** What nodes count as one with when ways are to be disjoint (`Topology.likeness`). */
  readonly likeness?: (nodeId: string, by: Likeness) => string;
  readonly forecast?: (siteId: string) => KeyForecast | null;
  /** Key has come, or an alarm. */
  readonly onChange?: () => void;
  /** A link is under alarm, and nobody gets what rested on it any more: in the turn in which that became durable. */
  readonly onAlarm?: (alarm: LinkAlarm) => void;
}

const DAY_MS = 86_400_000;
/** Steps in which a flush burns what nobody has fetched, overwrites and forgets: 16,000 keys, or other work waits too long. */
const EXPIRY_STEPS = 16;

/**
 * Key management entity of one site: hands keys to its applications, keeps in step with the KMEs of the other sites, and
 * is a node of the relay network. Keys come from vault lanes that this side leads, so two sites never allocate the same
 * bytes; several processes may serve one site on one PostgreSQL vault.
 */
export class Kme {
  readonly registry: Registry;
  readonly exchange: Exchange;
  /** What every key interface asks. */
  readonly keys: KeyService;
  /** Words to and from other KMEs. */
  readonly words: PeerWords;
  readonly limits: Limits;
  readonly #options: KmeOptions;
  readonly #vault: Vault;
  readonly #topics = new Map<string, Parameters<PeerWords['hear']>[1]>();

  /** Throws KmeError `kme/argument`. */
  constructor(options: KmeOptions) {
    this.#options = options;
    this.#vault = options.vault;
    this.limits = { ...DEFAULT_LIMITS, ...options.limits };
    checkLimits(this.limits);
    this.registry = new Registry(options);
    const {
      vault,
      peers,
      uuid,
      random,
      now,
      plan,
      policy,
      likeness,
      forecast,
      onChange,
      onAlarm,
      keyTtlMs = DAY_MS,
    } = options;
    this.exchange = new Exchange({
      ...{ vault, self: this.registry.siteId, peers, uuid, now },
      ...(plan && { plan }),
      ...(onChange && { onChange }),
      ...(onAlarm && { onAlarm }),
      apply: (tx, from, message) => this.#apply(tx, from, message),
      hear: (from, topic, body) => this.#hear(from, topic, body),
    });
    this.keys = new Delivery({
      ...{ vault, registry: this.registry, policy, alarms: this.exchange.alarms, uuid, random, now, keyTtlMs },
      ...(likeness && { likeness }),
      ...(forecast && { forecast }),
      peer: (siteId) => this.exchange.peer(siteId),
      onBurn: (tx, keyIds) => this.#tellMasters(tx, keyIds),
      note: (severity, text) => {
        void vault.atomically((tx) => this.exchange.note(tx, severity, text)).catch(() => undefined);
      },
    });
    this.words = {
      tell: (kmeId, topic, body) => this.#tell(kmeId, topic, body),
      hear: (topic, handler) => void this.#topics.set(topic, handler),
    };
  }

  /** Answers one request by ETSI GS QKD 014. Never rejects. */
  handle(request: KmeRequest): Promise<KmeResponse> {
    const { keys, limits } = this;
    return answer014(request, { keys, limits, isLocal: (saeId) => this.registry.isLocal(saeId) });
  }

  /** Answers a message of another node. Never rejects; what is not authentic has no effect. */
  handlePeer(message: Uint8Array): Promise<Uint8Array> {
    return this.exchange.handle(message);
  }

  // Messages of other KMEs about keys

  async #apply(tx: VaultTransaction, from: string, message: KeyMessage): Promise<PeerAnswer> {
    try {
      if (message.kind === 'carry') return await tx.atomically(() => this.#carried(tx, from, message));
      if (message.kind === 'burn') {
        await this.#burn(tx, from, message.keyIds);
        return { status: 'accepted' };
      }
      const batches = message.batches.map((batch) => this.#admitted(from, batch));
      if (message.kind === 'void') await tx.keys.voidBatch(await this.#ownKeys(tx, batches));
      else await tx.atomically(() => this.#assign(tx, batches));
      return { status: 'accepted' };
    } catch (error) {
      const told =
        error instanceof KmeError ||
        error instanceof KeyRefusal ||
        (error instanceof VaultError && error.code !== 'vault/disk-full');
      if (!told || (error as VaultError).code === 'vault/unavailable') throw error;
      return { status: 'refused', reason: shorten((error as Error).message) };
    }
  }

  /** A peer speaks for its own applications and to ours, as far as the policy lets them share keys; for nobody else. */
  #admitted(from: string, batch: KeyBatch): KeyBatch {
    return { ...batch, purpose: 'fetched', holders: this.#holders(from, batch.masterSae, batch.slaveSaes) };
  }

  #holders(from: string, masterSae: string, slaveSaes: readonly string[]): string[] {
    if (this.registry.siteOf(masterSae) !== from) {
      throw new KmeError('kme/not-for-us', `${masterSae} is no application of ${from}`);
    }
    const holders = slaveSaes.filter((saeId) => this.registry.isLocal(saeId));
    if (holders.length === 0) throw new KmeError('kme/not-for-us', 'none of the slaves is an application of this site');
    const stranger = slaveSaes.find((saeId) => !this.#options.policy.rulesFor([masterSae, saeId]));
    if (stranger !== undefined) throw new KmeError('kme/not-for-us', `${masterSae} and ${stranger} may not share keys`);
    return holders;
  }

  /** A peer voids keys that are known as it says, with its own application as their master; others are passed over. */
  async #ownKeys(tx: VaultTransaction, batches: readonly KeyBatch[]): Promise<KeyBatch[]> {
    const own: KeyBatch[] = [];
    for (const batch of batches) {
      const known = await tx.keys.find(batch.keys.map(({ keyId }) => keyId));
      const keys = batch.keys.filter((_, i) => !known[i] || (known[i].role === 'slave' && isOf(known[i], batch)));
      if (keys.length > 0) own.push({ ...batch, keys });
    }
    return own;
  }

  async #assign(tx: VaultTransaction, batches: readonly KeyBatch[]): Promise<void> {
    const fresh: KeyBatch[] = [];
    const closed = new Set((await this.exchange.alarms.list(tx)).map(({ link }) => link));
    for (const batch of batches) {
      const known = await tx.keys.find(batch.keys.map(({ keyId }) => keyId));
      if (known.every((key, i) => key && isSame(key, batch, batch.keys[i]!.offset))) continue;
      await this.#checkLabels(tx, batch, closed);
      await this.#checkQuota(tx, batch.masterSae, batch.slaveSaes, batch.keys.length, batch.bytes);
      fresh.push(batch);
    }
    if (fresh.length === 0) return;
    await tx.keys.register(fresh);
  }

  /** This site's own policy decides about its half of the key, whatever the other site's says. */
  async #checkLabels(tx: VaultTransaction, batch: KeyBatch, closed: ReadonlySet<string>): Promise<void> {
    const { policy, now, likeness } = this.#options;
    for (const labels of (await tx.labelsOf(runsOf(batch))).flat()) {
      const link = labels.originLinks.find((origin) => closed.has(origin));
      if (link !== undefined) throw new KmeError('kme/alarm', `the link ${link} is under alarm`);
      for (const slave of batch.slaveSaes) {
        const decision = decide(policy, [batch.masterSae, slave], labels, {
          nowMs: now(),
          ...(likeness && { likeness }),
        });
        if (!decision.allowed) throw new KmeError('kme/not-for-us', decision.why);
      }
    }
  }

  /** Keys that a slave never fetches must not pile up beyond what the policy allows the pair. */
  async #checkQuota(
    tx: VaultTransaction,
    masterSae: string,
    slaveSaes: readonly string[],
    count: number,
    bytes: number,
  ): Promise<void> {
    const { policy, now } = this.#options;
    for (const slave of slaveSaes.filter((saeId) => this.registry.isLocal(saeId))) {
      const pair = [masterSae, slave] as const;
      const rules = policy.rulesFor(pair)!;
      await countQuota(tx, pair, rules, { keys: count, bits: count * bytes * 8, nowMs: now() });
      const most = rules.quota.keysWaiting;
      if (most === null) continue;
      const waiting = await tx.keys.countOpen({ masterSae, saeId: slave });
      if (waiting + count > most) {
        throw new KmeError('kme/busy', `${waiting} keys of ${masterSae} wait for ${slave} already, of at most ${most}`);
      }
    }
  }

  async #carried(
    tx: VaultTransaction,
    from: string,
    message: PeerMessage & { readonly kind: 'carry' },
  ): Promise<PeerAnswer> {
    const holders = this.#holders(from, message.masterSae, message.slaveSaes);
    const padLane = keyLane(from, this.registry.siteId, message.pad.way);
    const own = await tx.labels({ lane: padLane, offset: message.pad.offset, bytes: message.pad.bytes });
    const hidden = hiddenBy(message.labels, own);
    if (hidden) throw new KmeError('kme/argument', hidden);
    const labels = notYounger(message.labels, own);
    const closed = new Set((await this.exchange.alarms.list(tx)).map(({ link }) => link));
    const link = message.labels.originLinks.find((origin) => closed.has(origin));
    if (link !== undefined) throw new KmeError('kme/alarm', `the link ${link} is under alarm`);
    for (const slave of holders) {
      const { policy, now, likeness } = this.#options;
      const context = { nowMs: now(), ...(likeness && { likeness }) };
      const decision = decide(policy, [message.masterSae, slave], labels, context);
      if (!decision.allowed) throw new KmeError('kme/not-for-us', decision.why);
    }
    const isKnown = (await tx.keys.find(message.keyIds)).some((key) => key !== undefined);
    if (!isKnown) await this.#checkQuota(tx, message.masterSae, holders, message.keyIds.length, message.bytes);
    await acceptCarried(tx, { padLane, holders }, { ...message, labels });
    return { status: 'accepted' };
  }

  // Words

  async #tell(kmeId: string, topic: string, body: Uint8Array): Promise<Uint8Array> {
    const peer = this.exchange.peer(this.registry.siteOfKme(kmeId) ?? '');
    if (!peer) throw new KmeError('kme/unreachable', `this site has no line to ${kmeId}`);
    return peer.request({
      word: true,
      build: async () => ({ kind: 'word', topic, body }),
      settle: async (_, answer) => {
        if (answer.status !== 'accepted') throw new KmeError('kme/unreachable', `${kmeId} refused: ${answer.reason}`);
        return answer.body ?? new Uint8Array(0);
      },
    });
  }

  async #hear(from: string, topic: string, body: Uint8Array): Promise<PeerAnswer> {
    const handler = this.#topics.get(topic);
    const kmeId = this.registry.kmeOfSite(from);
    if (!handler || kmeId === undefined)
      return { status: 'refused', reason: `nobody here hears of ${JSON.stringify(topic)}` };
    try {
      const answer = await handler({ kmeId, saysFor: (saeId) => this.registry.kmeOf(saeId) === kmeId }, body);
      if (answer.length > MAX_WORD_BYTES) throw new KmeError('kme/argument', `the answer has ${answer.length} bytes`);
      return { status: 'accepted', body: answer };
    } catch (error) {
      return { status: 'refused', reason: shorten(error instanceof Error ? error.message : String(error)) };
    }
  }

  // Alarm

  /** The alarm of a quantum link of this site, told to everybody on the next flush. Rejects when the vault refuses. */
  raiseAlarm(link: string, reason: string, found?: AlarmClass): Promise<PoisonReport> {
    return this.exchange.raiseAlarm(link, reason, found);
  }

  /** The operator takes a link back into service. False when this site had no alarm on it. */
  reopen(link: string): Promise<boolean> {
    return this.exchange.reopen(link);
  }

  alarms(): Promise<LinkAlarm[]> {
    return this.exchange.listAlarms();
  }

  /** Burns what nobody has fetched, has other sites burn what was void here, and does what waits (`Exchange.flush`). */
  async flush(): Promise<FlushReport> {
    const { now, keyTtlMs = DAY_MS } = this.#options;
    try {
      await this.#vault.expire(now() - keyTtlMs, EXPIRY_STEPS);
      await this.#vault.atomically((tx) => this.#tellVoids(tx));
    } catch {
      // The vault refuses writes: the next flush tries again.
    }
    return this.exchange.flush();
  }

  /** The sites of masters hear which of their keys are burned here, and tell everybody else who has them. */
  async #tellMasters(tx: VaultTransaction, keyIds: readonly string[]): Promise<void> {
    const records = await tx.keys.find([...new Set(keyIds)]);
    const concerned = records.filter((record) => record?.role === 'slave' && record.copies.some(isNotVoid));
    for (const [site, keys] of Map.groupBy(concerned, (record) => this.registry.siteOf(record!.masterSae))) {
      if (site === undefined || site === this.registry.siteId) continue;
      for (let at = 0; at < keys.length; at += MAX_BATCH) {
        const told = keys.slice(at, at + MAX_BATCH).map((record) => record!.keyId);
        await this.exchange.tellUrgently(tx, site, { kind: 'burn', keyIds: told });
      }
    }
  }

  /** A peer has burned keys of its own slaves: so does this site of their master, and it has other sites of slaves do so. */
  async #burn(tx: VaultTransaction, from: string, keyIds: readonly string[]): Promise<void> {
    const there = (saeId: string): boolean => this.registry.siteOf(saeId) === from;
    const concerned = (await tx.keys.find(keyIds)).filter(
      (record) => record?.role === 'master' && record.slaveSaes.some(there),
    ) as KeyRecord[];
    const known = concerned.filter(({ slaveSaes }) => slaveSaes.every(there)).map(({ keyId }) => keyId);
    await tx.keys.void(concerned.filter(({ copies }) => copies.some(isNotVoid)).map(({ keyId }) => keyId));
    // Where nobody but the peer has a copy, everybody knows.
    await tx.keys.told(known);
  }

  async #tellVoids(tx: VaultTransaction): Promise<void> {
    const untold = await tx.keys.untold(MAX_BATCH);
    const { siteId } = this.registry;
    const batches = new Map<
      string,
      { site: string; batch: KeyBatch & { keys: { keyId: string; offset: number }[] } }
    >();
    for (const { keyId, lane, bytes, offset, masterSae, slaveSaes } of untold) {
      for (const site of new Set(slaveSaes.map((saeId) => this.registry.siteOf(saeId)))) {
        if (site === undefined || site === siteId) continue;
        const name = JSON.stringify([site, lane, bytes, masterSae, slaveSaes]);
        const known = batches.get(name) ?? { site, batch: { lane, bytes, masterSae, slaveSaes, keys: [] } };
        known.batch.keys.push({ keyId, offset: lane === CARRIED_LANE ? 0 : offset });
        batches.set(name, known);
      }
    }
    for (const { site, batch } of batches.values()) {
      await this.exchange.tellUrgently(tx, site, { kind: 'void', batches: [batch] });
    }
    await tx.keys.told(untold.map(({ keyId }) => keyId));
  }
}

const isNotVoid = ({ state }: KeyRecord['copies'][number]): boolean => state !== 'VOIDED';

/** Whether a key is known as exactly this one: then the assignment is a repetition. */
const isSame = (key: KeyRecord, batch: KeyBatch, offset: number): boolean =>
  key.copies.some(({ state }) => state === 'ASSIGNED') &&
  key.offset === offset &&
  key.bytes === batch.bytes &&
  isOf(key, batch);

/** Whether a key was assigned by the master, to the slaves and out of the lane of a batch. */
const isOf = (key: KeyRecord, batch: KeyBatch): boolean =>
  key.lane === batch.lane &&
  key.masterSae === batch.masterSae &&
  JSON.stringify(key.slaveSaes) === JSON.stringify(batch.slaveSaes);

/** Where the keys of a batch lie, neighbours joined: what lies between others is none of theirs. */
function runsOf({ lane, bytes, keys }: KeyBatch): Range[] {
  const runs: { lane: string; offset: number; bytes: number }[] = [];
  for (const { offset } of [...keys].sort((a, b) => a.offset - b.offset)) {
    const last = runs.at(-1);
    if (last && last.offset + last.bytes === offset) last.bytes += bytes;
    else runs.push({ lane, offset, bytes });
  }
  return runs;
}

function checkLimits(limits: Limits): void {
  const { keySize, minKeySize, maxKeySize, maxKeyPerRequest, maxKeyCount, maxSaeIdCount } = limits;
  const whole = Object.entries(limits).every(
    ([name, limit]) => Number.isSafeInteger(limit) && limit >= (name === 'maxSaeIdCount' ? 0 : 1),
  );
  const bytes = [keySize, minKeySize, maxKeySize].every((size) => size % 8 === 0);
  if (
    !whole ||
    !bytes ||
    minKeySize > keySize ||
    keySize > maxKeySize ||
    maxKeyPerRequest > MAX_BATCH ||
    maxKeyCount > 2 ** 31 - 1 ||
    maxSaeIdCount > 63
  ) {
    throw new KmeError('kme/argument', `these limits cannot all hold: ${JSON.stringify(limits)}`);
  }
}
