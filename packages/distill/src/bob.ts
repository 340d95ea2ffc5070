import { type Bits, equalBytes, SecretBytes, zeros } from '@skykey/bits';
import { amplify, toeplitzSeedBits } from './amplify.ts';
import { countErrors } from './estimate.ts';
import { expectCount } from './line.ts';
import { DETECT_LIMIT, HELD_LIMIT } from './messages.ts';
import { blockPrefix, parameterValues } from './parameters.ts';
import { VERSION } from './protocol.ts';
import { reconcileBob } from './reconcile.ts';
import { conduct, type PartyOptions, type Session } from './session.ts';
import { checkDetections, KeptDetections, type Sifted, settleClicks, sift } from './sift.ts';
import type { DetectionChunk, SessionReport } from './types.ts';
import { verificationTag } from './verify.ts';

/** What Bob is given. */
export interface BobOptions extends PartyOptions {
  /** His detections of the whole block, in order of slot; gates and assignment fixed before any bit is looked at. */
  readonly chunks: AsyncIterable<DetectionChunk>;
}

/**
 * Bob's side of one session: he commits to what he detected, corrects his key to Alice's, and releases on her word.
 *
 * Resolves with the report, verdict `accepted` or `refused`; with `refused` no key was released. If the session breaks after
 * Bob accepted and before he hears Alice's release, his block stays held and the next session settles it. Rejects with
 * DistillError: `distill/parameters`, `distill/session-used`, `distill/peer-gone`, `distill/protocol`, `distill/version`,
 * `distill/detections` and `distill/random`, as `runAlice`; and with whatever the functions handed in reject with.
 */
export function runBob(options: BobOptions): Promise<SessionReport> {
  return conduct('bob', options, async (session) => {
    const settle = await greet(session);
    session.stage('detect');
    const kept = new KeptDetections();
    try {
      await watch(session, options.chunks, kept);
      session.stage('sift');
      const sifted = await announce(session, kept.values());
      kept.wipe();
      const raw = sifted.key;
      let corrected: Bits | undefined;
      try {
        session.stage('reconcile');
        const result = await reconcileBob(session.line, raw, session.errorRate());
        corrected = result.key;
        session.reconciled(result);
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
  const held = onLink.slice(0, HELD_LIMIT);
  const own = parameterValues(parameters);
  await line.send({ type: 'hello-bob', version: VERSION, parameters: own, held });
  const alice = await line.receive('hello-alice');
  expectCount('answers about held blocks', alice.released.length, held.length);
  await session.agree(alice.parameters, own);
  return async () => {
    for (const [i, id] of held.entries()) {
      if ((alice.released.bytes[i >> 3]! >> (i & 7)) & 1) await store.release(id);
      else await store.discard(id);
    }
  };
}

/** Sends the slots of every chunk as it comes, in messages of at most DETECT_LIMIT, and ends with the size of the block. */
async function watch(session: Session, chunks: AsyncIterable<DetectionChunk>, kept: KeptDetections): Promise<void> {
  const { line, parameters, findings } = session;
  let watchedUntil = 0;
  for await (const chunk of chunks) {
    const { slot, detector } = settleClicks(chunk, watchedUntil, parameters.pulses, session.random);
    for (let at = 0; at < slot.length || watchedUntil < chunk.untilSlot; ) {
      const next = Math.min(slot.length, at + DETECT_LIMIT);
      const until = next === slot.length ? chunk.untilSlot : slot[next - 1]! + 1;
      await commit(session, watchedUntil, until, slot.subarray(at, next), detector.subarray(at, next), kept);
      watchedUntil = until;
      at = next;
    }
    detector.fill(0);
  }
  if (watchedUntil !== parameters.pulses) session.refuse('short-pass');
  await line.send({ type: 'end', pulses: watchedUntil, detections: findings.detections });
}

async function commit(
  session: Session,
  from: number,
  until: number,
  slot: Float64Array,
  detector: Uint8Array,
  kept: KeptDetections,
): Promise<void> {
  const { line, findings } = session;
  checkDetections(findings.detections + slot.length);
  await line.send({ type: 'detect', detections: { from, until, slot } });
  const { positions } = await line.receive('monitor');
  expectCount('monitor choices', positions.length, slot.length);
  session.expectMonitorShare(positions);
  const disclosed = detector.filter((_, i) => (positions.bytes[i >> 3]! >> (i & 7)) & 1);
  let emission: Uint8Array = new Uint8Array(0);
  if (disclosed.length) {
    await line.send({ type: 'clicks', detector: disclosed });
    ({ emission } = await line.receive('emissions'));
    expectCount('monitored emissions', emission.length, disclosed.length);
  }
  kept.append(detector, positions);
  session.monitor(slot.length, disclosed, emission, until);
}

/** Announces the bases of what was not monitored, sifts with Alice's, and compares the test basis. */
async function announce(session: Session, own: Uint8Array): Promise<Sifted> {
  const { line } = session;
  const basis = zeros(own.length);
  for (let i = 0; i < own.length; i++) basis.bytes[i >> 3]! |= (own[i]! >> 1) << (i & 7);
  await line.send({ type: 'bases', basis });
  const alice = await line.receive('settings');
  expectCount('bases', alice.basis.length, own.length);
  expectCount('intensities', alice.intensity.length, own.length);
  const sifted = sift(own, alice.basis, basis, alice.intensity);
  session.stage('estimate');
  await line.send({ type: 'test-bob', bits: sifted.test });
  const { bits: aliceTest } = await line.receive('test-alice');
  expectCount('test bits', aliceTest.length, sifted.test.length);
  session.estimate(sifted, countErrors(aliceTest, sifted.test, sifted.testIntensity));
  return sifted;
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
