import { SecretBytes } from '@skykey/bits';
import type { Keyring } from '@skykey/vault';

/** A keyring that lives as long as the test: it survives its vault's death, as a file would. */
export class TestKeyring implements Keyring {
  readonly #keys = new Map<number, SecretBytes>();
  #epoch = 0;

  constructor() {
    this.#begin();
  }

  #begin(): number {
    this.#epoch++;
    this.#keys.set(this.#epoch, SecretBytes.adopt(new Uint8Array(32).fill(this.#epoch)));
    return this.#epoch;
  }

  current(): { readonly epoch: number; readonly key: SecretBytes } {
    return { epoch: this.#epoch, key: this.#keys.get(this.#epoch)! };
  }

  find(epoch: number): SecretBytes | undefined {
    return this.#keys.get(epoch);
  }

  async next(): Promise<number> {
    return this.#begin();
  }

  async destroyBefore(epoch: number): Promise<void> {
    for (const old of this.#keys.keys()) if (old < epoch) this.#keys.delete(old);
  }
}
