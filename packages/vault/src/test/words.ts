import { SecretBytes } from '@skykey/bits';
import type { VaultTransaction } from '../transaction.ts';
import type { BlockLabels } from '../types.ts';
import type { Vault } from '../vault.ts';

/** What can be done in a transaction, every call in one of its own. */
export function single(vault: Vault): VaultTransaction {
  const methodsOf = (within: (tx: VaultTransaction) => object): object =>
    new Proxy(
      {},
      {
        get:
          (_, name: string) =>
          (...values: unknown[]) =>
            vault.atomically(
              async (tx) => await (within(tx) as Record<string, (...v: unknown[]) => unknown>)[name]!(...values),
            ),
      },
    );
  return new Proxy({} as VaultTransaction, {
    get: (_, name: string) => {
      // An async function that returns this looks whether it is a promise.
      if (name === 'then') return undefined;
      if (name === 'keys' || name === 'outbox' || name === 'journal') return methodsOf((tx) => tx[name]);
      if (name === 'pads') return (lane: string) => methodsOf((tx) => tx.pads(lane));
      return (methodsOf((tx) => tx) as Record<string, unknown>)[name];
    },
  });
}

export const labels = (changes: Partial<BlockLabels> = {}): BlockLabels => ({
  originLinks: ['micius-beijing'],
  routes: [['micius', 'beijing']],
  jurisdictions: ['ORBIT', 'CN'],
  epsSec: 1e-9,
  epsCor: 1e-15,
  proof: 'lim2014',
  simulated: true,
  createdAtMs: 500,
  expiresAtMs: null,
  ...changes,
});

/** Bytes that name their own position, so that a wrong one is seen at once. */
export function pattern(length: number, seed = 0): Uint8Array {
  const out = new Uint8Array(length);
  let state = (seed * 2654435761 + 1013904223) >>> 0;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    out[i] = state >>> 24;
  }
  return out;
}

export const secret = (bytes: Uint8Array): SecretBytes => SecretBytes.adopt(bytes.slice());

export const reveal = (bytes: SecretBytes): string => bytes.open((content) => Buffer.from(content).toString('hex'));

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** A matcher for assert.rejects. */
export const code = (wanted: string) => (error: unknown) => {
  const found = (error as { code?: string }).code;
  if (found !== wanted) throw new Error(`expected an error ${wanted}, got ${error}`);
  return true;
};
