import {
  CallMedia,
  decodeHeader,
  type EncodedFrame,
  type MediaReport,
  type Stream,
  type Transformer,
  type TransformOptions,
} from '@skykey/hotline/media';
import { OWN_PAGE, sentenceOf } from './api.ts';
import type { FrameTotals, LeaseRequest, WorkerOrder, WorkerReport } from './contract.ts';
import { KeySchedule } from './key-schedule.ts';
import { CallLease, PULL_MS, readLease } from './lease.ts';
import { PadIntake } from './pad-intake.ts';

/**
 * The worker of one call: it asks the site for leave, holds the keys, and seals and opens every frame. It asks itself
 * rather than through the page, because timers of a page that is not in front are slowed down, and because so no key
 * ever is in the page's memory.
 */

/** How often the page hears what is going on, ms. */
const REPORT_MS = 100;
/** An answer that took longer would give leave for nothing. */
const PATIENCE_MS = 900;

const scope = globalThis as unknown as {
  postMessage(report: WorkerReport): void;
  onmessage: ((event: MessageEvent<WorkerOrder>) => void) | null;
  onrtctransform: ((event: { readonly transformer: Transformer }) => void) | null;
};

const now = () => performance.now();
const keys = new KeySchedule();
const pads = new PadIntake();
const lease = new CallLease(now());
let problem: string | null = null;
let stopReason: string | null = null;

const media = new CallMedia({
  subtle: crypto.subtle,
  now,
  report: (report: MediaReport) => {
    if (report.kind === 'key-frame-needed') scope.postMessage({ kind: 'key-frame-needed' });
    if (report.kind === 'refused') problem = report.message;
  },
});

const seen = { seal: { audio: 0, video: 0 }, open: { audio: 0, video: 0 } };

scope.onrtctransform = ({ transformer }) => void media.attach(watched(transformer));
scope.onmessage = ({ data: order }) => {
  if (order.kind === 'stop') stop(null);
  else if (order.kind === 'count') scope.postMessage({ kind: 'counts', counts: totals() });
  else open(order);
};

/** The same transformer, with its frames counted, and a key that a frame names put to use before it is looked at. */
function watched(transformer: Transformer): Transformer {
  const { use, stream } = transformer.options as TransformOptions;
  const count = new TransformStream<EncodedFrame, EncodedFrame>({
    async transform(frame, controller) {
      seen[use][stream]++;
      if (use === 'open') await foresee(frame, stream);
      controller.enqueue(frame);
    },
  });
  return {
    readable: transformer.readable.pipeThrough(count),
    writable: transformer.writable,
    options: transformer.options,
    ...(transformer.generateKeyFrame && { generateKeyFrame: () => transformer.generateKeyFrame!() }),
    ...(transformer.sendKeyFrameRequest && { sendKeyFrameRequest: () => transformer.sendKeyFrameRequest!() }),
  };
}

async function foresee({ data }: EncodedFrame, stream: Stream): Promise<void> {
  // Before a picture's frame stands a byte for the browser (media room, `transform.ts`).
  const header = decodeHeader(new Uint8Array(data).subarray(stream === 'video' ? 1 : 0));
  const key = header === undefined ? null : keys.named(stream, header.kid);
  if (key !== null) await media.take(key);
}

/** Silence first, then everything else. */
function stop(reason: string | null): void {
  void media.take({ kind: 'stop' });
  keys.wipe();
  lease.stop();
  stopReason ??= reason;
  tell();
}

function open({ base, id, session, padded }: WorkerOrder & { kind: 'open' }): void {
  // Before there is any key: no frame of such a call ever goes without pad.
  if (padded) void media.take({ kind: 'padded' });
  setInterval(tell, REPORT_MS);
  void (async () => {
    while (lease.state(now()) !== 'stopped' && lease.state(now()) !== 'lapsed') {
      const askedMs = now();
      await pull(`${base}/api/call/lease`, { id, session, have: [...keys.have(), ...pads.have(media.pads)] }, askedMs);
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, askedMs + PULL_MS - now())));
    }
    stop(null);
  })();
}

/** Asks once. Whatever is no clear yes gives no leave; a clear no is for good. */
async function pull(url: string, request: LeaseRequest, askedMs: number): Promise<void> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: OWN_PAGE,
      body: JSON.stringify(request),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const body: unknown = await response.json().catch(() => null);
    // The site answers, and what it says is not "later": signed out, no such call, an alarm.
    if (response.status >= 400 && response.status < 500 && response.status !== 429) return stop(sentenceOf(body));
    const answer = response.ok ? readLease(body) : null;
    if (answer === null) return;
    const renewedMs = lease.grant(askedMs, answer.leaseMs, now());
    if (renewedMs === null) return;
    for (const pad of pads.after(answer.pads)) void media.take(pad);
    for (const key of keys.after(answer)) void media.take(key);
    void media.take({ kind: 'renew', askedAtMs: renewedMs });
    tell();
  } catch {
    // No answer in time: the lease runs out by itself.
  }
}

let told = '';
function tell(): void {
  const state = lease.state(now());
  const report: WorkerReport = { kind: 'lease', state, reason: stopReason };
  const news = JSON.stringify(report);
  if (news !== told) scope.postMessage(report);
  told = news;
}

function totals(): FrameTotals {
  const { opened, unsent, covered } = media.counts;
  const refused = ({ malformed, unknownKey, forged, replayed, tooOld }: typeof opened.audio) =>
    malformed + unknownKey + forged + replayed + tooOld;
  return {
    seen: structuredClone(seen),
    opened: { audio: opened.audio.accepted - covered, video: opened.video.accepted },
    refused: { audio: refused(opened.audio) + covered, video: refused(opened.video) },
    held: opened.audio.stopped + opened.video.stopped + (unsent['hotline/line-dropped'] ?? 0),
    sendEpoch: keys.sendEpoch,
    problem,
  };
}
