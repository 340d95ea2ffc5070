import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { SecretBytes } from '@skykey/bits';
import { NodeError } from '../../error.ts';
import { explained } from './refusal.ts';
import { KEY_BYTES, type RandomBytes } from './seal.ts';

const MAGIC = 'skykey desk keys ';
const VERSION = 1;
const HEAD_BYTES = 64;
/** The store's id begins here in the head. */
const ID_AT = 32;
export const STORE_ID_BYTES = 16;
const RECORD_BYTES = 64;
/** The file grows by so many records. */
const RUN = 64;
const CHECK_AT = RECORD_BYTES - 16;
const KEY_AT = CHECK_AT - KEY_BYTES;
const EMPTY = Buffer.alloc(RECORD_BYTES);
const STATE = 1;
const DAY = 2;

interface KeyRecord {
  readonly kind: typeof STATE | typeof DAY;
  /** UTC day since 1970 of a day's key; 0 otherwise. */
  readonly day: number;
  /** A state key's epoch; of a day's key a random number, so that a day that comes again (a clock set back) gets another. */
  readonly number: number;
  readonly slot: number;
  readonly key: SecretBytes;
}

/**
 * The keys of a desk's store: one for what is kept until it is replaced (an *epoch*), and one for the history of each UTC
 * day. A key that is overwritten here takes with it whatever was sealed under it, in every copy of the database there is.
 *
 * The file: a head of 64 bytes ("skykey desk keys 1\n", zeros, the store's id from byte 32) and records of 64 bytes, all zeros
 * or: kind (1: 1 state, 2 day) ‖ zeros (3) ‖ day (4) ‖ number (8) ‖ key (32) ‖ check (16, first half of SHA-256 over what is
 * before it), integers big-endian. Records are written and overwritten in place, each with an fsync before anybody builds on
 * it: what is said of copies in free blocks at `FileKeyring` holds here, too.
 *
 * For one process; the database's lock sees to that.
 */
export class KeyFile {
  readonly storeId: Uint8Array;
  readonly #path: string;
  readonly #random: RandomBytes;
  /** By slot. */
  readonly #records = new Map<number, KeyRecord>();
  /** By number: asked for with every row of history. */
  readonly #days = new Map<number, KeyRecord>();
  #slots = 0;
  /** Slots that are written and hold no whole record: a record that was torn, or one that has rotted. Never used again. */
  readonly #broken = new Set<number>();

  /**
   * Opens the file, or makes it with its first epoch where `mayMake`. Throws NodeError `desk/keys` when it is missing, none,
   * of a newer version, or can be read by others; it is left as it was.
   */
  static open(path: string, mayMake: boolean, random: RandomBytes): KeyFile {
    if (!existsSync(path)) {
      if (!mayMake)
        throw refusal(
          path,
          'there is no such file, and the store cannot be read without it: put back the one that belongs to it',
        );
      make(path, random);
    }
    return new KeyFile(path, random);
  }

  private constructor(path: string, random: RandomBytes) {
    this.#path = path;
    this.#random = random;
    this.storeId = this.#use((file) => {
      const head = Buffer.alloc(HEAD_BYTES);
      readSync(file, head, 0, HEAD_BYTES, 0);
      this.#read(file);
      return new Uint8Array(head.subarray(ID_AT, ID_AT + STORE_ID_BYTES));
    });
  }

  /** Epochs whose key is there, oldest first. */
  epochs(): number[] {
    return this.#of(STATE)
      .map(({ number }) => number)
      .sort((a, b) => a - b);
  }

  epoch(number: number): SecretBytes | undefined {
    return this.#of(STATE).find((each) => each.number === number)?.key;
  }

  /** Adds the next epoch; durable when it returns. */
  addEpoch(): number {
    const number = Math.max(0, ...this.epochs()) + 1;
    this.#add({ kind: STATE, day: 0, number });
    return number;
  }

  /** Of all state keys only that of `number` stays. */
  keepEpoch(number: number): void {
    this.#destroy((each) => each.kind === STATE && each.number !== number);
  }

  /** Overwrites the state keys before that of `number`. */
  destroyEpochsBefore(number: number): void {
    this.#destroy((each) => each.kind === STATE && each.number < number);
  }

  /** The key of a day, made when there is none; durable when it returns. */
  ofDay(day: number): { readonly number: number; readonly key: SecretBytes } {
    const there = this.#of(DAY).find((each) => each.day === day);
    if (there) return there;
    const number = Buffer.from(this.#random(6)).readUIntBE(0, 6);
    if (this.dayKey(number)) return this.ofDay(day);
    return this.#add({ kind: DAY, day, number });
  }

  /** The day's key of this number; undefined once it was destroyed. */
  dayKey(number: number): SecretBytes | undefined {
    return this.#days.get(number)?.key;
  }

  /** Overwrites the keys of all days that `isOver` says are; returns how many there were. */
  destroyDays(isOver: (day: number) => boolean): number {
    return this.#destroy((each) => each.kind === DAY && isOver(each.day));
  }

  /** Overwrites the keys in memory. */
  close(): void {
    for (const { key } of this.#records.values()) key.wipe();
    this.#records.clear();
    this.#days.clear();
  }

  #hold(record: KeyRecord): void {
    this.#records.set(record.slot, record);
    if (record.kind === DAY) this.#days.set(record.number, record);
  }

  #of(kind: KeyRecord['kind']): KeyRecord[] {
    return [...this.#records.values()].filter((each) => each.kind === kind);
  }

  #add({ kind, day, number }: Omit<KeyRecord, 'slot' | 'key'>): KeyRecord {
    const bytes = this.#random(KEY_BYTES);
    const record = recordOf(kind, day, number, bytes);
    try {
      return this.#use((file) => {
        let slot = 0;
        while (this.#records.has(slot) || this.#broken.has(slot)) slot++;
        if (slot >= this.#slots) {
          ftruncateSync(file, HEAD_BYTES + (slot + RUN) * RECORD_BYTES);
          this.#slots = slot + RUN;
        }
        writeSync(file, record, 0, RECORD_BYTES, offsetOf(slot));
        fsyncSync(file);
        const added = { kind, day, number, slot, key: SecretBytes.adopt(new Uint8Array(bytes)) };
        this.#hold(added);
        return added;
      });
    } finally {
      record.fill(0);
      bytes.fill(0);
    }
  }

  #destroy(isOver: (record: KeyRecord) => boolean): number {
    const over = [...this.#records.values()].filter(isOver);
    if (over.length === 0) return 0;
    this.#use((file) => {
      for (const { slot } of over) writeSync(file, EMPTY, 0, RECORD_BYTES, offsetOf(slot));
      fsyncSync(file);
    });
    for (const { kind, slot, number, key } of over) {
      key.wipe();
      this.#records.delete(slot);
      if (kind === DAY) this.#days.delete(number);
    }
    return over.length;
  }

  #read(file: number): void {
    this.#slots = Math.floor((fstatSync(file).size - HEAD_BYTES) / RECORD_BYTES);
    for (let slot = 0; slot < this.#slots; slot++) {
      const record = Buffer.alloc(RECORD_BYTES);
      readSync(file, record, 0, RECORD_BYTES, offsetOf(slot));
      if (record.equals(EMPTY)) continue;
      const kind = record[0];
      if ((kind === STATE || kind === DAY) && checkOf(record).equals(record.subarray(CHECK_AT))) {
        const key = SecretBytes.adopt(new Uint8Array(record.subarray(KEY_AT, CHECK_AT)));
        const number = Number(record.readBigUInt64BE(8));
        this.#hold({ kind, day: record.readUInt32BE(4), number, slot, key });
      } else this.#broken.add(slot);
      record.fill(0);
    }
  }

  #use<T>(work: (file: number) => T): T {
    let file: number | undefined;
    try {
      file = openSync(this.#path, constants.O_RDWR);
      const { mode } = fstatSync(file);
      if (mode & 0o077)
        throw refusal(this.#path, `others than its owner may read or write it: chmod 600 ${this.#path}`);
      const head = Buffer.alloc(HEAD_BYTES);
      readSync(file, head, 0, HEAD_BYTES, 0);
      const version = /^skykey desk keys (\d+)\n/.exec(head.toString('latin1'))?.[1];
      if (version === undefined) throw refusal(this.#path, 'it is not a key file of a desk');
      if (Number(version) !== VERSION)
        throw refusal(
          this.#path,
          `it has format ${version}, and this Skykey reads ${VERSION}: use the version of Skykey that wrote it`,
        );
      return work(file);
    } catch (error) {
      throw explained(error, `the key file ${this.#path}`);
    } finally {
      if (file !== undefined) closeSync(file);
    }
  }
}

/** The file with its head and first epoch, there whole or not at all. */
function make(path: string, random: RandomBytes): void {
  const beside = `${path}.${randomBytes(6).toString('hex')}`;
  const bytes = random(KEY_BYTES);
  const whole = Buffer.alloc(HEAD_BYTES + RUN * RECORD_BYTES);
  whole.write(`${MAGIC}${VERSION}\n`);
  whole.set(random(STORE_ID_BYTES), ID_AT);
  whole.set(recordOf(STATE, 0, 1, bytes), HEAD_BYTES);
  try {
    const file = openSync(beside, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
      writeSync(file, whole, 0, whole.length, 0);
      fsyncSync(file);
      linkSync(beside, path);
    } finally {
      closeSync(file);
      rmSync(beside, { force: true });
    }
    const folder = openSync(dirname(path), constants.O_RDONLY);
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  } catch (error) {
    throw explained(error, `the key file ${path}`);
  } finally {
    whole.fill(0);
    bytes.fill(0);
  }
}

function recordOf(kind: number, day: number, number: number, key: Uint8Array): Buffer {
  const record = Buffer.alloc(RECORD_BYTES);
  record[0] = kind;
  record.writeUInt32BE(day, 4);
  record.writeBigUInt64BE(BigInt(number), 8);
  record.set(key, KEY_AT);
  record.set(checkOf(record), CHECK_AT);
  return record;
}

const offsetOf = (slot: number): number => HEAD_BYTES + slot * RECORD_BYTES;

const checkOf = (record: Buffer): Buffer =>
  createHash('sha256')
    .update(record.subarray(0, CHECK_AT))
    .digest()
    .subarray(0, RECORD_BYTES - CHECK_AT);

const refusal = (path: string, what: string): NodeError =>
  new NodeError('desk/keys', `the key file ${path} cannot be used: ${what}`);
