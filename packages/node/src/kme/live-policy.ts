/** A policy that can be replaced while the KME runs. */
import { readFileSync } from 'node:fs';
import { KmeError, type PairRules, Policy, type PolicyPair, readPolicy } from '@skykey/kme';
import { NodeError } from '../error.ts';

/** Asked as any policy, it answers as the one that is in force at that moment. */
export class LivePolicy extends Policy {
  #current: Policy;

  constructor(first: Policy) {
    super([]);
    this.#current = first;
    Object.defineProperty(this, 'pairs', { get: () => this.#current.pairs });
  }

  get current(): Policy {
    return this.#current;
  }

  replace(next: Policy): void {
    this.#current = next;
  }

  override rulesFor(pair: PolicyPair): PairRules | undefined {
    return this.#current.rulesFor(pair);
  }
}

/** Throws NodeError `node/policy` with the file, the field with its line, and what would be right. */
export function loadPolicy(file: string): Policy {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new NodeError('node/policy', `cannot read the policy ${file}: ${(error as Error).message}`);
  }
  try {
    return readPolicy(bytes);
  } catch (error) {
    if (!(error instanceof KmeError)) throw error;
    throw new NodeError('node/policy', `${file}: ${error.message}`, { cause: error });
  }
}
