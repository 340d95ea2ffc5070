/** For the operator of a KME and the machines that watch it, on loopback: health, metrics, network model, alarms. */
import {
  ALARM_CLASSES,
  type AlarmClass,
  type LinkAlarm,
  Restconf,
  SDN_DATA_ROOT,
  SDN_STREAM_PATH,
  type SdnEvents,
  type SdnNode,
  SSE_HEARTBEAT,
  serveOpenApi,
} from '@skykey/kme';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import { z } from 'zod';
import { NodeError } from '../error.ts';
import { localServer } from '../wire/http.ts';
import type { Check } from './readiness.ts';

/** Whoever can reach loopback on this machine. */
const OPERATOR = 'operator';
const HEARTBEAT_MS = 15_000;
/** A controller that reads more slowly than this many bytes behind is disconnected; it comes back and is told what it missed. */
const MAX_BEHIND_BYTES = 1 << 20;

export interface KmeOperationsOptions {
  readonly log: Logger;
  readonly readiness: () => Promise<readonly Check[]>;
  readonly metrics: () => Promise<string>;
  readonly contentType: string;
  readonly state: () => Promise<object>;
  readonly node: () => SdnNode;
  readonly events: SdnEvents;
  /** Null: this KME has no such link. */
  readonly raiseAlarm: (link: string, reason: string, found?: AlarmClass) => Promise<object | null>;
  readonly reopen: (link: string) => Promise<'reopened' | 'none' | null>;
  readonly rotate: () => Promise<void>;
  readonly alarms: () => Promise<readonly LinkAlarm[]>;
}

const REASON = 'a reason: a text of 1 to 400 characters';
const alarmBody = z.strictObject({ reason: z.string().min(1).max(400), class: z.enum(ALARM_CLASSES).optional() });

export interface KmeOperations {
  readonly server: FastifyInstance;
  close(): Promise<void>;
}

export function kmeOperations(options: KmeOperationsOptions): KmeOperations {
  const { log, events } = options;
  const server = localServer(log);
  const streams = new Set<FastifyReply['raw']>();
  const restconf = new Restconf({
    controllers: [OPERATOR],
    node: options.node,
    note: (severity, text) => void log[severity === 'warning' ? 'warn' : 'info'](text),
  });

  server.get('/readyz', async (_request, reply) => {
    const checks = await options.readiness();
    const ready = checks.every(({ ok }) => ok);
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', checks });
  });
  server.get('/metrics', async (_request, reply) => reply.type(options.contentType).send(await options.metrics()));
  server.get('/api/state', async () => options.state());
  server.get('/api/alarms', async () => ({ alarms: await options.alarms() }));

  server.post<{ Params: { link: string } }>('/api/links/:link/alarm', async (request) => {
    const { link } = request.params;
    const body = alarmBody.safeParse(request.body);
    if (!body.success)
      throw new NodeError(
        'node/argument',
        `the body must be a JSON object with ${REASON}, as "reason", and if it is known what it is, one of ${ALARM_CLASSES.join(', ')} as "class"`,
      );
    const report = await options.raiseAlarm(link, body.data.reason, body.data.class);
    if (!report) throw noLink(link);
    return { link, state: 'alarm', overwritten: report };
  });
  server.post<{ Params: { link: string } }>('/api/links/:link/reopen', async (request) => {
    const { link } = request.params;
    const found = await options.reopen(link);
    if (found === null) throw noLink(link);
    if (found === 'none') {
      throw new NodeError('node/link', `this site has no alarm on "${link}": whoever raised one takes it back`);
    }
    return { link, state: 'open' };
  });
  server.post('/api/vault/rotate', async () => {
    await options.rotate();
    return { state: 'rotated' };
  });

  server.get('/openapi', (request, reply) => openApi(request.url, reply));
  server.get('/openapi/*', (request, reply) => openApi(request.url, reply));
  server.get(`${SDN_DATA_ROOT}/*`, (request, reply) => {
    const { pathname, searchParams } = new URL(request.url, 'http://localhost');
    const answer = restconf.handle({
      caller: OPERATOR,
      method: 'GET',
      path: pathname,
      query: searchParams,
      headers: {},
      body: new Uint8Array(0),
    });
    return reply.code(answer.status).headers(answer.headers).send(answer.body);
  });
  server.get(SDN_STREAM_PATH, (request, reply) => {
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    const last = request.headers['last-event-id'];
    const end = events.subscribe(typeof last === 'string' ? last : undefined, (text) => {
      if (raw.writableLength > MAX_BEHIND_BYTES) raw.destroy();
      else raw.write(text);
    });
    streams.add(raw);
    raw.on('close', () => {
      end();
      streams.delete(raw);
    });
  });
  const beating = setInterval(() => {
    for (const raw of streams) raw.write(SSE_HEARTBEAT);
  }, HEARTBEAT_MS).unref();

  return {
    server,
    async close() {
      clearInterval(beating);
      for (const raw of streams) raw.end();
      await server.close();
    },
  };
}

const noLink = (link: string): NodeError => new NodeError('node/link', `no quantum link "${link}" ends at this site`);

function openApi(url: string, reply: FastifyReply): FastifyReply {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const answer = serveOpenApi({
    caller: null,
    method: 'GET',
    path: pathname,
    query: searchParams,
    headers: {},
    body: new Uint8Array(0),
  });
  return reply.code(answer.status).headers(answer.headers).send(answer.body);
}
