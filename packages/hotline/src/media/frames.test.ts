import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { joined, sealFrame } from './frame.ts';
import { decodeHeader, encodeHeader } from './header.ts';
import { FrameReceiver, MAX_FRAMES, OpeningKey, REPLAY_WINDOW, SealingKey } from './index.ts';
import { type Bytes, deriveKeys, SKYKEY_SUITE } from './suites.ts';
import { baseKey, counting, Line, subtle } from './test/line.ts';

const METADATA = Uint8Array.of(1, 2, 3, 4, 5);
const NONE = new Uint8Array(0);

/** Every copy of `whole` with one bit turned. */
function* turned(whole: Bytes): Generator<Bytes> {
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const copy = whole.slice();
    copy[bit >> 3]! ^= 1 << (bit & 7);
    yield copy;
  }
}

async function frames(line: Line, count: number): Promise<Bytes[]> {
  return Promise.all(Array.from({ length: count }, (_, i) => line.sender.seal(Uint8Array.of(i), METADATA)));
}

describe('a frame', () => {
  test('comes out as it went in, at every size', async () => {
    const line = await Line.begin();
    const sizes = [...Array(260).keys(), 1199, 1200, 16_384, 65_537];
    for (const size of sizes) {
      const plaintext = counting(size);
      const frame = await line.sender.seal(plaintext, METADATA);
      const header = decodeHeader(frame)!;
      assert.equal(frame.length, header.length + size + 16);
      assert.deepEqual(await line.receiver.open(frame, METADATA), plaintext);
    }
    assert.equal(line.receiver.counts.accepted, sizes.length);
  });

  test('shows nothing of what it holds, not twice the same', async () => {
    const line = await Line.begin();
    const [first, second] = [await line.sender.seal(counting(64), NONE), await line.sender.seal(counting(64), NONE)];
    assert.deepEqual([decodeHeader(first!)!.ctr, decodeHeader(second!)!.ctr], [0n, 1n]);
    const same = first!.filter((byte, at) => at > 0 && byte === second![at]).length;
    assert.ok(same < 8, `${same} bytes of two frames are the same`);
  });

  test('with any one bit turned is refused, and spoils nothing', async () => {
    const line = await Line.begin();
    const frame = await line.sender.seal(counting(30), METADATA);
    for (const wrong of turned(frame)) assert.equal(await line.receiver.open(wrong, METADATA), undefined);
    for (const wrong of turned(METADATA)) assert.equal(await line.receiver.open(frame, wrong), undefined);
    for (let length = 0; length < frame.length; length++)
      assert.equal(await line.receiver.open(frame.slice(0, length), METADATA), undefined);
    assert.equal(await line.receiver.open(frame, NONE), undefined);
    assert.equal(await line.receiver.open(joined(frame, Uint8Array.of(0)), METADATA), undefined);
    assert.deepEqual(await line.receiver.open(frame, METADATA), counting(30));
    const { accepted, forged, malformed, unknownKey, replayed, tooOld } = line.receiver.counts;
    assert.equal(accepted, 1);
    assert.equal(replayed + tooOld, 0);
    assert.equal(forged + malformed + unknownKey, frame.length * 9 + METADATA.length * 8 + 2);
  });

  test('is not spliced: a header belongs to its ciphertext, under every key there is', async () => {
    const line = await Line.begin();
    const old = await frames(line, 3);
    await line.rekey(5n);
    const fresh = await frames(line, 3);
    const all = [...old, ...fresh];
    for (const front of all)
      for (const back of all) {
        if (front === back) continue;
        const cut = decodeHeader(front)!.length;
        const spliced = joined(front.subarray(0, cut), back.subarray(decodeHeader(back)!.length));
        assert.equal(await line.receiver.open(spliced, METADATA), undefined);
      }
    // The same header in a longer form.
    const ctr = decodeHeader(old[1]!)!.length;
    const longer = joined(Uint8Array.of(0x48, 0x01), old[1]!.subarray(ctr));
    assert.equal(await line.receiver.open(longer, METADATA), undefined);
    assert.equal(line.receiver.counts.accepted, 0);
    for (const frame of all) assert.ok(await line.receiver.open(frame, METADATA));
  });

  test('of the other direction, of another call, of another suite is refused', async () => {
    const line = await Line.begin();
    const plaintext = counting(20);
    const header = { kid: 4n, ctr: 0n };
    const other = await deriveKeys(subtle, SKYKEY_SUITE, 4n, baseKey('the way back'), 'seal');
    assert.equal(await line.receiver.open(await sealFrame(other, header, plaintext, NONE), NONE), undefined);
    const shorter = { ...SKYKEY_SUITE, id: 4, hash: 'SHA-256', keyBytes: 16, cipherKeyBytes: 16 } as const;
    const weak = await deriveKeys(subtle, shorter, 4n, baseKey('key 4'), 'seal');
    assert.equal(await line.receiver.open(await sealFrame(weak, header, plaintext, NONE), NONE), undefined);
    // The base key of this direction for another KID.
    const elsewhere = await deriveKeys(subtle, SKYKEY_SUITE, 5n, baseKey('key 4'), 'seal');
    assert.equal(await line.receiver.open(await sealFrame(elsewhere, header, plaintext, NONE), NONE), undefined);
    assert.equal(line.receiver.counts.forged, 3);
    const right = await deriveKeys(subtle, SKYKEY_SUITE, 4n, baseKey('key 4'), 'seal');
    assert.deepEqual(await line.receiver.open(await sealFrame(right, header, plaintext, NONE), NONE), plaintext);
  });
});

describe('replays', () => {
  test('each frame is accepted once, in any order', async () => {
    const line = await Line.begin();
    const sent = await frames(line, 40);
    const order = sent.map((_, i) => sent[(i * 27) % 40]!);
    for (const frame of order) assert.ok(await line.receiver.open(frame, METADATA));
    for (const frame of order) assert.equal(await line.receiver.open(frame, METADATA), undefined);
    assert.deepEqual([line.receiver.counts.accepted, line.receiver.counts.replayed], [40, 40]);
  });

  test('a frame that comes twice at the same moment is accepted once', async () => {
    const line = await Line.begin();
    const [frame] = await frames(line, 1);
    const opened = await Promise.all(Array.from({ length: 8 }, () => line.receiver.open(frame!, METADATA)));
    assert.equal(opened.filter(Boolean).length, 1);
    assert.deepEqual([line.receiver.counts.accepted, line.receiver.counts.replayed], [1, 7]);
  });

  test('what has fallen out of the window is not accepted, even if it never came', async () => {
    const line = await Line.begin();
    const sent = await frames(line, REPLAY_WINDOW + 2);
    assert.ok(await line.receiver.open(sent.at(-1)!, METADATA));
    assert.equal(await line.receiver.open(sent[1]!, METADATA), undefined);
    assert.equal(await line.receiver.open(sent[0]!, METADATA), undefined);
    assert.ok(await line.receiver.open(sent[2]!, METADATA));
    assert.equal(line.receiver.counts.tooOld, 2);
  });

  test('a forged counter moves no window', async () => {
    const line = await Line.begin();
    const [first, second] = await frames(line, 2);
    const far = encodeHeader({ kid: 4n, ctr: BigInt(MAX_FRAMES - 1) });
    assert.equal(await line.receiver.open(joined(far, second!.subarray(1)), METADATA), undefined);
    assert.ok(await line.receiver.open(first!, METADATA));
    assert.equal(line.receiver.counts.forged, 1);
  });

  test('a counter that no sender reaches is refused, even if authentic', async () => {
    const line = await Line.begin();
    const keys = await deriveKeys(subtle, SKYKEY_SUITE, 4n, baseKey('key 4'), 'seal');
    const send = (ctr: bigint) => sealFrame(keys, { kid: 4n, ctr }, counting(3), METADATA);
    for (const ctr of [BigInt(MAX_FRAMES), 2n ** 53n + 1n, 2n ** 64n - 1n])
      assert.equal(await line.receiver.open(await send(ctr), METADATA), undefined);
    assert.equal(line.receiver.counts.malformed, 3);
    assert.ok(await line.receiver.open(await send(BigInt(MAX_FRAMES - 1)), METADATA));
  });
});

describe('keys', () => {
  test('are taken over: one base key makes one key', async () => {
    const base = baseKey('once');
    const first = SealingKey.derive(subtle, 1n, base);
    assert.ok(base.every((byte) => byte === 0));
    for (const again of [SealingKey.derive(subtle, 1n, base), OpeningKey.derive(subtle, 1n, base)])
      await assert.rejects(again, { code: 'hotline/bad-argument' });
    await first;
    for (const length of [0, 16, 31, 33])
      await assert.rejects(SealingKey.derive(subtle, 1n, counting(length)), { code: 'hotline/bad-argument' });
  });

  test('count from 0, each counter once, however many frames are under way', async () => {
    const key = await SealingKey.derive(subtle, 1n, baseKey('counting'), 50);
    const sealed = await Promise.all(Array.from({ length: 50 }, () => key.seal(NONE, NONE)));
    const counters = sealed.map((frame) => Number(decodeHeader(frame)!.ctr)).sort((a, b) => a - b);
    assert.deepEqual(counters, [...Array(50).keys()]);
    await assert.rejects(key.seal(NONE, NONE), { code: 'hotline/spent' });
    assert.equal(key.drawn, 50);
  });

  test('have no longer a limit than is safe', async () => {
    for (const limit of [0, 1.5, Number.NaN, MAX_FRAMES + 1])
      await assert.rejects(SealingKey.derive(subtle, 1n, baseKey('limit'), limit), { code: 'hotline/bad-argument' });
  });

  test('for sealing do not open, and the other way round', async () => {
    const line = new Line();
    const sealing = await SealingKey.derive(subtle, 1n, baseKey('one way'));
    const opening = await OpeningKey.derive(subtle, 1n, baseKey('one way'));
    assert.equal('open' in sealing, false);
    assert.equal('seal' in opening, false);
    const wrong = () => {
      // @ts-expect-error: a key for sealing is not installed at a receiver
      line.receiver.install(sealing);
      // @ts-expect-error: a key for opening is not given to a sender
      line.sender.switchTo(opening);
    };
    assert.equal(typeof wrong, 'function');
  });

  test('show nothing of themselves', async () => {
    const key = await SealingKey.derive(subtle, 1n, baseKey('mute'));
    assert.equal(
      JSON.stringify(key, (_, value) => (typeof value === 'bigint' ? `${value}` : value)),
      '{"kid":"1"}',
    );
  });

  test('that were overwritten neither seal nor open', async () => {
    const sealing = await SealingKey.derive(subtle, 1n, baseKey('gone'));
    const opening = await OpeningKey.derive(subtle, 1n, baseKey('gone'));
    const frame = await sealing.seal(NONE, NONE);
    sealing.wipe();
    opening.wipe();
    await assert.rejects(sealing.seal(NONE, NONE), { code: 'hotline/no-key' });
    assert.deepEqual(await opening.open(decodeHeader(frame)!, frame, NONE), { refused: 'malformed' });
  });
});

describe('a new key', () => {
  test('is used from the call on, and a key frame is asked for', async () => {
    const line = await Line.begin();
    assert.equal(line.keyFramesAskedFor, 1);
    assert.equal(decodeHeader((await frames(line, 3))[2]!)!.ctr, 2n);
    await line.rekey(5n);
    assert.equal(line.keyFramesAskedFor, 2);
    const [first] = await frames(line, 1);
    assert.deepEqual(decodeHeader(first!), { kid: 5n, ctr: 0n, length: 1 });
  });

  test('is newer than all before, and has sealed nothing', async () => {
    const line = await Line.begin();
    for (const kid of [4n, 3n]) {
      const sealing = await SealingKey.derive(subtle, kid, baseKey('again'));
      const opening = await OpeningKey.derive(subtle, kid, baseKey('again'));
      assert.throws(() => line.sender.switchTo(sealing), { code: 'hotline/bad-argument' });
      assert.throws(() => line.receiver.install(opening), { code: 'hotline/bad-argument' });
      await assert.rejects(sealing.seal(NONE, NONE), { code: 'hotline/no-key' });
    }
    const begun = await SealingKey.derive(subtle, 9n, baseKey('begun'));
    await begun.seal(NONE, NONE);
    assert.throws(() => line.sender.switchTo(begun), { code: 'hotline/bad-argument' });
    assert.ok(await line.receiver.open((await frames(line, 1))[0]!, METADATA));
  });

  test('overwrites the one before on the sending side', async () => {
    const line = new Line();
    const first = await SealingKey.derive(subtle, 1n, baseKey('first'));
    line.sender.switchTo(first);
    line.sender.switchTo(await SealingKey.derive(subtle, 2n, baseKey('second')));
    await assert.rejects(first.seal(NONE, NONE), { code: 'hotline/no-key' });
  });

  test('leaves the one before five seconds on the receiving side, and not one more', async () => {
    const line = await Line.begin();
    const late = await frames(line, 3);
    await line.rekey(5n);
    const fresh = await frames(line, 2);
    line.wait(4999);
    assert.ok(await line.receiver.open(late[0]!, METADATA));
    assert.ok(await line.receiver.open(fresh[0]!, METADATA));
    line.wait(1);
    assert.equal(await line.receiver.open(late[1]!, METADATA), undefined);
    assert.equal(line.receiver.counts.unknownKey, 1);
    // A third key does not lengthen the life of the first.
    assert.ok(await line.receiver.open(fresh[1]!, METADATA));
  });

  test('lengthens the life of none', async () => {
    const line = await Line.begin();
    const [frame] = await frames(line, 1);
    await line.rekey(5n);
    line.wait(3000);
    await line.rekey(6n);
    line.wait(2000);
    assert.equal(await line.receiver.open(frame!, METADATA), undefined);
  });

  test('ends the one before even when no frame comes', async () => {
    const line = await Line.begin();
    const second = await OpeningKey.derive(subtle, 5n, baseKey('key 5'));
    line.receiver.install(second);
    line.receiver.install(await OpeningKey.derive(subtle, 6n, baseKey('key 6')));
    line.wait(5000);
    line.receiver.expire();
    const sealing = await SealingKey.derive(subtle, 5n, baseKey('key 5'));
    const frame = await sealing.seal(NONE, NONE);
    assert.deepEqual(await second.open(decodeHeader(frame)!, frame, NONE), { refused: 'malformed' });
  });

  test('that ends while a frame is opened with it opens nothing', async () => {
    const line = await Line.begin();
    const [frame] = await frames(line, 1);
    await line.rekey(5n);
    const opened = line.receiver.open(frame!, METADATA);
    line.wait(5000);
    assert.equal(await opened, undefined);
  });

  test('overlaps no longer than that', () => {
    const { lease } = new Line();
    for (const overlapMs of [-1, 5001, Number.NaN])
      assert.throws(() => new FrameReceiver({ lease, now: () => 0, overlapMs }), RangeError);
  });

  test('that is not there yet is counted', async () => {
    const line = await Line.begin();
    line.sender.switchTo(await SealingKey.derive(subtle, 5n, baseKey('early')));
    assert.equal(await line.receiver.open((await frames(line, 1))[0]!, METADATA), undefined);
    assert.equal(line.receiver.counts.unknownKey, 1);
  });
});

describe('when the lease runs out', () => {
  test('nothing is sent or heard, from the millisecond on, until it is renewed', async () => {
    const line = await Line.begin();
    const sent = await frames(line, 2);
    line.nowMs += 899;
    await frames(line, 1);
    assert.ok(await line.receiver.open(sent[0]!, METADATA));
    line.nowMs += 1;
    await assert.rejects(line.sender.seal(NONE, NONE), { code: 'hotline/line-dropped' });
    assert.equal(await line.receiver.open(sent[1]!, METADATA), undefined);
    assert.equal(line.receiver.counts.stopped, 1);
    line.renew();
    await frames(line, 1);
    assert.ok(await line.receiver.open(sent[1]!, METADATA));
  });

  test('what was under way is not finished', async () => {
    const line = await Line.begin();
    const [frame] = await frames(line, 1);
    const sealing = line.sender.seal(NONE, NONE);
    const opening = line.receiver.open(frame!, METADATA);
    line.nowMs += 900;
    await assert.rejects(sealing, { code: 'hotline/line-dropped' });
    assert.equal(await opening, undefined);
    // The counter of the frame that was not sent is not used again.
    line.renew();
    assert.equal(decodeHeader((await frames(line, 1))[0]!)!.ctr, 2n);
  });

  test('nothing is sealed before the first key', async () => {
    await assert.rejects(new Line().sender.seal(NONE, NONE), { code: 'hotline/no-key' });
  });
});

describe('stop', () => {
  test('is at once, for good, and for what is under way', async () => {
    const line = await Line.begin();
    const [first, second] = await frames(line, 2);
    const sealing = line.sender.seal(NONE, NONE);
    const opening = line.receiver.open(first!, METADATA);
    line.sender.stop();
    line.receiver.stop();
    await assert.rejects(sealing, { code: 'hotline/line-dropped' });
    assert.equal(await opening, undefined);
    line.wait(10);
    await assert.rejects(line.sender.seal(NONE, NONE), { code: 'hotline/line-dropped' });
    assert.equal(await line.receiver.open(second!, METADATA), undefined);
    await assert.rejects(line.rekey(5n), { code: 'hotline/line-dropped' });
    assert.deepEqual([line.receiver.counts.accepted, line.receiver.counts.stopped], [0, 2]);
  });

  test('overwrites the keys, also those that come too late', async () => {
    const line = new Line();
    const [sealing, late] = [
      await SealingKey.derive(subtle, 1n, baseKey('stopped')),
      await SealingKey.derive(subtle, 2n, baseKey('late')),
    ];
    const [opening, lateOpening] = [
      await OpeningKey.derive(subtle, 1n, baseKey('stopped')),
      await OpeningKey.derive(subtle, 2n, baseKey('late')),
    ];
    line.sender.switchTo(sealing!);
    line.receiver.install(opening!);
    line.sender.stop();
    line.receiver.stop();
    assert.throws(() => line.sender.switchTo(late!), { code: 'hotline/line-dropped' });
    assert.throws(() => line.receiver.install(lateOpening!), { code: 'hotline/line-dropped' });
    for (const key of [sealing!, late!]) await assert.rejects(key.seal(NONE, NONE), { code: 'hotline/no-key' });
    for (const [kid, name, key] of [
      [1n, 'stopped', opening!],
      [2n, 'late', lateOpening!],
    ] as const) {
      const frame = await (await SealingKey.derive(subtle, kid, baseKey(name))).seal(NONE, NONE);
      assert.deepEqual(await key.open(decodeHeader(frame)!, frame, NONE), { refused: 'malformed' });
    }
  });
});
