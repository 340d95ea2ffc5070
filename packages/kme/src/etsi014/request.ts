import { type Json, type JsonObject, readJson } from '../json.ts';
import type { RouteDemand } from '../service.ts';
import { badRequest, type KmeRequest, TEXT } from './response.ts';

/** Limits that Get status tells (ETSI GS QKD 014, 6.1); sizes in bits. */
export interface Limits {
  readonly keySize: number;
  readonly minKeySize: number;
  readonly maxKeySize: number;
  readonly maxKeyPerRequest: number;
  readonly maxKeyCount: number;
  /** Additional slaves of one key, beside the one of the path. */
  readonly maxSaeIdCount: number;
}

export const DEFAULT_LIMITS: Limits = {
  keySize: 256,
  minKeySize: 64,
  maxKeySize: 4096,
  maxKeyPerRequest: 128,
  maxKeyCount: 100_000,
  maxSaeIdCount: 16,
};

const MAX_ENC_BODY_BYTES = 64 * 1024;
/** Room in a dec_keys body for each key ID with whatever members a client adds. */
const DEC_BODY_BYTES_PER_KEY = 1024;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const WHOLE = /^(0|[1-9]\d{0,9})$/;

export interface KeyRequest {
  readonly number: number;
  /** Bits of each key. */
  readonly size: number;
  /** Slaves besides the one of the path. */
  readonly additionalSlaves: readonly string[];
  /** What must be met, of the way that the keys came. */
  readonly mandatory: RouteDemand | undefined;
  /** What is met if it can be, with what must be. */
  readonly preferred: RouteDemand | undefined;
}

/** Get key (ETSI GS QKD 014, 5.2 and 6.2). Throws a Refusal with 400. */
export function readKeyRequest(request: KmeRequest, limits: Limits): KeyRequest {
  const body = readBody(request, MAX_ENC_BODY_BYTES);
  const postOnly = ['additional_slave_SAE_IDs', 'extension_mandatory', 'extension_optional'];
  if (!body) refuseInQuery(request, postOnly, 'belongs into the body of a POST');
  else refuseInQuery(request, ['number', 'size', ...postOnly], 'belongs into the body, since this is a POST');
  const number = (body ? wholeMember(body, 'number') : wholeParameter(request, 'number')) ?? 1;
  const size = (body ? wholeMember(body, 'size') : wholeParameter(request, 'size')) ?? limits.keySize;
  const additionalSlaves = (body && listMember(body, 'additional_slave_SAE_IDs')) ?? [];
  if (!additionalSlaves.every((saeId) => typeof saeId === 'string')) {
    throw badRequest('additional_slave_SAE_IDs shall be an array of strings');
  }
  const mandatory = (body && extensions(body, 'extension_mandatory')) ?? [];
  const optional = (body && extensions(body, 'extension_optional')) ?? [];

  if (number < 1 || number > limits.maxKeyPerRequest) {
    throw badRequest(`number shall be from 1 to ${limits.maxKeyPerRequest}`);
  }
  if (size < limits.minKeySize || size > limits.maxKeySize) {
    throw badRequest(`size shall be from ${limits.minKeySize} to ${limits.maxKeySize} bits`);
  }
  if (size % 8 !== 0) throw badRequest(TEXT.size);
  if (additionalSlaves.length > limits.maxSaeIdCount) {
    throw badRequest(`additional_slave_SAE_IDs: at most ${limits.maxSaeIdCount} are possible`);
  }
  if (new Set(additionalSlaves).size < additionalSlaves.length) {
    throw badRequest('additional_slave_SAE_IDs names an SAE twice');
  }
  const unknown = mandatory.filter(([name]) => !Object.hasOwn(ROUTE_PARAMETERS, name));
  if (unknown.length > 0) {
    throw badRequest(
      TEXT.unknownMandatory,
      unknown.map(([name]) => ({ extension_mandatory_unsupported: name })),
    );
  }
  const wanted = mandatory.length > 0 ? demandOf(mandatory) : undefined;
  const liked = optional.filter(([name]) => Object.hasOwn(ROUTE_PARAMETERS, name));
  const preferred = liked.length > 0 ? { ...demandOf(liked), ...wanted } : undefined;
  return { number, size, additionalSlaves, mandatory: wanted, preferred };
}

/** Parameters of our own (decision 29): what each may be, and what it asks for. */
const ROUTE_PARAMETERS: Record<string, (value: Json) => RouteDemand | undefined> = {
  skykey_route_type: (value) => (value === 'direct' || value === 'relayed' ? { routeType: value } : undefined),
  skykey_max_age: (value) => (isWhole(value) ? { maxAgeMs: value } : undefined),
  skykey_min_paths: (value) => (isWhole(value) && value <= 16 ? { minPaths: value } : undefined),
};

const isWhole = (value: Json): value is number => Number.isSafeInteger(value) && (value as number) >= 1;

function demandOf(parameters: readonly (readonly [string, Json])[]): RouteDemand {
  return Object.assign(
    {},
    ...parameters.map(([name, value]) => {
      const demand = ROUTE_PARAMETERS[name]!(value);
      if (!demand)
        throw badRequest(
          `${name} is "direct" or "relayed", a number of milliseconds, or a number of paths from 1 to 16`,
        );
      return demand;
    }),
  );
}

/** Get key with key IDs (ETSI GS QKD 014, 5.3 and 6.4): the ids in lower case, in order. Throws a Refusal with 400. */
export function readKeyIds(request: KmeRequest, limits: Limits): readonly string[] {
  const body = readBody(request, Math.max(MAX_ENC_BODY_BYTES, limits.maxKeyPerRequest * DEC_BODY_BYTES_PER_KEY));
  const postOnly = ['key_IDs', 'key_ID_extension', 'key_IDs_extension'];
  if (!body) refuseInQuery(request, postOnly, 'belongs into the body of a POST');
  else refuseInQuery(request, ['key_ID', ...postOnly], 'belongs into the body, since this is a POST');
  const given = body ? keyIdMembers(body) : request.query.getAll('key_ID');
  if (!body && given.length > 1) throw badRequest('key_ID may stand once in a GET; two or more key IDs need a POST');
  if (given.length < 1 || given.length > limits.maxKeyPerRequest) {
    throw badRequest(`from 1 to ${limits.maxKeyPerRequest} key IDs are needed`);
  }
  const keyIds = given.map((keyId) => {
    if (!UUID.test(keyId)) throw badRequest('key_ID shall be a UUID of 36 characters');
    return keyId.toLowerCase();
  });
  if (new Set(keyIds).size < keyIds.length) throw badRequest('a key ID stands twice in the request');
  return keyIds;
}

function keyIdMembers(body: JsonObject): string[] {
  const list = listMember(body, 'key_IDs');
  if (!list) throw badRequest('key_IDs is missing');
  objectMember(body, 'key_IDs_extension');
  return list.map((entry) => {
    if (!isObject(entry) || typeof entry.key_ID !== 'string') {
      throw badRequest('each element of key_IDs shall be an object with a string key_ID');
    }
    objectMember(entry, 'key_ID_extension');
    return entry.key_ID;
  });
}

/** The body of a POST as an object, an empty one as `{}` (decision 19); undefined for a GET. */
function readBody(request: KmeRequest, limitBytes: number): JsonObject | undefined {
  if (request.body.length > limitBytes) {
    throw badRequest(`the body is larger than ${limitBytes} bytes`, undefined, { Connection: 'close' });
  }
  if (request.method === 'GET') {
    if (request.body.length > 0) throw badRequest('a GET has no body');
    return undefined;
  }
  if (request.body.length === 0) return {};
  if (
    request.contentType !== undefined &&
    !/^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i.test(request.contentType.trim())
  ) {
    throw badRequest('the Content-Type of the body shall be application/json, in UTF-8');
  }
  let document: Json;
  try {
    document = readJson(request.body);
  } catch (error) {
    throw badRequest((error as SyntaxError).message);
  }
  if (!isObject(document)) throw badRequest('the body shall be a JSON object');
  return document;
}

/** A constraint that would be ignored is a silent downgrade (decision 18). */
function refuseInQuery(request: KmeRequest, names: readonly string[], why: string): void {
  const found = names.find((name) => request.query.has(name));
  if (found) throw badRequest(`${found} ${why}`);
}

function wholeParameter(request: KmeRequest, name: string): number | undefined {
  const values = request.query.getAll(name);
  if (values.length === 0) return undefined;
  if (values.length > 1 || !WHOLE.test(values[0]!)) throw badRequest(`${name} shall be one integer`);
  return Number(values[0]);
}

function wholeMember(body: JsonObject, name: string): number | undefined {
  const value = body[name];
  if (value === undefined) return undefined;
  if (!Number.isSafeInteger(value)) throw badRequest(`${name} shall be an integer`);
  return value as number;
}

function listMember(body: JsonObject, name: string): Json[] | undefined {
  const value = body[name];
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) throw badRequest(`${name} shall be an array`);
  return value;
}

function objectMember(body: JsonObject, name: string): void {
  if (body[name] !== undefined && !isObject(body[name])) throw badRequest(`${name} shall be an object`);
}

/** Names and values of the parameters in a list of extension objects. */
function extensions(body: JsonObject, name: string): [string, Json][] {
  const list = listMember(body, name) ?? [];
  return list.flatMap((entry) => {
    if (!isObject(entry)) throw badRequest(`${name} shall be an array of objects`);
    return Object.entries(entry);
  });
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
