import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PAD_BLOCK_BYTES } from '../media/speech-pad.ts';
import { DEFAULT_POLICY, type LinePolicy } from '../state/index.ts';
import { ALICE, BOB, CALM, type DeskId, other, ROUGH, World } from '../trial/world.ts';

const SIDES = [ALICE, BOB] as const;
const BLOCK_BITS = 8 * PAD_BLOCK_BYTES;
/** Two minutes a day; an hour of key is enough for green. */
const VOICE: LinePolicy = {
  ...DEFAULT_POLICY,
  greenHours: 1,
  bitsPerHour: { 1: 200_000, 2: 200_000 },
  voicePadMinutesPerDay: 2,
};
const GREEN_BITS = VOICE.authenticationFloorBits + 200_000;

/** The page of a desk as far as pads go: it asks for leave, and speaks a block a second. */
class Page {
  readonly world: World;
  readonly id: DeskId;
  readonly callId: string;
  readonly sent: { readonly block: number; readonly hex: string }[] = [];
  readonly heard = new Map<number, string>();
  readonly #keys = new Set<string>();
  #holds: { readonly padId: string; readonly sinceMs: number }[] = [];
  #spokenMs = 0;

  constructor(world: World, id: DeskId, callId: string) {
    this.world = world;
    this.id = id;
    this.callId = callId;
  }

  /** Blocks that it could still speak with. */
  get left(): number {
    return this.#holds.length;
  }

  async ask(): Promise<void> {
    const { nowMs } = this.world;
    const [first] = this.#holds;
    if (first && nowMs - Math.max(first.sinceMs, this.#spokenMs) >= 1000) {
      this.#holds.shift();
      this.#spokenMs = nowMs;
    }
    const have = new Set([...this.#keys, ...this.#holds.map(({ padId }) => padId)]);
    const { keys, pads } = await this.world.session(this.id).lease(this.callId, have);
    for (const { keyId, stream } of keys) {
      assert.equal(stream, 'audio', 'there is no picture');
      this.#keys.add(keyId);
    }
    for (const { padId, block, use, bytes } of pads) {
      assert.equal(bytes.length, PAD_BLOCK_BYTES);
      const hex = Buffer.from(bytes).toString('hex');
      if (use === 'send') {
        this.#holds.push({ padId, sinceMs: nowMs });
        this.sent.push({ block, hex });
      } else {
        assert.ok(!this.heard.has(block), `block ${block} is given once to hear with`);
        this.heard.set(block, hex);
      }
    }
  }

  /** It is loaded again: whatever it had is gone. */
  reload(): void {
    this.#holds = [];
    this.#keys.clear();
  }
}

async function meet(options: Partial<ConstructorParameters<typeof World>[0]> = {}): Promise<World> {
  const world = new World({ seed: 71, policy: VOICE, ...options });
  for (const id of SIDES) await world.start(id);
  const ready = () => SIDES.every((id) => world.session(id).view().may.call.allowed && world.level(id) === 'green');
  assert.ok(await world.until(ready), said(world));
  return world;
}

const said = (world: World): string =>
  JSON.stringify(SIDES.map((id) => [world.session(id).view().line.reason, world.journal(id).slice(-5)]));

async function connect(world: World): Promise<{ readonly alice: Page; readonly bob: Page; readonly id: string }> {
  const { id } = await world.session(ALICE).ring('voice', 'sealed');
  assert.ok(await world.until(() => world.session(BOB).view().call?.state === 'ringing'), said(world));
  assert.equal(world.session(BOB).view().call!.sealing, 'sealed', 'it is seen before it is taken');
  await world.session(BOB).acceptCall(id);
  assert.ok(await world.until(() => world.session(ALICE).view().call?.state === 'connecting'), said(world));
  return { id, alice: new Page(world, ALICE, id), bob: new Page(world, BOB, id) };
}

/** Both speak for so long, or until the call ends. */
async function speak(world: World, pages: readonly Page[], ms: number): Promise<void> {
  for (let waited = 0; waited < ms; waited += 300) {
    for (const page of pages) {
      if (world.session(page.id).view().call?.state === 'ended') return;
      await page.ask();
    }
    await world.run(300);
  }
}

const spentMs = (world: World, id: DeskId): number => JSON.parse(lineOf(world, id)).padSpeech.spentMs;
const lineOf = (world: World, id: DeskId): string =>
  new TextDecoder().decode(world.sites[id].disk.puts.get('session/line')!);
const ended = (world: World, id: DeskId): string | null => {
  const { call } = world.session(id).view();
  return call?.state === 'ended' ? call.reason : null;
};

function sameBlocks(from: Page, to: Page): void {
  const blocks = from.sent.map(({ block }) => block);
  assert.deepEqual(
    blocks,
    blocks.toSorted((a, b) => a - b),
    'in their order',
  );
  assert.equal(new Set(blocks).size, blocks.length, 'each is given once to speak with');
  assert.equal(new Set(from.sent.map(({ hex }) => hex)).size, blocks.length);
  for (const { block, hex } of from.sent) {
    if (to.heard.has(block)) assert.equal(to.heard.get(block), hex, `block ${block} is the same at both ends`);
  }
}

describe('speech by one-time pad', () => {
  for (const manners of [CALM, ROUGH]) {
    it(`gives both ends the same blocks, each once, on a ${manners === CALM ? 'calm' : 'rough'} line`, async () => {
      const world = await meet();
      const { alice, bob } = await connect(world);
      world.manners = manners;
      const kept: Uint8Array[] = [];
      world.onCommit = (_, { puts }) => {
        for (const bytes of puts.values()) if (bytes) kept.push(bytes);
      };
      await speak(world, [alice, bob], 20_000);
      assert.ok(ended(world, ALICE) === null && ended(world, BOB) === null, said(world));
      for (const [from, to] of [
        [alice, bob],
        [bob, alice],
      ] as const) {
        sameBlocks(from, to);
        assert.ok(from.sent.length >= 15 && from.sent.length <= 26, `${from.sent.length} blocks in 20 s`);
        const unheard = from.sent.filter(({ block }) => !to.heard.has(block));
        assert.deepEqual(unheard, [], 'what may be spoken can be heard');
      }
      assert.notEqual(alice.sent[0]!.hex, bob.sent[0]!.hex);
      const disk = Buffer.concat(kept);
      const line = Buffer.concat(world.wire.map(({ bytes }) => bytes));
      for (const { hex } of [...alice.sent, ...bob.sent]) {
        const piece = Buffer.from(hex.slice(0, 64), 'hex');
        assert.ok(!disk.includes(piece) && !line.includes(piece), 'no pad is ever kept or sent');
      }
      assert.deepEqual(world.overdrawn, []);
    });
  }

  it('draws a few seconds ahead and no more, and counts on the disk before it draws', async () => {
    const world = await meet();
    const { alice, bob } = await connect(world);
    const before = world.keysDrawn.length;
    await speak(world, [alice, bob], 900);
    assert.ok(world.keysDrawn.length - before <= 2 * 4 * 8);
    assert.equal(spentMs(world, ALICE), 4000);
    await speak(world, [alice, bob], 10_000);
    const drawn = (world.keysDrawn.length - before) / 8;
    assert.equal(1000 * drawn, spentMs(world, ALICE) + spentMs(world, BOB));
    assert.ok(spentMs(world, ALICE) <= 16_000, `${spentMs(world, ALICE)} ms after 11 s`);
    // No page asks any more: nothing more is drawn.
    await world.run(5000);
    const silent = world.keysDrawn.length;
    await world.run(15_000);
    assert.ok(world.keysDrawn.length - silent <= 1, 'but for the renewal of the line');
  });

  it('ends with the sentence when the budget of the day is spent, at both desks, and the last word was under pad', async () => {
    const world = await meet();
    const { alice, bob } = await connect(world);
    await speak(world, [alice, bob], 150_000);
    assert.match(ended(world, ALICE)!, /The 2 minutes of speech by one-time pad .* used up/);
    assert.ok(await world.until(() => ended(world, BOB) !== null, 2000));
    assert.match(ended(world, BOB)!, /used up/);
    for (const [id, page] of [
      [ALICE, alice],
      [BOB, bob],
    ] as const) {
      assert.ok(spentMs(world, id) <= 120_000);
      assert.ok(page.sent.length <= 120);
    }
    assert.ok(Math.max(alice.sent.length, bob.sent.length) === 120, 'what was allowed was spoken');
    assert.equal(world.session(ALICE).view().padSpeech.leftMs, 0);
    await assert.rejects(world.session(ALICE).ring('voice', 'sealed'), /used up.*midnight UTC/);
    // Over a start it stays spent.
    world.crash(ALICE);
    await world.start(ALICE);
    assert.ok(await world.until(() => world.session(ALICE).view().may.call.allowed), said(world));
    await assert.rejects(world.session(ALICE).ring('voice', 'sealed'), /used up/);
    await world.session(ALICE).ring('voice');
  });

  it('a page that is loaded again gets other blocks', async () => {
    const world = await meet();
    const { alice, bob } = await connect(world);
    await speak(world, [alice, bob], 3000);
    alice.reload();
    await speak(world, [alice, bob], 5000);
    sameBlocks(alice, bob);
    sameBlocks(bob, alice);
    assert.ok(alice.left > 0 && bob.left > 0);
  });

  it('an alarm overwrites all, also what is still being drawn, and nothing of it is given out', async () => {
    const world = await meet();
    const { alice, bob, id } = await connect(world);
    await speak(world, [alice, bob], 3000);
    await world.run(500);
    const drawn = world.keysDrawn.length;
    const alarm = { id: 'x', class: 'tap', foundBy: 'Alice', link: 'l', reason: 'QBER 25 %' } as const;
    // All of its blocks are being drawn anew when the alarm comes.
    alice.reload();
    await alice.ask();
    await world.session(ALICE).alarm({ ...alarm, atMs: world.nowMs });
    await assert.rejects(world.session(ALICE).lease(id, new Set()), { code: 'hotline/not-permitted' });
    assert.ok(await world.until(() => ended(world, BOB) !== null, 1000));
    await assert.rejects(world.session(BOB).lease(id, new Set()), { code: 'hotline/not-permitted' });
    await world.run(3000);
    const lost = world.journal(ALICE).filter((text) => text.includes('keys of a call are lost unused'));
    assert.ok(lost.length >= 2, 'what came from the key manager after it was overwritten');
    assert.ok(world.keysDrawn.length - drawn <= 8 * 4, 'nothing was drawn after it');
    assert.ok(world.sites[ALICE].news.some(({ kind }) => kind === 'call-stop'));
  });

  it('ends when the line leaves green, and never goes on by keys alone', async () => {
    const world = await meet();
    const { alice, bob, id } = await connect(world);
    await speak(world, [alice, bob], 3000);
    await world.session(BOB).stock(GREEN_BITS - 1, GREEN_BITS - 1, 0);
    assert.equal(world.level(BOB), 'amber');
    assert.match(ended(world, BOB)!, /kept for texts.*at level green/);
    assert.ok(await world.until(() => ended(world, ALICE) !== null, 1000));
    await assert.rejects(world.session(ALICE).lease(id, new Set()), { code: 'hotline/not-permitted' });
    await assert.rejects(world.session(ALICE).ring('voice', 'sealed'), /at level green/);
    await world.session(ALICE).ring('voice');
  });

  it('ends when the key manager gives nothing, after a few attempts and not before what is there was spoken', async () => {
    const world = await meet();
    const { alice, bob } = await connect(world);
    await speak(world, [alice, bob], 3000);
    world.sites[ALICE].keys = false;
    await speak(world, [alice, bob], 20_000);
    assert.match(ended(world, ALICE)!, /had no one-time pad any more: no key in stock/);
    assert.equal(alice.left, 0, 'it was all spoken');
    assert.ok(
      await world.until(() => ended(world, BOB)?.includes('no key in stock') ?? false, 2000),
      ended(world, BOB)!,
    );
  });

  it('leaves the floor alone when the pool runs dry', async () => {
    // At this policy a line is green down to almost nothing.
    const policy: LinePolicy = { ...VOICE, bitsPerHour: { 1: 160_000, 2: 160_000 } };
    const world = await meet({ policy });
    const { alice, bob } = await connect(world);
    const floor = policy.authenticationFloorBits;
    world.sites[ALICE].poolBits = floor + 160_000 + 6 * BLOCK_BITS;
    await world.tellStock(ALICE);
    await speak(world, [alice, bob], 60_000);
    assert.match(ended(world, ALICE)!, /one-time pad/i);
    assert.ok(world.sites[ALICE].poolBits >= floor);
    assert.deepEqual(world.overdrawn, []);
    assert.ok(alice.sent.length >= 2);
  });

  it('a desk that is killed ends the call, and its blocks are nobody’s any more', async () => {
    const world = await meet();
    const { alice, bob, id } = await connect(world);
    await speak(world, [alice, bob], 3000);
    const before = spentMs(world, ALICE);
    world.crash(ALICE);
    await world.start(ALICE);
    assert.ok(await world.until(() => world.level(ALICE) === 'green' && ended(world, BOB) !== null), said(world));
    await assert.rejects(world.session(ALICE).lease(id, new Set()), { code: 'hotline/not-permitted' });
    await assert.rejects(world.session(BOB).lease(id, new Set()), { code: 'hotline/not-permitted' });
    assert.equal(spentMs(world, ALICE), before);
    assert.ok(await world.until(() => world.session(ALICE).view().may.sealedSpeech.allowed), said(world));
    const again = await connect(world);
    await speak(world, [again.alice, again.bob], 3000);
    sameBlocks(again.alice, again.bob);
    const old = new Set([...alice.sent, ...bob.sent].map(({ hex }) => hex));
    assert.ok([...again.alice.sent, ...again.bob.sent].every(({ hex }) => !old.has(hex)));
  });

  it('a crash at any durable write uses no block twice and draws nothing that is not counted', async () => {
    for (let at = 1; at <= 12; at++) {
      const world = await meet({ seed: 90 + at });
      const { alice, bob } = await connect(world);
      let left = at;
      let cut = false;
      world.cut = (id) => {
        if (id !== ALICE || cut || --left > 0) return null;
        cut = true;
        return at % 2 ? 'before' : 'after';
      };
      const before = world.keysDrawn.length;
      for (let i = 0; i < 20 && !cut; i++) {
        for (const page of [alice, bob]) void page.ask().catch(() => undefined);
        await world.run(300);
      }
      assert.ok(cut);
      const drawn = (world.keysDrawn.length - before) / 8;
      assert.ok(1000 * drawn <= spentMs(world, ALICE) + spentMs(world, BOB) + 1000, `cut ${at}: ${drawn} blocks`);
      world.cut = null;
      await world.start(ALICE);
      assert.ok(await world.until(() => world.level(ALICE) === 'green' && ended(world, BOB) !== null), said(world));
      sameBlocks(alice, bob);
      sameBlocks(bob, alice);
    }
  });

  it('is refused before anybody is disturbed, and by the desk that is called', async () => {
    const world = await meet({ policy: DEFAULT_POLICY });
    await assert.rejects(world.session(ALICE).ring('voice', 'sealed'), /policy allows no speech by one-time pad/);
    const spent = await meet();
    await assert.rejects(spent.session(ALICE).ring('video', 'sealed'), /only voice goes by one-time pad/);
    // Bob's budget is spent, Alice's is not: she hears why.
    spent.crash(BOB);
    const { puts } = spent.sites[BOB].disk;
    const line = JSON.parse(new TextDecoder().decode(puts.get('session/line')!));
    line.padSpeech.spentMs = 120_000;
    puts.set('session/line', new TextEncoder().encode(JSON.stringify(line)));
    await spent.start(BOB);
    const ready = () => SIDES.every((id) => spent.session(id).view().may.call.allowed && spent.level(id) === 'green');
    assert.ok(await spent.until(ready), said(spent));
    await spent.session(ALICE).ring('voice', 'sealed');
    assert.ok(await spent.until(() => ended(spent, ALICE) !== null, 5000));
    assert.match(ended(spent, ALICE)!, /The 2 minutes of speech .* used up/);
    assert.equal(spent.session(BOB).view().call, null);
  });

  it('keys that the other desk cannot fetch are named, and the call ends when that goes on', async () => {
    const world = await meet();
    const { alice, bob } = await connect(world);
    await speak(world, [alice, bob], 2000);
    world.middle = (bytes) => {
      world.poison();
      return [bytes];
    };
    await speak(world, [alice, bob], 30_000);
    assert.ok(await world.until(() => SIDES.every((id) => ended(world, id) !== null), 2000));
    assert.match(SIDES.map((id) => ended(world, id)).join(), /could not fetch what this one had drawn/);
    assert.match(world.journal(ALICE).join(), /keys of a call are lost unused: [0-9a-f]{8}-/);
    for (const [from, to] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      assert.ok(from.sent.every(({ block }) => to.heard.has(block)));
    }
  });

  it('what a third puts on the line, again and again, gives no page a block twice', async () => {
    const world = await meet();
    const { alice, bob } = await connect(world);
    const old: { readonly to: DeskId; readonly bytes: Uint8Array }[] = [];
    world.middle = (bytes, from) => {
      old.push({ to: other(from), bytes: bytes.slice() });
      return [bytes, bytes.slice()];
    };
    await speak(world, [alice, bob], 4000);
    for (const { to, bytes } of old) world.inject(to, bytes);
    await speak(world, [alice, bob], 4000);
    sameBlocks(alice, bob);
    sameBlocks(bob, alice);
    assert.equal(ended(world, ALICE), null);
  });
});
