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
import type { Keyring } from '@skykey/vault';
import { NodeError } from '../error.ts';

/** First record of the file. */
const HEAD = Buffer.alloc(64);
HEAD.write('skykey keyring 1\n');
const RECORD_BYTES = 64;
/** Epochs that can be there at once; two are, while a rotation is under way, and one otherwise. */
const RECORDS = 16;
const KEY_BYTES = 32;
const CHECK_BYTES = 16;
const EMPTY = Buffer.alloc(RECORD_BYTES);

/**
 * A vault's keyring in a file: a head and 16 records of 64 bytes, each epoch (8, big-endian) ‖ key (32) ‖ check (16, the
 * first half of SHA-256 over what is before it) ‖ zeros (8), or all zeros; that of epoch e at place e mod 16, so that whoever
 * is slow to overwrite an old one (another process, stopped meanwhile) cannot hit a new one. Records are written and overwritten in place,
 * each with an fsync before anybody builds on it, so that the file never moves on the disk and no copy of a key stays
 * behind in free blocks of a plain file system. (A copy-on-write file system, or the flash of an SSD, may keep one
 * nevertheless: put the file on a disk that encrypts itself, or in memory that is backed up by hand.)
 *
 * The file is the truth, also for several processes of one PostgreSQL vault on one machine: it is read again whenever an
 * epoch is asked for that this process has not seen.
 */
export class FileKeyring implements Keyring {
  readonly #path: string;
  readonly #random: (bytes: number) => Uint8Array;
  readonly #keys = new Map<number, SecretBytes>();

  /**
   * Opens the keyring, or makes one with its first epoch. Throws NodeError `node/keyring` when the file is none, is
   * damaged, or can be read by others; it is left as it was.
   */
  static open(path: string, random: (bytes: number) => Uint8Array = randomBytes): FileKeyring {
    const keyring = new FileKeyring(path, random);
    if (!existsSync(path)) keyring.#make();
    keyring.#readSome();
    return keyring;
  }

  /**
   * The same, but made only when a new vault asks for its first epoch. A vault that is there is refused without its keyring
   * (`find` throws): one made beside it would only hide that the right one is missing.
   */
  static forVault(path: string, random: (bytes: number) => Uint8Array = randomBytes): FileKeyring {
    const keyring = new FileKeyring(path, random);
    if (existsSync(path)) keyring.#readSome();
    return keyring;
  }

  private constructor(path: string, random: (bytes: number) => Uint8Array) {
    this.#path = path;
    this.#random = random;
  }

  current(): { readonly epoch: number; readonly key: SecretBytes } {
    if (this.#keys.size === 0 && !existsSync(this.#path)) this.#make();
    this.#readSome();
    const epoch = Math.max(...this.#keys.keys());
    return { epoch, key: this.#keys.get(epoch)! };
  }

  find(epoch: number): SecretBytes | undefined {
    if (!this.#keys.has(epoch)) this.#read();
    return this.#keys.get(epoch);
  }

  async next(): Promise<number> {
    const epoch = this.current().epoch + 1;
    this.#use((file) => this.#add(file, epoch));
    this.#read();
    return epoch;
  }

  async destroyBefore(epoch: number): Promise<void> {
    this.#use((file) => {
      for (const { slot, record } of this.#records(file)) {
        if (!record.equals(EMPTY) && epochOf(record) < epoch) writeSync(file, EMPTY, 0, RECORD_BYTES, offsetOf(slot));
      }
      fsyncSync(file);
    });
    this.#read();
  }

  /** Overwrites the keys in memory. */
  close(): void {
    for (const key of this.#keys.values()) key.wipe();
    this.#keys.clear();
  }

  /** Makes the file, with its first epoch, unless it is there: whole or not at all, and once, whoever comes at the same time. */
  #make(): void {
    const beside = `${this.#path}.${randomBytes(6).toString('hex')}`;
    try {
      const file = openSync(beside, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
      try {
        ftruncateSync(file, HEAD.length + RECORDS * RECORD_BYTES);
        writeSync(file, HEAD, 0, HEAD.length, 0);
        this.#add(file, 1);
        linkSync(beside, this.#path);
      } finally {
        closeSync(file);
        rmSync(beside);
      }
      const folder = openSync(dirname(this.#path), constants.O_RDONLY);
      try {
        fsyncSync(folder);
      } finally {
        closeSync(folder);
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw this.#refusal((error as Error).message, error);
    }
  }

  #readSome(): void {
    this.#read();
    if (this.#keys.size === 0) throw this.#refusal('it holds no key that is whole');
  }

  #add(file: number, epoch: number): void {
    const slot = epoch % RECORDS;
    const there = [...this.#records(file)].find((each) => each.slot === slot)!;
    if (isWhole(there.record))
      throw this.#refusal(`it is full: ${RECORDS} rotations were begun and none was completed`);
    const record = Buffer.alloc(RECORD_BYTES);
    record.writeBigUInt64BE(BigInt(epoch));
    const key = this.#random(KEY_BYTES);
    record.set(key, 8);
    record.set(checkOf(record), 8 + KEY_BYTES);
    try {
      writeSync(file, record, 0, RECORD_BYTES, offsetOf(slot));
      fsyncSync(file);
    } finally {
      record.fill(0);
      key.fill(0);
    }
  }

  /** Takes in what the file says: keys that are new, and those that are gone. */
  #read(): void {
    const there = new Set<number>();
    this.#use((file) => {
      for (const { record } of this.#records(file)) {
        if (!isWhole(record)) continue;
        const epoch = epochOf(record);
        there.add(epoch);
        if (!this.#keys.has(epoch)) {
          this.#keys.set(epoch, SecretBytes.adopt(new Uint8Array(record.subarray(8, 8 + KEY_BYTES))));
        }
        record.fill(0);
      }
    });
    for (const [epoch, key] of this.#keys) {
      if (there.has(epoch)) continue;
      key.wipe();
      this.#keys.delete(epoch);
    }
  }

  *#records(file: number): Generator<{ slot: number; record: Buffer }> {
    for (let slot = 0; slot < RECORDS; slot++) {
      const record = Buffer.alloc(RECORD_BYTES);
      readSync(file, record, 0, RECORD_BYTES, offsetOf(slot));
      yield { slot, record };
    }
  }

  #use<T>(work: (file: number) => T): T {
    let file: number;
    try {
      file = openSync(this.#path, constants.O_RDWR);
    } catch (error) {
      const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      const remedy = 'its vault is there, that cannot be read without it: put back the keyring that belongs to it';
      throw this.#refusal(isMissing ? `there is no such file. If ${remedy}` : (error as Error).message, error);
    }
    try {
      const { mode, size } = fstatSync(file);
      if (mode & 0o077) throw this.#refusal(`others than its owner may read or write it: chmod 600 ${this.#path}`);
      const head = Buffer.alloc(HEAD.length);
      readSync(file, head, 0, head.length, 0);
      if (!head.equals(HEAD) || size !== HEAD.length + RECORDS * RECORD_BYTES) {
        throw this.#refusal('it is not a keyring of this version of Skykey');
      }
      return work(file);
    } catch (error) {
      throw error instanceof NodeError ? error : this.#refusal((error as Error).message, error);
    } finally {
      closeSync(file);
    }
  }

  #refusal(what: string, cause?: unknown): NodeError {
    return new NodeError('node/keyring', `the keyring ${this.#path} cannot be used: ${what}`, { cause });
  }
}

const offsetOf = (slot: number): number => HEAD.length + slot * RECORD_BYTES;

const epochOf = (record: Buffer): number => Number(record.readBigUInt64BE());

const checkOf = (record: Buffer): Buffer =>
  createHash('sha256')
    .update(record.subarray(0, 8 + KEY_BYTES))
    .digest()
    .subarray(0, CHECK_BYTES);

/** A record that was torn while it was written is no key: nobody was told of it. */
const isWhole = (record: Buffer): boolean =>
  !record.equals(EMPTY) && checkOf(record).equals(record.subarray(8 + KEY_BYTES, 8 + KEY_BYTES + CHECK_BYTES));
