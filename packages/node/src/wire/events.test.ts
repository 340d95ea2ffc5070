import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { EventHub, followEvents } from './events.ts';
import { listenLocally, localServer } from './http.ts';

const ending: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0)) await end();
});

async function serve(): Promise<{ hub: EventHub; server: FastifyInstance; port: number }> {
  const hub = new EventHub();
  const { server, port } = await serveWith(() => hub);
  return { hub, server, port };
}

/** A server of which the hub is asked for anew with every request. */
async function serveWith(present: () => EventHub): Promise<{ server: FastifyInstance; port: number }> {
  const server = localServer();
  server.get('/api/events', (_request, reply) => present().attach(reply));
  ending.push(async () => {
    present().close();
    await server.close();
  });
  return { server, port: await listenLocally(server, 0, 'the test') };
}

/** Events as a follower hears them; `until` resolves when so many have come. */
class Heard {
  readonly events: [string, unknown][] = [];
  #wake: (() => void) | undefined;

  readonly on = (event: string, data: unknown): void => {
    this.events.push([event, data]);
    this.#wake?.();
  };

  async until(count: number): Promise<[string, unknown][]> {
    while (this.events.length < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.events;
  }
}

function follow(port: number): { heard: Heard; stop: () => Promise<void> } {
  const heard = new Heard();
  const controller = new AbortController();
  const following = followEvents(`http://127.0.0.1:${port}/api/events`, heard.on, controller.signal);
  const stop = async (): Promise<void> => {
    controller.abort();
    await following;
  };
  ending.unshift(stop);
  return { heard, stop };
}

async function open(port: number): Promise<IncomingMessage> {
  const [response] = (await once(get(`http://127.0.0.1:${port}/api/events`), 'response')) as [IncomingMessage];
  response.setEncoding('utf8');
  return response;
}

describe('an event hub', () => {
  it('gives a newcomer the latest of each key, and what comes after', async () => {
    const { hub, port } = await serve();
    hub.publish('sky', { utcMs: 1 });
    hub.publish('node', { nodeId: 'beijing', bits: 0 }, 'node beijing');
    hub.publish('node', { nodeId: 'moscow', bits: 0 }, 'node moscow');
    hub.publish('sky', { utcMs: 2 });
    hub.publish('node', { nodeId: 'beijing', bits: 8 }, 'node beijing');
    const { heard } = follow(port);
    assert.deepEqual(await heard.until(3), [
      ['sky', { utcMs: 2 }],
      ['node', { nodeId: 'beijing', bits: 8 }],
      ['node', { nodeId: 'moscow', bits: 0 }],
    ]);
    hub.publish('sky', { utcMs: 3 });
    assert.deepEqual((await heard.until(4)).at(-1), ['sky', { utcMs: 3 }]);
  });

  it('does not repeat a state that has not changed', async () => {
    const { hub, port } = await serve();
    const { heard } = follow(port);
    hub.publish('sky', { utcMs: 1 });
    await heard.until(1);
    hub.publish('sky', { utcMs: 1 });
    hub.publish('sky', { utcMs: 2 });
    assert.deepEqual(await heard.until(2), [
      ['sky', { utcMs: 1 }],
      ['sky', { utcMs: 2 }],
    ]);
  });

  it('speaks the event-stream format, uncached, line breaks in a text included', async () => {
    const { hub, port } = await serve();
    hub.publish('sky', { text: 'two\nlines\r\nand a third: é' });
    const response = await open(port);
    assert.equal(response.headers['content-type'], 'text/event-stream; charset=utf-8');
    assert.equal(response.headers['cache-control'], 'no-store');
    assert.match(String(response.headers['content-security-policy']), /default-src 'self'/);
    let text = '';
    for await (const part of response) {
      text += part;
      if (text.includes('data: ')) break;
    }
    assert.equal(text, 'retry: 1000\n\nevent: sky\ndata: {"text":"two\\nlines\\r\\nand a third: é"}\n\n');
  });

  it('drops a listener who reads too slowly, and only that one', async () => {
    const { hub, port } = await serve();
    const slow = connect({ port, host: '127.0.0.1' });
    slow.pause();
    slow.write(`GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    const { heard } = follow(port);
    hub.publish('sky', { number: -1 });
    await heard.until(1);
    const ballast = 'x'.repeat(500_000);
    for (let number = 0; number < 60; number++) {
      hub.publish('sky', { number, ballast });
      await heard.until(number + 2);
    }
    let read = 0;
    slow.on('data', (part) => {
      read += part.length;
    });
    slow.on('error', () => undefined);
    slow.resume();
    await once(slow, 'close');
    assert.ok(read < 60 * 500_000, 'the slow listener got everything');
    assert.deepEqual(
      heard.events.map(([, data]) => (data as { number: number }).number),
      Array.from({ length: 61 }, (_, i) => i - 1),
    );
  });

  it('survives publishing in a row to a listener whom it has just dropped', async () => {
    const { hub, port } = await serve();
    const slow = connect({ port, host: '127.0.0.1' });
    ending.unshift(() => slow.destroy());
    slow.on('error', () => undefined);
    slow.write(`GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    await once(slow, 'data');
    slow.pause();
    const ballast = 'x'.repeat(5_000_000);
    for (let number = 0; number < 6; number++) hub.publish('sky', { number, ballast });
    for (let i = 0; i < 20; i++) await turn();
    const { heard } = follow(port);
    assert.equal(((await heard.until(1))[0]![1] as { number: number }).number, 5);
  });

  it('ends every stream when it is closed', async () => {
    const { hub, server, port } = await serve();
    const response = await open(port);
    response.resume();
    hub.close();
    await once(response, 'end');
    await server.close();
  });
});

describe('a follower', () => {
  it('comes back when the other process does, and hears where things stand now', async () => {
    let hub = new EventHub();
    const { port } = await serveWith(() => hub);
    const { heard } = follow(port);
    hub.publish('sky', { life: 1 });
    await heard.until(1);
    const first = hub;
    hub = new EventHub();
    hub.publish('sky', { life: 2 });
    first.close();
    assert.deepEqual(await heard.until(2), [
      ['sky', { life: 1 }],
      ['sky', { life: 2 }],
    ]);
  });

  it('goes on asking a process that hangs up, until it answers', async () => {
    const { hub, server, port } = await serve();
    hub.publish('sky', { utcMs: 1 });
    let refused = 0;
    server.server.on('connection', (socket) => {
      if (refused++ === 0) socket.destroy();
    });
    const { heard } = follow(port);
    assert.deepEqual(await heard.until(1), [['sky', { utcMs: 1 }]]);
    assert.ok(refused > 1);
  });

  it('puts events together however the stream is cut, and skips comments', async () => {
    const bytes = Buffer.from(
      'retry: 1000\n\n: still here\n\nevent: a\ndata: {"text":"é\u2028€"}\n\nevent: b\ndata: 2\n\nevent: c\ndata: half',
    );
    const server = createServer(async (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const byte of bytes) {
        response.write(Buffer.of(byte));
        await turn();
      }
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { heard, stop } = follow((server.address() as { port: number }).port);
    assert.deepEqual(await heard.until(2), [
      ['a', { text: 'é\u2028€' }],
      ['b', 2],
    ]);
    await stop();
    server.closeAllConnections();
    server.close();
    assert.equal(heard.events.length, 2);
  });

  it('ends at once when it is told to, also while it waits to try again', async () => {
    const { server, port } = await serve();
    await server.close();
    const { stop } = follow(port);
    for (let i = 0; i < 200; i++) await turn();
    let ended = false;
    void stop().then(() => {
      ended = true;
    });
    for (let i = 0; i < 20 && !ended; i++) await turn();
    assert.ok(ended);
  });
});
