import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HotlineError } from '../error.ts';
import { CHUNK_BYTES, chunkBytes, chunkCount, FileCipher } from './chunked.ts';
import type { FileEffect } from './effect.ts';
import { decodeFileMessage, encodeFileMessage, type FileBody, type FileMessage } from './message.ts';
import { decodeOffer, encodeOffer, fileContext } from './offer.ts';
import { FileReceiver } from './receiver.ts';
import { CONVERSATION, sameFile, sha256 } from './test/day.ts';
import { copyOf, receiverOf, START, senderOf } from './test/pair.ts';
import { patternBytes, SeededChance } from './test/random.ts';

const TRIALS = process.env.SKYKEY_TEST_LONG ? 1_000_000 : 8_000;
const FILE = patternBytes(6 * CHUNK_BYTES + 40, 1);
const LAST = 6;

/** What `attempt` yields; null when it throws HotlineError. Anything else that is thrown fails the test. */
function orRefused<T>(attempt: () => T): T | null {
  try {
    return attempt();
  } catch (error) {
    if (!(error instanceof HotlineError)) throw error;
    assert.match(error.message, /\S \S/, 'a sentence');
    return null;
  }
}

function mutated(bytes: Uint8Array, chance: SeededChance): Uint8Array {
  const out = bytes.slice();
  switch (chance.below(5)) {
    case 0:
      return out.subarray(0, chance.below(out.length));
    case 1:
      return new Uint8Array([...out.subarray(0, 64), ...chance.bytes(chance.below(20))]);
    case 2:
      // Somewhere in the fields before the content.
      out[chance.below(Math.min(out.length, 45))] = chance.below(256);
      return out;
    case 3:
      for (let k = 0; k < 4; k++) out[chance.below(out.length)] = chance.below(256);
      return out;
    default:
      out[chance.below(out.length)]! ^= 1 << chance.below(8);
      return out;
  }
}

const { offer } = senderOf(FILE);
const cipher = FileCipher.open(offer.key, offer.prefix, fileContext(CONVERSATION, offer));

/** A message that is well formed and says anything at all. */
function anything(chance: SeededChance, number: number): FileMessage {
  const index = chance.chance(0.7) ? chance.below(LAST + 2) : chance.u32();
  const bodies: readonly FileBody[] = [
    { kind: 'accept' },
    { kind: 'refuse', reason: 'declined' },
    { kind: 'request', from: index, count: 1 + chance.below(256), have: chance.below(9) },
    { kind: 'request', from: index, count: 1 + chance.below(4), have: 0 },
    { kind: 'chunk', index, sealed: new Uint8Array(16 + chance.below(60)) },
    { kind: 'chunk', index, sealed: cipher.sealChunk(index % 7, FILE.slice(0, chunkBytes(FILE.length, index % 7))) },
    { kind: 'done' },
    { kind: 'cancel', reason: 'damaged' },
    { kind: 'changed' },
    { kind: 'pause', reason: 'disk' },
    { kind: 'resume' },
  ];
  // What ends a transfer is rare, so that there is something left to attack.
  let body = bodies[chance.below(bodies.length)]!;
  if (['refuse', 'done', 'cancel', 'changed'].includes(body.kind) && chance.chance(0.95)) body = { kind: 'resume' };
  const start = chance.chance(0.9) ? 'feedfeedfeedfeed' : Buffer.from(chance.bytes(8)).toString('hex');
  return { ...body, fileId: offer.fileId, id: { start, number: chance.chance(0.995) ? number : chance.u32() } };
}

describe('a hostile peer', () => {
  it(`with ${TRIALS} messages cannot make a sender read outside the file, or show more of it than the file`, () => {
    const chance = new SeededChance(11);
    let { sender } = senderOf(FILE, { offer });
    let [reads, refused] = [0, 0];
    const carryOut = (effects: FileEffect[]): void => {
      for (const effect of effects) {
        if (effect.kind === 'send' && effect.message.kind === 'chunk') carryOut(sender.chunkSent(effect.message.index));
        if (effect.kind !== 'read') continue;
        reads++;
        assert.ok(Number.isInteger(effect.index) && effect.index >= 0 && effect.index <= LAST);
        assert.equal(effect.offset, effect.index * CHUNK_BYTES);
        assert.ok(effect.offset + effect.bytes <= FILE.length);
        const plaintext = FILE.slice(effect.offset, effect.offset + effect.bytes);
        carryOut(sender.chunkRead(effect.index, plaintext, FILE.length));
      }
    };
    for (let trial = 0; trial < TRIALS; trial++) {
      if (sender.ended || trial % 500 === 0) sender = senderOf(FILE, { offer }).sender;
      const effects = orRefused(() => sender.receive(anything(chance, trial), trial));
      if (effects === null) refused++;
      else carryOut(effects);
    }
    assert.ok(reads > TRIALS / 50 && refused > TRIALS / 20, `${reads} reads, ${refused} refused`);
  });

  it(`with ${TRIALS} messages cannot make a receiver write outside the file, or deliver another whole`, () => {
    const chance = new SeededChance(12);
    let receiver!: FileReceiver;
    let [writes, refused, ended] = [0, 0, 0];
    for (let trial = 0; trial < TRIALS; trial++) {
      if (trial % 300 === 0 || receiver.ended) {
        if (trial % 300 !== 0) ended++;
        receiver = receiverOf(FILE).receiver;
        receiver.accept(trial);
      }
      const effects = orRefused(() => receiver.receive(anything(chance, trial), trial));
      if (effects === null) refused++;
      for (const effect of effects ?? []) {
        assert.notEqual(effect.kind, 'deliver');
        if (effect.kind !== 'write') continue;
        writes++;
        assert.ok(effect.index >= 0 && effect.index < chunkCount(FILE.length));
        assert.equal(effect.offset, effect.index * CHUNK_BYTES);
        // The peer holds the key, so it can seal anything; what it cannot do is go past the end or the whole's hash.
        assert.ok(effect.offset + effect.plaintext.length <= FILE.length);
        receiver.written(effect.index, trial);
      }
      if (receiver.stage === 'verifying') {
        const second = receiver.verified(sha256(new Uint8Array(FILE.length)), trial);
        assert.ok(!second.some((effect) => effect.kind === 'deliver'), 'another whole is never delivered');
      }
    }
    assert.ok(writes > TRIALS / 100 && refused > TRIALS / 20 && ended > 3, `${writes}, ${refused}, ${ended}`);
  });

  it(`that alters ${TRIALS} honest messages on the way achieves refusals, and nothing that was not sent is written`, () => {
    const chance = new SeededChance(13);
    let receiver!: FileReceiver;
    let [taken, refused] = [0, 0];
    for (let trial = 0; trial < TRIALS; trial++) {
      if (trial % 200 === 0 || receiver.ended) {
        receiver = receiverOf(FILE).receiver;
        receiver.accept(0);
      }
      // Mostly the short last chunk: cheap, and all its fields are at its head.
      const index = chance.chance(0.9) ? LAST : chance.below(LAST);
      const plaintext = FILE.slice(index * CHUNK_BYTES, index * CHUNK_BYTES + chunkBytes(FILE.length, index));
      const body: FileBody = { kind: 'chunk', index, sealed: cipher.sealChunk(index, plaintext) };
      const honest = encodeFileMessage({ ...body, fileId: offer.fileId, id: { start: '00'.repeat(8), number: trial } });
      const bytes = mutated(honest, chance);
      const effects = orRefused(() => receiver.receive(decodeFileMessage(bytes, 'file'), 0));
      if (effects === null) refused++;
      for (const effect of effects ?? []) {
        if (effect.kind !== 'write') continue;
        taken++;
        const there = FILE.subarray(effect.offset, effect.offset + effect.plaintext.length);
        assert.ok(sameFile(effect.plaintext, there), 'only an id can have been altered without being noticed');
      }
    }
    assert.ok(refused > TRIALS / 2, `${refused} refused, ${taken} taken`);
  });

  it(`with ${TRIALS} altered offers and states is refused, or has said something harmless`, () => {
    const chance = new SeededChance(14);
    const whole = encodeOffer(offer).open((bytes) => bytes.slice());
    const { key, ...facts } = offer;
    const kept = receiverOf(FILE).receiver.state();
    let opened = 0;
    for (let trial = 0; trial < TRIALS / 4; trial++) {
      const read = orRefused(() => decodeOffer(mutated(whole, chance)));
      const options = { conversationId: CONVERSATION, start: START };
      if (read) orRefused(() => new FileReceiver({ ...options, facts: read, key: read.key }));
      const restored = orRefused(() =>
        FileReceiver.restore(mutated(kept, chance), { ...options, facts, key: copyOf(key) }),
      );
      if (restored) {
        opened++;
        assert.ok(restored.progress.chunks <= restored.progress.of);
      }
      for (const lane of ['file', 'control'] as const) {
        orRefused(() => decodeFileMessage(mutated(whole, chance), lane));
        orRefused(() => decodeFileMessage(chance.bytes(chance.below(60)), lane));
      }
    }
    assert.ok(opened > 0);
  });
});
