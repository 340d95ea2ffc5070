import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { dial, FrameSocket, frameText, textFrame } from './frames.ts';

const GONE = { name: 'DistillError', code: 'distill/peer-gone' };
const opened: { destroy(): void }[] = [];
afterEach(() => {
  for (const end of opened.splice(0)) end.destroy();
});

/** Both ends of a connection: one speaks frames, the other is a bare socket that may do what it likes. */
async function connection(options?: { silenceLimitMs: number }): Promise<{ frames: FrameSocket; raw: Socket }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const frames = await dial((server.address() as { port: number }).port, 'the test', options);
  const [raw] = await accepted;
  server.close();
  raw.on('error', () => undefined);
  opened.push({ destroy: () => frames.close() }, raw);
  return { frames, raw };
}

/** Both ends speak frames. */
async function pair(): Promise<[FrameSocket, FrameSocket]> {
  const { frames, raw } = await connection();
  return [frames, new FrameSocket(raw)];
}

/** Many turns of the event loop: whatever can happen without another act has happened. */
async function settle(): Promise<void> {
  for (let i = 0; i < 100; i++) await turn();
}

function encoded(messages: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    messages.flatMap((message) => {
      const head = Buffer.alloc(4);
      head.writeUInt32LE(message.length);
      return [head, Buffer.from(message)];
    }),
  );
}

describe('a frame socket', () => {
  it('gives the messages back however the stream is cut', async () => {
    const { frames, raw } = await connection();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1, maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 20 }),
        async (messages, cuts) => {
          const stream = encoded(messages);
          for (let from = 0, i = 0; from < stream.length; i++) {
            const to = from + cuts[i % cuts.length]!;
            raw.write(stream.subarray(from, to));
            await turn();
            from = to;
          }
          for (const message of messages) assert.deepEqual(await frames.receive(), message);
        },
      ),
      { seed: 11, numRuns: 60 },
    );
  });

  it('carries empty messages and long ones, both ways, and counts every byte', async () => {
    const [one, other] = await pair();
    const long = new Uint8Array(3_000_000).map((_, i) => i * 31);
    for (const message of [new Uint8Array(0), Uint8Array.of(1), long]) {
      const [received] = await Promise.all([other.receive(), one.send(message)]);
      assert.deepEqual(received, message);
      const [back] = await Promise.all([one.receive(), other.send(received)]);
      assert.deepEqual(back, message);
    }
    assert.equal(one.bytes, 2 * (3 * 4 + 1 + long.length));
    assert.equal(other.bytes, one.bytes);
  });

  it('hands out arrays of their own, aligned for numbers', async () => {
    const [one, other] = await pair();
    await one.send(Uint8Array.of(7));
    await one.send(new Uint8Array(Float64Array.of(0.1, 2 ** 52).buffer));
    await other.receive();
    const frame = await other.receive();
    assert.equal(frame.byteOffset, 0);
    assert.equal(frame.buffer.byteLength, 16);
    assert.deepEqual(new Float64Array(frame.buffer), Float64Array.of(0.1, 2 ** 52));
  });

  it('lets the sender use its array again at once', async () => {
    const [one, other] = await pair();
    // More than the operating system takes at once.
    const message = new Uint8Array(16 << 20).fill(1);
    const sent = one.send(message);
    message.fill(0);
    const [received] = await Promise.all([other.receive(), sent]);
    assert.ok(received.every((byte) => byte === 1));
  });

  it('hangs up on an impossible length, after the messages before it', async () => {
    for (const length of [64 * 1024 * 1024 + 1, 0xffff_ffff]) {
      const { frames, raw } = await connection();
      const garbage = Buffer.alloc(4);
      garbage.writeUInt32LE(length);
      raw.write(Buffer.concat([encoded([Uint8Array.of(5)]), garbage, Buffer.alloc(100)]));
      assert.deepEqual(await frames.receive(), Uint8Array.of(5));
      await assert.rejects(frames.receive(), {
        ...GONE,
        message: new RegExp(`announced a message of ${length} bytes`),
      });
      if (!raw.closed) await once(raw, 'close');
    }
  });

  it('does not send what no peer would accept', async () => {
    const [one, other] = await pair();
    await assert.rejects(one.send(new Uint8Array(64 * 1024 * 1024 + 1)), { name: 'NodeError', code: 'node/frame' });
    await one.send(Uint8Array.of(1));
    assert.deepEqual(await other.receive(), Uint8Array.of(1));
  });

  it('never delivers half a message', async () => {
    const stream = encoded([Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5, 6)]);
    for (let cut = 0; cut < stream.length; cut++) {
      const { frames, raw } = await connection();
      raw.end(stream.subarray(0, cut));
      if (cut >= 7) assert.deepEqual(await frames.receive(), Uint8Array.of(1, 2, 3));
      await assert.rejects(frames.receive(), GONE);
      await assert.rejects(frames.send(Uint8Array.of(1)), GONE);
    }
  });

  it('gives up on a peer that falls silent in the middle of a message', async () => {
    const { frames, raw } = await connection({ silenceLimitMs: 20 });
    raw.write(encoded([textFrame('a whole message')]).subarray(0, 9));
    await assert.rejects(frames.receive(), { ...GONE, message: /it was silent for 0.02 s/ });
    await once(raw, 'close');
  });

  it('makes a sender wait for a peer that does not read', async () => {
    const { frames, raw } = await connection();
    raw.pause();
    const message = new Uint8Array(1 << 20).fill(9);
    let sent = 0;
    const sending = (async () => {
      for (; sent < 64; sent++) await frames.send(message);
    })();
    await settle();
    assert.ok(sent < 64, `${sent} MiB were taken although nobody read one`);
    let arrived = 0;
    raw.on('data', (data: Buffer) => {
      arrived += data.length;
    });
    raw.resume();
    await sending;
    frames.close();
    await once(raw, 'end');
    assert.equal(arrived, 64 * (message.length + 4));
  });

  it('stops reading when its own reader is slow, and loses nothing', async () => {
    const [one, other] = await pair();
    const total = 400;
    let sent = 0;
    const sending = (async () => {
      for (; sent < total; sent++) await one.send(new Uint8Array(100_000).fill(sent));
    })();
    for (let before = -1; before < other.bytes; ) {
      before = other.bytes;
      await settle();
    }
    assert.ok(other.bytes < 70 * 100_004, `${other.bytes} bytes wait unread in memory`);
    for (let i = 0; i < total; i++) {
      const frame = await other.receive();
      assert.equal(frame.length, 100_000);
      assert.equal(frame[i], i % 256);
    }
    await sending;
  });

  it('tells everyone who waits when the peer dies: readers, and senders without room', async () => {
    const { frames, raw } = await connection();
    raw.pause();
    const receiving = [frames.receive(), frames.receive()];
    const sending = frames.send(new Uint8Array(32 << 20));
    await turn();
    raw.destroy();
    for (const waiting of [...receiving, sending]) await assert.rejects(waiting, GONE);
    await assert.rejects(frames.receive(), GONE);
    await assert.rejects(frames.send(Uint8Array.of(1)), GONE);
  });

  it('tells them at once when it is closed on this side', async () => {
    const { frames, raw } = await connection();
    raw.pause();
    const receiving = frames.receive();
    const sending = frames.send(new Uint8Array(32 << 20));
    await turn();
    frames.close();
    for (const waiting of [receiving, sending]) {
      await assert.rejects(waiting, { ...GONE, message: 'the peer is gone: the connection was closed on this side' });
    }
  });

  it('still delivers what was sent before it was closed', async () => {
    const [one, other] = await pair();
    const message = new Uint8Array(2_000_000).fill(3);
    const received = (async () => [await other.receive(), await other.receive()])();
    await one.send(message);
    void one.send(Uint8Array.of(8)).catch(() => undefined);
    one.close();
    assert.deepEqual(await received, [message, Uint8Array.of(8)]);
    await assert.rejects(other.receive(), GONE);
  });

  it('goes away although a peer never reads the rest', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { frames, raw } = await connection();
    raw.pause();
    void frames.send(new Uint8Array(32 << 20)).catch(() => undefined);
    await turn();
    frames.close();
    await settle();
    t.mock.timers.tick(2000);
    raw.resume();
    let arrived = 0;
    raw.on('data', (data: Buffer) => {
      arrived += data.length;
    });
    await once(raw, 'close');
    assert.ok(arrived < 32 << 20);
  });
});

describe('dial', () => {
  it('says who does not answer, and where', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    server.close();
    await once(server, 'close');
    await assert.rejects(dial(port, 'the satellite'), {
      name: 'NodeError',
      code: 'node/peer-unreachable',
      message: new RegExp(`^the satellite does not answer on 127\\.0\\.0\\.1:${port} \\(.*ECONNREFUSED`),
    });
  });
});

describe('a frame of text', () => {
  it('is UTF-8 both ways', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => assert.equal(frameText(textFrame(text)), text)),
      { seed: 3 },
    );
  });

  it('is empty when it is no text, or too much of it', () => {
    assert.equal(frameText(Uint8Array.of(0xff, 0xfe)), '');
    assert.equal(frameText(new Uint8Array(65537).fill(65)), '');
    assert.equal(frameText(new Uint8Array(65536).fill(65)).length, 65536);
  });
});
