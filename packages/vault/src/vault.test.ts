import assert from 'node:assert/strict';
import type { SecretBytes } from '@skykey/bits';
import {
  code,
  hex,
  labels,
  onBoth,
  Place,
  pattern,
  reveal,
  type StoreKind,
  secret,
  type TestContext,
} from './test/place.ts';
import type { VaultTransaction } from './transaction.ts';

const LANE = 'relay/micius-beijing';

async function filled(t: TestContext, kind: StoreKind, bytes = 256): Promise<Place> {
  const place = await Place.make(t, kind);
  await place.tx.append(LANE, labels(), secret(pattern(bytes)));
  return place;
}

onBoth('a held block is cut into lanes, and survives closing at every step', async (t, kind) => {
  const place = await Place.make(t, kind);
  const bytes = pattern(5000);
  await place.tx.hold({ blockId: 'pass-1', labels: labels(), bytes: secret(bytes) });
  assert.deepEqual(await (await place.reopen()).held(), ['pass-1']);
  assert.equal(await place.tx.heldBytes('pass-1'), 5000);
  assert.equal(await place.tx.wasReleased('pass-1'), false);
  assert.equal(reveal(await place.tx.readHeld('pass-1')), hex(bytes));
  await place.tx.release('pass-1', [
    { lane: 'auth/micius-beijing', from: 0, to: 160 },
    { lane: LANE, from: 160, to: 4990 },
  ]);
  const tx = await place.reopen();
  assert.deepEqual(await tx.held(), []);
  assert.equal(await tx.wasReleased('pass-1'), true);
  assert.equal(
    await tx.available('auth/micius-beijing'),
    144,
    'the first 16 bytes are the hash point, not key to spend',
  );
  assert.equal(await tx.available(LANE), 4830);
  assert.equal(reveal(await tx.take(await tx.reserve(LANE, 4830))), hex(bytes.subarray(160, 4990)));
});

onBoth('a block id is unique for ever, whatever became of the block', async (t, kind) => {
  const { tx } = await Place.make(t, kind);
  for (const blockId of ['released', 'discarded', 'held']) {
    await tx.hold({ blockId, labels: labels(), bytes: secret(pattern(64)) });
  }
  await tx.release('released', [{ lane: LANE, from: 0, to: 64 }]);
  await tx.discard('discarded');
  for (const blockId of ['released', 'discarded', 'held']) {
    await assert.rejects(tx.hold({ blockId, labels: labels(), bytes: secret(pattern(64)) }), code('vault/known'));
  }
  assert.equal(await tx.wasReleased('discarded'), false);
  await assert.rejects(tx.release('released', []), code('vault/state'));
  await assert.rejects(tx.discard('never seen'), code('vault/state'));
});

onBoth(
  'a cut outside the block, or one that gives bytes away twice, is refused and changes nothing',
  async (t, kind) => {
    const { tx } = await Place.make(t, kind);
    await tx.hold({ blockId: 'b', labels: labels(), bytes: secret(pattern(64)) });
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
      await assert.rejects(tx.release('b', cuts), code('vault/argument'));
    }
    assert.deepEqual(await tx.held(), ['b']);
    assert.equal(await tx.length('x'), 0);
    assert.equal(reveal(await tx.readHeld('b')), hex(pattern(64)));
  },
);

onBoth('reserve moves forward only; too much is refused and consumes nothing', async (t, kind) => {
  const place = await filled(t, kind);
  const first = await place.tx.reserve(LANE, 100);
  assert.deepEqual(first, { lane: LANE, offset: 0, bytes: 100 });
  await assert.rejects(place.tx.reserve(LANE, 157), code('vault/short'));
  const second = await (await place.reopen()).reserve(LANE, 156);
  assert.deepEqual(second, { lane: LANE, offset: 100, bytes: 156 });
  assert.equal(await place.tx.available(LANE), 0);
  assert.equal(await place.tx.available('no such lane'), 0);
  await assert.rejects(place.tx.reserve('no such lane', 1), code('vault/short'));
});

onBoth('a range is read once: the second take is refused, also after reopening, also in part', async (t, kind) => {
  const place = await filled(t, kind);
  const range = await place.tx.reserve(LANE, 100);
  assert.equal(reveal(await place.tx.take(range)), hex(pattern(256).subarray(0, 100)));
  await assert.rejects(place.tx.take(range), code('vault/taken'));
  const tx = await place.reopen();
  for (const part of [range, { ...range, bytes: 1 }, { ...range, offset: 99, bytes: 2 }]) {
    await assert.rejects(tx.take(part), code('vault/taken'));
    await assert.rejects(tx.reserveAt(part), code('vault/taken'));
  }
});

onBoth('what was not reserved in one piece cannot be taken', async (t, kind) => {
  const { tx } = await filled(t, kind);
  await assert.rejects(tx.take({ lane: LANE, offset: 0, bytes: 10 }), code('vault/state'));
  await tx.reserve(LANE, 10);
  await tx.reserve(LANE, 10);
  await assert.rejects(tx.take({ lane: LANE, offset: 0, bytes: 20 }), code('vault/state'));
  await assert.rejects(tx.take({ lane: LANE, offset: 0, bytes: 9 }), code('vault/state'));
});

onBoth(
  'the party that follows claims ranges in any order, never one twice, never one that is not there',
  async (t, kind) => {
    const { tx } = await filled(t, kind);
    await tx.reserveAt({ lane: LANE, offset: 64, bytes: 32 });
    await tx.reserveAt({ lane: LANE, offset: 0, bytes: 32 });
    for (const offset of [64, 95, 40, 33, 31]) {
      await assert.rejects(tx.reserveAt({ lane: LANE, offset, bytes: 32 }), code('vault/taken'), `offset ${offset}`);
    }
    for (const offset of [225, 256, 1e9]) {
      await assert.rejects(tx.reserveAt({ lane: LANE, offset, bytes: 32 }), code('vault/missing'), `offset ${offset}`);
    }
    for (const offset of [-1, 0.5, Number.NaN, 2 ** 60]) {
      await assert.rejects(tx.reserveAt({ lane: LANE, offset, bytes: 32 }), code('vault/missing'), `offset ${offset}`);
    }
    await assert.rejects(tx.reserveAt({ lane: LANE, offset: 0, bytes: 0 }), code('vault/argument'));
    assert.equal(await tx.available(LANE), 256 - 96);
  },
);

onBoth('a burned range is gone unread', async (t, kind) => {
  const { tx } = await filled(t, kind);
  const range = await tx.reserve(LANE, 32);
  await tx.burn(range);
  await assert.rejects(tx.take(range), code('vault/taken'));
  await assert.rejects(tx.burn(range), code('vault/taken'));
});

onBoth('reading across blocks and gaps: a gap is never handed out and divides the lane', async (t, kind) => {
  const { tx } = await Place.make(t, kind);
  await tx.append(LANE, labels(), secret(pattern(100, 1)));
  await tx.append(LANE, labels(), secret(pattern(100, 2)));
  await tx.hold({ blockId: 'late', labels: labels(), bytes: secret(pattern(100, 3)) });
  await assert.rejects(tx.release('late', [{ lane: LANE, from: 0, to: 100, at: 199 }]), code('vault/argument'));
  await tx.release('late', [{ lane: LANE, from: 0, to: 100, at: 250 }]);
  assert.equal(await tx.length(LANE), 350);
  assert.equal(await tx.available(LANE), 300);
  assert.equal(await tx.fits(LANE, 80), 2 + 1);
  assert.equal(await tx.run(LANE), 200);
  const both = await tx.reserve(LANE, 160);
  assert.equal(reveal(await tx.take(both)), hex(pattern(100, 1)) + hex(pattern(60, 2)));
  assert.equal(await tx.run(LANE, 50), 100);
  await assert.rejects(tx.reserveAt({ lane: LANE, offset: 190, bytes: 20 }), code('vault/missing'));
  assert.deepEqual(
    await tx.reserve(LANE, 50),
    { lane: LANE, offset: 250, bytes: 50 },
    '40 bytes before the gap are passed over',
  );
  assert.equal(await tx.available(LANE), 50);
});

onBoth(
  'atomically: all or nothing, nested work undone alone, what was read in vain is overwritten',
  async (t, kind) => {
    const place = await filled(t, kind);
    const { vault, tx } = place;
    const read: SecretBytes[] = [];
    await assert.rejects(
      vault.atomically(async (tx) => {
        read.push(await tx.take(await tx.reserve(LANE, 10)));
        await tx.remember('a', 1);
        throw new Error('no');
      }),
      /^Error: no$/,
    );
    assert.throws(() => read[0]!.open(() => 0), /overwritten/);
    assert.equal(await tx.available(LANE), 256);
    await vault.atomically(async (tx) => {
      await tx.remember('kept', 1);
      await assert.rejects(
        tx.atomically(async () => {
          await tx.remember('undone', 1);
          throw new Error('no');
        }),
        /^Error: no$/,
      );
      await tx.atomically(() => tx.remember('kept too', 2));
    });
    await place.reopen();
    const names = (await place.tx.recallAll('')).map(({ name }) => name);
    assert.deepEqual(names, ['kept', 'kept too']);
  },
);

onBoth('works that wait together: each is done or undone by itself, in the order they came', async (t, kind) => {
  const { vault, tx } = await filled(t, kind);
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, (_, i) =>
      vault.atomically(async (tx) => {
        const range = await tx.reserve(LANE, 10);
        await tx.remember(`work/${i}`, range.offset);
        if (i % 3 === 2) throw new Error('no');
        return range.offset;
      }, 'moscow'),
    ),
  );
  const offsets = results.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  assert.deepEqual(
    offsets,
    Array.from({ length: 14 }, (_, i) => 10 * i),
  );
  assert.equal((await tx.recallAll('work/')).length, 14);
  assert.equal(await tx.available(LANE), 256 - 140);
});

onBoth('a transaction is dead when its work is over', async (t, kind) => {
  const { vault } = await filled(t, kind);
  let kept: VaultTransaction | undefined;
  await vault.atomically(async (tx) => {
    kept = tx;
  });
  await assert.rejects(kept!.remember('late', 1), code('vault/argument'));
  await vault.close();
  await assert.rejects(vault.notebook().recall('late'), code('vault/unavailable'));
});

onBoth('key that is too old is not handed out, and is overwritten when somebody looks after it', async (t, kind) => {
  const place = await Place.make(t, kind);
  const { tx } = place;
  await tx.append(LANE, labels({ expiresAtMs: 2_000 }), secret(pattern(100, 1)));
  await tx.append(LANE, labels({ expiresAtMs: 3_000 }), secret(pattern(100, 2)));
  await tx.append(LANE, labels(), secret(pattern(50, 3)));
  await tx.append('auth/x', labels({ expiresAtMs: 2_000 }), secret(pattern(160)));
  const range = await tx.reserve(LANE, 60);
  assert.equal(await tx.available(LANE), 190);
  place.nowMs = 2_000;
  assert.deepEqual([await tx.available(LANE), await tx.run(LANE), await tx.fits(LANE, 40)], [150, 150, 3]);
  assert.equal(reveal(await tx.take(range)), hex(pattern(100, 1).subarray(0, 60)), 'what was claimed in time');
  assert.equal((await tx.reserve(LANE, 80)).offset, 100);
  place.nowMs = 3_500;
  const reserved = { lane: LANE, offset: 100, bytes: 80 };
  await tx.keys.expire(0);
  assert.deepEqual([await tx.available(LANE), await tx.available('auth/x')], [50, 144], 'tags have no age');
  assert.equal(reveal(await tx.take(reserved)), hex(pattern(100, 2).subarray(0, 80)), 'what was claimed in time');
  await tx.keys.expire(0);
  await assert.rejects(tx.reserveAt({ lane: LANE, offset: 180, bytes: 10 }), code('vault/poisoned'));
  await assert.rejects(tx.reserveAt({ lane: LANE, offset: 60, bytes: 10 }), code('vault/poisoned'));
  assert.equal(reveal(await tx.take(await tx.reserve(LANE, 50))), hex(pattern(50, 3)));
});

onBoth('labels of a range name every block in it', async (t, kind) => {
  const { tx } = await Place.make(t, kind);
  await tx.append(LANE, labels({ epsSec: 1 }), secret(pattern(10)));
  await tx.append(LANE, labels({ epsSec: 2 }), secret(pattern(10)));
  await tx.append(LANE, labels({ epsSec: 3 }), secret(pattern(10)));
  assert.deepEqual(
    (await tx.labels({ lane: LANE, offset: 5, bytes: 10 })).map(({ epsSec }) => epsSec),
    [1, 2],
  );
  assert.deepEqual(
    (await tx.blocks(LANE)).map(({ labels: found }) => found.epsSec),
    [3, 2, 1],
  );
});

onBoth('labels that make no sense are refused', async (t, kind) => {
  const { tx } = await Place.make(t, kind);
  const hold = (changes: object): Promise<void> =>
    tx.hold({ blockId: 'b', labels: labels(changes), bytes: secret(pattern(8)) });
  for (const changes of [
    { epsSec: Number.NaN },
    { epsCor: -1 },
    { createdAtMs: Number.POSITIVE_INFINITY },
    { originTimesMs: [] },
    { expiresAtMs: Number.NaN },
    { routes: ['micius', 'beijing'] },
    { jurisdictions: 'CN' },
  ]) {
    await assert.rejects(hold(changes), code('vault/argument'), JSON.stringify(changes));
  }
  await assert.rejects(tx.hold({ blockId: '', labels: labels(), bytes: secret(pattern(8)) }), code('vault/argument'));
  await assert.rejects(tx.hold({ blockId: 'b', labels: labels(), bytes: secret(pattern(0)) }), code('vault/argument'));
  await assert.rejects(tx.append('', labels(), secret(pattern(8))), code('vault/argument'));
});

onBoth('memory, outbox and journal survive; the journal keeps its newest 500 entries', async (t, kind) => {
  const place = await Place.make(t, kind);
  const { tx } = place;
  await tx.remember('link/a', { dropped: true });
  await tx.remember('link/a', { dropped: false });
  await tx.remember('link/b', [1]);
  await assert.rejects(tx.remember('x', undefined), code('vault/argument'));
  const first = await tx.outbox.add('alarm', new Uint8Array([1, 2]));
  await tx.outbox.add('relay', new Uint8Array([3]));
  for (let i = 0; i < 510; i++) await tx.journal.append({ utcMs: i, severity: 'info', text: `entry ${i}` });
  const again = await place.reopen();
  assert.deepEqual(await again.recall('link/a'), { dropped: false });
  assert.deepEqual(
    (await again.recallAll('link/')).map(({ name }) => name),
    ['link/a', 'link/b'],
  );
  await again.forget('link/b');
  assert.equal(await again.recall('link/b'), undefined);
  assert.deepEqual(
    (await again.outbox.list()).map(({ topic, body }) => [topic, [...body]]),
    [
      ['alarm', [1, 2]],
      ['relay', [3]],
    ],
  );
  await again.outbox.remove(first);
  assert.deepEqual(await again.outbox.list('alarm'), []);
  assert.equal((await again.outbox.list('relay')).length, 1);
  const journal = await again.journal.list();
  assert.equal(journal.length, 500);
  assert.deepEqual([journal[0]!.text, journal[499]!.text], ['entry 509', 'entry 10']);
});

onBoth('stretches end when there are enough of them', async (t, kind) => {
  const { tx } = await Place.make(t, kind);
  for (let i = 0; i < 5; i++) await tx.append(LANE, labels(), secret(pattern(100, i)));
  const lengths = async (enough?: number) => (await tx.stretches(LANE, enough)).map(({ bytes }) => bytes);
  assert.deepEqual([await lengths(1), await lengths(101)], [[100], [100, 100]]);
  assert.deepEqual(await lengths(), [100, 100, 100, 100, 100]);
  assert.deepEqual([await tx.available(LANE), await tx.run(LANE, 450), await tx.run(LANE, 501)], [500, 500, 0]);
});
