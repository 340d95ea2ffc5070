/**
 * The certificates of `skykey up`, made at the first start for loopback: two authorities, a certificate for every id. The
 * authorities' keys stay in the folder, so that `skykey pki issue` can add an application afterwards. A production
 * operator brings certificates of its own and names the files in the configuration; nothing here runs then.
 */
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { NodeError } from '../error.ts';
import { authorityFiles, certificateFiles, initAuthority, issueCertificate, renewRevocationList } from './authority.ts';
import { revocationListEnd } from './credentials.ts';
import { readText } from './pem.ts';
import type { Role } from './signing.ts';

const LIST_DAYS = 365;
const RENEW_LIST_MS = 180 * 86_400_000;
const ROLES: readonly Role[] = ['sae', 'kme'];

/**
 * Sees to it that `folder` holds both authorities and a certificate and key for every id. What is there stays: ids that
 * are new are added; a folder that misses a part of what belongs together, or holds something that has expired, is
 * refused and left alone. Revocation lists are renewed when less than half a year of them is left.
 */
export async function developmentCertificates(
  folder: string,
  ids: { readonly saes: readonly string[]; readonly kmes: readonly string[] },
  nowMs: number,
): Promise<void> {
  const wanted = [
    ...ids.saes.map((id) => ({ id, role: 'sae' as const })),
    ...ids.kmes.map((id) => ({ id, role: 'kme' as const })),
  ];
  if (!existsSync(folder) || readdirSync(folder).length === 0) {
    // Made beside and renamed, so that a start that is interrupted leaves all of them or none.
    const beside = `${folder}.new`;
    rmSync(beside, { recursive: true, force: true });
    mkdirSync(beside, { recursive: true, mode: 0o700 });
    for (const role of ROLES) {
      await initAuthority({ folder: beside, role, nowMs, name: `Skykey development CA for ${role.toUpperCase()}s` });
      await renewRevocationList({ folder: beside, role, nowMs, days: LIST_DAYS });
    }
    for (const { id, role } of wanted) await issueCertificate({ folder: beside, role, id, nowMs });
    rmSync(folder, { recursive: true, force: true });
    renameSync(beside, folder);
    return;
  }
  for (const role of ROLES) checkWhole(folder, Object.values(authorityFiles(folder, role)), nowMs);
  const missing = wanted.filter(({ id }) => {
    const files = Object.values(certificateFiles(folder, id));
    if (!files.some((file) => existsSync(file))) return true;
    checkWhole(folder, files, nowMs);
    return false;
  });
  for (const { id, role } of missing) await issueCertificate({ folder, role, id, nowMs });
  for (const role of ROLES) {
    if (revocationListEnd(authorityFiles(folder, role).crl) - nowMs < RENEW_LIST_MS) {
      await renewRevocationList({ folder, role, nowMs, days: LIST_DAYS });
    }
  }
}

function checkWhole(folder: string, files: readonly string[], nowMs: number): void {
  for (const file of files) {
    if (!existsSync(file)) {
      throw new NodeError(
        'node/certificates',
        `there is no ${file}: put it back, or remove the folder ${folder} to have all certificates made anew`,
      );
    }
    if (!file.endsWith('.crt')) continue;
    const { validTo } = new X509Certificate(readText(file));
    if (Date.parse(validTo) <= nowMs) {
      throw new NodeError(
        'node/certificates',
        `the certificate ${file} ended on ${validTo}: replace it with "skykey pki issue --renew", or remove the folder ${folder} to have all made anew`,
      );
    }
  }
}
