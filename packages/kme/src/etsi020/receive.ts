import { KeyRefusal, type Notebook } from '../service.ts';
import type { AckBox } from './ackbox.ts';
import {
  type Ack,
  type AckStatus,
  type Association,
  type ExtKeys,
  sameAssociation,
  type VoidRequest,
} from './message.ts';
import { callbackOf, type ForeignPeer, type ImportedKeys } from './ports.ts';
import { Problem } from './problem.ts';
import type { ForeignKms } from './send.ts';

export interface ReceiveOptions {
  readonly peer: ForeignPeer;
  readonly imports: ImportedKeys;
  /** What goes the other way with the same peer: it may void that, too. */
  readonly sender: ForeignKms;
  readonly acks: AckBox;
  readonly notebook: Notebook;
  readonly nowMs: () => number;
  /** How long a key that came in may be fetched. */
  readonly lifetimeMs: number;
  /** Whether requests without a callback are answered at once with how things stand. */
  readonly synchronous: boolean;
  /** Names of extensions that this network handles; none are known to Skykey. */
  readonly extensions: readonly string[];
}

/** What is remembered of a key that came in, without a bit of it. */
interface Arrival extends Association {
  readonly from: string;
  readonly status: 'held' | AckStatus;
  readonly atMs: number;
}

/**
 * Keys from one foreign KMS (ETSI GS QKD 020 V1.1.1, `ext_keys` and `ext_keys/void`). Durable before the answer: the
 * keys, then what is known of them, then 202. A tombstone is written before a key is voided, and looked for after a key
 * is held: whichever of two crossing requests comes second sees the other, in this process or the next.
 */
export class KeyReceiver {
  readonly #options: ReceiveOptions;
  readonly #saes: ReadonlySet<string>;

  constructor(options: ReceiveOptions) {
    this.#options = options;
    this.#saes = new Set(options.peer.saes);
  }

  /** Undefined: accepted, acknowledgements follow. Throws Problem or KeyRefusal; the keys given are wiped in any case. */
  async take(request: ExtKeys): Promise<Ack[] | undefined> {
    try {
      return await this.#take(request);
    } finally {
      for (const { key } of request.keys) key.wipe();
    }
  }

  async #take(request: ExtKeys): Promise<Ack[] | undefined> {
    const { peer, imports, notebook, nowMs, lifetimeMs, extensions } = this.#options;
    const { initiator, targets, optional } = request;
    if (!this.#saes.has(initiator)) {
      throw unauthorized(`${peer.kmeId} does not speak for the initiator_sae_id.`);
    }
    this.#checkMode(request.callbackUrl);
    const unknown = Object.keys(request.mandatory ?? {}).filter((name) => !extensions.includes(name));
    if (unknown.length) {
      const sentence = `Mandatory extensions cannot be supported for this request: ${unknown.join(', ')}`;
      throw new Problem(503, 'unsupported-mandatory-extension', { unsupported_mandatory_extension: sentence });
    }
    await this.#admit(request);

    const ids = request.keys.map(({ keyId }) => keyId);
    const known = await Promise.all(ids.map((keyId) => this.#arrival(keyId)));
    const taken = known.findIndex((arrival) => arrival && !this.#mine(arrival, request));
    // Not 400: that would say that nothing of the key is kept here, and of its earlier transfer something is.
    if (taken >= 0) throw conflict(ids[taken]);
    const buried = await Promise.all(ids.map((keyId) => this.#isBuried(keyId)));
    const expiresAtMs = nowMs() + lifetimeMs;
    // What is known is held again: that changes nothing, and tells whether it is the same key.
    const kept = request.keys.filter((_, i) => !buried[i] && known[i]?.status !== 'failed');
    try {
      await imports.hold(
        kept.map(({ keyId, key, extension }) => ({
          ...{ keyId, key, initiator, targets, from: peer.kmeId, expiresAtMs },
          ...(extension && { extension }),
          ...(optional && { optional }),
        })),
      );
    } catch (error) {
      if (error instanceof KeyRefusal && error.code === 'argument') throw conflict();
      throw error;
    }
    const arrival: Arrival = { from: peer.kmeId, initiator, targets, status: 'held', atMs: nowMs() };
    const fresh = ids.filter((_, i) => !known[i] && !buried[i]);
    await Promise.all(fresh.map((keyId) => notebook.remember(inName(keyId), arrival)));
    // A void that crossed this transfer wrote its tombstone before it burned what was here, so it is seen now.
    const crossed = await Promise.all(kept.map(({ keyId }) => this.#isBuried(keyId)));
    const burned = kept.filter((_, i) => crossed[i]).map(({ keyId }) => keyId);
    if (burned.length) await imports.void(peer.kmeId, burned);

    const gone = new Set([...ids.filter((_, i) => buried[i]), ...burned]);
    const failed = ids.filter((keyId, i) => gone.has(keyId) || known[i]?.status === 'failed');
    const relayed = ids.filter((keyId, i) => !gone.has(keyId) && known[i]?.status === 'relayed');
    const open = ids.filter((keyId) => !failed.includes(keyId) && !relayed.includes(keyId));
    const settled: Ack[] = [
      ...(failed.length
        ? [{ keyIds: failed, status: 'failed' as const, initiator, targets, message: 'void before' }]
        : []),
      ...(relayed.length ? [{ keyIds: relayed, status: 'relayed' as const, initiator, targets }] : []),
    ];
    if (request.callbackUrl === undefined) return [...settled, ...(await this.#settleNow(open, request))];
    await this.#options.acks.add(settled);
    await Promise.all(open.map((keyId) => notebook.remember(waitName(peer, keyId), { initiator, targets })));
    return undefined;
  }

  /** Undefined: accepted, acknowledgements follow. Throws Problem. */
  async void(request: VoidRequest): Promise<Ack[] | undefined> {
    const { initiator, targets } = request;
    const sent = this.#saes.has(initiator);
    if (!sent && !targets.some((target) => this.#saes.has(target))) {
      throw unauthorized(`${this.#options.peer.kmeId} does not speak for any of these SAEs.`);
    }
    this.#checkMode(request.callbackUrl);
    if (request.keyIds.length === 0 && !request.allConfirmed) {
      const sentence =
        'When no key_ids are passed, all keys shared between the SAEs will be voided; then all_confirmation shall be true.';
      // The text of the standard names the entry one way, its example another.
      const details = { no_all_confirmation: sentence, no_key_ids_or_confirmation: sentence };
      throw new Problem(400, 'no-key-ids-or-confirmation', details);
    }
    const ids = request.keyIds.length ? request.keyIds : await this.#all(request);
    const statuses = await Promise.all(ids.map((keyId) => this.#voidOne(keyId, request)));
    const acks: Ack[] = (['voided', 'failed to void', 'key not present'] as const).flatMap((status) => {
      const keyIds = ids.filter((_, i) => statuses[i] === status);
      return keyIds.length ? [{ keyIds, status, initiator, targets }] : [];
    });
    // Somebody waits to hear that all is void, even when there was nothing.
    if (!acks.length) acks.push({ keyIds: [], status: 'voided', initiator, targets });
    if (request.callbackUrl === undefined) return acks;
    await this.#options.acks.add(acks);
    return undefined;
  }

  /** Looks what has become of keys that are on their way to their targets, and has it acknowledged. */
  async tick(): Promise<void> {
    const { peer, notebook, acks } = this.#options;
    const waiting = await notebook.recallAll(waitName(peer, ''));
    if (!waiting.length) return;
    const ids = waiting.map(({ name }) => name.slice(waitName(peer, '').length));
    const fates = await this.#options.imports.settle(peer.kmeId, ids);
    const groups = new Map<string, Ack & { keyIds: string[] }>();
    ids.forEach((keyId, i) => {
      const fate = fates[i];
      if (fate !== 'relayed' && fate !== 'failed') return;
      const { initiator, targets } = waiting[i]!.value as Association;
      const group = JSON.stringify([fate, initiator, targets]);
      const held = groups.get(group) ?? { keyIds: [], status: fate, initiator, targets };
      held.keyIds.push(keyId);
      groups.set(group, held);
    });
    for (const group of groups.values()) {
      if (group.status === 'failed') await this.#options.imports.void(peer.kmeId, group.keyIds);
      await acks.add([group]);
      await Promise.all(group.keyIds.map((keyId) => this.#close(keyId, group.status)));
    }
  }

  /** Forgets keys and tombstones that are older: after that a transfer of such a key would be taken for a new one. */
  async sweep(beforeMs: number): Promise<void> {
    const { peer, notebook } = this.#options;
    for (const prefix of [IN, buriedName(peer, '')]) {
      for (const { name, value } of await notebook.recallAll(prefix)) {
        const { atMs, from } = value as { atMs: number; from?: string };
        if (atMs < beforeMs && (from ?? peer.kmeId) === peer.kmeId) await notebook.forget(name);
      }
    }
  }

  async #admit({ initiator, targets }: Association): Promise<void> {
    const admission = await this.#options.imports.admit({ initiator, targets, from: this.#options.peer.kmeId });
    if (admission === 'welcome') return;
    if (admission === 'unauthorized') throw unauthorized('These SAEs may not share keys.');
    const routing: Record<Exclude<typeof admission, 'unauthorized'>, [number, string, string]> = {
      'unknown-target': [400, 'target_sae_id_not_recognized', 'KME associated with a target SAE ID is not known.'],
      'pass-back': [
        400,
        'invalid_routing',
        'Routing this key to target SAE ID requires passing it back, which is invalid.',
      ],
      'no-route': [503, 'no_known_route', 'KME does not know a route to deliver to a target SAE ID.'],
      'too-many-targets': [
        503,
        'no_route_multiple_targets',
        'Routes not available to support these multiple target SAEs.',
      ],
    };
    const [status, name, sentence] = routing[admission];
    throw new Problem(status, 'key-routing-error', { [name]: sentence });
  }

  #checkMode(callbackUrl: string | undefined): void {
    const { peer, synchronous } = this.#options;
    if (callbackUrl === undefined) {
      if (synchronous) return;
      const sentence = 'ack_callback_url is missing, and the synchronous mode is not supported.';
      throw new Problem(400, 'missing-parameters', { missing_parameters: sentence });
    }
    // Any other address would let a peer have this KME call whom it likes.
    if (callbackUrl === callbackOf(peer)) return;
    const sentence = 'ack_callback_url is not the one that is configured here for this KME.';
    throw new Problem(400, 'invalid-parameter', { ack_callback_url: sentence });
  }

  /** The synchronous mode waits for nobody: what is not with its targets at once is burned and has failed. */
  async #settleNow(keyIds: readonly string[], { initiator, targets }: Association): Promise<Ack[]> {
    if (!keyIds.length) return [];
    const fates = await this.#options.imports.settle(this.#options.peer.kmeId, keyIds);
    const relayed = keyIds.filter((_, i) => fates[i] === 'relayed');
    const failed = keyIds.filter((_, i) => fates[i] !== 'relayed');
    if (failed.length) await this.#options.imports.void(this.#options.peer.kmeId, failed);
    await Promise.all(keyIds.map((keyId, i) => this.#close(keyId, fates[i] === 'relayed' ? 'relayed' : 'failed')));
    return [
      ...(relayed.length ? [{ keyIds: relayed, status: 'relayed' as const, initiator, targets }] : []),
      ...(failed.length ? [{ keyIds: failed, status: 'failed' as const, initiator, targets }] : []),
    ];
  }

  async #close(keyId: string, status: AckStatus): Promise<void> {
    const { peer, notebook, nowMs } = this.#options;
    const arrival = await this.#arrival(keyId);
    if (arrival) await notebook.remember(inName(keyId), { ...arrival, status, atMs: nowMs() });
    await notebook.forget(waitName(peer, keyId));
  }

  async #voidOne(keyId: string, request: VoidRequest): Promise<AckStatus> {
    const { peer, imports, sender, notebook, nowMs } = this.#options;
    const arrival = await this.#arrival(keyId);
    if (arrival && !this.#mine(arrival, request)) return 'key not present';
    if (!arrival) {
      const outcome = await sender.voidedByPeer(keyId, request);
      if (outcome) return outcome;
    }
    await notebook.remember(buriedName(peer, keyId), { atMs: nowMs() });
    const [outcome] = await imports.void(peer.kmeId, [keyId]);
    if (!arrival) return 'key not present';
    await notebook.forget(waitName(peer, keyId));
    return outcome === 'delivered' ? 'failed to void' : 'voided';
  }

  async #all(request: VoidRequest): Promise<string[]> {
    const arrivals = (await this.#options.notebook.recallAll(IN)).filter(({ value }) =>
      this.#mine(value as Arrival, request),
    );
    const ids = arrivals.map(({ name }) => name.slice(IN.length));
    const buried = await Promise.all(ids.map((keyId) => this.#isBuried(keyId)));
    return [...ids.filter((_, i) => !buried[i]), ...(await this.#options.sender.openIds(request))];
  }

  #mine(arrival: Arrival, request: Association): boolean {
    return arrival.from === this.#options.peer.kmeId && sameAssociation(arrival, request);
  }

  async #arrival(keyId: string): Promise<Arrival | undefined> {
    return ((await this.#options.notebook.recall(inName(keyId))) ?? undefined) as Arrival | undefined;
  }

  async #isBuried(keyId: string): Promise<boolean> {
    return (await this.#options.notebook.recall(buriedName(this.#options.peer, keyId))) != null;
  }
}

const IN = '020/in/';
const inName = (keyId: string): string => IN + keyId;
const waitName = (peer: ForeignPeer, keyId: string): string => `020/wait/${encodeURIComponent(peer.kmeId)}/${keyId}`;
/** One for each peer: nobody can bury the ids of another. */
const buriedName = (peer: ForeignPeer, keyId: string): string => `020/void/${encodeURIComponent(peer.kmeId)}/${keyId}`;

const unauthorized = (sentence: string): Problem => new Problem(401, 'unauthorized', { unauthorized: sentence });

const conflict = (keyId?: string): Problem =>
  new Problem(503, 'server-side-general-error', {
    key_id_conflict: `Another key is, or was, known here by an id of this request${keyId ? ` (${keyId})` : ''}: void it and use another.`,
  });
