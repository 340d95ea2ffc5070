/** The vault of a KME as its configuration says, with its keyring. */
import { randomBytes } from 'node:crypto';
import { chmodSync, closeSync, openSync } from 'node:fs';
import { Vault } from '@skykey/vault';
import { NodeError } from '../error.ts';
import { FileKeyring } from '../vault/file-keyring.ts';
import { connectionOf, type KmeConfiguration } from './configuration.ts';

export interface VaultWatch {
  readonly onTransaction: () => void;
  /** A group of transactions begins that share one write to the disk. */
  readonly onCommit: () => void;
}

/** The file is made, or made its owner's alone: its log and what SQLite keeps beside it take its mode. */
function keepToOwner(path: string): void {
  try {
    closeSync(openSync(path, 'a', 0o600));
    chmodSync(path, 0o600);
  } catch (error) {
    throw new NodeError('node/data', `the vault ${path} cannot be opened: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Throws NodeError or VaultError, the store being as it was: `vault/unavailable` also for one of another version. */
export async function openVault(
  { vault: place, keyring }: Pick<KmeConfiguration, 'vault' | 'keyring'>,
  processId: string,
  { onTransaction, onCommit }: VaultWatch,
  now: () => number = Date.now,
): Promise<Vault> {
  if (place.kind === 'postgres' && processId.endsWith(':0')) {
    throw new NodeError(
      'node/configuration',
      `the name of this process is ${processId}, which others on the vault may have too: set processId to one of its own, and the same after a restart`,
    );
  }
  if (place.kind === 'sqlite') keepToOwner(place.path);
  const store =
    place.kind === 'sqlite'
      ? {
          ...place,
          // Requests of one turn of the event loop share one write to the disk.
          defer: (run: () => void) => {
            onCommit();
            setImmediate(run);
          },
        }
      : {
          kind: place.kind,
          connection: connectionOf(place),
          name: place.name,
          ...(place.connections !== undefined && { connections: place.connections }),
        };
  const vault = await Vault.open({
    store,
    keyring: FileKeyring.forVault(keyring),
    now,
    random: (bytes) => new Uint8Array(randomBytes(bytes)),
    processId,
  });
  return watched(vault, { onTransaction });
}

/** The vault, with every transaction told. */
function watched(vault: Vault, { onTransaction }: Pick<VaultWatch, 'onTransaction'>): Vault {
  const atomically = vault.atomically.bind(vault);
  vault.atomically = (work, scope) => {
    onTransaction();
    return atomically(work, scope);
  };
  return vault;
}
