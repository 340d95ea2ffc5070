import { SecretBytes } from '@skykey/bits';
import { type Json, type JsonObject, readJson } from '../json.ts';
import { readBase64, type SecretPart, secretJson } from '../secret-json.ts';

/**
 * The bodies of ETSI GS QKD 020 V1.1.1 (schemas `ext_key_container`, `void_container`, `ack_containers` of its OpenAPI
 * description). Members that the standard does not know are ignored at every level.
 */

/** `draft`: a peer of version 0.6, whose acknowledgements have other member names; read, never written. */
export type Dialect = 'v1.1.1' | 'draft';

export interface Association {
  readonly initiator: string;
  /** One or more, each once. */
  readonly targets: readonly string[];
}

export interface ExtKey {
  /** UUID, lower case. */
  readonly keyId: string;
  readonly key: SecretBytes;
  readonly extension?: JsonObject;
}

export interface ExtKeys extends Association {
  readonly keys: readonly ExtKey[];
  /** Absent: the synchronous mode is asked for. */
  readonly callbackUrl?: string;
  readonly mandatory?: JsonObject;
  readonly optional?: JsonObject;
}

export interface VoidRequest extends Association {
  readonly keyIds: readonly string[];
  readonly callbackUrl?: string;
  readonly allConfirmed: boolean;
}

export const ACK_STATUSES = ['relayed', 'failed', 'voided', 'failed to void', 'key not present'] as const;
export type AckStatus = (typeof ACK_STATUSES)[number];

export interface Ack extends Association {
  readonly keyIds: readonly string[];
  readonly status: AckStatus;
  readonly message?: string;
}

/** Most keys of a request, and containers of an acknowledgement; the standard has the latter. */
export const MAX_ITEMS = 1024;
export const MAX_TARGETS = 64;
/** Room for 1,024 keys of 512 bytes with their ids. */
export const MAX_BODY_BYTES = 1024 * 1024;
export const MIN_KEY_BYTES = 8;
export const MAX_KEY_BYTES = 512;
export const MAX_URL_CHARACTERS = 1024;
const MAX_MESSAGE_CHARACTERS = 4096;

/** At most 64 characters that RFC 3986 allows in a URI; `%` with two digits alone. */
export const SAE_ID = /^(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2}){1,64}$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** `E`, a Private Enterprise Number, `_`. */
const EXTENSION = /^E[1-9][0-9]*_/;

/** What stands in a body and should not, or does not and should. */
export class Malformed extends Error {
  override readonly name = 'Malformed';
  readonly missing: boolean;

  constructor(message: string, missing = false) {
    super(message);
    this.missing = missing;
  }
}

/** Throws Malformed; then no key of it is left. */
export function readExtKeys(body: Uint8Array, dialect: Dialect): ExtKeys {
  const container = document(body);
  const taken: SecretBytes[] = [];
  try {
    const keys = list(container, 'keys', 1, MAX_ITEMS).map((entry, i) => extKey(entry, `keys[${i}]`, taken));
    distinct(
      keys.map(({ keyId }) => keyId),
      'keys',
    );
    const callbackUrl = optionalUrl(container);
    const mandatory = extension(container, 'extension_mandatory', '', dialect);
    const optional = extension(container, 'extension_optional', '', dialect);
    return {
      keys,
      ...association(container, ''),
      ...(callbackUrl !== undefined && { callbackUrl }),
      ...(mandatory && { mandatory }),
      ...(optional && { optional }),
    };
  } catch (error) {
    for (const key of taken) key.wipe();
    throw error;
  }
}

/** Throws Malformed. Whether an empty list of ids is confirmed is for the caller to see. */
export function readVoid(body: Uint8Array, dialect: Dialect): VoidRequest {
  const container = document(body);
  const keyIds = list(container, 'key_ids', 0, MAX_ITEMS).map((entry, i) => uuid(entry, `key_ids[${i}]`));
  distinct(keyIds, 'key_ids');
  const callbackUrl = optionalUrl(container);
  extension(container, 'extension', '', dialect);
  const confirmation = container.all_confirmation;
  if (confirmation !== undefined && typeof confirmation !== 'boolean') {
    throw new Malformed('all_confirmation shall be true or false');
  }
  return {
    keyIds,
    ...association(container, ''),
    ...(callbackUrl !== undefined && { callbackUrl }),
    allConfirmed: confirmation === true,
  };
}

/** Throws Malformed. */
export function readAcks(body: Uint8Array, dialect: Dialect): Ack[] {
  let containers = value(body);
  if (dialect === 'draft' && isObject(containers)) containers = [containers];
  if (!Array.isArray(containers)) throw new Malformed('the body shall be an array of acknowledgement containers');
  if (containers.length > MAX_ITEMS)
    throw new Malformed(`at most ${MAX_ITEMS} acknowledgement containers are possible`);
  return containers.map((entry, i) => ack(object(entry, `[${i}]`), `[${i}].`, dialect));
}

function ack(container: JsonObject, where: string, dialect: Dialect): Ack {
  const draft = dialect === 'draft' && container.key_id_container === undefined;
  const keyIds = draft
    ? list(container, 'key_ids', 0, MAX_ITEMS, where).map((entry, i) => uuid(entry, `${where}key_ids[${i}]`))
    : list(container, 'key_id_container', 0, MAX_ITEMS, where).map((entry, i) => {
        const at = `${where}key_id_container[${i}]`;
        const held = object(entry, at);
        extension(held, 'extension', `${at}.`, dialect);
        return uuid(held.key_id, `${at}.key_id`);
      });
  const status = ACK_STATUSES.find((known) => known === container.ack_status);
  if (!status) {
    throw new Malformed(
      `${where}ack_status shall be one of: ${ACK_STATUSES.join(', ')}`,
      container.ack_status === undefined,
    );
  }
  const message = container.message;
  if (message !== undefined && (typeof message !== 'string' || message.length > MAX_MESSAGE_CHARACTERS)) {
    throw new Malformed(`${where}message shall be a string of at most ${MAX_MESSAGE_CHARACTERS} characters`);
  }
  extension(container, 'extension', where, dialect);
  const single = dialect === 'draft' && container.target_sae_ids === undefined && container.target_sae_id !== undefined;
  const named = single ? { ...container, target_sae_ids: [container.target_sae_id!] } : container;
  return { keyIds, status, ...association(named, where), ...(message !== undefined && { message }) };
}

/** The body of `ext_keys`; holds key: the caller overwrites it after use. */
export function writeExtKeys(transfer: ExtKeys): Uint8Array {
  const parts: SecretPart[] = ['{"keys":['];
  transfer.keys.forEach(({ keyId, key, extension }, i) => {
    parts.push(`${i ? ',' : ''}{"key_id":"${keyId}","value":"`, { base64: key }, '"');
    parts.push(extension ? `,"extension":${JSON.stringify(extension)}}` : '}');
  });
  const { initiator, targets, callbackUrl, mandatory, optional } = transfer;
  const rest = JSON.stringify({
    initiator_sae_id: initiator,
    target_sae_ids: targets,
    ack_callback_url: callbackUrl,
    extension_mandatory: mandatory,
    extension_optional: optional,
  });
  parts.push(`],${rest.slice(1)}`);
  return secretJson(parts);
}

export function writeVoid({ keyIds, initiator, targets, callbackUrl, allConfirmed }: VoidRequest): string {
  return JSON.stringify({
    key_ids: keyIds,
    initiator_sae_id: initiator,
    target_sae_ids: targets,
    ack_callback_url: callbackUrl,
    all_confirmation: allConfirmed || undefined,
  });
}

export function writeAcks(acks: readonly Ack[]): string {
  return JSON.stringify(
    acks.map(({ keyIds, status, initiator, targets, message }) => ({
      key_id_container: keyIds.map((keyId) => ({ key_id: keyId })),
      ack_status: status,
      initiator_sae_id: initiator,
      target_sae_ids: targets,
      message,
    })),
  );
}

/** Whether two associations are of the same applications, in whatever order the targets stand. */
export function sameAssociation(a: Association, b: Association): boolean {
  return (
    a.initiator === b.initiator &&
    a.targets.length === b.targets.length &&
    a.targets.every((target) => b.targets.includes(target))
  );
}

function extKey(entry: Json, where: string, taken: SecretBytes[]): ExtKey {
  const held = object(entry, where);
  const keyId = uuid(held.key_id, `${where}.key_id`);
  const bytes = typeof held.value === 'string' ? readBase64(held.value) : undefined;
  if (!bytes) throw new Malformed(`${where}.value shall be padded base64 of whole bytes`, held.value === undefined);
  const key = SecretBytes.adopt(bytes);
  taken.push(key);
  if (key.length < MIN_KEY_BYTES || key.length > MAX_KEY_BYTES) {
    throw new Malformed(`${where}.value shall be a key of ${8 * MIN_KEY_BYTES} to ${8 * MAX_KEY_BYTES} bits`);
  }
  const extra = extension(held, 'extension', `${where}.`, 'v1.1.1');
  return { keyId, key, ...(extra && { extension: extra }) };
}

function association(container: JsonObject, where: string): Association {
  const initiator = saeId(container.initiator_sae_id, `${where}initiator_sae_id`);
  const targets = list(container, 'target_sae_ids', 1, MAX_TARGETS, where).map((entry, i) =>
    saeId(entry, `${where}target_sae_ids[${i}]`),
  );
  distinct([initiator, ...targets], `${where}initiator_sae_id and target_sae_ids`);
  return { initiator, targets };
}

function optionalUrl(container: JsonObject): string | undefined {
  const url = container.ack_callback_url;
  if (url === undefined) return undefined;
  if (typeof url !== 'string' || url.length > MAX_URL_CHARACTERS || !url.startsWith('https://')) {
    throw new Malformed(
      `ack_callback_url shall be a URL that begins with https://, at most ${MAX_URL_CHARACTERS} characters`,
    );
  }
  return url;
}

function extension(container: JsonObject, name: string, where: string, dialect: Dialect): JsonObject | undefined {
  const found = container[name];
  if (found === undefined) return undefined;
  const properties = Object.keys(object(found, where + name));
  // Version 0.6 demands the member even when there is nothing to say.
  if (dialect === 'draft' && properties.length === 0) return undefined;
  if (properties.length < 1 || properties.length > MAX_ITEMS || !properties.every((key) => EXTENSION.test(key))) {
    throw new Malformed(
      `${where}${name} shall have 1 to ${MAX_ITEMS} properties whose names begin with E, a private enterprise number and _`,
    );
  }
  return found as JsonObject;
}

function document(body: Uint8Array): JsonObject {
  return object(value(body), 'the body');
}

function value(body: Uint8Array): Json {
  if (body.length > MAX_BODY_BYTES) throw new Malformed(`the body is larger than ${MAX_BODY_BYTES} bytes`);
  try {
    return readJson(body);
  } catch (error) {
    throw new Malformed((error as SyntaxError).message);
  }
}

function object(found: Json | undefined, where: string): JsonObject {
  if (!isObject(found)) throw new Malformed(`${where} shall be an object`, found === undefined);
  return found;
}

function list(container: JsonObject, name: string, min: number, max: number, where = ''): Json[] {
  const found = container[name];
  if (!Array.isArray(found) || found.length < min || found.length > max) {
    throw new Malformed(`${where}${name} shall be an array of ${min} to ${max} elements`, found === undefined);
  }
  return found;
}

function uuid(found: Json | undefined, where: string): string {
  if (typeof found !== 'string' || !UUID.test(found)) {
    throw new Malformed(`${where} shall be a UUID of 36 characters`, found === undefined);
  }
  return found.toLowerCase();
}

function saeId(found: Json | undefined, where: string): string {
  if (typeof found !== 'string' || found.length > 64 || !SAE_ID.test(found)) {
    throw new Malformed(`${where} shall be 1 to 64 characters that RFC 3986 allows`, found === undefined);
  }
  return found;
}

function distinct(values: readonly string[], where: string): void {
  if (new Set(values).size < values.length) throw new Malformed(`${where}: the same id stands twice`);
}

function isObject(found: Json | undefined): found is JsonObject {
  return typeof found === 'object' && found !== null && !Array.isArray(found);
}
