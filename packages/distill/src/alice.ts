import { type Bits, fromBytes, SecretBytes } from '@skykey/bits';
import { amplify, toeplitzSeedBits } from './amplify.ts';
import { conduct } from './conduct.ts';
import { correctAlice } from './correct.ts';
import { DistillError } from './error.ts';
import { expectCount } from './line.ts';
import type { MessageOf } from './messages.ts';
import { blockPrefix, parameterValues } from './parameters.ts';
import { FATES } from './protocol.ts';
import type { PartyOptions, Session } from './session.ts';
import { checkDetections, KeptDetections } from './sift.ts';
import { announceAlice, checkEmissions, MonitorChoice } from './sifting.ts';
import type { AcquisitionClaim } from './sync/disclosure.ts';
import type { EmissionRecord, SessionReport } from './types.ts';
import { VERIFICATION_SEED_BYTES, verificationTag } from './verify.ts';

/** What Alice is given. */
export interface AliceOptions extends PartyOptions {
  /**
   * What her transmitter sent in these slots. Must reject for a slot that was not sent yet: what Alice announces about a
   * slot is safe to tell only after the light has left. `slots` stay as they are until it settles, and no longer. They come in
   * rising order; those that Bob claims while he looks for his slots are mostly ones in which nobody saw anything.
   */
  readonly emissions: (slots: Float64Array) => Promise<EmissionRecord>;
}

/**
 * Alice's side of one session: she sent the light, discloses what error correction needs, and speaks the last word.
 *
 * Resolves with the report, verdict `accepted` or `refused`; with `refused` no key was released. A line that breaks at her
 * last word leaves it `accepted`, with a soft alarm `release`: her key is released, and the next session tells Bob. Rejects
 * with DistillError:
 * `distill/parameters` (bad ones, before anything is said), `distill/session-used` (this id was begun before),
 * `distill/peer-gone`, `distill/protocol` and `distill/version` (the peer broke the protocol), `distill/emissions` and
 * `distill/random` (own devices); and with whatever the functions handed in reject with.
 */
export function runAlice(options: AliceOptions): Promise<SessionReport> {
  return conduct('alice', options, async (session) => {
    await greet(session);
    session.stage('detect');
    const kept = new KeptDetections();
    try {
      await watch(session, options.emissions, kept);
      session.stage('sift');
      const sifted = await announceAlice(session, kept);
      kept.wipe();
      try {
        session.stage('reconcile');
        await correctAlice(session, sifted.key);
        session.stage('verify');
        await verify(session, sifted.key);
        session.stage('amplify');
        const key = await shorten(session, sifted.key);
        session.stage('authenticate');
        await authenticate(session, key);
      } finally {
        sifted.key.bytes.fill(0);
      }
    } finally {
      kept.wipe();
    }
  });
}

async function greet(session: Session): Promise<void> {
  const { store, line, parameters } = session;
  await session.expectFresh();
  const held = (await store.held()).filter((id) => id.startsWith(blockPrefix(parameters)));
  // Held and never released by Alice: the session that made them is over, and she is the one who decides.
  for (const id of held) await store.discard(id);
  const bob = await line.receive('hello-bob');
  const fates = new Uint8Array(bob.held.length).fill(FATES.unknown);
  for (const [i, id] of bob.held.entries()) {
    if (!id.startsWith(blockPrefix(parameters)) || !(await store.wasBegun(id))) continue;
    fates[i] = (await store.wasReleased(id)) ? FATES.released : FATES.withheld;
  }
  const own = parameterValues(parameters);
  await line.send({ type: 'hello-alice', version: bob.version, parameters: own, fates });
  await session.agree(own, bob.parameters);
}

/** Follows the pass: Bob commits to slots, Alice picks the monitored ones, both disclose those and no others. */
async function watch(session: Session, emissions: AliceOptions['emissions'], kept: KeptDetections): Promise<void> {
  const { line, parameters, findings } = session;
  const monitor = new MonitorChoice(parameters.monitorProbability, session.random);
  for (;;) {
    const message = await line.receive('detect', 'claim', 'end');
    if (message.type === 'end') {
      checkEnd(session, message);
      return;
    }
    if (message.type === 'claim') {
      await answer(session, message, emissions);
      continue;
    }
    const { from, until, slot } = message.detections;
    const { watchedUntil } = session;
    // One that watches nothing moves nothing, and could be said for ever.
    if (from !== watchedUntil || until === from || until > parameters.pulses) {
      throw new DistillError(
        'distill/protocol',
        `the peer watched slots ${from} to ${until}, where some from ${watchedUntil} to at most ${parameters.pulses} are due`,
      );
    }
    checkDetections(findings.detections + slot.length);
    session.watchedUntil = until;
    const sent = checkEmissions(slot.length ? await emissions(slot) : NO_EMISSIONS, slot.length);
    let disclosed: Uint8Array;
    try {
      const positions = monitor.next(slot.length);
      await line.send({ type: 'monitor', positions });
      disclosed = kept.append(sent, positions);
    } finally {
      sent.fill(0);
    }
    let detector: Uint8Array = new Uint8Array(0);
    if (disclosed.length) {
      ({ detector } = await line.receive('clicks'));
      expectCount('monitored clicks', detector.length, disclosed.length);
      await line.send({ type: 'emissions', emission: disclosed });
    }
    session.monitor(slot.length, detector, disclosed, until);
  }
}

/** Bob looks for his slots: Alice says what she sent in those he claims, and from then on they give no key. */
async function answer(
  session: Session,
  { claim }: MessageOf<'claim'>,
  emissions: AliceOptions['emissions'],
): Promise<void> {
  const slots = claimOf(session, claim);
  await session.line.send({ type: 'claimed', settings: checkEmissions(await emissions(slots), slots.length) });
  await session.line.receive('acquired');
}

function claimOf(session: Session, claim: AcquisitionClaim): Float64Array {
  try {
    return session.claim(claim);
  } catch (error) {
    if (!(error instanceof DistillError && error.code === 'distill/claim')) throw error;
    throw new DistillError('distill/protocol', `of what the peer sent, ${error.message}`, { cause: error });
  }
}

const NO_EMISSIONS: EmissionRecord = {
  intensity: new Uint8Array(0),
  basis: new Uint8Array(0),
  bit: new Uint8Array(0),
};

function checkEnd(session: Session, end: MessageOf<'end'>): void {
  const { findings, parameters, watchedUntil } = session;
  if (end.detections !== findings.detections || end.pulses !== watchedUntil) {
    throw new DistillError(
      'distill/protocol',
      `the peer ended the pass at slot ${end.pulses} with ${end.detections} detections, after telling of ${findings.detections} up to slot ${watchedUntil}`,
    );
  }
  if (end.pulses !== parameters.pulses) session.refuse('short-pass');
}

async function verify(session: Session, key: Bits): Promise<void> {
  const seed = session.random(VERIFICATION_SEED_BYTES);
  session.verificationDisclosed();
  await session.line.send({ type: 'verify', seed, tag: verificationTag(seed, key) });
  await session.line.receive('verified');
}

async function shorten(session: Session, key: Bits): Promise<SecretBytes> {
  const secretBits = session.secretBits();
  const seedBits = toeplitzSeedBits(key.length, secretBits);
  const seed = fromBytes(session.random(Math.ceil(seedBits / 8)), seedBits);
  await session.line.send({ type: 'amplify', seed });
  return SecretBytes.adopt(amplify(key, seed, secretBits).bytes);
}

/** Tag, Bob's acceptance, release: Bob releases only on Alice's word that she has released. */
async function authenticate(session: Session, key: SecretBytes): Promise<void> {
  const { store, blockId } = session;
  try {
    await session.takePads();
    await session.sendTag('tag', 0);
    await session.receiveTag('accept', 1);
  } catch (error) {
    key.wipe();
    throw error;
  }
  await store.hold(blockId, key, session.report(undefined, 1));
  await store.release(blockId);
  session.released = true;
  try {
    await session.sendTag('release', 2);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    session.raise({
      severity: 'soft',
      kind: 'release',
      message: `the key is released here, and the line broke at the last word to Bob (${why}): the next session tells him`,
    });
  }
}
