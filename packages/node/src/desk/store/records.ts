import { SecretBytes } from '@skykey/bits';
import { NodeError } from '../../error.ts';
import type { Database } from './database.ts';
import type { KeyFile } from './key-file.ts';
import { damaged } from './refusal.ts';
import { blind, contextOf, KEY_BYTES, padded, type RandomBytes, seal, unpadded, unseal } from './seal.ts';

/** The first row of a store. */
interface Head {
  readonly id: Uint8Array;
  readonly epoch: number;
  /** The key that names are blinded under, sealed under that of the epoch. */
  readonly sealed: Uint8Array;
}

interface Row {
  readonly name: Uint8Array;
  readonly epoch: number;
  readonly sealed: Uint8Array;
}

/** What is kept until it is replaced: records by name, sealed under the key of the epoch, their names blinded. */
export class Records {
  /** Names of this store are blinded under it; the same in every epoch. */
  readonly blinding: SecretBytes;
  readonly #db: Database;
  readonly #keys: KeyFile;
  readonly #random: RandomBytes;
  readonly #what: string;
  #epoch: number;

  /** Makes the first row of a store. */
  static begin(db: Database, keys: KeyFile, random: RandomBytes): void {
    const epoch = keys.epochs().at(-1);
    if (epoch === undefined) throw new NodeError('desk/keys', 'the key file of the desk holds no key that is whole');
    const blinding = SecretBytes.adopt(random(KEY_BYTES));
    const sealed = sealedBlinding(blinding, keys, epoch, random);
    db.transaction(() => db.run('INSERT INTO store VALUES (1, ?, 0, 0, ?, ?)', keys.storeId, epoch, sealed));
    blinding.wipe();
  }

  /** Throws NodeError when store and key file do not belong together. `what` names the store. */
  constructor(db: Database, keys: KeyFile, random: RandomBytes, what: string) {
    const head = db.get('SELECT id, epoch, sealed FROM store') as unknown as Head;
    this.blinding = blindingIn(head, keys, what);
    this.#db = db;
    this.#keys = keys;
    this.#random = random;
    this.#what = what;
    this.#epoch = head.epoch;
  }

  get epoch(): number {
    return this.#epoch;
  }

  get(name: string): Uint8Array | undefined {
    const row = this.#db.get('SELECT * FROM state WHERE name = ?', this.#blind(name));
    return row && this.#opened(row as unknown as Row)[1];
  }

  all(prefix: string): Map<string, Uint8Array> {
    const records = this.#rows().map((row) => this.#opened(row));
    return new Map(records.filter(([name]) => name.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** Inside a transaction. */
  put(name: string, bytes: Uint8Array): void {
    this.#put(name, bytes, this.#epoch);
  }

  /** Inside a transaction. */
  remove(name: string): void {
    this.#db.run('DELETE FROM state WHERE name = ?', this.#blind(name));
  }

  /** Inside a transaction: seals everything under the key of `epoch`. */
  reseal(epoch: number): void {
    for (const row of this.#rows()) {
      const [name, bytes] = this.#opened(row);
      this.#put(name, bytes, epoch);
      bytes.fill(0);
    }
    const sealed = sealedBlinding(this.blinding, this.#keys, epoch, this.#random);
    this.#db.run('UPDATE store SET epoch = ?, sealed = ?', epoch, sealed);
  }

  /** What `reseal` did is durable: what comes is sealed under the key of `epoch`. */
  turnTo(epoch: number): void {
    this.#epoch = epoch;
  }

  #rows(): Row[] {
    return this.#db.all('SELECT * FROM state') as unknown as Row[];
  }

  #put(name: string, bytes: Uint8Array, epoch: number): void {
    const blinded = this.#blind(name);
    const label = Buffer.from(name);
    const content = Buffer.alloc(4 + label.length + bytes.length);
    content.writeUInt32BE(label.length);
    content.set(label, 4);
    content.set(bytes, 4 + label.length);
    const plain = padded(content);
    const sealed = seal(this.#keys.epoch(epoch)!, this.#random, plain, this.#context(blinded, epoch));
    content.fill(0);
    plain.fill(0);
    this.#db.run('INSERT OR REPLACE INTO state VALUES (?, ?, ?)', blinded, epoch, sealed);
  }

  /** By the row's own epoch: while a new one begins there are both. */
  #opened({ name: blinded, epoch, sealed }: Row): [name: string, bytes: Uint8Array] {
    const key = this.#keys.epoch(epoch);
    const plain = key && unseal(key, sealed, this.#context(blinded, epoch));
    if (!plain) throw damaged(this.#what, 'a record in it is not what was written');
    const content = unpadded(plain);
    const end = 4 + new DataView(content.buffer, content.byteOffset).getUint32(0);
    return [Buffer.from(content.subarray(4, end)).toString(), content.subarray(end)];
  }

  #blind(name: string): Uint8Array {
    return blind(this.blinding, 'state', name);
  }

  #context(blinded: Uint8Array, epoch: number): Uint8Array {
    return contextOf('skykey desk state 1', this.#keys.storeId, blinded, epoch);
  }
}

function blindingIn({ id, epoch, sealed }: Head, keys: KeyFile, what: string): SecretBytes {
  const refusal = (how: string): NodeError => new NodeError('desk/keys', `${what} cannot be opened: ${how}`);
  if (!Buffer.from(id).equals(keys.storeId))
    throw refusal('the key file beside it belongs to another store; put back the one that belongs to this');
  const key = keys.epoch(epoch);
  if (!key) {
    const isOld = keys.epochs().some((each) => each > epoch);
    throw refusal(
      isOld
        ? 'it is an old copy, from before its keys were renewed, and the old keys are destroyed; put back the newest one. ' +
            'Without it, move the folder away and start empty: the line comes up again, history and persons do not'
        : 'the key file beside it is an old copy, or damaged, and lacks the newest key; put back the newest one',
    );
  }
  const bytes = unseal(key, sealed, blindingContext(keys, epoch));
  if (!bytes) throw damaged(what, 'its first row is not what was written');
  return SecretBytes.adopt(bytes);
}

const sealedBlinding = (blinding: SecretBytes, keys: KeyFile, epoch: number, random: RandomBytes): Uint8Array =>
  blinding.open((bytes) => seal(keys.epoch(epoch)!, random, bytes, blindingContext(keys, epoch)));

const blindingContext = (keys: KeyFile, epoch: number): Uint8Array =>
  contextOf('skykey desk blinding 1', keys.storeId, epoch);
