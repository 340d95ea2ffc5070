/** ETSI GS QKD 014 V1.1.1 as an application sees it: status, keys, keys with ids. */
import { setTimeout as pause } from 'node:timers/promises';
import { isUuid, type KeyStatus, type ReceivedKey, readError, readKeys, readStatus } from './answer.ts';
import { ClientError } from './error.ts';
import { EventReader, type EventsOptions, type RawEvent, readEvent } from './events.ts';
import { type Answer, Line } from './line.ts';

export interface KmeClientOptions {
  /** `https://host:port`, with a path in front of `/api/v1` where the KME has one. */
  readonly url: string;
  /** Authority (PEM) that the KME's certificate must come from. */
  readonly ca: string | Uint8Array;
  /** Certificate of this SAE, PEM. */
  readonly cert: string | Uint8Array;
  /** Its private key, PEM. */
  readonly key: string | Uint8Array;
  /**
   * The KME that must answer: a URI of its certificate's subject alternative names (also without `urn:skykey:`), or the
   * common name of one that has no URI. When it is given, it is checked in the place of the host name.
   */
  readonly kmeId?: string;
  /** For a connection, and for each wait within an answer, milliseconds (10,000). */
  readonly timeoutMs?: number;
  /** How long a 503 may be waited out with its Retry-After, milliseconds, all tries of a call together (0: told at once). */
  readonly patienceMs?: number;
  /** Connections at most (4). */
  readonly connections?: number;
}

export interface GetKeysOptions {
  /** How many (1). */
  readonly number?: number;
  /** Bits of each (the KME's `keySize`). */
  readonly size?: number;
  /** Further SAEs that may fetch the same keys. */
  readonly additionalSlaves?: readonly string[];
  /** Demands that the KME meets or refuses: one object a parameter, names with the maker's prefix. */
  readonly extensionMandatory?: readonly Readonly<Record<string, unknown>>[];
  /** Demands that the KME may pass over. */
  readonly extensionOptional?: readonly Readonly<Record<string, unknown>>[];
  readonly signal?: AbortSignal;
}

/** Where Skykey's KME tells events; no part of the standard. */
const EVENTS_PATH = '/skykey/v1/events';
/** Between one try to open a stream and the next, at first and at most. */
const FIRST_REOPEN_MS = 1000;
const LONGEST_REOPEN_MS = 30_000;
/** What a 503 without Retry-After is given, milliseconds. */
const USUAL_WAIT_MS = 1000;

/**
 * Keys from any maker's KME over mutual TLS. Connections are kept and sessions resumed. Every answer is checked in full
 * before it is believed. Nothing is tried again by itself, except a 503 within `patienceMs`: a lost answer is a burnt key,
 * and only the application knows whether it wants another one.
 */
export class KmeClient {
  readonly #line: Line;
  readonly #patienceMs: number;

  /** @throws ClientError `client/argument` */
  constructor(options: KmeClientOptions) {
    const url = URL.parse(options.url);
    if (url?.protocol !== 'https:' || url.search || url.hash || url.username) {
      throw argument('url must be https://host:port, without a question mark, fragment or user');
    }
    const { timeoutMs = 10_000, patienceMs = 0, connections = 4, ca, cert, key, kmeId } = options;
    for (const [name, pem] of Object.entries({ ca, cert, key })) {
      if (!pem?.length) throw argument(`${name} must be PEM: mutual TLS cannot do without`);
    }
    if (kmeId === '') throw argument('kmeId must not be empty: leave it out, or name the KME');
    whole('timeoutMs', timeoutMs, 1, 600_000);
    whole('patienceMs', patienceMs, 0, 86_400_000);
    whole('connections', connections, 1, 1024);
    this.#patienceMs = patienceMs;
    this.#line = new Line({ url, ca, cert, key, kmeId, timeoutMs, connections });
  }

  /** How many keys this SAE shares with `slave`, and what may be asked for (5.1). @throws ClientError */
  async status(slave: string, options: { readonly signal?: AbortSignal } = {}): Promise<KeyStatus> {
    const { body } = await this.#ask('GET', `${keysOf('slave', slave)}/status`, undefined, options.signal);
    return readStatus(body);
  }

  /**
   * New keys for this SAE and `slave`, all of them or none (5.2). Send the key ids to the slave, which fetches its copies
   * with `getKeysWithIds`. @throws ClientError; see `keysMayBeLost`
   */
  async getKeys(slave: string, options: GetKeysOptions = {}): Promise<ReceivedKey[]> {
    const { number, size, additionalSlaves, extensionMandatory, extensionOptional, signal } = options;
    if (number !== undefined) whole('number', number, 1, 1_000_000);
    if (size !== undefined) whole('size', size, 1, 2 ** 31 - 1);
    if (additionalSlaves?.some((id) => !id)) throw argument('additionalSlaves must be ids of SAEs');
    // Members that nobody set stay away: KMEs in the field refuse parameters they do not know, whatever they hold.
    const request = {
      number,
      size,
      additional_slave_SAE_IDs: additionalSlaves,
      extension_mandatory: extensionMandatory,
      extension_optional: extensionOptional,
    };
    const { body } = await this.#ask('POST', `${keysOf('slave', slave)}/enc_keys`, JSON.stringify(request), signal);
    return received(body, { number: number ?? 1, sizeBits: size });
  }

  /**
   * This SAE's copies of keys that `master` got, in the order of the ids (5.3). A KME gives each once.
   * @throws ClientError; see `keysMayBeLost`
   */
  async getKeysWithIds(
    master: string,
    keyIds: readonly string[],
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<ReceivedKey[]> {
    if (keyIds.length === 0) throw argument('give at least one key id');
    for (const id of keyIds) if (!isUuid(id)) throw argument('a key id must be a UUID');
    const wanted = keyIds.map((id) => id.toLowerCase());
    if (new Set(wanted).size < wanted.length) throw argument('a key id is there twice');
    const request = JSON.stringify({ key_IDs: keyIds.map((id) => ({ key_ID: id })) });
    const { body } = await this.#ask('POST', `${keysOf('master', master)}/dec_keys`, request, options.signal);
    const keys = received(body, { number: keyIds.length, sizeBits: undefined });
    const byId = new Map(keys.map((key) => [key.keyId.toLowerCase(), key]));
    // The standard does not promise an order.
    if (wanted.every((id) => byId.has(id))) return wanted.map((id) => byId.get(id)!);
    for (const { key } of keys) key.wipe();
    throw new ClientError('client/malformed', 'the KME answered with keys that were not asked for', {
      keysMayBeLost: true,
    });
  }

  /**
   * What becomes of this SAE's keys, as it happens: alarms, voided keys, pairs that run out. Of Skykey's KME only. A stream
   * that breaks is opened again where it was, for as long as `signal` lets it. Resolves when `signal` aborts.
   * @throws ClientError `client/refused`, `client/unauthorized` from a KME that tells this SAE no events, `client/malformed`
   * from one whose are of another kind; what `onEvent` throws
   */
  async events(options: EventsOptions): Promise<void> {
    const { onEvent, onId, onLine, signal } = options;
    let lastEventId = options.lastEventId;
    let waitMs = FIRST_REOPEN_MS;
    let firstMs = FIRST_REOPEN_MS;
    const take = (raw: RawEvent): void => {
      if (raw.retryMs !== undefined) firstMs = Math.min(Math.max(raw.retryMs, 100), LONGEST_REOPEN_MS);
      const event = readEvent(raw);
      if (event) onEvent(event);
      if (raw.id === undefined) return;
      lastEventId = raw.id;
      onId?.(raw.id);
    };
    while (!signal.aborted) {
      try {
        const headers = {
          accept: 'text/event-stream',
          ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
        };
        const answer = await this.#line.stream(EVENTS_PATH, headers, signal);
        if (!('parts' in answer)) throw refusal(answer);
        onLine?.(null);
        waitMs = firstMs;
        await this.#follow(answer.parts, take, signal);
        throw new ClientError('client/unreachable', 'the KME has ended the stream of events');
      } catch (error) {
        if (signal.aborted) return;
        const again = error instanceof ClientError && ['client/unreachable', 'client/unavailable'].includes(error.code);
        if (!again) throw error;
        onLine?.(error);
        await pause(Math.max(waitMs, (error.retryAfterS ?? 0) * 1000), undefined, { signal }).catch(() => undefined);
        waitMs = Math.min(waitMs * 2, LONGEST_REOPEN_MS);
      }
    }
  }

  async #follow(parts: AsyncIterable<Uint8Array>, take: (raw: RawEvent) => void, signal: AbortSignal): Promise<void> {
    const reader = new EventReader();
    const source = parts[Symbol.asyncIterator]();
    try {
      for (;;) {
        const step = await source.next().catch((error: unknown) => {
          throw this.#line.broken(error, signal);
        });
        if (step.done) return;
        for (const raw of reader.read(step.value)) take(raw);
      }
    } finally {
      // Ends the connection, when it still stands.
      await source.return?.().catch(() => undefined);
    }
  }

  /** Ends the connections once the answers that are under way have come; streams at once. */
  close(): Promise<void> {
    return this.#line.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #ask(method: 'GET' | 'POST', path: string, body?: string, signal?: AbortSignal): Promise<Answer> {
    const untilMs = performance.now() + this.#patienceMs;
    for (;;) {
      const answer = await this.#line.ask(method, path, body, signal);
      if (answer.status === 200) return answer;
      const error = refusal(answer);
      const waitMs = error.retryAfterS === undefined ? USUAL_WAIT_MS : error.retryAfterS * 1000;
      if (error.code !== 'client/unavailable' || performance.now() + waitMs > untilMs) throw error;
      try {
        await pause(waitMs, undefined, signal && { signal });
      } catch (cause) {
        throw new ClientError('client/cancelled', 'the request was cancelled while the KME was short', { cause });
      }
    }
  }
}

function received(body: Uint8Array, wanted: { number: number; sizeBits: number | undefined }): ReceivedKey[] {
  try {
    return readKeys(body, wanted);
  } catch (error) {
    const { code, message } = error as ClientError;
    throw new ClientError(code, message, { cause: error, keysMayBeLost: true });
  }
}

/** Every status but 200 (1.3 of the standard's table: 400, 401, 503; others are met in the field). */
function refusal({ status, body, retryAfterS }: Answer): ClientError {
  const { message, details } = readError(body);
  body.fill(0);
  const words = message === undefined ? '' : `: ${message}`;
  if (status === 401) {
    return new ClientError('client/unauthorized', `the KME does not give these keys to this SAE (401)${words}`, {
      details,
    });
  }
  if (status === 503) {
    return new ClientError('client/unavailable', `the KME cannot answer now (503)${words}`, { retryAfterS, details });
  }
  // Some makers answer 403, 404, 409, 422 and the like for what the standard has 400 or 401 for.
  if (status >= 400 && status < 500) {
    return new ClientError('client/refused', `the KME refused the request (${status})${words}`, { details });
  }
  // 500, 502, 504 and what no KME should say: whether a key was taken is anybody's guess.
  return new ClientError('client/malformed', `the KME answered with status ${status}${words}`, {
    details,
    keysMayBeLost: true,
  });
}

function keysOf(role: string, sae: string): string {
  if (typeof sae !== 'string' || sae === '') throw argument(`the ${role} SAE's id must not be empty`);
  if (!sae.isWellFormed()) throw argument(`the ${role} SAE's id must be well-formed text`);
  // Dots alone would be a step in a path.
  if (sae === '.' || sae === '..') throw argument(`the ${role} SAE's id must not be "${sae}"`);
  return `/api/v1/keys/${encodeURIComponent(sae)}`;
}

function whole(name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw argument(`${name} must be a whole number from ${least} to ${most}`);
  }
}

function argument(message: string): ClientError {
  return new ClientError('client/argument', message);
}
