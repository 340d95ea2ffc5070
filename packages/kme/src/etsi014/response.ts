import type { Json } from '../json.ts';

/** What a transport adapter hands in. The SAE ID comes from the client's certificate and from nowhere else. */
export interface KmeRequest {
  /** Null when the certificate names none. */
  readonly saeId: string | null;
  readonly method: string;
  /** Path as it stood on the wire, percent-encoded, without query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly contentType?: string | undefined;
  readonly body: Uint8Array;
}

export interface KmeResponse {
  readonly status: 200 | 400 | 401 | 404 | 405 | 503;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON; bytes hold keys: the adapter overwrites them once they are written, and nobody logs them. Absent for 401. */
  readonly body?: string | Uint8Array;
}

/** Keys must not stay in any cache on the way (decision 32). */
const COMMON = { 'Cache-Control': 'no-store' } as const;
const JSON_HEADERS = { ...COMMON, 'Content-Type': 'application/json' } as const;
/** When to ask again. A pass is minutes away at best, a peer that restarts is back in seconds. */
export const RETRY_AFTER_S = 10;

/** The fixed texts of ETSI GS QKD 014 V1.1.1, letter by letter; all of them go with 400. */
export const TEXT = {
  size: 'size shall be a multiple of 8',
  unknownMandatory: 'not all extension_mandatory parameters are supported',
  unmetMandatory: 'not all extension_mandatory request options could be met',
  notFound: 'one or more keys specified are not found on KME',
} as const;

/** A request that ends here with this answer. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly response: KmeResponse;

  constructor(response: KmeResponse) {
    super(`answered with ${response.status}`);
    this.response = response;
  }
}

export function ok(body: Json | object): KmeResponse {
  return { status: 200, headers: JSON_HEADERS, body: JSON.stringify(body) };
}

/** A body that holds keys. */
export function okBytes(body: Uint8Array): KmeResponse {
  return { status: 200, headers: JSON_HEADERS, body };
}

/** 400 with the Error data model (ETSI GS QKD 014, 6.5). */
export function badRequest(
  message: string,
  details?: readonly object[],
  headers: Record<string, string> = {},
): Refusal {
  return refusal(400, message, headers, details);
}

/** 401 has no data model, hence no body (decision 14). */
export function unauthorized(): Refusal {
  return new Refusal({ status: 401, headers: { ...COMMON, 'content-length': '0' } });
}

/** 503 with the Error data model. The one answer for all that the caller cannot help (decisions 4, 10, 35). */
export function unavailable(message: string, retryAfterS = RETRY_AFTER_S): Refusal {
  return refusal(503, message, { 'Retry-After': String(retryAfterS) });
}

/** Outside ETSI GS QKD 014: it was no call of it (decision 34). */
export function notFound(): Refusal {
  return refusal(404, 'there is nothing here but /api/v1/keys/{SAE_ID}/status, enc_keys and dec_keys');
}

export function wrongMethod(allowed: readonly string[]): Refusal {
  return refusal(405, `this resource knows ${allowed.join(' and ')}`, { Allow: allowed.join(', ') });
}

function refusal(
  status: 400 | 404 | 405 | 503,
  message: string,
  headers: Record<string, string> = {},
  details?: readonly object[],
): Refusal {
  const body = JSON.stringify(details ? { message, details } : { message });
  return new Refusal({ status, headers: { ...JSON_HEADERS, ...headers }, body });
}
