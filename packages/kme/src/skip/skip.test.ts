import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SecretBytes } from '@skykey/bits';
import type { HttpResponse } from '../http.ts';
import { KeyRefusal, type RefusalCode } from '../service.ts';
import { Skip, type SkipOptions } from './skip.ts';
import { Pair } from './test/pair.ts';

const text = ({ body }: HttpResponse): string => (typeof body === 'string' ? body : Buffer.from(body ?? []).toString());
const json = (answer: HttpResponse) => JSON.parse(text(answer));
const healthy = { healthy: () => true, draw: (bytes: number) => SecretBytes.adopt(new Uint8Array(bytes).fill(0xab)) };

function providers(options: Partial<SkipOptions> = {}) {
  const pair = new Pair();
  const notes: string[] = [];
  const common = { entropy: healthy, note: (_: string, note: string) => notes.push(note), ...options };
  const a = new Skip({
    ...common,
    service: pair,
    clients: [
      { saeId: 'router-a', localSystemId: 'Alice', remotes: [{ systemId: 'Bob', saeId: 'router-b' }] },
      { saeId: 'router-c', localSystemId: 'Carol', remotes: [{ systemId: 'Bob', saeId: 'router-b' }] },
    ],
  });
  const b = new Skip({
    ...common,
    service: pair,
    clients: [
      {
        saeId: 'router-b',
        localSystemId: 'Bob',
        remotes: [
          { systemId: 'Alice', saeId: 'router-a' },
          { systemId: 'Carol', saeId: 'router-c' },
        ],
      },
    ],
  });
  const ask = (skip: Skip, caller: string | null, target: string, method = 'GET'): Promise<HttpResponse> => {
    const [path = '', query = ''] = target.split('?');
    const request = { caller, method, path, headers: {}, body: new Uint8Array() };
    return skip.handle({ ...request, query: new URLSearchParams(query) });
  };
  return { pair, notes, a, b, ask };
}

describe('SKIP', () => {
  it('tells its capabilities: all members, at least one remote system, room for the ids of the draft', async () => {
    const { a, ask } = providers();
    const answer = await ask(a, 'router-a', '/capabilities');
    assert.deepEqual([answer.status, answer.headers['Cache-Control']], [200, 'no-store']);
    assert.deepEqual(json(answer), {
      entropy: true,
      key: true,
      algorithm: 'QKD',
      localSystemID: 'Alice',
      remoteSystemID: ['Bob'],
    });
  });

  it('the flow of the draft: one end asks for a new key, the other for the same by its id, once', async () => {
    const { a, b, ask, pair } = providers();
    const answer = await ask(a, 'router-a', '/key?remoteSystemID=Bob');
    const key = json(answer);
    assert.match(key.keyId, /^[0-9a-f]{32}$/);
    assert.match(key.key, /^[0-9a-f]{64}$/);
    const target = `/key/${key.keyId.toUpperCase()}?remoteSystemID=Alice`;
    assert.deepEqual(json(await ask(b, 'router-b', target)), key);
    assert.equal((await ask(b, 'router-b', target)).status, 400);
    assert.ok(pair.handed.length === 2 && pair.handed.every((secret) => wiped(secret)));
    // The adapter can overwrite what it has written.
    assert.ok(answer.body instanceof Uint8Array);
  });

  it('sizes are bits', async () => {
    const { a, ask } = providers();
    for (const [size, digits] of [
      ['128', 32],
      ['256', 64],
      ['4096', 1024],
    ] as const) {
      assert.equal(json(await ask(a, 'router-a', `/key?remoteSystemID=Bob&size=${size}`)).key.length, digits);
    }
    for (const size of ['32', '0', '129', '4104', '-256', '256.0', '1e3', 'x', '', '256&size=256', '0256']) {
      assert.equal((await ask(a, 'router-a', `/key?remoteSystemID=Bob&size=${size}`)).status, 400, size);
    }
  });

  it('a remote system is compared letter by letter: no glob, no other case, no second value', async () => {
    const { a, b, ask, pair } = providers();
    for (const id of ['*', 'B*', 'Bo?', '[B]ob', '[!A]ob', 'bob', 'Bob%00', 'Bob ', '', 'Alice', '__proto__']) {
      assert.equal((await ask(a, 'router-a', `/key?remoteSystemID=${id}`)).status, 400, id);
    }
    assert.equal((await ask(a, 'router-a', '/key')).status, 400);
    assert.equal((await ask(a, 'router-a', '/key?remoteSystemID=Bob&remoteSystemID=Bob')).status, 400);
    assert.equal(pair.handed.length, 0);
    // The right id, asked for as shared with another system.
    const { keyId } = json(await ask(a, 'router-a', '/key?remoteSystemID=Bob'));
    assert.equal((await ask(b, 'router-b', `/key/${keyId}?remoteSystemID=Carol`)).status, 400);
    assert.equal((await ask(a, 'router-c', `/key/${keyId}?remoteSystemID=Bob`)).status, 400);
    assert.equal((await ask(b, 'router-b', `/key/${keyId}?remoteSystemID=Alice`)).status, 200);
  });

  it('key ids are 32 digits; anything else is 400', async () => {
    const { b, ask } = providers();
    for (const keyId of ['x', '0'.repeat(31), '0'.repeat(33), `${'0'.repeat(31)}g`, '%30'.repeat(32), '0'.repeat(32)]) {
      assert.equal((await ask(b, 'router-b', `/key/${keyId}?remoteSystemID=Alice`)).status, 400, keyId);
    }
  });

  it('status codes: 401 for strangers without a body, 404, 405 with Allow', async () => {
    const { a, ask } = providers();
    for (const caller of [null, 'router-z', '', '__proto__']) {
      const answer = await ask(a, caller, '/capabilities');
      assert.deepEqual([answer.status, answer.body], [401, undefined]);
    }
    for (const path of ['/', '/keys', '/key/', '/key/a/b', '/capabilities/', '/entropy/x', '//key']) {
      assert.equal((await ask(a, 'router-a', `${path}?remoteSystemID=Bob`)).status, 404, path);
    }
    for (const method of ['POST', 'PUT', 'DELETE', 'HEAD', 'get']) {
      const answer = await ask(a, 'router-a', '/key?remoteSystemID=Bob', method);
      assert.deepEqual([answer.status, answer.headers.Allow], [405, 'GET']);
    }
  });

  it('every refusal of the key service has its code, and nothing else is told', async () => {
    const { a, pair, ask, notes } = providers();
    const codes: Record<RefusalCode, number> = {
      unauthorized: 400,
      'unknown-sae': 400,
      'not-found': 400,
      argument: 400,
      demand: 400,
      short: 503,
      alarm: 503,
      unreachable: 503,
      quota: 503,
      unavailable: 500,
    };
    for (const [code, status] of Object.entries(codes)) {
      pair.refusal = new KeyRefusal(code as RefusalCode, `because of ${code}`, 3);
      const answer = await ask(a, 'router-a', '/key?remoteSystemID=Bob');
      assert.deepEqual(
        [answer.status, answer.headers['Retry-After']],
        [status, status === 503 ? '3' : undefined],
        code,
      );
    }
    pair.refusal = new Error('disk on fire');
    const answer = await ask(a, 'router-a', '/key?remoteSystemID=Bob');
    assert.equal(answer.status, 500);
    assert.doesNotMatch(text(answer), /fire/);
    assert.match(notes.join(), /disk on fire/);
  });

  it('entropy: whole bytes, drawn for this call, never from a source that is not known to be healthy', async () => {
    let well = true;
    const drawn: SecretBytes[] = [];
    const source = {
      healthy: () => well,
      draw: (bytes: number) => {
        const secret = SecretBytes.adopt(new Uint8Array(bytes).fill(drawn.length + 1));
        drawn.push(secret);
        return secret;
      },
    };
    const { a, ask } = providers({ entropy: source });
    assert.deepEqual(json(await ask(a, 'router-a', '/entropy')), { randomStr: '01'.repeat(32), minentropy: 256 });
    const odd = json(await ask(a, 'router-a', '/entropy?minentropy=250'));
    assert.deepEqual(odd, { randomStr: '02'.repeat(32), minentropy: 256 });
    assert.equal(json(await ask(a, 'router-a', '/entropy?minentropy=1')).minentropy, 8);
    assert.ok(drawn.every((secret) => wiped(secret)));
    assert.equal((await ask(a, 'router-a', '/entropy?minentropy=4097')).status, 503);
    for (const bits of ['0', 'x', '-1', '1.5', '']) {
      assert.equal((await ask(a, 'router-a', `/entropy?minentropy=${bits}`)).status, 400, bits);
    }
    well = false;
    const sick = await ask(a, 'router-a', '/entropy');
    assert.deepEqual([sick.status, sick.headers['Retry-After']], [503, '10']);
    assert.equal(drawn.length, 3);

    const without = new Skip({
      service: new Pair(),
      clients: [{ saeId: 'r', localSystemId: 'A', remotes: [{ systemId: 'B', saeId: 's' }] }],
      note: () => undefined,
    });
    assert.equal(json(await ask(without, 'r', '/capabilities')).entropy, false);
    assert.equal((await ask(without, 'r', '/entropy')).status, 503);
  });

  it('a configuration that a client would misread is refused', () => {
    const client = { saeId: 'r', localSystemId: 'A', remotes: [{ systemId: 'B', saeId: 's' }] };
    const made = (clients: SkipOptions['clients'], more: Partial<SkipOptions> = {}) =>
      new Skip({ service: new Pair(), clients, note: () => undefined, ...more });
    made([{ ...client, localSystemId: 'x'.repeat(64) }]);
    for (const clients of [
      [client, client],
      [{ ...client, remotes: [] }],
      [{ ...client, localSystemId: 'A*' }],
      [{ ...client, localSystemId: 'B' }],
      [{ ...client, remotes: [{ systemId: '[!a]', saeId: 's' }] }],
      [{ ...client, remotes: [{ systemId: 'x'.repeat(65), saeId: 's' }] }],
      [{ ...client, localSystemId: '' }],
      [{ ...client, localSystemId: 'a b' }],
    ]) {
      assert.throws(() => made(clients), { code: 'kme/argument' });
    }
    assert.throws(() => made([client], { algorithm: 'x'.repeat(33) }), { code: 'kme/argument' });
  });
});

function wiped(secret: SecretBytes): boolean {
  try {
    secret.open(() => undefined);
    return false;
  } catch {
    return true;
  }
}
