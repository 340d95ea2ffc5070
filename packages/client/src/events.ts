/** What Skykey's KME tells its applications: server-sent events (HTML standard, 9.2), read and checked one by one. */
import { isUuid } from './answer.ts';
import { ClientError } from './error.ts';
import { isObject, type Json, readJson } from './json.ts';

export type KmeEvent =
  /** The stream is open; what holds now follows when it began anew. */
  | { readonly type: 'ready' }
  /** Events are gone that this application never saw: so many, null where nobody knows. What holds now follows. */
  | { readonly type: 'missed'; readonly count: number | null; readonly why: string }
  /** A quantum link is under alarm on which key shared with these SAEs rests. */
  | { readonly type: 'alarm'; readonly link: string; readonly reason: string; readonly saes: readonly string[] }
  | { readonly type: 'reopened'; readonly link: string; readonly saes: readonly string[] }
  /** Keys of this application that are good no more: not to be fetched, and not to be used where they were. */
  | { readonly type: 'voided'; readonly keyIds: readonly string[] }
  /** Keys shared with this SAE have run out, or there are some again. */
  | { readonly type: 'stock'; readonly sae: string; readonly storedKeyCount: number };

export interface EventsOptions {
  /** Called in order. What it throws ends the stream and rejects the call. */
  readonly onEvent: (event: KmeEvent) => void;
  /** The last id that an earlier call told: what was missed since comes first. */
  readonly lastEventId?: string;
  /** Each new id, to be kept for a later call. */
  readonly onId?: (id: string) => void;
  /** The stream is open (null), or broke and is being opened again: why. */
  readonly onLine?: (problem: ClientError | null) => void;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** Of one event; Skykey's have at most some 6 KiB. */
const MAX_EVENT_BYTES = 256 * 1024;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const NO_SECRET = (): boolean => false;

/** One event as it stands in the stream. */
export interface RawEvent {
  readonly name: string;
  readonly data: string;
  readonly id: string | undefined;
  readonly retryMs: number | undefined;
}

/** Takes a stream apart. @throws ClientError `client/malformed` */
export class EventReader {
  #rest = new Uint8Array(0);
  #lines: string[] = [];
  #bytes = 0;
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true });

  read(part: Uint8Array): RawEvent[] {
    const bytes = new Uint8Array(this.#rest.length + part.length);
    bytes.set(this.#rest);
    bytes.set(part, this.#rest.length);
    const events: RawEvent[] = [];
    let from = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
      const line = this.#text(bytes.subarray(from, bytes[end - 1] === RETURN && end > from ? end - 1 : end));
      from = end + 1;
      this.#bytes += line.length;
      if (line !== '') this.#lines.push(line);
      else if (this.#lines.length > 0) events.push(this.#event());
    }
    this.#rest = bytes.slice(from);
    if (this.#bytes + this.#rest.length > MAX_EVENT_BYTES) {
      throw malformed(`an event is longer than ${MAX_EVENT_BYTES} bytes`);
    }
    return events;
  }

  #text(bytes: Uint8Array): string {
    try {
      return this.#utf8.decode(bytes);
    } catch {
      throw malformed('it is not UTF-8');
    }
  }

  #event(): RawEvent {
    const fields = new Map<string, string[]>();
    for (const line of this.#lines) {
      const [, name, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line)!;
      fields.set(name!, [...(fields.get(name!) ?? []), value]);
    }
    this.#lines = [];
    this.#bytes = 0;
    const retry = fields.get('retry')?.at(-1);
    return {
      name: fields.get('event')?.at(-1) ?? 'message',
      data: fields.get('data')?.join('\n') ?? '',
      id: fields.get('id')?.at(-1),
      retryMs: retry !== undefined && /^\d{1,6}$/.test(retry) ? Number(retry) : undefined,
    };
  }
}

/** Undefined for a kind that this version does not know, and for a comment. @throws ClientError `client/malformed` */
export function readEvent({ name, data }: RawEvent): KmeEvent | undefined {
  if (name === 'ready') return { type: 'ready' };
  if (!['missed', 'alarm', 'reopened', 'voided', 'stock'].includes(name)) return undefined;
  let value: Json;
  try {
    value = readJson(new TextEncoder().encode(data), NO_SECRET);
  } catch (error) {
    throw malformed(`the data of "${name}" is not JSON: ${(error as Error).message}`);
  }
  if (!isObject(value)) throw malformed(`the data of "${name}" is no object`);
  const members = value;
  const text = (member: string): string => {
    const found = members[member];
    if (typeof found !== 'string' || found === '') throw malformed(`${member} of "${name}" must be a text`);
    return found;
  };
  const texts = (member: string): string[] => {
    const found = members[member];
    if (!Array.isArray(found) || !found.every((each) => typeof each === 'string')) {
      throw malformed(`${member} of "${name}" must be a list of texts`);
    }
    return found as string[];
  };
  const count = (member: string): number => {
    const found = members[member];
    if (!Number.isSafeInteger(found) || (found as number) < 0) {
      throw malformed(`${member} of "${name}" must be a whole number from 0 on`);
    }
    return found as number;
  };
  switch (name) {
    case 'missed':
      return { type: 'missed', count: members.count === null ? null : count('count'), why: text('why') };
    case 'alarm':
      return { type: 'alarm', link: text('link'), reason: text('reason'), saes: texts('SAE_IDs') };
    case 'reopened':
      return { type: 'reopened', link: text('link'), saes: texts('SAE_IDs') };
    case 'voided': {
      const keyIds = texts('key_IDs');
      if (!keyIds.every(isUuid)) throw malformed('key_IDs of "voided" must be UUIDs');
      return { type: 'voided', keyIds: keyIds.map((id) => id.toLowerCase()) };
    }
    default:
      return { type: 'stock', sae: text('SAE_ID'), storedKeyCount: count('stored_key_count') };
  }
}

function malformed(why: string): ClientError {
  return new ClientError('client/malformed', `the KME's events are none of Skykey's: ${why}`);
}
