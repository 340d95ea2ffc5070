import assert from 'node:assert/strict';
import { test } from 'node:test';
import { code, hex, labels, Place, pattern, reveal, secret } from './test/place.ts';

const LANE = 'relay/micius-beijing';

function filled(t: { after: (done: () => void) => void }, bytes = 256): Place {
  const place = new Place(t);
  place.vault.append(LANE, labels(), secret(pattern(bytes)));
  return place;
}

test('a held block is cut into lanes, and survives closing at every step', (t) => {
  const place = new Place(t);
  const bytes = pattern(5000);
  place.vault.hold({ blockId: 'pass-1', labels: labels(), bytes: secret(bytes) });
  assert.deepEqual(place.reopen().held(), ['pass-1']);
  assert.equal(place.vault.heldBytes('pass-1'), 5000);
  assert.equal(place.vault.wasReleased('pass-1'), false);
  assert.equal(reveal(place.vault.readHeld('pass-1')), hex(bytes));
  place.vault.release('pass-1', [
    { lane: 'auth/micius-beijing', from: 0, to: 160 },
    { lane: LANE, from: 160, to: 4990 },
  ]);
  const vault = place.reopen();
  assert.deepEqual(vault.held(), []);
  assert.equal(vault.wasReleased('pass-1'), true);
  assert.equal(vault.available('auth/micius-beijing'), 144, 'the first 16 bytes are the hash point, not key to spend');
  assert.equal(vault.available(LANE), 4830);
  assert.equal(reveal(vault.take(vault.reserve(LANE, 4830))), hex(bytes.subarray(160, 4990)));
});

test('a block id is unique for ever, whatever became of the block', (t) => {
  const { vault } = new Place(t);
  for (const blockId of ['released', 'discarded', 'held']) {
    vault.hold({ blockId, labels: labels(), bytes: secret(pattern(64)) });
  }
  vault.release('released', [{ lane: LANE, from: 0, to: 64 }]);
  vault.discard('discarded');
  for (const blockId of ['released', 'discarded', 'held']) {
    assert.throws(() => vault.hold({ blockId, labels: labels(), bytes: secret(pattern(64)) }), code('vault/known'));
  }
  assert.equal(vault.wasReleased('discarded'), false);
  assert.throws(() => vault.release('released', []), code('vault/state'));
  assert.throws(() => vault.discard('never seen'), code('vault/state'));
});

test('a cut outside the block, or one that gives bytes away twice, is refused and changes nothing', (t) => {
  const { vault } = new Place(t);
  vault.hold({ blockId: 'b', labels: labels(), bytes: secret(pattern(64)) });
  const twice = [
    { lane: 'x', from: 0, to: 40 },
    { lane: 'y', from: 39, to: 64 },
  ];
  for (const cuts of [
    twice,
    [{ lane: 'x', from: 0, to: 65 }],
    [{ lane: 'x', from: -1, to: 5 }],
    [{ lane: 'x', from: 0.5, to: 5 }],
  ]) {
    assert.throws(() => vault.release('b', cuts), code('vault/argument'));
  }
  assert.deepEqual(vault.held(), ['b']);
  assert.equal(vault.length('x'), 0);
  assert.equal(reveal(vault.readHeld('b')), hex(pattern(64)));
});

test('reserve moves forward only; too much is refused and consumes nothing', (t) => {
  const place = filled(t);
  const first = place.vault.reserve(LANE, 100);
  assert.deepEqual(first, { lane: LANE, offset: 0, bytes: 100 });
  assert.throws(() => place.vault.reserve(LANE, 157), code('vault/short'));
  const second = place.reopen().reserve(LANE, 156);
  assert.deepEqual(second, { lane: LANE, offset: 100, bytes: 156 });
  assert.equal(place.vault.available(LANE), 0);
  assert.equal(place.vault.available('no such lane'), 0);
  assert.throws(() => place.vault.reserve('no such lane', 1), code('vault/short'));
});

test('a range is read once: the second take is refused, also after reopening, also in part', (t) => {
  const place = filled(t);
  const range = place.vault.reserve(LANE, 100);
  assert.equal(reveal(place.vault.take(range)), hex(pattern(256).subarray(0, 100)));
  assert.throws(() => place.vault.take(range), code('vault/taken'));
  const vault = place.reopen();
  for (const part of [range, { ...range, bytes: 1 }, { ...range, offset: 99, bytes: 2 }]) {
    assert.throws(() => vault.take(part), code('vault/taken'));
    assert.throws(() => vault.reserveAt(part), code('vault/taken'));
  }
});

test('what was not reserved in one piece cannot be taken', (t) => {
  const { vault } = filled(t);
  assert.throws(() => vault.take({ lane: LANE, offset: 0, bytes: 10 }), code('vault/state'));
  vault.reserve(LANE, 10);
  vault.reserve(LANE, 10);
  assert.throws(() => vault.take({ lane: LANE, offset: 0, bytes: 20 }), code('vault/state'));
  assert.throws(() => vault.take({ lane: LANE, offset: 0, bytes: 9 }), code('vault/state'));
});

test('the party that follows claims ranges in any order, never one twice, never one that is not there', (t) => {
  const { vault } = filled(t);
  vault.reserveAt({ lane: LANE, offset: 64, bytes: 32 });
  vault.reserveAt({ lane: LANE, offset: 0, bytes: 32 });
  for (const offset of [64, 95, 40, 33, 31]) {
    assert.throws(() => vault.reserveAt({ lane: LANE, offset, bytes: 32 }), code('vault/taken'), `offset ${offset}`);
  }
  for (const offset of [225, 256, 1e9]) {
    assert.throws(() => vault.reserveAt({ lane: LANE, offset, bytes: 32 }), code('vault/missing'), `offset ${offset}`);
  }
  for (const offset of [-1, 0.5, Number.NaN, 2 ** 60]) {
    assert.throws(() => vault.reserveAt({ lane: LANE, offset, bytes: 32 }), code('vault/missing'), `offset ${offset}`);
  }
  assert.throws(() => vault.reserveAt({ lane: LANE, offset: 0, bytes: 0 }), code('vault/argument'));
  assert.equal(vault.available(LANE), 256 - 96);
});

test('a burned range is gone unread', (t) => {
  const { vault } = filled(t);
  const range = vault.reserve(LANE, 32);
  vault.burn(range);
  assert.throws(() => vault.take(range), code('vault/taken'));
  assert.throws(() => vault.burn(range), code('vault/taken'));
});

test('reading across blocks and gaps: a gap is never handed out and divides the lane', (t) => {
  const { vault } = new Place(t);
  vault.append(LANE, labels(), secret(pattern(100, 1)));
  vault.append(LANE, labels(), secret(pattern(100, 2)));
  vault.hold({ blockId: 'late', labels: labels(), bytes: secret(pattern(100, 3)) });
  assert.throws(() => vault.release('late', [{ lane: LANE, from: 0, to: 100, at: 199 }]), code('vault/argument'));
  vault.release('late', [{ lane: LANE, from: 0, to: 100, at: 250 }]);
  assert.equal(vault.length(LANE), 350);
  assert.equal(vault.available(LANE), 300);
  assert.equal(vault.fits(LANE, 80), 2 + 1);
  assert.equal(vault.run(LANE), 200);
  const both = vault.reserve(LANE, 160);
  assert.equal(reveal(vault.take(both)), hex(pattern(100, 1)) + hex(pattern(60, 2)));
  assert.equal(vault.run(LANE, 50), 100);
  assert.throws(() => vault.reserveAt({ lane: LANE, offset: 190, bytes: 20 }), code('vault/missing'));
  assert.deepEqual(
    vault.reserve(LANE, 50),
    { lane: LANE, offset: 250, bytes: 50 },
    '40 bytes before the gap are passed over',
  );
  assert.equal(vault.available(LANE), 50);
});

test('atomically: all or nothing, nested work undone alone, promises refused', async (t) => {
  const { vault } = filled(t);
  assert.throws(() =>
    vault.atomically(() => {
      vault.take(vault.reserve(LANE, 10));
      vault.remember('a', 1);
      throw new Error('no');
    }),
  );
  assert.equal(vault.available(LANE), 256);
  vault.atomically(() => {
    vault.remember('kept', 1);
    assert.throws(() =>
      vault.atomically(() => {
        vault.remember('undone', 1);
        throw new Error('no');
      }),
    );
  });
  assert.deepEqual([vault.recall('a'), vault.recall('kept'), vault.recall('undone')], [undefined, 1, undefined]);
  assert.throws(() => vault.atomically(async () => vault.remember('later', 1)), code('vault/argument'));
  assert.equal(vault.recall('later'), undefined);
});

test('labels of a range name every block in it', (t) => {
  const { vault } = new Place(t);
  vault.append(LANE, labels({ epsSec: 1 }), secret(pattern(10)));
  vault.append(LANE, labels({ epsSec: 2 }), secret(pattern(10)));
  vault.append(LANE, labels({ epsSec: 3 }), secret(pattern(10)));
  assert.deepEqual(
    vault.labels({ lane: LANE, offset: 5, bytes: 10 }).map(({ epsSec }) => epsSec),
    [1, 2],
  );
  assert.deepEqual(
    vault.blocks(LANE).map(({ labels: found }) => found.epsSec),
    [3, 2, 1],
  );
});

test('labels that make no sense are refused', (t) => {
  const { vault } = new Place(t);
  const hold = (changes: object): void =>
    vault.hold({ blockId: 'b', labels: labels(changes), bytes: secret(pattern(8)) });
  for (const changes of [
    { epsSec: Number.NaN },
    { epsCor: -1 },
    { createdAtMs: Number.POSITIVE_INFINITY },
    { originTimesMs: [] },
  ]) {
    assert.throws(() => hold(changes), code('vault/argument'), JSON.stringify(changes));
  }
  assert.throws(() => vault.hold({ blockId: '', labels: labels(), bytes: secret(pattern(8)) }), code('vault/argument'));
  assert.throws(
    () => vault.hold({ blockId: 'b', labels: labels(), bytes: secret(pattern(0)) }),
    code('vault/argument'),
  );
  assert.throws(() => vault.append('', labels(), secret(pattern(8))), code('vault/argument'));
});

test('memory, outbox and journal survive; the journal keeps its newest 500 entries', (t) => {
  const place = new Place(t);
  const { vault } = place;
  vault.remember('link/a', { dropped: true });
  vault.remember('link/a', { dropped: false });
  vault.remember('link/b', [1]);
  assert.throws(() => vault.remember('x', undefined), code('vault/argument'));
  const first = vault.outbox.add('alarm', new Uint8Array([1, 2]));
  vault.outbox.add('relay', new Uint8Array([3]));
  for (let i = 0; i < 510; i++) vault.journal.append({ utcMs: i, severity: 'info', text: `entry ${i}` });
  const again = place.reopen();
  assert.deepEqual(again.recall('link/a'), { dropped: false });
  assert.deepEqual(
    again.recallAll('link/').map(({ name }) => name),
    ['link/a', 'link/b'],
  );
  again.forget('link/b');
  assert.equal(again.recall('link/b'), undefined);
  assert.deepEqual(
    again.outbox.list().map(({ topic, body }) => [topic, [...body]]),
    [
      ['alarm', [1, 2]],
      ['relay', [3]],
    ],
  );
  again.outbox.remove(first);
  assert.deepEqual(again.outbox.list('alarm'), []);
  assert.equal(again.outbox.list('relay').length, 1);
  const journal = again.journal.list();
  assert.equal(journal.length, 500);
  assert.deepEqual([journal[0]!.text, journal[499]!.text], ['entry 509', 'entry 10']);
});
