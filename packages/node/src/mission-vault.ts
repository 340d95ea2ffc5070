/** The vault of one node: a SQLite file beside its keyring, and what keeps it in order while the process lives. */
import { randomBytes } from 'node:crypto';
import { Vault, VaultError } from '@skykey/vault';
import type { Logger } from 'pino';
import { NodeError } from './error.ts';
import { type VaultWatch, watched } from './kme/open-vault.ts';
import { FileKeyring } from './vault/file-keyring.ts';

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
  const { watch } = options;
  try {
    const vault = await Vault.open({
      store: {
        ...{ kind: 'sqlite', path: options.path },
        // Requests of one turn of the event loop share one write to the disk.
        defer: (run) => {
          watch?.onCommit();
          setImmediate(run);
        },
      },
      keyring: FileKeyring.open(options.keyring),
      now: options.now,
      random: (bytes) => new Uint8Array(randomBytes(bytes)),
      processId: options.nodeId,
    });
    return watch ? watched(vault, watch) : vault;
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
