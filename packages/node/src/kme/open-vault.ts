/** The vault of a KME as its configuration says, with its keyring. */
import { randomBytes } from 'node:crypto';
import { Vault } from '@skykey/vault';
import { FileKeyring } from '../vault/file-keyring.ts';
import { connectionOf, type KmeConfiguration } from './configuration.ts';

export interface VaultWatch {
  readonly onTransaction: () => void;
  /** A group of transactions begins that share one write to the disk. */
  readonly onCommit: () => void;
}

/** Throws NodeError or VaultError, the store being as it was: `vault/unavailable` also for one of another version. */
export async function openVault(
  { vault: place, keyring }: Pick<KmeConfiguration, 'vault' | 'keyring'>,
  processId: string,
  { onTransaction, onCommit }: VaultWatch,
): Promise<Vault> {
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
    keyring: FileKeyring.open(keyring),
    now: Date.now,
    random: (bytes) => new Uint8Array(randomBytes(bytes)),
    processId,
  });
  return watched(vault, { onTransaction });
}

/** The vault, with every transaction told. */
export function watched(vault: Vault, { onTransaction }: Pick<VaultWatch, 'onTransaction'>): Vault {
  const atomically = vault.atomically.bind(vault);
  vault.atomically = (work, scope) => {
    onTransaction();
    return atomically(work, scope);
  };
  return vault;
}
