/** One request of one SAE to one KME, over mutual TLS, and all that came back. */
import type { X509Certificate } from 'node:crypto';
import { Agent, request } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { Identity } from './certificate.ts';
import { isObject, type Reading, readJson } from './json.ts';

const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

export interface Party {
  readonly saeId: string;
  readonly identity: Identity;
  /** The KME that this SAE speaks to. */
  readonly url: URL;
}

/** How a KME is reached. */
export interface Line {
  /** Authorities that vouch for KMEs, PEM. */
  readonly ca: string;
  /** Name that the KME's certificate must carry, when it is not the host of the URL. */
  readonly serverName: string | undefined;
  readonly timeoutMs: number;
}

export interface Sent {
  readonly method: string;
  /** `status`, `enc_keys`, `dec_keys`, or anything else: then it is no call of ETSI GS QKD 014. */
  readonly resource: string;
  /** SAE ID of the path, as it is; it is percent-encoded here, unless `pathSae` says how. */
  readonly otherSae: string;
  readonly pathSae?: string;
  /** Without question mark. */
  readonly query?: string;
  /** A value becomes JSON; bytes and text go as they are. */
  readonly body?: object | string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** Not a well-formed call of ETSI GS QKD 014, so that its rules on answers do not hold. */
  readonly outside?: boolean;
  /** Hangs up as soon as the answer begins. */
  readonly abandon?: boolean;
}

/** As it stands in the report: never a key. */
export interface Exchange {
  readonly sent: string;
  readonly came: string;
}

export interface Answer {
  readonly resource: string;
  readonly party: Party;
  readonly otherSae: string;
  readonly outside: boolean;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly httpVersion: string;
  readonly contentType: string | undefined;
  readonly bodyBytes: number;
  /** Of an empty body: no value and not malformed. */
  readonly reading: Reading;
  readonly reusedConnection: boolean;
  readonly exchange: Exchange;
}

/** No HTTP answer, or none within the time. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
  readonly exchange: Exchange;
  readonly party: Party;
  /** Bytes came, and they are no HTTP. */
  readonly garbled: boolean;
  /** The connection was an old one, which the KME may have closed while we wrote (RFC 7230, 6.3.1). */
  readonly stale: boolean;

  constructor(exchange: Exchange, party: Party, why: { readonly garbled: boolean; readonly stale: boolean }) {
    super(exchange.came);
    this.exchange = exchange;
    this.party = party;
    this.garbled = why.garbled;
    this.stale = why.stale;
  }
}

export class Caller {
  readonly party: Party;
  readonly #line: Line;
  readonly #agent: Agent;
  /** Of the KME, once it has answered. */
  certificate: X509Certificate | null = null;

  constructor(party: Party, line: Line) {
    this.party = party;
    this.#line = line;
    const { cert, key } = party.identity;
    this.#agent = new Agent({
      ...{ keepAlive: true, maxSockets: 16, cert, key, ca: line.ca },
      ...(line.serverName === undefined ? {} : { servername: line.serverName }),
    });
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Rejects with NoAnswer. */
  send(sent: Sent): Promise<Answer> {
    const path = pathOf(this.party.url, sent);
    const body = bodyOf(sent.body);
    const line = describeSent(this.party, sent, path, body);
    return new Promise((resolve, reject) => {
      const fail = ({ code = 'error', message }: NodeJS.ErrnoException): void => {
        const came = `no answer: ${code}: ${shown(message)}`;
        // HPE: what Node's HTTP parser says.
        const garbled = code.startsWith('HPE_');
        const stale = outgoing.reusedSocket && (code === 'ECONNRESET' || code === 'EPIPE');
        reject(new NoAnswer({ sent: line, came }, this.party, { garbled, stale }));
      };
      const outgoing = request(
        {
          host: this.party.url.hostname.replace(/^\[(.*)\]$/, '$1'),
          port: this.party.url.port || 443,
          agent: this.#agent,
          method: sent.method,
          path,
          timeout: this.#line.timeoutMs,
          headers: {
            Accept: 'application/json',
            ...(body === null ? {} : { 'Content-Type': 'application/json', 'Content-Length': String(body.length) }),
            ...sent.headers,
          },
        },
        (incoming) => {
          this.certificate ??= (incoming.socket as TLSSocket).getPeerX509Certificate() ?? null;
          const parts: Buffer[] = [];
          let bytes = 0;
          const finish = (): void => {
            const whole = Buffer.concat(parts);
            const reading = whole.length ? readJson(whole) : { value: undefined, malformed: null, repeated: [] };
            for (const part of [whole, ...parts]) part.fill(0);
            const status = incoming.statusCode ?? 0;
            const contentType = incoming.headers['content-type'];
            const came = describeAnswer(sent, status, contentType, bytes, reading);
            resolve({
              ...{ resource: sent.resource, party: this.party, otherSae: sent.otherSae, status, contentType, reading },
              outside: sent.outside ?? false,
              headers: incoming.headers,
              httpVersion: incoming.httpVersion,
              bodyBytes: bytes,
              reusedConnection: outgoing.reusedSocket,
              exchange: { sent: line, came: sent.abandon ? `${status}, and we hung up before the body` : came },
            });
          };
          if (sent.abandon) {
            incoming.on('error', () => undefined);
            (incoming.socket as TLSSocket).destroy();
            finish();
            return;
          }
          incoming.on('data', (part: Buffer) => {
            bytes += part.length;
            if (bytes > MAX_ANSWER_BYTES) outgoing.destroy(new Error('the answer is larger than 16 MiB'));
            else parts.push(part);
          });
          incoming.on('end', finish);
          incoming.on('error', fail);
        },
      );
      outgoing.on('timeout', () => outgoing.destroy(new Error(`nothing within ${this.#line.timeoutMs / 1000} s`)));
      outgoing.on('error', fail);
      outgoing.end(body ?? undefined);
    });
  }
}

/** `base` may have a path of its own, before `/api`. */
export function pathOf(base: URL, { resource, otherSae, pathSae, query }: Omit<Sent, 'method'>): string {
  const sae = pathSae ?? encodeURIComponent(otherSae);
  return `${base.pathname.replace(/\/$/, '')}/api/v1/keys/${sae}/${resource}${query ? `?${query}` : ''}`;
}

function bodyOf(body: Sent['body']): Buffer | null {
  if (body === undefined) return null;
  if (body instanceof Uint8Array) return Buffer.from(body);
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body), 'utf8');
}

const SHOWN_CHARACTERS = 200;

function describeSent(party: Party, { method, headers }: Sent, path: string, body: Buffer | null): string {
  const text = body?.toString('utf8') ?? '';
  const shownBody = text.length > SHOWN_CHARACTERS ? `a body of ${body?.length} bytes` : `body ${text || '(empty)'}`;
  const extra = Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${value}`);
  return [`${method} ${path} as ${party.saeId} to ${party.url.host}`, ...extra, ...(body ? [shownBody] : [])].join(
    ', ',
  );
}

function describeAnswer(
  { resource }: Sent,
  status: number,
  contentType: string | undefined,
  bytes: number,
  { value, malformed }: Reading,
): string {
  const head = `${status}, ${contentType ?? 'no Content-Type'}, ${bytes} bytes`;
  if (bytes === 0) return `${status}, no body`;
  if (malformed) return `${head}: ${malformed}`;
  if (status !== 200) return `${head}: ${isObject(value) ? shown(String(value.message)) : 'not an object'}`;
  if (resource === 'status') return `${head}: ${shown(JSON.stringify(value))}`;
  const keys = isObject(value) ? (value.keys ?? value.Keys) : undefined;
  return `${head}${Array.isArray(keys) ? `: ${keys.length} keys` : ''}`;
}

/** Words of the server for the report. A server that puts key into an error message must not find it there again. */
export function shown(text: string): string {
  return text.replace(/[A-Za-z0-9+/=]{20,}/g, '…').slice(0, 400);
}
