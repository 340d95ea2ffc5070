import assert from 'node:assert/strict';
import { type IncomingHttpHeaders, request } from 'node:http';
import { after, before, describe, it } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { NodeError } from '../error.ts';
import { listenLocally, localServer } from './http.ts';

let server: FastifyInstance;
let port: number;
const logged: { reason?: string }[] = [];
let changes = 0;

before(async () => {
  server = localServer({ error: (entry: object) => void logged.push(entry) });
  server.get('/page', async () => ({ page: true }));
  server.post('/change', async () => ({ changes: ++changes }));
  server.post('/taken', async () => {
    throw new NodeError('node/taken', 'the name is taken; choose another');
  });
  server.post('/broken', async () => {
    throw new TypeError("Cannot read properties of undefined (reading 'secretKey')");
  });
  server.post('/disk', async () => {
    throw Object.assign(new Error("ENOENT: no such file or directory, open '/home/alice/vault'"), { code: 'ENOENT' });
  });
  server.post('/database', async () => {
    throw Object.assign(new Error('UNIQUE constraint failed: keys.id'), { code: 'ERR_SQLITE_ERROR' });
  });
  port = await listenLocally(server, 0, 'the test');
});
after(() => server.close());

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: { readonly error?: string; readonly [name: string]: unknown };
}

function ask(method: string, path: string, headers: Record<string, string> = {}, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, method, path, headers }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (part) => {
        text += part;
      });
      incoming.on('end', () =>
        resolve({ status: incoming.statusCode!, headers: incoming.headers, body: text ? JSON.parse(text) : {} }),
      );
    });
    asking.on('error', reject);
    asking.end(body);
  });
}

const JSON_TYPE = { 'content-type': 'application/json' };

describe('a local server', () => {
  it('answers browsers and processes of this machine', async () => {
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`, 'localhost']) {
      const { status, body } = await ask('GET', '/page', { host });
      assert.deepEqual([status, body], [200, { page: true }], host);
    }
    assert.deepEqual((await ask('GET', '/healthz')).body, { status: 'ok' });
  });

  it('refuses a request for another name, even one that resolves here (DNS rebinding)', async () => {
    const { length } = logged;
    for (const host of [
      'evil.example',
      `evil.example:${port}`,
      `localhost.evil.example:${port}`,
      `127.0.0.1.evil.example`,
      `evil.example#127.0.0.1`,
      '127.0.0.2',
      '0.0.0.0',
    ]) {
      for (const method of ['GET', 'POST']) {
        const { status, body } = await ask(
          method,
          method === 'GET' ? '/page' : '/change',
          { host, ...JSON_TYPE },
          method === 'POST' ? '{}' : undefined,
        );
        assert.deepEqual(
          [status, body],
          [400, { error: 'this server answers on 127.0.0.1 and localhost only' }],
          `${method} for ${host}`,
        );
      }
    }
    assert.equal(changes, 0);
    assert.equal(logged.length, length);
  });

  it('refuses what a page of another origin sends (forgery)', async () => {
    for (const origin of [
      'https://evil.example',
      `http://localhost:${port + 1}`,
      'http://localhost',
      `http://127.0.0.1:${port}.evil.example`,
      'null',
      'no origin at all',
      'file://',
    ]) {
      const { status, body } = await ask('POST', '/change', { host: `localhost:${port}`, origin, ...JSON_TYPE }, '{}');
      assert.equal(status, 403, origin);
      assert.match(body.error!, /must be JSON and come from this very page$/);
    }
    assert.equal(changes, 0);
  });

  it('refuses what a form or a script without permission can send: anything but JSON', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      undefined,
    ]) {
      for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
        const { status } = await ask(method, '/change', type ? { 'content-type': type } : {}, '{}');
        assert.equal(status, 403, `${method} ${type}`);
      }
    }
    assert.equal((await ask('OPTIONS', '/change', { origin: 'https://evil.example' })).status, 403);
    assert.equal(changes, 0);
  });

  it('takes what its own page sends, and what a process sends, which has no origin', async () => {
    const own = {
      host: `localhost:${port}`,
      origin: `http://localhost:${port}`,
      'content-type': 'application/json; charset=utf-8',
    };
    assert.equal((await ask('POST', '/change', own, '{}')).body.changes, 1);
    assert.equal((await ask('POST', '/change', JSON_TYPE, '{}')).body.changes, 2);
  });

  it('sets strict headers on everything, refusals too', async () => {
    for (const answer of [
      await ask('GET', '/page'),
      await ask('GET', '/nothing'),
      await ask('GET', '/page', { host: 'evil.example' }),
      await ask('POST', '/broken', JSON_TYPE, '{}'),
    ]) {
      assert.match(
        String(answer.headers['content-security-policy']),
        /^default-src 'self'; .*object-src 'none'; frame-ancestors 'none'/,
      );
      assert.equal(answer.headers['x-content-type-options'], 'nosniff');
      assert.equal(answer.headers['referrer-policy'], 'no-referrer');
      assert.equal(answer.headers['access-control-allow-origin'], undefined);
    }
  });
});

describe('an error of a request', () => {
  it('of Skykey is a conflict, with its sentence', async () => {
    const { status, body } = await ask('POST', '/taken', JSON_TYPE, '{}');
    assert.deepEqual([status, body], [409, { error: 'the name is taken; choose another' }]);
  });

  it('of anything else is told without its insides, which stand in the log', async () => {
    for (const [path, reason] of [
      ['/broken', /secretKey/],
      ['/disk', /ENOENT/],
      ['/database', /UNIQUE/],
    ] as const) {
      const { status, body } = await ask('POST', path, JSON_TYPE, '{}');
      assert.deepEqual([status, body], [500, { error: 'this request failed inside the process; see its log' }]);
      assert.match(logged.at(-1)!.reason!, reason);
    }
  });

  it('of the asker says what is wrong with the question', async () => {
    assert.equal((await ask('POST', '/change', JSON_TYPE, '{"half":')).status, 400);
    const long = await ask('POST', '/change', JSON_TYPE, JSON.stringify('x'.repeat(70_000)));
    assert.equal(long.status, 413);
    const { status, body } = await ask('GET', `/nothing?${'x'.repeat(200)}`);
    assert.equal(status, 404);
    assert.match(body.error!, /^there is nothing at GET \/nothing\?x{91}$/);
    assert.equal(changes, 2);
  });
});

describe('listening', () => {
  it('names the port that is in use and the remedy', async () => {
    const second = localServer();
    await assert.rejects(listenLocally(second, port, 'the sky'), {
      name: 'NodeError',
      code: 'node/port-in-use',
      message: `port ${port} for the sky is in use by another program: stop that program, or choose another first port with --port`,
    });
    await second.close();
  });

  it('is on loopback alone', () => {
    assert.equal((server.server.address() as { address: string }).address, '127.0.0.1');
  });
});
