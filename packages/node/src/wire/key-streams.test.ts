import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import { SecretBytes } from '@skykey/bits';
import type { StreamRequest, StreamResponse } from '@skykey/kme';
import { type KeyStreamServer, type KeyStreamServerOptions, serveKeyStreams } from './key-streams.ts';

const KSID = '00112233-4455-4677-8899-aabbccddeeff';
const HEX_KSID = KSID.replaceAll('-', '');
const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');
const ascii = (text: string): string => Buffer.from(text).toString('hex');
const NUMBERS = '00000020 00000000 00000000 00000000 00000000 00000000 00000000';
const TYPE = ascii('application/json');

/** Certificates by the system's openssl, apart from our own code. */
function makeCertificates(folder: string): void {
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  };
  const newKey = (name: string): void =>
    openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', `${name}.key`);
  for (const ca of ['sae-ca', 'other-ca']) {
    newKey(ca);
    openssl('req', '-x509', '-new', '-key', `${ca}.key`, '-subj', `/CN=${ca}`, '-days', '2', '-out', `${ca}.crt`);
  }
  for (const [name, ca, names] of [
    ['kme', 'sae-ca', 'DNS:localhost,IP:127.0.0.1,URI:urn:skykey:kme'],
    ['sae-a', 'sae-ca', 'URI:urn:skykey:sae-a'],
    ['sae-b', 'sae-ca', 'URI:urn:skykey:sae-b'],
    ['nobody', 'sae-ca', 'DNS:localhost'],
    ['stranger', 'other-ca', 'URI:urn:skykey:sae-a'],
  ] as const) {
    newKey(name);
    writeFileSync(join(folder, `${name}.ext`), `subjectAltName=${names}\n`);
    openssl('req', '-new', '-key', `${name}.key`, '-subj', `/CN=${name}`, '-out', `${name}.csr`);
    const signed = ['-CA', `${ca}.crt`, '-CAkey', `${ca}.key`, '-CAcreateserial', '-extfile', `${name}.ext`];
    openssl('x509', '-req', '-in', `${name}.csr`, ...signed, '-days', '2', '-out', `${name}.crt`);
  }
}

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}

describe('key streams over TLS', { skip: hasOpenssl() ? false : 'openssl is missing' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'skykey-004-'));
  const pem = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const heard: { saeId: string; request: StreamRequest }[] = [];
  const faults: unknown[] = [];
  const servers: KeyStreamServer[] = [];
  const sockets: TLSSocket[] = [];
  let answer: (request: StreamRequest, gone: AbortSignal) => Promise<StreamResponse>;
  let port: number;

  async function serve(change: Partial<KeyStreamServerOptions> = {}): Promise<KeyStreamServer> {
    const server = await serveKeyStreams({
      port: 0,
      what: 'a test',
      credentials: { cert: pem('kme.crt'), key: pem('kme.key'), ca: pem('sae-ca.crt') },
      handle: (saeId, request, gone) => {
        heard.push({ saeId, request });
        return answer(request, gone);
      },
      onFault: (error) => faults.push(error),
      ...change,
    });
    servers.push(server);
    return server;
  }

  before(async () => {
    makeCertificates(folder);
    port = (await serve()).port;
  });
  after(async () => {
    for (const socket of sockets) socket.destroy();
    await Promise.all(servers.map((server) => server.close()));
    rmSync(folder, { recursive: true, force: true });
    assert.deepEqual(faults, []);
  });
  beforeEach(() => {
    heard.length = 0;
    answer = async (request) => {
      if (request.call === 'open') return { ...request, status: 0, ksid: KSID };
      if (request.call === 'close') return { call: 'close', status: 0 };
      const key = SecretBytes.adopt(bytes('a1b2c3d4'));
      return { ...request, status: 0, key, metadata: request.metadataRoom ? '{}' : '', metadataNeeded: 0 };
    };
  });

  function dial(name: string | null, to = port): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const own = name ? { cert: pem(`${name}.crt`), key: pem(`${name}.key`) } : {};
      const socket = connect({ port: to, host: '127.0.0.1', ca: pem('sae-ca.crt'), ...own });
      sockets.push(socket);
      socket.once('secureConnect', () => resolve(socket));
      socket.once('error', reject);
    });
  }

  /** Exactly so many bytes; less when the connection is closed before. */
  function read(socket: TLSSocket, count: number): Promise<string> {
    return new Promise((resolve) => {
      const parts: Buffer[] = [];
      const look = (): void => {
        const all = Buffer.concat(parts);
        if (all.length >= count) done(all);
      };
      const done = (all: Buffer): void => {
        socket.off('data', take).off('close', ended);
        resolve(all.toString('hex'));
      };
      const take = (part: Buffer): void => {
        parts.push(part);
        look();
      };
      const ended = (): void => done(Buffer.concat(parts));
      if (socket.destroyed) ended();
      socket
        .on('data', take)
        .on('close', ended)
        .on('error', () => {});
    });
  }

  const closed = (socket: TLSSocket): Promise<void> =>
    new Promise((resolve) => {
      if (socket.destroyed) resolve();
      socket
        .once('close', () => resolve())
        .on('error', () => {})
        .resume();
    });

  it('serves dialect P: one connection for the session, byte by byte', async () => {
    const socket = await dial('sae-a');
    const qos = `${NUMBERS}${TYPE}${'00'.repeat(240)}`;
    const uris = `${ascii('qkd://app@sae-a')}00${ascii('qkd://app@sae-b')}00`;
    socket.write(bytes(`010001 02 0000014c ${uris} ${qos} ${'00'.repeat(16)}`));
    assert.equal(await read(socket, 312), bytes(`010001 03 00000130 00000000 ${qos} ${HEX_KSID}`).toString('hex'));
    socket.write(bytes(`010001 04 00000018 ${HEX_KSID} 00000007 00000400`));
    const key = bytes('010001 05 00000016 00000000 00000007 00000004 a1b2c3d4 00000002 7b7d');
    assert.equal(await read(socket, key.length), key.toString('hex'));
    socket.write(bytes(`010001 08 00000010 ${HEX_KSID}`));
    assert.equal(await read(socket, 12), '010001090000000400000000');
    assert.deepEqual(
      heard.map(({ saeId, request }) => [saeId, request.call]),
      [
        ['sae-a', 'open'],
        ['sae-a', 'get'],
        ['sae-a', 'close'],
      ],
    );
    socket.destroy();
  });

  it('serves dialect C: a connection for each call', async () => {
    const qos = `${NUMBERS}${TYPE}00`;
    const uris = `${ascii('qkd://app@sae-b')}00${ascii('qkd://app@sae-a')}00`;
    for (const [request, response] of [
      [`020101 02 0000005d ${uris} ${qos} ${HEX_KSID}`, `020101 03 00000041 00000000 ${qos} ${HEX_KSID}`],
      [
        `020101 04 0000001a ${HEX_KSID} 00000007 00000002 0010`,
        '020101 05 00000016 00000000 00000007 00000004 a1b2c3d4 00000002 7b7d',
      ],
      [`020101 08 00000010 ${HEX_KSID}`, '020101 09 00000004 00000000'],
    ] as const) {
      const socket = await dial('sae-b');
      socket.write(bytes(request));
      const expected = bytes(response);
      assert.equal(await read(socket, expected.length), expected.toString('hex'));
      socket.destroy();
    }
    assert.ok(heard.every(({ saeId }) => saeId === 'sae-b'));
  });

  it('reads requests in pieces and several at once, and answers in order', async () => {
    const socket = await dial('sae-a');
    const get = (index: number): Buffer => bytes(`010001 04 00000018 ${HEX_KSID} 0000000${index} 00000000`);
    const all = Buffer.concat([get(1), get(2), get(3)]);
    const answers = read(socket, 3 * 28);
    for (const at of [0, 1, 9, 40, 41]) {
      socket.write(all.subarray(at, [1, 9, 40, 41, all.length][[0, 1, 9, 40, 41].indexOf(at)]!));
      await sleep(5);
    }
    const expected = [1, 2, 3].map((index) => `0100010500000014000000000000000${index}00000004a1b2c3d400000000`);
    assert.equal(await answers, expected.join(''));
    socket.destroy();
  });

  it('lets nobody in without a certificate of the authority, nor with one that names no application', async () => {
    for (const name of [null, 'stranger', 'nobody']) {
      const socket = await dial(name).catch(() => null);
      if (!socket) continue;
      // TLS 1.3 tells a client only after its part of the handshake.
      socket.on('error', () => {});
      socket.write(bytes(`010001 08 00000010 ${HEX_KSID}`));
      await closed(socket);
    }
    assert.deepEqual(heard, []);
  });

  it('closes on what is no request, on "close server", and goes on for others', async () => {
    const witness = await dial('sae-b');
    for (const frame of [
      '020101 ff 00000000',
      '010001 07 00000000',
      '010001 04 ffffffff',
      '010001 08 00000001 00',
      '010001 09 00000004 00000000',
    ]) {
      const socket = await dial('sae-a');
      socket.write(bytes(frame));
      await closed(socket);
    }
    assert.deepEqual(heard, []);
    witness.write(bytes(`010001 08 00000010 ${HEX_KSID}`));
    assert.equal(await read(witness, 12), '010001090000000400000000');
    witness.destroy();
  });

  it('closes what is idle, what dawdles and what floods, not what waits for its peer', async () => {
    const { port: to } = await serve({ idleMs: 150, requestMs: 150 });
    await closed(await dial('sae-a', to));
    const slow = await dial('sae-a', to);
    const drip = setInterval(() => slow.write(bytes('01')), 20);
    await closed(slow);
    clearInterval(drip);
    answer = async (_request, gone) => {
      await sleep(400, undefined, { signal: gone }).catch(() => {});
      return { call: 'close', status: 0 };
    };
    const patient = await dial('sae-a', to);
    patient.write(bytes(`010001 08 00000010 ${HEX_KSID}`));
    assert.equal(await read(patient, 12), '010001090000000400000000');
    const flood = await dial('sae-a', to);
    flood.on('error', () => {});
    flood.write(bytes(`010001 08 00000010 ${HEX_KSID}`));
    flood.write(Buffer.alloc(300_000, 1));
    await closed(flood);
  });

  it('tells the core when the client has gone', async () => {
    const left = new Promise<void>((resolve) => {
      answer = (_request, gone) =>
        new Promise((answered) =>
          gone.addEventListener('abort', () => {
            resolve();
            answered({ call: 'close', status: 0 });
          }),
        );
    });
    const socket = await dial('sae-a');
    socket.write(bytes(`010001 08 00000010 ${HEX_KSID}`));
    while (heard.length === 0) await sleep(5);
    socket.destroy();
    await left;
  });

  it('closes the connection idle longest when an application has too many', async () => {
    const { port: to } = await serve({ connectionsPerSae: 2 });
    const talk = async (socket: TLSSocket): Promise<void> => {
      socket.write(bytes(`010001 08 00000010 ${HEX_KSID}`));
      assert.equal(await read(socket, 12), '010001090000000400000000');
    };
    const [first, second] = [await dial('sae-a', to), await dial('sae-a', to)];
    // The server has met both, the first one last.
    for (const socket of [first, second, first]) await talk(socket);
    const [other, third] = [await dial('sae-b', to), await dial('sae-a', to)];
    await closed(second);
    for (const socket of [first, third, other]) {
      await talk(socket);
      socket.destroy();
    }
  });

  it('takes new credentials without a pause, and closes what they refuse', async () => {
    const server = await serve();
    const [a, b] = [await dial('sae-a', server.port), await dial('sae-b', server.port)];
    const credentials = { cert: pem('kme.crt'), key: pem('kme.key'), ca: pem('sae-ca.crt') };
    assert.throws(() => server.setCredentials({ ...credentials, key: pem('sae-a.key') }, () => false));
    const refused = new X509Certificate(pem('sae-a.crt')).serialNumber;
    server.setCredentials(credentials, (certificate) => certificate.serialNumber === refused);
    await closed(a);
    b.write(bytes(`010001 08 00000010 ${HEX_KSID}`));
    assert.equal(await read(b, 12), '010001090000000400000000');
    b.destroy();
  });

  it('a port that is taken is told', async () => {
    await assert.rejects(serve({ port }), { code: 'node/port-in-use' });
  });
});
