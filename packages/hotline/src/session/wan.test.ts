import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ALICE, BOB, type DeskId, hashesOf, other, WAN, World } from '../trial/world.ts';
import type { Lease } from './calls.ts';

const DESKS = [ALICE, BOB] as const;
const SEEDS = [1, 2, 3, 4, 5];

/** Both desks green and free to call; how long that took, virtual ms. */
async function meet(seed: number): Promise<{ world: World; tookMs: number }> {
  const world = new World({ seed, manners: WAN });
  const fromMs = world.nowMs;
  for (const id of DESKS) await world.start(id);
  const ready = () => DESKS.every((id) => world.session(id).view().may.call.allowed && world.level(id) === 'green');
  assert.ok(await world.until(ready, 20_000), `seed ${seed}: ${reasons(world)}`);
  return { world, tookMs: world.nowMs - fromMs };
}

const reasons = (world: World): string => DESKS.map((id) => world.session(id).view().line.reason).join(' / ');

/** What a page does: it keeps the keys that it gets, and asks again before the lease is over. */
class Page {
  readonly #world: World;
  readonly #id: DeskId;
  readonly #callId: string;
  readonly #have = new Set<string>();
  readonly #keys = new Map<string, Uint8Array>();
  lease: Lease | null = null;

  constructor(world: World, id: DeskId, callId: string) {
    this.#world = world;
    this.#id = id;
    this.#callId = callId;
  }

  async ask(): Promise<void> {
    this.lease = await this.#world.session(this.#id).lease(this.#callId, this.#have);
    for (const { keyId, baseKey } of this.lease.keys) {
      this.#have.add(keyId);
      this.#keys.set(keyId, baseKey);
    }
  }

  key(use: 'send' | 'receive', mediaEpoch: number, stream: string): Uint8Array | undefined {
    return this.#keys.get(`${use}/${mediaEpoch}/${stream}`);
  }

  /** Whether what the other page sends now can be opened here. */
  opens(sender: Page): boolean {
    const { sendEpoch } = sender.lease!;
    return ['audio', 'video'].every((stream) => {
      const sent = sender.key('send', sendEpoch, stream);
      const received = this.key('receive', sendEpoch, stream);
      return sent && received && Buffer.compare(sent, received) === 0;
    });
  }
}

describe('over a wide network, 300 to 600 ms each way, 5 % lost, 2 % doubled', () => {
  it('desks agree on keys by themselves', async (context) => {
    const took: number[] = [];
    for (const seed of SEEDS) took.push((await meet(seed)).tookMs);
    context.diagnostic(`ms: ${took.join(', ')}`);
  });

  it('words go both ways, by both sealings, each once and in order', async (context) => {
    for (const seed of SEEDS) {
      const { world } = await meet(seed);
      const fromMs = world.nowMs;
      const words = Array.from({ length: 20 }, (_, i) => `word ${i}`);
      for (const [i, text] of words.entries()) {
        for (const id of DESKS) {
          await world
            .session(id)
            .say({ text: `${text} of ${id}`, sealing: i % 2 ? 'hybrid' : 'sealed', author: 'Ada' });
        }
        await world.run(100);
      }
      const waiting = () => DESKS.reduce((sum, id) => sum + world.session(id).view().waitingTexts, 0);
      assert.ok(await world.until(() => waiting() === 0, 20_000), `seed ${seed}: ${waiting()} texts wait`);
      for (const id of DESKS) {
        assert.deepEqual(
          world.received(id),
          words.map((text) => `${text} of ${other(id)}`),
          `seed ${seed}`,
        );
      }
      context.diagnostic(`seed ${seed}: ${world.nowMs - fromMs} ms`);
    }
  });

  it('a file of 1 MB arrives whole', async (context) => {
    for (const seed of SEEDS) {
      const { world } = await meet(seed);
      const fromMs = world.nowMs;
      const file = world.dice.bytes(1_000_000);
      const fileId = 'ab'.repeat(16);
      world.sites[ALICE].files.set(fileId, file);
      await world.session(ALICE).offerFile({ fileId, name: 'map.png', hashes: hashesOf(file) });
      const done = () => DESKS.every((id) => world.session(id).view().files[0]?.state === 'done');
      assert.ok(await world.until(done, 30_000), `seed ${seed}: ${JSON.stringify(world.session(BOB).view().files)}`);
      assert.deepEqual(Buffer.from(world.sites[BOB].files.get(fileId)!), Buffer.from(file));
      context.diagnostic(`seed ${seed}: ${world.nowMs - fromMs} ms`);
    }
  });

  it('a call runs on leases at both sides, over the renewal of the keys of the line', async (context) => {
    for (const seed of SEEDS.slice(0, 2)) {
      const { world } = await meet(seed);
      const { id } = await world.session(ALICE).ring('video');
      const state = (desk: DeskId) => world.session(desk).view().call?.state;
      assert.ok(await world.until(() => state(BOB) === 'ringing', 5000));
      await world.session(BOB).acceptCall(id);
      assert.ok(await world.until(() => state(ALICE) === 'connecting', 5000));
      const pages = { [ALICE]: new Page(world, ALICE, id), [BOB]: new Page(world, BOB, id) };
      const renewed = () => DESKS.map((desk) => world.session(desk).view().safety.renewedUtcMs!);
      const first = renewed();
      /** Longest time for which one side could not open what the other sent, after the call had begun. */
      let deafMs = 0;
      let longestMs = 0;
      let secondsAfter = 0;
      const fromMs = world.nowMs;
      while (secondsAfter < 30) {
        assert.ok(world.nowMs - fromMs < 20 * 60_000, 'the keys were never renewed');
        for (const desk of DESKS) await pages[desk].ask();
        const isHeard = DESKS.every((desk) => pages[desk].opens(pages[other(desk)]));
        deafMs = isHeard ? 0 : deafMs + 500;
        if (world.nowMs - fromMs > 3000) longestMs = Math.max(longestMs, deafMs);
        await world.run(500);
        if (renewed().every((ms, i) => ms > first[i]!)) secondsAfter += 0.5;
      }
      for (const desk of DESKS) assert.equal(state(desk), 'running', `seed ${seed}`);
      assert.ok(longestMs <= 1500, `seed ${seed}: nothing could be opened for ${longestMs} ms`);
      context.diagnostic(
        `seed ${seed}: renewed after ${(renewed()[0]! - first[0]!) / 1000} s, deaf for ${longestMs} ms`,
      );
    }
  });
});
