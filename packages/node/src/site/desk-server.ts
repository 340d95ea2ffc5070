/** The page and the words of a desk, served by its own site and by nobody else. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { NodeError } from '../error.ts';
import { Paced } from '../paced.ts';
import { servePages } from '../up/gateway.ts';
import { EventHub } from '../wire/events.ts';
import type { Desk } from './desk.ts';

const CLOCK_MS = 1000;
/** At most this often a desk tells its state, ms. */
const PUBLISH_MS = 100;

export async function serveDesk(
  server: FastifyInstance,
  options: { siteId: string; pages: string; desk: Desk },
): Promise<{ changed: () => void; close: () => void }> {
  const { desk, siteId } = options;
  const prefix = `/desk/${siteId}`;
  const hub = new EventHub();
  await servePages(server, options.pages);
  const page = await readFile(join(options.pages, 'desk.html'), 'utf8');
  server.get(prefix, (_request, reply) => reply.type('text/html; charset=utf-8').send(page));
  server.get(`${prefix}/api/state`, () => desk.state());
  server.get(`${prefix}/api/events`, (_request, reply) => {
    hub.publish('desk', desk.state());
    hub.attach(reply);
  });
  server.post<{ Body: { text?: unknown } }>(`${prefix}/api/messages`, async (request) => {
    const { text } = request.body ?? {};
    if (typeof text !== 'string') throw new NodeError('desk/text', 'a message needs "text"');
    const { message, envelope } = await desk.send(text);
    return { message, envelope: Buffer.from(envelope).toString('base64') };
  });
  const telling = new Paced(
    async () => hub.publish('desk', desk.state()),
    PUBLISH_MS,
    () => undefined,
  );
  const clock = setInterval(() => telling.soon(), CLOCK_MS);
  return {
    changed: () => telling.soon(),
    close() {
      clearInterval(clock);
      void telling.stop();
      hub.close();
    },
  };
}
