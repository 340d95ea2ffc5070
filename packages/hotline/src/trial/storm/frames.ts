import { webcrypto } from 'node:crypto';
import { CallMedia, type EncodedFrame, type Stream, type Transformer } from '../../media/index.ts';
import type { LeasedKey } from '../../session/calls.ts';
import { ALICE, BOB, type DeskId, Dice, other, World } from '../world.ts';
import { Conversation, DESKS } from './conversation.ts';
import { flipped } from './mutation.ts';
import { type Played, type StormPart, seedOf } from './outcome.ts';

const STREAMS: readonly Stream[] = ['audio', 'video'];
const MIME: Readonly<Record<Stream, string>> = { audio: 'audio/opus', video: 'video/VP8' };
const FRAMES = 60;
/** Altered, doubled and thrown back. */
const COPIES = 8 + 2;
/** Of each desk, loaded one after the other in the same call. */
const PAGES = 2;
const PER_WORLD = PAGES * DESKS.length * STREAMS.length * FRAMES * COPIES;
const RINGING_MS = 10_000;

/** Media frames of calls between two sessions, with altered ones beside each: at least `count` of these in all. */
export function frames(seed: number, count: number): StormPart {
  return {
    name: 'frames',
    worlds: Math.ceil(count / PER_WORLD),
    play: (world) => playFrames(seedOf('frames', seed, world), world),
  };
}

interface Fake extends EncodedFrame {
  readonly stamp: number;
  readonly type: string;
}

function fake(stream: Stream, data: Uint8Array, stamp: number, type: string): Fake {
  const mimeType = MIME[stream];
  return {
    data: data.slice().buffer as ArrayBuffer,
    type,
    stamp,
    getMetadata: () => ({ rtpTimestamp: stamp, mimeType }),
  };
}

function copyOf(frame: Fake): Fake {
  return { ...frame, data: frame.data.slice(0) };
}

/** Runs frames through a transform, as a browser does. */
async function through(media: CallMedia, use: 'seal' | 'open', stream: Stream, put: readonly Fake[]): Promise<Fake[]> {
  const out: Fake[] = [];
  const transformer: Transformer = {
    readable: new ReadableStream<EncodedFrame>({
      start: (controller) => {
        for (const frame of put) controller.enqueue(frame);
        controller.close();
      },
    }),
    writable: new WritableStream<EncodedFrame>({ write: (frame) => void out.push(frame as Fake) }),
    options: { use, stream },
  };
  await media.attach(transformer);
  return out;
}

/** A stream of frames as an encoder makes them; the first one of video stands alone. */
function encoded(stream: Stream, dice: Dice): Fake[] {
  return Array.from({ length: FRAMES }, (_, i) =>
    fake(stream, dice.bytes(1 + dice.below(200)), 960 * (i + 1), stream === 'video' && i === 0 ? 'key' : 'delta'),
  );
}

async function playFrames(seed: number, number: number): Promise<Played> {
  const world = new World({ seed });
  const dice = new Dice(seed + 1_000_000);
  const people = new Conversation(world);
  const callId = await connected(people);
  const findings: string[] = [];
  const counts = { frames: 0, mutated: 0, opened: 0 };
  for (let page = 0; page < PAGES; page++) {
    const media = await pages(people, callId);
    for (const from of DESKS) {
      for (const stream of STREAMS) {
        const sent = encoded(stream, dice);
        const sealed = await through(media[from], 'seal', stream, sent.map(copyOf));
        const altered = sealed.map((frame) => hostile(stream, frame, sealed, dice));
        const put = sealed.flatMap((frame, i) => [...altered[i]!, frame, frame]);
        const opened = await through(media[other(from)], 'open', stream, put.map(copyOf));
        // Thrown back at who sealed them.
        const back = await through(media[from], 'open', stream, sealed.map(copyOf));
        if (back.length > 0) findings.push(`${from} opened ${back.length} frames of its own`);
        findings.push(...compared(sent, opened).map((finding) => `${stream} of ${from}: ${finding}`));
        counts.frames += sent.length;
        counts.mutated += altered.flat().length + 2 * sealed.length;
        counts.opened += opened.length;
      }
    }
  }
  return { world: number, findings: findings.map((finding) => `call ${number}: ${finding}`), counts };
}

/** A call that rings and is taken. Throws when none comes about. */
async function connected(people: Conversation): Promise<string> {
  const { world } = people;
  const stateOf = (id: DeskId) => world.session(id).view().call?.state;
  if (!(await people.meet())) throw new Error('the desks did not come together');
  people.leases = false;
  people.ring(ALICE);
  if (!(await people.until(() => DESKS.every((id) => stateOf(id) === 'connecting'), RINGING_MS))) {
    throw new Error('no call came about');
  }
  return world.session(ALICE).view().call!.id;
}

/** Pages that are loaded anew at both desks, with the keys that their desks lease to them. */
async function pages(people: Conversation, callId: string): Promise<Record<DeskId, CallMedia>> {
  const { world } = people;
  const pageOf = () =>
    new CallMedia({ subtle: webcrypto.subtle as SubtleCrypto, now: () => world.nowMs, report: () => undefined });
  const media = { [ALICE]: pageOf(), [BOB]: pageOf() };
  const keys: Record<DeskId, LeasedKey[]> = { [ALICE]: [], [BOB]: [] };
  // The second time each desk knows in what the other one sends.
  for (let i = 0; i < 2; i++) {
    for (const id of DESKS) {
      const have = new Set(keys[id].map(({ keyId }) => keyId));
      keys[id].push(...(await world.session(id).lease(callId, have)).keys);
    }
    await people.run(1500);
  }
  for (const id of DESKS) {
    for (const { use, stream, mediaEpoch: epoch, baseKey } of keys[id].sort((a, b) => a.mediaEpoch - b.mediaEpoch)) {
      const own = use === 'send' ? 'seal' : 'open';
      await media[id].take({ kind: 'key', use: own, stream, epoch, baseKey: new Uint8Array(baseKey) });
    }
    await media[id].take({ kind: 'renew', askedAtMs: world.nowMs });
  }
  return media;
}

/** What somebody on the way makes of a frame. */
function hostile(stream: Stream, frame: Fake, others: readonly Fake[], dice: Dice): Fake[] {
  const bytes = new Uint8Array(frame.data);
  const different = others.filter((one) => one !== frame);
  const another = different[dice.below(different.length)]!;
  const there = new Uint8Array(another.data);
  const at = dice.below(bytes.length);
  const cut = 1 + dice.below(4);
  const made: readonly [Uint8Array, number][] = [
    [flipped(bytes, 0, dice.below(8)), frame.stamp],
    [flipped(bytes, Math.min(1, bytes.length - 1), dice.below(8)), frame.stamp],
    [flipped(bytes, at, dice.below(8)), frame.stamp],
    [flipped(bytes, bytes.length - 1, dice.below(8)), frame.stamp],
    [bytes.slice(0, at), frame.stamp],
    [Uint8Array.of(...bytes, dice.below(256)), frame.stamp],
    [Uint8Array.of(...bytes.subarray(0, cut), ...there.subarray(cut)), frame.stamp],
    [bytes, another.stamp],
  ];
  return made.map(([data, stamp]) => fake(stream, data, stamp, frame.type));
}

/** Each frame that was sealed, once and as it was; nothing else. */
function compared(sent: readonly Fake[], opened: readonly Fake[]): string[] {
  const findings: string[] = [];
  const left = new Map(sent.map((frame) => [frame.stamp, frame]));
  for (const { stamp, data } of opened) {
    const frame = left.get(stamp);
    if (!frame) findings.push(`a frame was opened twice, or was never sealed (${stamp})`);
    else if (Buffer.compare(new Uint8Array(frame.data), new Uint8Array(data)) !== 0) {
      findings.push(`a frame was opened as another one (${stamp})`);
    }
    left.delete(stamp);
  }
  if (left.size > 0) findings.push(`${left.size} true frames were not opened`);
  return findings;
}
