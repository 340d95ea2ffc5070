import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { SecretBytes } from '@skykey/bits';
import type { Keyring } from '../keyring.ts';

/** A keyring that forgets everything with the process; handed a list, one that several vaults or a test share. */
export class MemoryKeyring implements Keyring {
  readonly keys: Map<number, SecretBytes>;

  constructor(keys = new Map([[1, SecretBytes.adopt(randomBytes(32))]])) {
    this.keys = keys;
  }

  current(): { epoch: number; key: SecretBytes } {
    const epoch = Math.max(...this.keys.keys());
    return { epoch, key: this.keys.get(epoch)! };
  }

  find(epoch: number): SecretBytes | undefined {
    return this.keys.get(epoch);
  }

  async next(): Promise<number> {
    const epoch = this.current().epoch + 1;
    this.keys.set(epoch, SecretBytes.adopt(randomBytes(32)));
    return epoch;
  }

  async destroyBefore(epoch: number): Promise<void> {
    for (const [each, key] of this.keys) {
      if (each >= epoch) continue;
      key.wipe();
      this.keys.delete(each);
    }
  }

  /** As it is now, to be put back later. */
  copy(): MemoryKeyring {
    return new MemoryKeyring(new Map([...this.keys].map(([epoch, key]) => [epoch, key.slice(0, key.length)])));
  }
}

/** A keyring in a file, for processes that get killed; written whole and renamed, read anew each time. */
export class SharedKeyring implements Keyring {
  readonly #path: string;
  readonly #keys = new Map<number, SecretBytes>();

  constructor(path: string) {
    this.#path = path;
    if (!existsSync(path)) this.#write([[1, randomBytes(32).toString('hex')]]);
  }

  current(): { epoch: number; key: SecretBytes } {
    const epoch = Math.max(...this.#read().map(([each]) => each));
    return { epoch, key: this.find(epoch)! };
  }

  find(epoch: number): SecretBytes | undefined {
    if (!this.#keys.has(epoch)) {
      const key = new Map(this.#read()).get(epoch);
      if (key !== undefined) this.#keys.set(epoch, SecretBytes.adopt(Buffer.from(key, 'hex')));
    }
    return this.#keys.get(epoch);
  }

  async next(): Promise<number> {
    const epoch = this.current().epoch + 1;
    this.#write([...this.#read(), [epoch, randomBytes(32).toString('hex')]]);
    return epoch;
  }

  async destroyBefore(epoch: number): Promise<void> {
    for (const each of this.#keys.keys()) if (each < epoch) this.#keys.delete(each);
    this.#write(this.#read().filter(([each]) => each >= epoch));
  }

  #read(): [number, string][] {
    return JSON.parse(readFileSync(this.#path, 'utf8')) as [number, string][];
  }

  #write(keys: [number, string][]): void {
    writeFileSync(`${this.#path}.new`, JSON.stringify(keys), { mode: 0o600 });
    renameSync(`${this.#path}.new`, this.#path);
  }
}
