import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HotlineError } from '../error.ts';
import { CHUNK_BYTES, FileCipher } from './chunked.ts';
import type { FileBody } from './message.ts';
import { type FileOffer, fileContext, makeOffer } from './offer.ts';
import { FileReceiver } from './receiver.ts';
import { CONVERSATION, firstPass, sha256 } from './test/day.ts';
import { chunkOf, copyOf, kindsOf, receiverOf, START, said, sentBy } from './test/pair.ts';
import { patternBytes } from './test/random.ts';

const FILE = patternBytes(5 * CHUNK_BYTES, 1);
const code =
  (wanted: string) =>
  (error: unknown): boolean =>
    error instanceof HotlineError && error.code === wanted;

function sealed(offer: FileOffer, index: number, file = FILE, conversation = CONVERSATION): FileBody {
  const cipher = FileCipher.create(offer.key, offer.prefix.subarray(0, 24), fileContext(conversation, offer));
  return { kind: 'chunk', index, sealed: cipher.sealChunk(index, chunkOf(file, index)) };
}

/** Accepted, with `have` chunks durable. */
function under(have: number, more = {}): { receiver: FileReceiver; offer: FileOffer } {
  const { receiver, offer } = receiverOf(FILE, more);
  receiver.accept(0);
  for (let k = 0; k < have; k++) {
    receiver.receive(said(offer, sealed(offer, k)), 0);
    receiver.written(k, 0);
  }
  return { receiver, offer };
}

describe('a receiver', () => {
  it('asks for a window, writes what comes at its place, and counts it when it is durable', () => {
    const { receiver, offer } = receiverOf(FILE, { window: 4 });
    const begun = receiver.accept(0);
    assert.deepEqual(kindsOf(begun), ['keep', 'send:accept', 'send:request']);
    assert.deepEqual(sentBy(begun)[1], { kind: 'request', from: 0, count: 4, have: 0 });
    const [write, ...more] = receiver.receive(said(offer, sealed(offer, 2)), 0);
    assert.deepEqual(write, {
      kind: 'write',
      fileId: offer.fileId,
      index: 2,
      offset: 2 * CHUNK_BYTES,
      plaintext: chunkOf(FILE, 2),
    });
    assert.deepEqual(more, [], 'three are asked for and one is being written: the window is full');
    assert.equal(receiver.progress.chunks, 0);
    receiver.receive(said(offer, sealed(offer, 0)), 0);
    receiver.written(2, 0);
    assert.equal(receiver.progress.chunks, 1);
    assert.deepEqual(sentBy(receiver.written(0, 0)), [{ kind: 'request', from: 4, count: 2, have: 2 }]);
  });

  it('does nothing for a repeated chunk, nor for one that it did not ask for', () => {
    const { receiver, offer } = receiverOf(FILE, { window: 2 });
    assert.deepEqual(receiver.receive(said(offer, sealed(offer, 0)), 0), [], 'before it was accepted');
    receiver.accept(0);
    assert.deepEqual(receiver.receive(said(offer, sealed(offer, 4)), 0), [], 'outside the window');
    const once = said(offer, sealed(offer, 0));
    assert.equal(kindsOf(receiver.receive(once, 0))[0], 'write');
    assert.deepEqual(receiver.receive(once, 0), []);
    assert.deepEqual(receiver.receive(said(offer, sealed(offer, 0)), 0), [], 'nor under a new id');
    receiver.written(0, 0);
    assert.deepEqual(receiver.receive(said(offer, sealed(offer, 0)), 0), [], 'nor when it is durable');
    assert.deepEqual(
      [receiver.written(0, 0), receiver.written(3, 0), receiver.writeFailed(3, 'disk-full')],
      [[], [], []],
    );
    assert.equal(receiver.progress.chunks, 1);
  });

  it('delivers only a whole that has the hash that was offered', () => {
    const { receiver, offer } = under(5);
    receiver.receive(said(offer, sealed(offer, 5)), 0);
    assert.deepEqual(receiver.verified(sha256(FILE), 0), [], 'not before it is asked');
    assert.deepEqual(kindsOf(receiver.written(5, 0)), ['keep', 'verify']);
    assert.deepEqual(kindsOf(receiver.verified(sha256(FILE), 0)), ['keep', 'deliver', 'send:done']);
    assert.equal(receiver.stage, 'done');
    assert.deepEqual(kindsOf(receiver.receive(said(offer, { kind: 'cancel', reason: 'person' }), 0)), ['send:done']);
    assert.deepEqual(kindsOf(receiver.receive(said(offer, { kind: 'changed' }), 0)), ['send:done']);
    assert.deepEqual(receiver.cancel(), [], 'what was delivered stays');
  });

  it('fetches all once more when the whole is wrong, and gives up when it is wrong again', () => {
    for (const found of [sha256(FILE.subarray(1)), null]) {
      const { receiver, offer } = under(5);
      const fetch = (k: number): void => {
        receiver.receive(said(offer, sealed(offer, k)), 0);
        receiver.written(k, 0);
      };
      fetch(5);
      const again = receiver.verified(found, 0);
      assert.deepEqual(kindsOf(again), ['keep', 'send:request']);
      assert.deepEqual(sentBy(again), [{ kind: 'request', from: 0, count: 6, have: 0 }]);
      for (let k = 0; k < 6; k++) fetch(k);
      assert.equal(receiver.stage, 'verifying');
      assert.deepEqual(kindsOf(receiver.verified(found, 0)), ['keep', 'discard', 'send:cancel']);
      assert.match(receiver.sentence, /not the one that was offered.*ask for it again/);
    }
  });
});

describe('what a receiver refuses and never writes', () => {
  const refuse = (body: (offer: FileOffer) => FileBody, wanted: string): void => {
    const { receiver, offer } = under(1);
    const before = receiver.state();
    assert.throws(() => receiver.receive(said(offer, body(offer)), 0), code(wanted));
    assert.deepEqual(receiver.state(), before);
    assert.equal(kindsOf(receiver.receive(said(offer, sealed(offer, 1)), 0))[0], 'write', 'the file goes on');
  };
  const chunk = (offer: FileOffer, index: number, bytes: Uint8Array): FileBody => ({
    ...(sealed(offer, index) as FileBody & { kind: 'chunk' }),
    sealed: bytes,
  });
  const bytesOf = (body: FileBody): Uint8Array => (body.kind === 'chunk' ? body.sealed : new Uint8Array(0));

  it('a chunk at the place of another', () => {
    refuse((offer) => ({ kind: 'chunk', index: 1, sealed: bytesOf(sealed(offer, 2)) }), 'hotline/forged');
  });

  it('a chunk with a changed bit, or without its end', () => {
    refuse((offer) => {
      const bytes = bytesOf(sealed(offer, 1)).slice();
      bytes[9000]! ^= 1;
      return chunk(offer, 1, bytes);
    }, 'hotline/forged');
    refuse((offer) => chunk(offer, 1, bytesOf(sealed(offer, 1)).slice(1)), 'hotline/malformed');
    refuse((offer) => chunk(offer, 1, new Uint8Array(16)), 'hotline/malformed');
  });

  it('a last chunk that is longer than what is left of the file', () => {
    refuse(() => ({ kind: 'chunk', index: 5, sealed: new Uint8Array(17) }), 'hotline/malformed');
  });

  it('a chunk behind the end', () => {
    for (const index of [6, 7, 2 ** 32 - 1]) {
      refuse(() => ({ kind: 'chunk', index, sealed: new Uint8Array(16) }), 'hotline/malformed');
    }
  });

  it('a chunk of another file, of another conversation, or under another salt', () => {
    const other = patternBytes(FILE.length, 2);
    const parts = (offer: FileOffer, salt: Uint8Array, file: Uint8Array): FileOffer =>
      makeOffer({
        conversationId: CONVERSATION,
        fileId: new Uint8Array(Buffer.from(offer.fileId, 'hex')),
        name: offer.name,
        hashes: firstPass(file),
        key: copyOf(offer.key),
        salt,
      });
    refuse((offer) => sealed(parts(offer, offer.prefix.slice(0, 24), other), 1, other), 'hotline/forged');
    refuse((offer) => sealed(parts(offer, new Uint8Array(24), FILE), 1), 'hotline/forged');
    refuse((offer) => sealed(offer, 1, FILE, new Uint8Array(16)), 'hotline/forged');
  });

  it('what only a receiver says', () => {
    for (const body of [
      { kind: 'accept' },
      { kind: 'refuse', reason: 'declined' },
      { kind: 'request', from: 0, count: 1, have: 0 },
      { kind: 'done' },
    ] as const) {
      refuse(() => body, 'hotline/not-for-us');
    }
  });

  it('an offer whose key was made for another conversation', () => {
    assert.throws(() => receiverOf(FILE, { conversationId: new Uint8Array(16) }), code('hotline/forged'));
    assert.throws(() => receiverOf(FILE, { key: null }), code('hotline/bad-argument'));
  });

  it('more than fifteen forged chunks: then it ends with a sentence', () => {
    const { receiver, offer } = under(0);
    const forged = (): FileBody => ({ kind: 'chunk', index: 0, sealed: new Uint8Array(CHUNK_BYTES + 16) });
    for (let k = 0; k < 15; k++) {
      assert.throws(() => receiver.receive(said(offer, forged()), 0), code('hotline/forged'));
    }
    const effects = receiver.receive(said(offer, forged()), 0);
    assert.deepEqual(kindsOf(effects), ['keep', 'discard', 'send:cancel']);
    assert.match(receiver.sentence, /look at the line, then ask for the file again/);
  });
});

describe('after a crash', () => {
  const options = (offer: FileOffer, key = true): ConstructorParameters<typeof FileReceiver>[0] => {
    const { key: secret, ...facts } = offer;
    return { conversationId: CONVERSATION, facts, key: key ? copyOf(secret) : null, start: START };
  };

  it('a receiver goes on from what was durable', () => {
    const { receiver, offer } = under(2);
    receiver.receive(said(offer, sealed(offer, 3)), 0);
    const again = FileReceiver.restore(receiver.state(), options(offer));
    assert.deepEqual([again.stage, again.progress.chunks], ['receiving', 2]);
    assert.deepEqual(sentBy(again.reconnected(0)), [{ kind: 'request', from: 2, count: 4, have: 2 }]);
    assert.deepEqual(again.state(), receiver.state());
  });

  it('a whole that was not verified is verified, a done one is delivered again', () => {
    const { receiver, offer } = under(6);
    assert.equal(receiver.stage, 'verifying');
    const again = FileReceiver.restore(receiver.state(), options(offer));
    assert.deepEqual(kindsOf(again.reconnected(0)), ['keep', 'verify']);
    again.verified(sha256(FILE), 0);
    const done = FileReceiver.restore(again.state(), options(offer, false));
    assert.deepEqual(kindsOf(done.reconnected(0)), ['deliver', 'send:done']);
  });

  it('an ended one is thrown away again', () => {
    const { receiver, offer } = under(2);
    receiver.receive(said(offer, { kind: 'changed' }), 0);
    const again = FileReceiver.restore(receiver.state(), options(offer, false));
    assert.deepEqual([again.stage, kindsOf(again.reconnected(0))], ['changed', ['discard', 'send:cancel']]);
  });

  it('the second fetch stays the last one', () => {
    const { receiver, offer } = under(6);
    receiver.verified(null, 0);
    const again = FileReceiver.restore(receiver.state(), options(offer));
    again.reconnected(0);
    for (let k = 0; k < 6; k++) {
      again.receive(said(offer, sealed(offer, k)), 0);
      again.written(k, 0);
    }
    again.verified(null, 0);
    assert.equal(again.stage, 'damaged');
  });

  it('what was kept holds neither the key nor anything of the file', () => {
    const { receiver, offer } = under(3);
    const state = Buffer.from(receiver.state());
    offer.key.open((key) => {
      for (let at = 0; at + 8 <= key.length; at++) assert.ok(!state.includes(Buffer.from(key.subarray(at, at + 8))));
    });
    for (let at = 0; at + 8 <= FILE.length; at += 8) assert.ok(!state.includes(Buffer.from(FILE.subarray(at, at + 8))));
    assert.equal(state.length, 1 + 16 + 32 + 4 + 3 + 4 + 1);
  });

  it('a state that is cut, altered or of another file is refused, and says what to do', () => {
    const { receiver, offer } = under(3);
    const state = receiver.state();
    const store = (bytes: Uint8Array): void =>
      assert.throws(
        () => FileReceiver.restore(bytes, options(offer)),
        (error) => code('hotline/store')(error) && /Cancel this file and ask for it again/.test(String(error)),
      );
    for (let cut = 0; cut < state.length; cut++) store(state.subarray(0, cut));
    store(new Uint8Array([...state, 0]));
    for (const [at, value] of [
      [0, 2],
      [1, state[1]! ^ 1],
      [20, state[20]! ^ 1],
      [52, 1],
      [53, 2],
      [53, 8],
      [54, 4],
      [55, 2],
      [60, 0xff],
    ] as const) {
      const altered = state.slice();
      altered[at] = value;
      store(altered);
    }
  });
});

describe('a receiver that waits', () => {
  it('asks again after 2 s, 4 s, 8 s …, ten times, and then says so; a connection wakes it', () => {
    const { receiver } = receiverOf(FILE);
    receiver.accept(1000);
    const asked: number[] = [];
    for (let now = 1000; now < 1_000_000; now += 500) if (receiver.tick(now).length > 0) asked.push(now);
    assert.equal(asked.length, 10);
    assert.deepEqual(asked.slice(0, 5), [3000, 7000, 15_000, 31_000, 61_000]);
    assert.ok(receiver.stalled && receiver.wakeAt() === null);
    assert.match(receiver.sentence, /does not answer.*kept/);
    assert.deepEqual(kindsOf(receiver.reconnected(2_000_000)), ['send:request']);
    assert.equal(receiver.sentence, '');
  });

  it('is woken by any word of the peer, a late chunk too', () => {
    const { receiver, offer } = receiverOf(FILE);
    receiver.accept(0);
    for (let now = 0; now < 1_000_000; now += 500) receiver.tick(now);
    assert.ok(receiver.stalled);
    assert.deepEqual(kindsOf(receiver.receive(said(offer, sealed(offer, 0)), 1_000_000)), ['send:request']);
    assert.ok(!receiver.stalled);
  });

  it('is not silenced by a clock that was set back', () => {
    const { receiver } = receiverOf(FILE);
    receiver.accept(1e12);
    assert.deepEqual(receiver.tick(1000), []);
    assert.deepEqual(kindsOf(receiver.tick(3000)), ['send:request']);
  });

  it('does not ask a peer that has paused, but once a minute whether it still has', () => {
    const { receiver, offer } = under(1, { window: 2 });
    assert.deepEqual(receiver.receive(said(offer, { kind: 'pause', reason: 'person' }), 1000), []);
    assert.match(receiver.sentence, /other side has paused/);
    for (let now = 1000; now < 61_000; now += 1000) assert.deepEqual(receiver.tick(now), []);
    for (let minute = 1; minute < 100; minute++) {
      assert.deepEqual(kindsOf(receiver.tick(1000 + minute * 60_000)), ['send:request'], 'and never gives up');
    }
    assert.equal(kindsOf(receiver.receive(said(offer, sealed(offer, 1)), 7e6))[0], 'write', 'a chunk ends the pause');
    assert.equal(receiver.sentence, '');
  });

  it('with a full disk waits for its person, and keeps what it has', () => {
    const { receiver, offer } = under(2);
    receiver.receive(said(offer, sealed(offer, 2)), 0);
    receiver.receive(said(offer, sealed(offer, 3)), 0);
    const held = receiver.writeFailed(2, 'disk-full');
    assert.deepEqual(kindsOf(held), ['keep', 'send:pause']);
    assert.deepEqual(sentBy(held), [{ kind: 'pause', reason: 'disk' }]);
    assert.deepEqual(receiver.writeFailed(3, 'disk-full'), [], 'said once');
    assert.match(receiver.sentence, /The disk of this desk is full: make room for 1 MB, then resume/);
    assert.deepEqual(receiver.receive(said(offer, sealed(offer, 4)), 0), [], 'nothing is written meanwhile');
    assert.equal(receiver.wakeAt(), null);
    const resumed = receiver.resume(0);
    assert.deepEqual(sentBy(resumed), [{ kind: 'resume' }, { kind: 'request', from: 2, count: 4, have: 2 }]);
  });

  it('with a disk that fails says that, and not that it is full, also after a restart', () => {
    const { receiver, offer } = under(2);
    receiver.receive(said(offer, sealed(offer, 2)), 0);
    assert.deepEqual(sentBy(receiver.writeFailed(2, 'disk-fault')), [{ kind: 'pause', reason: 'disk' }]);
    const restarted = FileReceiver.restore(receiver.state(), {
      ...{ conversationId: CONVERSATION, facts: offer, key: offer.key, start: START },
    });
    for (const { sentence } of [receiver, restarted]) {
      assert.match(sentence, /The disk of this desk does not answer as it should: look at the disk.*then resume/);
      assert.doesNotMatch(sentence, /full|room/);
    }
    assert.deepEqual(kindsOf(restarted.resume(0)).slice(0, 2), ['keep', 'send:resume']);
  });

  it('keeps its state every 64 chunks', () => {
    const file = patternBytes(200 * CHUNK_BYTES, 9);
    const { receiver, offer } = receiverOf(file);
    receiver.accept(0);
    let kept = 0;
    for (let k = 0; k < 200; k++) {
      receiver.receive(said(offer, sealed(offer, k, file)), 0);
      kept += kindsOf(receiver.written(k, 0)).filter((kind) => kind === 'keep').length;
    }
    assert.equal(kept, 3);
  });
});
