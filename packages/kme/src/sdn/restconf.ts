import { type HttpRequest, type HttpResponse, NO_STORE } from '../http.ts';
import { MODULE, type SdnNode } from './model.ts';

export interface RestconfOptions {
  /** Ids of SDN controllers that may read, as their certificates name them. */
  readonly controllers: readonly string[];
  /** The model as it is now. */
  readonly node: () => SdnNode;
  readonly note: (severity: 'notice' | 'warning', text: string) => void;
}

export const DATA_ROOT = '/restconf/data';
export const STREAM_PATH = `/restconf/streams/${MODULE}`;
const ROOT = `${MODULE}:qkd_node`;

/** Lists of the model and their keys. */
const LIST_KEYS: Readonly<Record<string, string | undefined>> = Object.assign(Object.create(null), {
  qkd_app: 'app_id',
  qkd_interface: 'qkdi_id',
  qkd_link: 'qkdl_id',
  statistics: 'end_time',
  phys_perf: 'perf_type',
});

/** RFC 8040, 7.1, what of it can happen here. */
type ErrorTag = 'invalid-value' | 'access-denied' | 'operation-not-supported' | 'operation-failed';

/**
 * The model of ETSI GS QKD 015 V2.1.1 to be read as RESTCONF has it (RFC 8040, 3.5 and 4.3; RFC 7951): the whole, a
 * container, a list entry by its key, a leaf. A controller reads; it does not configure.
 */
export class Restconf {
  readonly #options: RestconfOptions;

  constructor(options: RestconfOptions) {
    this.#options = options;
  }

  /** Whether this caller may read the model and listen to its notifications: a GET of STREAM_PATH that may not goes to `handle`. */
  mayRead(caller: string | null): boolean {
    return caller !== null && this.#options.controllers.includes(caller);
  }

  /** Never throws. */
  handle(request: HttpRequest): HttpResponse {
    const answer = this.#answer(request);
    if (request.method !== 'HEAD') return answer;
    const { body, ...head } = answer;
    return { ...head, headers: { ...head.headers, 'content-length': String(byteLength(body)) } };
  }

  #answer(request: HttpRequest): HttpResponse {
    if (!this.mayRead(request.caller)) return failure(401, 'access-denied', 'this certificate names no controller');
    const found = resolveKeys(request.path);
    if (!found) {
      return failure(404, 'invalid-value', `there is nothing here but ${DATA_ROOT}/${ROOT} and what is below it`);
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return failure(405, 'operation-not-supported', 'the model can be read with GET and HEAD', { Allow: 'GET, HEAD' });
    }
    const [parameter] = request.query.keys();
    if (parameter !== undefined) {
      return failure(400, 'invalid-value', 'query parameters (content, depth, fields, …) are not supported');
    }
    let node: SdnNode;
    try {
      node = this.#options.node();
    } catch (error) {
      this.#options.note('warning', `the model for SDN controllers cannot be told: ${(error as Error).message}`);
      return failure(500, 'operation-failed', 'the model cannot be told at the moment');
    }
    const resource = walk(node, found);
    if (!resource) return failure(404, 'invalid-value', 'the model has no such instance');
    const headers = { ...NO_STORE, 'Content-Type': 'application/yang-data+json' };
    return { status: 200, headers, body: JSON.stringify(resource) };
  }
}

/** One step of a path: a name and, for a list, the key of an entry. */
interface Step {
  readonly name: string;
  readonly key?: string;
}

/** Undefined when the path is not below the root. Exported for its fuzz. */
export function resolveKeys(path: string): Step[] | undefined {
  const [root, ...rest] = path.startsWith(`${DATA_ROOT}/`) ? path.slice(DATA_ROOT.length + 1).split('/') : [];
  if (root !== ROOT) return undefined;
  const steps: Step[] = [];
  for (const segment of rest) {
    const equals = segment.indexOf('=');
    try {
      // The module's name may stand before each name below it (RFC 8040, 3.5.3).
      const name = decodeURIComponent(equals < 0 ? segment : segment.slice(0, equals)).replace(`${MODULE}:`, '');
      steps.push(equals < 0 ? { name } : { name, key: decodeURIComponent(segment.slice(equals + 1)) });
    } catch {
      return undefined;
    }
  }
  return steps;
}

function walk(node: SdnNode, steps: readonly Step[]): Record<string, unknown> | undefined {
  let at: unknown = node;
  let told: unknown = node;
  for (const { name, key } of steps) {
    // Nothing is below a leaf, nor below a list without the key of an entry.
    if (typeof at !== 'object' || at === null || Array.isArray(at) || !Object.hasOwn(at, name)) return undefined;
    const child = (at as Record<string, unknown>)[name];
    const keyName = LIST_KEYS[name];
    if (key === undefined) {
      at = told = child;
      continue;
    }
    if (keyName === undefined || !Array.isArray(child)) return undefined;
    at = child.find((entry: Record<string, unknown>) => sameKey(String(entry[keyName]), key));
    if (at === undefined) return undefined;
    told = [at];
  }
  const last = steps.at(-1);
  return { [last ? `${MODULE}:${last.name}` : ROOT]: told };
}

/** An identity may be named with or without its module, a UUID in either case (RFC 7951, 6.8; RFC 6991). */
const sameKey = (value: string, key: string): boolean =>
  value === key || value === `etsi-qkd-node-types:${key}` || value === key.toLowerCase();

function failure(
  status: number,
  tag: ErrorTag,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse {
  const error = [{ 'error-type': 'protocol', 'error-tag': tag, 'error-message': message }];
  const body = JSON.stringify({ 'ietf-restconf:errors': { error } });
  return { status, headers: { ...NO_STORE, 'Content-Type': 'application/yang-data+json', ...headers }, body };
}

const byteLength = (body: string | Uint8Array | undefined): number =>
  typeof body === 'string' ? new TextEncoder().encode(body).length : (body?.length ?? 0);
