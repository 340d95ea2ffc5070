import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attacks } from '../adversary/catalogue.ts';
import { PhotonsError } from '../error.ts';
import { countEvents } from '../observe/count-events.ts';
import { seededRandom } from '../random.ts';
import { compare, leastLikely } from '../test/agreement.ts';
import { cataloguePass } from '../test/catalogue-link.ts';
import { counts, createCounts } from './counts.ts';
import { events } from './events.ts';

const passes = 100;
/** What all comparisons of a case together may have by chance. */
const chance = 1e-3;

for (const { name, strength, level, create } of attacks) {
  const disturbed = (seed: number) => cataloguePass(seed, [create(strength.usual)]);
  if (level === 'event') {
    test(`${name} is of events alone, and counts say so`, () => {
      assert.throws(
        () => createCounts(disturbed(1)),
        (error: unknown) =>
          error instanceof PhotonsError && error.code === 'photons/adversary' && error.message.includes('createEvents'),
      );
    });
    continue;
  }
  test(`events and counts agree: ${name} at its usual strength`, () => {
    const seeds = Array.from({ length: passes }, (_, i) => i);
    // Of the same seed, so that what an adversary draws for each bin is the same in both.
    const byEvents = seeds.map((seed) => {
      const input = disturbed(seed);
      const settling = seededRandom(seed, 2 ** 50);
      return Array.from(events(input), (bin) => countEvents(bin, input, settling));
    });
    const byCounts = seeds.map((seed) => [...counts(disturbed(seed))]);
    const { name: worst, p } = leastLikely(compare(byEvents, byCounts));
    assert.ok(p > chance, `${worst}: ${p}`);
  });
}
