import assert from 'node:assert/strict';
import type { KmeRequest, KmeResponse } from '../etsi014/response.ts';
import { json, type Site, text } from './sites.ts';

/** The Error data model: a message, perhaps details, nothing else; never for 200 or 401. */
export function isError(response: KmeResponse, status: 400 | 404 | 405 | 503, message?: string | RegExp): void {
  assert.equal(response.status, status, text(response));
  const body = json(response);
  assert.equal(typeof body.message, 'string');
  assert.ok(Object.keys(body).every((name) => ['message', 'details'].includes(name)));
  if (typeof message === 'string') assert.equal(body.message, message);
  else if (message) assert.match(body.message as string, message);
  assert.equal(response.headers['Content-Type'], 'application/json');
  assert.equal('Retry-After' in response.headers, status === 503);
}

export function isUnauthorized(response: KmeResponse): void {
  assert.equal(response.status, 401);
  assert.equal(response.body, undefined);
  assert.equal(response.headers['content-length'], '0');
  assert.equal('Content-Type' in response.headers, false);
}

export const posted = (body: string): Partial<KmeRequest> => ({ body: new TextEncoder().encode(body) });

/** Runs requests that must not consume anything, and checks that they did not. */
export async function consumesNothing(site: Site, requests: () => Promise<void>): Promise<void> {
  const before = await site.count();
  await requests();
  assert.equal(await site.count(), before);
}
