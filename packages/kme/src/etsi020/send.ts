import type { SecretBytes } from '@skykey/bits';
import { KmeError } from '../error.ts';
import type { JsonObject } from '../json.ts';
import { KeyRefusal, type Notebook } from '../service.ts';
import { backoffMs, type Retry } from './ackbox.ts';
import {
  type Ack,
  type AckStatus,
  type Association,
  readAcks,
  sameAssociation,
  writeExtKeys,
  writeVoid,
} from './message.ts';
import type { ExportedKeys, ForeignPeer, HttpCalls } from './ports.ts';
import { Problem } from './problem.ts';

export interface SendOptions {
  readonly peer: ForeignPeer;
  /** Where the peer acknowledges: this KME's own `https://…/kmapi/v1/ext_keys/ack`, as it is configured there. */
  readonly ownCallbackUrl: string;
  readonly exports: ExportedKeys;
  readonly http: HttpCalls;
  readonly notebook: Notebook;
  readonly nowMs: () => number;
  readonly retry: Retry;
  /** After a 202: when the acknowledgement is missed and the request repeated. */
  readonly ackTimeoutMs: number;
  /** After the offer: when a key without its acknowledgements is void. */
  readonly giveUpMs: number;
  readonly note: (severity: 'notice' | 'warning', text: string) => void;
}

export interface Offer extends Association {
  /** Lower-case UUIDs of keys that wait in ExportedKeys. */
  readonly keyIds: readonly string[];
  /** Passed on unchanged. */
  readonly optional?: JsonObject;
}

/**
 * `offered`, to be sent (again) · `accepted`, to be acknowledged · `relayed`, to be released · `voiding`, the peer has to
 * confirm. Then for good: `released` · `voided` · `refused` by the peer, which keeps nothing · `split`: the peer's
 * application has the key, this side's never will.
 */
export type OutState = 'offered' | 'accepted' | 'relayed' | 'voiding' | FinalState;
export type FinalState = 'released' | 'voided' | 'refused' | 'split';

interface Departure extends Association {
  readonly state: OutState;
  readonly relayedFor: readonly string[];
  readonly optional?: JsonObject;
  /** Whether a request with it has ever left: from then on a refusal does not prove that the peer keeps nothing. */
  readonly sent: boolean;
  readonly tries: number;
  readonly nextMs: number;
  readonly atMs: number;
}

/** Most keys of one request. */
const BATCH = 128;

/**
 * Keys to one foreign KMS (ETSI GS QKD 020 V1.1.1). The intent is durable before the first request leaves; a key is
 * released after `relayed` for all its targets, and burned at both ends otherwise. After a crash it goes on from what is
 * written: a request that may have arrived is repeated with the same key. Two processes that do this for the same peer
 * cost repeated requests and nothing else.
 */
export class ForeignKms {
  readonly #options: SendOptions;
  readonly #open: string;
  readonly #done: string;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: SendOptions) {
    this.#options = options;
    const peer = encodeURIComponent(options.peer.kmeId);
    this.#open = `020/open/${peer}/`;
    this.#done = `020/done/${peer}/`;
  }

  /** Resolves when the intent is durable; `tick` sends. The same offer again changes nothing. Throws KmeError `kme/argument`. */
  async offer({ keyIds, initiator, targets, optional }: Offer): Promise<void> {
    const foreign = new Set(this.#options.peer.saes);
    const stranger = targets.find((target) => !foreign.has(target));
    if (stranger !== undefined || !targets.length) {
      throw new KmeError(
        'kme/argument',
        `${this.#options.peer.kmeId} does not speak for the target ${stranger ?? '-'}`,
      );
    }
    await this.#alone(async () => {
      const known = await Promise.all(keyIds.map((keyId) => this.#find(keyId)));
      const taken = known.findIndex((departure) => departure && !sameAssociation(departure, { initiator, targets }));
      if (taken >= 0) throw new KmeError('kme/argument', `the key ${keyIds[taken]} was offered for other applications`);
      const departure: Departure = {
        ...{ state: 'offered', initiator, targets, relayedFor: [], sent: false, tries: 0, nextMs: 0 },
        atMs: this.#options.nowMs(),
        ...(optional && { optional }),
      };
      const fresh = keyIds.filter((_, i) => !known[i]);
      await Promise.all(fresh.map((keyId) => this.#options.notebook.remember(this.#open + keyId, departure)));
    });
  }

  /** What has become of a key; undefined when it was never offered, or longer ago than is remembered. */
  async state(keyId: string): Promise<OutState | undefined> {
    return (await this.#find(keyId))?.state;
  }

  /** Burns keys at both ends: an alarm, an expiry, a change of mind. Those settled already and those unknown are passed over. */
  async void(keyIds: readonly string[]): Promise<void> {
    await this.#alone(async () => {
      for (const keyId of keyIds) {
        const departure = await this.#opened(keyId);
        if (departure && departure.state !== 'voiding') await this.#beginVoid(keyId, departure);
      }
    });
  }

  /** An acknowledgement of the peer. Nothing of it is taken when one key is unknown: throws Problem. */
  async acknowledge(acks: readonly Ack[]): Promise<void> {
    await this.#alone(async () => {
      const found = await Promise.all(acks.map((ack) => Promise.all(ack.keyIds.map((keyId) => this.#find(keyId)))));
      const strange = acks.flatMap((ack, i) =>
        ack.keyIds.filter((_, k) => {
          const departure = found[i]?.[k];
          return !departure || departure.initiator !== ack.initiator || !within(ack.targets, departure.targets);
        }),
      );
      if (strange.length) {
        const sentence = `The acknowledged key ID(s) are not known to this KME: ${strange.slice(0, 8).join(', ')}`;
        throw new Problem(400, 'key-not-present', { key_not_present: sentence });
      }
      for (const { keyIds, status, targets } of acks) {
        for (const keyId of keyIds) await this.#apply(keyId, status, targets);
      }
    });
  }

  /** The peer voids a key that it was sent; undefined when it never was. */
  async voidedByPeer(keyId: string, request: Association): Promise<AckStatus | undefined> {
    return await this.#alone(async () => {
      const departure = await this.#find(keyId);
      if (!departure || !sameAssociation(departure, request)) return undefined;
      const [outcome] = await this.#options.exports.void([keyId]);
      await this.#finish(keyId, departure, outcome === 'delivered' ? 'released' : 'voided');
      return outcome === 'delivered' ? 'failed to void' : 'voided';
    });
  }

  /** Keys of these applications that are not settled. */
  async openIds(association: Association): Promise<string[]> {
    const open = await this.#options.notebook.recallAll(this.#open);
    return open
      .filter(({ value }) => sameAssociation(value as Departure, association))
      .map(({ name }) => name.slice(this.#open.length));
  }

  /** Sends, repeats, releases and voids what is due. Call it every second, and after an offer or an acknowledgement. */
  async tick(): Promise<void> {
    const { peer, giveUpMs, note } = this.#options;
    const now = this.#options.nowMs();
    const open = await this.#options.notebook.recallAll(this.#open);
    const due: { keyId: string; departure: Departure }[] = [];
    for (const { name, value } of open) {
      const keyId = name.slice(this.#open.length);
      const departure = value as Departure;
      const late = departure.state !== 'voiding' && now - departure.atMs >= giveUpMs;
      if (departure.state !== 'relayed' && !late) {
        if (departure.nextMs <= now) due.push({ keyId, departure });
        continue;
      }
      try {
        if (departure.state === 'relayed') await this.#release(keyId);
        else {
          note('warning', `${peer.kmeId} has not acknowledged key ${keyId}: it is voided`);
          await this.void([keyId]);
        }
      } catch (error) {
        // One key that cannot be dealt with must not hold up the others; the next tick tries again.
        note('warning', `key ${keyId} for ${peer.kmeId} waits: ${error instanceof Error ? error.message : 'unknown'}`);
      }
    }
    const voiding = due.filter(({ departure }) => departure.state === 'voiding');
    for (const batch of batches(voiding)) await this.#sendVoid(batch);
    for (const batch of batches(due.filter((entry) => !voiding.includes(entry)))) await this.#sendKeys(batch);
  }

  /** Forgets keys that were settled before, and gives up on voids that the peer has not confirmed since. */
  async sweep(beforeMs: number): Promise<void> {
    const { notebook, note, peer } = this.#options;
    for (const { name, value } of await notebook.recallAll(this.#done)) {
      if ((value as Departure).atMs < beforeMs) await notebook.forget(name);
    }
    await this.#alone(async () => {
      for (const { name, value } of await notebook.recallAll(this.#open)) {
        const departure = value as Departure;
        if (departure.state !== 'voiding' || departure.atMs >= beforeMs) continue;
        const keyId = name.slice(this.#open.length);
        await this.#finish(keyId, departure, 'voided');
        note('warning', `${peer.kmeId} has never confirmed that key ${keyId} is void`);
      }
    });
  }

  async #sendKeys(batch: readonly { keyId: string; departure: Departure }[]): Promise<void> {
    const { exports, http, peer, ownCallbackUrl } = this.#options;
    const { initiator, targets, optional } = batch[0]!.departure;
    const keyIds = batch.map(({ keyId }) => keyId);
    let keys: readonly SecretBytes[];
    try {
      keys = await exports.lend(keyIds);
    } catch (error) {
      if (error instanceof KeyRefusal && error.code === 'not-found') await this.#lost(batch);
      return;
    }
    const going = await this.#postpone(keyIds, ['offered', 'accepted']);
    const body = writeExtKeys({
      keys: keyIds.map((keyId, i) => ({ keyId, key: keys[i]! })).filter(({ keyId }) => going.has(keyId)),
      ...{ initiator, targets, callbackUrl: ownCallbackUrl },
      ...(optional && { optional }),
    });
    for (const key of keys) key.wipe();
    if (!going.size) return;
    const answer = await this.#post(http, `${peer.url}/kmapi/v1/ext_keys`, body);
    body.fill(0);
    if (answer.status === 200 && (await this.#acknowledged(answer.body))) return;
    await this.#alone(async () => {
      for (const { keyId, departure } of batch) {
        const now = await this.#opened(keyId);
        // An acknowledgement may have come before the answer to the request.
        if (now?.state !== 'offered' && now?.state !== 'accepted') continue;
        if (answer.status === 200 || answer.status === 202) {
          await this.#remember(keyId, {
            ...now,
            state: 'accepted',
            nextMs: this.#options.nowMs() + this.#options.ackTimeoutMs,
          });
        } else if (answer.status === 400 || answer.status === 401) {
          await this.#refused(keyId, now, departure.sent, answer.status);
        }
      }
    });
  }

  /** 400 and 401 prove that the peer keeps nothing of this request; of an earlier one with unknown outcome they prove nothing. */
  async #refused(keyId: string, departure: Departure, sentBefore: boolean, status: number): Promise<void> {
    if (sentBefore) return await this.#beginVoid(keyId, departure);
    this.#options.note('warning', `${this.#options.peer.kmeId} refuses key ${keyId} with ${status}: it is burned`);
    // It left the house; whoever refused it has read it.
    await this.#options.exports.void([keyId]);
    await this.#finish(keyId, departure, 'refused');
  }

  /** A key that is not here any more can be neither sent nor released. One by one, to find which. */
  async #lost(batch: readonly { keyId: string; departure: Departure }[]): Promise<void> {
    if (batch.length > 1) {
      for (const entry of batch) await this.#sendKeys([entry]);
      return;
    }
    const { keyId, departure } = batch[0]!;
    await this.#alone(async () => {
      if (departure.sent) await this.#beginVoid(keyId, departure);
      else await this.#finish(keyId, departure, 'voided');
    });
  }

  async #sendVoid(batch: readonly { keyId: string; departure: Departure }[]): Promise<void> {
    const { exports, http, peer, ownCallbackUrl } = this.#options;
    const { initiator, targets } = batch[0]!.departure;
    const outcomes = await exports.void(batch.map(({ keyId }) => keyId));
    const keyIds: string[] = [];
    for (const [i, { keyId, departure }] of batch.entries()) {
      // Released and fetched before a crash, and voided after it: the far side may keep its copy.
      if (outcomes[i] === 'delivered') await this.#alone(() => this.#finish(keyId, departure, 'released'));
      else keyIds.push(keyId);
    }
    if (!keyIds.length) return;
    await this.#postpone(keyIds, ['voiding']);
    const request = { keyIds, initiator, targets, callbackUrl: ownCallbackUrl, allConfirmed: false };
    const answer = await this.#post(
      http,
      `${peer.url}/kmapi/v1/ext_keys/void`,
      new TextEncoder().encode(writeVoid(request)),
    );
    if (answer.status === 200) await this.#acknowledged(answer.body);
  }

  async #post(http: HttpCalls, url: string, body: Uint8Array): Promise<{ status: number; body: Uint8Array }> {
    return await http.post(url, body).catch(() => ({ status: 0, body: new Uint8Array() }));
  }

  /** The containers of a 200 count as those of a callback do. */
  async #acknowledged(body: Uint8Array): Promise<boolean> {
    try {
      const acks = readAcks(body, this.#options.peer.dialect ?? 'v1.1.1');
      await this.acknowledge(acks);
      return acks.length > 0;
    } catch {
      this.#options.note('warning', `${this.#options.peer.kmeId} answered 200 with a body that is no acknowledgement`);
      return false;
    }
  }

  async #apply(keyId: string, status: AckStatus, targets: readonly string[]): Promise<void> {
    const departure = await this.#opened(keyId);
    if (!departure) return await this.#late(keyId, status);
    const { state } = departure;
    if (status === 'relayed') {
      if (state !== 'offered' && state !== 'accepted') return;
      const relayedFor = [...new Set([...departure.relayedFor, ...targets])];
      const all = departure.targets.every((target) => relayedFor.includes(target));
      await this.#remember(keyId, { ...departure, relayedFor, state: all ? 'relayed' : state });
    } else if (status === 'failed') {
      if (state !== 'voiding') await this.#beginVoid(keyId, departure);
    } else if (status === 'failed to void') {
      if (state !== 'voiding') return;
      this.#options.note('warning', `key ${keyId} was fetched at ${this.#options.peer.kmeId} and is burned here`);
      await this.#finish(keyId, departure, 'split');
    } else {
      const [outcome] = await this.#options.exports.void([keyId]);
      await this.#finish(keyId, departure, outcome === 'delivered' ? 'released' : 'voided');
    }
  }

  /** The peer voids of its own accord, an alarm say, what was released: whoever has not fetched it shall not. */
  async #late(keyId: string, status: AckStatus): Promise<void> {
    if (status !== 'voided') return;
    const settled = await this.#find(keyId);
    if (settled?.state !== 'released') return;
    const [outcome] = await this.#options.exports.void([keyId]);
    if (outcome !== 'delivered') await this.#finish(keyId, settled, 'voided');
  }

  async #release(keyId: string): Promise<void> {
    await this.#alone(async () => {
      const departure = await this.#opened(keyId);
      if (departure?.state !== 'relayed') return;
      await this.#options.exports.release([keyId]);
      await this.#finish(keyId, departure, 'released');
    });
  }

  /** Written before it is done: a key that was burned here and is not known to be void would be told as released. */
  async #beginVoid(keyId: string, departure: Departure): Promise<void> {
    if (departure.sent) await this.#remember(keyId, { ...departure, state: 'voiding', tries: 0, nextMs: 0 });
    const [outcome] = await this.#options.exports.void([keyId]);
    if (outcome === 'delivered') await this.#finish(keyId, departure, 'released');
    else if (!departure.sent) await this.#finish(keyId, departure, 'voided');
  }

  /** Before a request leaves: that it did, and when to miss its answer. Those that are in another state by now stay at home. */
  async #postpone(keyIds: readonly string[], states: readonly OutState[]): Promise<Set<string>> {
    const { nowMs, retry } = this.#options;
    return await this.#alone(async () => {
      const going = new Set<string>();
      for (const keyId of keyIds) {
        const departure = await this.#opened(keyId);
        if (!departure || !states.includes(departure.state)) continue;
        const tries = departure.tries + 1;
        await this.#remember(keyId, { ...departure, tries, sent: true, nextMs: nowMs() + backoffMs(retry, tries) });
        going.add(keyId);
      }
      return going;
    });
  }

  async #finish(keyId: string, departure: Departure, state: FinalState): Promise<void> {
    const { notebook, nowMs } = this.#options;
    await notebook.remember(this.#done + keyId, { ...departure, state, atMs: nowMs() });
    await notebook.forget(this.#open + keyId);
  }

  async #find(keyId: string): Promise<Departure | undefined> {
    // What is settled comes first: a crash between the two documents of `#finish` leaves both.
    return (await this.#recall(this.#done + keyId)) ?? (await this.#recall(this.#open + keyId));
  }

  async #opened(keyId: string): Promise<Departure | undefined> {
    if (!(await this.#recall(this.#done + keyId))) return await this.#recall(this.#open + keyId);
    await this.#options.notebook.forget(this.#open + keyId);
    return undefined;
  }

  async #recall(name: string): Promise<Departure | undefined> {
    return ((await this.#options.notebook.recall(name)) ?? undefined) as Departure | undefined;
  }

  async #remember(keyId: string, departure: Departure): Promise<void> {
    await this.#options.notebook.remember(this.#open + keyId, departure);
  }

  /** One change at a time in this process: a document is read and written again. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work, work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}

const within = (few: readonly string[], many: readonly string[]): boolean => few.every((one) => many.includes(one));

/** By association and extension, at most BATCH together; what was sent before apart from what was not. */
function batches(due: readonly { keyId: string; departure: Departure }[]): { keyId: string; departure: Departure }[][] {
  const groups = new Map<string, { keyId: string; departure: Departure }[]>();
  for (const entry of due) {
    const { initiator, targets, optional, sent } = entry.departure;
    const key = JSON.stringify([initiator, targets, optional, sent]);
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  return [...groups.values()].flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / BATCH) }, (_, i) => group.slice(i * BATCH, (i + 1) * BATCH)),
  );
}
