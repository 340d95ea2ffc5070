import { type HttpResponse, NO_STORE } from '../http.ts';

/** Problem types of ETSI GS QKD 020 V1.1.1 with their titles; `invalid-parameter` is the one of the example there. */
const TITLES = {
  'missing-parameters': 'missing parameters',
  'invalid-parameter': 'Invalid parameter format',
  'key-routing-error': 'key routing error',
  'void-request-not-understood': 'void request not understood',
  'no-key-ids-or-confirmation': 'no key ids or confirmation',
  'ack-not-understood': 'ack not understood',
  'key-not-present': 'key not present',
  unauthorized: 'unauthorized',
  timeout: 'timeout',
  'server-side-general-error': 'server side general error',
  'insufficient-key-material': 'insufficient key material',
  'unsupported-mandatory-extension': 'unsupported mandatory extension',
} as const;

export type ProblemType = keyof typeof TITLES;
export const PROBLEM_TYPES = Object.keys(TITLES) as readonly ProblemType[];
export const PROBLEM_BASE = 'https://qkd.etsi.org/gs020-interop-kms/';

/** Table 1 of the standard names this type for every body, problems too. */
export const JSON_HEADERS = { ...NO_STORE, 'Content-Type': 'application/json; charset=UTF-8' } as const;

/** A request of another KMS that ends here with a problem (RFC 9457 in the shape of ETSI GS QKD 020: `details` of strings). */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly response: HttpResponse;

  constructor(
    status: number,
    type: ProblemType,
    details: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(`answered with ${status} ${type}`);
    const body = JSON.stringify({ type: PROBLEM_BASE + type, status, title: TITLES[type], details });
    this.response = { status, headers: { ...JSON_HEADERS, ...headers }, body };
  }
}

/** For the transport adapter: the body of a request did not come in time. */
export function timeoutProblem(): HttpResponse {
  const details = { timeout: 'A complete request was not received in time.' };
  return new Problem(408, 'timeout', details, { Connection: 'close' }).response;
}
