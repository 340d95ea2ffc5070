/**
 * A process of desks for trials, `node desk-process.ts PLAN`: the desks are those of a site, whole, with store, page and line
 * over mutual TLS; beside them is no receiver of light. Their key manager is a real one, asked by ETSI GS QKD 014, or one
 * that makes each key out of a seed and its id, so that both sites have the same and the trial knows them all.
 */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { overwriteFreed } from '../../sweep.ts';
import { readBody } from '../../wire/body.ts';
import { serveMutualTls, type TlsFiles } from '../../wire/mutual-tls.ts';
import { peerClient } from '../../wire/peer-client.ts';
import { postLine } from '../post-line.ts';
import { type KeyManagerCall, siteKeys } from '../site-keys.ts';
import { type RunningDesk, startDesk } from '../start-desk.ts';
import { seededCall } from './seeded-keys.ts';
import { watchSecrets } from './watch-secrets.ts';

/** Of a key manager that is never short of key. */
const PLENTY_BITS = 1e9;
const STOCK_MS = 1000;
const LINE_PATH = '/skykey/hotline/v2/';
const ANSWER_BYTES = 1 << 20;

export interface PlannedDesk {
  readonly conversationId: string;
  /** Of its page. */
  readonly port: number;
  readonly folder: string;
  readonly witness: string;
  readonly secret: string;
  readonly policy: string;
  readonly enrolment: string;
}

export type PlannedKeys =
  | { readonly kind: 'seed'; readonly seed: string }
  /** `tls` is the application's. */
  | { readonly kind: 'kme'; readonly port: number; readonly tls: Omit<TlsFiles, 'crl'> };

/** What the process is told, as JSON. */
export interface DeskProcessPlan {
  readonly site: string;
  readonly peerSite: string;
  /** Ids of the desks, and of the applications at the key managers. */
  readonly ownId: string;
  readonly peerId: string;
  /** `peerId`: in the certificate of the other process. */
  readonly line: {
    readonly listenPort: number;
    readonly peerPort: number;
    readonly peerId: string;
    readonly tls: TlsFiles;
  };
  readonly keys: PlannedKeys;
  readonly desks: readonly PlannedDesk[];
  readonly pages: string;
  /** Tells the trial of every secret that is overwritten: see `watchSecrets`. */
  readonly watch: boolean;
}

/** What the trial says. */
export type DeskOrder =
  /** The clock of a desk goes on by so much at once. */
  { readonly kind: 'forward'; readonly desk: number; readonly ms: number } | { readonly kind: 'usage' };

/** What the process says. */
export type DeskWord =
  | { readonly kind: 'ready' }
  | { readonly kind: 'usage'; readonly cpuS: number }
  /** A key was handed to a desk. */
  | { readonly kind: 'key'; readonly keyId: string; readonly bytes: number };

// As a site does.
overwriteFreed();
const plan = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as DeskProcessPlan;
const tell = (word: DeskWord): void => void process.send?.(word);

const aheadMs = plan.desks.map(() => 0);
process.on('message', (order: DeskOrder) => {
  if (order.kind === 'forward') aheadMs[order.desk]! += order.ms;
  else {
    const { user, system } = process.cpuUsage();
    tell({ kind: 'usage', cpuS: (user + system) / 1e6 });
  }
});
if (plan.watch) watchSecrets((word) => process.send?.(word));

function kmeCall({ port, tls }: PlannedKeys & { kind: 'kme' }): KeyManagerCall {
  const files = { cert: readFileSync(tls.cert), key: readFileSync(tls.key), ca: readFileSync(tls.ca) };
  // The certificate's name is the key manager's id, not that of this machine.
  const agent = new Agent({ ...files, keepAlive: true, maxSockets: 8, checkServerIdentity: () => undefined });
  return (method, path, body) =>
    new Promise((resolve, reject) => {
      const text = JSON.stringify(body ?? {});
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
      const call = request({ host: '127.0.0.1', port, path, method, agent, headers }, async (response) => {
        const answer = await readBody(response, ANSWER_BYTES);
        if (typeof answer === 'string') reject(new Error(answer));
        else resolve({ status: response.statusCode!, body: answer });
      });
      call.on('error', reject);
      call.end(text);
    });
}

const call =
  plan.keys.kind === 'seed'
    ? seededCall(plan.keys.seed, (keyId, bytes) => tell({ kind: 'key', keyId, bytes }))
    : kmeCall(plan.keys);
const { listenPort, peerPort, peerId, tls } = plan.line;
const running: RunningDesk[] = [];
const server = await serveMutualTls({
  ...{ port: listenPort, what: `the line of ${plan.site}`, tls, role: 'kme' as const },
  onFault: (error) => console.error((error as Error).message),
  maxConnectionsPerClient: 4096,
  answer: async ({ path, body }) => {
    await running[Number(path.slice(LINE_PATH.length))]?.desk.arrive(body);
    return { status: 200 };
  },
});
for (const [i, desk] of plan.desks.entries()) {
  // Each conversation has connections of its own, as at a site.
  const other = peerClient({ peerId, port: peerPort, tls });
  await other.ready;
  running.push(
    await startDesk({
      ...{ siteId: plan.site, ownId: plan.ownId, peerId: plan.peerId, ownName: plan.site, peerName: plan.peerSite },
      conversationId: desk.conversationId,
      configuration: { ...desk, iceServers: [] },
      pages: plan.pages,
      keys: siteKeys(call, plan.peerId, 'direct'),
      post: postLine((bytes) => other.post(`${LINE_PATH}${i}`, bytes)),
      quarantine: () => undefined,
      journal: () => undefined,
      nowMs: () => Date.now() + aheadMs[i]!,
    }),
  );
}
const stock = (): void => {
  for (const { desk } of running) void desk.stock(PLENTY_BITS, PLENTY_BITS).catch(() => undefined);
};
setInterval(stock, STOCK_MS);
stock();
tell({ kind: 'ready' });

process.on('disconnect', () => {
  void Promise.all(running.map((desk) => desk.stop()))
    .then(() => server.close())
    .finally(() => process.exit());
});
