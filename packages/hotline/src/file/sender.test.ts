import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SecretBytes } from '@skykey/bits';
import { HotlineError } from '../error.ts';
import { CHUNK_BYTES, FileCipher } from './chunked.ts';
import type { FileBody } from './message.ts';
import { fileContext } from './offer.ts';
import type { FileSender } from './sender.ts';
import { CONVERSATION, firstPass, offerOf } from './test/day.ts';
import { chunkOf, kindsOf, said, senderOf, sentBy } from './test/pair.ts';
import { patternBytes } from './test/random.ts';

const FILE = patternBytes(20 * CHUNK_BYTES + 100, 1);
const LAST = 20;
const code =
  (wanted: string) =>
  (error: unknown): boolean =>
    error instanceof HotlineError && error.code === wanted;
const request = (from: number, count: number): FileBody => ({ kind: 'request', from, count, have: 0 });

describe('a sender', () => {
  it('reads what is asked for, seals it and sends it', () => {
    const { sender, offer } = senderOf(FILE);
    const [read] = sender.receive(said(offer, request(LAST, 1)), 0);
    assert.deepEqual(read, { kind: 'read', fileId: offer.fileId, index: LAST, offset: LAST * CHUNK_BYTES, bytes: 100 });
    const [chunk] = sentBy(sender.chunkRead(LAST, chunkOf(FILE, LAST), FILE.length));
    assert.ok(chunk?.kind === 'chunk' && chunk.index === LAST);
    const cipher = FileCipher.open(offer.key, offer.prefix, fileContext(CONVERSATION, offer));
    assert.deepEqual(cipher.openChunk(LAST, chunk.sealed), chunkOf(FILE, LAST));
    assert.equal(sender.stage, 'sending');
  });

  it('has eight chunks between disk and line and not one more', () => {
    const { sender, offer } = senderOf(FILE);
    assert.equal(sender.receive(said(offer, request(0, 21)), 0).length, 8);
    assert.deepEqual(sender.receive(said(offer, request(0, 21)), 0), []);
    for (let k = 0; k < 8; k++) {
      assert.deepEqual(kindsOf(sender.chunkRead(k, chunkOf(FILE, k), FILE.length)), ['send:chunk'], 'no further read');
    }
    for (let k = 0; k < 8; k++) assert.deepEqual(kindsOf(sender.chunkSent(k)), ['read'], 'one leaves, one comes');
    assert.deepEqual(sender.chunkSent(0), [], 'said twice, counted once');
  });

  it('keeps at most 256 requests waiting, however much is asked for', () => {
    const file = new Uint8Array(1000 * CHUNK_BYTES);
    const { sender, offer } = senderOf(file, { inFlight: 1 });
    for (let from = 0; from < 1000; from += 250) sender.receive(said(offer, request(from, 250)), 0);
    let served = 0;
    for (let k = 0; k < 1000; k++) {
      if (sender.chunkRead(k, chunkOf(file, k), file.length).length === 0) break;
      served++;
      sender.chunkSent(k);
    }
    // One was being read when the first request was over; 256 waited.
    assert.equal(served, 257);
  });

  it('does nothing for a repeated message', () => {
    const { sender, offer } = senderOf(FILE, { inFlight: 100 });
    const once = said(offer, request(0, 3));
    assert.equal(sender.receive(once, 0).length, 3);
    for (let k = 0; k < 3; k++) {
      sender.chunkRead(k, chunkOf(FILE, k), FILE.length);
      sender.chunkSent(k);
    }
    assert.deepEqual(sender.receive(once, 0), []);
    assert.equal(sender.receive(said(offer, request(0, 3)), 0).length, 3, 'asked anew, it sends anew');
  });

  it('reads nothing outside the file', () => {
    const { sender, offer } = senderOf(FILE);
    for (const [from, count] of [
      [LAST, 2],
      [LAST + 1, 1],
      [2 ** 32 - 1, 1],
      [0, 22],
      [0, 0],
    ] as const) {
      assert.throws(() => sender.receive(said(offer, request(from, count)), 0), code('hotline/malformed'));
    }
    assert.throws(
      () => sender.receive(said(offer, { kind: 'request', from: 0, count: 1, have: 22 }), 0),
      code('hotline/malformed'),
    );
    assert.equal(sender.stage, 'offered', 'nothing of it counts');
  });

  it('does not take what only a sender says, nor what is about another file', () => {
    const { sender, offer } = senderOf(FILE);
    const sealed = new Uint8Array(16);
    assert.throws(
      () => sender.receive(said(offer, { kind: 'chunk', index: 0, sealed }), 0),
      code('hotline/not-for-us'),
    );
    assert.throws(() => sender.receive(said(offer, { kind: 'changed' }), 0), code('hotline/not-for-us'));
    assert.throws(() => sender.receive(said(offerOf(FILE, 2), { kind: 'done' }), 0), code('hotline/not-for-us'));
  });

  it('ignores answers of the disk that it does not wait for', () => {
    const { sender } = senderOf(FILE);
    assert.deepEqual(sender.chunkRead(0, chunkOf(FILE, 0), FILE.length), []);
    assert.deepEqual(sender.chunkRead(0, new Uint8Array(3), 7), []);
    assert.deepEqual(sender.chunkUnreadable(0), []);
    assert.equal(sender.stage, 'offered');
  });
});

describe('a file that is not what was offered', () => {
  const reading = (): { sender: FileSender } => {
    const { sender, offer } = senderOf(FILE);
    sender.receive(said(offer, request(0, 21)), 0);
    return { sender };
  };
  const changes: Record<string, (sender: FileSender) => ReturnType<FileSender['chunkRead']>> = {
    'one bit of a chunk': (sender) => {
      const chunk = chunkOf(FILE, 3);
      chunk[77]! ^= 4;
      return sender.chunkRead(3, chunk, FILE.length);
    },
    'a chunk of elsewhere': (sender) => sender.chunkRead(3, chunkOf(FILE, 4), FILE.length),
    'a chunk that is too short': (sender) => sender.chunkRead(3, chunkOf(FILE, 3).subarray(1), FILE.length),
    'a file that grew': (sender) => sender.chunkRead(3, chunkOf(FILE, 3), FILE.length + 1),
    'a file that shrank': (sender) => sender.chunkRead(3, chunkOf(FILE, 3), FILE.length - 1),
    'a file that is gone': (sender) => sender.chunkUnreadable(3),
  };
  for (const [name, change] of Object.entries(changes)) {
    it(`(${name}) is not sealed; the peer is told once, and again when it still asks`, () => {
      const { sender } = reading();
      assert.deepEqual(sentBy(change(sender)), [{ kind: 'changed' }]);
      assert.equal(sender.stage, 'changed');
      assert.match(sender.sentence, /offer it again/);
      assert.deepEqual(sender.chunkRead(4, chunkOf(FILE, 4), FILE.length), [], 'nothing more is sealed');
      const { offer } = senderOf(FILE);
      assert.deepEqual(sentBy(sender.receive(said(offer, request(0, 1)), 0)), [{ kind: 'changed' }]);
      assert.deepEqual(
        sender.receive(said(offer, { kind: 'cancel', reason: 'person' }), 0),
        [],
        'an end is not answered',
      );
      assert.deepEqual([sender.cancel(), sender.pause(), sender.resume(0)], [[], [], []]);
    });
  }

  it('after a restart is found by the new first pass', () => {
    const other = FILE.slice();
    other[0]! ^= 1;
    for (const file of [other, FILE.subarray(1)]) {
      const { sender, offer } = senderOf(FILE, { hashes: firstPass(file) });
      assert.equal(sender.stage, 'changed');
      assert.deepEqual(sentBy(sender.reconnected(0)), [{ kind: 'changed' }]);
      assert.deepEqual(sentBy(sender.receive(said(offer, request(0, 1)), 0)), [{ kind: 'changed' }]);
    }
  });

  it('with another key is refused before anything is sealed', () => {
    const offer = { ...offerOf(FILE), key: SecretBytes.adopt(new Uint8Array(32).fill(1)) };
    assert.throws(() => senderOf(FILE, { offer }), code('hotline/forged'));
    const elsewhere = CONVERSATION.slice().fill(1);
    assert.throws(() => senderOf(FILE, { conversationId: elsewhere }), code('hotline/forged'));
  });
});

describe('a sender that waits', () => {
  it('asks after 30 s, then more and more rarely, ten times, and then says so; a word of the peer wakes it', () => {
    const { sender, offer } = senderOf(FILE);
    sender.receive(said(offer, { kind: 'accept' }), 1000);
    const asked: number[] = [];
    for (let now = 1000; now < 10_000_000; now += 1000) {
      if (sender.tick(now).length > 0) asked.push(now);
    }
    assert.equal(asked.length, 10);
    assert.deepEqual(asked.slice(0, 3), [31_000, 91_000, 211_000]);
    assert.equal(sender.wakeAt(), null);
    assert.ok(sender.stalled);
    assert.match(sender.sentence, /does not ask for more/);
    assert.equal(sender.receive(said(offer, request(0, 1)), 10_000_000).length, 1);
    assert.ok(!sender.stalled && sender.sentence === '');
  });

  it('is not silenced by a clock that was set back', () => {
    const { sender, offer } = senderOf(FILE);
    sender.receive(said(offer, { kind: 'accept' }), 1e12);
    assert.deepEqual(sender.tick(1000), []);
    assert.deepEqual(sentBy(sender.tick(31_000)), [{ kind: 'resume' }]);
  });

  it('paused by its person sends nothing, and says that it is paused whenever it is asked', () => {
    const { sender, offer } = senderOf(FILE);
    sender.receive(said(offer, request(0, 21)), 0);
    assert.deepEqual(sentBy(sender.pause()), [{ kind: 'pause', reason: 'person' }]);
    assert.deepEqual(sender.pause(), []);
    assert.deepEqual(sender.chunkRead(0, chunkOf(FILE, 0), FILE.length), [], 'what was being read is not sent');
    assert.deepEqual(sentBy(sender.receive(said(offer, request(0, 2)), 0)), [{ kind: 'pause', reason: 'person' }]);
    assert.deepEqual(sentBy(sender.reconnected(0)), [{ kind: 'pause', reason: 'person' }]);
    assert.deepEqual(sentBy(sender.resume(0)), [{ kind: 'resume' }]);
    assert.equal(sender.receive(said(offer, request(0, 2)), 0).length, 2);
  });

  it('of a pause and a resume that overtook each other believes the later', () => {
    const { sender, offer } = senderOf(FILE);
    sender.receive(said(offer, { kind: 'accept' }, 5_000), 0);
    sender.receive(said(offer, { kind: 'resume' }, 5_002), 0);
    sender.receive(said(offer, { kind: 'pause', reason: 'disk' }, 5_001), 0);
    assert.equal(sender.sentence, '');
    sender.receive(said(offer, { kind: 'pause', reason: 'disk' }, 5_003), 0);
    assert.match(sender.sentence, /disk of the other desk is full, or does not answer/);
    assert.equal(sender.wakeAt(), null, 'it waits without asking');
    sender.receive(said(offer, request(0, 1), 5_004), 0);
    assert.equal(sender.sentence, '', 'a request says that the pause is over');
  });

  it('says why a file was not taken', () => {
    for (const reason of ['declined', 'too-many', 'no-room', 'policy'] as const) {
      const { sender, offer } = senderOf(FILE);
      assert.deepEqual(sender.receive(said(offer, { kind: 'refuse', reason }), 0), []);
      assert.equal(sender.stage, 'refused');
      assert.match(sender.sentence, /\.$/);
    }
  });

  it('believes a file delivered that arrived before it was cancelled', () => {
    const { sender, offer } = senderOf(FILE);
    assert.deepEqual(sentBy(sender.cancel()), [{ kind: 'cancel', reason: 'person' }]);
    assert.deepEqual(sender.receive(said(offer, { kind: 'done' }), 0), []);
    assert.equal(sender.stage, 'done');
  });
});
