import { randomBytes } from 'node:crypto';
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
