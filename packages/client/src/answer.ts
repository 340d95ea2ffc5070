/** What a KME may answer (ETSI GS QKD 014 V1.1.1, 6.1 to 6.5), checked to the last field before anybody sees it. */
import { SecretBytes } from '@skykey/bits';
import { ClientError } from './error.ts';
import { isObject, type Json, type JsonObject, readJson } from './json.ts';

/** Status of the keys that two SAEs share, at the caller's KME (6.1). Sizes in bits. */
export interface KeyStatus {
  readonly sourceKmeId: string;
  readonly targetKmeId: string;
  readonly masterSaeId: string;
  readonly slaveSaeId: string;
  /** Of keys when no size is asked for, bits. */
  readonly keySize: number;
  readonly storedKeyCount: number;
  readonly maxKeyCount: number;
  readonly maxKeyPerRequest: number;
  /** Bits. */
  readonly maxKeySize: number;
  /** Bits. */
  readonly minKeySize: number;
  /** How many additional slaves a request may name; 0: none. */
  readonly maxSaeIdCount: number;
  readonly extension: Readonly<Record<string, unknown>> | undefined;
}

export interface ReceivedKey {
  /** UUID as the KME writes it. */
  readonly keyId: string;
  /** Owned by the caller, who wipes it. */
  readonly key: SecretBytes;
  readonly keyIdExtension: Readonly<Record<string, unknown>> | undefined;
  readonly keyExtension: Readonly<Record<string, unknown>> | undefined;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const NO_SECRET = (): boolean => false;

export function isUuid(text: unknown): text is string {
  return typeof text === 'string' && UUID.test(text);
}

/** @throws ClientError `client/malformed` */
export function readStatus(body: Uint8Array): KeyStatus {
  const status = objectOf(body, NO_SECRET);
  const text = (field: string): string => {
    const value = status[field];
    if (typeof value !== 'string' || value === '') throw malformed(`${field} must be a text`);
    return value;
  };
  const count = (field: string, least: number): number => {
    const value = status[field];
    if (!Number.isSafeInteger(value) || (value as number) < least) {
      throw malformed(`${field} must be a whole number from ${least} on`);
    }
    return value as number;
  };
  const read: KeyStatus = {
    sourceKmeId: text('source_KME_ID'),
    targetKmeId: text('target_KME_ID'),
    masterSaeId: text('master_SAE_ID'),
    slaveSaeId: text('slave_SAE_ID'),
    keySize: count('key_size', 1),
    storedKeyCount: count('stored_key_count', 0),
    maxKeyCount: count('max_key_count', 0),
    maxKeyPerRequest: count('max_key_per_request', 1),
    maxKeySize: count('max_key_size', 1),
    minKeySize: count('min_key_size', 1),
    maxSaeIdCount: count('max_SAE_ID_count', 0),
    extension: extensionOf(status, 'status_extension'),
  };
  if (read.storedKeyCount > read.maxKeyCount) throw malformed('stored_key_count is above max_key_count');
  if (read.keySize < read.minKeySize || read.keySize > read.maxKeySize) {
    throw malformed('key_size is not between min_key_size and max_key_size');
  }
  return read;
}

/**
 * Reads a key container and overwrites the body. `sizeBits`: what every key must have, when it was asked for.
 * @throws ClientError `client/malformed`; then no key of it survives
 */
export function readKeys(body: Uint8Array, wanted: { number: number; sizeBits: number | undefined }): ReceivedKey[] {
  const held: SecretBytes[] = [];
  try {
    const container = objectOf(body, (path) => path === 'keys.[].key');
    const list = container.keys;
    if (!Array.isArray(list)) throw malformed('keys must be a list');
    for (const entry of list) {
      if (isObject(entry) && entry.key instanceof SecretBytes) held.push(entry.key);
    }
    if (list.length !== wanted.number)
      throw malformed(`it has ${list.length} keys where ${wanted.number} were asked for`);
    const keys = list.map((entry) => keyOf(entry, wanted.sizeBits));
    if (new Set(keys.map(({ keyId }) => keyId.toLowerCase())).size < keys.length) {
      throw malformed('two keys have the same key_ID');
    }
    return keys;
  } catch (error) {
    for (const secret of held) secret.wipe();
    throw error;
  } finally {
    body.fill(0);
  }
}

function keyOf(entry: Json, sizeBits: number | undefined): ReceivedKey {
  if (!isObject(entry)) throw malformed('an element of keys must be an object');
  const { key_ID: keyId, key } = entry;
  if (!isUuid(keyId)) throw malformed('key_ID must be a UUID');
  if (!(key instanceof SecretBytes) || key.length === 0) throw malformed('key must be a text in base64');
  if (sizeBits !== undefined && key.length !== Math.ceil(sizeBits / 8)) {
    throw malformed(`a key has ${key.length * 8} bits where ${sizeBits} were asked for`);
  }
  return {
    keyId,
    key,
    keyIdExtension: extensionOf(entry, 'key_ID_extension'),
    keyExtension: extensionOf(entry, 'key_extension'),
  };
}

/** Message and details of an error (6.5); a KME that sends something else has at least its status. */
export function readError(body: Uint8Array): { message: string | undefined; details: unknown[] } {
  try {
    const error = readJson(body, NO_SECRET);
    if (!isObject(error)) return { message: undefined, details: [] };
    return {
      message: typeof error.message === 'string' ? printable(error.message) : undefined,
      details: Array.isArray(error.details) ? error.details : [],
    };
  } catch {
    return { message: undefined, details: [] };
  }
}

/** Somebody else's words in our error: one line, of bearable length. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ').slice(0, 300);
}

function objectOf(body: Uint8Array, isSecret: (path: string) => boolean): JsonObject {
  let value: Json;
  try {
    value = readJson(body, isSecret);
  } catch (error) {
    throw malformed(`it is not JSON: ${(error as Error).message}`);
  }
  if (!isObject(value)) throw malformed('it is not a JSON object');
  return value;
}

function extensionOf(object: JsonObject, field: string): Readonly<Record<string, unknown>> | undefined {
  const value = object[field];
  if (value === undefined) return undefined;
  if (!isObject(value)) throw malformed(`${field} must be an object`);
  return value;
}

function malformed(why: string): ClientError {
  return new ClientError('client/malformed', `the KME's answer is not one of ETSI GS QKD 014: ${why}`);
}
