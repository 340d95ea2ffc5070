/**
 * Applications are told what became of their keys, each of its own pairs only: `GET /skykey/v1/events` beside ETSI GS QKD
 * 014, with the same certificate. An alarm is told in the turn in which the vault has it, before a later answer can leave.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { type DeliveredKey, KeyRefusal, type KeyService, keyLanes, type LinkAlarm, type Policy } from '@skykey/kme';
import type { Vault } from '@skykey/vault';
import type { ServedAnswer } from '../wire/mutual-tls.ts';
import { type ConsumerEvent, ConsumerLog } from './consumer-events-log.ts';

export const EVENTS_PATH = '/skykey/v1/events';

export interface ConsumerEventsOptions {
  /** Of this process, never the same twice: letters and digits. */
  readonly run: string;
  readonly keys: KeyService;
  readonly siteId: string;
  readonly isLocal: (saeId: string) => boolean;
  readonly siteOf: (saeId: string) => string | undefined;
  readonly policy: Policy;
  readonly vault: Vault;
  /** Whether other processes write to the vault, too. */
  readonly shared: boolean;
  readonly alarms: () => Promise<readonly LinkAlarm[]>;
  /** Bytes of the keys that `stored_key_count` counts. */
  readonly keyBytes: number;
  /** The vault's clock, UTC, milliseconds. */
  readonly now: () => number;
}

/** A key that left lately, to be told when a link that it rests on turns out to be tapped. */
interface Left {
  readonly keyId: string;
  readonly links: readonly string[];
}

interface Consumer {
  readonly log: ConsumerLog;
  /** Alarms that it was told of: by link, with the other applications concerned. */
  readonly alarms: Map<string, { readonly reason: string; readonly others: readonly string[] }>;
  /** By the other application. */
  readonly stock: Map<string, number>;
  readonly left: Left[];
  streams: number;
}

const MAX_STREAMS = 16;
/** Keys of an application that are remembered after they left. */
const MAX_LEFT = 1024;
const MAX_IDS_IN_EVENT = 128;
/** A transaction of another process on the same vault ends within that time. */
const SHARED_LAG_MS = 1_000;
const RETRY_AFTER_S = '5';

export class ConsumerEvents {
  readonly #options: ConsumerEventsOptions;
  /** Those that have ever listened to this process. */
  readonly #consumers = new Map<string, Consumer>();
  /** Links that key with a site has rested on. */
  readonly #links = new Map<string, Set<string>>();
  #voidedMs: number;
  /** Alarms heard so far: a list that was read before one of them is older than it. */
  #heard = 0;

  constructor(options: ConsumerEventsOptions) {
    this.#options = options;
    this.#voidedMs = options.now();
  }

  /** Answers a request for the stream; as in 014, who is nobody here gets 401 without a word. */
  async answer(request: {
    readonly peerId: string | null;
    readonly method: string;
    readonly headers: IncomingHttpHeaders;
  }): Promise<ServedAnswer> {
    const { peerId, method, headers } = request;
    if (peerId === null || !this.#options.isLocal(peerId)) return { status: 401 };
    if (method !== 'GET') return { status: 405, headers: { Allow: 'GET' } };
    const consumer = await this.#consumer(peerId);
    if (consumer.streams >= MAX_STREAMS) {
      const message = `${peerId} has ${MAX_STREAMS} streams of events open here: close one`;
      const told = { 'Content-Type': 'application/json', 'Retry-After': RETRY_AFTER_S };
      return { status: 503, headers: told, body: JSON.stringify({ message }) };
    }
    const last = headers['last-event-id'];
    const stream = consumer.log.stream(typeof last === 'string' ? last : undefined, () => standing(consumer));
    return {
      status: 200,
      headers: {
        ...{ 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-store' },
        'X-Accel-Buffering': 'no',
      },
      body: counted(consumer, stream),
    };
  }

  /** Remembers what leaves, for alarms that come later. */
  watching(keys: KeyService): KeyService {
    const remember = (saeId: string, delivered: DeliveredKey[]): DeliveredKey[] => {
      const left = this.#consumers.get(saeId)?.left;
      left?.push(...delivered.map(({ keyId, labels }) => ({ keyId, links: labels.originLinks })));
      left?.splice(0, left.length - MAX_LEFT);
      return delivered;
    };
    return {
      kmeId: keys.kmeId,
      getKeys: async (demand) => remember(demand.master, await keys.getKeys(demand)),
      getKeysWithIds: async (request) => remember(request.caller, await keys.getKeysWithIds(request)),
      assignKeys: (demand) => keys.assignKeys(demand),
      voidKeys: (keyIds) => keys.voidKeys(keyIds),
      mayShare: (caller, other) => keys.mayShare(caller, other),
      stock: (master, slave, bytes) => keys.stock(master, slave, bytes),
    };
  }

  /** A link is under alarm, and the vault has it: told before this returns. What was voided by it follows. */
  alarm({ link, reason }: Pick<LinkAlarm, 'link' | 'reason'>): void {
    this.#heard++;
    for (const [saeId, consumer] of this.#consumers) this.#tellAlarm(saeId, consumer, link, reason);
    // A vault that refuses is asked again by the next tick.
    void this.#tellVoided().catch(() => undefined);
  }

  /** For every tick: alarms that other processes heard, links that are open again, keys that are void. */
  async follow(): Promise<void> {
    if (this.#consumers.size === 0) return;
    await this.#learnLinks();
    const before = this.#heard;
    const alarms = new Map((await this.#options.alarms()).map(({ link, reason }) => [link, reason]));
    for (const [saeId, consumer] of this.#consumers) {
      for (const [link, reason] of alarms) {
        if (!consumer.alarms.has(link)) this.#tellAlarm(saeId, consumer, link, reason);
      }
      for (const [link, { others }] of consumer.alarms) {
        if (alarms.has(link) || before !== this.#heard) continue;
        consumer.alarms.delete(link);
        consumer.log.append({ event: 'reopened', data: { link, SAE_IDs: others } });
      }
    }
    await this.#tellVoided();
  }

  /** Every second or so: pairs that have no key any more, or have some again. */
  async followStock(): Promise<void> {
    for (const [saeId, consumer] of this.#consumers) {
      for (const other of this.#others(saeId)) await this.#countStock(saeId, consumer, other);
    }
  }

  /** Ends the streams. */
  close(): void {
    for (const { log } of this.#consumers.values()) log.end();
  }

  async #consumer(saeId: string): Promise<Consumer> {
    const known = this.#consumers.get(saeId);
    if (known) return known;
    const made: Consumer = {
      ...{ log: new ConsumerLog(this.#options.run), streams: 0 },
      ...{ alarms: new Map(), stock: new Map(), left: [] },
    };
    // From now on it hears of what happens; how things stand is read beside that.
    this.#consumers.set(saeId, made);
    await this.#learnLinks();
    const before = this.#heard;
    for (const { link, reason } of await this.#options.alarms()) {
      const others = this.#concerned(saeId, link);
      if (others.length > 0 && before === this.#heard) made.alarms.set(link, { reason, others });
    }
    for (const other of this.#others(saeId)) await this.#countStock(saeId, made, other);
    return made;
  }

  #others(saeId: string): string[] {
    return this.#options.policy.pairs.filter((pair) => pair.includes(saeId)).map(([a, b]) => (a === saeId ? b : a));
  }

  /** The other applications of its pairs whose key rests on the link, or has. */
  #concerned(saeId: string, link: string): string[] {
    const { siteOf } = this.#options;
    return this.#others(saeId).filter((other) => this.#links.get(siteOf(other) ?? '')?.has(link));
  }

  #tellAlarm(saeId: string, consumer: Consumer, link: string, reason: string): void {
    const others = this.#concerned(saeId, link);
    const spent = consumer.left.filter(({ links }) => links.includes(link)).map(({ keyId }) => keyId);
    if (others.length > 0 && !consumer.alarms.has(link)) {
      consumer.alarms.set(link, { reason, others });
      consumer.log.append({ event: 'alarm', data: { link, reason, SAE_IDs: others } });
    }
    if (spent.length === 0) return;
    const kept = consumer.left.filter(({ links }) => !links.includes(link));
    consumer.left.splice(0, consumer.left.length, ...kept);
    tellVoid(consumer, spent);
  }

  async #tellVoided(): Promise<void> {
    const { vault, shared } = this.#options;
    const saeIds = [...this.#consumers.keys()];
    const fromMs = this.#voidedMs;
    const { copies, untilMs } = await vault.atomically((tx) =>
      tx.keys.voidedSince(fromMs, saeIds, shared ? SHARED_LAG_MS : 0),
    );
    // Another reader of the same stretch was faster.
    if (this.#voidedMs !== fromMs) return;
    this.#voidedMs = untilMs;
    for (const saeId of saeIds) {
      const own = copies.filter((copy) => copy.saeId === saeId).map(({ keyId }) => keyId);
      if (own.length > 0) tellVoid(this.#consumers.get(saeId)!, own);
    }
  }

  async #countStock(saeId: string, consumer: Consumer, other: string): Promise<void> {
    const { keys, keyBytes } = this.#options;
    let count: number;
    try {
      count = (await keys.stock(saeId, other, keyBytes)).keysOf(keyBytes);
    } catch (error) {
      // The policy has changed meanwhile, or the vault is away for a moment.
      if (error instanceof KeyRefusal) return;
      throw error;
    }
    const known = consumer.stock.get(other);
    consumer.stock.set(other, count);
    if (known !== undefined && (known === 0) !== (count === 0)) consumer.log.append(stockEvent(other, count));
  }

  /** Alarms come without time to look: what they concern is read before. */
  async #learnLinks(): Promise<void> {
    const { siteId, siteOf, vault } = this.#options;
    const sites = new Set([...this.#consumers.keys()].flatMap((saeId) => this.#others(saeId)).map(siteOf));
    for (const site of sites) {
      if (site === undefined || site === siteId) continue;
      const links = await vault.atomically(async (tx) => {
        const lanes = [...(await tx.lanes(keyLanes(siteId, site))), ...(await tx.lanes(keyLanes(site, siteId)))];
        const found: string[] = [];
        for (const lane of lanes) found.push(...((await tx.newest(lane))?.originLinks ?? []));
        return found;
      }, site);
      const known = this.#links.get(site) ?? new Set();
      for (const link of links) known.add(link);
      this.#links.set(site, known);
    }
  }
}

const stockEvent = (other: string, count: number): ConsumerEvent => ({
  event: 'stock',
  data: { SAE_ID: other, stored_key_count: count },
});

const standing = ({ alarms, stock }: Consumer): ConsumerEvent[] => [
  ...[...alarms].map(
    ([link, { reason, others }]): ConsumerEvent => ({ event: 'alarm', data: { link, reason, SAE_IDs: others } }),
  ),
  ...[...stock].map(([other, count]) => stockEvent(other, count)),
];

function tellVoid({ log }: Consumer, keyIds: readonly string[]): void {
  for (let at = 0; at < keyIds.length; at += MAX_IDS_IN_EVENT) {
    log.append({ event: 'voided', data: { key_IDs: keyIds.slice(at, at + MAX_IDS_IN_EVENT) } });
  }
}

/** Counts the streams of an application for as long as they are read. */
function counted(consumer: Consumer, stream: AsyncIterable<string>): AsyncIterable<string> {
  return {
    [Symbol.asyncIterator]() {
      const reader = stream[Symbol.asyncIterator]();
      consumer.streams++;
      let open = true;
      const leave = (): void => {
        if (open) consumer.streams--;
        open = false;
      };
      return {
        async next() {
          const step = await reader.next();
          if (step.done) leave();
          return step;
        },
        async return() {
          leave();
          return (await reader.return?.()) ?? { done: true, value: undefined };
        },
      };
    },
  };
}
