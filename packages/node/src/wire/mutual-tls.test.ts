import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { developmentCertificates } from '../up/certificates.ts';
import { peerClient, type ServedRequest, serveMutualTls } from './mutual-tls.ts';

describe('mutual TLS', () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'skykey-tls-')), 'certificates');
  const pem = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const files = (id: string, role: 'sae' | 'kme') => ({
    cert: join(folder, `${id}.crt`),
    key: join(folder, `${id}.key`),
    ca: join(folder, `${role}-ca.crt`),
  });
  const heard: ServedRequest[] = [];
  const faults: unknown[] = [];
  const closing: (() => Promise<void>)[] = [];
  let keyPort: number;
  let peerPort: number;

  async function serve(
    role: 'sae' | 'kme',
    answer: (served: ServedRequest) => Promise<{ status: number; body?: string }>,
  ) {
    const port = await freePort();
    const server = await serveMutualTls({
      port,
      what: 'a test',
      tls: files('kme-beijing', role),
      answer,
      onFault: (error) => faults.push(error),
    });
    closing.push(server.close);
    return port;
  }

  before(async () => {
    await developmentCertificates(folder, { saes: ['sae-a'], kmes: ['kme-beijing', 'kme-moscow'] }, Date.now());
    keyPort = await serve('sae', async (served) => {
      heard.push(served);
      if (served.path === '/fault') throw new Error('the inside of the process');
      return { status: 200, body: JSON.stringify({ caller: served.peerId, bytes: served.body.length }) };
    });
    peerPort = await serve('kme', async ({ body }) => ({ status: 200, body: `heard ${body.length}` }));
  });
  after(async () => {
    await Promise.all(closing.map((close) => close()));
    rmSync(join(folder, '..'), { recursive: true, force: true });
  });

  function ask(options: { path?: string; id?: string; body?: Buffer }): Promise<{ status: number; body: string }> {
    const { path = '/', id, body } = options;
    return new Promise((resolve, reject) => {
      const call = request(
        {
          host: '127.0.0.1',
          port: keyPort,
          path,
          method: body ? 'POST' : 'GET',
          agent: false,
          ca: pem('kme-ca.crt'),
          ...(id ? { cert: pem(`${id}.crt`), key: pem(`${id}.key`) } : {}),
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (part: string) => {
            text += part;
          });
          response.on('end', () => resolve({ status: response.statusCode!, body: text }));
        },
      );
      call.on('error', reject);
      call.end(body);
    });
  }

  it('gives nobody without a certificate an answer, nor one of the other role', async () => {
    const before = heard.length;
    await assert.rejects(ask({}));
    await assert.rejects(ask({ id: 'kme-moscow' }));
    assert.equal(heard.length, before, 'the request got through to the key manager');
  });

  it('takes the id of the caller from its certificate', async () => {
    assert.deepEqual(JSON.parse((await ask({ id: 'sae-a', body: Buffer.from('{}') })).body), {
      caller: 'sae-a',
      bytes: 2,
    });
  });

  it('refuses a body that is too large with 400, before anybody reads it', async () => {
    const before = heard.length;
    assert.equal((await ask({ id: 'sae-a', body: Buffer.alloc(65537) })).status, 400);
    assert.equal(heard.length, before);
  });

  it('answers 503 for a fault inside, without its words', async () => {
    const { status, body } = await ask({ id: 'sae-a', path: '/fault' });
    assert.equal(status, 503);
    assert.doesNotMatch(body, /inside/);
    assert.equal(faults.length, 1);
  });

  it('lets a site speak to the site it expects, and to no other', async () => {
    const right = peerClient({ port: peerPort, peerId: 'kme-beijing', tls: files('kme-moscow', 'kme') });
    const { status, body } = await right.post('/line', Uint8Array.of(1, 2, 3));
    assert.equal(status, 200);
    assert.equal(new TextDecoder().decode(body), 'heard 3');
    right.close();
    const wrong = peerClient({ port: peerPort, peerId: 'kme-elsewhere', tls: files('kme-moscow', 'kme') });
    await assert.rejects(wrong.post('/line', Uint8Array.of(1)), {
      code: 'node/peer-unreachable',
      message: /kme-elsewhere/,
    });
    wrong.close();
    const impostor = peerClient({ port: peerPort, peerId: 'kme-beijing', tls: { ...files('sae-a', 'kme') } });
    await assert.rejects(impostor.post('/line', Uint8Array.of(1)), { code: 'node/peer-unreachable' });
    impostor.close();
  });

  it('names the port that is in use', async () => {
    const tls = files('kme-beijing', 'sae');
    const answer = async () => ({ status: 200 });
    await assert.rejects(
      serveMutualTls({ port: keyPort, what: 'the second key manager', tls, answer, onFault: () => undefined }),
      { code: 'node/port-in-use', message: new RegExp(`port ${keyPort} for the second key manager`) },
    );
  });
});

/** A port that was free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen({ port: 0, host: '127.0.0.1' }, () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
