import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ALICE, BOB, World } from '../trial/world.ts';

/** Of the first 300 of a line this slow, those in which each desk once ended with the keys that the other had just left. */
const CROSSED = [3, 35, 47, 49];

it('desks whose offers cross on a slow line come to the same keys', async () => {
  for (const seed of [...CROSSED, ...Array.from({ length: 20 }, (_, i) => 1000 + i)]) {
    const world = new World({ seed, manners: { loss: 0, double: 0, delayMs: 400 } });
    for (const id of [ALICE, BOB] as const) await world.start(id);
    const both = () => [ALICE, BOB].map((id) => world.session(id as typeof ALICE).view());
    const met = await world.until(() => both().every(({ may }) => may.sealedText.allowed && may.call.allowed));
    assert.ok(met, `seed ${seed}: ${both().map(({ line }) => line.reason)}`);
    const [a, b] = both().map(({ safety }) => safety.phrase);
    assert.equal(a, b, `seed ${seed}`);
  }
});
