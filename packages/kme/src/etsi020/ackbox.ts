import type { Notebook } from '../service.ts';
import { type Ack, type AckStatus, type Association, MAX_ITEMS, writeAcks } from './message.ts';
import { callbackOf, type ForeignPeer, type HttpCalls, type ImportedKeys } from './ports.ts';

export interface AckBoxOptions {
  readonly peer: ForeignPeer;
  readonly http: HttpCalls;
  readonly notebook: Notebook;
  readonly imports: Pick<ImportedKeys, 'void'>;
  readonly nowMs: () => number;
  readonly retry: Retry;
  readonly note: (severity: 'notice' | 'warning', text: string) => void;
}

/** When to try again, milliseconds. */
export interface Retry {
  /** After the first failure; doubles with each. */
  readonly firstMs: number;
  readonly mostMs: number;
}

export const DEFAULT_RETRY: Retry = { firstMs: 1_000, mostMs: 60_000 };

/** What `tries` failures in a row cost, milliseconds. */
export const backoffMs = ({ firstMs, mostMs }: Retry, tries: number): number =>
  Math.min(mostMs, firstMs * 2 ** Math.min(tries - 1, 30));

interface Due extends Association {
  readonly status: AckStatus;
  readonly message?: string;
  readonly atMs: number;
  /** After a refusal of several together: alone, to find the one that it was about. */
  readonly alone?: boolean;
}

/** Acknowledgements that one foreign KMS has still to hear (ETSI GS QKD 020 V1.1.1, `ext_keys/ack`), kept until it has. */
export class AckBox {
  readonly #options: AckBoxOptions;
  readonly #prefix: string;
  #tries = 0;
  #nextMs = 0;

  constructor(options: AckBoxOptions) {
    this.#options = options;
    this.#prefix = `020/due/${encodeURIComponent(options.peer.kmeId)}/`;
  }

  /** Durable before it resolves. */
  async add(acks: readonly Ack[]): Promise<void> {
    const { notebook, nowMs } = this.#options;
    for (const { keyIds, ...ack } of acks) {
      const due: Due = { ...ack, atMs: nowMs() };
      // An empty list is an answer, too: to the voiding of all keys where there were none.
      const names = keyIds.length ? keyIds : [`-${encodeURIComponent(JSON.stringify([ack.initiator, ack.targets]))}`];
      await Promise.all(names.map((name) => notebook.remember(`${this.#prefix}${name}/${ack.status}`, due)));
    }
  }

  async tick(): Promise<void> {
    const { notebook, nowMs, http, peer } = this.#options;
    if (nowMs() < this.#nextMs) return;
    for (const batch of this.#batches(await notebook.recallAll(this.#prefix))) {
      const body = new TextEncoder().encode(writeAcks(group(batch)));
      const status = await http.post(callbackOf(peer), body).then(
        (answer) => answer.status,
        () => 0,
      );
      if (status === 200) {
        for (const { name } of batch) await notebook.forget(name);
      } else if (status === 400 || status === 401) {
        await this.#refused(batch);
      } else {
        this.#nextMs = nowMs() + backoffMs(this.#options.retry, ++this.#tries);
        return;
      }
    }
    this.#tries = 0;
  }

  /** Drops what the peer has not heard for so long that nobody waits for it any more. */
  async sweep(beforeMs: number): Promise<void> {
    const { notebook, note, peer } = this.#options;
    for (const { name, value } of await notebook.recallAll(this.#prefix)) {
      if ((value as Due).atMs >= beforeMs) continue;
      await notebook.forget(name);
      note('warning', `${peer.kmeId} was never told "${(value as Due).status}" of key ${this.#keyId(name) ?? '-'}`);
    }
  }

  #batches(dues: readonly Entry[]): Entry[][] {
    const entries = dues.map(({ name, value }) => ({ name, value, keyId: this.#keyId(name) }));
    const together = entries.filter(({ value }) => !(value as Due).alone);
    const batches = entries.filter(({ value }) => (value as Due).alone).map((entry) => [entry]);
    for (let at = 0; at < together.length; at += MAX_ITEMS) batches.push(together.slice(at, at + MAX_ITEMS));
    return batches;
  }

  /** The key ID in the name of a document; undefined for the answer that names none. */
  #keyId(name: string): string | undefined {
    const rest = name.slice(this.#prefix.length);
    return rest.startsWith('-') ? undefined : rest.slice(0, rest.lastIndexOf('/'));
  }

  /** "Shall either retry […] or void": again one by one, and then a key that the peer will not hear of is burned. */
  async #refused(batch: readonly Entry[]): Promise<void> {
    const { notebook, imports, note, peer } = this.#options;
    if (batch.length > 1) {
      for (const { name, value } of batch) await notebook.remember(name, { ...(value as Due), alone: true });
      return;
    }
    const { name, value, keyId } = batch[0]!;
    if (keyId !== undefined && (value as Due).status === 'relayed') await imports.void(peer.kmeId, [keyId]);
    await notebook.forget(name);
    note('warning', `${peer.kmeId} refuses the acknowledgement "${(value as Due).status}" of key ${keyId ?? '-'}`);
  }
}

type Entry = { readonly name: string; readonly value: unknown; readonly keyId?: string | undefined };

function group(batch: readonly Entry[]): Ack[] {
  const acks = new Map<string, Ack & { keyIds: string[] }>();
  for (const { value, keyId } of batch) {
    const { status, initiator, targets, message } = value as Due;
    const key = JSON.stringify([status, initiator, targets, message]);
    const held = acks.get(key) ?? { keyIds: [], status, initiator, targets, ...(message && { message }) };
    if (keyId !== undefined) held.keyIds.push(keyId);
    acks.set(key, held);
  }
  return [...acks.values()];
}
