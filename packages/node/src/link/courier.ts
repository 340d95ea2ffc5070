import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { SecretBytes } from '@skykey/bits';
import { linkLane } from '@skykey/kme';
import type { Vault } from '@skykey/vault';
import { NodeError } from '../error.ts';

/**
 * Takes a couriered key into the vault as the first authentication key of a link, then overwrites and removes the
 * file. Does nothing when the link has one already; throws when there is neither key nor file.
 */
export function importCourier(vault: Vault, linkId: string, file: string, nowMs: number): void {
  const lane = linkLane(linkId);
  const known = vault.recall(`courier/${linkId}`) !== undefined;
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
    vault.append(
      lane,
      {
        originLinks: ['courier'],
        route: ['courier'],
        epsSec: 0,
        epsCor: 0,
        proof: 'carried by courier',
        simulated: false,
        createdAtMs: nowMs,
      },
      SecretBytes.adopt(new Uint8Array(bytes)),
    );
    vault.remember(`courier/${linkId}`, { importedAtMs: nowMs });
  }
  writeFileSync(file, Buffer.alloc(bytes.length));
  rmSync(file);
  bytes.fill(0);
}
