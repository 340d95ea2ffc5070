import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import {
  authorityFiles,
  certificateFiles,
  initAuthority,
  issueCertificate,
  revokeCertificates,
} from '../pki/authority.ts';
import { developmentCertificates } from '../pki/development.ts';
import { type MutualTlsOptions, type MutualTlsServer, type ServedRequest, serveMutualTls } from './mutual-tls.ts';
import { PeerClients, peerClient } from './peer-client.ts';

const run = promisify(execFile);
const root = mkdtempSync(join(tmpdir(), 'skykey-tls-'));
const folder = join(root, 'pki');
const NOW = Date.now();
const DAY_MS = 86_400_000;
const closing: (() => unknown)[] = [];
after(async () => {
  await Promise.all(closing.map((close) => close()));
  rmSync(root, { recursive: true });
});
before(() =>
  developmentCertificates(
    folder,
    { saes: ['sae-a', 'sae-b', 'sae-c'], kmes: ['kme-beijing', 'kme-moscow', 'kme-paris'] },
    NOW,
  ),
);

const at = (name: string): string => join(folder, name);
const pem = (name: string): string => readFileSync(at(name), 'utf8');
const files = (id: string, role: 'sae' | 'kme') => {
  const { cert: ca, crl } = authorityFiles(folder, role);
  return { ...certificateFiles(folder, id), ca, crl };
};
const secrets = (id: string) => ({ ca: pem('kme-ca.crt'), cert: pem(`${id}.crt`), key: pem(`${id}.key`) });

type Answer = MutualTlsOptions['answer'];
const echo: Answer = async ({ peerId, body }) => ({
  status: 200,
  body: JSON.stringify({ peerId, bytes: body.length }),
});

async function serve(
  role: 'sae' | 'kme',
  more: Partial<MutualTlsOptions> = {},
): Promise<MutualTlsServer & { warnings: string[]; faults: unknown[] }> {
  const warnings: string[] = [];
  const faults: unknown[] = [];
  const server = await serveMutualTls({
    port: 0,
    what: 'a test',
    tls: files('kme-beijing', role),
    role,
    answer: echo,
    onFault: (error) => faults.push(error),
    onWarning: (sentence) => warnings.push(sentence),
    lookMs: 0,
    ...more,
  });
  closing.push(server.close);
  return { ...server, warnings, faults };
}

interface Heard {
  readonly status: number;
  readonly body: string;
  readonly headers: Record<string, unknown>;
}

function ask(
  port: number,
  id: string | null,
  options: { path?: string; body?: Uint8Array | string; agent?: Agent; chunked?: boolean } = {},
): Promise<Heard> {
  const { path = '/', body, agent, chunked } = options;
  return new Promise((resolve, reject) => {
    const secure = agent ? {} : id ? secrets(id) : { ca: pem('kme-ca.crt') };
    const headers = body && !chunked ? { 'content-length': Buffer.byteLength(body) } : {};
    const call = request(
      { host: '127.0.0.1', port, path, method: body ? 'POST' : 'GET', agent: agent ?? false, ...secure, headers },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.on('end', () => resolve({ status: response.statusCode!, body: text, headers: response.headers }));
        response.on('error', reject);
      },
    );
    call.on('error', reject);
    call.end(body);
  });
}

/** A connection that is open, its certificate accepted, and nothing said on it. */
async function open(port: number, id: string, more: object = {}): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ...secrets(id), ...more });
  closing.push(() => socket.destroy());
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  return socket;
}

async function get(socket: TLSSocket): Promise<string> {
  socket.write('GET / HTTP/1.1\r\nhost: kme\r\n\r\n');
  return String((await once(socket, 'data'))[0]);
}

const closed = async (socket: TLSSocket): Promise<boolean> => {
  if (!socket.closed) await Promise.race([new Promise((resolve) => socket.once('close', resolve)), pause(2000)]);
  return socket.closed;
};

function without(program: string, ...args: string[]): string | false {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return false;
  } catch {
    return `${program} is not installed here`;
  }
}

describe('the certificate of a caller', () => {
  it('gives it its id, and nobody without one an answer, nor one of the other role', async () => {
    const heard: ServedRequest[] = [];
    const answer: Answer = (served) => {
      heard.push(served);
      return echo(served);
    };
    const keys = await serve('sae', { answer });
    const peers = await serve('kme', { answer });
    assert.deepEqual(JSON.parse((await ask(keys.port, 'sae-a', { body: '{}' })).body), { peerId: 'sae-a', bytes: 2 });
    assert.equal(JSON.parse((await ask(peers.port, 'kme-moscow')).body).peerId, 'kme-moscow');
    assert.equal(heard.length, 2);
    await assert.rejects(ask(keys.port, null));
    await assert.rejects(ask(keys.port, 'kme-moscow'));
    await assert.rejects(ask(peers.port, 'sae-a'));
    assert.equal(heard.length, 2, 'a request got through');
    assert.match(keys.warnings.join('\n'), /turned away in the handshake: (UNABLE_TO|SELF_SIGNED|DEPTH_ZERO)/);
  });

  it('is shown over TLS 1.3 alone where nothing older is spoken, also after the files were read again', async () => {
    const server = await serve('sae', { minVersion: 'TLSv1.3' });
    for (const round of ['at first', 'read again']) {
      await assert.rejects(open(server.port, 'sae-a', { maxVersion: 'TLSv1.2' }), /protocol version/, round);
      const socket = await open(server.port, 'sae-a');
      assert.equal(socket.getProtocol(), 'TLSv1.3');
      assert.match(await get(socket), /"peerId":"sae-a"/);
      await server.reload();
    }
  });

  it('that ended or was revoked before is refused', async () => {
    const late = await serve('sae', {
      tls: { ...files('kme-beijing', 'sae'), crl: undefined },
      now: () => NOW + 364 * DAY_MS,
    });
    await issueCertificate({ folder, role: 'sae', id: 'sae-short', days: 30, nowMs: NOW });
    await assert.rejects(ask(late.port, 'sae-short'));
    assert.equal((await ask(late.port, 'sae-a')).status, 200);
    await issueCertificate({ folder, role: 'sae', id: 'sae-gone', nowMs: NOW });
    await revokeCertificates({ folder, role: 'sae', id: 'sae-gone', nowMs: NOW });
    const server = await serve('sae');
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = connect({
        host: '127.0.0.1',
        port: server.port,
        servername: 'localhost',
        ...secrets('sae-gone'),
        maxVersion,
      });
      socket.on('error', () => undefined);
      assert.ok(await closed(socket), maxVersion);
    }
    assert.match(server.warnings.join('\n'), /CERT_REVOKED/);
  });

  it('is followed when its list is too old, or nobody is let in, as configured', async () => {
    await issueCertificate({ folder, role: 'sae', id: 'sae-old', nowMs: NOW });
    await revokeCertificates({ folder, role: 'sae', id: 'sae-old', nowMs: NOW });
    let nowMs = NOW;
    const tls = files('kme-beijing', 'sae');
    const server = await serve('sae', { now: () => nowMs, lookMs: 20 });
    const strict = await serve('sae', { now: () => nowMs, lookMs: 20, staleList: 'refuse', tls });
    const socket = await open(strict.port, 'sae-a');
    await get(socket);
    nowMs = NOW + 40 * DAY_MS;
    assert.ok(await closed(socket));
    await assert.rejects(ask(strict.port, 'sae-a'));
    assert.match(strict.warnings.join(), /nobody is let in/);
    await pause(100);
    assert.equal((await ask(server.port, 'sae-a')).status, 200);
    await assert.rejects(ask(server.port, 'sae-old'), 'the old list says so');
    assert.match(server.warnings.join(), /ended on .* still followed/);
  });

  it('is looked at again when a session is resumed', async () => {
    const server = await serve('sae');
    await issueCertificate({ folder, role: 'sae', id: 'sae-back', nowMs: NOW });
    const first = await open(server.port, 'sae-back');
    const ticket = once(first, 'session');
    await get(first);
    const [session] = await ticket;
    const second = await open(server.port, 'sae-back', { session });
    assert.ok(second.isSessionReused());
    assert.match(await get(second), /"peerId":"sae-back"/);
    await revokeCertificates({ folder, role: 'sae', id: 'sae-back', nowMs: NOW });
    await server.reload();
    assert.ok((await closed(first)) && (await closed(second)), 'revoked while connected');
    const third = connect({
      host: '127.0.0.1',
      port: server.port,
      servername: 'localhost',
      ...secrets('sae-back'),
      session,
    });
    third.on('error', () => undefined);
    assert.ok(await closed(third));
  });
});

describe('rotation', () => {
  it('notices a revocation by itself, and cuts that caller off and no other', async () => {
    const server = await serve('sae', { lookMs: 20 });
    const [gone, stays] = [await open(server.port, 'sae-b'), await open(server.port, 'sae-c')];
    await Promise.all([get(gone), get(stays)]);
    await revokeCertificates({ folder, role: 'sae', id: 'sae-b', nowMs: NOW });
    assert.ok(await closed(gone));
    assert.match(await get(stays), /sae-c/);
    await assert.rejects(ask(server.port, 'sae-b'));
  });

  it('of certificate and key loses none of fifty requests in flight', async () => {
    const own = join(root, 'rotating');
    const tls = { ...files('kme-beijing', 'sae'), cert: `${own}.crt`, key: `${own}.key` };
    copyFileSync(at('kme-beijing.crt'), tls.cert);
    copyFileSync(at('kme-beijing.key'), tls.key);
    const go = Promise.withResolvers<void>();
    let waiting = 0;
    const server = await serve('sae', {
      tls,
      lookMs: 20,
      answer: async (served) => {
        waiting++;
        if (served.path === '/slow') await go.promise;
        return echo(served);
      },
    });
    const agent = new Agent({ keepAlive: true, ...secrets('sae-a') });
    closing.push(() => agent.destroy());
    const inFlight = Array.from({ length: 50 }, () => ask(server.port, null, { agent, path: '/slow' }));
    while (waiting < 50) await pause(5);
    const renewed = await issueCertificate({ folder, role: 'kme', id: 'kme-renewed', nowMs: NOW });
    // One after the other, as an operator copies them: for a moment they do not belong together.
    copyFileSync(renewed.key, tls.key);
    await pause(60);
    copyFileSync(renewed.cert, tls.cert);
    const shown = async (): Promise<string | undefined> => {
      const socket = await open(server.port, 'sae-a');
      const { subject } = socket.getPeerX509Certificate()!;
      socket.destroy();
      return subject;
    };
    while ((await shown()) !== 'CN=kme-renewed') await pause(10);
    go.resolve();
    assert.deepEqual(new Set((await Promise.all(inFlight)).map(({ status }) => status)), new Set([200]));
    assert.equal((await ask(server.port, null, { agent })).status, 200, 'connections of before go on');
  });

  it('refuses a broken new file with a sentence, and the old stays', async () => {
    const cert = join(root, 'broken.crt');
    copyFileSync(at('kme-beijing.crt'), cert);
    const tls = { ...files('kme-beijing', 'sae'), cert };
    const server = await serve('sae', { tls, lookMs: 20 });
    writeFileSync(cert, pem('kme-beijing.crt').slice(0, 300));
    while (!server.warnings.some((sentence) => sentence.includes('the file is cut off'))) await pause(10);
    await assert.rejects(server.reload(), { name: 'NodeError', code: 'node/certificate' });
    assert.equal((await ask(server.port, 'sae-a')).status, 200);
    assert.equal(server.warnings.length, 1, 'said once');
  });

  it('of the authority: both for a while, then those of the old one are shown the door after their answer', async () => {
    const next = join(root, 'next');
    await initAuthority({ folder: next, role: 'sae', nowMs: NOW, name: 'Next CA for SAEs' });
    await issueCertificate({ folder: next, role: 'sae', id: 'sae-next', nowMs: NOW });
    const ca = join(root, 'authorities.crt');
    copyFileSync(at('sae-ca.crt'), ca);
    const go = Promise.withResolvers<void>();
    let waiting = 0;
    const server = await serve('sae', {
      tls: { ...files('kme-beijing', 'sae'), ca, crl: undefined },
      answer: async (served) => {
        if (served.path === '/slow') {
          waiting++;
          await go.promise;
        }
        return echo(served);
      },
    });
    const newcomer = { cert: readFileSync(join(next, 'sae-next.crt')), key: readFileSync(join(next, 'sae-next.key')) };
    const both = `${pem('sae-ca.crt')}${readFileSync(join(next, 'sae-ca.crt'), 'utf8')}`;
    writeFileSync(`${ca}.new`, both);
    const idle = await open(server.port, 'sae-a');
    await get(idle);
    renameSync(`${ca}.new`, ca);
    await server.reload();
    assert.match(await get(idle), /sae-a/, 'an authority more troubles nobody');
    assert.match(await get(await open(server.port, 'sae-a', newcomer)), /sae-next/);
    const agent = new Agent({ keepAlive: true, ...secrets('sae-a') });
    const busy = ask(server.port, null, { agent, path: '/slow' });
    while (waiting < 1) await pause(5);
    copyFileSync(join(next, 'sae-ca.crt'), ca);
    await server.reload();
    assert.ok(await closed(idle));
    go.resolve();
    const { status, headers } = await busy;
    assert.deepEqual([status, headers.connection], [200, 'close']);
    await assert.rejects(ask(server.port, null, { agent }));
    agent.destroy();
  });
});

describe('what is too much', () => {
  it('of a body is refused with 400 and the connection closed, before anybody reads it', async () => {
    let heard = 0;
    const server = await serve('sae', {
      bodyLimit: (_method, path) => (path === '/wide' ? 200_000 : undefined),
      answer: (served) => {
        heard++;
        return echo(served);
      },
    });
    for (const options of [{}, { chunked: true }]) {
      const { status, body, headers } = await ask(server.port, 'sae-a', { body: Buffer.alloc(65_537), ...options });
      assert.deepEqual([status, headers.connection], [400, 'close']);
      assert.equal(body, '{"message":"the body is too large: at most 65536 bytes are read here"}');
    }
    assert.equal((await ask(server.port, 'sae-a', { body: Buffer.alloc(2_000_000) })).status, 400);
    assert.equal(heard, 0);
    assert.equal((await ask(server.port, 'sae-a', { body: Buffer.alloc(65_536) })).status, 200);
    const wide = await ask(server.port, 'sae-a', { body: Buffer.alloc(200_000), path: '/wide?x', chunked: true });
    assert.equal(JSON.parse(wide.body).bytes, 200_000);
  });

  it('of headers, and what is no HTTP, is answered 400', async () => {
    const server = await serve('sae');
    for (const [words, message] of [
      [`GET / HTTP/1.1\r\nhost: kme\r\nx: ${'y'.repeat(9000)}\r\n\r\n`, /the headers are larger than 8192 bytes/],
      ['what is this\r\n\r\n', /no request of HTTP/],
    ] as const) {
      const socket = await open(server.port, 'sae-a');
      socket.write(words);
      const [answer] = await once(socket, 'data');
      assert.match(String(answer), /^HTTP\/1\.1 400 Bad Request\r\n/);
      assert.match(String(answer), message);
      assert.ok(await closed(socket));
    }
  });

  it('of connections of one client are turned away, and others still come in', async () => {
    const server = await serve('sae', { maxConnectionsPerClient: 2 });
    const two = [await open(server.port, 'sae-a'), await open(server.port, 'sae-a')];
    for (const socket of two) await get(socket);
    await assert.rejects(ask(server.port, 'sae-a'));
    assert.equal((await ask(server.port, 'sae-c')).status, 200);
    assert.deepEqual(server.warnings, ['sae-a has 2 connections; more are turned away']);
    two[0]!.destroy();
    await pause(50);
    assert.equal((await ask(server.port, 'sae-a')).status, 200);
  });
});

describe('an answer', () => {
  it('is 503 for a fault inside, without its words', async () => {
    const server = await serve('sae', {
      answer: async () => {
        throw new Error('the inside of the process');
      },
    });
    const { status, body, headers } = await ask(server.port, 'sae-a');
    assert.deepEqual([status, headers['retry-after']], [503, '5']);
    assert.doesNotMatch(body, /inside/);
    assert.equal(server.faults.length, 1);
  });

  it('may come as a stream, which ends when its reader goes', async () => {
    const ended = Promise.withResolvers<void>();
    const server = await serve('sae', {
      answer: async () => ({
        status: 200,
        headers: { 'content-type': 'text/event-stream' },
        body: (async function* () {
          try {
            for (let id = 0; ; id++) {
              yield `id: ${id}\n\n`;
              await pause(5);
            }
          } finally {
            ended.resolve();
          }
        })(),
      }),
    });
    const socket = await open(server.port, 'sae-a');
    assert.match(await get(socket), /event-stream/);
    socket.destroy();
    await ended.promise;
    assert.deepEqual(server.faults, []);
  });

  it('is told the path as it was sent, in either form, and the query apart', async () => {
    const server = await serve('sae', {
      answer: async ({ path, query }) => ({ status: 200, body: JSON.stringify([path, [...query]]) }),
    });
    const told = async (target: string): Promise<unknown> => {
      const socket = await open(server.port, 'sae-a');
      socket.write(`GET ${target} HTTP/1.1\r\nhost: kme\r\nconnection: close\r\n\r\n`);
      let text = '';
      for await (const part of socket) text += part;
      return JSON.parse(text.slice(text.indexOf('[')));
    };
    assert.deepEqual(await told('/a%2Fb/../c?key_ID=1&key_ID=2'), [
      '/a%2Fb/../c',
      [
        ['key_ID', '1'],
        ['key_ID', '2'],
      ],
    ]);
    assert.deepEqual(await told('//elsewhere/x'), ['//elsewhere/x', []]);
    assert.deepEqual(await told('https://kme:1/a?b=c'), ['/a', [['b', 'c']]]);
    assert.deepEqual(await told('https://kme?b=c'), ['/', [['b', 'c']]]);
  });
});

describe('a line to a peer', () => {
  it('lets a site speak to the site it expects, and to no other', async () => {
    const { port } = await serve('kme', {
      answer: async ({ body }) => ({ status: 200, body: `heard ${body.length}` }),
    });
    const right = peerClient({ port, peerId: 'kme-beijing', tls: files('kme-moscow', 'kme') });
    const { status, body } = await right.post('/line', Uint8Array.of(1, 2, 3));
    assert.deepEqual([status, new TextDecoder().decode(body)], [200, 'heard 3']);
    right.close();
    for (const [peerId, id, message] of [
      [
        'kme-elsewhere',
        'kme-moscow',
        /\(kme-elsewhere\) does not answer: its certificate is not that of kme-elsewhere/,
      ],
      ['kme-beijing', 'sae-a', /does not answer/],
    ] as const) {
      const wrong = peerClient({ port, peerId, tls: files(id, 'kme') });
      await assert.rejects(wrong.post('/line', Uint8Array.of(1)), { code: 'node/peer-unreachable', message });
      wrong.close();
    }
    const broken = peerClient({
      port,
      peerId: 'kme-beijing',
      tls: { ...files('kme-moscow', 'kme'), key: at('sae-a.key') },
    });
    await assert.rejects(broken.ready, { code: 'node/certificate-key' });
    await assert.rejects(broken.post('/line', Uint8Array.of(1)), { code: 'node/certificate-key' });
  });

  it('is kept open, leads to many peers, and notices when one is revoked', async () => {
    const one = await serve('kme');
    const two = await serve('kme', { tls: files('kme-paris', 'kme') });
    const clients = await PeerClients.open({ tls: files('kme-moscow', 'kme'), lookMs: 20 });
    closing.push(() => clients.close());
    const [beijing, paris] = [
      { peerId: 'kme-beijing', port: one.port },
      { peerId: 'kme-paris', port: two.port },
    ];
    for (let n = 0; n < 5; n++) {
      for (const peer of [beijing, paris]) assert.equal((await clients.post(peer, '/', Uint8Array.of(n))).status, 200);
    }
    await assert.rejects(clients.post({ ...beijing, port: two.port }, '/', new Uint8Array(1)), {
      code: 'node/peer-unreachable',
    });
    await revokeCertificates({ folder, role: 'kme', id: 'kme-paris', nowMs: NOW });
    await clients.reload();
    await assert.rejects(clients.post(paris, '/', new Uint8Array(1)), { code: 'node/peer-unreachable' });
    assert.equal((await clients.post(beijing, '/', new Uint8Array(1))).status, 200);
  });

  it('does not wait for ever', async () => {
    const { port } = await serve('kme', { answer: () => new Promise(() => undefined) });
    const clients = await PeerClients.open({ tls: files('kme-moscow', 'kme'), limitMs: 100 });
    closing.push(() => clients.close());
    await assert.rejects(clients.post({ port, peerId: 'kme-beijing' }, '/', new Uint8Array(1)), {
      message: /no answer within 0.1 s/,
    });
  });
});

describe('other people’s programs', () => {
  it('curl gets an answer with a certificate, and none without', { skip: without('curl', '--version') }, async () => {
    const { port } = await serve('sae');
    const url = `https://localhost:${port}/`;
    const pair = ['--cert', at('sae-a.crt'), '--key', at('sae-a.key')];
    const base = ['-sS', '--cacert', at('kme-ca.crt')];
    assert.equal((await run('curl', [...base, ...pair, url])).stdout, '{"peerId":"sae-a","bytes":0}');
    const large = join(root, 'large');
    writeFileSync(large, Buffer.alloc(3_000_000));
    const { stdout } = await run('curl', [...base, ...pair, '-w', ' %{http_code}', '--data-binary', `@${large}`, url]);
    assert.match(stdout, /too large.* 400$/);
    await assert.rejects(run('curl', [...base, url]));
    await assert.rejects(run('curl', [...base, '--tls-max', '1.1', ...pair, url]));
  });

  it('openssl s_client finds TLS 1.3 and 1.2, and nothing older', { skip: without('openssl', 'version') }, async () => {
    const { port } = await serve('sae');
    const talk = async (...args: string[]): Promise<string> => {
      const child = run('openssl', [
        ...[
          's_client',
          '-connect',
          `127.0.0.1:${port}`,
          '-CAfile',
          at('kme-ca.crt'),
          '-verify_return_error',
          '-ign_eof',
        ],
        ...['-cert', at('sae-a.crt'), '-key', at('sae-a.key'), ...args],
      ]);
      child.child.stdin!.end('GET / HTTP/1.1\r\nhost: kme\r\nconnection: close\r\n\r\n');
      return (await child).stdout;
    };
    for (const version of ['-tls1_2', '-tls1_3']) assert.match(await talk(version), /"peerId":"sae-a"/, version);
    await assert.rejects(talk('-tls1_1', '-cipher', 'ALL:@SECLEVEL=0'));
  });
});

describe('a port', () => {
  it('that is in use is named', async () => {
    const { port } = await serve('sae');
    await assert.rejects(serve('sae', { port, what: 'the second key manager' }), {
      code: 'node/port-in-use',
      message: new RegExp(`port ${port} for the second key manager`),
    });
  });
});
