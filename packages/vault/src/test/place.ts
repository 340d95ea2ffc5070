import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SecretBytes } from '@skykey/bits';
import type { BlockLabels } from '../types.ts';
import { Vault } from '../vault.ts';

/** A folder of its own for a test, removed afterwards. */
export function folder(t: { after: (done: () => void) => void }): string {
  const path = mkdtempSync(join(tmpdir(), 'skykey-vault-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A vault in such a folder, whose clock the test turns by hand, with a way to close and open it again. */
export class Place {
  readonly path: string;
  vault: Vault;
  nowMs = 1_000;
  readonly #maxPages: number | undefined;

  constructor(t: { after: (done: () => void) => void }, maxPages?: number) {
    this.path = join(folder(t), 'vault.db');
    this.#maxPages = maxPages;
    this.vault = this.#open();
    t.after(() => {
      try {
        this.vault.close();
      } catch {
        // The test has closed it.
      }
    });
  }

  reopen(): Vault {
    this.vault.close();
    this.vault = this.#open();
    return this.vault;
  }

  #open(): Vault {
    const now = (): number => this.nowMs;
    return Vault.open({ path: this.path, now, ...(this.#maxPages === undefined ? {} : { maxPages: this.#maxPages }) });
  }
}

export const labels = (changes: Partial<BlockLabels> = {}): BlockLabels => ({
  originLinks: ['micius-beijing'],
  route: ['micius', 'beijing'],
  epsSec: 1e-9,
  epsCor: 1e-15,
  proof: 'lim2014',
  simulated: true,
  createdAtMs: 500,
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

/** A matcher for assert.throws. */
export const code = (wanted: string) => (error: unknown) => {
  const found = (error as { code?: string }).code;
  if (found !== wanted) throw new Error(`expected an error ${wanted}, got ${error}`);
  return true;
};
