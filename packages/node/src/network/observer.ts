import type { Vault } from '@skykey/vault';

/** One exchange of messages on a line that anybody may listen on. */
export interface WireEntry {
  readonly atMs: number;
  readonly from: string;
  readonly to: string;
  readonly message: Uint8Array;
  readonly answer: Uint8Array;
}

/** A block of a quantum link as both its ends got it. */
export interface QuantumBlock {
  readonly link: string;
  readonly ends: readonly [string, string];
  readonly bytes: Uint8Array;
  /** Name of a block of two sites: where its parts lie in lanes they agree about in public. */
  readonly blockId?: string;
  /** Where its parts lie in lanes otherwise. */
  readonly cuts: readonly { readonly lane: string; readonly from: number; readonly to: number; readonly at: number }[];
}

/** A key as two applications got it. */
export interface DeliveredCopy {
  readonly keyId: string;
  readonly pair: readonly [string, string];
  /** Sites of master and slave. */
  readonly ends: readonly [string, string];
  readonly bytes: Uint8Array;
  readonly routes: readonly (readonly string[])[];
}

/**
 * Writes down what the nodes of an experiment get to hold and say, key included. For studies of simulated networks alone:
 * no process that serves applications has one.
 */
export class Observer {
  readonly wire: WireEntry[] = [];
  readonly blocks: QuantumBlock[] = [];
  readonly delivered: DeliveredCopy[] = [];
  /** By node, everything that entered its vault. */
  readonly entered = new Map<string, Uint8Array[]>();

  /** Has every block that this vault is given be written down, whatever becomes of its transaction. */
  watch(node: string, vault: Vault): void {
    const entered: Uint8Array[] = [];
    this.entered.set(node, entered);
    const original = vault.atomically.bind(vault);
    vault.atomically = (work, scope) =>
      original((tx) => {
        const hold = tx.hold.bind(tx);
        tx.hold = (block) => {
          entered.push(block.bytes.open((bytes) => bytes.slice()));
          return hold(block);
        };
        const append = tx.append.bind(tx);
        tx.append = (lane, labels, bytes) => {
          entered.push(bytes.open((content) => content.slice()));
          return append(lane, labels, bytes);
        };
        return work(tx);
      }, scope);
  }
}
