/** What every node offers to its operator and to the console: its state as events, and the reopening of a link. */
import type { NodeState } from '@skykey/telemetry';
import type { FastifyInstance } from 'fastify';
import { NodeError } from './error.ts';
import { EventHub } from './wire/events.ts';
import { localServer } from './wire/http.ts';

/** At most this often a node tells its state, ms. */
const PUBLISH_MS = 100;

export interface Operations {
  readonly server: FastifyInstance;
  /** To be called whenever something changed; the state is told soon after, not more often than ten times a second. */
  changed(): void;
  close(): Promise<void>;
}

export function operations(options: {
  state: () => NodeState;
  reopen: (linkId: string) => Promise<boolean>;
}): Operations {
  const server = localServer();
  const hub = new EventHub();
  let pending: NodeJS.Timeout | undefined;
  const publish = (): void => {
    pending = undefined;
    hub.publish('node', options.state());
  };
  server.get('/api/events', (_request, reply) => {
    hub.publish('node', options.state());
    hub.attach(reply);
  });
  server.post<{ Params: { linkId: string } }>('/api/links/:linkId/reopen', async (request) => {
    const { linkId } = request.params;
    if (!(await options.reopen(linkId))) throw new NodeError('node/link', `this node has no link "${linkId}"`);
    publish();
    return { linkId, state: 'idle' };
  });
  return {
    server,
    changed() {
      pending ??= setTimeout(publish, PUBLISH_MS);
    },
    async close() {
      clearTimeout(pending);
      hub.close();
      await server.close();
    },
  };
}
