/**
 * Development certificates, made at first start: one authority for the SAEs, one for the KMEs, so that a client of one
 * role can never pass for the other (pinned CA per role). A production operator brings its own and names the files in
 * the configuration; nothing here runs then.
 */
import 'reflect-metadata';
import { webcrypto, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { NodeError } from '../error.ts';

x509.cryptoProvider.set(webcrypto as Crypto);

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const YEAR_MS = 365 * 86_400_000;
/** SAE and KME identifiers stand in the certificate as `urn:skykey:<id>`. */
export const URN = 'urn:skykey:';

interface Authority {
  readonly certificate: x509.X509Certificate;
  readonly keys: CryptoKeyPair;
}

/** Paths of a certificate and its key, PEM. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

async function makeAuthority(name: string, now: number): Promise<Authority> {
  const keys = (await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])) as CryptoKeyPair;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: `CN=${name}`,
    notBefore: new Date(now - 3_600_000),
    notAfter: new Date(now + YEAR_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  });
  return { certificate, keys };
}

async function issue(
  authority: Authority,
  id: string,
  role: 'sae' | 'kme',
  now: number,
): Promise<{ cert: string; key: string }> {
  const keys = (await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])) as CryptoKeyPair;
  const names = [{ type: 'url' as const, value: `${URN}${id}` }];
  const server = [
    { type: 'dns' as const, value: 'localhost' },
    { type: 'ip' as const, value: '127.0.0.1' },
  ];
  const usages =
    role === 'kme'
      ? [x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]
      : [x509.ExtendedKeyUsage.clientAuth];
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: `CN=${id}`,
    issuer: authority.certificate.subject,
    notBefore: new Date(now - 3_600_000),
    notAfter: new Date(now + YEAR_MS),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: authority.keys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(usages),
      new x509.SubjectAlternativeNameExtension(role === 'kme' ? [...names, ...server] : names),
    ],
  });
  return { cert: certificate.toString('pem'), key: await pkcs8(keys.privateKey) };
}

async function pkcs8(key: CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

function serial(): string {
  const bytes = Buffer.from(webcrypto.getRandomValues(new Uint8Array(16)));
  // A serial number is a positive integer (RFC 5280, 4.1.2.2).
  bytes[0]! &= 0x7f;
  return bytes.toString('hex');
}

/**
 * Makes the certificates of a first start in `folder`: `sae-ca.crt`, `kme-ca.crt`, and a certificate and key for every
 * id. Nothing there is ever replaced: a folder that holds all of them is left as it is, one that holds only some of them,
 * or some that have expired, is refused. The authorities' own keys are not kept: to add a name, remove the folder.
 */
export async function developmentCertificates(
  folder: string,
  ids: { saes: readonly string[]; kmes: readonly string[] },
  now: number,
): Promise<void> {
  const certificates = ['sae-ca.crt', 'kme-ca.crt', ...[...ids.saes, ...ids.kmes].map((id) => `${id}.crt`)];
  const wanted = [...certificates, ...[...ids.saes, ...ids.kmes].map((id) => `${id}.key`)];
  const missing = wanted.filter((name) => !existsSync(join(folder, name)));
  if (missing.length === 0) return checkDates(folder, certificates, now);
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw new NodeError(
      'node/certificates',
      `the folder ${folder} has no ${missing[0]}: put it back, or remove the folder to have all certificates made anew`,
    );
  }
  // Written beside and renamed, so that a start that is interrupted leaves all of them or none.
  const beside = `${folder}.new`;
  rmSync(beside, { recursive: true, force: true });
  mkdirSync(beside, { recursive: true, mode: 0o700 });
  const write = (name: string, text: string): void => writeFileSync(join(beside, name), text, { mode: 0o600 });
  for (const role of ['sae', 'kme'] as const) {
    const authority = await makeAuthority(`Skykey development CA for ${role.toUpperCase()}s`, now);
    for (const id of role === 'sae' ? ids.saes : ids.kmes) {
      const { cert, key } = await issue(authority, id, role, now);
      write(`${id}.key`, key);
      write(`${id}.crt`, cert);
    }
    write(`${role}-ca.crt`, authority.certificate.toString('pem'));
  }
  rmSync(folder, { recursive: true, force: true });
  renameSync(beside, folder);
}

function checkDates(folder: string, certificates: readonly string[], now: number): void {
  for (const name of certificates) {
    const { validTo } = new X509Certificate(readPem(join(folder, name)));
    if (Date.parse(validTo) > now) continue;
    throw new NodeError(
      'node/certificates',
      `the certificate ${join(folder, name)} ended on ${validTo}: replace it, or remove the folder to have all made anew`,
    );
  }
}

/** Reads a PEM file for TLS. */
export function readPem(path: string): string {
  return readFileSync(path, 'utf8');
}

/** The Skykey id of a peer's certificate, or null when its subject alternative names hold none, or several. */
export function idOfCertificate(subjectAltName: string | undefined): string | null {
  const ids = (subjectAltName ?? '')
    .split(', ')
    .filter((name) => name.startsWith(`URI:${URN}`))
    .map((name) => name.slice(4 + URN.length));
  return ids.length === 1 && /^[A-Za-z0-9._~-]{1,64}$/.test(ids[0]!) ? ids[0]! : null;
}
