import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApi } from './api.ts';
import { words } from './words.ts';

function answering(status: number, body: string) {
  const asked: { path: string; init: RequestInit }[] = [];
  let signedOut = 0;
  const transport = (async (path: string, init: RequestInit) => {
    asked.push({ path, init });
    return new Response(body, { status });
  }) as typeof fetch;
  const api = openApi(() => signedOut++, transport);
  return { api, asked, signedOut: () => signedOut };
}

test('a command is JSON and says that the desk’s own page asks', async () => {
  const { api, asked } = answering(200, '{"id":"m-1"}');
  assert.deepEqual(await api.post('/api/messages', { text: 'a' }), { ok: true, body: { id: 'm-1' } });
  const [{ path, init }] = asked as [(typeof asked)[0]];
  assert.deepEqual([path, init.method, init.body], ['/api/messages', 'POST', '{"text":"a"}']);
  assert.deepEqual(init.headers, { 'content-type': 'application/json', 'x-skykey': '1' });
});

test('a refusal is the desk’s sentence, or one with the status where it gave none', async () => {
  const refusing = answering(409, '{"error":"the line is shut"}');
  const refusal = { ok: false, error: 'the line is shut', status: 409 } as const;
  assert.deepEqual(await refusing.api.post('/api/messages', {}), refusal);
  for (const body of ['', '<html>', '{}', '{"error":7}', '{"error":""}', 'null']) {
    const { api } = answering(502, body);
    assert.deepEqual(await api.get('/api/me'), { ok: false, error: words.errors.status(502), status: 502 });
  }
});

test('401 ends the session whatever was asked; no other answer does', async () => {
  const ended = answering(401, '{"error":"sign in"}');
  await ended.api.get('/api/me');
  await ended.api.post('/api/record', {});
  assert.equal(ended.signedOut(), 2);
  for (const status of [200, 403, 404, 409, 500]) {
    const other = answering(status, '{}');
    await other.api.get('/api/me');
    assert.equal(other.signedOut(), 0, String(status));
  }
});

test('no answer is a sentence too', async () => {
  const api = openApi(assert.fail, () => Promise.reject(new TypeError('network')));
  assert.deepEqual(await api.get('/api/me'), { ok: false, error: words.errors.unreachable, status: null });
});
