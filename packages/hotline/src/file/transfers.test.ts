import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HotlineError } from '../error.ts';
import { CHUNK_BYTES } from './chunked.ts';
import type { FileEffect } from './effect.ts';
import { decodeFileMessage, encodeFileMessage, laneOf } from './message.ts';
import { decodeOffer, encodeOffer, type FileOffer } from './offer.ts';
import { CONVERSATION, firstPass, offerOf, sha256 } from './test/day.ts';
import { copyOf, kindsOf, said, sentBy } from './test/pair.ts';
import { patternBytes, SeededChance } from './test/random.ts';
import { FileTransfers, MAX_OFFERS, MAX_UNDER_WAY } from './transfers.ts';

const chance = new SeededChance(5);
const desk = (): FileTransfers =>
  new FileTransfers({ conversationId: CONVERSATION, random: (bytes) => chance.bytes(bytes) });
const offered = (transfers: FileTransfers, offer: FileOffer): FileEffect[] => {
  const { key, ...facts } = offer;
  return transfers.offered(facts, copyOf(key));
};
const code =
  (wanted: string) =>
  (error: unknown): boolean =>
    error instanceof HotlineError && error.code === wanted;
const FILE = patternBytes(CHUNK_BYTES + 1, 1);

describe('all files of a conversation', () => {
  it('go both ways at once, each message to its transfer', () => {
    const [alice, bob] = [desk(), desk()];
    const files = new Map<string, Uint8Array>();
    const got = new Map<string, Uint8Array>();
    const work: [FileTransfers, FileEffect[]][] = [];
    for (let k = 0; k < 8; k++) {
      const [from, to] = k % 2 ? [alice, bob] : [bob, alice];
      const file = patternBytes(k * 9000, k);
      const offer = offerOf(file, 100 + k);
      files.set(offer.fileId, file);
      got.set(offer.fileId, new Uint8Array(file.length));
      from.send(offer, firstPass(file));
      // The offer as the other side reads it.
      assert.deepEqual(offered(to, encodeOffer(offer).open(decodeOffer)), []);
      work.push([to, to.accept(offer.fileId, 0)]);
    }
    const delivered: string[] = [];
    for (let task = work.shift(); task; task = work.shift()) {
      const [at, effects] = task;
      for (const effect of effects) {
        const { fileId } = effect;
        const file = files.get(fileId)!;
        const partial = got.get(fileId)!;
        if (effect.kind === 'send') {
          const lane = laneOf(effect.message.kind);
          const arrived = decodeFileMessage(encodeFileMessage(effect.message), lane);
          work.push([at === alice ? bob : alice, (at === alice ? bob : alice).receive(arrived, 0)]);
          if (effect.message.kind === 'chunk') work.push([at, at.sender(fileId)!.chunkSent(effect.message.index)]);
        } else if (effect.kind === 'read') {
          const plaintext = file.slice(effect.offset, effect.offset + effect.bytes);
          work.push([at, at.sender(fileId)!.chunkRead(effect.index, plaintext, file.length)]);
        } else if (effect.kind === 'write') {
          partial.set(effect.plaintext, effect.offset);
          work.push([at, at.receiver(fileId)!.written(effect.index, 0)]);
        } else if (effect.kind === 'verify') {
          work.push([at, at.receiver(fileId)!.verified(sha256(partial), 0)]);
        } else if (effect.kind === 'deliver') delivered.push(fileId);
      }
    }
    assert.deepEqual(delivered.sort(), [...files.keys()].sort());
    for (const [fileId, file] of files) {
      assert.deepEqual(got.get(fileId), file);
      assert.equal((alice.sender(fileId) ?? bob.sender(fileId))!.stage, 'done');
    }
  });

  it('are bounded in number, with a sentence, in each direction', () => {
    const transfers = desk();
    for (let k = 0; k < MAX_UNDER_WAY; k++) transfers.send(offerOf(FILE, k), firstPass(FILE));
    assert.throws(() => transfers.send(offerOf(FILE, 99), firstPass(FILE)), /16 files are under way already: wait/);
    for (let k = 0; k < MAX_OFFERS; k++) assert.deepEqual(offered(transfers, offerOf(FILE, 1000 + k)), []);
    assert.deepEqual(sentBy(offered(transfers, offerOf(FILE, 5000))), [{ kind: 'refuse', reason: 'too-many' }]);
    for (let k = 0; k < MAX_UNDER_WAY; k++) transfers.accept(offerOf(FILE, 1000 + k).fileId, 0);
    assert.throws(() => transfers.accept(offerOf(FILE, 1000 + MAX_UNDER_WAY).fileId, 0), code('hotline/not-permitted'));
    transfers.receiver(offerOf(FILE, 1000).fileId)!.cancel();
    transfers.accept(offerOf(FILE, 1000 + MAX_UNDER_WAY).fileId, 0);
  });

  it('that have ended are remembered, 64 of them, so that a peer who asks gets an answer', () => {
    const transfers = desk();
    for (let k = 0; k < 200; k++) {
      transfers.send(offerOf(FILE, k), firstPass(FILE));
      transfers.sender(offerOf(FILE, k).fileId)!.cancel();
    }
    const known = Array.from({ length: 200 }, (_, k) => transfers.sender(offerOf(FILE, k).fileId)).filter(Boolean);
    assert.equal(known.length, 65);
    const ask = (k: number) =>
      sentBy(transfers.receive(said(offerOf(FILE, k), { kind: 'request', from: 0, count: 1, have: 0 }), 0));
    assert.deepEqual(ask(199), [{ kind: 'cancel', reason: 'person' }]);
    assert.deepEqual(ask(0), [{ kind: 'cancel', reason: 'unknown' }]);
  });

  it('that nobody knows are cancelled, and no two desks talk about them for ever', () => {
    const transfers = desk();
    const offer = offerOf(FILE);
    for (const body of [
      { kind: 'accept' },
      { kind: 'request', from: 0, count: 1, have: 0 },
      { kind: 'chunk', index: 0, sealed: new Uint8Array(16) },
      { kind: 'pause', reason: 'person' },
      { kind: 'resume' },
    ] as const) {
      assert.deepEqual(sentBy(transfers.receive(said(offer, body), 0)), [{ kind: 'cancel', reason: 'unknown' }]);
    }
    for (const body of [
      { kind: 'refuse', reason: 'policy' },
      { kind: 'done' },
      { kind: 'cancel', reason: 'unknown' },
      { kind: 'changed' },
    ] as const) {
      assert.deepEqual(transfers.receive(said(offer, body), 0), []);
    }
  });

  it('offered twice are offered once; another file under a taken id is refused', () => {
    const transfers = desk();
    const offer = offerOf(FILE);
    offered(transfers, offer);
    const first = transfers.receiver(offer.fileId);
    transfers.accept(offer.fileId, 0);
    assert.deepEqual(offered(transfers, offer), []);
    assert.equal(transfers.receiver(offer.fileId), first, 'and goes on where it was');
    assert.deepEqual(transfers.accept(offer.fileId, 0), []);
    assert.throws(() => offered(transfers, { ...offer, name: 'other.pdf' }), code('hotline/malformed'));
    assert.throws(() => transfers.send(offer, firstPass(FILE)), code('hotline/bad-argument'));
    assert.throws(() => transfers.accept(offerOf(FILE, 7).fileId, 0), /not offered any more: ask for it again/);
    const sending = offerOf(FILE, 8);
    transfers.send(sending, firstPass(FILE));
    assert.throws(() => offered(transfers, sending), code('hotline/malformed'));
  });

  it('wake the host for the first of them, and come back after a restart', () => {
    const transfers = desk();
    assert.equal(transfers.wakeAt(), null);
    const offer = offerOf(FILE);
    offered(transfers, offer);
    transfers.accept(offer.fileId, 10_000);
    transfers.send(offerOf(FILE, 2), firstPass(FILE));
    transfers.sender(offerOf(FILE, 2).fileId)!.reconnected(10_000);
    assert.equal(transfers.wakeAt(), 12_000);
    assert.deepEqual(kindsOf(transfers.tick(12_000)), ['send:request']);
    const after = desk();
    const { key, ...facts } = offer;
    after.restore(transfers.receiver(offer.fileId)!.state(), facts, copyOf(key));
    assert.deepEqual(kindsOf(after.reconnected(0)), ['send:request']);
  });
});
