import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ALICE, BOB, CALM, hashesOf, ROUGH, World } from '../trial/world.ts';

async function meet(world: World): Promise<void> {
  await world.start(ALICE);
  await world.start(BOB);
  const ready = () => [ALICE, BOB].every((id) => world.session(id as typeof ALICE).view().may.call.allowed);
  assert.ok(await world.until(ready), said(world));
}

const said = (world: World): string =>
  JSON.stringify(
    [ALICE, BOB].map((id) => [world.session(id as typeof ALICE).view().line.reason, world.journal(id as typeof ALICE)]),
  );

const write = (text: string, sealing: 'sealed' | 'hybrid' = 'hybrid') => ({ text, sealing, author: 'Ada' });

describe('a session', () => {
  it('begins red, agrees on keys by itself and is green on both sides, with the same words to read aloud', async () => {
    const world = new World({ seed: 1 });
    await world.start(ALICE);
    assert.equal(world.level(ALICE), 'red');
    await assert.rejects(world.session(ALICE).say(write('too early')), { code: 'hotline/not-permitted' });
    await world.start(BOB);
    assert.ok(await world.until(() => world.level(ALICE) === 'green' && world.level(BOB) === 'green'), said(world));
    const [a, b] = [world.session(ALICE).view().safety, world.session(BOB).view().safety];
    assert.match(a.phrase!, /^(\w+ ){5}\w+$/);
    assert.equal(a.phrase, b.phrase);
    assert.deepEqual([a.inputs, a.qkdKeyIds.length], [{ qkd: true, kem: true, ecdh: true, courier: true }, 1]);
  });

  it('comes to the same keys on both sides, in whatever order offers, answers and confirms arrive', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const world = new World({ seed, manners: { loss: 0, double: 0.2, delayMs: seed % 2 ? 400 : 1500 } });
      await world.start(ALICE);
      await world.run(world.dice.below(600));
      await world.start(BOB);
      await world.run(25_000);
      assert.deepEqual([world.level(ALICE), world.level(BOB)], ['green', 'green'], `seed ${seed}: ${said(world)}`);
    }
  });

  for (const manners of [CALM, ROUGH]) {
    it(`carries words both ways, each once and in order, ${manners === CALM ? 'on a calm line' : 'whatever the line does'}`, async () => {
      const world = new World({ seed: 2 });
      await meet(world);
      world.manners = manners;
      const words = Array.from({ length: 12 }, (_, i) => `word ${i}`);
      for (const [i, text] of words.entries()) {
        await world.session(ALICE).say(write(text, i % 3 ? 'hybrid' : 'sealed'));
        await world.session(BOB).say(write(`back ${text}`, i % 2 ? 'hybrid' : 'sealed'));
        await world.run(200);
      }
      await world.until(
        () => world.session(ALICE).view().waitingTexts + world.session(BOB).view().waitingTexts === 0,
        120_000,
      );
      assert.deepEqual(world.received(BOB), words, said(world));
      assert.deepEqual(
        world.received(ALICE),
        words.map((text) => `back ${text}`),
      );
      const delivered = [...world.sites[ALICE].disk.messages.values()].filter(({ direction }) => direction === 'sent');
      assert.ok(delivered.every(({ state }) => state === 'delivered'));
      const line = Buffer.concat(world.wire.map(({ bytes }) => bytes));
      assert.ok(words.every((text) => !line.includes(text)));
    });
  }

  it('renews its keys by itself, and nothing is lost by it', async () => {
    const world = new World({ seed: 3, tickMs: 5000 });
    await meet(world);
    const first = world.session(ALICE).view().safety.phrase;
    for (let i = 0; i < 12; i++) {
      await world.session(ALICE).say(write(`minute ${i}`));
      await world.run(60_000);
    }
    assert.notEqual(world.session(ALICE).view().safety.phrase, first);
    assert.equal(world.received(BOB).length, 12, said(world));
    assert.equal(world.level(BOB), 'green');
  });

  it('an alarm closes the line on both sides; four persons and fresh key open it, and what waited arrives', async () => {
    const world = new World({ seed: 4 });
    await meet(world);
    world.manners = { ...CALM, loss: 1 };
    await world.session(ALICE).say(write('sealed before the alarm', 'sealed'));
    await world.run(1000);
    world.manners = CALM;
    const alarm = {
      id: 'a1',
      class: 'tap',
      foundBy: 'Alice',
      link: 'sky-alice',
      reason: 'QBER 25 %',
      atMs: world.nowMs,
    } as const;
    await world.session(ALICE).alarm(alarm);
    world.poison();
    assert.equal(world.level(ALICE), 'black');
    assert.ok(await world.until(() => world.level(BOB) === 'black', 1000));
    await world.run(1000);
    assert.deepEqual(
      [world.session(ALICE).view().line.reason, world.session(ALICE).view().may.text.allowed],
      [world.session(BOB).view().line.reason, false],
    );
    await assert.rejects(world.session(BOB).say(write('no')), { code: 'hotline/not-permitted' });
    await world.run(5000);
    assert.deepEqual(world.received(BOB), []);
    for (const id of [ALICE, BOB] as const) {
      for (const person of ['p1', 'p2']) {
        assert.equal(world.level(id), 'black');
        const { request } = world.session(id).view().line;
        await world.session(id).approve({ id: person, name: person, roles: ['approver'], request: request! });
        await world.run(1000);
      }
    }
    await world.session(ALICE).stock(5_000_000, 5_000_000, world.session(ALICE).view().line.keysMadeAfterMs);
    await world.session(BOB).stock(5_000_000, 5_000_000, world.session(BOB).view().line.keysMadeAfterMs);
    assert.ok(await world.until(() => world.level(ALICE) === 'green' && world.level(BOB) === 'green'), said(world));
    assert.ok(await world.until(() => world.received(BOB).length === 1, 30_000), said(world));
  });

  it('a desk that is killed goes on where it was, and so does its peer', async () => {
    const world = new World({ seed: 5 });
    await meet(world);
    await world.session(ALICE).say(write('one'));
    world.crash(ALICE);
    await world.run(3000);
    await world.start(ALICE);
    assert.ok(await world.until(() => world.received(BOB).length === 1, 30_000), said(world));
    assert.ok(await world.until(() => world.session(ALICE).view().may.sealedText.allowed), said(world));
    await world.session(ALICE).say(write('two', 'sealed'));
    await world.run(50);
    world.crash(BOB);
    await world.start(BOB);
    assert.ok(await world.until(() => world.received(BOB).length === 2, 30_000), said(world));
    assert.deepEqual(world.received(BOB), ['one', 'two']);
  });

  it('a file arrives whole, over a start of either side', async () => {
    const world = new World({ seed: 6 });
    await meet(world);
    const file = world.dice.bytes(1_000_000);
    const fileId = 'ab'.repeat(16);
    world.sites[ALICE].files.set(fileId, file);
    await world.session(ALICE).offerFile({ fileId, name: 'map.png', hashes: hashesOf(file) });
    await world.run(300);
    world.crash(BOB);
    await world.run(500);
    await world.start(BOB);
    await world.run(3000);
    world.crash(ALICE);
    await world.start(ALICE);
    const done = () => world.session(BOB).view().files[0]?.state === 'done';
    assert.ok(await world.until(done, 60_000), JSON.stringify(world.session(BOB).view().files) + said(world));
    assert.deepEqual(Buffer.from(world.sites[BOB].files.get(fileId)!), Buffer.from(file));
    assert.ok(await world.until(() => world.session(ALICE).view().files[0]?.state === 'done', 60_000));
  });

  it('a call rings, gets its keys by leases, alike on both sides, and is silent with the alarm', async () => {
    const world = new World({ seed: 7 });
    await meet(world);
    const { id } = await world.session(ALICE).ring('video');
    assert.ok(await world.until(() => world.session(BOB).view().call?.state === 'ringing'));
    await world.session(BOB).acceptCall(id);
    assert.ok(await world.until(() => world.session(ALICE).view().call?.state === 'connecting'));
    const [a, b] = [await world.session(ALICE).lease(id, new Set()), await world.session(BOB).lease(id, new Set())];
    const find = (lease: typeof a, use: string, epoch: number, stream: string) =>
      lease.keys.find((key) => key.use === use && key.mediaEpoch === epoch && key.stream === stream)?.baseKey;
    for (const stream of ['audio', 'video']) {
      assert.deepEqual(find(a, 'send', a.sendEpoch, stream), find(b, 'receive', a.sendEpoch, stream));
      assert.deepEqual(find(b, 'send', b.sendEpoch, stream), find(a, 'receive', b.sendEpoch, stream));
      assert.notDeepEqual(find(a, 'send', a.sendEpoch, stream), find(b, 'send', b.sendEpoch, stream));
    }
    const again = await world.session(ALICE).lease(id, new Set());
    assert.ok(again.sendEpoch > a.sendEpoch, 'a page that lost its keys gets others');
    await world
      .session(BOB)
      .alarm({ id: 'x', class: 'jam', foundBy: 'Bob', link: 'l', reason: 'no counts', atMs: world.nowMs });
    await assert.rejects(world.session(BOB).lease(id, new Set()), { code: 'hotline/not-permitted' });
    assert.ok(world.sites[BOB].news.some(({ kind }) => kind === 'call-stop'));
    assert.ok(await world.until(() => world.sites[ALICE].news.some(({ kind }) => kind === 'call-stop'), 1000));
    await assert.rejects(world.session(ALICE).lease(id, new Set()), { code: 'hotline/not-permitted' });
  });
});
