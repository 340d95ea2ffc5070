/**
 * What mutual TLS costs a server beyond bare node:https with the same certificates: processor time of a request on a
 * connection that is kept open, and of a new connection with one request. Each server is a process of its own, this one
 * is the caller, and the two are measured in turns.
 * Run: node packages/node/src/wire/mutual-tls.bench.ts [requests]
 */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { authorityFiles, certificateFiles } from '../pki/authority.ts';
import { developmentCertificates } from '../pki/development.ts';
import { serveMutualTls } from './mutual-tls.ts';

const ANSWER = JSON.stringify({ keys: [{ key_ID: '00000000-0000-4000-8000-000000000000', key: 'A'.repeat(44) }] });
const BODY = JSON.stringify({ number: 1, size: 256 });
const JSON_TYPE = { 'content-type': 'application/json' };
const ROUNDS = 7;
const CALLERS = 16;

const [role, folder] = process.argv.slice(2);
if (role === 'bare' || role === 'skykey') await serve(role, folder!);
else await compare(Number(role ?? 4000));

async function serve(kind: 'bare' | 'skykey', from: string): Promise<void> {
  const { cert: ca, crl } = authorityFiles(from, 'sae');
  const tls = { ...certificateFiles(from, 'kme-a'), ca, crl };
  let port: number;
  if (kind === 'skykey') {
    const answer = async () => ({ status: 200, headers: JSON_TYPE, body: ANSWER });
    ({ port } = await serveMutualTls({
      port: 0,
      what: 'the bench',
      tls,
      answer,
      onFault: assert.ifError,
      role: 'sae',
    }));
  } else {
    const [cert, key, authority, list] = [tls.cert, tls.key, ca, crl].map((file) => readFileSync(file));
    const secure = { cert, key, ca: authority, crl: list, requestCert: true, rejectUnauthorized: true };
    const server = createServer({ ...secure, minVersion: 'TLSv1.2' }, (incoming, response) => {
      const parts: Buffer[] = [];
      incoming.on('data', (part) => parts.push(part));
      incoming.on('end', () => {
        assert.ok(Buffer.concat(parts).length >= 0);
        response.writeHead(200, { ...JSON_TYPE, 'content-length': Buffer.byteLength(ANSWER) });
        response.end(ANSWER);
      });
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    port = (server.address() as AddressInfo).port;
  }
  process.on('message', () => process.send!({ cpuUs: process.cpuUsage().user + process.cpuUsage().system }));
  process.send!({ port });
}

async function compare(requests: number): Promise<void> {
  const data = mkdtempSync(join(tmpdir(), 'skykey-bench-'));
  const pki = join(data, 'pki');
  await developmentCertificates(pki, { saes: ['sae-a'], kmes: ['kme-a'] }, Date.now());
  const tls = {
    cert: readFileSync(certificateFiles(pki, 'sae-a').cert),
    key: readFileSync(certificateFiles(pki, 'sae-a').key),
    ca: readFileSync(authorityFiles(pki, 'kme').cert),
  };
  const servers = ['bare', 'skykey'].map((kind) => fork(fileURLToPath(import.meta.url), [kind, pki]));
  try {
    const ports = await Promise.all(servers.map(async (server) => (await word<{ port: number }>(server)).port));
    for (const [what, method, fresh] of [
      ['GET, connection kept open', 'GET', false],
      ['POST, connection kept open', 'POST', false],
      ['GET, new connection', 'GET', true],
    ] as const) {
      const us: number[][] = [[], []];
      const ratios: number[] = [];
      const count = fresh ? Math.ceil(requests / 10) : requests;
      // Once more than is counted: the first round warms both up.
      for (let round = 0; round <= ROUNDS; round++) {
        const pair = [0, 0];
        for (const at of round % 2 ? [0, 1] : [1, 0]) {
          const agent = new Agent({ keepAlive: !fresh, maxSockets: CALLERS, maxCachedSessions: 0, ...tls });
          const before = await cpuUs(servers[at]!);
          await callers(ports[at]!, agent, method, count);
          pair[at] = ((await cpuUs(servers[at]!)) - before) / count;
          agent.destroy();
        }
        if (round === 0) continue;
        for (const at of [0, 1]) us[at]!.push(pair[at]!);
        ratios.push(pair[1]! / pair[0]!);
      }
      const [bare, skykey] = us.map(median) as [number, number];
      console.log(
        `${what}: bare ${bare.toFixed(0)} us, skykey ${skykey.toFixed(0)} us of server processor time a request; ratio ${median(ratios).toFixed(3)}`,
      );
    }
  } finally {
    for (const server of servers) server.kill();
    rmSync(data, { recursive: true });
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((x, y) => x - y)[values.length >> 1]!;
}

async function word<T>(server: ChildProcess): Promise<T> {
  return (await once(server, 'message'))[0] as T;
}

async function cpuUs(server: ChildProcess): Promise<number> {
  const answer = word<{ cpuUs: number }>(server);
  server.send('how much?');
  return (await answer).cpuUs;
}

async function callers(port: number, agent: Agent, method: 'GET' | 'POST', count: number): Promise<void> {
  let left = count;
  await Promise.all(
    Array.from({ length: CALLERS }, async () => {
      while (left-- > 0) assert.equal(await call(port, agent, method), 200);
    }),
  );
}

function call(port: number, agent: Agent, method: 'GET' | 'POST'): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = method === 'POST' ? { ...JSON_TYPE, 'content-length': BODY.length } : {};
    const path = '/api/v1/keys/sae-b/enc_keys?number=1';
    const out = request({ host: '127.0.0.1', port, path, method, agent, headers }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode!));
    });
    out.once('error', reject);
    out.end(method === 'POST' ? BODY : undefined);
  });
}
