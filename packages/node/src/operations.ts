/** What every node offers to its operator and to the console: its state as events, and the reopening of a link. */
import type { NodeState } from '@skykey/telemetry';
import type { FastifyInstance } from 'fastify';
import { NodeError } from './error.ts';
import { Paced } from './paced.ts';
import { EventHub } from './wire/events.ts';
import { localServer } from './wire/http.ts';

/** At most this often a node tells its state, ms. */
const PUBLISH_MS = 100;

export interface Operations {
  readonly server: FastifyInstance;
  /** To be called whenever something changed; the state is read and told soon after, ten times a second at most. */
  changed(): void;
  close(): Promise<void>;
}

export interface NodeTelling {
  readonly state: () => Promise<NodeState>;
  readonly onFault: (error: unknown) => void;
}

/** The state of a node as events, at `/api/events`. */
export function tellNode(
  server: FastifyInstance,
  { state, onFault }: NodeTelling,
): { readonly changed: () => void; readonly now: () => Promise<void>; readonly close: () => Promise<void> } {
  const hub = new EventHub();
  const telling = new Paced(async () => hub.publish('node', await state()), PUBLISH_MS, onFault);
  server.get('/api/events', async (_request, reply) => {
    await telling.now();
    hub.attach(reply);
  });
  return {
    changed: () => telling.soon(),
    now: () => telling.now(),
    async close() {
      await telling.stop();
      hub.close();
    },
  };
}

export function operations(
  options: NodeTelling & { readonly reopen: (linkId: string) => Promise<boolean> },
): Operations {
  const server = localServer();
  const telling = tellNode(server, options);
  server.post<{ Params: { linkId: string } }>('/api/links/:linkId/reopen', async (request) => {
    const { linkId } = request.params;
    if (!(await options.reopen(linkId))) throw new NodeError('node/link', `this node has no link "${linkId}"`);
    await telling.now();
    return { linkId, state: 'idle' };
  });
  return {
    server,
    changed: telling.changed,
    async close() {
      await telling.close();
      await server.close();
    },
  };
}
