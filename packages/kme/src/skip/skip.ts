import type { SecretBytes } from '@skykey/bits';
import { KmeError } from '../error.ts';
import { type HttpRequest, type HttpResponse, NO_STORE } from '../http.ts';
import { secretJson } from '../secret-json.ts';
import { KeyRefusal, type KeyService } from '../service.ts';

/** An encryptor of this site as SKIP knows it, and whom it may ask keys for. */
export interface SkipClient {
  /** The SAE ID that its certificate or TLS-PSK identity stands for. */
  readonly saeId: string;
  /** What its Key Provider is called towards it: `localSystemID`. */
  readonly localSystemId: string;
  /** The Key Providers at the far ends, one for each encryptor there. */
  readonly remotes: readonly { readonly systemId: string; readonly saeId: string }[];
}

/** Where `/entropy` comes from. */
export interface EntropySource {
  /** Whether its health tests have passed until now; false: 503. */
  healthy(): boolean;
  /** Bytes that are drawn for this call and never used for anything else. The caller wipes them. */
  draw(bytes: number): SecretBytes;
}

export interface SkipOptions {
  readonly service: KeyService;
  readonly clients: readonly SkipClient[];
  /** Left out: no entropy is offered. */
  readonly entropy?: EntropySource;
  /** What `/capabilities` calls the way keys are made. Default `QKD`; at most 32 characters. */
  readonly algorithm?: string;
  /** Bits. Defaults 128 and 4096. */
  readonly minKeySize?: number;
  readonly maxKeySize?: number;
  readonly note: (severity: 'notice' | 'warning', text: string) => void;
}

const KEY_BITS = 256;
const ENTROPY_BITS = 256;
const MAX_ENTROPY_BITS = 4096;
/** POSIX globs mean something to a client that reads the list of remote systems. */
const GLOB = /[*?[\]]/;
/** Printable ASCII; the draft demands room for 32 bytes, here are 64. */
const SYSTEM_ID = /^[\x21-\x7e]{1,64}$/;
const KEY_ID = /^[0-9a-f]{32}$/i;
const JSON_HEADERS = { ...NO_STORE, 'Content-Type': 'application/json' } as const;

/**
 * Secure Key Integration Protocol (draft-cisco-skip-02) towards routers: capabilities, a new key, a key by its id,
 * entropy. Key IDs are UUIDs without hyphens: 128 bits in hexadecimal, the draft's default.
 */
export class Skip {
  readonly #options: SkipOptions;
  readonly #clients = new Map<string, SkipClient>();

  /** Throws KmeError `kme/argument` for a configuration that could not be told to a client. */
  constructor(options: SkipOptions) {
    this.#options = options;
    const wrong = (what: string): never => {
      throw new KmeError('kme/argument', `SKIP: ${what}`);
    };
    if (!/^[\x20-\x7e]{1,32}$/.test(options.algorithm ?? 'QKD'))
      wrong('algorithm shall have 1 to 32 printable characters');
    for (const client of options.clients) {
      if (this.#clients.has(client.saeId)) wrong(`the client ${client.saeId} is listed twice`);
      if (!client.remotes.length) wrong(`the client ${client.saeId} needs at least one remote system`);
      const ids = [client.localSystemId, ...client.remotes.map(({ systemId }) => systemId)];
      for (const id of ids) {
        if (!SYSTEM_ID.test(id)) wrong(`a system id has 1 to 64 printable characters, not ${JSON.stringify(id)}`);
        if (GLOB.test(id)) wrong(`the system id ${id} must not hold * ? [ or ], which a client would expand`);
      }
      if (new Set(ids).size < ids.length) wrong(`the client ${client.saeId} knows one system id twice`);
      this.#clients.set(client.saeId, client);
    }
  }

  /** Never rejects. */
  async handle(request: HttpRequest): Promise<HttpResponse> {
    try {
      return await this.#route(request);
    } catch (error) {
      return this.#answer(error);
    }
  }

  async #route(request: HttpRequest): Promise<HttpResponse> {
    const client = this.#clients.get(request.caller ?? '');
    // The draft leaves who may call to TLS: a partner that is authenticated but unknown is told nothing.
    if (!client) return { status: 401, headers: { ...NO_STORE, 'content-length': '0' } };
    const [, keyId] = /^\/key\/([^/]+)$/.exec(request.path) ?? [];
    if (!['/capabilities', '/key', '/entropy'].includes(request.path) && keyId === undefined) {
      throw new Refused(404, 'there is nothing here but /capabilities, /key, /key/{keyId} and /entropy');
    }
    if (request.method !== 'GET') throw new Refused(405, 'SKIP knows GET alone', { Allow: 'GET' });
    if (request.path === '/capabilities') return this.#capabilities(client);
    if (request.path === '/entropy') return this.#entropy(request.query);
    const remote = remoteOf(client, request.query);
    return keyId === undefined
      ? await this.#newKey(client, remote, request.query)
      : await this.#keyById(client, remote, keyId);
  }

  #capabilities({ localSystemId, remotes }: SkipClient): HttpResponse {
    const { entropy, algorithm = 'QKD' } = this.#options;
    const document = {
      entropy: entropy !== undefined,
      key: true,
      algorithm,
      localSystemID: localSystemId,
      remoteSystemID: remotes.map(({ systemId }) => systemId),
    };
    return { status: 200, headers: JSON_HEADERS, body: JSON.stringify(document) };
  }

  async #newKey(client: SkipClient, remote: string, query: URLSearchParams): Promise<HttpResponse> {
    const { minKeySize = 128, maxKeySize = 4096 } = this.#options;
    const bits = wholeBits(query, 'size') ?? KEY_BITS;
    if (bits % 8 !== 0 || bits < minKeySize || bits > maxKeySize) {
      throw new Refused(400, `size is in bits: a multiple of 8 from ${minKeySize} to ${maxKeySize}`);
    }
    const demand = { master: client.saeId, slaves: [remote], count: 1, bytes: bits / 8 };
    return keyAnswer(await this.#options.service.getKeys(demand));
  }

  async #keyById(client: SkipClient, remote: string, keyId: string): Promise<HttpResponse> {
    if (!KEY_ID.test(keyId)) throw new Refused(400, 'keyId shall be 32 hexadecimal digits');
    const uuid = keyId.toLowerCase().replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
    return keyAnswer(
      await this.#options.service.getKeysWithIds({ caller: client.saeId, master: remote, keyIds: [uuid] }),
    );
  }

  #entropy(query: URLSearchParams): HttpResponse {
    const { entropy, note } = this.#options;
    const bits = wholeBits(query, 'minentropy') ?? ENTROPY_BITS;
    if (bits < 1) throw new Refused(400, 'minentropy is a number of bits, 1 or more');
    if (!entropy) throw new Refused(503, 'no entropy is offered here');
    if (bits > MAX_ENTROPY_BITS)
      throw new Refused(503, `at most ${MAX_ENTROPY_BITS} bits of entropy can be had at once`);
    if (!entropy.healthy()) {
      note('warning', 'entropy was asked for while its source is not known to be healthy');
      throw new Refused(503, 'the source of entropy is not known to be healthy', { 'Retry-After': '10' });
    }
    const sample = entropy.draw(Math.ceil(bits / 8));
    const minentropy = sample.length * 8;
    const body = secretJson(['{"randomStr":"', { hex: sample }, `","minentropy":${minentropy}}`]);
    sample.wipe();
    return { status: 200, headers: JSON_HEADERS, body };
  }

  #answer(error: unknown): HttpResponse {
    if (error instanceof Refused) return refused(error.status, error.message, error.headers);
    if (!(error instanceof KeyRefusal)) {
      this.#options.note('warning', `a SKIP request failed: ${error instanceof Error ? error.message : 'unknown'}`);
      return refused(500, 'the key could not be read and overwritten');
    }
    switch (error.code) {
      case 'not-found':
      // Whether it exists for others is not for the caller to know; the draft has one answer for both.
      case 'unauthorized':
      case 'unknown-sae':
        return refused(400, 'the key was not found, or cannot be had for this remoteSystemID');
      case 'argument':
      case 'demand':
        return refused(400, error.message);
      case 'unavailable':
        return refused(500, 'the key could not be read and overwritten');
      default:
        // Not in the draft's table for keys, which knows no shortage: the code it has for a shortage of entropy.
        return refused(503, error.message, { 'Retry-After': String(error.retryAfterS ?? 10) });
    }
  }
}

/** A request that ends here. */
class Refused extends Error {
  override readonly name = 'Refused';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

function refused(status: number, message: string, headers: Readonly<Record<string, string>> = {}): HttpResponse {
  return { status, headers: { ...JSON_HEADERS, ...headers }, body: JSON.stringify({ message }) };
}

/** The SAE behind a remote system: the id is compared as it stands and never expanded, whatever it holds. */
function remoteOf(client: SkipClient, query: URLSearchParams): string {
  const given = query.getAll('remoteSystemID');
  if (given.length !== 1) throw new Refused(400, 'remoteSystemID shall be given once');
  const remote = client.remotes.find(({ systemId }) => systemId === given[0]);
  if (!remote) throw new Refused(400, 'the remoteSystemID is none of those in /capabilities');
  return remote.saeId;
}

function wholeBits(query: URLSearchParams, name: string): number | undefined {
  const given = query.getAll(name);
  if (!given.length) return undefined;
  if (given.length > 1 || !/^(0|[1-9]\d{0,8})$/.test(given[0]!)) {
    throw new Refused(400, `${name} shall be one whole number of bits`);
  }
  return Number(given[0]);
}

/** The key leaves in bytes that the adapter overwrites; the copy here is gone before it does. */
function keyAnswer(keys: readonly { keyId: string; key: SecretBytes }[]): HttpResponse {
  const { keyId, key } = keys[0]!;
  const body = secretJson([`{"keyId":"${keyId.replaceAll('-', '')}","key":"`, { hex: key }, '"}']);
  key.wipe();
  return { status: 200, headers: JSON_HEADERS, body };
}
