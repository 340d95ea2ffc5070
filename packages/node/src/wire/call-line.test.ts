import assert from 'node:assert/strict';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { CallLine, type CallLineOptions, keepLine, MAX_CALL_BYTES } from './call-line.ts';
import { dial, FrameSocket } from './frames.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (message: Uint8Array): string => new TextDecoder().decode(message);
const UNREACHABLE = { name: 'NodeError', code: 'node/peer-unreachable' };

/** A server on loopback; `taken` resolves to the connections in their order. */
async function listen(t: TestContext): Promise<{ port: number; next: () => Promise<Socket> }> {
  const arrived: Socket[] = [];
  const waiting: ((socket: Socket) => void)[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    const next = waiting.shift();
    if (next) next(socket);
    else arrived.push(socket);
  });
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1' }, resolve));
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const next = async (): Promise<Socket> => arrived.shift() ?? new Promise((resolve) => waiting.push(resolve));
  return { port: (server.address() as { port: number }).port, next };
}

const echo = async (message: Uint8Array): Promise<Uint8Array> => bytes(`heard ${text(message)}`);
const lineOf = (options: Partial<CallLineOptions> = {}): CallLine =>
  new CallLine({ peer: 'micius', handle: echo, ...options });

interface Pair {
  readonly satellite: CallLine;
  readonly station: CallLine;
}

/** Two lines over one connection. */
async function pair(t: TestContext, satellite: CallLine, station: CallLine): Promise<Pair> {
  const { port, next } = await listen(t);
  const [socket, accepted] = [await dial(port, 'the satellite'), await next()];
  void satellite.attach(new FrameSocket(accepted));
  void station.attach(socket);
  t.after(() => {
    satellite.close();
    station.close();
  });
  return { satellite, station };
}

/** One end of a line, and at the other a socket that speaks as it likes. */
async function stranger(t: TestContext, line: CallLine): Promise<{ socket: Socket; ended: Promise<void> }> {
  const { port, next } = await listen(t);
  const socket = connect({ port, host: '127.0.0.1' }).on('error', () => undefined);
  const ended = line.attach(new FrameSocket(await next()));
  t.after(() => line.close());
  return { socket, ended };
}

/** A frame as it stands on the wire. */
function frame(kind: number, number: number, message: Uint8Array): Buffer {
  const whole = Buffer.alloc(9 + message.length);
  whole.writeUInt32LE(5 + message.length);
  whole[4] = kind;
  whole.writeUInt32LE(number, 5);
  whole.set(message, 9);
  return whole;
}

test('both ends call at any time, and are answered in any order', async (t) => {
  const order: string[] = [];
  const slow = async (message: Uint8Array): Promise<Uint8Array> => {
    await pause(text(message) === 'first' ? 50 : 0);
    order.push(text(message));
    return echo(message);
  };
  const { satellite, station } = await pair(t, lineOf({ handle: slow }), lineOf());
  const calls = [station.call(bytes('first')), station.call(bytes('second')), satellite.call(bytes('third'))];
  assert.deepEqual((await Promise.all(calls)).map(text), ['heard first', 'heard second', 'heard third']);
  assert.deepEqual(order, ['second', 'first']);
});

test('a call within a call of the other end is answered before it', async (t) => {
  const lines: Pair = await pair(
    t,
    lineOf({ handle: async (message) => bytes(`satellite, ${text(await lines.satellite.call(message))}`) }),
    lineOf(),
  );
  assert.equal(text(await lines.station.call(bytes('you'))), 'satellite, heard you');
});

test('messages of every length that is allowed come back as they were, as many at once as may be', async (t) => {
  const { station } = await pair(t, lineOf({ handle: async (message) => message }), lineOf());
  const longest = new Uint8Array(MAX_CALL_BYTES).map((_, i) => i * 7);
  assert.deepEqual(await station.call(longest), longest);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 5000 }), { minLength: 1, maxLength: 16 }),
      async (messages) => {
        assert.deepEqual(await Promise.all(messages.map((message) => station.call(message))), messages);
      },
    ),
    { numRuns: 50, seed: 3 },
  );
});

test('what is too long, too much or empty is refused here and says nothing', async (t) => {
  const { station } = await pair(t, lineOf({ handle: () => pause(50, bytes('late')) }), lineOf({ maxOpenCalls: 2 }));
  for (const size of [0, MAX_CALL_BYTES + 1]) {
    await assert.rejects(station.call(new Uint8Array(size)), { name: 'NodeError', code: 'node/frame' });
  }
  const open = [station.call(bytes('a')), station.call(bytes('b'))];
  await assert.rejects(station.call(bytes('c')), {
    code: 'node/busy',
    message: '2 calls to micius wait for their answers already',
  });
  assert.deepEqual((await Promise.all(open)).map(text), ['late', 'late']);
  assert.equal(text(await station.call(bytes('d'))), 'late');
});

test('without a connection, and when it ends under a call, there is no answer', async (t) => {
  const line = lineOf();
  await assert.rejects(line.call(bytes('hello')), UNREACHABLE);
  const { socket, ended } = await stranger(t, line);
  const call = line.call(bytes('hello'));
  socket.destroy();
  await assert.rejects(call, UNREACHABLE);
  await ended;
  await assert.rejects(line.call(bytes('hello')), UNREACHABLE);
});

test('an answer that does not come in time ends the line: it would come to somebody else', async (t) => {
  const line = lineOf({ limitMs: 50 });
  const { ended } = await stranger(t, line);
  await assert.rejects(line.call(bytes('hello')), {
    ...UNREACHABLE,
    message: /^micius does not answer: no answer within/,
  });
  await ended;
});

test('whoever breaks the rules is cut off', async (t) => {
  const tooLong = Buffer.alloc(4);
  tooLong.writeUInt32LE(MAX_CALL_BYTES + 6);
  for (const [what, sent] of [
    ['a frame without a head', Buffer.from([4, 0, 0, 0, 0, 1, 0, 0])],
    ['an answer that nobody waits for', frame(1, 7, bytes('x'))],
    ['a frame of another kind', frame(2, 1, bytes('x'))],
    ['a frame longer than any', tooLong],
  ] as const) {
    const line = lineOf();
    const { socket, ended } = await stranger(t, line);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const call = line.call(bytes('hello'));
    socket.resume();
    socket.write(sent);
    await assert.rejects(call, UNREACHABLE, what);
    await ended;
    await closed;
  }
});

test('whoever calls and calls, and waits for nothing, is cut off after few of them', async (t) => {
  let handled = 0;
  const handle = (): Promise<Uint8Array> => {
    handled++;
    return new Promise(() => undefined);
  };
  const { socket, ended } = await stranger(t, lineOf({ handle, maxOpenCalls: 4 }));
  for (let number = 0; number < 1000; number++) socket.write(frame(0, number, bytes('x')));
  await ended;
  assert.equal(handled, 9);
});

test('whoever asks whether we are there and never reads does not fill our memory', async (t) => {
  const { socket, ended } = await stranger(t, lineOf({ handle: async () => new Uint8Array(MAX_CALL_BYTES) }));
  socket.pause();
  for (let number = 0; number < 400; number++) socket.write(frame(0, number, bytes('x')));
  await ended;
});

test('garbage ends the connection and nothing else', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 400 }), async (garbage) => {
      const { socket, ended } = await stranger(t, lineOf());
      socket.resume();
      socket.end(garbage);
      await ended;
    }),
    { numRuns: 60, seed: 5 },
  );
});

test('a handler that fails ends the line, and the caller hears no answer', async (t) => {
  const failing = lineOf({ handle: () => Promise.reject(new Error('the disk is gone')) });
  const { station } = await pair(t, failing, lineOf());
  await assert.rejects(station.call(bytes('hello')), UNREACHABLE);
});

test('a line is dialled again, what waited is told, and the newest connection is the one that counts', async (t) => {
  const { port, next } = await listen(t);
  const satellite = lineOf();
  const station = lineOf();
  let ups = 0;
  let up = (): void => undefined;
  const nextUp = (): Promise<void> =>
    new Promise((resolve) => {
      up = resolve;
    });
  const isUp = nextUp();
  const stop = keepLine(station, () => dial(port, 'the satellite'), {
    redialMs: 1,
    pingMs: 10,
    onUp: () => {
      ups++;
      up();
    },
  });
  t.after(stop);
  const first = await next();
  const old = satellite.attach(new FrameSocket(first));
  await isUp;
  assert.equal(text(await station.call(bytes('one'))), 'heard one');
  // Asked several times whether somebody is there, and no call is made of it.
  await pause(50);
  const again = nextUp();
  first.destroy();
  await old;
  await again;
  void satellite.attach(new FrameSocket(await next()));
  assert.equal(text(await station.call(bytes('two'))), 'heard two');
  assert.equal(text(await satellite.call(bytes('three'))), 'heard three');
  assert.equal(ups, 2);
  // A second one in the same name: the first ends.
  const other = lineOf();
  const socket = await dial(port, 'the satellite');
  void other.attach(socket);
  t.after(() => other.close());
  const taken = await next();
  stop();
  void satellite.attach(new FrameSocket(taken));
  assert.equal(text(await satellite.call(bytes('four'))), 'heard four');
  await assert.rejects(station.call(bytes('five')), UNREACHABLE);
});

test('an end that hangs is found by asking, and the line is made anew', async (t) => {
  const { port, next } = await listen(t);
  const station = lineOf({ limitMs: 30 });
  t.after(keepLine(station, () => dial(port, 'the satellite'), { onUp: () => undefined, redialMs: 1, pingMs: 10 }));
  // It reads and says nothing.
  (await next()).resume();
  const satellite = lineOf();
  void satellite.attach(new FrameSocket(await next()));
  t.after(() => satellite.close());
  assert.equal(text(await satellite.call(bytes('hello'))), 'heard hello');
});
