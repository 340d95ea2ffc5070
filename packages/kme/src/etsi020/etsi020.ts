import { KmeError } from '../error.ts';
import { type HttpRequest, type HttpResponse, isJsonType, NO_STORE } from '../http.ts';
import { KeyRefusal, type Notebook } from '../service.ts';
import { AckBox, DEFAULT_RETRY, type Retry } from './ackbox.ts';
import { type Ack, type Dialect, Malformed, readAcks, readExtKeys, readVoid, writeAcks } from './message.ts';
import { checkPeer, type ExportedKeys, type ForeignPeer, type HttpCalls, type ImportedKeys } from './ports.ts';
import { JSON_HEADERS, Problem, type ProblemType } from './problem.ts';
import { KeyReceiver } from './receive.ts';
import { ForeignKms } from './send.ts';

export interface Etsi020Options {
  readonly peers: readonly ForeignPeer[];
  /** This KME's own callback: a complete https:// URL that ends with `/kmapi/v1/ext_keys/ack`. */
  readonly ownCallbackUrl: string;
  readonly imports: ImportedKeys;
  readonly exports: ExportedKeys;
  /** Calls as this KME, for each peer with its own certificate checks. */
  readonly http: (kmeId: string) => HttpCalls;
  readonly notebook: Notebook;
  readonly nowMs: () => number;
  readonly note: (severity: 'notice' | 'warning', text: string) => void;
  /** Default true: requests without a callback are answered at once. */
  readonly synchronous?: boolean;
  /** How long keys that came in may be fetched. Default one hour. */
  readonly lifetimeMs?: number;
  /** How long settled keys and tombstones are remembered. Default 30 days. */
  readonly memoryMs?: number;
  readonly retry?: Retry;
  /** Default 30 s. */
  readonly ackTimeoutMs?: number;
  /** Default 10 minutes. */
  readonly giveUpMs?: number;
}

interface Side {
  readonly peer: ForeignPeer;
  readonly receiver: KeyReceiver;
  readonly sender: ForeignKms;
  readonly acks: AckBox;
  /** What is being done at the moment. */
  ticking: Promise<void> | undefined;
}

const HOUR_MS = 3_600_000;

/**
 * ETSI GS QKD 020 V1.1.1 between key management systems of different makers in one room, both ways. A core: requests in,
 * answers out, calls through `http`, everything durable in `notebook` and behind the two key ports.
 */
export class Etsi020 {
  readonly #options: Etsi020Options;
  readonly #sides = new Map<string, Side>();

  /** Throws KmeError `kme/argument`. */
  constructor(options: Etsi020Options) {
    this.#options = options;
    if (!options.ownCallbackUrl.startsWith('https://')) {
      throw new KmeError(
        'kme/argument',
        `ownCallbackUrl shall be a complete https:// URL, not ${options.ownCallbackUrl}`,
      );
    }
    for (const peer of options.peers) {
      checkPeer(peer);
      if (this.#sides.has(peer.kmeId))
        throw new KmeError('kme/argument', `the foreign KME ${peer.kmeId} is listed twice`);
      this.#sides.set(peer.kmeId, this.#side(peer));
    }
  }

  /** Keys to this peer; undefined when there is no such peer. */
  to(kmeId: string): ForeignKms | undefined {
    return this.#sides.get(kmeId)?.sender;
  }

  /** Never rejects. Overwrites the body of the request, which may hold keys. */
  async handle(request: HttpRequest): Promise<HttpResponse> {
    try {
      return await this.#route(request);
    } catch (error) {
      return this.#problem(error).response;
    } finally {
      request.body.fill(0);
    }
  }

  /**
   * Everything that is due in either direction. Call it every second and after each request: for one peer calls do not pile
   * up, and a peer that answers slowly holds up no other.
   */
  async tick(): Promise<void> {
    const turns = [...this.#sides.values()].map((side) => {
      side.ticking ??= this.#tick(side).finally(() => {
        side.ticking = undefined;
      });
      return side.ticking;
    });
    await Promise.all(turns);
  }

  /** Forgets what was settled longer ago than is remembered. Call it now and then. */
  async sweep(): Promise<void> {
    const beforeMs = this.#options.nowMs() - (this.#options.memoryMs ?? 30 * 24 * HOUR_MS);
    for (const { receiver, sender, acks } of this.#sides.values()) {
      await receiver.sweep(beforeMs);
      await sender.sweep(beforeMs);
      await acks.sweep(beforeMs);
    }
  }

  async #tick({ peer, receiver, sender, acks }: Side): Promise<void> {
    try {
      await receiver.tick();
      await acks.tick();
      await sender.tick();
    } catch (error) {
      this.#options.note('warning', `the exchange of keys with ${peer.kmeId} waits: ${(error as Error).message}`);
    }
  }

  async #route(request: HttpRequest): Promise<HttpResponse> {
    const side = this.#sides.get(request.caller ?? '');
    if (!side)
      throw new Problem(401, 'unauthorized', { unauthorized: 'This certificate names no KME that is known here.' });
    const verb = ROUTES[request.path];
    if (!verb) {
      const known = Object.keys(ROUTES).join(', ');
      throw new Problem(404, 'invalid-parameter', { path: `There is nothing here but ${known}` });
    }
    if (request.method !== verb) {
      throw new Problem(405, 'invalid-parameter', { method: `This resource knows ${verb} alone.` }, { Allow: verb });
    }
    if (verb === 'GET')
      return json(200, { versions: ['v1'], capabilities: this.#synchronous ? ['synchronous_mode'] : [] });
    if (!isJsonType(request.headers['content-type'])) {
      throw new Problem(400, 'invalid-parameter', {
        content_type: 'The Content-Type shall be application/json in UTF-8.',
      });
    }
    const dialect = side.peer.dialect ?? 'v1.1.1';
    if (request.path.endsWith('/ack')) return await this.#acknowledge(side, request.body, dialect);
    const acks = await (request.path.endsWith('/void')
      ? side.receiver.void(
          understand('void-request-not-understood', 'key_voiding_error', () => readVoid(request.body, dialect)),
        )
      : side.receiver.take(
          understand('invalid-parameter', 'malformed_property', () => readExtKeys(request.body, dialect)),
        ));
    return acks ? { status: 200, headers: JSON_HEADERS, body: writeAcks(acks) } : { status: 202, headers: NO_STORE };
  }

  async #acknowledge(side: Side, body: Uint8Array, dialect: Dialect): Promise<HttpResponse> {
    const acks: Ack[] = understand('ack-not-understood', 'ack_not_understood', () => readAcks(body, dialect));
    await side.sender.acknowledge(acks);
    return { status: 200, headers: NO_STORE };
  }

  #side(peer: ForeignPeer): Side {
    const { imports, exports, notebook, nowMs, note, ownCallbackUrl } = this.#options;
    const http = this.#options.http(peer.kmeId);
    const retry = this.#options.retry ?? DEFAULT_RETRY;
    const sender = new ForeignKms({
      ...{ peer, ownCallbackUrl, exports, http, notebook, nowMs, retry, note },
      ackTimeoutMs: this.#options.ackTimeoutMs ?? 30_000,
      giveUpMs: this.#options.giveUpMs ?? 600_000,
    });
    const acks = new AckBox({ peer, http, notebook, imports, nowMs, retry, note });
    const receiver = new KeyReceiver({
      ...{ peer, imports, sender, acks, notebook, nowMs, extensions: [] },
      lifetimeMs: this.#options.lifetimeMs ?? HOUR_MS,
      synchronous: this.#synchronous,
    });
    return { peer, receiver, sender, acks, ticking: undefined };
  }

  get #synchronous(): boolean {
    return this.#options.synchronous ?? true;
  }

  /** Never 400 or 401 for what came after a key may have been kept: those two promise that nothing was. */
  #problem(error: unknown): Problem {
    if (error instanceof Problem) return error;
    if (error instanceof KeyRefusal) {
      const wait: Record<string, string> = { 'Retry-After': String(error.retryAfterS ?? 10) };
      if (error.code === 'short') {
        const sentence = 'Insufficient key material available to deliver key.';
        return new Problem(503, 'insufficient-key-material', { insufficient_key_material: sentence }, wait);
      }
      return new Problem(503, 'server-side-general-error', { server_side_general_error: error.message }, wait);
    }
    this.#options.note(
      'warning',
      `a request of a foreign KME failed: ${error instanceof Error ? error.message : 'unknown'}`,
    );
    const sentence = 'The server encountered a general failure and cannot respond.';
    return new Problem(
      503,
      'server-side-general-error',
      { server_side_general_error: sentence },
      { 'Retry-After': '10' },
    );
  }
}

const ROUTES: Readonly<Record<string, 'GET' | 'POST' | undefined>> = Object.assign(Object.create(null), {
  '/kmapi/versions': 'GET',
  '/kmapi/v1/ext_keys': 'POST',
  '/kmapi/v1/ext_keys/ack': 'POST',
  '/kmapi/v1/ext_keys/void': 'POST',
});

function json(status: number, document: object): HttpResponse {
  return { status, headers: JSON_HEADERS, body: JSON.stringify(document) };
}

function understand<T>(type: ProblemType, detail: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    const missing = error.missing && type === 'invalid-parameter';
    throw new Problem(400, missing ? 'missing-parameters' : type, {
      [missing ? 'missing_parameters' : detail]: `${error.message}.`,
    });
  }
}
