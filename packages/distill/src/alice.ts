import { type Bits, fromBytes, SecretBytes, zeros } from '@skykey/bits';
import { amplify, toeplitzSeedBits } from './amplify.ts';
import { DistillError } from './error.ts';
import { countErrors } from './estimate.ts';
import { expectCount } from './line.ts';
import type { MessageOf } from './messages.ts';
import { blockPrefix, parameterValues } from './parameters.ts';
import { reconcileAlice } from './reconcile.ts';
import { conduct, type PartyOptions, type Session } from './session.ts';
import { checkDetections, KeptDetections, type Sifted, sift } from './sift.ts';
import type { EmissionRecord, SessionReport } from './types.ts';
import { VERIFICATION_SEED_BYTES, verificationTag } from './verify.ts';

/** What Alice is given. */
export interface AliceOptions extends PartyOptions {
  /**
   * What her transmitter sent in these slots. Must reject for a slot that was not sent yet: what Alice announces about a
   * slot is safe to tell only after the light has left.
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
      const sifted = await announce(session, kept.values());
      kept.wipe();
      try {
        session.stage('reconcile');
        session.reconciled(await reconcileAlice(session.line, sifted.key, session.errorRate(), session.random));
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
  const released = zeros(bob.held.length);
  for (const [i, id] of bob.held.entries()) {
    if (!id.startsWith(blockPrefix(parameters))) continue;
    if (await store.wasReleased(id)) released.bytes[i >> 3]! |= 1 << (i & 7);
  }
  const own = parameterValues(parameters);
  await line.send({ type: 'hello-alice', version: bob.version, parameters: own, released });
  await session.agree(own, bob.parameters);
}

/** Follows the pass: Bob commits to slots, Alice picks the monitored ones, both disclose those and no others. */
async function watch(session: Session, emissions: AliceOptions['emissions'], kept: KeptDetections): Promise<void> {
  const { line, parameters, findings } = session;
  let watchedUntil = 0;
  for (;;) {
    const message = await line.receive('detect', 'end');
    if (message.type === 'end') {
      checkEnd(session, message, watchedUntil);
      return;
    }
    const { from, until, slot } = message.detections;
    if (from !== watchedUntil || until > parameters.pulses) {
      throw new DistillError(
        'distill/protocol',
        `the peer watched slots ${from} to ${until}, where ${watchedUntil} to at most ${parameters.pulses} are due`,
      );
    }
    checkDetections(findings.detections + slot.length);
    watchedUntil = until;
    const sent = checkEmissions(slot.length ? await emissions(slot) : NO_EMISSIONS, slot.length);
    const positions = pickPositions(slot.length, parameters.monitorProbability, session.random);
    await line.send({ type: 'monitor', positions });
    const disclosed = sent.filter((_, i) => (positions.bytes[i >> 3]! >> (i & 7)) & 1);
    let detector: Uint8Array = new Uint8Array(0);
    if (disclosed.length) {
      ({ detector } = await line.receive('clicks'));
      expectCount('monitored clicks', detector.length, disclosed.length);
      await line.send({ type: 'emissions', emission: disclosed });
    }
    kept.append(sent, positions);
    sent.fill(0);
    session.monitor(slot.length, detector, disclosed, until);
  }
}

const NO_EMISSIONS: EmissionRecord = {
  intensity: new Uint8Array(0),
  basis: new Uint8Array(0),
  bit: new Uint8Array(0),
};

/** `intensity * 4 + basis * 2 + bit` of each slot. */
function checkEmissions(record: EmissionRecord, slots: number): Uint8Array {
  const { intensity, basis, bit } = record;
  const refuse = (what: string): never => {
    throw new DistillError('distill/emissions', `the transmitter's record ${what}`);
  };
  if (intensity.length !== slots || basis.length !== slots || bit.length !== slots) {
    refuse(`has ${intensity.length}, ${basis.length} and ${bit.length} rows for ${slots} slots`);
  }
  const out = new Uint8Array(slots);
  for (let i = 0; i < slots; i++) {
    if (intensity[i]! > 2 || basis[i]! > 1 || bit[i]! > 1) {
      refuse(`says intensity ${intensity[i]}, basis ${basis[i]}, bit ${bit[i]} in row ${i}`);
    }
    out[i] = intensity[i]! * 4 + basis[i]! * 2 + bit[i]!;
  }
  return out;
}

/** Marks each of `length` detections with the given probability (to 2^-32), independently. */
function pickPositions(length: number, probability: number, random: (length: number) => Uint8Array): Bits {
  const positions = zeros(length);
  const bytes = random(4 * length);
  const coins = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const limit = probability * 2 ** 32;
  for (let i = 0; i < length; i++) {
    if (coins.getUint32(4 * i, true) < limit) positions.bytes[i >> 3]! |= 1 << (i & 7);
  }
  return positions;
}

function checkEnd(session: Session, end: MessageOf<'end'>, watchedUntil: number): void {
  const { findings, parameters } = session;
  if (end.detections !== findings.detections || end.pulses !== watchedUntil) {
    throw new DistillError(
      'distill/protocol',
      `the peer ended the pass at slot ${end.pulses} with ${end.detections} detections, after telling of ${findings.detections} up to slot ${watchedUntil}`,
    );
  }
  if (end.pulses !== parameters.pulses) session.refuse('short-pass');
}

/** Sifts after Bob's bases are on the line, then compares the test basis. Bob's commitment is complete by now. */
async function announce(session: Session, own: Uint8Array): Promise<Sifted> {
  const { line } = session;
  const { basis: bobBasis } = await line.receive('bases');
  expectCount('bases', bobBasis.length, own.length);
  const basis = zeros(own.length);
  const intensity = new Uint8Array(own.length);
  for (let i = 0; i < own.length; i++) {
    basis.bytes[i >> 3]! |= ((own[i]! >> 1) & 1) << (i & 7);
    intensity[i] = own[i]! >> 2;
  }
  await line.send({ type: 'settings', basis, intensity });
  const sifted = sift(own, basis, bobBasis, intensity);
  session.stage('estimate');
  const { bits: bobTest } = await line.receive('test-bob');
  expectCount('test bits', bobTest.length, sifted.test.length);
  await line.send({ type: 'test-alice', bits: sifted.test });
  session.estimate(sifted, countErrors(sifted.test, bobTest, sifted.testIntensity));
  return sifted;
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
