/**
 * What one end of a mutual TLS line shows and whom it trusts, read from files and checked in full before it is used:
 * a mistake is said at once, with the file and the remedy, and not by clients that are turned away later.
 */
import 'reflect-metadata';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { statSync } from 'node:fs';
import type { SecureContextOptions } from 'node:tls';
import * as x509 from '@peculiar/x509';
import { NodeError } from '../error.ts';
import { readBlocks, readText } from './pem.ts';
import type { Role } from './signing.ts';

const KEY_LABELS = ['PRIVATE KEY', 'EC PRIVATE KEY', 'RSA PRIVATE KEY', 'ENCRYPTED PRIVATE KEY'];
const LIST_LABELS = ['X509 CRL', 'CRL'];
const ENDS_SOON_MS = 14 * 86_400_000;
/** OpenSSL would turn everybody away from the very second in which a revocation list ends. */
const LIST_MARGIN_MS = 5000;

/** Paths, PEM. */
export interface TlsFiles {
  /** This end's certificate, with those between it and its authority behind it. */
  readonly cert: string;
  readonly key: string;
  /** The authorities that the other end's certificate may come from, and those between. */
  readonly ca: string;
  /** Their revocation lists, one of each or no file. */
  readonly crl?: string | undefined;
}

export interface Trust {
  /**
   * Who is at the other end. `sae`: their authority must not be the one of this end's own certificate, else an SAE could
   * pass for a KME. `kme`: it must be, else the other KME turns this one away. Undefined: neither is checked.
   */
  readonly role?: Role | undefined;
  /**
   * When a revocation list is past its end: `warn` and go on with what it says (default), or `refuse` everybody until
   * there is a newer one.
   */
  readonly staleList?: 'warn' | 'refuse' | undefined;
}

export interface Credentials {
  readonly files: TlsFiles;
  readonly context: SecureContextOptions;
  readonly certificate: X509Certificate;
  /** SHA-256 of the authorities' certificates. */
  readonly authorities: ReadonlySet<string>;
  /** `revocationKey` of what the lists name. */
  readonly revoked: ReadonlySet<string>;
  /** When the first revocation list ends, Unix milliseconds; Infinity without lists. */
  readonly listEndMs: number;
}

/** A certificate as revocation lists name it: serial numbers are unique with their issuer only. */
export function revocationKey(certificate: { readonly serialNumber: string; readonly issuer: string }): string {
  return `${normal(certificate.serialNumber)} ${certificate.issuer}`;
}

const normal = (serial: string): string => serial.toLowerCase().replace(/^0+/, '');

/** Reads and checks all. Throws NodeError with the file, what is wrong with it, and what would be right. */
export async function readCredentials(files: TlsFiles, trust: Trust, nowMs: number): Promise<Credentials> {
  const [certificate, ...between] = readCertificates(files.cert) as [X509Certificate, ...X509Certificate[]];
  checkTime(files.cert, 'certificate', certificate, nowMs);
  const key = readKey(files.key);
  if (!certificate.checkPrivateKey(createPrivateKey(key))) {
    throw new NodeError(
      'node/certificate-key',
      `${files.key} is not the key of the certificate in ${files.cert}: put the two that belong together there`,
    );
  }
  const authorities = readCertificates(files.ca);
  for (const authority of authorities) {
    if (!authority.ca) {
      throw new NodeError(
        'node/certificate-authority',
        `${files.ca} holds the certificate of ${subject(authority)}, which is no authority: give the certificate of the authority that issues them`,
      );
    }
    checkTime(files.ca, 'authority', authority, nowMs);
  }
  checkRole(files, trust.role, issuedBy(certificate, between, authorities));
  const lists = files.crl === undefined ? [] : await readLists(files.crl, files.ca, authorities, nowMs);
  const listEndMs = Math.min(...lists.map(({ endMs }) => endMs));
  const refuse = trust.staleList === 'refuse';
  if (refuse && listEndMs <= nowMs) {
    throw new NodeError(
      'node/revocation-list',
      `the revocation list ${files.crl} ended on ${day(listEndMs)}: fetch a newer one from its authority, or accept old ones by configuration`,
    );
  }
  return {
    files,
    certificate,
    context: {
      cert: readText(files.cert),
      key,
      ca: authorities.map((authority) => authority.toString()),
      // OpenSSL knows no list that is too old but better than none; those are checked by serial number alone.
      ...(lists.length > 0 && (refuse || listEndMs - LIST_MARGIN_MS > nowMs)
        ? { crl: lists.map(({ pem }) => pem) }
        : {}),
      minVersion: 'TLSv1.2',
    },
    authorities: new Set(authorities.map(({ fingerprint256 }) => fingerprint256)),
    revoked: new Set(lists.flatMap(({ revoked }) => revoked)),
    listEndMs,
  };
}

/** Whether the list was given to OpenSSL when it was still good, which it is no more. */
export function listHasEnded({ listEndMs, context }: Credentials, nowMs: number): boolean {
  return context.crl !== undefined && listEndMs - LIST_MARGIN_MS <= nowMs;
}

/** What is not wrong yet, or was accepted by configuration: sentences that stay the same as time goes by. */
export function warningsOf(credentials: Credentials, trust: Trust, nowMs: number): string[] {
  const { files, certificate, revoked, listEndMs } = credentials;
  const warnings: string[] = [];
  if (listEndMs <= nowMs) {
    const effect = trust.staleList === 'refuse' ? 'nobody is let in' : 'what it says is still followed';
    warnings.push(`the revocation list ${files.crl} ended on ${day(listEndMs)}; ${effect}: fetch a newer one`);
  }
  if (Date.parse(certificate.validTo) - nowMs < ENDS_SOON_MS) {
    warnings.push(`the certificate ${files.cert} ends on ${certificate.validTo}: put a new one in its place before`);
  }
  if (revoked.has(revocationKey(certificate))) {
    warnings.push(
      `the certificate ${files.cert} is itself on the revocation list ${files.crl}: others will turn it away`,
    );
  }
  if ((statSync(files.key, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) {
    warnings.push(`other users of this machine can read the key ${files.key}: chmod 600 it`);
  }
  return warnings;
}

const day = (ms: number): string => new Date(ms).toUTCString();
const subject = (certificate: X509Certificate): string => certificate.subject.replaceAll('\n', ', ');

function readCertificates(file: string): X509Certificate[] {
  return readBlocks(file, ['CERTIFICATE', 'X509 CERTIFICATE', 'TRUSTED CERTIFICATE']).map(({ pem, line }) => {
    try {
      return new X509Certificate(pem);
    } catch {
      throw new NodeError(
        'node/certificate',
        `${file}: what begins in line ${line} is no certificate, or a damaged one. Put the right file there, or name another one`,
      );
    }
  });
}

function readKey(file: string): string {
  const [{ pem, label, line }] = readBlocks(file, KEY_LABELS) as [ReturnType<typeof readBlocks>[number]];
  if (label === 'ENCRYPTED PRIVATE KEY' || pem.includes('Proc-Type: 4,ENCRYPTED')) {
    throw new NodeError(
      'node/certificate-key',
      `the key ${file} is encrypted, and nobody is there to type its passphrase: decrypt it with "openssl pkcs8" into a file of mode 600`,
    );
  }
  try {
    createPrivateKey(pem);
    return pem;
  } catch {
    // What OpenSSL says of a damaged key is not repeated: it may quote it.
    throw new NodeError(
      'node/certificate-key',
      `${file}: what begins in line ${line} is no private key, or a damaged one. Put the right file there, or name another one`,
    );
  }
}

function checkTime(file: string, what: string, certificate: X509Certificate, nowMs: number): void {
  const [beginMs, endMs] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  if (beginMs > nowMs) {
    throw new NodeError(
      'node/certificate-time',
      `the ${what} ${file} begins on ${certificate.validFrom}, and this machine's clock says ${day(nowMs)}: set the clock right, or use a certificate that has begun`,
    );
  }
  if (endMs <= nowMs) {
    throw new NodeError(
      'node/certificate-time',
      `the ${what} ${file} ended on ${certificate.validTo} (this machine's clock says ${day(nowMs)}): put a new one in its place`,
    );
  }
}

/** Whether a chain of issuers leads from `certificate` to one of the authorities. */
function issuedBy(
  certificate: X509Certificate,
  between: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
): boolean {
  const issuer = (of: X509Certificate, among: readonly X509Certificate[]): X509Certificate | undefined =>
    among.find((one) => of.checkIssued(one) && of.verify(one.publicKey));
  let current: X509Certificate | undefined = certificate;
  for (let steps = 0; current && steps <= between.length; steps++) {
    if (issuer(current, authorities)) return true;
    current = issuer(current, between);
  }
  return false;
}

function checkRole(files: TlsFiles, role: Role | undefined, own: boolean): void {
  if (role === 'sae' && own) {
    throw new NodeError(
      'node/certificate-authority',
      `the authority of the SAEs, ${files.ca}, also issued this KME's own certificate ${files.cert}: an SAE could pass for a KME. Give the SAEs an authority of their own`,
    );
  }
  if (role === 'kme' && !own) {
    throw new NodeError(
      'node/certificate-authority',
      `the certificate ${files.cert} was not issued by an authority in ${files.ca}, which is to be that of all KMEs: give the authority of the KMEs, or a certificate from it`,
    );
  }
}

interface RevocationList {
  readonly pem: string;
  readonly endMs: number;
  readonly revoked: readonly string[];
}

/** When the revocation list in a file ends, Unix milliseconds. Throws NodeError when it holds none. */
export function revocationListEnd(file: string): number {
  const [{ pem, line }] = readBlocks(file, LIST_LABELS) as [ReturnType<typeof readBlocks>[number]];
  return parseList(file, line, pem).nextUpdate?.getTime() ?? Number.POSITIVE_INFINITY;
}

function parseList(file: string, line: number, pem: string): x509.X509Crl {
  try {
    return new x509.X509Crl(pem);
  } catch {
    throw new NodeError(
      'node/revocation-list',
      `${file}: what begins in line ${line} is no revocation list, or a damaged one. Fetch it again from its authority`,
    );
  }
}

async function readLists(
  file: string,
  caFile: string,
  authorities: readonly X509Certificate[],
  nowMs: number,
): Promise<RevocationList[]> {
  const refuse = (sentence: string): NodeError => new NodeError('node/revocation-list', sentence);
  const lists: RevocationList[] = [];
  const covered = new Set<X509Certificate>();
  for (const { pem, line } of readBlocks(file, LIST_LABELS)) {
    const list = parseList(file, line, pem);
    const signer = await signerAmong(list, authorities);
    if (!signer) {
      throw refuse(
        `the revocation list in line ${line} of ${file} was not signed by an authority in ${caFile}, but by one that calls itself ${list.issuer}: give the list of the authority that is trusted`,
      );
    }
    if (list.extensions.some(({ critical }) => critical)) {
      throw refuse(
        `the revocation list in line ${line} of ${file} is about a part of its authority's certificates only: give the complete one`,
      );
    }
    if (list.thisUpdate.getTime() > nowMs) {
      throw refuse(
        `the revocation list ${file} begins on ${list.thisUpdate.toUTCString()}, and this machine's clock says ${day(nowMs)}: set the clock right`,
      );
    }
    covered.add(signer);
    lists.push({
      // Node reads no other label.
      pem: x509.PemConverter.encode(list.rawData, 'X509 CRL'),
      endMs: list.nextUpdate?.getTime() ?? Number.POSITIVE_INFINITY,
      revoked: list.entries.map(({ serialNumber }) => revocationKey({ serialNumber, issuer: signer.subject })),
    });
  }
  const bare = authorities.find((authority) => !covered.has(authority));
  if (bare) {
    throw refuse(
      `${file} has no revocation list of ${subject(bare)}, which ${caFile} trusts: add it, since with lists for some authorities only all certificates of the others are refused`,
    );
  }
  return lists;
}

async function signerAmong(
  list: x509.X509Crl,
  authorities: readonly X509Certificate[],
): Promise<X509Certificate | null> {
  for (const authority of authorities) {
    const { publicKey, subject: name } = new x509.X509Certificate(authority.raw);
    if (name === list.issuer && (await list.verify({ publicKey }).catch(() => false))) return authority;
  }
  return null;
}
