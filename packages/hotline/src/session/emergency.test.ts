import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { makeEmergencyFile } from '../sealed/index.ts';
import { ALICE, BOB, CALM, type DeskId, Dice, other, ROUGH, World } from '../trial/world.ts';

const DESKS = [ALICE, BOB] as const;
const CONVERSATION = '9d6f3a52-1c1c-4a0e-8a39-d9c6a1a0c0de';
/** A text has one key; its id stands behind the header's first 27 bytes. */
const KEY_AT = 27;
const LONG = process.env.SKYKEY_TEST_LONG !== undefined;

/** A courier visits both desks; they take the pad in when they start. */
function bring(world: World, texts = 4): Uint8Array {
  const from = { conversationId: CONVERSATION, provenance: 'courier', texts };
  const pad = makeEmergencyFile(from, (bytes) => world.dice.bytes(bytes));
  for (const id of DESKS) world.couriered[id] = pad.slice();
  pads.set(world, pad);
  return pad;
}

/** What a courier brought last. */
const pads = new WeakMap<World, Uint8Array>();

async function shut(world: World): Promise<void> {
  await world
    .session(ALICE)
    .alarm({ id: 'a', class: 'tap', foundBy: 'Alice', link: 'sky', reason: 'QBER', atMs: world.nowMs });
  assert.ok(await world.until(() => DESKS.every((id) => world.level(id) === 'black'), 5000));
}

async function meet(seed: number, texts = 4): Promise<World> {
  const world = new World({ seed });
  bring(world, texts);
  for (const id of DESKS) await world.start(id);
  assert.ok(await world.until(() => DESKS.every((id) => world.session(id).view().may.call.allowed)));
  return world;
}

const cry = (world: World, id: DeskId, text: string) => world.session(id).sayEmergency({ text, author: 'Ada' });
const isEmergency = (bytes: Uint8Array): boolean => bytes[5] === 3;
const texts = (world: World, id: DeskId): number | undefined => world.session(id).view().emergency?.texts;

/** Every key of the pad has sealed one record at most, whoever sent it and however often. */
function usedOnce(wire: World['wire']): number {
  const sealed = new Map<string, string>();
  for (const { bytes } of wire) {
    if (!isEmergency(bytes)) continue;
    const key = Buffer.from(bytes.subarray(KEY_AT, KEY_AT + 16)).toString('hex');
    const record = Buffer.from(bytes).toString('hex');
    assert.equal(sealed.get(key) ?? record, record, `two records under the key ${key}`);
    sealed.set(key, record);
  }
  return sealed.size;
}

describe('the emergency pad', () => {
  it('waits until the line is shut; then words leave by it, both ways, and nothing else but control', async () => {
    const world = await meet(1);
    assert.deepEqual(
      DESKS.map((id) => [texts(world, id), world.couriered[id]]),
      [
        [4, null],
        [4, null],
      ],
    );
    await assert.rejects(cry(world, ALICE, 'too early'), { code: 'hotline/not-permitted' });
    await shut(world);
    world.wire.length = 0;
    const { state, emergency } = await cry(world, ALICE, 'We are shut. Telephone at nine.');
    assert.deepEqual([state, emergency], ['sent', true]);
    assert.ok(await world.until(() => world.received(BOB).includes('We are shut. Telephone at nine.')));
    await cry(world, BOB, 'Understood.');
    assert.ok(await world.until(() => world.received(ALICE).includes('Understood.')));
    const sent = () => [...world.sites[ALICE].disk.messages.values()].find(({ direction }) => direction === 'sent');
    assert.ok(await world.until(() => sent()?.state === 'delivered'));
    await assert.rejects(world.session(ALICE).say({ text: 'no', sealing: 'sealed', author: 'Ada' }));
    await world.run(30_000);
    // Kinds: 2 lane record (lane 1 is control), 3 emergency text. Not one agreement, text or file.
    assert.ok(world.wire.every(({ bytes }) => isEmergency(bytes) || (bytes[5] === 2 && bytes[6] === 1)));
    assert.equal(usedOnce(world.wire), 2);
    assert.ok(!world.wire.some(({ bytes }) => Buffer.from(bytes).includes('Telephone')));
    assert.deepEqual([texts(world, ALICE), texts(world, BOB)], [3, 3]);
  });

  it('goes on after both desks have died: it needs no agreement; the store has no key of a text that was said', async () => {
    const world = await meet(2);
    await shut(world);
    const keys = () =>
      [...world.sites[ALICE].disk.puts.keys()].filter((name) => name.startsWith('session/emergency/key/')).length;
    assert.equal(keys(), 8);
    for (const id of DESKS) world.crash(id);
    for (const id of DESKS) await world.start(id);
    await cry(world, ALICE, 'still here');
    assert.equal(keys(), 7);
    assert.ok(await world.until(() => world.received(BOB).includes('still here')));
    world.crash(ALICE);
    await world.start(ALICE);
    assert.equal(texts(world, ALICE), 3);
    await world.run(3000);
    assert.equal(usedOnce(world.wire), 1);
    assert.equal(world.received(BOB).length, 1);
  });

  it('is short, slow and finite, and says so', async () => {
    const world = await meet(3, 2);
    await shut(world);
    const { bytes } = world.session(ALICE).view().emergency!;
    await assert.rejects(cry(world, ALICE, 'x'.repeat(bytes)), { code: 'hotline/too-long' });
    await cry(world, ALICE, 'x'.repeat(bytes - 3));
    await assert.rejects(cry(world, ALICE, 'at once'), { code: 'hotline/not-permitted', message: /only just/ });
    await world.run(6000);
    await cry(world, ALICE, 'second');
    await world.run(6000);
    await assert.rejects(cry(world, ALICE, 'third'), { code: 'hotline/not-permitted' });
    assert.ok(await world.until(() => world.received(BOB).length === 2));
    assert.equal(world.session(BOB).view().emergency!.incoming, 0);
  });

  it('repeats what is lost, and shows each text once whatever the line does', async () => {
    const world = await meet(4);
    await shut(world);
    world.manners = { ...ROUGH, loss: 0.6 };
    for (let i = 0; i < 4; i++) {
      await cry(world, ALICE, `word ${i}`);
      await world.run(6000);
    }
    assert.ok(await world.until(() => world.received(BOB).length === 4, 300_000));
    await world.run(60_000);
    assert.deepEqual(world.received(BOB).toSorted(), ['word 0', 'word 1', 'word 2', 'word 3']);
    assert.ok([...world.sites[BOB].disk.messages.values()].every(({ missed }) => missed === 0));
    assert.equal(usedOnce(world.wire), 4);
  });

  it('refuses what was altered at no cost, and takes the true one', async () => {
    const world = await meet(5);
    await shut(world);
    let sent = 0;
    world.middle = (bytes) => {
      if (!isEmergency(bytes) || sent++ > 0) return [bytes];
      const altered = bytes.slice();
      altered[60]! ^= 1;
      return [altered];
    };
    await cry(world, ALICE, 'true words');
    assert.ok(await world.until(() => world.received(BOB).length === 1));
    assert.ok(world.journal(BOB).some((text) => /altered on its way/.test(text)));
    assert.equal(world.session(BOB).view().emergency!.incoming, 3);
  });

  it('is destroyed in a store that was put back, with any pad file beside it, also after it is noted', async () => {
    const world = await meet(6);
    const pad = pads.get(world)!;
    const copy = world.snapshot(ALICE);
    await shut(world);
    await cry(world, ALICE, 'before the restore');
    world.restore(ALICE, copy);
    world.couriered[ALICE] = pad.slice();
    await world.start(ALICE);
    assert.equal(world.session(ALICE).view().emergency, null);
    assert.equal(world.couriered[ALICE], null);
    assert.ok(![...world.sites[ALICE].disk.puts.keys()].some((name) => name.startsWith('session/emergency/key/')));
    await world.session(ALICE).noted();
    world.crash(ALICE);
    world.couriered[ALICE] = pad.slice();
    await world.start(ALICE);
    assert.equal(world.session(ALICE).view().emergency, null, 'a pad that may have been used is never taken in');
    await shut(world);
    await assert.rejects(cry(world, ALICE, 'no pad'), { code: 'hotline/not-permitted', message: /no emergency pad/ });
    world.crash(ALICE);
    bring(world);
    await world.start(ALICE);
    assert.equal(texts(world, ALICE), 4);
  });

  it('is taken in once: the same file again changes nothing, a new one takes its place, another is left alone', async () => {
    const world = await meet(7);
    const pad = bring(world);
    for (const id of DESKS) {
      world.crash(id);
      await world.start(id);
    }
    await shut(world);
    await cry(world, ALICE, 'one');
    world.crash(ALICE);
    world.couriered[ALICE] = pad.slice();
    await world.start(ALICE);
    assert.deepEqual([texts(world, ALICE), world.couriered[ALICE]], [3, null]);
    for (const wrong of [
      pad.slice(0, -1),
      Uint8Array.of(...pad.slice(0, 40), pad[40]! ^ 1, ...pad.slice(41)),
      makeEmergencyFile({ conversationId: CONVERSATION.replace('9', '8'), provenance: 'x', texts: 1 }, (n) =>
        world.dice.bytes(n),
      ),
    ]) {
      world.crash(ALICE);
      world.couriered[ALICE] = wrong;
      await world.start(ALICE);
      assert.deepEqual([texts(world, ALICE), world.couriered[ALICE]], [3, wrong]);
    }
  });
});

describe('whatever is killed or put back', () => {
  it('no key of a pad seals twice, and no word that was kept is lost while its reader has the pad', async () => {
    let restores = 0;
    let said = 0;
    for (let seed = 1; seed <= (LONG ? 300 : 6); seed++) {
      const world = await meet(100 + seed, 16);
      const dice = new Dice(seed);
      await shut(world);
      const copies = { [ALICE]: world.snapshot(ALICE), [BOB]: world.snapshot(BOB) };
      const kept = { [ALICE]: new Set<string>(), [BOB]: new Set<string>() };
      const whole = { [ALICE]: true, [BOB]: true };
      world.slowDisks = true;
      for (let i = 0; i < 12; i++) {
        world.manners = dice.roll() < 0.5 ? CALM : ROUGH;
        for (const id of DESKS) {
          const text = `${id} ${i}`;
          void cry(world, id, text).then(
            () => kept[id].add(text),
            () => undefined,
          );
        }
        await world.run(dice.below(300));
        const id = DESKS[dice.below(2)]!;
        world.crash(id);
        const fate = dice.roll();
        if (fate < 0.1 && seed % 2 === 0) {
          world.restore(id, copies[id]);
          // The copy was of the whole folder, with what a courier had brought once.
          if (dice.roll() < 0.5) world.couriered[id] = pads.get(world)!.slice();
          whole[id] = false;
          restores++;
        } else if (fate < 0.3) copies[id] = world.snapshot(id);
        await world.start(id);
        await world.run(5000 + dice.below(2000));
      }
      world.slowDisks = false;
      world.manners = CALM;
      await world.run(130_000);
      said += usedOnce(world.wire);
      for (const id of DESKS) {
        const read = world.received(other(id));
        assert.equal(new Set(read).size, read.length, `seed ${seed}: a text was shown twice`);
        if (!whole[ALICE] || !whole[BOB]) continue;
        for (const text of kept[id]) assert.ok(read.includes(text), `seed ${seed}: "${text}" was kept and is lost`);
      }
    }
    assert.ok(said > 25 && restores > 0, `${said} texts, ${restores} restores`);
  });
});
