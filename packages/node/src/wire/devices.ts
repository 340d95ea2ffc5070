/**
 * The boundary between a node and the hardware it believes to have: a receiver that reports detections, a transmitter
 * that says what it sent. The simulated sky serves both over loopback sockets; recorded files and a laboratory's
 * hardware are the other implementations. A receiver's connection never carries an emission, a transmitter's never a
 * detection, and neither carries the truth beside the stream.
 *
 * Wire: frames (see frames.ts). The first frame from the node is `skykey-device/1 <role> <id> <token>`.
 * From the device, type byte 1: JSON control message (`DeviceMessage`). Type 2: detections. Type 3: emissions asked for.
 */
import { timingSafeEqual } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import type { DetectionChunk, EmissionRecord } from '@skykey/distill';
import type { Detections, Emissions } from '@skykey/photons';
import { NodeError } from '../error.ts';
import { dial, FrameSocket, frameText, textFrame } from './frames.ts';

/** A pass as the devices announce it: public facts only. */
export interface PassAnnouncement {
  readonly passId: string;
  readonly linkId: string;
  readonly startMs: number;
  readonly pulses: number;
  readonly binS: number;
}

/** Detections of one pass; whoever stops reading before the end says `discard`. */
export interface DetectionStream extends AsyncIterable<DetectionChunk> {
  discard(): void;
}

type DeviceMessage =
  | { readonly type: 'pass-start'; readonly pass: PassAnnouncement }
  | { readonly type: 'pass-end'; readonly passId: string; readonly completed: boolean }
  | { readonly type: 'clock'; readonly utcMs: number };

const CONTROL = 1;
const DETECTIONS = 2;
const EMISSIONS = 3;

/** The receiver of a station, as its node sees it. */
export interface ReceiverDevice {
  /** The next pass with light in it; its detections in order of slot. Rejects when the device is gone. */
  nextPass(): Promise<{ pass: PassAnnouncement; chunks: DetectionStream }>;
  /** Mission time as the device's clock gives it, ms. */
  missionMs(): number;
  close(): void;
}

/** The transmitter of a satellite, as its node sees it. */
export interface TransmitterDevice {
  nextPass(): Promise<PassAnnouncement>;
  /** What was sent in these slots of a pass. */
  emissions(passId: string, slots: Float64Array): Promise<EmissionRecord>;
  missionMs(): number;
  close(): void;
}

function control(message: DeviceMessage): Uint8Array {
  const json = textFrame(JSON.stringify(message));
  const frame = new Uint8Array(json.length + 1);
  frame[0] = CONTROL;
  frame.set(json, 1);
  return frame;
}

const DETECTIONS_HEAD = 16;

/** Type byte and seven of padding, the slot up to which was watched, then slots (8 bytes each), time offsets (2), detectors (1). */
function detectionsFrame(detections: Detections, untilSlot: number): Uint8Array {
  const n = detections.slot.length;
  const frame = new Uint8Array(DETECTIONS_HEAD + n * 11);
  frame[0] = DETECTIONS;
  new Float64Array(frame.buffer, 8, 1)[0] = untilSlot;
  new Float64Array(frame.buffer, DETECTIONS_HEAD, n).set(detections.slot);
  new Int16Array(frame.buffer, DETECTIONS_HEAD + n * 8, n).set(detections.offsetPs);
  frame.set(detections.detector, DETECTIONS_HEAD + n * 10);
  return frame;
}

function readDetections(frame: Uint8Array): DetectionChunk {
  const n = (frame.length - DETECTIONS_HEAD) / 11;
  if (!Number.isInteger(n) || n < 0)
    throw new NodeError('node/device', 'the receiver device sent a broken list of detections');
  return {
    slot: new Float64Array(frame.buffer, frame.byteOffset + DETECTIONS_HEAD, n),
    detector: frame.subarray(DETECTIONS_HEAD + n * 10),
    untilSlot: new Float64Array(frame.buffer, frame.byteOffset + 8, 1)[0]!,
  };
}

/** A queue between a socket that pushes and a reader that pulls. */
class Queue<T> implements AsyncIterable<T> {
  #items: T[] = [];
  #discarding = false;
  #wake: (() => void) | undefined;
  #done = false;
  #error: Error | undefined;

  push(item: T): void {
    if (this.#discarding) return;
    this.#items.push(item);
    this.#wake?.();
  }

  end(error?: Error): void {
    this.#done = true;
    this.#error = error;
    this.#wake?.();
  }

  /** Nobody will read any more: what is there and what comes is dropped. */
  discard(): void {
    this.#discarding = true;
    this.#items = [];
  }

  async next(): Promise<T | undefined> {
    for (;;) {
      if (this.#items.length) return this.#items.shift();
      if (this.#error) throw this.#error;
      if (this.#done) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    for (;;) {
      const item = await this.next();
      if (item === undefined) return;
      yield item;
    }
  }
}

/** Opens the receiver of `stationId`. */
export async function openReceiver(port: number, stationId: string, token: string): Promise<ReceiverDevice> {
  const frames = await dial(port, 'the receiver device');
  await frames.send(textFrame(`skykey-device/1 receiver ${stationId} ${token}`));
  const passes = new Queue<{ pass: PassAnnouncement; chunks: Queue<DetectionChunk> }>();
  let current: { passId: string; chunks: Queue<DetectionChunk> } | undefined;
  let missionMs = 0;
  const gone = (error: Error): void => {
    // A device that speaks garbage must not wait for a reader that has given up.
    frames.close();
    current?.chunks.end(
      new NodeError('node/device', `the receiver device stopped in the middle of a pass: ${error.message}`),
    );
    passes.end(new NodeError('node/device', `the receiver device is gone: ${error.message}`));
  };
  const read = async (): Promise<void> => {
    for (;;) {
      const frame = await frames.receive();
      if (frame[0] === DETECTIONS) {
        current?.chunks.push(readDetections(frame));
        continue;
      }
      const message = JSON.parse(frameText(frame.subarray(1))) as DeviceMessage;
      if (message.type === 'clock') missionMs = message.utcMs;
      if (message.type === 'pass-start') {
        current?.chunks.end(new NodeError('node/pass-cut', `the pass ${current.passId} was cut short`));
        const chunks = new Queue<DetectionChunk>();
        current = { passId: message.pass.passId, chunks };
        passes.push({ pass: message.pass, chunks });
      }
      if (message.type === 'pass-end' && current?.passId === message.passId) {
        current.chunks.end(
          message.completed ? undefined : new NodeError('node/pass-cut', `the pass ${message.passId} was cut short`),
        );
        current = undefined;
      }
    }
  };
  read().catch(gone);
  return {
    async nextPass() {
      const next = await passes.next();
      if (!next) throw new NodeError('node/device', 'the receiver device is gone');
      return next;
    },
    missionMs: () => missionMs,
    close: () => frames.close(),
  };
}

/** Opens the transmitter of `satelliteId`. */
export async function openTransmitter(port: number, satelliteId: string, token: string): Promise<TransmitterDevice> {
  const frames = await dial(port, 'the transmitter device');
  await frames.send(textFrame(`skykey-device/1 transmitter ${satelliteId} ${token}`));
  const passes = new Queue<PassAnnouncement>();
  const asked: { resolve: (record: EmissionRecord) => void; reject: (error: Error) => void; rows: number }[] = [];
  let missionMs = 0;
  const read = async (): Promise<void> => {
    for (;;) {
      const frame = await frames.receive();
      if (frame[0] === EMISSIONS) {
        const question = asked.shift();
        if (!question) throw new Error('an answer to no question');
        if (frame.length !== 1 + question.rows * 3)
          question.reject(new NodeError('node/device', 'the transmitter device sent a broken answer'));
        else {
          question.resolve({
            intensity: frame.slice(1, 1 + question.rows),
            basis: frame.slice(1 + question.rows, 1 + question.rows * 2),
            bit: frame.slice(1 + question.rows * 2),
          });
        }
        continue;
      }
      const message = JSON.parse(frameText(frame.subarray(1))) as DeviceMessage;
      if (message.type === 'clock') missionMs = message.utcMs;
      if (message.type === 'pass-start') passes.push(message.pass);
    }
  };
  read().catch((error: Error) => {
    frames.close();
    const gone = new NodeError('node/device', `the transmitter device is gone: ${error.message}`);
    for (const question of asked.splice(0)) question.reject(gone);
    passes.end(gone);
  });
  return {
    async nextPass() {
      const next = await passes.next();
      if (!next) throw new NodeError('node/device', 'the transmitter device is gone');
      return next;
    },
    async emissions(passId, slots) {
      const id = textFrame(passId);
      const head = 8 + Math.ceil(id.length / 8) * 8;
      const frame = new Uint8Array(head + slots.length * 8);
      frame[0] = EMISSIONS;
      frame[1] = id.length;
      frame.set(id, 8);
      new Float64Array(frame.buffer, head).set(slots);
      const answer = new Promise<EmissionRecord>((resolve, reject) =>
        asked.push({ resolve, reject, rows: slots.length }),
      );
      // Together: when the device goes while the question is on its way, both fail, and both must be heard.
      const [record] = await Promise.all([answer, frames.send(frame)]);
      return record;
    },
    missionMs: () => missionMs,
    close: () => frames.close(),
  };
}

/** What the sky tells its devices' server; emissions of a pass are looked up through it. */
export interface EmissionSource {
  emissions(passId: string, slots: Float64Array): Emissions;
}

/**
 * The device side: serves receivers and transmitters to the nodes that hold the right token. One connection a device:
 * a node that restarts replaces its old one.
 */
export class DeviceServer {
  readonly #server: Server;
  readonly #tokens: ReadonlyMap<string, string>;
  readonly #source: EmissionSource;
  readonly #devices = new Map<string, FrameSocket>();
  readonly #open = new Set<FrameSocket>();
  #onChange: (() => void) | undefined;

  /** `tokens` maps `receiver <stationId>` and `transmitter <satelliteId>` to their secrets. */
  constructor(tokens: ReadonlyMap<string, string>, source: EmissionSource) {
    this.#tokens = tokens;
    this.#source = source;
    this.#server = createServer((socket) => {
      const frames = new FrameSocket(socket);
      this.#open.add(frames);
      this.#serve(frames)
        .catch(() => undefined)
        .finally(() => {
          frames.close();
          this.#open.delete(frames);
        });
    });
  }

  listen(port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ port, host: '127.0.0.1' }, () => {
        this.#server.off('error', reject);
        resolve((this.#server.address() as { port: number }).port);
      });
    });
  }

  /** Resolves when every device named is connected. */
  async connected(names: readonly string[]): Promise<void> {
    while (!names.every((name) => this.#devices.has(name))) {
      await new Promise<void>((resolve) => {
        this.#onChange = resolve;
      });
    }
  }

  has(name: string): boolean {
    return this.#devices.has(name);
  }

  async announce(pass: PassAnnouncement, receiver: string, transmitter: string): Promise<void> {
    const frame = control({ type: 'pass-start', pass });
    await this.#tell(transmitter, frame);
    await this.#tell(receiver, frame);
  }

  /** Detections of every slot below `untilSlot` that were not reported before. */
  async detections(receiver: string, detections: Detections, untilSlot: number): Promise<void> {
    await this.#tell(receiver, detectionsFrame(detections, untilSlot));
  }

  async finish(passId: string, completed: boolean, receiver: string, transmitter: string): Promise<void> {
    const frame = control({ type: 'pass-end', passId, completed });
    await this.#tell(receiver, frame);
    await this.#tell(transmitter, frame);
  }

  async clock(utcMs: number): Promise<void> {
    const frame = control({ type: 'clock', utcMs });
    await Promise.all([...this.#devices.keys()].map((name) => this.#tell(name, frame)));
  }

  close(): void {
    this.#server.close();
    for (const frames of this.#open) frames.close();
  }

  /** A device whose node is gone hears nothing; the node finds out by its own connection. */
  async #tell(name: string, frame: Uint8Array): Promise<void> {
    await this.#devices
      .get(name)
      ?.send(frame)
      .catch(() => undefined);
  }

  async #serve(frames: FrameSocket): Promise<void> {
    const [format, role, id, token] = frameText(await frames.receive()).split(' ');
    const name = `${role} ${id}`;
    const expected = this.#tokens.get(name);
    if (format !== 'skykey-device/1' || !expected || !token || !sameToken(token, expected)) return;
    this.#devices.get(name)?.close();
    this.#devices.set(name, frames);
    this.#onChange?.();
    try {
      for (;;) {
        const frame = await frames.receive();
        if (role !== 'transmitter' || frame[0] !== EMISSIONS) throw new Error('a device was asked what it cannot tell');
        const idLength = frame[1]!;
        const head = 8 + Math.ceil(idLength / 8) * 8;
        const passId = frameText(frame.subarray(8, 8 + idLength));
        const slots = new Float64Array(frame.buffer, frame.byteOffset + head, (frame.length - head) / 8);
        const found = this.#source.emissions(passId, slots);
        const answer = new Uint8Array(1 + slots.length * 3);
        answer[0] = EMISSIONS;
        answer.set(found.intensity, 1);
        answer.set(found.basis, 1 + slots.length);
        answer.set(found.bit, 1 + slots.length * 2);
        await frames.send(answer);
      }
    } finally {
      if (this.#devices.get(name) === frames) this.#devices.delete(name);
    }
  }
}

function sameToken(given: string, expected: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(expected);
  return a.length === b.length && timingSafeEqual(a, b);
}
