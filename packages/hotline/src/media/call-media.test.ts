import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, mock, test } from 'node:test';
import {
  type CallCounts,
  CallMedia,
  type MediaMessage,
  type MediaReport,
  type TransformOptions,
} from './call-media.ts';
import { decodeHeader } from './header.ts';
import { OpeningKey, SealingKey } from './key.ts';
import { COVERED_BYTES, PAD_BLOCK_BYTES } from './speech-pad.ts';
import type { Bytes } from './suites.ts';
import { baseKey, counting, subtle } from './test/line.ts';
import type { EncodedFrame, Transformer } from './transform.ts';

type Stream = TransformOptions['stream'];

interface Fake extends EncodedFrame {
  stamp: number | undefined;
  mimeType: string | undefined;
}

const MIME: Record<Stream, string> = { audio: 'audio/opus', video: 'video/VP8' };

function encoded(stream: Stream, data: Uint8Array, stamp: number, type?: 'key' | 'delta'): Fake {
  return {
    data: data.slice().buffer as ArrayBuffer,
    ...(type ? { type } : {}),
    stamp,
    mimeType: MIME[stream],
    getMetadata() {
      const { stamp: rtpTimestamp, mimeType } = this as Fake;
      return { ...(rtpTimestamp === undefined ? {} : { rtpTimestamp }), ...(mimeType ? { mimeType } : {}) };
    },
  };
}

/** A transformer whose frames the test puts in and takes out. */
class Pipe implements Transformer {
  readonly out: Fake[] = [];
  keyFrameRequests = 0;
  readonly options: TransformOptions;
  readonly #ends = new TransformStream<EncodedFrame, EncodedFrame>();
  readonly #writer = this.#ends.writable.getWriter();
  readonly readable = this.#ends.readable;
  readonly writable = new WritableStream<EncodedFrame>({ write: (frame) => void this.out.push(frame as Fake) });

  constructor(options: TransformOptions) {
    this.options = options;
  }

  async sendKeyFrameRequest(): Promise<void> {
    this.keyFrameRequests++;
  }

  put(...frames: EncodedFrame[]): void {
    for (const frame of frames) void this.#writer.write(frame);
  }

  /** Everything that was put in has come out or was dropped. */
  close(): Promise<void> {
    return this.#writer.close();
  }
}

/** One side of a call. */
class Side {
  nowMs = 0;
  readonly reports: MediaReport[] = [];
  readonly media = new CallMedia({ subtle, now: () => this.nowMs, report: (report) => this.reports.push(report) });

  constructor() {
    void this.renew();
  }

  renew(): Promise<void> {
    return this.media.take({ kind: 'renew', askedAtMs: this.nowMs });
  }

  key(use: 'seal' | 'open', stream: Stream, epoch: number, key: Bytes = baseKey(`${stream} ${epoch}`)): Promise<void> {
    return this.media.take({ kind: 'key', use, stream, epoch, baseKey: key });
  }

  /** Runs frames through a transform from beginning to end. */
  async run(options: TransformOptions, frames: EncodedFrame[]): Promise<Pipe> {
    const pipe = new Pipe(options);
    const attached = this.media.attach(pipe);
    pipe.put(...frames);
    await pipe.close();
    await attached;
    return pipe;
  }

  told(kind: MediaReport['kind']): MediaReport[] {
    return this.reports.filter((report) => report.kind === kind);
  }
}

const seal = (stream: Stream): TransformOptions => ({ use: 'seal', stream });
const open = (stream: Stream): TransformOptions => ({ use: 'open', stream });
const payloads = (frames: readonly EncodedFrame[]): number[][] =>
  frames.map((frame) => [...new Uint8Array(frame.data)]);
const video = (count: number): Fake[] =>
  Array.from({ length: count }, (_, i) => encoded('video', counting(40 + i), 3000 * i, i === 0 ? 'key' : 'delta'));
const audio = (count: number): Fake[] =>
  Array.from({ length: count }, (_, i) => encoded('audio', counting(20 + i), 960 * i));

/** Two sides with one epoch of keys from the first to the second. */
async function call(): Promise<{ near: Side; far: Side }> {
  const [near, far] = [new Side(), new Side()];
  for (const stream of ['audio', 'video'] as const) {
    await far.key('open', stream, 0);
    await near.key('seal', stream, 0);
  }
  return { near, far };
}

describe('frames of a browser', () => {
  for (const [stream, make] of [
    ['audio', audio],
    ['video', video],
  ] as const) {
    test(`${stream} goes sealed and comes out as it was`, async () => {
      const { near, far } = await call();
      const sent = await near.run(seal(stream), make(20));
      assert.equal(sent.out.length, 20);
      const received = await far.run(open(stream), sent.out);
      assert.deepEqual(payloads(received.out), payloads(make(20)));
      assert.equal(far.media.counts.opened[stream].accepted, 20);
    });

    test(`${stream}: what was not sealed for this place and time is dropped`, async () => {
      const { near, far } = await call();
      const [, frame] = (await near.run(seal(stream), make(2))).out;
      const other = stream === 'audio' ? 'video' : 'audio';
      const changes: Partial<Fake>[] = [
        { stamp: frame!.stamp! + 1 },
        { stamp: undefined },
        { mimeType: 'audio/PCMU' },
        { mimeType: MIME[other] },
        { data: make(2)[1]!.data },
        { data: new ArrayBuffer(1) },
        ...Array.from({ length: frame!.data.byteLength }, (_, at) => {
          const data = new Uint8Array(frame!.data.slice(0));
          data[at]! ^= 1;
          return { data: data.buffer };
        }),
      ];
      const wrong = changes.map((change) => ({ ...frame!, ...change }));
      assert.equal((await far.run(open(stream), wrong)).out.length, 0);
      const received = await far.run(open(stream), [{ ...frame! }, { ...frame! }]);
      assert.deepEqual(payloads(received.out), payloads(make(2).slice(1)));
      // A frame of one stream is nothing to the other.
      const astray = await far.run(open(other), [{ ...frame! }]);
      assert.equal(astray.out.length, 0);
    });
  }

  test('nothing of an encoded frame stays clear', async () => {
    const { near } = await call();
    const [key, delta] = (await near.run(seal('video'), video(2))).out.map((frame) => new Uint8Array(frame.data));
    // Lead byte, header (KID 1, CTR 0), 40 bytes, tag.
    assert.equal(key!.length, 1 + 1 + 40 + 16);
    assert.deepEqual([key![0], delta![0]], [0, 1]);
    assert.deepEqual(decodeHeader(key!.subarray(1)), { kid: 1n, ctr: 0n, length: 1 });
    const [word] = (await near.run(seal('audio'), audio(1))).out;
    assert.deepEqual(decodeHeader(new Uint8Array(word!.data)), { kid: 0n, ctr: 0n, length: 1 });
  });

  test('padding, which has no byte, is neither passed on nor counted', async () => {
    const { near, far } = await call();
    for (const stream of ['audio', 'video'] as const) {
      const padding = encoded(stream, counting(0), 7, 'delta');
      assert.equal((await near.run(seal(stream), [padding])).out.length, 0);
      assert.equal((await far.run(open(stream), [padding])).out.length, 0);
      assert.deepEqual(new Set(Object.values(far.media.counts.opened[stream])), new Set([0]));
    }
  });

  test('another codec is not sent, nor what the browser does not date', async () => {
    const { near } = await call();
    const wrong = [
      { ...encoded('video', counting(9), 1, 'key'), mimeType: 'video/AV1' },
      { ...encoded('video', counting(9), 1, 'key'), stamp: undefined },
      { ...encoded('video', counting(9), 1, 'key'), mimeType: undefined },
    ];
    const sent = await near.run(seal('video'), wrong);
    assert.equal(sent.out.length, 1);
    assert.deepEqual(near.media.counts.unsent, { 'hotline/bad-argument': 2 });
  });
});

describe('keys of a call', () => {
  test('that take longer to derive are not overtaken', async () => {
    let first = true;
    const slow: SubtleCrypto = new Proxy(subtle, {
      get: (target, name: keyof SubtleCrypto) =>
        name !== 'importKey'
          ? (target[name] as () => unknown).bind(target)
          : async (...all: Parameters<SubtleCrypto['importKey']>) => {
              const wait = first ? 100 : 0;
              first = false;
              await new Promise((resolve) => setTimeout(resolve, wait));
              return target.importKey(...all);
            },
    });
    const reports: MediaReport[] = [];
    const media = new CallMedia({ subtle: slow, now: () => 0, report: (report) => reports.push(report) });
    const key = (epoch: number): MediaMessage => ({
      kind: 'key',
      use: 'open',
      stream: 'audio',
      epoch,
      baseKey: baseKey(`${epoch}`),
    });
    await Promise.all([media.take(key(1)), media.take(key(2))]);
    assert.deepEqual(
      reports.map((report) => 'epoch' in report && report.epoch),
      [1, 2],
    );
  });

  test('are taken in the order in which they come, and confirmed', async () => {
    const { near, far } = await call();
    const base = baseKey('video 1');
    const both = [near.key('seal', 'video', 1, base), near.key('seal', 'video', 2)];
    await Promise.all([...both, far.key('open', 'video', 1), far.key('open', 'video', 2)]);
    assert.ok(base.every((byte) => byte === 0));
    assert.equal(near.told('refused').length, 0);
    assert.deepEqual(
      far.told('installed').map((report) => 'epoch' in report && `${report.stream} ${report.epoch}`),
      ['audio 0', 'video 0', 'video 1', 'video 2'],
    );
    const sent = await near.run(seal('video'), video(3));
    assert.equal(decodeHeader(new Uint8Array(sent.out[0]!.data, 1))!.kid, 9n);
    assert.equal((await far.run(open('video'), sent.out)).out.length, 3);
  });

  test('that are old or missing are refused with a sentence', async () => {
    const { near } = await call();
    await near.key('seal', 'video', 0);
    await near.key('open', 'audio', 1, new Uint8Array(32));
    await near.key('open', 'audio', -1);
    const refused = near.told('refused');
    assert.equal(refused.length, 3);
    for (const report of refused) assert.match('message' in report ? report.message : '', /^[a-z].{20,}$/);
  });

  test('are in no report', async () => {
    const { near, far } = await call();
    await near.key('seal', 'video', 0);
    await far.media.take({ kind: 'count' });
    for (const report of [...near.reports, ...far.reports])
      assert.doesNotMatch(JSON.stringify(report), /\d{1,3},\d{1,3},\d{1,3}|[0-9a-f]{16}/);
  });
});

describe('key frames', () => {
  test('the page is asked for one with each key of the video, unless the browser can', async () => {
    const { near } = await call();
    assert.equal(near.told('key-frame-needed').length, 1);
    await near.key('seal', 'audio', 1);
    assert.equal(near.told('key-frame-needed').length, 1);
    const pipe = Object.assign(new Pipe(seal('video')), {
      asked: 0,
      generateKeyFrame: async () => void pipe.asked++,
    });
    void near.media.attach(pipe);
    await near.key('seal', 'video', 1);
    assert.deepEqual([near.told('key-frame-needed').length, pipe.asked], [1, 1]);
    pipe.generateKeyFrame = () => Promise.reject(new Error('not now'));
    await near.key('seal', 'video', 2);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(near.told('key-frame-needed').length, 2);
  });

  test('one is asked for when frames went missing at the sender, at most once a second', async () => {
    const { near } = await call();
    const written = video(6);
    const pipe = new Pipe(seal('video'));
    void near.media.attach(pipe);
    let frames = 0;
    const unsent = () => Object.values(near.media.counts.unsent).reduce((sum, count) => sum + count, 0);
    const put = async (frame: Fake) => {
      pipe.put(frame);
      for (frames++; pipe.out.length + unsent() < frames; ) await new Promise((resolve) => setImmediate(resolve));
    };
    const asked = () => near.told('key-frame-needed').length - 1;
    await put(written[0]!);
    assert.equal(asked(), 0);
    near.nowMs = 900;
    await put(written[1]!);
    assert.deepEqual([asked(), pipe.out.length], [0, 1]);
    await near.renew();
    await put(written[2]!);
    await put(written[3]!);
    assert.deepEqual([asked(), pipe.out.length], [1, 3]);
    near.nowMs = 1900;
    await near.renew();
    await put(written[4]!);
    assert.equal(asked(), 2);
    await put(encoded('video', counting(5), 1, 'key'));
    near.nowMs = 3000;
    await near.renew();
    await put(written[5]!);
    assert.equal(asked(), 2);
  });

  test('one is requested when a frame was dropped and others follow', async () => {
    const { near, far } = await call();
    const sent = (await near.run(seal('video'), video(5))).out;
    const broken = { ...sent[1]!, data: new ArrayBuffer(40) };
    const received = await far.run(open('video'), [sent[0]!, broken, sent[2]!, sent[3]!]);
    assert.deepEqual([received.out.length, received.keyFrameRequests], [3, 1]);
    assert.equal((await far.run(open('video'), [sent[4]!])).keyFrameRequests, 0);
  });
});

describe('silence', () => {
  test('comes when the desk is not heard of for 900 ms', async () => {
    const { near, far } = await call();
    const sent = (await near.run(seal('audio'), audio(3))).out;
    far.nowMs = near.nowMs = 900;
    assert.equal((await near.run(seal('audio'), audio(3))).out.length, 0);
    assert.equal((await far.run(open('audio'), [sent[0]!])).out.length, 0);
    await far.renew();
    assert.equal((await far.run(open('audio'), [sent[1]!])).out.length, 1);
    assert.deepEqual(near.media.counts.unsent, { 'hotline/line-dropped': 3 });
  });

  test('comes with `stop`, before `take` returns, and no renewal or key ends it', async () => {
    const { near, far } = await call();
    const sent = (await near.run(seal('audio'), audio(3))).out;
    for (const side of [near, far]) {
      const late = baseKey('late');
      const installing = side.key('seal', 'video', 1, late);
      void side.media.take({ kind: 'stop' });
      await side.renew();
      await installing;
      await side.key('open', 'audio', 2);
      assert.ok(late.every((byte) => byte === 0));
      assert.deepEqual(
        side.told('refused').map((report) => 'code' in report && report.code),
        ['hotline/line-dropped', 'hotline/line-dropped'],
      );
    }
    assert.equal((await near.run(seal('audio'), audio(3))).out.length, 0);
    assert.equal((await far.run(open('audio'), sent)).out.length, 0);
    await far.media.take({ kind: 'count' });
    const [{ counts }] = far.told('counts') as [{ kind: 'counts'; counts: CallCounts }];
    assert.deepEqual([counts.opened.audio.accepted, counts.opened.audio.stopped], [0, 3]);
  });

  test('overwrites every key at once', async () => {
    const { near, far } = await call();
    for (const [side, Key] of [
      [near, SealingKey],
      [far, OpeningKey],
    ] as const) {
      const wipe = mock.method(Key.prototype, 'wipe');
      void side.media.take({ kind: 'stop' });
      assert.deepEqual(wipe.mock.calls.map((made) => (made.this as SealingKey | OpeningKey).kid).sort(), [0n, 1n]);
      wipe.mock.restore();
    }
  });

  test('a stream that breaks off, or a transform for nothing, is reported', async () => {
    const { near } = await call();
    await near.media.attach({ ...new Pipe(seal('audio')), options: undefined } as unknown as Transformer);
    const broken = new Pipe(seal('audio'));
    const writable = new WritableStream<EncodedFrame>({
      write: () => {
        throw new Error('the peer connection was closed');
      },
    });
    const attached = near.media.attach({ readable: broken.readable, writable, options: broken.options });
    broken.put(audio(1)[0]!);
    await attached;
    assert.deepEqual(
      near.told('refused').map((report) => 'code' in report && report.code),
      ['hotline/bad-argument', 'hotline/not-permitted'],
    );
  });
});

describe('a call by one-time pad', () => {
  const block = (name: string): Bytes =>
    new Uint8Array(createHash('shake256', { outputLength: PAD_BLOCK_BYTES }).update(name).digest());
  /** Opus at the rate that such a call asks for. */
  const speech = (count: number): Fake[] =>
    Array.from({ length: count }, (_, i) =>
      encoded(
        'audio',
        counting(78).map((byte) => byte ^ i),
        960 * i,
      ),
    );
  const gives = (side: Side, use: 'seal' | 'open', number: number, name = `block ${number}`): Promise<void> =>
    side.media.take({ kind: 'pad', use, block: number, bytes: block(name) });

  async function padded(): Promise<{ near: Side; far: Side }> {
    const sides = { near: new Side(), far: new Side() };
    for (const side of [sides.near, sides.far]) await side.media.take({ kind: 'padded' });
    for (const stream of ['audio', 'video'] as const) {
      await sides.far.key('open', stream, 0);
      await sides.near.key('seal', stream, 0);
    }
    return sides;
  }

  test('sends nothing without pad, then as much as there is, all of one length, and is heard', async () => {
    const { near, far } = await padded();
    assert.equal((await near.run(seal('audio'), speech(3))).out.length, 0);
    assert.deepEqual(near.media.counts.unsent, { 'hotline/no-key': 3 });
    await gives(near, 'seal', 0);
    await gives(far, 'open', 0);
    assert.deepEqual(near.media.pads, [0]);
    const sent = await near.run(seal('audio'), speech(60));
    assert.equal(sent.out.length, 50, 'and not one frame by keys alone');
    assert.equal(near.media.counts.unsent['hotline/no-key'], 13);
    assert.deepEqual(near.media.pads, []);
    // Header of SFrame, index, slot, tag.
    assert.ok(sent.out.every(({ data }) => data.byteLength - COVERED_BYTES - 16 <= 3));
    const received = await far.run(open('audio'), sent.out);
    assert.deepEqual(payloads(received.out), payloads(speech(50)));
    assert.equal(far.media.counts.covered, 0);
  });

  test('with one wrong block is not understood for that second, and goes on with the next', async () => {
    const { near, far } = await padded();
    for (const number of [0, 1]) await gives(near, 'seal', number);
    await gives(far, 'open', 0, 'a wrong block');
    await gives(far, 'open', 1);
    const sent = await near.run(seal('audio'), speech(100));
    const received = await far.run(open('audio'), sent.out);
    const clear = new Set(payloads(speech(100)).map(String));
    assert.equal(payloads(received.out).filter((payload) => clear.has(String(payload))).length, 50);
    assert.ok(far.media.counts.covered > 30);
    assert.equal(far.media.counts.opened.audio.accepted, 100, 'they were authentic all the same');
  });

  test('refuses a frame that is too long, a picture, and speech that was not covered', async () => {
    const { near, far } = await padded();
    await gives(near, 'seal', 0);
    await gives(far, 'open', 0);
    const long = encoded('audio', counting(80), 0);
    assert.equal((await near.run(seal('audio'), [long])).out.length, 0);
    assert.equal((await near.run(seal('video'), video(2))).out.length, 0);
    assert.deepEqual(near.media.counts.unsent, { 'hotline/too-long': 1, 'hotline/not-permitted': 2 });
    const bare = new Side();
    await bare.key('seal', 'audio', 0);
    const uncovered = await bare.run(seal('audio'), speech(2));
    assert.equal(uncovered.out.length, 2);
    assert.equal((await far.run(open('audio'), uncovered.out)).out.length, 0);
  });

  test('uses up no pad while the line is not confirmed, and none is left after the stop', async () => {
    const { near } = await padded();
    await gives(near, 'seal', 0);
    near.nowMs += 1000;
    assert.equal((await near.run(seal('audio'), speech(60))).out.length, 0);
    await near.renew();
    assert.equal((await near.run(seal('audio'), speech(50))).out.length, 50, 'the whole block was still there');
    await gives(near, 'seal', 1);
    await near.media.take({ kind: 'stop' });
    assert.deepEqual(near.media.pads, []);
    const late = block('late');
    await near.media.take({ kind: 'pad', use: 'seal', block: 2, bytes: late });
    assert.ok(late.every((byte) => byte === 0));
    assert.deepEqual(near.media.pads, []);
  });

  test('a call that is none takes no pad', async () => {
    const { near } = await call();
    await gives(near, 'seal', 0);
    assert.match(JSON.stringify(near.told('refused')), /does not go by one-time pad/);
  });
});
