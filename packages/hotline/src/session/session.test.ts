import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEFAULT_POLICY } from '../state/index.ts';
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

  it('comes to the same keys on both sides although the first confirmation of them is lost', async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const world = new World({ seed, manners: { ...CALM, delayMs: 250 } });
      let lost = 0;
      world.middle = (bytes) => (bytes[5] === 1 && bytes[6] === 3 && lost++ === 0 ? [] : [bytes]);
      await meet(world);
      assert.ok(lost > 0);
    }
  });

  it('is not led back to older keys by a confirm that somebody held back', async () => {
    const world = new World({ seed: 41 });
    const held: Uint8Array[] = [];
    // Every confirm of Alice is held back, until Bob has made an offer himself and has keys by it.
    world.middle = (bytes, from) => {
      if (from !== ALICE || bytes[5] !== 1 || bytes[6] !== 3) return [bytes];
      held.push(bytes);
      return [];
    };
    await world.start(ALICE);
    await world.start(BOB);
    assert.ok(
      await world.until(() => held.length > 0 && world.session(BOB).view().safety.phrase !== null),
      said(world),
    );
    world.middle = null;
    const newest = world.session(BOB).view().safety.phrase;
    for (const bytes of held) world.inject(BOB, bytes);
    await world.run(500);
    assert.equal(world.session(BOB).view().safety.phrase, newest, said(world));
    // And they renew their keys, and start anew, as ever.
    await world.run(700_000);
    for (const id of [ALICE, BOB] as const) {
      world.crash(id);
      await world.start(id);
    }
    assert.ok(
      await world.until(() => [ALICE, BOB].every((id) => world.level(id as typeof ALICE) === 'green')),
      said(world),
    );
  });

  it('keeps its chain of keys, however many confirms somebody lets disappear', async () => {
    const world = new World({ seed: 42 });
    await meet(world);
    const broken = () => world.journal(BOB).filter((text) => text.includes('chain of keys was broken')).length;
    const before = broken();
    // Bob is let answer, and never hears that it was right; what he offers himself disappears as well.
    world.middle = (bytes, from) => {
      const step = bytes[5] === 1 ? bytes[6] : 0;
      return (from === ALICE && step === 3) || (from === BOB && step === 1) ? [] : [bytes];
    };
    world.crash(BOB);
    await world.start(BOB);
    for (let i = 0; i < 3; i++) {
      world.crash(ALICE);
      await world.start(ALICE);
      assert.ok(await world.until(() => world.session(ALICE).view().safety.phrase !== null), said(world));
    }
    world.middle = null;
    assert.ok(await world.until(() => world.session(BOB).view().may.call.allowed), said(world));
    assert.equal(broken(), before, said(world));
    assert.equal(world.session(ALICE).view().safety.chainBroken, false, said(world));
  });

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

  it('a desk whose store was put back gives new texts numbers that no other text had', async () => {
    const world = new World({ seed: 11 });
    await meet(world);
    const copy = world.snapshot(ALICE);
    for (const text of ['one', 'two', 'three']) await world.session(ALICE).say(write(text));
    assert.ok(await world.until(() => world.received(BOB).length === 3, 10_000), said(world));
    world.restore(ALICE, copy);
    await world.start(ALICE);
    assert.ok(await world.until(() => world.session(ALICE).view().may.text.allowed), said(world));
    const { number } = await world.session(ALICE).say(write('after'));
    assert.ok(await world.until(() => world.received(BOB).includes('after'), 10_000), said(world));
    assert.equal(number, 4);
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

  it('two desks that have pinned different policies both say so, and open as soon as they have the same', async () => {
    const world = new World({ seed: 8, bobsPolicy: { ...DEFAULT_POLICY, approvalMinutes: 11 } });
    await world.start(ALICE);
    await world.start(BOB);
    await world.run(20_000);
    for (const id of [ALICE, BOB] as const) {
      const { line, may } = world.session(id).view();
      assert.match(line.banners.join(), /have pinned different policies.*Compare both documents/, id);
      assert.match(may.text.reason, /have pinned different policies/, id);
      assert.match(world.journal(id).join(), /has another policy in force than/, id);
      await assert.rejects(world.session(id).say(write('into nowhere')), { code: 'hotline/not-permitted' });
    }
    world.crash(BOB);
    world.bobsPolicy = world.policy;
    await world.start(BOB);
    assert.ok(await world.until(() => world.level(ALICE) === 'green' && world.level(BOB) === 'green'), said(world));
    const banners = () => [ALICE, BOB].flatMap((id) => world.session(id as typeof ALICE).view().line.banners);
    assert.ok(await world.until(() => banners().length === 0), banners().join());
    await world.session(ALICE).say(write('now'));
    assert.ok(await world.until(() => world.received(BOB).join() === 'now'), said(world));
  });

  it('a file that the line keeps back says why at both desks', async () => {
    const world = new World({ seed: 9 });
    await meet(world);
    const file = world.dice.bytes(3_000_000);
    const fileId = 'cd'.repeat(16);
    world.sites[ALICE].files.set(fileId, file);
    await world.session(ALICE).offerFile({ fileId, name: 'map.png', hashes: hashesOf(file) });
    assert.ok(await world.until(() => world.session(BOB).view().files.length === 1));
    const alarm = {
      id: 'a1',
      class: 'jam',
      foundBy: 'Alice',
      link: 'l',
      reason: 'no counts',
      atMs: world.nowMs,
    } as const;
    await world.session(ALICE).alarm(alarm);
    assert.ok(await world.until(() => world.level(BOB) === 'black'));
    for (const id of [ALICE, BOB] as const) {
      const [shown] = world.session(id).view().files;
      assert.match(shown!.reason ?? '', /An alarm stands/, `${id}: ${JSON.stringify(shown)}`);
    }
  });

  it('files that a desk keeps no longer leave its list, also over a start, and end at the other', async () => {
    const world = new World({ seed: 10 });
    await meet(world);
    const offer = async (fileId: string, bytes: number): Promise<void> => {
      const file = world.dice.bytes(bytes);
      world.sites[ALICE].files.set(fileId, file);
      await world.session(ALICE).offerFile({ fileId, name: `${fileId}.png`, hashes: hashesOf(file) });
    };
    const [done, running, stays] = ['aa', 'bb', 'cc'].map((pair) => pair.repeat(16)) as [string, string, string];
    await offer(done, 1000);
    await offer(stays, 1000);
    const states = () =>
      world
        .session(BOB)
        .view()
        .files.map(({ state }) => state);
    assert.ok(await world.until(() => states().join() === 'done,done'), said(world));
    await offer(running, 20_000_000);
    assert.ok(await world.until(() => states().at(-1) === 'running'), said(world));
    await world.session(BOB).forgetFiles([done, running, 'ee'.repeat(16)]);
    const ids = () =>
      world
        .session(BOB)
        .view()
        .files.map(({ id }) => id);
    assert.deepEqual(ids(), [stays]);
    assert.equal(world.sites[BOB].files.has(running), false, 'its bytes went');
    const atAlice = () =>
      world
        .session(ALICE)
        .view()
        .files.find(({ id }) => id === running);
    assert.ok(await world.until(() => atAlice()?.state === 'cancelled'), JSON.stringify(atAlice()));
    world.crash(BOB);
    await world.start(BOB);
    await world.run(5000);
    assert.deepEqual(ids(), [stays]);
    assert.ok(![...world.sites[BOB].disk.puts.keys()].some((name) => name.includes(done) || name.includes(running)));
  });

  it('a file whose offer is lost on the line is offered again, and nothing about it gets there first', async () => {
    const world = new World({ seed: 8 });
    await meet(world);
    let lost = 0;
    world.middle = (bytes, from) => (from === ALICE && bytes.length > 200 && lost++ < 2 ? [] : [bytes]);
    const fileId = 'cd'.repeat(16);
    const file = world.dice.bytes(20_000);
    world.sites[ALICE].files.set(fileId, file);
    await world.session(ALICE).offerFile({ fileId, name: 'map.png', hashes: hashesOf(file) });
    const done = () => [ALICE, BOB].every((id) => world.session(id as typeof ALICE).view().files[0]?.state === 'done');
    assert.ok(await world.until(done), JSON.stringify(world.session(ALICE).view().files));
    assert.equal(lost > 1, true, 'the offer was lost');
  });

  it('a file goes on when the line may carry it again, without new keys', async () => {
    const world = new World({ seed: 9 });
    await meet(world);
    world.manners = { ...CALM, delayMs: 300 };
    const fileId = 'ef'.repeat(16);
    const file = world.dice.bytes(4_000_000);
    world.sites[ALICE].files.set(fileId, file);
    const state = (id: typeof ALICE | typeof BOB) => world.session(id).view().files[0];
    await world.session(ALICE).offerFile({ fileId, name: 'map.png', hashes: hashesOf(file) });
    assert.ok(await world.until(() => (state(BOB)?.doneBytes ?? 0) > 0, 5000));
    await world.session(ALICE).stock(world.policy.authenticationFloorBits, 5_000_000, 0);
    await world.run(5000);
    assert.notEqual(state(BOB)!.state, 'done');
    await world.session(ALICE).stock(5_000_000, 5_000_000, 0);
    assert.ok(await world.until(() => state(BOB)!.state === 'done', 30_000), said(world));
  });

  const killed = { 'before it heard': [BOB, ALICE], 'before it told': [ALICE, BOB] } as const;
  for (const [when, [first, second]] of Object.entries(killed)) {
    it(`opens again although a desk was killed ${when} that enough persons agree`, () => reopens(first, second));
  }

  /** The persons of `second` agree while nothing passes the line; then Bob's desk dies. */
  async function reopens(first: typeof ALICE | typeof BOB, second: typeof ALICE | typeof BOB): Promise<void> {
    const world = new World({ seed: 10 });
    await meet(world);
    const alarm = { id: 'a', class: 'tap', foundBy: 'Alice', link: 'sky', reason: 'QBER 25 %' } as const;
    await world.session(ALICE).alarm({ ...alarm, atMs: world.nowMs });
    await world.run(1000);
    const approve = async (id: typeof ALICE | typeof BOB): Promise<void> => {
      for (const person of ['p1', 'p2']) {
        const { request } = world.session(id).view().line;
        await world.session(id).approve({ id: person, name: person, roles: ['approver'], request: request! });
      }
    };
    const stock = (): Promise<unknown> => Promise.all([ALICE, BOB].map((id) => world.tellStock(id as typeof ALICE)));
    await approve(first);
    await world.run(1000);
    await stock();
    world.middle = () => [];
    await approve(second);
    await world.run(500);
    world.crash(BOB);
    world.middle = null;
    await world.start(BOB);
    await stock();
    const green = () => world.level(ALICE) === 'green' && world.level(BOB) === 'green';
    assert.ok(
      await world.until(() => {
        void stock();
        return green();
      }, 4000),
      said(world),
    );
  }

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
