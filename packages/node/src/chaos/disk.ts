import { constants, copyFileSync, existsSync, rmSync } from 'node:fs';
import { SecretBytes } from '@skykey/bits';
import type { Keyring, PostgresPlace, SqlitePlace } from '@skykey/vault';
import type { CutLine } from './postgres-line.ts';

/** What a process leaves behind when it dies, and finds when it starts. */
export interface Disk {
  readonly place: SqlitePlace | PostgresPlace;
  readonly keyring: Keyring;
  /**
   * The process dies at this moment: what it does from now on never reaches this disk. What is returned is to be called
   * when its remains have been cleared away.
   */
  cut(): () => void;
}

/** The keys of a vault's epochs, which outlive its processes. */
export class DiskKeyring implements Keyring {
  readonly #keys: Map<number, SecretBytes>;
  readonly #random: (bytes: number) => Uint8Array;

  constructor(random: (bytes: number) => Uint8Array, keys = new Map([[1, SecretBytes.adopt(random(32))]])) {
    this.#random = random;
    this.#keys = keys;
  }

  current(): { epoch: number; key: SecretBytes } {
    const epoch = Math.max(...this.#keys.keys());
    return { epoch, key: this.#keys.get(epoch)! };
  }

  find(epoch: number): SecretBytes | undefined {
    return this.#keys.get(epoch);
  }

  async next(): Promise<number> {
    const epoch = this.current().epoch + 1;
    this.#keys.set(epoch, SecretBytes.adopt(this.#random(32)));
    return epoch;
  }

  async destroyBefore(epoch: number): Promise<void> {
    for (const each of this.#keys.keys()) if (each < epoch) this.#keys.delete(each);
  }

  /** As it is now: for a copy that a process cannot reach any more, or to be put back, which must be found out. */
  copy(): DiskKeyring {
    return new DiskKeyring(this.#random, new Map(this.#keys));
  }
}

/**
 * A SQLite file. When its process dies the file and its log are copied as they are at that moment, in the middle of a
 * transaction or not: the copy is what the next process finds, and the dead one may write on into what nobody reads. This
 * is the death of a process, not of the machine: what was written and not yet synced is there.
 */
export class SqliteDisk implements Disk {
  readonly #path: string;
  #number = 0;
  #keyring: DiskKeyring;
  #kept: DiskKeyring | undefined;

  constructor(path: string, keyring: DiskKeyring) {
    this.#path = path;
    this.#keyring = keyring;
  }

  get keyring(): Keyring {
    return this.#keyring;
  }

  get place(): SqlitePlace {
    return { kind: 'sqlite', path: this.#pathOf(this.#number) };
  }

  cut(): () => void {
    const left = this.#pathOf(this.#number++);
    this.#keyring = this.#keyring.copy();
    this.#copy(left, this.#pathOf(this.#number));
    return () => this.#remove(left);
  }

  /** For the checker's own test: a backup is made, which must never be put back. */
  keep(): void {
    this.#kept = this.#keyring.copy();
    this.#copy(this.#pathOf(this.#number), `${this.#path}-kept`);
  }

  /** The backup is put in the place of the file, with the keyring that belongs to it: nothing in it can tell. */
  putBack(): boolean {
    if (!this.#kept) return false;
    this.#keyring = this.#kept.copy();
    this.#copy(`${this.#path}-kept`, this.#pathOf(this.#number));
    return true;
  }

  #pathOf(number: number): string {
    return `${this.#path}-${number}`;
  }

  #copy(from: string, to: string): void {
    this.#remove(to);
    for (const end of ['', '-wal']) {
      if (existsSync(from + end)) copyFileSync(from + end, to + end, constants.COPYFILE_FICLONE);
    }
  }

  #remove(path: string): void {
    for (const end of ['', '-wal', '-shm', '-journal']) rmSync(path + end, { force: true });
  }
}

/** A vault in PostgreSQL as one of its processes reaches it: by a line that dies with it. */
export class PostgresDisk implements Disk {
  readonly keyring: Keyring;
  readonly #line: CutLine;
  readonly #name: string;

  constructor(line: CutLine, name: string, keyring: Keyring) {
    this.#line = line;
    this.#name = name;
    this.keyring = keyring;
  }

  get place(): PostgresPlace {
    const connection = `postgres://skykey@127.0.0.1:${this.#line.port}/postgres`;
    return { kind: 'postgres', connection, name: this.#name, connections: 3 };
  }

  cut(): () => void {
    this.#line.cutAll();
    return () => undefined;
  }
}
