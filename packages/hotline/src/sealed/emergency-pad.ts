import { createHash } from 'node:crypto';
import type { SecretBytes } from '@skykey/bits';
import { Reader, Writer } from '../bytes.ts';
import { HotlineError } from '../error.ts';
import { directionOf } from '../secret/lanes.ts';
import { blockOf, padNeedOfBlock, type Words, wordsOf } from './block.ts';
import {
  type EmergencyPlan,
  type EmergencyRecord,
  encodePlan,
  keyIdsOfText,
  readEmergencyRecord,
  recordHeader,
  textsOf,
} from './emergency-record.ts';
import type { KeyNeed, NamedKey } from './key.ts';
import { areKeysFor, openWithPad, sealWithPad } from './one-time-pad.ts';
import { checkRoute, type Route } from './route.ts';

/**
 * Keys that both desks set aside while all was well, for a few texts of one direction in the state BLACK: they need no
 * agreement, no epoch and nothing from the link that is under suspicion.
 *
 * This is the one thing on the disk that encrypts, so every text has keys of its own, the state only ever grows, and what
 * `seal` and `open` return may leave, or be shown, only after the `state` beside it is durable. A crash in between wastes
 * a text's keys, or opens the same record again, which nobody has seen yet.
 */
export interface EmergencyPadOptions {
  readonly route: Route;
  readonly role: 'sender' | 'receiver';
  readonly plan: EmergencyPlan;
  /** Keys of the plan that the store still has, in any order; taken over. Those of used texts may be gone. */
  readonly keys: readonly NamedKey[];
  /** As last made durable; null for a pad that was never used. */
  readonly state: Uint8Array | null;
  /** `offset` as a witness outside this store knows it: a store that was restored from a copy has a lower one. */
  readonly witnessOffset: number;
}

export interface SealedEmergencyText {
  readonly number: number;
  readonly record: Uint8Array;
  /** To be durable, and told to the witness, before `record` leaves. The record may then be sent as often as it takes. */
  readonly state: Uint8Array;
}

export interface OpenedEmergencyText {
  readonly number: number;
  readonly words: Words;
  /** Lower numbers that have not come yet, or were wasted by a crash. */
  readonly missing: number;
  /** To be durable, and told to the witness, before the words are shown. */
  readonly state: Uint8Array;
}

const CONTEXT = 'skykey/hotline/emergency/2';

export class EmergencyPad {
  readonly #route: Route;
  readonly #role: 'sender' | 'receiver';
  readonly #plan: EmergencyPlan;
  readonly #need: KeyNeed;
  readonly #texts: number;
  readonly #keys: Map<string, SecretBytes>;
  readonly #used: Set<number>;

  /**
   * HotlineError `hotline/store` when the state is of another pad, is older than the witness knows, or lacks keys of
   * texts that are not used; `hotline/bad-argument` for a plan or route that is none. The keys are overwritten then.
   */
  constructor({ route, role, plan, keys, state, witnessOffset }: EmergencyPadOptions) {
    try {
      checkRoute(route);
      const texts = textsOf(plan);
      if (texts === null) throw new HotlineError('hotline/bad-argument', 'the plan of the emergency pad is not whole');
      this.#route = route;
      this.#role = role;
      this.#plan = plan;
      this.#need = padNeedOfBlock(plan.blockBytes)!;
      this.#texts = texts;
      this.#used = state === null ? new Set() : this.#readState(state);
      this.#keys = new Map(keys.map(({ keyId, key }) => [keyId, key]));
      if (!(Number.isSafeInteger(witnessOffset) && witnessOffset <= this.offset)) {
        throw new HotlineError(
          'hotline/store',
          `the emergency pad was used ${witnessOffset} times and its record knows of ${this.offset}: this store was restored from a copy. Nothing of the pad may be used; agree on a new one`,
        );
      }
      for (let number = 1; number <= texts; number++) {
        if (!this.#used.has(number)) this.#keysOf(number);
        else this.#forget(number);
      }
    } catch (error) {
      for (const { key } of keys) key.wipe();
      throw error;
    }
  }

  /** Texts sealed, or opened: only ever grows. For the witness. */
  get offset(): number {
    return this.#used.size;
  }

  /** Texts that can still be sealed, or opened. */
  get left(): number {
    return this.#texts - this.offset;
  }

  /** Ids of keys that are used: the store overwrites its copies. */
  get spentKeyIds(): readonly string[] {
    return [...this.#used].flatMap((number) => this.#keyIdsOf(number));
  }

  /**
   * Seals words with the keys of the next text. Throws HotlineError `hotline/spent` when there is none, `hotline/too-long`
   * and `hotline/bad-argument` as `blockOf`, at no cost.
   */
  seal(words: Words): SealedEmergencyText {
    if (this.#role !== 'sender') throw new HotlineError('hotline/bad-argument', 'this emergency pad is the peer’s');
    if (this.left === 0) {
      throw new HotlineError(
        'hotline/spent',
        `the emergency pad held ${this.#texts} texts and is used up; a new one can be agreed on when the line is open again`,
      );
    }
    const block = blockOf(words, this.#plan.blockBytes);
    const number = this.offset + 1;
    const keyIds = this.#keyIdsOf(number);
    const header = recordHeader(this.#route, number, words.salt !== null, keyIds, block.length);
    const [ciphertext, tag] = sealWithPad(this.#keysOf(number), CONTEXT, this.#route, header, block);
    block.fill(0);
    this.#use(number);
    return { number, record: new Writer().raw(header).raw(ciphertext).raw(tag).finish(), state: this.#state() };
  }

  /**
   * Opens a record of the peer, each once, in any order. A forgery costs no key. Throws HotlineError `hotline/malformed`,
   * `hotline/not-for-us`, `hotline/replayed`, `hotline/forged`.
   */
  open(bytes: Uint8Array): OpenedEmergencyText {
    const record = readEmergencyRecord(bytes);
    this.#checkAddress(record);
    const { number, onRecord, header, ciphertext, tag } = record;
    if (this.#used.has(number)) {
      throw new HotlineError('hotline/replayed', `emergency text ${number} was opened before; this is a copy`);
    }
    const block = openWithPad(this.#keysOf(number), CONTEXT, this.#route, header, ciphertext, tag);
    if (!block) {
      throw new HotlineError(
        'hotline/forged',
        `emergency text ${number} was altered on its way or is not from ${this.#route.sender}`,
      );
    }
    let words: Words;
    try {
      words = wordsOf(block, onRecord, this.#plan.blockBytes);
    } finally {
      block.fill(0);
    }
    this.#use(number);
    const before = [...this.#used].filter((used) => used < number).length;
    return { number, words, missing: number - 1 - before, state: this.#state() };
  }

  /** Overwrites what is left. */
  wipe(): void {
    for (const key of this.#keys.values()) key.wipe();
    this.#keys.clear();
  }

  #checkAddress({ direction, conversationId, number, keyIds, ciphertext }: EmergencyRecord): void {
    const { sender, receiver } = this.#route;
    if (this.#role !== 'receiver' || direction !== directionOf(sender, receiver)) {
      throw new HotlineError('hotline/not-for-us', `this emergency text is not from ${sender}`);
    }
    if (conversationId !== this.#route.conversationId) {
      throw new HotlineError('hotline/not-for-us', 'this emergency text belongs to another conversation');
    }
    const expected = number >= 1 && number <= this.#texts ? this.#keyIdsOf(number) : [];
    const ofPlan = keyIds.length === expected.length && keyIds.every((keyId, i) => keyId === expected[i]);
    if (expected.length === 0 || !ofPlan || ciphertext.length !== this.#plan.blockBytes) {
      throw new HotlineError('hotline/not-for-us', 'this emergency text was sealed with another pad');
    }
  }

  #keyIdsOf(number: number): readonly string[] {
    return keyIdsOfText(this.#plan, number);
  }

  #keysOf(number: number): readonly SecretBytes[] {
    const keyIds = this.#keyIdsOf(number);
    const keys = keyIds.flatMap((keyId) => (this.#keys.has(keyId) ? [{ keyId, key: this.#keys.get(keyId)! }] : []));
    if (areKeysFor(this.#need, keyIds, keys)) return keys.map(({ key }) => key);
    throw new HotlineError(
      'hotline/store',
      `the keys of emergency text ${number} are not in the store as they were agreed; agree on a new emergency pad`,
    );
  }

  #use(number: number): void {
    this.#used.add(number);
    this.#forget(number);
  }

  #forget(number: number): void {
    for (const keyId of this.#keyIdsOf(number)) {
      this.#keys.get(keyId)?.wipe();
      this.#keys.delete(keyId);
    }
  }

  /** Fingerprint of the pad (16) ‖ one byte for each text, 1 when it is used. */
  #state(): Uint8Array {
    const used = Uint8Array.from({ length: this.#texts }, (_, i) => (this.#used.has(i + 1) ? 1 : 0));
    return new Writer().raw(this.#fingerprint()).raw(used).finish();
  }

  #readState(state: Uint8Array): Set<number> {
    const reader = new Reader(state, 'the record of the emergency pad');
    const wrong = (why: string): HotlineError =>
      new HotlineError('hotline/store', `the record of the emergency pad cannot be used: ${why}; agree on a new pad`);
    if (reader.left !== 16 + this.#texts) throw wrong('it has another length');
    if (Buffer.compare(reader.raw(16), this.#fingerprint()) !== 0) throw wrong('it belongs to another pad');
    const used = new Set<number>();
    for (let number = 1; number <= this.#texts; number++) {
      const byte = reader.u8();
      if (byte > 1) throw wrong('it was altered');
      if (byte === 1) used.add(number);
    }
    const last = Math.max(0, ...used);
    if (this.#role === 'sender' && last !== used.size) throw wrong('its texts were not used in order');
    return used;
  }

  #fingerprint(): Uint8Array {
    const { conversationId, sender, receiver } = this.#route;
    const text = `skykey/hotline/emergency-state/2 ${this.#role} ${conversationId} ${sender} ${receiver}`;
    const hash = createHash('sha256').update(text).update(encodePlan(this.#plan)).digest();
    return new Uint8Array(hash.subarray(0, 16));
  }
}
