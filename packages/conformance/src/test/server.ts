/**
 * Two honest key management entities in memory over real TLS, small enough to be read in one sitting, with switches that
 * make them lie. For tests only: there is no quantum key in it.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket, TlsOptions } from 'node:tls';
import { type Identity, makeCertificate } from '../certificate.ts';
import { isObject, type Json, type JsonObject, readJson } from '../json.ts';
import type { SaeFiles } from '../target.ts';

export interface Call {
  readonly kme: 'kme-a' | 'kme-b';
  readonly saeId: string;
  readonly method: string;
  /** Percent-encoded, as it came. */
  readonly pathSae: string;
  readonly resource: string;
  readonly query: URLSearchParams;
  readonly contentType: string | undefined;
  readonly body: Buffer;
}

export interface Reply {
  status: number;
  headers: Record<string, string>;
  /** Undefined: no body. */
  document?: unknown;
  /** Instead of the document. */
  text?: string;
  hangUp?: boolean;
  oldHttp?: boolean;
}

/** A lie: a switch inside, a change of what leaves, or another configuration. */
export interface Lie {
  readonly switches?: readonly string[];
  readonly leaving?: (reply: Reply, call: Call) => void;
  readonly told?: Partial<Limits>;
  readonly tls?: TlsOptions;
  readonly kmeName?: string;
  readonly otherAuthority?: boolean;
  /** Closes connections that rest so long. */
  readonly idleMs?: number;
  /** Hangs up on this SAE whatever it asks. */
  readonly deafTo?: string;
}

const LIMITS = {
  key_size: 256,
  max_key_count: 5000,
  max_key_per_request: 24,
  max_key_size: 65536,
  min_key_size: 64,
  max_SAE_ID_count: 1,
};
export type Limits = typeof LIMITS;

const HOME: Record<string, Call['kme']> = { alice: 'kme-a', bob: 'kme-b', carol: 'kme-b', mallory: 'kme-b' };
const PAIRS = ['alice bob', 'bob alice', 'alice carol', 'carol alice'];
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const NOT_FOUND = 'one or more keys specified are not found on KME';
const POST_ONLY = ['additional_slave_SAE_IDs', 'extension_mandatory', 'extension_optional', 'key_IDs'];

interface Kept {
  readonly key: Buffer;
  readonly master: string;
  readonly slaves: ReadonlySet<string>;
  readonly fetched: Set<string>;
}

class Refusal extends Error {
  readonly reply: Reply;
  constructor(status: number, message?: string, headers: Record<string, string> = {}, details?: object[]) {
    super(message);
    const type: Record<string, string> =
      message === undefined ? { 'Content-Length': '0' } : { 'Content-Type': 'application/json' };
    this.reply = { status, headers: { ...type, ...headers } };
    if (message !== undefined) this.reply.document = details ? { message, details } : { message };
  }
}

export class Network {
  readonly #lie: Lie;
  readonly #kept = new Map<string, Kept>();
  readonly #servers: Server[] = [];
  #poolBits = 3000 * LIMITS.key_size;
  #serial = 0;
  /** Requests for keys by their IDs that are under way. */
  #asking = 0;
  ca = '';
  readonly saes = new Map<string, SaeFiles>();
  readonly urls = new Map<Call['kme'], string>();
  /** Base64 of every key that was made, to search reports for. */
  readonly secrets: string[] = [];

  private constructor(lie: Lie) {
    this.#lie = lie;
  }

  static async open(lie: Lie = {}): Promise<Network> {
    const network = new Network(lie);
    const now = Date.now();
    const [saeRoot, kmeRoot] = ['sae-root', 'kme-root'].map((commonName) => ({
      commonName,
      ...makeCertificate({ commonName, authority: true }, now),
    }));
    const other = makeCertificate({ commonName: 'other', authority: true }, now);
    network.ca = lie.otherAuthority ? other.cert : kmeRoot!.cert;
    for (const saeId of Object.keys(HOME)) {
      const identity = makeCertificate({ commonName: saeId, uris: [`urn:skykey:${saeId}`] }, now, saeRoot);
      network.saes.set(saeId, { saeId, ...identity });
    }
    for (const kme of ['kme-a', 'kme-b'] as const) {
      const commonName = lie.kmeName ?? kme;
      const identity = makeCertificate({ commonName, hosts: ['127.0.0.1'] }, now, kmeRoot);
      network.urls.set(kme, await network.#listen(kme, identity, saeRoot!.cert));
    }
    return network;
  }

  /** Master, slave, the stranger to both, another slave. */
  target(): { url: string; peerUrl: string; ca: string; saes: SaeFiles[] } {
    const saes = ['alice', 'bob', 'mallory', 'carol'].map((saeId) => this.saes.get(saeId)!);
    return { url: this.urls.get('kme-a')!, peerUrl: this.urls.get('kme-b')!, ca: this.ca, saes };
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#servers.map((server) => {
        server.closeAllConnections();
        return new Promise((resolve) => server.close(resolve));
      }),
    );
  }

  #does(what: string): boolean {
    return this.#lie.switches?.includes(what) ?? false;
  }

  async #listen(kme: Call['kme'], { cert, key }: Identity, ca: string): Promise<string> {
    const tls: TlsOptions = { cert, key, ca, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.2' };
    const server = createServer({ ...tls, ...this.#lie.tls }, async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const url = new URL(request.url ?? '/', 'https://kme');
      const [, api, , , pathSae = '', resource = ''] = url.pathname.split('/');
      const certificate = (request.socket as TLSSocket).getPeerCertificate();
      const call: Call = {
        kme,
        saeId: String(certificate?.subject?.CN ?? ''),
        method: request.method ?? '',
        pathSae,
        resource: api === 'api' ? resource : '',
        query: url.searchParams,
        contentType: request.headers['content-type'],
        body: Buffer.concat(parts),
      };
      if (this.#lie.deafTo === call.saeId || (this.#does('needs-some-certificate') && call.saeId === ''))
        return void request.socket.destroy();
      const reply = await this.#answer(call);
      this.#lie.leaving?.(reply, call);
      if (reply.hangUp) return void request.socket.destroy();
      if (reply.oldHttp) {
        return void request.socket.end(
          `HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n${JSON.stringify(reply.document)}`,
        );
      }
      response.writeHead(reply.status, reply.headers);
      response.end(reply.text ?? (reply.document === undefined ? undefined : JSON.stringify(reply.document)));
    });
    if (this.#lie.idleMs !== undefined) {
      server.keepAliveTimeout = this.#lie.idleMs;
      server.keepAliveTimeoutBuffer = 0;
    }
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async #answer(call: Call): Promise<Reply> {
    try {
      const document = await this.#document(call);
      return { status: 200, headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }, document };
    } catch (error) {
      if (error instanceof Refusal) return error.reply;
      throw error;
    }
  }

  async #document(call: Call): Promise<object> {
    const { saeId, resource, method } = call;
    const verbs = { status: ['GET'], enc_keys: ['GET', 'POST'], dec_keys: ['GET', 'POST'] }[resource];
    if (!verbs) throw new Refusal(404, 'nothing here');
    if (!verbs.includes(method)) throw new Refusal(405, `this resource knows ${verbs.join(' and ')}`);
    const other = this.#does('path-as-it-is') ? call.pathSae : decodeURIComponent(call.pathSae);
    if (!HOME[other]) throw new Refusal(400, `${other} is not in the network`);
    const own = resource === 'dec_keys' && saeId === other;
    const lax = resource === 'dec_keys' && (this.#does('foreign-gets-key') || this.#does('unknown-before-foreign'));
    if (!own && !lax && !PAIRS.includes(`${saeId} ${other}`)) throw new Refusal(401);
    if (resource === 'status') return this.#status(call, other);
    const body = readBody(call);
    if (resource === 'enc_keys') return await this.#getKeys(call, other, body);
    this.#asking++;
    // Long enough that two who ask at once meet here, on a machine that is busy as well.
    if (this.#does('delivery-race')) await new Promise((resolve) => setTimeout(resolve, 150));
    try {
      return this.#getKeysWithIds(call, body);
    } finally {
      setImmediate(() => this.#asking--);
    }
  }

  #status({ saeId, kme }: Call, other: string): object {
    const stored = Math.min(LIMITS.max_key_count, Math.floor(this.#poolBits / LIMITS.key_size));
    const ids = { source_KME_ID: kme, target_KME_ID: HOME[other], master_SAE_ID: saeId, slave_SAE_ID: other };
    return { ...ids, ...LIMITS, stored_key_count: this.#does('count-stands') ? 900 : stored, ...this.#lie.told };
  }

  async #getKeys(call: Call, slave: string, body: JsonObject): Promise<object> {
    const { query } = call;
    const fromQuery = (name: string): Json | undefined => (query.has(name) ? Number(query.get(name)) : undefined);
    const number = body.number ?? fromQuery('number') ?? 1;
    const size = body.size ?? fromQuery('size') ?? (this.#does('short-default') ? 128 : LIMITS.key_size);
    const names = body.additional_slave_SAE_IDs ?? [];
    const most = this.#does('number-unbounded') ? 1e6 : LIMITS.max_key_per_request;
    if (!Number.isSafeInteger(number) || (number as number) < 1 || (number as number) > most)
      throw new Refusal(400, 'number');
    const [min, max] = this.#does('size-unbounded') ? [8, 1e6] : [LIMITS.min_key_size, LIMITS.max_key_size];
    if (!Number.isSafeInteger(size) || (size as number) < min || (size as number) > max) throw new Refusal(400, 'size');
    if ((size as number) % 8) throw new Refusal(400, 'size shall be a multiple of 8');
    if (!Array.isArray(names)) throw new Refusal(400, 'additional_slave_SAE_IDs');
    const bound = this.#does('multicast-unbounded') ? 64 : LIMITS.max_SAE_ID_count;
    if (names.length > bound) throw new Refusal(400, 'additional_slave_SAE_IDs: too many');
    const routed = this.#extensions(body);
    const slaves = new Set([slave, ...(names as string[])]);
    const bits = (number as number) * (size as number);
    if (this.#does('consumes-before-looking')) this.#poolBits -= Math.min(bits, LIMITS.key_size);
    const unknown = [...slaves].some((name) => !PAIRS.includes(`${call.saeId} ${name}`));
    if (unknown && !this.#does('multicast-unbounded')) throw new Refusal(400, 'an additional SAE is unknown');
    if (bits > this.#poolBits) throw new Refusal(503, 'not enough keys', { 'Retry-After': '10' });
    this.#poolBits -= this.#does('consumes-before-looking') ? bits - Math.min(bits, LIMITS.key_size) : bits;
    let serial = this.#serial;
    if (this.#does('ids-from-a-race')) await new Promise((resolve) => setTimeout(resolve, 5));
    const keys = Array.from({ length: number as number }, (_, at) => {
      const bytes = this.#does('one-size') ? LIMITS.key_size / 8 : (size as number) / 8;
      const key = this.#does('same-key-again') ? Buffer.alloc(bytes, 7) : randomBytes(bytes);
      const keyId = this.#does('ids-from-a-race')
        ? `00000000-0000-4000-8000-${String(++serial).padStart(12, '0')}`
        : this.#newId();
      this.#kept.set(keyId, { key, master: call.saeId, slaves, fetched: new Set() });
      const text = key.toString('base64');
      this.secrets.push(text);
      const wayTold = routed || this.#does('route-always');
      const route = { skykey_route_type: 'direct', skykey_hops: 0, skykey_paths: 1, at };
      return { key_ID: keyId, key: text, ...(wayTold ? { key_extension: route } : {}) };
    });
    this.#serial = Math.max(this.#serial, serial);
    return { keys };
  }

  #newId(): string {
    if (this.#does('ids-no-uuid')) return `key-${this.#serial++}`;
    const id = randomUUID();
    return this.#does('ids-version-1') ? `${id.slice(0, 14)}1${id.slice(15)}` : id;
  }

  /** Whether a parameter of ours was used. */
  #extensions({ extension_mandatory: mandatory = [], extension_optional: optional = [] }: JsonObject): boolean {
    if (![mandatory, optional].every((list) => Array.isArray(list) && list.every(isObject))) {
      throw new Refusal(400, 'extensions shall be arrays of objects');
    }
    const demanded = (mandatory as JsonObject[]).flatMap(Object.entries);
    const odd = demanded.filter(([name]) => name !== 'skykey_min_paths').map(([name]) => ({ unsupported: name }));
    if (!this.#does('mandatory-ignored')) {
      if (odd.length) throw new Refusal(400, 'not all extension_mandatory parameters are supported', {}, odd);
      if (demanded.some(([, value]) => Number(value) > 1)) {
        throw new Refusal(400, 'not all extension_mandatory request options could be met');
      }
    }
    return [...demanded, ...(optional as JsonObject[]).flatMap(Object.entries)].some(([name]) =>
      name.startsWith('skykey_'),
    );
  }

  #getKeysWithIds({ saeId, method, query }: Call, body: JsonObject): object {
    if (method === 'GET' && query.getAll('key_ID').length > 1 && !this.#does('several-in-get')) {
      throw new Refusal(400, 'key_ID may stand once');
    }
    const list = method === 'GET' ? query.getAll('key_ID').map((key_ID) => ({ key_ID })) : body.key_IDs;
    if (!Array.isArray(list) || list.length === 0) throw new Refusal(400, 'key_IDs is missing');
    const ids = list.map((element) => {
      const id = isObject(element) ? element.key_ID : undefined;
      if (typeof id !== 'string' || !(UUID.test(id) || this.#does('ids-no-uuid')))
        throw new Refusal(400, 'key_ID shall be a UUID');
      return this.#does('case-matters') ? id : id.toLowerCase();
    });
    const kept = ids.map((id) => this.#kept.get(id));
    const mine = (each: Kept): boolean =>
      each.slaves.has(saeId) || (this.#does('master-is-slave') && each.master === saeId);
    if (new Set(ids).size < ids.length && !this.#does('duplicates-allowed'))
      throw new Refusal(400, 'a key ID stands twice');
    const unknown = kept.some((each) => !each);
    const enough = this.#does('own-is-enough') && kept.some((each) => each && mine(each));
    const notMine = !enough && kept.some((each) => each && !mine(each));
    if (unknown && this.#does('unknown-before-foreign')) throw new Refusal(400, NOT_FOUND);
    if (notMine && !this.#does('foreign-gets-key')) throw new Refusal(401);
    const copies = kept.filter((each) => each !== undefined);
    const fetchable = (each: Kept): boolean =>
      this.#does('delivers-again') || !(this.#does('one-copy-for-all') ? each.fetched.size : each.fetched.has(saeId));
    const gone = unknown || !copies.every(fetchable);
    if (this.#does('consumes-before-looking')) for (const each of copies) each.fetched.add(saeId);
    if (gone && !(this.#does('partial') && copies.some(fetchable))) throw new Refusal(400, NOT_FOUND);
    const keys = ids.flatMap((id, at) => {
      const each = kept[at];
      if (!each || !fetchable(each)) return [];
      const key = Buffer.from(each.key);
      if (this.#does('slave-differs')) key[0]! ^= 1;
      if (this.#does('second-slave-differs') && saeId === 'carol') key[0]! ^= 1;
      return [{ key_ID: id, key: key.toString('base64') }];
    });
    if (this.#does('delivery-race') && this.#asking > 1) return { keys };
    for (const each of copies) each.fetched.add(saeId);
    return { keys };
  }
}

function readBody({ method, query, body }: Call): JsonObject {
  if (body.length > 64 * 1024) throw new Refusal(400, 'the body is too large', { Connection: 'close' });
  if (method === 'GET') {
    if (POST_ONLY.some((name) => query.has(name))) throw new Refusal(400, 'that belongs into the body of a POST');
    return {};
  }
  if (body.length === 0) return {};
  const { value, malformed, repeated } = readJson(body);
  if (malformed || repeated.length || !isObject(value)) throw new Refusal(400, malformed ?? 'not one object');
  if (Object.values(value).includes(null) && !('conformance_suite' in value)) throw new Refusal(400, 'null');
  if (Object.hasOwn(value, '__proto__')) throw new Refusal(400, '__proto__');
  return value;
}
