/** The key managers of both sites of a trial, played: ETSI GS QKD 014 in the words that a desk uses, over loopback HTTP. */
import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { bodyOf, listenAnywhere } from './loopback.ts';

/** Told at every request; there is always more. */
const STOCK_BITS = 5_000_000;

interface Kept {
  readonly key: Buffer;
  /** Who may fetch it. */
  readonly for: string;
}

/** Each key is delivered once on each side. */
export class KeyOffice {
  readonly #server: Server;
  readonly #keys = new Map<string, Kept>();
  /** Ids that were given out to whoever drew them. */
  readonly drawn = new Set<string>();
  url = '';

  constructor() {
    this.#server = createServer((request, response) => {
      void this.#answer(request).then(({ status, body }) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
      );
    });
  }

  async open(): Promise<void> {
    this.url = `http://127.0.0.1:${await listenAnywhere(this.#server)}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
    for (const { key } of this.#keys.values()) key.fill(0);
  }

  /** Addresses: `/OWN/api/v1/keys/PEER/enc_keys`, `…/dec_keys`, `/OWN/stock`. */
  async #answer(request: IncomingMessage): Promise<{ status: number; body: object }> {
    const text = (await bodyOf(request)).toString();
    const [, own, ...rest] = request.url!.split('/');
    if (rest[0] === 'stock') return { status: 200, body: { sendBits: STOCK_BITS, receiveBits: STOCK_BITS } };
    const [peer, method] = rest.slice(3);
    if (method === 'enc_keys') {
      const { number, size } = JSON.parse(text) as { number: number; size: number };
      return { status: 200, body: { keys: Array.from({ length: number }, () => this.#draw(peer!, size / 8)) } };
    }
    const { key_IDs: wanted } = JSON.parse(text) as { key_IDs: { key_ID: string }[] };
    const found = wanted.map(({ key_ID }) => this.#keys.get(key_ID));
    if (found.some((kept) => kept?.for !== own))
      return { status: 400, body: { message: 'one or more keys specified are not found on KME' } };
    return {
      status: 200,
      body: {
        keys: wanted.map(({ key_ID }, i) => {
          this.#keys.delete(key_ID);
          return { key_ID, key: found[i]!.key.toString('base64') };
        }),
      },
    };
  }

  #draw(peer: string, bytes: number): { key_ID: string; key: string } {
    const kept = { key: randomBytes(bytes), for: peer };
    const id = randomUUID();
    this.drawn.add(id);
    this.#keys.set(id, kept);
    return { key_ID: id, key: kept.key.toString('base64') };
  }
}
