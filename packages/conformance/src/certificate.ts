/**
 * X.509 certificates (RFC 5280) over P-256, written by hand so that this package needs nothing but Node: a stranger that no
 * authority vouches for, to see whether a KME turns it away, and the whole small world of the tests.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';

const DAY_MS = 86_400_000;

/** Certificate and private key, PEM. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

export interface Subject {
  readonly commonName: string;
  readonly uris?: readonly string[];
  /** DNS names and IPv4 addresses. */
  readonly hosts?: readonly string[];
  /** May sign others. */
  readonly authority?: boolean;
}

/** Valid from an hour ago for a day. Signed by itself when there is no issuer. */
export function makeCertificate(
  subject: Subject,
  nowMs: number,
  issuer?: { readonly commonName: string; readonly key: string },
): Identity {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const body = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ECDSA_SHA256,
    distinguishedName(issuer?.commonName ?? subject.commonName),
    sequence(time(nowMs - DAY_MS / 24), time(nowMs + DAY_MS)),
    distinguishedName(subject.commonName),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...extensions(subject))),
  );
  const signer: KeyObject = issuer ? createPrivateKey(issuer.key) : privateKey;
  const certificate = sequence(body, ECDSA_SHA256, bitString(sign('sha256', body, signer)));
  const lines = certificate.toString('base64').match(/.{1,64}/g)!;
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
}

function extensions({ uris = [], hosts = [], authority = false }: Subject): Buffer[] {
  const names = [
    ...uris.map((uri) => tagged(0x86, Buffer.from(uri, 'ascii'))),
    ...hosts.map((host) =>
      isIPv4(host) ? tagged(0x87, Buffer.from(host.split('.').map(Number))) : tagged(0x82, Buffer.from(host, 'ascii')),
    ),
  ];
  const constraints = authority ? sequence(TRUE) : sequence();
  return [
    sequence(objectId('2.5.29.19'), TRUE, octetString(constraints)),
    ...(names.length ? [sequence(objectId('2.5.29.17'), octetString(sequence(...names)))] : []),
  ];
}

/** Distinguished encoding rules (ITU-T X.690): tag, length, content. */
function tagged(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const size = content.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, ...parts);
}

function integer(bytes: Buffer): Buffer {
  return tagged(0x02, bytes);
}

function octetString(bytes: Buffer): Buffer {
  return tagged(0x04, bytes);
}

function bitString(bytes: Buffer): Buffer {
  return tagged(0x03, Buffer.from([0]), bytes);
}

function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const digits = [arc & 0x7f];
    for (let left = arc >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80);
    bytes.push(...digits);
  }
  return tagged(0x06, Buffer.from(bytes));
}

function distinguishedName(commonName: string): Buffer {
  return sequence(tagged(0x31, sequence(objectId('2.5.4.3'), tagged(0x0c, Buffer.from(commonName, 'utf8')))));
}

/** UTCTime, good until 2049. */
function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/[-:T]/g, '').slice(2, 14);
  return tagged(0x17, Buffer.from(`${digits}Z`, 'ascii'));
}

const TRUE = tagged(0x01, Buffer.from([0xff]));
const ECDSA_SHA256 = sequence(objectId('1.2.840.10045.4.3.2'));
