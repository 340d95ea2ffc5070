/**
 * Two KMEs that share keys, and certificates for an SAE at each: what an agent needs around it. In memory and without a
 * link, but honest about ETSI GS QKD 014: real mutual TLS, each key once to each SAE, 401 for strangers, 503 when away.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { idsOfCertificate } from '@skykey/client';
import { Authority } from './authority.ts';

export interface KmePair {
  /** `https://127.0.0.1:port` of the KME of `gw-a`, and of that of `gw-b`. */
  readonly a: string;
  readonly b: string;
  /** Paths: `kme-ca.crt`, `sae-ca.crt`, `gw-a.crt`, `gw-a.key`, `gw-b.crt`, `gw-b.key`, and `gw-c` who is nobody's peer. */
  readonly certificates: string;
  /** From now on both answer 503; or again as they should. */
  away(away: boolean): void;
  /** What was handed out, to be looked for where it must not be. */
  readonly delivered: readonly Buffer[];
  close(): Promise<void>;
}

export async function startKmePair(): Promise<KmePair> {
  const folder = mkdtempSync(join(tmpdir(), 'skykey-agent-'));
  const saes = new Authority('SAEs');
  const kmes = new Authority('KMEs');
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text, { mode: 0o600 });
  write('sae-ca.crt', saes.cert);
  write('kme-ca.crt', kmes.cert);
  for (const sae of ['gw-a', 'gw-b', 'gw-c']) {
    const { cert, key } = saes.issue(sae, `URI:urn:skykey:${sae}`);
    write(`${sae}.crt`, cert);
    write(`${sae}.key`, key);
  }
  const assigned = new Map<string, { for: string; key: Buffer }>();
  const delivered: Buffer[] = [];
  let isAway = false;

  const answer = (sae: string, path: string, body: string): { status: number; json?: unknown } => {
    const [, other, method] = /^\/api\/v1\/keys\/([^/]+)\/(enc_keys|dec_keys)$/.exec(path) ?? [];
    if (!other || !['gw-a', 'gw-b'].includes(sae) || sae === other) return { status: 401 };
    if (isAway) return { status: 503, json: { message: 'not enough key' } };
    const request = JSON.parse(body || '{}') as { size?: number; key_IDs?: { key_ID: string }[] };
    if (method === 'enc_keys') {
      const id = randomUUID();
      const key = randomBytes((request.size ?? 256) / 8);
      assigned.set(id, { for: other, key });
      delivered.push(key);
      return { status: 200, json: { keys: [{ key_ID: id, key: key.toString('base64') }] } };
    }
    const ids = (request.key_IDs ?? []).map(({ key_ID }) => key_ID);
    const keys = ids.map((id) => assigned.get(id));
    if (keys.some((one) => one && one.for !== sae)) return { status: 401 };
    if (keys.includes(undefined))
      return { status: 400, json: { message: 'one or more keys specified are not found on KME' } };
    for (const id of ids) assigned.delete(id);
    return {
      status: 200,
      json: { keys: keys.map((one, i) => ({ key_ID: ids[i], key: one!.key.toString('base64') })) },
    };
  };

  const serve = async (name: string): Promise<Server> => {
    const server = createServer(
      { ...kmes.issue(name, `URI:urn:skykey:${name},IP:127.0.0.1`), ca: saes.cert, requestCert: true },
      async (request: IncomingMessage, response: ServerResponse) => {
        const parts: Buffer[] = [];
        for await (const part of request) parts.push(part as Buffer);
        const [sae = ''] = idsOfCertificate((request.socket as TLSSocket).getPeerCertificate()).slice(-1);
        const { status, json } = answer(sae, request.url ?? '', Buffer.concat(parts).toString());
        const text = json === undefined ? '' : JSON.stringify(json);
        response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
        response.end(text);
      },
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return server;
  };
  const servers = await Promise.all([serve('kme-a'), serve('kme-b')]);
  saes.remove();
  kmes.remove();
  const [a, b] = servers.map((server) => `https://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return {
    a: a!,
    b: b!,
    certificates: folder,
    away: (away) => {
      isAway = away;
    },
    delivered,
    close: async () => {
      for (const server of servers) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
