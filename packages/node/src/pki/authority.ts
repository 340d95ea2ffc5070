/**
 * Authorities in a folder: one for the SAEs, one for the KMEs, never the same, so that neither can pass for the other.
 *
 *     sae-ca.crt  sae-ca.key  sae-ca.crl      the authority, its key, what it has revoked
 *     sae-ca/SERIAL.crt                       every certificate that it ever signed
 *     sae-ca/SERIAL.revoked                   since when that one is void, ISO 8601
 *     NAME.crt  NAME.key                      for whom it was issued
 *
 * One file a fact and nothing written over, so that two commands at once need no lock; the revocation list alone is
 * replaced, and can be made again from the others.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { NodeError } from '../error.ts';
import { identityOf, uriOf } from './identity.ts';
import { keepAs, replaceWith, writeNew } from './new-file.ts';
import { readText } from './pem.ts';
import {
  type CertificateAlgorithm,
  type Role,
  type Signer,
  signAuthority,
  signerOf,
  signLeaf,
  signRevocationList,
} from './signing.ts';

const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 3650;
const LEAF_DAYS = 365;
const LIST_DAYS = 30;
/** OpenSSL's PKCS#8 stretches a passphrase by 2,048 rounds only; length has to do the rest. */
const PASSPHRASE_LENGTH = 20;
const KME_HOSTS = ['localhost', '127.0.0.1'];

const WHO: Record<Role, string> = { sae: 'SAEs', kme: 'KMEs' };

/** What every step needs. Times are Unix milliseconds. */
export interface AuthorityOptions {
  readonly folder: string;
  readonly role: Role;
  readonly nowMs: number;
  /** The authority's key is encrypted with the text of this file. */
  readonly passphraseFile?: string | undefined;
}

export interface AuthorityFiles {
  readonly cert: string;
  readonly key: string;
  readonly crl: string;
}

export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

export interface Certified {
  readonly id: string | null;
  readonly serial: string;
  readonly untilMs: number;
  readonly revokedMs: number | null;
}

export interface AuthorityState {
  readonly role: Role;
  readonly name: string;
  readonly files: AuthorityFiles;
  readonly untilMs: number;
  /** By name, then by end. */
  readonly certificates: readonly Certified[];
}

/** Where an authority's certificate, key and revocation list are. */
export const authorityFiles = (folder: string, role: Role): AuthorityFiles => ({
  cert: join(folder, `${role}-ca.crt`),
  key: join(folder, `${role}-ca.key`),
  crl: join(folder, `${role}-ca.crl`),
});

/** Where the certificate of an id is. A URI is percent-encoded. */
export const certificateFiles = (folder: string, id: string): CertificateFiles => ({
  cert: join(folder, `${encodeURIComponent(id)}.crt`),
  key: join(folder, `${encodeURIComponent(id)}.key`),
});

const register = (folder: string, role: Role): string => join(folder, `${role}-ca`);

/**
 * Makes an authority, with a revocation list that is still empty. Throws NodeError `node/pki-exists` when the folder has
 * one for that role, and leaves it alone.
 */
export async function initAuthority(
  options: AuthorityOptions & {
    readonly name?: string | undefined;
    readonly days?: number | undefined;
    readonly algorithm?: CertificateAlgorithm | undefined;
  },
): Promise<AuthorityFiles> {
  const { folder, role, nowMs, algorithm = 'p-256', name = `Skykey CA for ${WHO[role]}` } = options;
  if (!/^[\x20-\x7e]{1,64}$/.test(name) || name !== name.trim()) {
    throw new NodeError(
      'node/pki-option',
      '--name must have 1 to 64 printable ASCII characters, none of them a blank at either end',
    );
  }
  const passphrase = readPassphrase(options.passphraseFile);
  const files = authorityFiles(folder, role);
  for (const file of Object.values(files)) {
    if (existsSync(file)) {
      throw new NodeError(
        'node/pki-exists',
        `${folder} has an authority of the ${WHO[role]} already (${file}); it is left as it is: choose another folder with --out`,
      );
    }
  }
  makeFolder(folder);
  makeFolder(register(folder, role));
  const made = await signAuthority({
    name,
    algorithm,
    nowMs,
    untilMs: nowMs + days(options.days, AUTHORITY_DAYS) * DAY_MS,
  });
  // The certificate last: with it the authority is there.
  writeNew(files.key, keyPem(made.key, passphrase));
  replaceWith(
    files.crl,
    await signRevocationList(made.signer, { revoked: [], nowMs, untilMs: nowMs + LIST_DAYS * DAY_MS }),
  );
  writeNew(files.cert, made.pem);
  return files;
}

/**
 * Issues a certificate and its key. `renew` lets a new pair take the place of the one that is there: the old pair stays
 * beside it, under its serial number, and stays valid until it ends or is revoked. Ends with its authority at the latest,
 * where `days` does not say otherwise.
 */
export async function issueCertificate(
  options: AuthorityOptions & {
    readonly id: string;
    /** Names and addresses under which a KME is called. */
    readonly hosts?: readonly string[] | undefined;
    readonly days?: number | undefined;
    readonly renew?: boolean | undefined;
  },
): Promise<CertificateFiles & { readonly serial: string; readonly untilMs: number }> {
  const { folder, role, id, nowMs } = options;
  uriOf(id);
  const hosts = checkHosts(role, options.hosts);
  const { signer, certificate: authority } = await openAuthority(options);
  const endMs = Date.parse(authority.validTo);
  // Certificates know whole seconds.
  const wantedMs = Math.floor(nowMs / 1000) * 1000 + days(options.days, LEAF_DAYS) * DAY_MS;
  const untilMs = options.days === undefined ? Math.min(wantedMs, endMs) : wantedMs;
  if (untilMs > endMs) {
    throw new NodeError(
      'node/pki-option',
      `--days ${options.days} is past the end of the authority on ${authority.validTo}: give fewer`,
    );
  }
  const files = certificateFiles(folder, id);
  const there = Object.values(files).filter((file) => existsSync(file));
  if (there.length > 0 && !options.renew) {
    throw new NodeError(
      'node/pki-exists',
      `${there[0]} is there already and is left as it is: choose another name, or have a new certificate take its place with --renew`,
    );
  }
  const { pem, key, serial } = await signLeaf(signer, { id, role, hosts, nowMs, untilMs });
  // What may be out in the world must be in the register, so that it can be revoked.
  writeNew(join(register(folder, role), `${serial}.crt`), pem);
  if (there.length > 0) retire(folder, id, files);
  const write = there.length > 0 ? replaceWith : writeNew;
  write(files.key, keyPem(key));
  write(files.cert, pem);
  return { ...files, serial, untilMs };
}

/** The pair of before gets names with its serial number. */
function retire(folder: string, id: string, files: CertificateFiles): void {
  const { serialNumber } = readCertificate(files.cert);
  const old = certificateFiles(folder, `${id}.${serialNumber.toLowerCase().slice(0, 8)}`);
  if (existsSync(files.cert)) keepAs(files.cert, old.cert);
  if (existsSync(files.key)) keepAs(files.key, old.key);
}

/**
 * Revokes every certificate that was issued under a name, and writes the revocation list. To revoke again changes
 * nothing but the list's date. Throws NodeError `node/pki-unknown` when there is none.
 */
export async function revokeCertificates(options: AuthorityOptions & { readonly id: string }): Promise<Certified[]> {
  const { folder, role, id, nowMs } = options;
  const authority = await openAuthority(options);
  const named = readRegister(folder, role).filter((certified) => certified.id === id);
  if (named.length === 0) {
    throw new NodeError(
      'node/pki-unknown',
      `the authority of the ${WHO[role]} in ${folder} issued no certificate to ${id}: "skykey pki list" shows to whom it did`,
    );
  }
  for (const { serial, revokedMs } of named) {
    if (revokedMs === null)
      writeNew(join(register(folder, role), `${serial}.revoked`), `${new Date(nowMs).toISOString()}\n`);
  }
  await writeList(options, authority.signer);
  return readRegister(folder, role).filter((certified) => certified.id === id);
}

/** Writes the revocation list anew, before the one that is there ends. Returns its end, Unix milliseconds. */
export async function renewRevocationList(
  options: AuthorityOptions & { readonly days?: number | undefined },
): Promise<number> {
  return writeList(options, (await openAuthority(options)).signer, options.days);
}

/** Somebody else may revoke meanwhile: the list is whole when the register says the same after it was written. */
async function writeList(options: AuthorityOptions, signer: Signer, forDays?: number): Promise<number> {
  const { folder, role, nowMs } = options;
  const untilMs = nowMs + days(forDays, LIST_DAYS) * DAY_MS;
  const revokedNow = (): { serial: string; atMs: number }[] =>
    readRegister(folder, role).flatMap(({ serial, revokedMs }) =>
      revokedMs === null ? [] : { serial, atMs: revokedMs },
    );
  for (let revoked = revokedNow(); ; ) {
    replaceWith(authorityFiles(folder, role).crl, await signRevocationList(signer, { revoked, nowMs, untilMs }));
    const now = revokedNow();
    if (now.length === revoked.length) return untilMs;
    revoked = now;
  }
}

/** The authorities of a folder and what they issued. Throws NodeError `node/pki-unknown` when it holds none. */
export function listAuthorities(folder: string): AuthorityState[] {
  const roles = (['sae', 'kme'] as const).filter((role) => existsSync(authorityFiles(folder, role).cert));
  if (roles.length === 0) throw noAuthority(folder, 'sae');
  return roles.map((role) => {
    const files = authorityFiles(folder, role);
    const certificate = readCertificate(files.cert);
    return {
      role,
      name: certificate.subject.replace(/^CN=/, ''),
      files,
      untilMs: Date.parse(certificate.validTo),
      certificates: readRegister(folder, role).sort(
        (one, other) => (one.id ?? '').localeCompare(other.id ?? '') || one.untilMs - other.untilMs,
      ),
    };
  });
}

function readRegister(folder: string, role: Role): Certified[] {
  const from = register(folder, role);
  const names = new Set(existsSync(from) ? readdirSync(from) : []);
  return [...names]
    .filter((name) => /^[0-9a-f]{32}\.crt$/.test(name))
    .map((name) => {
      const serial = name.slice(0, 32);
      const certificate = readCertificate(join(from, name));
      // Whatever URI this authority wrote is an id.
      const id = identityOf(certificate, { uris: [''] });
      const revoked = `${serial}.revoked`;
      return {
        id,
        serial,
        untilMs: Date.parse(certificate.validTo),
        revokedMs: names.has(revoked) ? readInstant(join(from, revoked)) : null,
      };
    });
}

function readInstant(file: string): number {
  const atMs = Date.parse(readFileSync(file, 'utf8').trim());
  if (!Number.isNaN(atMs)) return atMs;
  throw new NodeError(
    'node/pki-register',
    `${file} does not hold the time of a revocation: write one there, such as 2026-01-31T12:00:00Z`,
  );
}

function readCertificate(file: string): X509Certificate {
  const text = readText(file);
  try {
    return new X509Certificate(text);
  } catch (error) {
    throw new NodeError(
      'node/certificate',
      `${file} is no certificate in PEM (${(error as Error).message}): put the right one back`,
    );
  }
}

async function openAuthority(options: AuthorityOptions): Promise<{ signer: Signer; certificate: X509Certificate }> {
  const { folder, role, nowMs } = options;
  const files = authorityFiles(folder, role);
  if (!existsSync(files.cert) || !existsSync(files.key)) throw noAuthority(folder, role);
  const certificate = readCertificate(files.cert);
  if (Date.parse(certificate.validTo) <= nowMs) {
    throw new NodeError(
      'node/certificate-time',
      `the authority ${files.cert} ended on ${certificate.validTo}: make a new one in another folder with "skykey pki init"`,
    );
  }
  const key = openKey(files.key, readPassphrase(options.passphraseFile));
  if (!certificate.checkPrivateKey(key)) {
    throw new NodeError('node/certificate-key', `${files.key} is not the key of ${files.cert}: put the right one back`);
  }
  return { signer: await signerOf(readText(files.cert), key), certificate };
}

function noAuthority(folder: string, role: Role): NodeError {
  return new NodeError(
    'node/pki-unknown',
    `there is no authority of the ${WHO[role]} in ${folder} (${role}-ca.crt with ${role}-ca.key): make one with "skykey pki init --out ${folder} --ca ${role}"`,
  );
}

function openKey(file: string, passphrase: string | undefined): KeyObject {
  const text = readText(file);
  const encrypted = text.includes('BEGIN ENCRYPTED PRIVATE KEY');
  if (encrypted && passphrase === undefined) {
    throw new NodeError(
      'node/pki-passphrase',
      `${file} is encrypted: give the file with its passphrase with --passphrase-file`,
    );
  }
  try {
    return createPrivateKey({ key: text, format: 'pem', ...(encrypted ? { passphrase: passphrase! } : {}) });
  } catch {
    throw encrypted
      ? new NodeError(
          'node/pki-passphrase',
          `${file} does not open with the passphrase of --passphrase-file: give the one it was made with`,
        )
      : new NodeError('node/certificate-key', `${file} is no private key in PEM: put the right one back`);
  }
}

function keyPem(key: KeyObject, passphrase?: string): string {
  const encryption = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase };
  return key.export({ format: 'pem', type: 'pkcs8', ...encryption }) as string;
}

function readPassphrase(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  const text = readText(file).replace(/\r?\n$/, '');
  if (text.length >= PASSPHRASE_LENGTH) return text;
  throw new NodeError(
    'node/pki-passphrase',
    `the passphrase in ${file} has ${text.length} characters: give ${PASSPHRASE_LENGTH} at least, such as "openssl rand -base64 24" writes`,
  );
}

function days(given: number | undefined, otherwise = 0): number {
  const value = given ?? otherwise;
  if (Number.isInteger(value) && value >= 1 && value <= 36_500) return value;
  throw new NodeError('node/pki-option', `--days is ${value}: give a whole number of days from 1 to 36500`);
}

function checkHosts(role: Role, hosts: readonly string[] | undefined): readonly string[] {
  const name = /^(\*\.)?([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
  for (const host of hosts ?? []) {
    if (isIP(host) || (name.test(host) && host.length <= 253)) continue;
    throw new NodeError('node/pki-option', `--host ${host} is neither a host name nor an IP address`);
  }
  // An SAE calls; it is called only where it says so, as the agent of a tunnel is by the agent at the other end.
  return hosts?.length ? hosts : role === 'kme' ? KME_HOSTS : [];
}

function makeFolder(folder: string): void {
  try {
    // Level by level: the recursive form of mkdir never returns where a file system forbids new folders (/proc).
    const missing: string[] = [];
    for (let level = resolve(folder); !existsSync(level); level = dirname(level)) missing.unshift(level);
    for (const level of missing) mkdirSync(level, { mode: 0o700 });
  } catch (error) {
    throw new NodeError(
      'node/pki-folder',
      `cannot make the folder ${folder}: ${(error as Error).message}; choose another with --out`,
    );
  }
}
