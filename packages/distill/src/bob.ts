import { type Bits, equalBytes, SecretBytes } from '@skykey/bits';
import { amplify, toeplitzSeedBits } from './amplify.ts';
import { conduct } from './conduct.ts';
import { correctBob } from './correct.ts';
import { DistillError } from './error.ts';
import { expectCount } from './line.ts';
import { DETECT_LIMIT, HELD_LIMIT, type Watched } from './messages.ts';
import { blockPrefix, parameterValues } from './parameters.ts';
import { FATES, VERSION } from './protocol.ts';
import type { PartyOptions, Session } from './session.ts';
import { checkDetections, KeptDetections, settleClicks } from './sift.ts';
import { announceBob } from './sifting.ts';
import type { AcquisitionAnswer, AcquisitionClaim, AcquisitionOutcome } from './sync/disclosure.ts';
import type { Acquisition, Alarm, DetectionChunk, SessionReport } from './types.ts';
import { verificationTag } from './verify.ts';

/** What Bob is given. */
export interface BobOptions extends PartyOptions {
  /**
   * His detections of the whole block, in order of slot; gates and assignment fixed before any bit is looked at. A source
   * that has to find the slots of its time tags first is a function.
   */
  readonly chunks: AsyncIterable<DetectionChunk> | ((acquisition: Acquisition) => AsyncIterable<DetectionChunk>);
}

/**
 * Bob's side of one session: he commits to what he detected, corrects his key to Alice's, and releases on her word.
 *
 * Resolves with the report, verdict `accepted` or `refused`; with `refused` no key was released. If the session breaks after
 * Bob accepted and before he hears Alice's release, his block stays held and the next session settles it. Rejects with
 * DistillError: `distill/parameters`, `distill/session-used`, `distill/peer-gone`, `distill/protocol`, `distill/version`,
 * `distill/detections`, `distill/claim` (a source that asks what is not due) and `distill/random`, as `runAlice`; and with
 * whatever the functions handed in reject with.
 */
export function runBob(options: BobOptions): Promise<SessionReport> {
  return conduct('bob', options, async (session) => {
    const settle = await greet(session);
    session.stage('detect');
    const kept = new KeptDetections();
    try {
      await watch(session, options.chunks, kept);
      session.stage('sift');
      const sifted = await announceBob(session, kept);
      kept.wipe();
      const raw = sifted.key;
      let corrected: Bits | undefined;
      try {
        session.stage('reconcile');
        corrected = await correctBob(session, raw);
        session.stage('verify');
        await verify(session, corrected);
        session.stage('amplify');
        const key = await shorten(session, corrected);
        session.stage('authenticate');
        await authenticate(session, key, settle);
      } finally {
        raw.bytes.fill(0);
        corrected?.bytes.fill(0);
      }
    } finally {
      kept.wipe();
    }
  });
}

/** Says hello; returns what to do with the blocks of interrupted sessions once Alice's word is authenticated. */
async function greet(session: Session): Promise<() => Promise<void>> {
  const { store, line, parameters } = session;
  await session.expectFresh();
  const onLink = (await store.held()).filter((id) => id.startsWith(blockPrefix(parameters)));
  const held = someOf(onLink, session);
  const own = parameterValues(parameters);
  await line.send({ type: 'hello-bob', version: VERSION, parameters: own, held });
  const alice = await line.receive('hello-alice');
  expectCount('answers about held blocks', alice.fates.length, held.length);
  await session.agree(alice.parameters, own);
  return async () => {
    for (const [i, id] of held.entries()) {
      const fate = alice.fates[i];
      if (fate === FATES.released) await store.release(id);
      else if (fate === FATES.withheld) await store.discard(id);
      else session.raise(unknownBlock(id));
    }
  };
}

/** As many as are settled in one session. Which is left to chance: those that stay may not stand before the others for ever. */
function someOf(held: readonly string[], session: Session): readonly string[] {
  if (held.length <= HELD_LIMIT) return held;
  const [high, low] = session.random(2);
  const from = (high! * 256 + low!) % held.length;
  return [...held.slice(from), ...held.slice(0, from)].slice(0, HELD_LIMIT);
}

/** Alice begins every block in her store before anything of it can be held here: hers is another store, or has lost some. */
function unknownBlock(id: string): Alarm {
  return {
    severity: 'soft',
    kind: 'unknown-block',
    message:
      `Alice has never heard of ${id}, which is held here: her store is not the one of that session, or has lost it; ` +
      'the block stays in quarantine until a session with a store that knows it',
  };
}

/** Sends the slots of every chunk as it comes, in messages of at most DETECT_LIMIT, and ends with the size of the block. */
async function watch(session: Session, source: BobOptions['chunks'], kept: KeptDetections): Promise<void> {
  const { line, parameters, findings } = session;
  const search = new Search(session);
  for await (const chunk of typeof source === 'function' ? source(search) : source) {
    search.pause();
    const { slot, detector, told } = settleClicks(chunk, session.watchedUntil, parameters.pulses, session.random);
    try {
      for (let at = 0; at < slot.length || session.watchedUntil < chunk.untilSlot; ) {
        const next = Math.min(slot.length, at + DETECT_LIMIT);
        const until = next === slot.length ? chunk.untilSlot : slot[next - 1]! + 1;
        const watched = { from: session.watchedUntil, until, slot: slot.subarray(at, next), told };
        await commit(session, watched, detector.subarray(at, next), kept);
        at = next;
      }
    } finally {
      if (detector !== chunk.detector) detector.fill(0);
    }
    search.resume();
  }
  search.pause();
  if (session.watchedUntil !== parameters.pulses) session.refuse('short-pass');
  await line.send({ type: 'end', pulses: session.watchedUntil, detections: findings.detections });
}

/** How a source of detections asks Alice about slots: one claim at a time, and only while it is waited for. */
class Search implements Acquisition {
  readonly #session: Session;
  #state: 'ready' | 'asking' | 'asked' | 'paused' = 'ready';

  constructor(session: Session) {
    this.#session = session;
  }

  #expect(state: 'ready' | 'asked', what: string): void {
    if (this.#state === state) return;
    throw new DistillError('distill/claim', `${what} is not due: the source is ${this.#state}`);
  }

  pause(): void {
    this.#expect('ready', 'a chunk');
    this.#state = 'paused';
  }

  resume(): void {
    this.#state = 'ready';
  }

  async ask(claim: AcquisitionClaim): Promise<AcquisitionAnswer> {
    this.#expect('ready', 'a claim');
    const { line } = this.#session;
    const slots = this.#session.claim(claim);
    this.#state = 'asking';
    await line.send({ type: 'claim', claim });
    const { settings } = await line.receive('claimed');
    expectCount('settings of claimed slots', settings.length, slots.length);
    this.#state = 'asked';
    return { settings };
  }

  async settle({ found, significance }: AcquisitionOutcome): Promise<void> {
    this.#expect('asked', 'an outcome');
    this.#state = 'asking';
    await this.#session.line.send({ type: 'acquired', found, significance });
    this.#state = 'ready';
  }
}

async function commit(
  session: Session,
  detections: Watched,
  detector: Uint8Array,
  kept: KeptDetections,
): Promise<void> {
  const { line, findings } = session;
  const { until, slot } = detections;
  checkDetections(findings.detections + slot.length);
  await line.send({ type: 'detect', detections });
  session.watchedUntil = until;
  const { positions } = await line.receive('monitor');
  expectCount('monitor choices', positions.length, slot.length);
  session.expectMonitorShare(positions);
  const disclosed = kept.append(detector, positions);
  let emission: Uint8Array = new Uint8Array(0);
  if (disclosed.length) {
    await line.send({ type: 'clicks', detector: disclosed });
    ({ emission } = await line.receive('emissions'));
    expectCount('monitored emissions', emission.length, disclosed.length);
  }
  session.monitor(slot.length, disclosed, emission, until);
}

async function verify(session: Session, key: Bits): Promise<void> {
  const { seed, tag } = await session.line.receive('verify');
  session.verificationDisclosed();
  if (!equalBytes(tag, verificationTag(seed, key))) session.refuse('verification');
  await session.line.send({ type: 'verified' });
}

async function shorten(session: Session, key: Bits): Promise<SecretBytes> {
  const secretBits = session.secretBits();
  const { seed } = await session.line.receive('amplify');
  expectCount('bits of the hash seed', seed.length, toeplitzSeedBits(key.length, secretBits));
  return SecretBytes.adopt(amplify(key, seed, secretBits).bytes);
}

/** Checks Alice's tag, holds, accepts, and releases on her word. */
async function authenticate(session: Session, key: SecretBytes, settle: () => Promise<void>): Promise<void> {
  const { store, blockId } = session;
  try {
    await session.receiveFirstTag();
    await settle();
  } catch (error) {
    key.wipe();
    throw error;
  }
  await store.hold(blockId, key, session.report(undefined, 2));
  session.awaitsRelease = true;
  await session.sendTag('accept', 1);
  await session.receiveTag('release', 2);
  await store.release(blockId);
  session.released = true;
}
