/**
 * A process that is one desk of a trial: the desk of a site with its store, key file, witness, shelf of files, persons and
 * page. Its key manager and the line to the other desk are at the trial, over loopback HTTP; its clock goes as it is told.
 *
 * `node desk-process.ts CONFIGURATION`. It writes lines of JSON to standard output, a `Threads` first, and waits for the
 * line `go`, so that a tracer can be put on it. `ahead N` sets its clock N ms ahead of this machine's. It ends as `skykey`
 * does: 143 when told to, 2 with one sentence for people, 70 for a fault of its own.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Agent, createServer, request } from 'node:http';
import { createInterface } from 'node:readline';
import type { SiteConfiguration } from '../../../configuration.ts';
import { onEnd } from '../../../process.ts';
import { postLine } from '../../post-line.ts';
import { siteKeys } from '../../site-keys.ts';
import { startDesk } from '../../start-desk.ts';

export interface DeskProcessConfiguration {
  readonly siteId: string;
  readonly ownId: string;
  readonly peerId: string;
  readonly ownName: string;
  readonly peerName: string;
  readonly conversationId: string;
  readonly desk: SiteConfiguration['desk'];
  readonly pages: string;
  /** Of the key manager that is played, and of the line: addresses at the trial. */
  readonly keysUrl: string;
  readonly lineUrl: string;
  /** Where messages of the other desk come in. */
  readonly linePort: number;
  readonly aheadMs: number;
}

/** Threads that change files: SQLite and the key file are used on the first, files and witness on the second. */
export interface Threads {
  readonly main: number;
  readonly pool: number;
}

/** How often the stock of the key manager is told to the desk. */
const STOCK_MS = 250;

const configuration = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as DeskProcessConfiguration;
let { aheadMs } = configuration;

const agent = new Agent({ keepAlive: true });

function ask(
  method: 'GET' | 'POST',
  url: string,
  body?: Uint8Array | string,
): Promise<{ status: number; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, agent }, (response) => {
      const parts: Buffer[] = [];
      response
        .on('data', (part: Buffer) => parts.push(part))
        .on('end', () => resolve({ status: response.statusCode!, body: Buffer.concat(parts) }))
        .on('error', reject);
    });
    asked.on('error', reject).end(body);
  });
}

const say = (line: object): boolean => process.stdout.write(`${JSON.stringify(line)}\n`);

function fail(error: unknown): never {
  const { code, message, stack } = error as Error & { code?: unknown };
  const isForPeople = typeof code === 'string' && (code.includes('/') || /^E[A-Z]+$/.test(code));
  process.stderr.write(isForPeople ? `skykey: ${message}\n` : `skykey: a fault of Skykey: ${stack ?? String(error)}\n`);
  process.exit(isForPeople ? 2 : 70);
}

async function begin(): Promise<() => Promise<void>> {
  const { siteId, ownId, peerId, ownName, peerName, conversationId, pages, keysUrl, lineUrl, linePort } = configuration;
  const { desk, stop } = await startDesk({
    ...{ siteId, ownId, peerId, ownName, peerName, conversationId, pages },
    configuration: configuration.desk,
    keys: siteKeys(
      (method, path, body) => ask(method, keysUrl + path, body && JSON.stringify(body)),
      peerId,
      'via a trial',
    ),
    post: postLine(async (bytes) => {
      const { status } = await ask('POST', lineUrl, bytes);
      if (status !== 200) throw new Error(`the line answers ${status}`);
    }),
    quarantine: () => undefined,
    journal: (text) => void say({ journal: text }),
    nowMs: () => Date.now() + aheadMs,
  });
  const line = createServer((incoming, answer) => {
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part));
    incoming.on('end', () => {
      // The buffer is this message's alone: the desk may overwrite it.
      desk.arrive(new Uint8Array(Buffer.concat(parts))).then(
        () => answer.writeHead(200).end(),
        () => answer.writeHead(503).end(),
      );
    });
  });
  await new Promise<void>((listening) => line.listen(linePort, '127.0.0.1', listening));
  const tellStock = async (): Promise<void> => {
    const { body } = await ask('GET', `${keysUrl}/stock`);
    const { sendBits, receiveBits } = JSON.parse(body.toString()) as { sendBits: number; receiveBits: number };
    await desk.stock(sendBits, receiveBits);
  };
  await tellStock().catch(() => undefined);
  const ticking = setInterval(() => void tellStock().catch(() => undefined), STOCK_MS);
  say({ ready: true });
  return async () => {
    clearInterval(ticking);
    line.close();
    line.closeAllConnections();
    agent.destroy();
    await stop();
  };
}

process.on('uncaughtException', fail);
process.umask(0o077);
// There is a thread for files from the first call on.
await stat('/');
const pool = readdirSync('/proc/self/task').find((task) =>
  readFileSync(`/proc/self/task/${task}/comm`, 'utf8').startsWith('libuv-worker'),
);
say({ main: process.pid, pool: Number(pool) } satisfies Threads);

let starting: Promise<() => Promise<void>> | undefined;
createInterface({ input: process.stdin }).on('line', (line) => {
  const [, ms] = /^ahead (-?\d+)$/.exec(line) ?? [];
  if (ms !== undefined) aheadMs = Number(ms);
  if (line === 'go') {
    starting = begin();
    starting.catch(fail);
  }
});
onEnd(async () => (await starting)?.(), { followParent: true });
