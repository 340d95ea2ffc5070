import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { SecretBytes } from '@skykey/bits';
import { linkLane } from '@skykey/kme';
import type { Vault } from '@skykey/vault';
import { NodeError } from '../error.ts';

/** Key that no quantum link has made; for tags alone, so no policy asks which way it came. */
const LABELS = {
  originLinks: ['courier'],
  routes: [['courier']],
  jurisdictions: [],
  epsSec: 0,
  epsCor: 0,
  proof: 'carried by courier',
  simulated: false,
  expiresAtMs: null,
};

/**
 * Takes a couriered key into the vault as the first authentication key of a link, then overwrites and removes the
 * file. Does nothing when the link has one already; rejects when there is neither key nor file.
 */
export async function importCourier(vault: Vault, linkId: string, file: string, nowMs: number): Promise<void> {
  const memory = `courier/${linkId}`;
  const known = (await vault.notebook().recall(memory)) !== undefined;
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    if (known) return;
    throw new NodeError(
      'node/courier',
      `the link ${linkId} has no authentication key: ${file} cannot be read (${(error as Error).message}). Bring the couriered key to this path`,
    );
  }
  if (!known) {
    const key = SecretBytes.adopt(new Uint8Array(bytes));
    await vault.atomically(async (tx) => {
      await tx.append(linkLane(linkId), { ...LABELS, createdAtMs: nowMs }, key);
      await tx.remember(memory, { importedAtMs: nowMs });
    });
    key.wipe();
  }
  writeFileSync(file, Buffer.alloc(bytes.length));
  rmSync(file);
  bytes.fill(0);
}
