import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { SecretBytes } from '@skykey/bits';
import { KmeError } from '../../error.ts';
import {
  type DeliveredKey,
  type KeyDemand,
  KeyRefusal,
  type KeyService,
  type Notebook,
  type PairStock,
  type PeerWords,
  type RefusalCode,
} from '../../service.ts';
import type { OpenRequest, OpenResponse, Qos, StreamRequest, StreamResponse } from '../message.ts';
import type { StreamLimits } from '../qos.ts';
import { KeyStreams } from '../streams.ts';

/** A world of two sites, beijing and moscow, with one application each, for tests. */
export const ALICE = 'desk-beijing';
export const BOB = 'desk-moscow';
const SITE: Record<string, string> = {
  [ALICE]: 'beijing',
  [BOB]: 'moscow',
  'vpn-beijing': 'beijing',
  'vpn-moscow': 'moscow',
};

/** Raised where a process is killed: nothing after it happens. */
export class Killed extends Error {}

/** All keys of the world: who may fetch each, and who has. */
interface KeptKey {
  readonly bytes: Uint8Array;
  readonly owed: Set<string>;
}

export class Pair {
  nowMs = 1_800_000_000_000;
  bits = 8_000_000;
  forecast: PairStock['forecast'] = null;
  alarms: PairStock['alarms'] = [];
  route: readonly (readonly string[])[] = [['beijing', 'micius', 'moscow']];
  /** What policy allows; read at the start of a site. */
  chunkBytes: (() => { min: number; max: number }) | undefined;
  /** The next calls of `assignKeys` fail so; `after`: once the keys are there. */
  readonly assignFaults: { readonly code: RefusalCode; readonly after: boolean }[] = [];
  /** While set, nothing passes between the sites. */
  partitioned = false;
  /** While set, `assignKeys` does not answer. */
  stalled = false;
  readonly assigned: string[] = [];
  readonly assignCounts: number[] = [];
  readonly voided: string[] = [];
  readonly told: string[] = [];
  readonly faults: unknown[] = [];
  readonly keys = new Map<string, KeptKey>();
  readonly notes: Record<string, Map<string, string>> = { beijing: new Map(), moscow: new Map() };
  /** Counts down at every effect of the sites that are to be killed; the effect at zero, and all after it, kill. */
  killIn = Number.POSITIVE_INFINITY;
  victims: readonly string[] = ['beijing', 'moscow'];
  readonly #hearers = new Map<string, Parameters<PeerWords['hear']>[1]>();
  readonly #sleepers: { atMs: number; wake: () => void }[] = [];
  #serial = 0;
  beijing!: KeyStreams;
  moscow!: KeyStreams;

  static async open(limits: Partial<StreamLimits> = {}): Promise<Pair> {
    const pair = new Pair();
    await pair.start(limits);
    return pair;
  }

  /** The sites that were killed anew (at first, all), from what they had noted. */
  async start(limits: Partial<StreamLimits> = {}): Promise<void> {
    this.killIn = Number.POSITIVE_INFINITY;
    for (const site of this.victims as readonly ('beijing' | 'moscow')[]) {
      this[site] = await KeyStreams.open({
        service: this.#service(site),
        words: this.#words(site),
        notebook: this.#notebook(site),
        now: () => this.nowMs,
        wait: (ms, signal) => this.#sleep(ms, signal),
        random: (bytes) =>
          createHash('shake256', { outputLength: bytes })
            .update(`${this.#serial++}`)
            .digest(),
        limits,
        ...(this.chunkBytes && { chunkBytes: this.chunkBytes }),
        onFault: (error) => this.faults.push(error),
      });
    }
  }

  ask(sae: string, request: StreamRequest, signal?: AbortSignal): Promise<StreamResponse> {
    return this[SITE[sae] as 'beijing'].handle(sae, request, signal);
  }

  async openStream(sae: string, peer: string, ksid: string | null, qos: Partial<Qos> = {}): Promise<OpenResponse> {
    return (await this.ask(sae, openRequest(sae, peer, ksid, qos))) as OpenResponse;
  }

  /** Status, or the key in hex. */
  async chunk(sae: string, ksid: string, index: number): Promise<number | string> {
    const answer = await this.ask(sae, { call: 'get', dialect: 'P', ksid, index, metadataRoom: 0 });
    if (answer.call !== 'get') throw new Error('an answer to another question');
    return answer.key ? answer.key.open((bytes) => Buffer.from(bytes).toString('hex')) : answer.status;
  }

  async closeStream(sae: string, ksid: string): Promise<number> {
    return (await this.ask(sae, { call: 'close', ksid })).status;
  }

  /** Time passes; whoever slept until then wakes. */
  async pass(ms: number): Promise<void> {
    await settled();
    this.nowMs += ms;
    for (const sleeper of this.#sleepers.filter(({ atMs }) => atMs <= this.nowMs)) sleeper.wake();
    await settled();
  }

  /** Lets time pass until the work is done. */
  async through<T>(work: Promise<T>): Promise<T> {
    let done = false;
    const ended = (): void => {
      done = true;
    };
    work.then(ended, ended);
    for (await settled(); !done; await this.pass(500));
    return work;
  }

  /** Keys that anybody may still fetch. */
  get owed(): number {
    return [...this.keys.values()].reduce((sum, { owed }) => sum + owed.size, 0);
  }

  #effect(site: string): void {
    if (this.victims.includes(site) && this.killIn-- <= 0) throw new Killed('killed');
  }

  #sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const sleeper = { atMs: this.nowMs + ms, wake: () => resolve() };
      this.#sleepers.push(sleeper);
      const wake = (): void => {
        this.#sleepers.splice(this.#sleepers.indexOf(sleeper), 1);
        resolve();
      };
      sleeper.wake = wake;
      if (signal.aborted) wake();
      else signal.addEventListener('abort', wake, { once: true });
    });
  }

  #service(site: string): KeyService {
    return {
      kmeId: site,
      getKeys: () => Promise.reject(new KeyRefusal('unavailable', 'streams never ask for this')),
      getKeysWithIds: async ({ caller, keyIds }): Promise<DeliveredKey[]> => {
        this.#effect(site);
        const found = keyIds.map((keyId) => this.keys.get(keyId));
        if (SITE[caller] !== site || found.some((key) => !key?.owed.has(caller))) {
          throw new KeyRefusal('not-found', 'no such key');
        }
        const keys = keyIds.map((keyId, i) => {
          found[i]!.owed.delete(caller);
          return {
            keyId,
            key: SecretBytes.adopt(Uint8Array.from(found[i]!.bytes)),
            labels: {
              originLinks: [],
              routes: this.route,
              jurisdictions: [],
              epsSec: 1e-9,
              epsCor: 1e-9,
              proof: 'test',
              simulated: true,
              createdAtMs: 1_800_000_000_000,
              expiresAtMs: null,
            },
          };
        });
        this.#effect(site);
        return keys;
      },
      assignKeys: async ({ master, slaves, count, bytes, keyIds }: KeyDemand & { keyIds: readonly string[] }) => {
        this.#effect(site);
        if (this.stalled) await new Promise(() => {});
        const fault = this.assignFaults.shift();
        if (fault && !fault.after) throw new KeyRefusal(fault.code, 'as the test wished');
        if (this.partitioned) throw new KeyRefusal('unreachable', 'partitioned');
        if (8 * bytes * count > this.bits) throw new KeyRefusal('short', 'not enough key');
        if (keyIds.some((keyId) => this.keys.has(keyId))) throw new KeyRefusal('argument', 'an id was used before');
        this.bits -= 8 * bytes * count;
        for (const keyId of keyIds) {
          const material = createHash('shake256', { outputLength: bytes }).update(`key ${keyId}`).digest();
          this.keys.set(keyId, { bytes: new Uint8Array(material), owed: new Set([master, ...slaves]) });
        }
        this.assigned.push(...keyIds);
        this.assignCounts.push(count);
        this.#effect(site);
        if (fault) throw new KeyRefusal(fault.code, 'as the test wished');
      },
      voidKeys: async (keyIds) => {
        this.#effect(site);
        let burned = 0;
        for (const keyId of keyIds) {
          burned += this.keys.get(keyId)?.owed.size ?? 0;
          // A void of an unknown id leaves a tombstone, as between real KMEs.
          this.keys.set(keyId, { bytes: new Uint8Array(0), owed: new Set() });
          this.voided.push(keyId);
        }
        return burned;
      },
      mayShare: () => {},
      stock: async (master, slave) => {
        if (SITE[master] !== site) throw new KeyRefusal('unauthorized', 'not of this site');
        const target = SITE[slave];
        if (!target) throw new KeyRefusal('unknown-sae', 'not in the network');
        return {
          sourceKmeId: site,
          targetKmeId: target,
          bits: this.bits,
          keysOf: (keyBytes) => Math.floor(this.bits / (8 * keyBytes)),
          alarms: this.alarms,
          forecast: this.forecast,
        };
      },
    };
  }

  #words(site: string): PeerWords {
    return {
      tell: async (kmeId, topic, body) => {
        this.#effect(site);
        if (this.partitioned) throw new KmeError('kme/unreachable', 'partitioned');
        this.told.push(topic);
        const hearer = this.#hearers.get(`${kmeId} ${topic}`)!;
        const from = { kmeId: site, saysFor: (sae: string) => SITE[sae] === site };
        try {
          const answer = await hearer(from, Uint8Array.from(body));
          this.#effect(site);
          return answer;
        } catch (error) {
          if (!(error instanceof Killed) || this.victims.includes(site)) throw error;
          throw new KmeError('kme/unreachable', 'the other site was killed');
        }
      },
      hear: (topic, handler) => this.#hearers.set(`${site} ${topic}`, handler),
    };
  }

  /** For words that no honest site says. */
  say(to: string, topic: string, body: Uint8Array, from = 'beijing'): Promise<Uint8Array> {
    return this.#hearers.get(`${to} ${topic}`)!({ kmeId: from, saysFor: (sae) => SITE[sae] === from }, body);
  }

  #notebook(site: string): Notebook {
    const notes = this.notes[site]!;
    return {
      remember: async (name, value) => {
        // A disk takes its time, and others go on meanwhile.
        const text = JSON.stringify(value);
        await turns(8);
        this.#effect(site);
        notes.set(name, text);
        this.#effect(site);
      },
      recall: async (name) => JSON.parse(notes.get(name) ?? 'null'),
      recallAll: async (prefix) =>
        [...notes]
          .filter(([name]) => name.startsWith(prefix))
          .sort()
          .map(([name, value]) => ({ name, value: JSON.parse(value) })),
      forget: async (name) => {
        this.#effect(site);
        notes.delete(name);
      },
    };
  }
}

export const QOS: Qos = {
  chunkBytes: 32,
  maxBps: 0,
  minBps: 0,
  jitterBps: 0,
  priority: 0,
  timeoutMs: 0,
  ttlS: 0,
  metadataType: '',
};

export function openRequest(sae: string, peer: string, ksid: string | null, qos: Partial<Qos> = {}): OpenRequest {
  return {
    call: 'open',
    dialect: 'P',
    source: `qkd://app@${sae}`,
    destination: `qkd://app@${peer}`,
    qos: { ...QOS, ...qos },
    ksid,
  };
}

/** So many turns of the promise queue. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await Promise.resolve();
}

/** Lets every promise that can settle do so. */
export async function settled(): Promise<void> {
  await turns(50);
  await setImmediate();
}
