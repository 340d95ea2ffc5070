import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ALICE, BOB, type DeskId, World } from '../trial/index.ts';

const DESKS: readonly DeskId[] = [ALICE, BOB];

async function meet(seed: number): Promise<World> {
  const world = new World({ seed });
  for (const id of DESKS) await world.start(id);
  assert.ok(await world.until(() => DESKS.every((id) => world.session(id).view().may.call.allowed)));
  return world;
}

function alarm(world: World, id: DeskId, alarmId: string): Promise<void> {
  const found = { class: 'tap', foundBy: id, link: 'sky', reason: 'QBER 25 %', atMs: world.nowMs } as const;
  return world.session(id).alarm({ id: alarmId, ...found });
}

async function approve(world: World, id: DeskId): Promise<void> {
  const { request } = world.session(id).view().line;
  for (const person of ['p1', 'p2']) {
    await world.session(id).approve({ id: person, name: person, roles: ['approver'], request: request! });
  }
}

describe('an alarm', () => {
  for (const [step, who] of [
    [1, ALICE],
    [2, BOB],
  ] as const) {
    const what = step === 1 ? 'offered' : 'answered';
    it(`that comes while a key is on its way from the key manager keeps it from being ${what} with`, async () => {
      const world = new World({ seed: 20 + step });
      await world.start(ALICE);
      // So that all that Bob gets is what he is offered.
      world.sites[BOB].keys = false;
      if (step === 2) await world.start(BOB);
      let keys = 0;
      world.cut = (id, write) => {
        if (write === 'key' && id === who && keys++ === 0) void alarm(world, who, 'a');
        return null;
      };
      assert.ok(await world.until(() => keys > 0, 5000));
      const [keyId] = world.keysDrawn;
      await world.run(300);
      const named = Buffer.from(keyId!.replaceAll('-', ''), 'hex');
      for (const { from, bytes } of world.wire.filter((one) => one.from === who && one.bytes[5] === 1)) {
        assert.ok(bytes[6] !== 2 && !Buffer.from(bytes).includes(named), `${from} used a key from before the alarm`);
      }
      assert.equal(world.level(who), 'black');
    });
  }

  it('opens only when both desks approve the same alarms', async () => {
    const world = await meet(23);
    await alarm(world, ALICE, 'a');
    await world.run(1000);
    for (const id of DESKS) await approve(world, id);
    // Bob has another alarm, of which Alice does not hear: what both would agree on is not the same.
    world.middle = (bytes, from) => (from === BOB && bytes[5] === 2 ? [] : [bytes]);
    await alarm(world, BOB, 'b');
    world.wire.length = 0;
    for (let i = 0; i < 20; i++) {
      await world.run(500);
      for (const id of DESKS) await world.tellStock(id);
    }
    assert.deepEqual(
      DESKS.map((id) => world.level(id)),
      ['black', 'black'],
    );
    const steps = world.wire.filter(({ bytes }) => bytes[5] === 1).map(({ from, bytes }) => `${from} ${bytes[6]}`);
    assert.ok(steps.includes(`${ALICE} 1`), 'Alice, who has heard enough, offers to reopen');
    assert.ok(!steps.includes(`${BOB} 2`), 'Bob, who has not, does not answer');
  });

  it('takes pads that were drawn before it: what waited goes under others, and says so', async () => {
    const world = await meet(24);
    world.middle = (bytes, from) => (from === ALICE && bytes[5] === 2 && bytes[6] === 2 ? [] : [bytes]);
    await world.session(ALICE).say({ text: 'before', sealing: 'sealed', author: 'Ada' });
    const pads = () => world.messages(ALICE).find(({ text }) => text === 'before')!.keyIds;
    assert.ok(await world.until(() => pads().length > 0, 2000));
    const drawn = pads();
    await alarm(world, ALICE, 'a');
    await world.run(1000);
    assert.deepEqual(pads(), []);
    world.middle = null;
    for (const id of DESKS) await approve(world, id);
    const green = () => {
      for (const id of DESKS) void world.tellStock(id);
      return world.received(BOB).length === 1;
    };
    assert.ok(await world.until(green, 30_000));
    const [received] = world.messages(BOB);
    assert.ok(received!.keyIds.length > 0 && received!.keyIds.every((keyId) => !drawn.includes(keyId)));
  });

  it('closes the ears of a desk, too: a text that comes is not opened, and comes again when the line is open', async () => {
    const world = await meet(25);
    // What Bob tells of the alarm does not reach Alice, who goes on to write.
    world.middle = (bytes, from) => (from === BOB ? [] : [bytes]);
    await alarm(world, BOB, 'a');
    await world.session(ALICE).say({ text: 'unaware', sealing: 'hybrid', author: 'Ada' });
    world.wire.length = 0;
    await world.run(2000);
    assert.ok(world.wire.some(({ from, bytes }) => from === ALICE && bytes[5] === 2 && bytes[6] === 2));
    assert.deepEqual(world.received(BOB), []);
    assert.ok(world.journal(BOB).some((text) => text.includes('a text came while an alarm stands')));
  });
});
