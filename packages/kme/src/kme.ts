import {
  type JournalEntry,
  type KeyBatch,
  type KeyRecord,
  type PoisonReport,
  type Vault,
  VaultError,
} from '@skykey/vault';
import { Alarms, type LinkAlarm } from './alarm.ts';
import { answerConfirmation, askConfirmation, isRelayBlock, settleConfirmation, stations } from './confirm.ts';
import { Delivery } from './delivery.ts';
import { KmeError } from './error.ts';
import { keyLane } from './lanes.ts';
import { decodeMessage, encodeMessage, MAX_BATCH, type PeerAnswer, type PeerMessage, shorten } from './message.ts';
import { ascii, Peer, type PeerLink, startsWith } from './peer.ts';
import { Registry, type SaeEntry, type SaePair } from './registry.ts';
import { DEFAULT_LIMITS, type Limits } from './request.ts';
import type { KmeRequest, KmeResponse } from './response.ts';
import { Writer } from './wire.ts';

export interface KmeOptions {
  readonly kmeId: string;
  readonly siteId: string;
  readonly peerKmeId: string;
  readonly peerSiteId: string;
  /** Quantum links that key between the two sites rests on. An alarm on any of them closes the pair. */
  readonly links: readonly string[];
  /** Every SAE of the network, those of both sites among them. */
  readonly saes: readonly SaeEntry[];
  /** Who of this site may share keys with whom of the peer's. */
  readonly pairs: readonly SaePair[];
  readonly vault: Vault;
  readonly peer: PeerLink;
  /** A random UUID, version 4: never the same twice in the network, and independent of the key. */
  readonly uuid: () => string;
  /** UTC, milliseconds. */
  readonly now: () => number;
  readonly limits?: Partial<Limits>;
  /** An assigned key that nobody fetches for so long is burned. Default one day. */
  readonly keyTtlMs?: number;
}

/** What a call of `flush` did, and what still waits for the peer. */
export interface FlushReport {
  readonly confirmed: number;
  readonly told: number;
  readonly voided: number;
  /** Why something still waits, in a sentence; null when nothing does. */
  readonly waiting: string | null;
}

const DAY_MS = 86_400_000;
/** A flood of forged messages fills the journal no faster than this. */
const JOURNAL_PAUSE_MS = 60_000;

/**
 * Key management entity of one site: hands keys to its applications by ETSI GS QKD 014 V1.1.1 and keeps them in step with
 * the KME of the other site. Keys come from the vault's lane `kme/<self>><peer>`, which this side leads, so two sites
 * never allocate the same bytes.
 *
 * Getting a key goes RESERVED here → ASSIGNED at the peer → ASSIGNED, delivered and erased here → answer, each durable
 * before the next. Whatever breaks in between burns the keys at both ends: at most once, never twice.
 */
export class Kme {
  readonly #options: KmeOptions;
  readonly #vault: Vault;
  readonly #registry: Registry;
  readonly #peer: Peer;
  readonly #alarms: Alarms;
  readonly #delivery: Delivery;
  readonly #lane: string;
  #flushing: Promise<FlushReport> | undefined;
  #journalPausedUntilMs = Number.NEGATIVE_INFINITY;

  /** Throws KmeError `kme/argument`. */
  constructor(options: KmeOptions) {
    this.#options = options;
    const { kmeId, siteId: self, peerSiteId: peer, vault, now, uuid, peer: link } = options;
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    checkLimits(limits);
    this.#vault = vault;
    this.#registry = new Registry(options);
    this.#peer = new Peer({ vault, self, peer, link });
    this.#alarms = new Alarms(vault, now);
    this.#lane = keyLane(self, peer);
    this.#delivery = new Delivery({
      ...{ kmeId, vault, limits, uuid, lane: this.#lane },
      ...{ registry: this.#registry, peer: this.#peer, alarms: this.#alarms },
      note: (severity, text) => this.#note(severity, text),
    });
  }

  /**
   * Answers one request of an application by ETSI GS QKD 014. Never rejects: what goes wrong inside is 503 and stands in
   * the journal. A response with keys is given once; when the caller loses it, its keys are gone [1].
   */
  handle(request: KmeRequest): Promise<KmeResponse> {
    return this.#delivery.handle(request);
  }

  // Peer

  /** Answers a message from the peer's KME. Never rejects; what is not authentic has no effect. */
  async handlePeer(message: Uint8Array): Promise<Uint8Array> {
    try {
      if (startsWith(message, 'SKC1')) return this.#confirm(message);
    } catch (error) {
      this.#noteRefused(error);
      return new Writer().raw(ascii('SKR1')).text('malformed confirmation').finish();
    }
    const opened: string[] = [];
    const { answer, refused } = this.#peer.receive(message, (request) => this.#apply(request, opened));
    if (refused === undefined) for (const link of opened) this.#alarms.open(link);
    else this.#noteRefused(refused);
    return answer;
  }

  #apply(message: PeerMessage, opened: string[]): PeerAnswer {
    if (message.kind === 'alarm') return this.#hearAlarm(message, opened);
    const { masterSae, slaveSae } = message.batch;
    // A peer speaks for its own applications and to ours, for nobody else.
    if (!this.#registry.mayShare(slaveSae, masterSae)) {
      return { accepted: false, reason: `${masterSae} and ${slaveSae} may not share keys` };
    }
    if (message.kind === 'void') {
      this.#vault.keys.voidBatch(message.batch);
      return { accepted: true };
    }
    return this.#assign(message.batch);
  }

  #assign(batch: KeyBatch): PeerAnswer {
    const [alarm] = this.#alarms.list();
    if (alarm) return { accepted: false, reason: `the link ${alarm.link} is under alarm` };
    try {
      const known = batch.keys.map(({ keyId }) => this.#vault.keys.find(keyId));
      const same = known.every((key, i) => key && isSame(key, batch, batch.keys[i]!.offset));
      if (!same) this.#vault.keys.register(batch);
      return { accepted: true };
    } catch (error) {
      if (!(error instanceof VaultError) || error.code === 'vault/disk-full') throw error;
      return { accepted: false, reason: shorten(error.message) };
    }
  }

  #hearAlarm({ link, state, reason, atMs }: PeerMessage & { kind: 'alarm' }, opened: string[]): PeerAnswer {
    if (!this.#options.links.includes(link)) return { accepted: false, reason: `no key here rests on ${link}` };
    const known = this.#alarms.find(link);
    if (state === 'open') {
      if (known?.foundBy === 'this site')
        return { accepted: false, reason: `${link} is under an alarm of this site's own` };
      this.#alarms.clear(link);
      opened.push(link);
      if (known) this.#note('info', `${this.#options.peerSiteId} has reopened ${link}`);
      return { accepted: true };
    }
    const { bits } = this.#alarms.raise(link, reason, atMs);
    this.#note(
      'alarm',
      `${this.#options.peerSiteId} reports an alarm on ${link}: ${reason}; ${bits} undelivered bits overwritten`,
    );
    return { accepted: true };
  }

  #confirm(message: Uint8Array): Uint8Array {
    const { answer, blockId, outcome, news } = answerConfirmation(this.#vault, message);
    if (news) this.#settled(blockId, outcome === 'confirmed');
    return answer;
  }

  /** A relayed block is in use, or gone, at both stations. */
  #settled(blockId: string, same: boolean): void {
    if (same) {
      // The lanes may have got new hash points: a request sealed with the old ones would wait for ever.
      this.#peer.forget();
      this.#note('info', `${blockId} is the same at both stations and is ready for use`);
    } else {
      this.#note('alarm', `${blockId} was discarded: the other station has not got the same bytes`);
    }
  }

  // Alarm

  /**
   * An alarm on a quantum link: everything undelivered that rests on it is overwritten before this returns, the pair is
   * closed, and the peer will be told. Throws KmeError `kme/argument` for a link that no key here rests on; when the
   * vault throws, the pair is closed all the same.
   */
  raiseAlarm(link: string, reason: string): PoisonReport {
    this.#checkLink(link);
    const report = this.#alarms.raise(link, shorten(reason));
    this.#vault.atomically(() => {
      this.#tell({ kind: 'alarm', link, state: 'dropped', reason: shorten(reason), atMs: this.#options.now() });
      this.#note(
        'alarm',
        `${link} dropped: ${reason}; ${report.bits} undelivered bits and ${report.keys} keys overwritten`,
      );
    });
    return report;
  }

  /** The operator takes a link back into service. The peer will be told. Returns false when it was not under alarm. */
  reopen(link: string): boolean {
    this.#checkLink(link);
    if (!this.#alarms.find(link)) return false;
    this.#vault.atomically(() => {
      this.#alarms.clear(link);
      this.#tell({ kind: 'alarm', link, state: 'open', reason: '', atMs: this.#options.now() });
      this.#note('info', `${link} reopened`);
    });
    this.#alarms.open(link);
    return true;
  }

  alarms(): readonly LinkAlarm[] {
    return this.#alarms.list();
  }

  #checkLink(link: string): void {
    if (!this.#options.links.includes(link)) {
      throw new KmeError(
        'kme/argument',
        `no key of this site rests on ${link}; it knows ${this.#options.links.join(', ')}`,
      );
    }
  }

  #tell(message: PeerMessage): void {
    this.#vault.outbox.add(this.#topic(), encodeMessage(message));
  }

  #topic(): string {
    return `peer/${this.#options.peerSiteId}`;
  }

  // What waits for the peer

  /**
   * Does what waits: alarms first, then confirmations of relayed blocks, then keys voided here that the peer may still
   * hold; burns keys that nobody has fetched. For every tick; a call while one runs joins it. Never rejects.
   */
  flush(): Promise<FlushReport> {
    this.#flushing ??= this.#flush().finally(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  async #flush(): Promise<FlushReport> {
    const done = { confirmed: 0, told: 0, voided: 0 };
    let waiting: string | null = null;
    const steps = [() => this.#tellAlarms(done), () => this.#confirmBlocks(done), () => this.#tellVoids(done)];
    for (const step of steps) {
      try {
        await step();
      } catch (error) {
        waiting ??= error instanceof Error ? error.message : String(error);
      }
    }
    return { ...done, waiting };
  }

  async #tellAlarms(done: { told: number }): Promise<void> {
    const { siteId, peerSiteId } = this.#options;
    for (const { id, body } of this.#vault.outbox.list(this.#topic())) {
      const message = decodeMessage(body, siteId, peerSiteId);
      await this.#peer.request(
        () => message,
        0,
        (answer) => {
          this.#vault.outbox.remove(id);
          if (!answer.accepted) this.#note('warning', `${peerSiteId} did not accept a message: ${answer.reason}`);
        },
      );
      done.told++;
    }
  }

  /** In the order in which they came, one after the other: lanes at both ends grow alike. */
  async #confirmBlocks(done: { confirmed: number }): Promise<void> {
    const { siteId, peerSiteId } = this.#options;
    for (const blockId of this.#vault.held()) {
      const block = this.#vault.block(blockId);
      if (!isRelayBlock(blockId) || block?.state !== 'held') continue;
      const [first, last] = stations(block.labels);
      if (![first, last].includes(siteId) || ![first, last].includes(peerSiteId)) continue;
      if (block.poisoned) {
        this.#vault.discard(blockId);
        continue;
      }
      if (first !== siteId) continue;
      const question = askConfirmation(this.#vault, blockId);
      const answer = await this.#peer.callUnsealed(question);
      const outcome = settleConfirmation(this.#vault, blockId, question, answer);
      if (outcome === 'later') return;
      this.#settled(blockId, outcome === 'confirmed');
      done.confirmed += outcome === 'confirmed' ? 1 : 0;
    }
  }

  async #tellVoids(done: { voided: number }): Promise<void> {
    const { now, keyTtlMs = DAY_MS } = this.#options;
    this.#vault.keys.expire(now() - keyTtlMs);
    for (;;) {
      const untold = this.#vault.keys.untold(MAX_BATCH / 4).filter(({ lane }) => lane === this.#lane);
      const [first] = untold;
      if (!first) return;
      const { lane, bytes, masterSae, slaveSae } = first;
      const keys = untold.filter(
        (key) => key.bytes === bytes && key.masterSae === masterSae && key.slaveSae === slaveSae,
      );
      const batch = { lane, bytes, masterSae, slaveSae, keys };
      await this.#peer.request(
        () => ({ kind: 'void', batch }),
        1,
        (answer) => {
          this.#vault.keys.told(keys.map(({ keyId }) => keyId));
          if (!answer.accepted) this.#note('warning', `the peer did not void ${keys.length} keys: ${answer.reason}`);
        },
      );
      done.voided += keys.length;
    }
  }

  // Journal

  #noteRefused(error: unknown): void {
    if (this.#options.now() < this.#journalPausedUntilMs) return;
    this.#journalPausedUntilMs = this.#options.now() + JOURNAL_PAUSE_MS;
    this.#note(
      'warning',
      `a message in the name of ${this.#options.peerSiteId} was refused: ${error instanceof Error ? error.message : error}`,
    );
  }

  /** A journal that cannot be written must not keep anything else from happening. */
  #note(severity: JournalEntry['severity'], text: string): void {
    try {
      this.#vault.journal.append({ utcMs: this.#options.now(), severity, text });
    } catch {
      // The vault refuses writes: whoever asked gets 503 from the same cause.
    }
  }
}

/** Whether a key is known as exactly this one: then the assignment is a repetition. */
function isSame(key: KeyRecord, batch: KeyBatch, offset: number): boolean {
  return (
    key.state === 'ASSIGNED' &&
    key.lane === batch.lane &&
    key.offset === offset &&
    key.bytes === batch.bytes &&
    key.masterSae === batch.masterSae &&
    key.slaveSae === batch.slaveSae
  );
}

function checkLimits(limits: Limits): void {
  const { keySize, minKeySize, maxKeySize, maxKeyPerRequest, maxKeyCount } = limits;
  const whole = Object.values(limits).every((limit) => Number.isSafeInteger(limit) && limit > 0);
  const bytes = [keySize, minKeySize, maxKeySize].every((size) => size % 8 === 0);
  if (
    !whole ||
    !bytes ||
    minKeySize > keySize ||
    keySize > maxKeySize ||
    maxKeyPerRequest > MAX_BATCH ||
    maxKeyCount > 2 ** 31 - 1
  ) {
    throw new KmeError('kme/argument', `these limits cannot all hold: ${JSON.stringify(limits)}`);
  }
}
