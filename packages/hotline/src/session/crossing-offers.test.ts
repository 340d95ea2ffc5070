import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ALICE, BOB, World } from '../trial/world.ts';

const DESKS = [ALICE, BOB] as const;

async function meet(world: World, what: string): Promise<void> {
  const views = () => DESKS.map((id) => world.session(id).view());
  const met = await world.until(() => views().every(({ may }) => may.sealedText.allowed && may.call.allowed));
  assert.ok(met, `${what}: ${views().map(({ line }) => line.reason)}`);
  const [a, b] = views().map(({ safety }) => safety.phrase);
  assert.equal(a, b, what);
}

describe('desks whose offers cross on a slow line come to the same keys', () => {
  // Among the seeds are those with which each desk once ended with the keys that the other had just left.
  for (const seed of [3, 35, 47, 49, 1000, 1001, 1002, 1003]) {
    it(`when both start at once: ${seed}`, async () => {
      const world = new World({ seed, manners: { loss: 0, double: 0, delayMs: 400 } });
      for (const id of DESKS) await world.start(id);
      await meet(world, 'at once');
    });
  }

  // Or in which an offer that was given up came late, and its answer took the place of another.
  for (const seed of [5, 131, 135, 1000, 1001, 1002]) {
    it(`when one starts after the other, and again: ${seed}`, async () => {
      const world = new World({ seed, manners: { loss: 0, double: 0.3, delayMs: 700 } });
      await world.start(ALICE);
      await world.run(world.dice.below(1500));
      await world.start(BOB);
      await meet(world, 'one after the other');
      world.crash(BOB);
      await world.run(world.dice.below(1500));
      await world.start(BOB);
      await meet(world, 'again');
    });
  }
});
