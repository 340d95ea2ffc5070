/**
 * The reference of `skykey bench kme`: the servers' transport with an answer from memory, a process a side. A key is its own
 * id, twice, so that both sides give the same without a word to each other. `node kme-bare.ts TLS` (JSON).
 */
import { randomUUID } from 'node:crypto';
import { serveMutualTls } from '@skykey/node';

const tls = JSON.parse(process.argv[2]!) as { cert: string; key: string; ca: string; crl: string };
const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
const keyOf = (keyId: string): string => {
  const bytes = Buffer.from(keyId.replaceAll('-', ''), 'hex');
  return Buffer.concat([bytes, bytes]).toString('base64');
};

const server = await serveMutualTls({
  port: 0,
  what: 'the reference of the bench',
  tls,
  role: 'sae',
  onFault: (error) => {
    throw error;
  },
  answer: async ({ path, body }) => {
    const asked = JSON.parse(Buffer.from(body).toString()) as { number: number; key_IDs: { key_ID: string }[] };
    const ids = path.endsWith('enc_keys')
      ? Array.from({ length: asked.number }, () => randomUUID())
      : asked.key_IDs.map(({ key_ID }) => key_ID);
    return {
      status: 200,
      headers,
      body: JSON.stringify({ keys: ids.map((key_ID) => ({ key_ID, key: keyOf(key_ID) })) }),
    };
  },
});
process.send!({ port: server.port });
process.on('disconnect', () => process.exit());
