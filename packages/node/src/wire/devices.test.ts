import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { DetectionChunk } from '@skykey/distill';
import type { Detections, Emissions } from '@skykey/photons';
import fc from 'fast-check';
import { NodeError } from '../error.ts';
import {
  DeviceServer,
  type EmissionSource,
  openReceiver,
  openTransmitter,
  type PassAnnouncement,
  type ReceiverDevice,
  type TransmitterDevice,
} from './devices.ts';
import { dial, FrameSocket, textFrame } from './frames.ts';

const RECEIVER = 'receiver xinglong';
const TRANSMITTER = 'transmitter micius';
const TOKENS = new Map([
  [RECEIVER, 'the-receiver-of-xinglong'],
  [TRANSMITTER, 'the-transmitter-of-micius'],
  ['receiver zvenigorod', 'the-receiver-of-zvenigorod'],
]);
const GONE = { name: 'DistillError', code: 'distill/peer-gone' };

const pass = (passId: string): PassAnnouncement => ({
  passId,
  linkId: 'micius-beijing',
  startMs: 1_482_166_123_000,
  pulses: 1e9,
  binS: 0.1,
});

const closing: { close(): void }[] = [];
afterEach(() => {
  for (const open of closing.splice(0)) open.close();
});
const kept = <T extends { close(): void }>(open: T): T => {
  closing.push(open);
  return open;
};

/** What was asked of the transmitter, and an answer that depends on the slot alone. */
class Recorded implements EmissionSource {
  readonly asked: { passId: string; slots: Float64Array }[] = [];

  emissions(passId: string, slots: Float64Array): Emissions {
    this.asked.push({ passId, slots });
    if (passId === 'unknown') throw new NodeError('sky/no-pass', 'the transmitter has no record of a pass "unknown"');
    return {
      slot: slots,
      intensity: Uint8Array.from(slots, (slot) => slot % 3),
      basis: Uint8Array.from(slots, (slot) => slot % 2),
      bit: Uint8Array.from(slots, (slot) => Math.floor(slot / 2) % 2),
    };
  }
}

async function serve(): Promise<{ server: DeviceServer; port: number; source: Recorded }> {
  const source = new Recorded();
  const server = kept(new DeviceServer(TOKENS, source));
  return { server, port: await server.listen(0), source };
}

async function connected(): Promise<{
  server: DeviceServer;
  port: number;
  source: Recorded;
  receiver: ReceiverDevice;
  transmitter: TransmitterDevice;
}> {
  const { server, port, source } = await serve();
  const receiver = kept(await openReceiver(port, 'xinglong', TOKENS.get(RECEIVER)!));
  const transmitter = kept(await openTransmitter(port, 'micius', TOKENS.get(TRANSMITTER)!));
  await server.connected([RECEIVER, TRANSMITTER]);
  return { server, port, source, receiver, transmitter };
}

/** A connection that said hello and now says what it likes. */
async function bare(port: number, hello: string): Promise<FrameSocket> {
  const frames = kept(await dial(port, 'the test'));
  await frames.send(textFrame(hello));
  return frames;
}

const detectionsOf = (rows: readonly (readonly [number, number, number])[]): Detections => ({
  slot: Float64Array.from(rows, ([slot]) => slot),
  detector: Uint8Array.from(rows, ([, detector]) => detector),
  offsetPs: Int16Array.from(rows, ([, , offsetPs]) => offsetPs),
});

async function collect(chunks: AsyncIterable<DetectionChunk>): Promise<DetectionChunk[]> {
  const all: DetectionChunk[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
}

describe('the token of a device', () => {
  it('lets its holder in and nobody else', async () => {
    const { server, port } = await serve();
    const right = TOKENS.get(RECEIVER)!;
    for (const hello of [
      'skykey-device/1 receiver xinglong wrong-token-of-some-length',
      `skykey-device/1 receiver xinglong ${right.slice(0, -1)}`,
      `skykey-device/1 receiver xinglong ${right}x`,
      `skykey-device/1 receiver xinglong ${right.toUpperCase()}`,
      'skykey-device/1 receiver xinglong',
      'skykey-device/1 receiver xinglong ',
      `skykey-device/1 receiver zvenigorod ${right}`,
      `skykey-device/1 transmitter xinglong ${right}`,
      `skykey-device/1 transmitter micius ${right}`,
      `skykey-device/1 receiver nowhere ${right}`,
      `skykey-device/2 receiver xinglong ${right}`,
      `receiver xinglong ${right}`,
      'skykey-device/1 __proto__ x y',
      '',
    ]) {
      const frames = await bare(port, hello);
      await assert.rejects(frames.receive(), GONE, hello);
    }
    assert.equal(server.has(RECEIVER) || server.has(TRANSMITTER), false);
    await bare(port, `skykey-device/1 receiver xinglong ${right}`);
    await server.connected([RECEIVER]);
  });

  it('is missed by a node that has the wrong one: its device is gone, no pass ever comes', async () => {
    const { server, port } = await serve();
    const receiver = kept(await openReceiver(port, 'xinglong', 'not the token of this device'));
    await assert.rejects(receiver.nextPass(), { code: 'node/device', message: /^the receiver device is gone: / });
    const transmitter = kept(await openTransmitter(port, 'micius', 'not the token of this device'));
    await assert.rejects(transmitter.nextPass(), { code: 'node/device', message: /^the transmitter device is gone: / });
    await server.announce(pass('a'), RECEIVER, TRANSMITTER);
  });
});

describe('a receiver', () => {
  it('gets its detections bit for bit, in order, with the slots that were watched', async () => {
    const { server, receiver } = await connected();
    const row = fc.tuple(fc.maxSafeNat(), fc.integer({ min: 0, max: 3 }), fc.integer({ min: -32768, max: 32767 }));
    let number = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(row, { maxLength: 40 }), { maxLength: 6 }), async (bins) => {
        const announced = pass(`pass-${number++}`);
        await server.announce(announced, RECEIVER, TRANSMITTER);
        for (const [i, bin] of bins.entries()) await server.detections(RECEIVER, detectionsOf(bin), (i + 1) * 1e7);
        await server.finish(announced.passId, true, RECEIVER, TRANSMITTER);
        const next = await receiver.nextPass();
        assert.deepEqual(next.pass, announced);
        assert.deepEqual(
          await collect(next.chunks),
          bins.map((bin, i) => ({
            slot: detectionsOf(bin).slot,
            detector: detectionsOf(bin).detector,
            untilSlot: (i + 1) * 1e7,
          })),
        );
      }),
      { seed: 5, numRuns: 40 },
    );
  });

  it('hears the clock', async () => {
    const { server, receiver, transmitter } = await connected();
    assert.equal(receiver.missionMs(), 0);
    await server.clock(1_482_166_123_456.7);
    await server.announce(pass('a'), RECEIVER, TRANSMITTER);
    await Promise.all([receiver.nextPass(), transmitter.nextPass()]);
    assert.equal(receiver.missionMs(), 1_482_166_123_456.7);
    assert.equal(transmitter.missionMs(), 1_482_166_123_456.7);
  });

  it('is told that a pass was cut, by an error after the detections that it has', async () => {
    const { server, receiver } = await connected();
    await server.announce(pass('cut'), RECEIVER, TRANSMITTER);
    await server.detections(RECEIVER, detectionsOf([[4, 1, 0]]), 1e7);
    await server.finish('cut', false, RECEIVER, TRANSMITTER);
    const { chunks } = await receiver.nextPass();
    const seen: DetectionChunk[] = [];
    await assert.rejects(
      async () => {
        for await (const chunk of chunks) seen.push(chunk);
      },
      { name: 'NodeError', code: 'node/pass-cut', message: 'the pass cut was cut short' },
    );
    assert.deepEqual(
      seen.map(({ slot }) => slot[0]),
      [4],
    );
  });

  it('is told so too when the device vanishes in the middle of a pass', async () => {
    const { server, receiver } = await connected();
    await server.announce(pass('a'), RECEIVER, TRANSMITTER);
    const { chunks } = await receiver.nextPass();
    const reading = collect(chunks);
    server.close();
    await assert.rejects(reading, {
      code: 'node/device',
      message: /^the receiver device stopped in the middle of a pass: /,
    });
    await assert.rejects(receiver.nextPass(), { code: 'node/device' });
  });

  it('is told so too when the next pass begins before this one was ended', async () => {
    const { server, receiver } = await connected();
    await server.announce(pass('first'), RECEIVER, TRANSMITTER);
    await server.announce(pass('second'), RECEIVER, TRANSMITTER);
    await server.finish('second', true, RECEIVER, TRANSMITTER);
    const [first, second] = [await receiver.nextPass(), await receiver.nextPass()];
    await assert.rejects(collect(first.chunks), { code: 'node/pass-cut', message: 'the pass first was cut short' });
    assert.deepEqual(await collect(second.chunks), []);
  });

  it('cannot learn what was sent: a question for emissions ends its connection, unanswered', async () => {
    const { server, port, source } = await serve();
    // The very frame that a transmitter's node sends, caught on its way.
    const question = await questionFor('a', Float64Array.of(0, 1, 2));
    const spy = await bare(port, `skykey-device/1 receiver xinglong ${TOKENS.get(RECEIVER)}`);
    await server.connected([RECEIVER]);
    await spy.send(question);
    await assert.rejects(spy.receive(), GONE);
    assert.deepEqual(source.asked, []);
    assert.equal(server.has(RECEIVER), false);
    // The same frame from the transmitter is answered, so it was the role that refused it.
    const alice = await bare(port, `skykey-device/1 transmitter micius ${TOKENS.get(TRANSMITTER)}`);
    await alice.send(question);
    assert.deepEqual(await alice.receive(), Uint8Array.of(3, 0, 1, 2, 0, 1, 0, 0, 0, 1));
  });

  it('cannot become a transmitter by a second hello', async () => {
    const { port, source } = await serve();
    const spy = await bare(port, `skykey-device/1 receiver xinglong ${TOKENS.get(RECEIVER)}`);
    await spy.send(textFrame(`skykey-device/1 transmitter micius ${TOKENS.get(TRANSMITTER)}`));
    await spy.send(await questionFor('a', Float64Array.of(0))).catch(() => undefined);
    await assert.rejects(spy.receive(), GONE);
    assert.deepEqual(source.asked, []);
  });

  it('hears nothing of other devices', async () => {
    const { server, port } = await serve();
    const mine = await bare(port, `skykey-device/1 receiver xinglong ${TOKENS.get(RECEIVER)}`);
    await bare(port, `skykey-device/1 receiver zvenigorod ${TOKENS.get('receiver zvenigorod')}`);
    await server.connected([RECEIVER, 'receiver zvenigorod']);
    await server.announce(pass('moscow'), 'receiver zvenigorod', TRANSMITTER);
    await server.detections('receiver zvenigorod', detectionsOf([[1, 2, 3]]), 1e7);
    await server.finish('moscow', true, 'receiver zvenigorod', TRANSMITTER);
    await server.clock(1);
    assert.match(new TextDecoder().decode((await mine.receive()).subarray(1)), /"type":"clock"/);
  });
});

/** A device as its node sees it, and the other end of its line, to play the hardware on. */
async function facing<T extends ReceiverDevice | TransmitterDevice>(
  open: (port: number, id: string, token: string) => Promise<T>,
): Promise<{ device: T; socket: Socket }> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const accepted = once(listener, 'connection') as Promise<[Socket]>;
  const device = kept(await open((listener.address() as { port: number }).port, 'one', 'token'));
  const [socket] = await accepted;
  listener.close();
  return { device, socket };
}

/** The frame by which a transmitter's node asks what was sent in these slots. */
async function questionFor(passId: string, slots: Float64Array): Promise<Uint8Array> {
  const { device, socket } = await facing(openTransmitter);
  const other = kept(new FrameSocket(socket));
  device.emissions(passId, slots).catch(() => undefined);
  await other.receive();
  return other.receive();
}

describe('a transmitter', () => {
  it('says what was sent in the slots it is asked for, row by row', async () => {
    const { source, transmitter } = await connected();
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 90 }),
        fc.array(fc.maxSafeNat(), { maxLength: 300 }),
        async (passId, list) => {
          const slots = Float64Array.from(list);
          const record = await transmitter.emissions(`p${passId}`, slots);
          assert.deepEqual(source.asked.at(-1), { passId: `p${passId}`, slots });
          assert.deepEqual({ slot: slots, ...record }, new Recorded().emissions('p', slots));
        },
      ),
      { seed: 6, numRuns: 60 },
    );
  });

  it('answers questions in the order in which they were asked', async () => {
    const { transmitter } = await connected();
    const slots = Array.from({ length: 20 }, (_, i) => new Float64Array(i).fill(i));
    const answers = await Promise.all(slots.map((list) => transmitter.emissions('a', list)));
    for (const [i, { intensity }] of answers.entries()) assert.deepEqual(intensity, new Uint8Array(i).fill(i % 3));
  });

  it('answers a question of 200 000 slots', async () => {
    const { transmitter } = await connected();
    const slots = new Float64Array(200_000).map((_, i) => i * 7);
    const { bit } = await transmitter.emissions('a', slots);
    assert.equal(bit.length, slots.length);
    assert.equal(bit[199_999], Math.floor((199_999 * 7) / 2) % 2);
  });

  it('never gets a detection', async () => {
    const { server, port } = await serve();
    const alice = await bare(port, `skykey-device/1 transmitter micius ${TOKENS.get(TRANSMITTER)}`);
    await server.connected([TRANSMITTER]);
    await server.announce(pass('a'), RECEIVER, TRANSMITTER);
    await server.detections(RECEIVER, detectionsOf([[1, 2, 3]]), 1e7);
    await server.finish('a', true, RECEIVER, TRANSMITTER);
    for (const type of ['pass-start', 'pass-end']) {
      const frame = await alice.receive();
      assert.equal(frame[0], 1);
      assert.match(new TextDecoder().decode(frame.subarray(1)), new RegExp(`"type":"${type}"`));
    }
  });

  it('fails the question when the pass is unknown, and the next pass with it', async () => {
    const { transmitter } = await connected();
    await assert.rejects(transmitter.emissions('unknown', Float64Array.of(1)), { code: 'node/device' });
    await assert.rejects(transmitter.nextPass(), { code: 'node/device', message: /^the transmitter device is gone: / });
    await assert.rejects(transmitter.emissions('a', Float64Array.of(1)), GONE);
  });

  it('fails every open question when the device vanishes, whether asked or still on its way', async () => {
    const { device, socket } = await facing(openTransmitter);
    socket.pause();
    // The first fits into the buffers of the connection, the second does not: it waits for room.
    const questions = [device.emissions('a', new Float64Array(1)), device.emissions('a', new Float64Array(4_000_000))];
    await turn();
    socket.destroy();
    for (const answer of questions) {
      await assert.rejects(answer, (error: { code?: string }) =>
        ['node/device', 'distill/peer-gone'].includes(error.code ?? ''),
      );
    }
    // An error that nobody hears would end the process: give it the time to.
    await turn();
  });
});

describe('a node', () => {
  it('hangs up on a device that speaks garbage, or answers what was not asked', async () => {
    for (const open of [openReceiver, openTransmitter]) {
      for (const garbage of [Uint8Array.of(3, 0, 0, 0), Uint8Array.of(1, 0x7b), new Uint8Array(0)]) {
        const { device, socket } = await facing<ReceiverDevice | TransmitterDevice>(open);
        const other = kept(new FrameSocket(socket));
        await other.receive();
        await other.send(garbage);
        await assert.rejects(device.nextPass(), { code: 'node/device' });
        await assert.rejects(other.receive(), GONE);
      }
    }
  });

  it('ends a pass of which the detections are broken', async () => {
    const { device, socket } = await facing(openReceiver);
    const other = kept(new FrameSocket(socket));
    await other.receive();
    const start = textFrame(JSON.stringify({ type: 'pass-start', pass: pass('a') }));
    await other.send(Uint8Array.of(1, ...start));
    await other.send(new Uint8Array(16 + 12).fill(2, 0, 1));
    const { chunks } = await device.nextPass();
    await assert.rejects(collect(chunks), { code: 'node/device', message: /a broken list of detections$/ });
    await assert.rejects(other.receive(), GONE);
  });
});

describe('the device server', () => {
  it('replaces the old connection of a node that comes again', async () => {
    const { server, port, receiver } = await connected();
    const again = kept(await openReceiver(port, 'xinglong', TOKENS.get(RECEIVER)!));
    await assert.rejects(receiver.nextPass(), { code: 'node/device' });
    assert.ok(server.has(RECEIVER));
    await server.announce(pass('a'), RECEIVER, TRANSMITTER);
    assert.equal((await again.nextPass()).pass.passId, 'a');
  });

  it('tells a node nothing of a pass that began before it came', async () => {
    const { server, port, receiver } = await connected();
    await server.announce(pass('early'), RECEIVER, TRANSMITTER);
    const again = kept(await openReceiver(port, 'xinglong', TOKENS.get(RECEIVER)!));
    // The old connection is closed only when the new one is in its place.
    await assert.rejects(
      receiver.nextPass().then(() => receiver.nextPass()),
      { code: 'node/device' },
    );
    await server.detections(RECEIVER, detectionsOf([[1, 1, 1]]), 1e7);
    await server.finish('early', true, RECEIVER, TRANSMITTER);
    await server.announce(pass('next'), RECEIVER, TRANSMITTER);
    await server.finish('next', true, RECEIVER, TRANSMITTER);
    const { pass: next, chunks } = await again.nextPass();
    assert.equal(next.passId, 'next');
    assert.deepEqual(await collect(chunks), []);
  });

  it('goes on without a node that was killed while it read nothing', async () => {
    const { server, port } = await serve();
    const node = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `const { openReceiver } = await import(${JSON.stringify(new URL('devices.ts', import.meta.url).href)});
         await openReceiver(${port}, 'xinglong', ${JSON.stringify(TOKENS.get(RECEIVER))});
         for (;;);`,
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
    closing.push({ close: () => node.kill('SIGKILL') });
    await server.connected([RECEIVER]);
    const much = detectionsOf(Array.from({ length: 100_000 }, (_, i) => [i, 0, 0] as const));
    let told = 0;
    const telling = (async () => {
      for (; told < 32; told++) await server.detections(RECEIVER, much, 1e7);
    })();
    for (let i = 0; i < 100; i++) await turn();
    assert.ok(told < 32, 'the sky ran ahead of a node that reads nothing');
    node.kill('SIGKILL');
    await telling;
    while (server.has(RECEIVER)) await turn();
  });

  it('forgets a device whose node has gone, and does not wait for it', async () => {
    const { server, receiver } = await connected();
    receiver.close();
    while (server.has(RECEIVER)) await turn();
    await server.announce(pass('a'), RECEIVER, TRANSMITTER);
    await server.detections(RECEIVER, detectionsOf([[1, 1, 1]]), 1e7);
  });

  it('waits for a receiver that is slow, and no longer once another took its place', async () => {
    const { server, port } = await serve();
    const slow = connect({ port, host: '127.0.0.1' });
    closing.push({ close: () => slow.destroy() });
    slow.on('error', () => undefined);
    slow.pause();
    const hello = textFrame(`skykey-device/1 receiver xinglong ${TOKENS.get(RECEIVER)}`);
    const head = Buffer.alloc(4);
    head.writeUInt32LE(hello.length);
    slow.write(Buffer.concat([head, hello]));
    await server.connected([RECEIVER]);
    const much = detectionsOf(Array.from({ length: 100_000 }, (_, i) => [i, 0, 0] as const));
    let told = 0;
    const telling = (async () => {
      for (; told < 32; told++) await server.detections(RECEIVER, much, 1e7);
    })();
    for (let i = 0; i < 100; i++) await turn();
    assert.ok(told < 32, 'the sky ran ahead of a receiver that reads nothing');
    const quick = kept(await openReceiver(port, 'xinglong', TOKENS.get(RECEIVER)!));
    await telling;
    await server.announce(pass('a'), RECEIVER, TRANSMITTER);
    assert.equal((await quick.nextPass()).pass.passId, 'a');
  });

  it('hangs up on everyone when it closes, also on those who never said who they are', async () => {
    const { server, port, receiver, transmitter } = await connected();
    const silent = kept(await dial(port, 'the test'));
    await turn();
    server.close();
    await assert.rejects(silent.receive(), GONE);
    await assert.rejects(receiver.nextPass(), { code: 'node/device' });
    await assert.rejects(transmitter.nextPass(), { code: 'node/device' });
  });

  it('survives whatever a stranger sends', async () => {
    const { server, port, receiver } = await connected();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.boolean(), async (garbage, framed) => {
        const stranger = kept(await dial(port, 'the test'));
        if (framed) await stranger.send(garbage);
        else {
          const alice = await bare(port, `skykey-device/1 transmitter micius ${TOKENS.get(TRANSMITTER)}`);
          await alice.send(Uint8Array.of(3, ...garbage)).catch(() => undefined);
        }
        stranger.close();
      }),
      { seed: 9, numRuns: 60 },
    );
    await server.announce(pass('still-here'), RECEIVER, TRANSMITTER);
    assert.equal((await receiver.nextPass()).pass.passId, 'still-here');
  });
});
