/** Handshakes that a KME must refuse, and one that it may shorten (ETSI GS QKD 014, TLS of RFC 5246 and RFC 8446). */
import { isIP } from 'node:net';
import { type ConnectionOptions, connect, type SecureVersion, type TLSSocket } from 'node:tls';
import type { Identity } from './certificate.ts';
import { type Exchange, type Line, pathOf, shown } from './exchange.ts';

export interface Knock {
  /** `answered`: bytes came after the handshake; `refused`: it was told off or hung up on; `silent`: nothing in time;
   * `untried`: this machine cannot offer what was to be offered, or nobody listens. */
  readonly outcome: 'answered' | 'refused' | 'silent' | 'untried';
  /** `TLSv1.3`, when a handshake was completed. */
  readonly protocol: string | null;
  readonly exchange: Exchange;
}

export interface Offer {
  readonly url: URL;
  readonly identity: Identity | null;
  /** For the report. */
  readonly what: string;
  /** SAE ID of the path of the Get status that is sent after the handshake. */
  readonly otherSae: string;
  readonly versions?: readonly [SecureVersion, SecureVersion];
}

/** The other side says no. */
const ALERT = /ALERT/;
/** We say no: the KME's certificate, or what this machine's TLS can offer. */
const OURS = /NO_PROTOCOLS|NO_CIPHERS|UNABLE|CERT|ALTNAME/;
const NOBODY = /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|ETIMEDOUT)$/;

/**
 * With TLS 1.3 a client has finished before the server has looked at its certificate, so only bytes of an answer tell
 * that the connection was accepted: Get status is asked, which takes no key.
 */
export function knock(offer: Offer, line: Line): Promise<Knock> {
  const path = pathOf(offer.url, { resource: 'status', otherSae: offer.otherSae });
  const sent = `TLS handshake with ${offer.url.host} ${offer.what}, then GET ${path}`;
  return new Promise((resolve) => {
    let socket: TLSSocket | null = null;
    let secured = false;
    let protocol: string | null = null;
    const timer = setTimeout(() => done('silent', `nothing within ${line.timeoutMs / 1000} s`), line.timeoutMs);
    const done = (outcome: Knock['outcome'], came: string): void => {
      clearTimeout(timer);
      socket?.destroy();
      resolve({ outcome, protocol, exchange: { sent, came } });
    };
    try {
      socket = connect(optionsOf(offer, line));
    } catch (error) {
      done('untried', (error as Error).message);
      return;
    }
    socket.once('secureConnect', () => {
      secured = true;
      protocol = socket!.getProtocol();
      socket!.write(`GET ${path} HTTP/1.1\r\nHost: ${offer.url.host}\r\nConnection: close\r\n\r\n`);
    });
    socket.once('data', (bytes: Buffer) => {
      const [head = ''] = bytes.toString('latin1').split('\r\n');
      done('answered', `${protocol}, ${/^HTTP\//.test(head) ? shown(head) : 'bytes that are no HTTP'}`);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const { code = 'error' } = error;
      const told = ALERT.test(code) || !(OURS.test(code) || NOBODY.test(code));
      done(secured || told ? 'refused' : 'untried', `${code}: ${shown(error.message)}`);
    });
    socket.once('close', () => done('refused', 'the connection was closed without an answer'));
  });
}

/** Whether a second connection can take up the session of the first; null when the first did not come about. */
export async function resumes(offer: Offer, line: Line): Promise<boolean | null> {
  const session = await new Promise<Buffer | null>((resolve) => {
    let ticket: Buffer | null = null;
    const socket = connect({ ...optionsOf(offer, line), timeout: line.timeoutMs });
    socket.on('session', (bytes: Buffer) => {
      ticket = bytes;
    });
    socket.once('secureConnect', () => {
      const path = pathOf(offer.url, { resource: 'status', otherSae: offer.otherSae });
      socket.write(`GET ${path} HTTP/1.1\r\nHost: ${offer.url.host}\r\nConnection: close\r\n\r\n`);
    });
    socket.on('data', () => undefined);
    socket.once('timeout', () => socket.destroy());
    socket.once('error', () => undefined);
    socket.once('close', () => resolve(ticket));
  });
  if (!session) return null;
  return new Promise((resolve) => {
    const socket = connect({ ...optionsOf(offer, line), session, timeout: line.timeoutMs });
    const done = (reused: boolean | null): void => {
      socket.destroy();
      resolve(reused);
    };
    socket.once('secureConnect', () => done(socket.isSessionReused()));
    socket.once('timeout', () => done(null));
    socket.once('error', () => done(null));
  });
}

function optionsOf({ url, identity, versions }: Offer, line: Line): ConnectionOptions {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const servername = line.serverName ?? (isIP(host) ? undefined : host);
  return {
    ...{ host, port: Number(url.port || 443), ca: line.ca, ALPNProtocols: ['http/1.1'] },
    ...(servername === undefined ? {} : { servername }),
    ...(identity ?? {}),
    // Old versions sign with SHA-1, which OpenSSL offers only when it is told not to mind.
    ...(versions && { minVersion: versions[0], maxVersion: versions[1], ciphers: 'DEFAULT@SECLEVEL=0' }),
  };
}
