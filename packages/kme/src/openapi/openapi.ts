import { type HttpRequest, type HttpResponse, NO_STORE } from '../http.ts';
import type { OpenApiDocument } from './document.ts';
import { ETSI004 } from './etsi004.ts';
import { ETSI014 } from './etsi014.ts';
import { ETSI015 } from './etsi015.ts';
import { ETSI020 } from './etsi020.ts';
import { SKIP } from './skip.ts';

/** The documents by the name of their file, without `.json`. */
export const OPENAPI_DOCUMENTS: Readonly<Record<string, OpenApiDocument>> = {
  etsi004: ETSI004,
  etsi014: ETSI014,
  etsi015: ETSI015,
  etsi020: ETSI020,
  skip: SKIP,
};

/** The text of the checked-in file and of what is served, letter by letter. */
export function openApiText(name: string): string | undefined {
  if (!Object.hasOwn(OPENAPI_DOCUMENTS, name)) return undefined;
  return `${JSON.stringify(OPENAPI_DOCUMENTS[name], null, 2)}\n`;
}

/** GET `/openapi` lists the documents, GET `/openapi/NAME.json` is one. They hold nothing that is not in the repository. */
export function serveOpenApi(request: HttpRequest): HttpResponse {
  const headers = { ...NO_STORE, 'Content-Type': 'application/json' };
  const paths = Object.keys(OPENAPI_DOCUMENTS).map((name) => `/openapi/${name}.json`);
  const [, name] = /^\/openapi\/([a-z0-9]+)\.json$/.exec(request.path) ?? [];
  const body = request.path === '/openapi' ? JSON.stringify({ documents: paths }) : openApiText(name ?? '');
  if (body === undefined) {
    const message = `there is nothing here but /openapi, ${paths.join(', ')}`;
    return { status: 404, headers, body: JSON.stringify({ message }) };
  }
  if (request.method !== 'GET') {
    const message = 'this resource knows GET';
    return { status: 405, headers: { ...headers, Allow: 'GET' }, body: JSON.stringify({ message }) };
  }
  return { status: 200, headers, body };
}
