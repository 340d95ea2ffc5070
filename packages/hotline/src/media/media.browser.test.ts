import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { build, type Rollup } from 'vite';
import { launchChromium, playedDevices } from '../../../../scripts/chromium.mjs';
import type { CallCounts, MediaMessage, MediaReport, TransformOptions } from './call-media.ts';
import { CODECS } from './transform.ts';

/** The worker of a call, as a page would have it, but for its clock: that stands where the test puts it. */
const WORKER = `
  import { CallMedia } from '/media.js';
  let nowMs = 0;
  const media = new CallMedia({ subtle: crypto.subtle, now: () => nowMs, report: (report) => postMessage(report) });
  addEventListener('message', ({ data }) => {
    if (data.kind === 'clock') nowMs = data.nowMs;
    else if (data.kind === 'ask') postMessage({ kind: 'time', ms: performance.timeOrigin + performance.now() });
    else media.take(data);
  });
  addEventListener('rtctransform', ({ transformer }) => media.attach(transformer));
`;

type Told = MediaReport | { kind: 'time'; ms: number };

/** What the receiving side says of one stream (W3C WebRTC Statistics, inbound-rtp). */
interface Inbound {
  framesReceived: number;
  framesDecoded: number;
  keyFramesDecoded: number;
  frameWidth: number;
  totalAudioEnergy: number;
}

/** The call as it runs in the page. */
interface Call {
  /** Sends to one side's worker. */
  tell(side: 'near' | 'far', message: MediaMessage | { kind: 'clock'; nowMs: number } | { kind: 'ask' }): void;
  /** The next answer of that kind from one side. */
  answer<K extends Told['kind']>(side: 'near' | 'far', kind: K): Promise<Told & { kind: K }>;
  key(side: 'near' | 'far', stream: 'audio' | 'video', epoch: number, fill: number): Promise<void>;
  inbound(kind: 'audio' | 'video'): Promise<Inbound>;
  camera(on: boolean): Promise<void>;
}

declare global {
  var call: Call;
}

/** Runs in the page: a call from one side to the other, with a worker for each, that has no keys yet. */
async function dial(codec: string): Promise<void> {
  const workers = {
    near: new Worker('/worker.js', { type: 'module' }),
    far: new Worker('/worker.js', { type: 'module' }),
  };
  const [near, far] = [new RTCPeerConnection(), new RTCPeerConnection()];
  near.onicecandidate = ({ candidate }) => candidate && far.addIceCandidate(candidate);
  far.onicecandidate = ({ candidate }) => candidate && near.addIceCandidate(candidate);
  far.ontrack = ({ track, receiver }) => {
    const options: TransformOptions = { use: 'open', stream: track.kind as 'audio' | 'video' };
    receiver.transform = new RTCRtpScriptTransform(workers.far, options);
    const element = document.body.appendChild(document.createElement(track.kind as 'audio' | 'video'));
    element.srcObject = new MediaStream([track]);
    void element.play();
  };
  const media = await navigator.mediaDevices.getUserMedia({
    audio: true,
    video: { width: 320, height: 240, frameRate: 20 },
  });
  const senders = new Map<string, RTCRtpSender>();
  for (const track of media.getTracks()) {
    const sender = near.addTrack(track, media);
    const options: TransformOptions = { use: 'seal', stream: track.kind as 'audio' | 'video' };
    sender.transform = new RTCRtpScriptTransform(workers.near, options);
    senders.set(track.kind, sender);
  }
  const video = senders.get('video')!;
  near
    .getTransceivers()
    .find(({ sender }) => sender === video)!
    .setCodecPreferences(RTCRtpReceiver.getCapabilities('video')!.codecs.filter(({ mimeType }) => mimeType === codec));
  workers.near.addEventListener('message', ({ data }) => {
    if (data.kind !== 'key-frame-needed') return;
    const parameters = video.getParameters();
    const encodingOptions = parameters.encodings.map(() => ({ keyFrame: true }));
    // The second argument is not in the types yet (W3C WebRTC Extensions).
    void (video.setParameters as (...all: unknown[]) => Promise<void>).call(video, parameters, { encodingOptions });
  });
  const answer: Call['answer'] = (side, kind) =>
    new Promise((resolve) => {
      const listen = ({ data }: MessageEvent) => {
        if (data.kind !== kind) return;
        workers[side].removeEventListener('message', listen);
        resolve(data);
      };
      workers[side].addEventListener('message', listen);
    });
  globalThis.call = {
    answer,
    tell: (side, message) => workers[side].postMessage(message, 'baseKey' in message ? [message.baseKey.buffer] : []),
    async key(side, stream, epoch, fill) {
      const installed = answer(side, 'installed');
      const use = side === 'near' ? 'seal' : 'open';
      this.tell(side, { kind: 'key', use, stream, epoch, baseKey: new Uint8Array(32).fill(fill) });
      await installed;
    },
    async inbound(kind) {
      for (const stats of (await far.getStats()).values())
        if (stats.type === 'inbound-rtp' && stats.kind === kind) return stats;
      // Before the first packet there is no entry.
      return { framesReceived: 0, framesDecoded: 0, keyFramesDecoded: 0, frameWidth: 0, totalAudioEnergy: 0 };
    },
    camera: (on) => video.replaceTrack(on ? media.getVideoTracks()[0]! : null),
  };
  await near.setLocalDescription();
  await far.setRemoteDescription(near.localDescription!);
  await far.setLocalDescription();
  await near.setRemoteDescription(far.localDescription!);
}

describe('a call in Chromium', () => {
  let browser: Browser;
  let server: Server;
  let origin: string;
  let bundle: string;
  const faults: string[] = [];

  before(async () => {
    bundle = await bundled();
    server = createServer((request, response) => {
      const script = { '/worker.js': WORKER, '/media.js': bundle }[request.url ?? ''];
      response.setHeader('content-type', script ? 'text/javascript' : 'text/html');
      response.end(script ?? '<!doctype html><title>A call</title><link rel="icon" href="data:,">');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    browser = await launchChromium(['--autoplay-policy=no-user-gesture-required', ...playedDevices()]);
  });
  after(async () => {
    await browser?.close();
    server?.close();
  });

  async function bundled(): Promise<string> {
    const [{ output }] = (await build({
      configFile: false,
      logLevel: 'error',
      build: {
        write: false,
        minify: false,
        lib: { entry: `${import.meta.dirname}/index.ts`, formats: ['es'], fileName: 'media' },
      },
    })) as Rollup.RollupOutput[] as [Rollup.RollupOutput];
    return output[0].code;
  }

  /** A call with the key of epoch 0, but for the streams whose receiving side is given another. */
  async function begin(wrong: ('audio' | 'video')[] = []): Promise<Page> {
    const page = await browser.newPage();
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
    await page.goto(origin);
    await page.evaluate(dial, CODECS.video);
    await page.evaluate(async (wrongly) => {
      for (const side of ['near', 'far'] as const) call.tell(side, { kind: 'renew', askedAtMs: 0 });
      for (const stream of ['audio', 'video'] as const) {
        await call.key('far', stream, 0, wrongly.includes(stream) ? 99 : 1);
        await call.key('near', stream, 0, 1);
      }
    }, wrong);
    return page;
  }

  const inbound = (page: Page, kind: 'audio' | 'video') => page.evaluate((of) => call.inbound(of), kind);

  /** Waits until so many frames more are decoded. */
  async function decodes(page: Page, more: number): Promise<void> {
    await page.evaluate(async (count) => {
      const start = (await call.inbound('video')).framesDecoded;
      while ((await call.inbound('video')).framesDecoded < start + count)
        await new Promise((resolve) => setTimeout(resolve, 50));
    }, more);
  }

  /** Lets what is on its way arrive, and says how many frames are decoded in the second after it. */
  async function decodedInOneSecond(page: Page): Promise<number> {
    await page.waitForTimeout(500);
    const { framesDecoded: first } = await inbound(page, 'video');
    await page.waitForTimeout(1000);
    return (await inbound(page, 'video')).framesDecoded - first;
  }

  function counts(page: Page, side: 'near' | 'far'): Promise<CallCounts> {
    return page.evaluate(async (of) => {
      const told = call.answer(of, 'counts');
      call.tell(of, { kind: 'count' });
      return (await told).counts;
    }, side);
  }

  test('the room is one script without imports', () => {
    assert.match(bundle, /AES-GCM/);
    assert.doesNotMatch(bundle, /^import |\bimport\(|require\(|node:|\bBuffer\b|\bprocess\b/m);
  });

  test('with the right keys everything is decoded, across a new key; without a lease, or after stop, nothing', {
    timeout: 120_000,
  }, async () => {
    const page = await begin();
    await decodes(page, 20);
    await page.evaluate(async () => {
      for (const stream of ['audio', 'video'] as const) {
        await call.key('far', stream, 1, 2);
        await call.key('near', stream, 1, 2);
      }
    });
    await decodes(page, 20);

    // The camera pauses, so that no frame is on its way while frames are counted.
    await page.evaluate(() => call.camera(false));
    await page.waitForTimeout(700);
    const [video, audio] = [await inbound(page, 'video'), await inbound(page, 'audio')];
    assert.ok(video.framesReceived >= 40);
    assert.ok(
      video.framesDecoded >= 0.99 * video.framesReceived,
      `${video.framesDecoded} of ${video.framesReceived} frames were decoded`,
    );
    assert.ok(video.keyFramesDecoded >= 2, 'no key frame came with the new key');
    assert.equal(video.frameWidth, 320);
    assert.ok(audio.totalAudioEnergy > 0);
    const { opened } = await counts(page, 'far');
    for (const stream of ['audio', 'video'] as const) {
      const { accepted, ...dropped } = opened[stream];
      assert.ok(accepted >= 40);
      assert.deepEqual(new Set(Object.values(dropped)), new Set([0]), JSON.stringify(opened));
    }

    // The lease runs out on the sending side, then on the receiving side, and comes back.
    await page.evaluate(() => call.camera(true));
    await decodes(page, 5);
    for (const side of ['near', 'far'] as const) {
      await page.evaluate((of) => call.tell(of, { kind: 'clock', nowMs: 900 }), side);
      assert.equal(await decodedInOneSecond(page), 0, `the ${side} side had no lease`);
      await page.evaluate((of) => call.tell(of, { kind: 'renew', askedAtMs: 900 }), side);
      await decodes(page, 5);
    }
    assert.ok((await counts(page, 'near')).unsent['hotline/line-dropped']! > 0);
    const before = await counts(page, 'far');
    assert.ok(before.opened.video.stopped > 0);

    // The receiving side stops: frames come, and none is decoded, whatever renewals say.
    await page.evaluate(() => {
      call.tell('far', { kind: 'stop' });
      call.tell('far', { kind: 'renew', askedAtMs: 900 });
    });
    assert.equal(await decodedInOneSecond(page), 0);
    const stopped = await counts(page, 'far');
    assert.ok(stopped.opened.video.stopped > before.opened.video.stopped);
    assert.ok(stopped.opened.audio.stopped > before.opened.audio.stopped);
    await page.close();
  });

  test('with one wrong key not one frame is decoded, and the other stream goes on', { timeout: 120_000 }, async () => {
    const page = await begin(['video']);
    await page.evaluate(async () => {
      const told = () => call.answer('far', 'counts');
      for (let forged = 0; forged < 30; ) {
        const [counts] = await Promise.all([told(), call.tell('far', { kind: 'count' })]);
        forged = counts.counts.opened.video.forged;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    });
    const video = await inbound(page, 'video');
    assert.equal(video.framesDecoded, 0);
    const { opened } = await counts(page, 'far');
    assert.equal(opened.video.accepted, 0);
    assert.ok(opened.audio.accepted > 0);
    assert.ok((await inbound(page, 'audio')).totalAudioEnergy > 0);
    await page.close();
  });

  test('page and worker have one clock', async () => {
    const page = await begin();
    const [earlier, ms, later] = await page.evaluate(async () => {
      const now = () => performance.timeOrigin + performance.now();
      const told = call.answer('near', 'time');
      const asked = now();
      call.tell('near', { kind: 'ask' });
      return [asked, (await told).ms, now()] as const;
    });
    assert.ok(earlier - 1 <= ms && ms <= later + 1, `${earlier} ${ms} ${later}`);
    await page.close();
  });

  test('the page made no error', () => assert.deepEqual(faults, []));
});
