/** Certificates and revocation lists by RFC 5280: what stands in them, signed. Nothing here touches a file. */
import 'reflect-metadata';
import { createPrivateKey, type KeyObject, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';
import { uriOf } from './identity.ts';

x509.cryptoProvider.set(webcrypto as Crypto);

/** For whom an authority speaks. */
export type Role = 'sae' | 'kme';

/**
 * `p-256`: ECDSA with SHA-256. `ml-dsa-65`: FIPS 204; TLS 1.3 alone, with OpenSSL 3.5 or newer at both ends.
 */
export type CertificateAlgorithm = 'p-256' | 'ml-dsa-65';

const ALGORITHMS = {
  'p-256': { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  'ml-dsa-65': { name: 'ML-DSA-65' },
} as const;

/** A clock that is up to an hour behind still finds a new certificate valid. */
const CLOCK_SLACK_MS = 3_600_000;
/** CRL number, RFC 5280, 5.2.3. */
const CRL_NUMBER = '2.5.29.20';

/** An authority's certificate and its key in use. */
export interface Signer {
  readonly certificate: x509.X509Certificate;
  readonly key: CryptoKey;
  readonly algorithm: CertificateAlgorithm;
}

export interface SignedCertificate {
  readonly pem: string;
  /** Of the certificate: to be kept, or handed to whom it is for. */
  readonly key: KeyObject;
  /** 32 hexadecimal digits, lower case. */
  readonly serial: string;
}

/** A new authority, which signs leaves and revocation lists and nothing else. */
export async function signAuthority(options: {
  readonly name: string;
  readonly algorithm: CertificateAlgorithm;
  readonly nowMs: number;
  readonly untilMs: number;
}): Promise<SignedCertificate & { readonly signer: Signer }> {
  const { algorithm } = options;
  const keys = await generate(algorithm);
  const serial = newSerial();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial,
    name: [{ CN: [options.name] }],
    notBefore: new Date(options.nowMs - CLOCK_SLACK_MS),
    notAfter: new Date(options.untilMs),
    signingAlgorithm: ALGORITHMS[algorithm],
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    pem: withNewline(certificate.toString('pem')),
    key: await exported(keys.privateKey),
    serial,
    signer: { certificate, key: keys.privateKey, algorithm },
  };
}

/** A certificate for an SAE, which only calls, or a KME, which calls and is called under `hosts`. */
export async function signLeaf(
  authority: Signer,
  options: {
    readonly id: string;
    readonly role: Role;
    readonly hosts: readonly string[];
    readonly nowMs: number;
    readonly untilMs: number;
  },
): Promise<SignedCertificate> {
  const keys = await generate(authority.algorithm);
  const serial = newSerial();
  const server = options.hosts.length > 0 ? [x509.ExtendedKeyUsage.serverAuth] : [];
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial,
    // Not as text: a comma in an id would begin another name.
    subject: [{ CN: [options.id] }],
    issuer: authority.certificate.subjectName,
    notBefore: new Date(options.nowMs - CLOCK_SLACK_MS),
    notAfter: new Date(options.untilMs),
    signingAlgorithm: ALGORITHMS[authority.algorithm],
    publicKey: keys.publicKey,
    signingKey: authority.key,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([...server, x509.ExtendedKeyUsage.clientAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: 'url', value: uriOf(options.id) },
        ...options.hosts.map((value) => ({ type: isIP(value) ? ('ip' as const) : ('dns' as const), value })),
      ]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(authority.certificate.publicKey),
    ],
  });
  return { pem: withNewline(certificate.toString('pem')), key: await exported(keys.privateKey), serial };
}

/** The authority's word on which of its certificates are void, PEM. */
export async function signRevocationList(
  authority: Signer,
  options: {
    readonly revoked: readonly { readonly serial: string; readonly atMs: number }[];
    readonly nowMs: number;
    readonly untilMs: number;
  },
): Promise<string> {
  const list = await x509.X509CrlGenerator.create({
    issuer: authority.certificate.subjectName,
    thisUpdate: new Date(options.nowMs - CLOCK_SLACK_MS),
    nextUpdate: new Date(options.untilMs),
    signingAlgorithm: ALGORITHMS[authority.algorithm],
    signingKey: authority.key,
    entries: options.revoked.map(({ serial, atMs }) => ({ serialNumber: serial, revocationDate: new Date(atMs) })),
    extensions: [
      await x509.AuthorityKeyIdentifierExtension.create(authority.certificate.publicKey),
      // The time is a number that grows and needs no memory.
      new x509.Extension(CRL_NUMBER, false, derInteger(BigInt(options.nowMs))),
    ],
  });
  return withNewline(x509.PemConverter.encode(list.rawData, 'X509 CRL'));
}

/** A key from its file, ready to sign. */
export async function signerOf(certificatePem: string, key: KeyObject): Promise<Signer> {
  const algorithm: CertificateAlgorithm = key.asymmetricKeyType === 'ml-dsa-65' ? 'ml-dsa-65' : 'p-256';
  return {
    certificate: new x509.X509Certificate(certificatePem),
    key: (await webcrypto.subtle.importKey(
      'pkcs8',
      key.export({ format: 'der', type: 'pkcs8' }),
      ALGORITHMS[algorithm],
      false,
      ['sign'],
    )) as CryptoKey,
    algorithm,
  };
}

/** So that several can be put into one file with `cat`. */
const withNewline = (pem: string): string => `${pem.trimEnd()}\n`;

async function generate(algorithm: CertificateAlgorithm): Promise<CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(ALGORITHMS[algorithm], true, ['sign', 'verify'])) as CryptoKeyPair;
}

async function exported(key: CryptoKey): Promise<KeyObject> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

/** Positive and at most 20 octets (RFC 5280, 4.1.2.2); always of the same length, so that it can name a file. */
function newSerial(): string {
  const bytes = Buffer.from(webcrypto.getRandomValues(new Uint8Array(16)));
  bytes[0] = (bytes[0]! & 0x3f) | 0x40;
  return bytes.toString('hex');
}

function derInteger(value: bigint): Uint8Array<ArrayBuffer> {
  const hex = value.toString(16);
  // A leading zero octet keeps it positive.
  const bytes = Buffer.from(`00${hex.length % 2 ? '0' : ''}${hex}`, 'hex');
  const content = bytes[1]! & 0x80 ? bytes : bytes.subarray(1);
  return Uint8Array.from([2, content.length, ...content]);
}
