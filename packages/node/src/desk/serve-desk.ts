/** The page of a desk and its words, files and calls, served by its own site and by nobody else. */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { NodeError } from '../error.ts';
import { EventStreams, eventText } from '../wire/event-streams.ts';
import type { Desk, Person } from './desk.ts';
import { type SignIn, serveSignIn } from './sign-in/index.ts';

/** Stricter than what the console has: nothing on a desk's page needs a style from elsewhere than its own sheets. */
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
  "worker-src 'self'; font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const PAGE = 50;
const MAX_PAGE = 200;
const CLOCK_MS = 5000;

const message = z.strictObject({ text: z.string(), sealing: z.enum(['sealed', 'hybrid']) });
const emergency = z.strictObject({ text: z.string() });
const call = z.strictObject({
  kind: z.enum(['voice', 'video']),
  sealing: z.enum(['sealed', 'hybrid']).default('hybrid'),
});
const callId = z.strictObject({ id: z.string(), reason: z.string().max(200).optional() });
const callSignal = z.strictObject({ id: z.string(), signal: z.record(z.string(), z.unknown()) });
const lease = z.strictObject({
  id: z.string(),
  session: z.string().max(64),
  have: z.array(z.string().max(64)).max(256),
});
const alarmReason = z.strictObject({ reason: z.string().min(1).max(200) });
const approval = z.strictObject({ alarmId: z.string() });
const record = z.strictObject({ on: z.boolean() });
const retention = z.strictObject({ days: z.number().int().min(1).max(36_500).nullable() });

export interface ServeDeskOptions {
  readonly desk: Desk;
  readonly signIn: SignIn;
  /** Folder of the built console. */
  readonly pages: string;
  /** STUN and TURN servers for calls beyond a local network; none by default. */
  readonly iceServers: readonly { readonly urls: string; readonly username?: string; readonly credential?: string }[];
}

/** Adds the routes of a desk to a server of its own. Returns the way to end its event streams. */
export async function serveDesk(server: FastifyInstance, options: ServeDeskOptions): Promise<() => void> {
  const { desk, signIn, pages, iceServers } = options;
  server.addHook('onRequest', async (_request, reply) => {
    reply.header('content-security-policy', CONTENT_SECURITY_POLICY);
  });
  await server.register(fastifyStatic, { root: pages, index: false, cacheControl: false, dotfiles: 'deny' });
  server.get('/', (_request, reply) =>
    reply.type('text/html; charset=utf-8').send(createReadStream(join(pages, 'desk.html'))),
  );
  const door = serveSignIn(server, { signIn });

  const streams = new EventStreams();
  const stopListening = desk.listen(({ event, data }) => streams.listening && streams.send(eventText(event, data)));
  const clock = setInterval(() => streams.listening && streams.send(eventText('desk', desk.state())), CLOCK_MS);

  // Everything below is for persons who have signed in; the role is checked again in each request.
  const speaker = { onRequest: door.require('speaker') };
  const operator = { onRequest: door.require('operator') };
  const approver = { onRequest: door.require('approver') };
  const person = (request: FastifyRequest): Person => door.personOf(request)!;

  server.get('/api/state', speaker, () => desk.state());
  server.get('/api/events', speaker, (request, reply) => {
    // A person who signs out, or is removed, hears nothing more.
    streams.attach(reply, [eventText('desk', desk.state())], () => door.personOf(request) !== undefined);
  });

  server.post('/api/messages', speaker, (request) => {
    const { text, sealing } = read(message, request.body);
    return desk.say(person(request), text, sealing);
  });
  server.post('/api/emergency', speaker, (request) =>
    desk.sayEmergency(person(request), read(emergency, request.body).text),
  );
  server.get<{ Querystring: { before?: string; limit?: string } }>('/api/messages', speaker, ({ query }) => ({
    messages: desk.page(query.before, Math.min(MAX_PAGE, Number(query.limit ?? PAGE) || PAGE)),
  }));
  server.get<{ Querystring: { q?: string } }>('/api/search', speaker, async ({ query }) => ({
    messages: await desk.search(query.q ?? '', MAX_PAGE),
  }));

  await server.register(async (upload) => {
    // The body of a file is taken as it comes, piece by piece.
    upload.removeAllContentTypeParsers();
    upload.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    upload.post('/api/files', { ...speaker, bodyLimit: Number.MAX_SAFE_INTEGER }, (request) => {
      const { name, bytes } = fileHead(request);
      return desk.sendFile(name, bytes, request.body as Readable);
    });
  });
  server.get<{ Params: { id: string } }>('/api/files/:id', speaker, ({ params }, reply) => {
    const { file, content } = desk.readFile(params.id);
    return sendFile(reply, file.name, file.bytes, content);
  });
  for (const what of ['pause', 'resume', 'cancel'] as const) {
    server.post<{ Params: { id: string } }>(`/api/files/:id/${what}`, speaker, async ({ params }) => {
      await desk.steerFile(params.id, what);
      return {};
    });
  }

  server.get('/api/record', speaker, (_request, reply) =>
    reply.header('cache-control', 'no-store').send(desk.recordDocument()),
  );
  server.post('/api/record', speaker, async ({ body }) => {
    await desk.record(read(record, body).on);
    return {};
  });
  server.post('/api/alarm/raise', speaker, async (request) => {
    const { reason } = read(alarmReason, request.body);
    const { name } = person(request);
    await desk.alarm({ class: 'operator', foundBy: name, link: 'hotline', reason });
    return {};
  });
  server.post('/api/alarm/approve', approver, async (request) => {
    await desk.approve(person(request), read(approval, request.body).alarmId);
    return {};
  });
  server.post('/api/alarm/withdraw', approver, async (request) => {
    await desk.withdraw(person(request));
    return {};
  });
  server.post('/api/retention', operator, async ({ body }) => {
    await desk.retain(read(retention, body).days);
    return {};
  });

  server.post('/api/noted', operator, async () => {
    await desk.noted();
    return {};
  });

  server.get('/api/call/servers', speaker, () => iceServers);
  server.post('/api/call', speaker, ({ body }) => {
    const { kind, sealing } = read(call, body);
    return desk.ring(kind, sealing);
  });
  server.post('/api/call/accept', speaker, ({ body }) => desk.acceptCall(read(callId, body).id));
  server.post('/api/call/end', speaker, async ({ body }) => {
    const { id, reason = '' } = read(callId, body);
    await desk.endCall(id, reason);
    return {};
  });
  server.post('/api/call/signal', speaker, async ({ body }) => {
    const { id, signal } = read(callSignal, body);
    await desk.signalCall(id, signal);
    return {};
  });
  server.post('/api/call/lease', speaker, async ({ body }, reply) => {
    const { id, have } = read(lease, body);
    const { keys, pads, ...rest } = await desk.lease(id, have);
    return reply.header('cache-control', 'no-store').send({
      ...rest,
      keys: keys.map(({ baseKey, ...key }) => ({ ...key, baseKey: handedOver(baseKey) })),
      pads: pads.map(({ bytes, ...pad }) => ({ ...pad, bytes: handedOver(bytes) })),
    });
  });

  return () => {
    clearInterval(clock);
    stopListening();
    streams.close();
  };
}

/** Base64; the bytes are overwritten. */
function handedOver(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('base64');
  bytes.fill(0);
  return text;
}

function read<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new NodeError(
    'desk/request',
    `the request is not understood: ${issue!.path.join('.') || 'body'}: ${issue!.message}`,
  );
}

function fileHead(request: FastifyRequest): { name: string; bytes: number } {
  const { 'x-skykey-name': named, 'content-length': length } = request.headers;
  const bytes = Number(length);
  if (typeof named !== 'string' || !Number.isSafeInteger(bytes)) {
    throw new NodeError('desk/request', 'a file needs its name in the header x-skykey-name and its content-length');
  }
  try {
    return { name: decodeURIComponent(named), bytes };
  } catch {
    throw new NodeError('desk/request', 'the name of the file in x-skykey-name is not percent-encoded UTF-8');
  }
}

/** Always as a download: nothing that the other side sends is ever shown by this origin. */
function sendFile(reply: FastifyReply, name: string, bytes: number, content: AsyncIterable<Uint8Array>): FastifyReply {
  return reply
    .headers({
      'content-type': 'application/octet-stream',
      'content-length': bytes,
      'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(name)}`,
      'content-security-policy': 'sandbox',
      'cache-control': 'no-store',
    })
    .send(Readable.from(content, { objectMode: false }));
}
