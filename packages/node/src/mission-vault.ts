/** The vault of one node: a SQLite file beside its keyring, and what keeps it in order while the process lives. */
import { type Vault, VaultError } from '@skykey/vault';
import type { Logger } from 'pino';
import { NodeError } from './error.ts';
import { openVault, type VaultWatch } from './kme/open-vault.ts';

const UNWATCHED: VaultWatch = { onTransaction: () => undefined, onCommit: () => undefined };
const SCRUB_MS = 1000;
/** After so long every copy of the file that somebody made is unreadable. */
const ROTATE_MS = 3_600_000;

export async function openMissionVault(options: {
  readonly path: string;
  readonly keyring: string;
  /** Mission time. */
  readonly now: () => number;
  readonly nodeId: string;
  readonly watch?: VaultWatch;
}): Promise<Vault> {
  const { path, keyring, now, nodeId, watch = UNWATCHED } = options;
  try {
    return await openVault({ vault: { kind: 'sqlite', path }, keyring }, nodeId, watch, now);
  } catch (error) {
    if (!(error instanceof VaultError) || !/ has format \d/.test(error.message)) throw error;
    throw new NodeError('node/data', `${error.message}; or choose another folder with --data`, { cause: error });
  }
}

/** Scrubs and rotates until the returned function is called. A disk that refuses is logged, and tried again. */
export function tendVault(vault: Vault, log: Logger): () => void {
  const attempt = (what: string, work: Promise<void>): void => {
    work.catch((error: Error) => log.warn({ reason: error.message }, `${what} of the vault failed`));
  };
  const scrubbing = setInterval(() => attempt('scrubbing', vault.scrub()), SCRUB_MS);
  const rotating = setInterval(() => attempt('rotation', vault.rotate()), ROTATE_MS);
  return () => {
    clearInterval(scrubbing);
    clearInterval(rotating);
  };
}
