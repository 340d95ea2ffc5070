import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { type Played, type StormPart, stormParts, totals } from '../trial/index.ts';

/** A share of what `skykey study hotline-storm` plays in full. */
const SIZE = { seed: 7, crashes: 40, moments: 8, mutated: 3000, rounds: 1, most: 18 };

describe('a storm', () => {
  let parts: readonly StormPart[];
  before(async () => {
    parts = await stormParts(SIZE);
  });

  async function calm(name: string): Promise<Record<string, number>> {
    const part = parts.find((one) => one.name === name)!;
    const played: Played[] = [];
    for (let world = 0; world < part.worlds; world++) played.push(await part.play(world));
    assert.deepEqual(
      played.flatMap(({ findings }) => findings),
      [],
    );
    return totals(played);
  }

  it('of pools that run dry: both desks know it in 2 s, nothing goes below the policy, the reserve is not touched', async () => {
    const { moments, mostMsUntilBothKnew } = await calm('starved');
    assert.equal(moments, SIZE.moments);
    assert.ok(mostMsUntilBothKnew! <= 2000);
  });

  it('of crashes at durable writes uses no key, nonce or counter twice, and loses no word that was kept', async () => {
    const { crashes, records, padKeys, mediaKeys } = await calm('writes');
    assert.equal(crashes, SIZE.most);
    assert.ok(records! > 1000 && padKeys! > 0 && mediaKeys! > 0);
  });

  it('of crashes at any moment does neither', async () => {
    const { crashes, padKeys } = await calm('crashes');
    assert.equal(crashes, SIZE.crashes);
    assert.ok(padKeys! > 0);
  });

  it('of messages dropped, doubled, delayed, turned back, spliced and altered shows what was said, once, in order', async () => {
    const { treated, mutated, textsShown } = await calm('messages');
    assert.ok(treated! > 100 && mutated! > 0 && textsShown! > 100);
  });

  it('of noise beside every message shows what was said, once, in order', async () => {
    const { mutated, textsShown } = await calm('noise');
    assert.ok(mutated! >= 0.7 * SIZE.mutated && textsShown! > 20);
  });

  it('of altered frames opens those that were sealed, once', async () => {
    const { mutated, frames, opened } = await calm('frames');
    assert.ok(mutated! >= 0.3 * SIZE.mutated);
    assert.equal(opened, frames);
  });
});
