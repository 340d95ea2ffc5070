/**
 * The console's front door: serves the page, brings the events of all processes into one stream, and passes switches
 * on. A desk's page and words come from its own site's process, at an address of its own.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { ProcessState } from '@skykey/telemetry';
import type { FastifyInstance } from 'fastify';
import { NodeError } from '../error.ts';
import { EventHub, followEvents } from '../wire/events.ts';
import { listenLocally, localServer } from '../wire/http.ts';

export interface GatewayOptions {
  readonly port: number;
  readonly skyPort: number;
  /** Operations ports of all nodes by node id. */
  readonly nodePorts: ReadonlyMap<string, number>;
  /** Ports of the desks by site. Their pages come from their own sites; `/desk/<site>` leads there. */
  readonly desks: ReadonlyMap<string, number>;
  /** Links and the nodes at their two ends. */
  readonly links: ReadonlyMap<string, readonly string[]>;
  /** Folder of the built console. */
  readonly pages: string;
}

export interface Gateway {
  readonly port: number;
  processes(states: readonly ProcessState[]): void;
  close(): Promise<void>;
}

export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const server = localServer();
  const hub = new EventHub();
  const ending = new AbortController();
  await servePages(server, options.pages);
  server.get('/api/events', (_request, reply) => hub.attach(reply));
  for (const path of ['/api/sky/clock', '/api/sky/tap']) {
    server.post(path, async (request, reply) => {
      const { status, body } = await postJson(options.skyPort, path, request.body);
      return reply.code(status).type('application/json').send(body);
    });
  }
  server.post<{ Params: { linkId: string } }>('/api/links/:linkId/reopen', async (request, reply) => {
    const { linkId } = request.params;
    const ends = options.links.get(linkId);
    if (!ends) throw new NodeError('gateway/link', `there is no link "${linkId}"`);
    for (const nodeId of ends) {
      const { status, body } = await postJson(options.nodePorts.get(nodeId)!, `/api/links/${linkId}/reopen`, {});
      if (status !== 200) return reply.code(status).type('application/json').send(body);
    }
    return { linkId, state: 'idle' };
  });
  for (const [site, port] of options.desks) {
    server.get(`/desk/${site}`, (_request, reply) => reply.redirect(`http://localhost:${port}/`));
  }
  const port = await listenLocally(server, options.port, 'the console');
  void followEvents(
    `http://127.0.0.1:${options.skyPort}/api/events`,
    (event, data) => hub.publish(event, data),
    ending.signal,
  );
  for (const [nodeId, nodePort] of options.nodePorts) {
    const url = `http://127.0.0.1:${nodePort}/api/events`;
    void followEvents(
      url,
      (event, data) => event === 'node' && hub.publish('node', data, `node ${nodeId}`),
      ending.signal,
    );
  }
  return {
    port,
    processes: (states) => hub.publish('processes', states),
    async close() {
      ending.abort();
      hub.close();
      await server.close();
    },
  };
}

/** The built pages: `/`, `/assets/…`. Used by the gateway and by each site for its desk. */
export async function servePages(server: FastifyInstance, folder: string): Promise<void> {
  await readFile(join(folder, 'index.html')).catch(() => {
    throw new NodeError(
      'node/pages',
      `the console is not built: ${folder} has no index.html; run "npm start", which builds it`,
    );
  });
  await server.register(fastifyStatic, { root: folder, index: ['index.html'], cacheControl: false, dotfiles: 'deny' });
}

async function postJson(port: number, path: string, body: unknown): Promise<{ status: number; body: string }> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body ?? {}),
    });
    return { status: response.status, body: await response.text() };
  } catch {
    return {
      status: 503,
      body: JSON.stringify({ error: 'that process does not answer; it may be restarting, try again in a moment' }),
    };
  }
}
