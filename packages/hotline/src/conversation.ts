import type { SecretBytes } from '@skykey/bits';
import { checkDesk, type DeskIdentity, type Suite } from './desk.ts';
import { type Envelope, type Header, isUuid, parseEnvelope } from './envelope.ts';
import { HotlineError } from './error.ts';
import { LineWatch } from './line.ts';
import { keyNeedOfBlock, openBlock, sealBlock } from './suite.ts';
import { blockOf, type KeyNeed, textOf } from './text.ts';

/** How far ahead of the last accepted message a sequence number may be. Two known desks never need more. */
export const MAX_JUMP = 2000;

export interface NamedKey {
  /** UUID. */
  readonly keyId: string;
  /** Handed over: the conversation overwrites it after use. */
  readonly key: SecretBytes;
}

/**
 * The key manager of this site, ETSI GS QKD 014 V1.1.1 in production. Each key is delivered once on each side. Both
 * methods reject when they cannot deliver all that was asked, best with a HotlineError `hotline/no-key` whose message is
 * a sentence for people, and must not wait for ever.
 */
export interface KeySource {
  /** Get key (6.2): `count` (1 to 128) fresh keys of `bytesPerKey` bytes (8 to 512). */
  draw(bytesPerKey: number, count: number): Promise<readonly NamedKey[]>;
  /** Get key with key IDs (6.3): the keys of these ids, in this order. */
  fetch(keyIds: readonly string[]): Promise<readonly NamedKey[]>;
}

/** Counters of one conversation at one desk. Each promise resolves when the change would survive a power cut. */
export interface ConversationStore {
  /** A number never handed out before, rising: 1, 2, 3 … A crash after it wastes the number. */
  reserveSequence(): Promise<number>;
  /** Number of the last message of the peer that was accepted; 0 before the first. */
  acceptedSequence(): Promise<number>;
  /** Records that `sequence` is accepted. */
  accept(sequence: number): Promise<void>;
}

export interface ConversationOptions {
  /** UUID in lower case, agreed with the identities. A desk that lost its counters begins a conversation with a new one. */
  readonly conversationId: string;
  readonly self: DeskIdentity;
  readonly peer: DeskIdentity;
  /** What this site seals with; both desks must accept it. */
  readonly suite: Suite;
  readonly keys: KeySource;
  readonly store: ConversationStore;
}

export interface SealedMessage {
  readonly envelope: Uint8Array;
  readonly sequence: number;
  readonly keyIds: readonly string[];
  readonly suite: Suite;
}

export interface OpenedMessage {
  readonly text: string;
  readonly sequence: number;
  /** Numbers between the message accepted before and this one: messages lost on the way, or wasted by a crash. */
  readonly missed: number;
  readonly keyIds: readonly string[];
  readonly suite: Suite;
}

/**
 * The text between two desks, seen from one of them. Knows nothing of sockets, disks or clocks. Calls may overlap: texts
 * are sealed one after the other in the order of the calls, envelopes are opened likewise.
 */
export class Conversation {
  /** Alarms are raised and lifted here. */
  readonly line = new LineWatch();
  readonly #options: ConversationOptions;
  #sealing: Promise<unknown> = Promise.resolve();
  #opening: Promise<unknown> = Promise.resolve();
  #lastReserved = 0;

  /** Throws HotlineError `hotline/bad-argument`, or `hotline/unknown-suite` when a desk does not accept the suite. */
  constructor(options: ConversationOptions) {
    const { conversationId, self, peer, suite } = options;
    if (!isUuid(conversationId)) {
      throw new HotlineError('hotline/bad-argument', 'conversationId must be a UUID in lower case');
    }
    checkDesk('self', self);
    checkDesk('peer', peer);
    if (self.deskId === peer.deskId) {
      throw new HotlineError(
        'hotline/bad-argument',
        `self and peer are both ${self.deskId}: a desk cannot call itself`,
      );
    }
    for (const desk of [self, peer]) {
      if (!desk.accepts.includes(suite)) {
        throw new HotlineError(
          'hotline/unknown-suite',
          `the policy of ${desk.deskId} does not accept the suite ${suite}`,
        );
      }
    }
    this.#options = options;
  }

  /**
   * Seals one text for the peer with keys drawn for it alone. What rejects has let nothing leave this desk; the caller
   * still has the text. HotlineError `hotline/line-dropped`, `hotline/no-key`, `hotline/bad-argument`, `hotline/too-long`.
   */
  async seal(text: string): Promise<SealedMessage> {
    this.#checkLine([]);
    const block = blockOf(text);
    const sealed = this.#sealing.then(() => this.#seal(block));
    this.#sealing = sealed.catch(() => undefined);
    return sealed.finally(() => block.fill(0));
  }

  /**
   * Opens one envelope of the peer. The text is given out after its number is durably accepted, so no envelope is shown
   * twice. Whatever does not need a key is refused before a key is asked for. Rejects with HotlineError; its
   * `burntKeyIds` name keys that were fetched in vain.
   */
  async open(envelope: Uint8Array): Promise<OpenedMessage> {
    this.#checkLine([]);
    const parsed = parseEnvelope(new Uint8Array(envelope));
    this.#checkAddress(parsed.header);
    const opened = this.#opening.then(() => this.#open(parsed));
    this.#opening = opened.catch(() => undefined);
    return opened;
  }

  async #seal(block: Uint8Array): Promise<SealedMessage> {
    this.#checkLine([]);
    const { suite, conversationId, self, peer, keys: source, store } = this.#options;
    const need = keyNeedOfBlock(suite, block.length);
    // Keys before the number: a dry store then leaves no gap that the peer would have to explain.
    const keys = await this.#take(need, () => source.draw(need.bytesPerKey, need.count)).catch((error) => {
      this.line.wait(error.message);
      throw error;
    });
    const keyIds = keys.map(({ keyId }) => keyId);
    try {
      const sequence = await stored(() => store.reserveSequence(), keyIds);
      this.#checkReserved(sequence, keyIds);
      this.#checkLine(keyIds);
      const header: Header = {
        suite,
        conversationId,
        sender: self.deskId,
        receiver: peer.deskId,
        sequence,
        keyIds,
        blockBytes: block.length,
      };
      const envelope = sealBlock(
        keys.map(({ key }) => key),
        header,
        block,
      );
      this.line.secure();
      return { envelope, sequence, keyIds, suite };
    } finally {
      for (const { key } of keys) key.wipe();
    }
  }

  async #open(envelope: Envelope): Promise<OpenedMessage> {
    this.#checkLine([]);
    const { keys: source, store } = this.#options;
    const { suite, sequence, keyIds, blockBytes } = envelope.header;
    const accepted = await stored(() => store.acceptedSequence(), []);
    checkOrder(sequence, accepted);
    const need = keyNeedOfBlock(suite, blockBytes);
    const keys = await this.#take(need, () => source.fetch(keyIds), keyIds);
    let block: Uint8Array | null = null;
    try {
      this.#checkLine(keyIds);
      block = openBlock(
        keys.map(({ key }) => key),
        envelope,
      );
      if (!block) {
        throw new HotlineError(
          'hotline/forged',
          `message ${sequence} was altered on its way or is not from ${this.#options.peer.deskId}; its keys are used up`,
          { burntKeyIds: keyIds },
        );
      }
      const text = readBlock(block, keyIds);
      await stored(() => store.accept(sequence), keyIds);
      return { text, sequence, missed: sequence - accepted - 1, keyIds, suite };
    } finally {
      block?.fill(0);
      for (const { key } of keys) key.wipe();
    }
  }

  /**
   * Keys as asked for, or HotlineError; what came in vain is overwritten. `expectedIds` are those that a message names:
   * keys of these ids but of other sizes mean that the message was not sealed with them.
   */
  async #take(
    need: KeyNeed,
    ask: () => Promise<readonly NamedKey[]>,
    expectedIds?: readonly string[],
  ): Promise<readonly NamedKey[]> {
    let came: readonly NamedKey[];
    try {
      came = await ask();
    } catch (cause) {
      if (cause instanceof HotlineError) throw cause;
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new HotlineError('hotline/no-key', `the key manager delivers no key: ${why}`, { cause });
    }
    const keys = came.map(({ keyId, key }) => ({ keyId: keyId.toLowerCase(), key }));
    const ids = keys.map(({ keyId }) => keyId);
    const named = expectedIds ?? ids;
    const rightKeys =
      ids.length === need.count &&
      new Set(ids).size === ids.length &&
      ids.every((id, i) => isUuid(id) && id === named[i]);
    if (rightKeys && keys.every(({ key }) => key.length === need.bytesPerKey)) return keys;
    for (const { key } of keys) key.wipe();
    const asked = `${need.count} of ${need.bytesPerKey} bytes`;
    if (rightKeys && expectedIds) {
      throw new HotlineError('hotline/forged', `the message names keys of other sizes than it takes (${asked})`, {
        burntKeyIds: ids,
      });
    }
    throw new HotlineError(
      'hotline/no-key',
      `the key manager delivered other keys than asked for (${asked}, each id once)`,
      {
        burntKeyIds: ids,
      },
    );
  }

  #checkLine(burntKeyIds: readonly string[]): void {
    const { state, reason } = this.line.state();
    if (state !== 'dropped') return;
    throw new HotlineError('hotline/line-dropped', `the line is dropped: ${reason}`, { burntKeyIds });
  }

  #checkAddress({ conversationId, sender, receiver, suite }: Header): void {
    const { conversationId: ours, self, peer } = this.#options;
    const wrong =
      conversationId !== ours
        ? 'belongs to another conversation'
        : sender !== peer.deskId
          ? `names ${sender} as its sender, not ${peer.deskId}`
          : receiver !== self.deskId
            ? `is for ${receiver}, not for ${self.deskId}`
            : null;
    if (wrong) throw new HotlineError('hotline/not-for-us', `this message ${wrong}`);
    if (!self.accepts.includes(suite)) {
      throw new HotlineError(
        'hotline/unknown-suite',
        `the policy of ${self.deskId} does not accept the suite ${suite}`,
      );
    }
  }

  #checkReserved(sequence: number, burntKeyIds: readonly string[]): void {
    if (Number.isSafeInteger(sequence) && sequence > this.#lastReserved) {
      this.#lastReserved = sequence;
      return;
    }
    throw new HotlineError(
      'hotline/store',
      `the store reserved number ${sequence} after ${this.#lastReserved}; each must be higher than all before`,
      { burntKeyIds },
    );
  }
}

function checkOrder(sequence: number, accepted: number): void {
  if (sequence === accepted) {
    throw new HotlineError('hotline/replayed', `message ${sequence} was accepted before; this is a copy`);
  }
  if (sequence < accepted) {
    throw new HotlineError(
      'hotline/out-of-order',
      `message ${sequence} comes after message ${accepted}: it is a copy or was held back`,
    );
  }
  if (sequence > accepted + MAX_JUMP) {
    throw new HotlineError(
      'hotline/out-of-order',
      `message ${sequence} is more than ${MAX_JUMP} ahead of message ${accepted}`,
    );
  }
}

/** What the store answers, or HotlineError `hotline/store`. */
async function stored<T>(ask: () => Promise<T>, burntKeyIds: readonly string[]): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new HotlineError('hotline/store', `the counters of this conversation are out of reach: ${why}`, {
      cause,
      burntKeyIds,
    });
  }
}

function readBlock(block: Uint8Array, burntKeyIds: readonly string[]): string {
  try {
    return textOf(block);
  } catch (error) {
    if (error instanceof HotlineError) throw new HotlineError(error.code, error.message, { cause: error, burntKeyIds });
    throw error;
  }
}
