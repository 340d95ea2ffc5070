import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Disturbance } from '../adversary/adversary.ts';
import type { LinkTrace } from '../link.ts';
import { countEvents } from '../observe/count-events.ts';
import type { ObservedBin } from '../observe/observation.ts';
import { seededRandom } from '../random.ts';
import { compare, leastLikely } from '../test/agreement.ts';
import { dazzling, imperfections, imperfectPass, imperfectReceiver, intercepting } from '../test/imperfect-link.ts';
import { counts } from './counts.ts';
import { events } from './events.ts';
import type { PassInput } from './sampler.ts';

const passes = 300;
/** What all comparisons of a case together may have by chance. */
const chance = 1e-3;

type Link = (seed: number) => PassInput;

/** Steps of 5 us, of a mean of 0.9 and a variance of about its square. */
const exponentialFading = ((): NonNullable<LinkTrace['fading']> => {
  const random = seededRandom(77);
  return { stepsPerBin: 200, gain: Float32Array.from({ length: 800 }, () => -0.9 * Math.log(1 - random.uniform())) };
})();

function byEvents(link: Link): readonly (readonly ObservedBin[])[] {
  return Array.from({ length: passes }, (_, i) => {
    const input = link(i);
    const settling = seededRandom(i, 2 ** 50);
    return Array.from(events(input), (bin) => countEvents(bin, input, settling));
  });
}

function byCounts(link: Link): readonly (readonly ObservedBin[])[] {
  return Array.from({ length: passes }, (_, i) => [...counts(link(1_000_000 + i))]);
}

const links: readonly (readonly [name: string, link: Link])[] = [
  ['nobody on the line', (seed) => imperfectPass(seed)],
  ['pulses intercepted and sent on', (seed) => imperfectPass(seed, [intercepting(0.3)])],
  ['detectors blinded', (seed) => imperfectPass(seed, [dazzling(0.25)])],
  [
    'an active choice of basis',
    (seed) =>
      imperfectPass(seed, [intercepting(0.1)], {
        ...imperfectReceiver,
        flaws: { ...imperfections, basisChoice: 'active' },
      }),
  ],
  [
    'detectors dead together',
    (seed) => imperfectPass(seed, [], { ...imperfectReceiver, flaws: { ...imperfections, deadTogether: true } }),
  ],
  ['light that arrives most of a slot late', (seed) => imperfectPass(seed, [late(4400)])],
  ['light that arrives whole slots late', (seed) => imperfectPass(seed, [late(10_000)])],
  [
    'exponential fading',
    (seed) => imperfectPass(seed, [], imperfectReceiver, { fading: exponentialFading, clock: undefined }),
  ],
  [
    'a clock that drifts by a gate in a bin, and fading with it',
    (seed) =>
      imperfectPass(seed, [], imperfectReceiver, {
        clock: { offsetPs: Float64Array.of(-600, 600, -600, 600), jitterPs: 40 },
      }),
  ],
  ['bright noise', (seed) => imperfectPass(seed, [bright(1e6)])],
];

function late(byPs: number): Disturbance {
  return {
    name: 'late',
    clock(conditions) {
      conditions.arrivalShiftPs += byPs;
    },
  };
}

function bright(hz: number): Disturbance {
  return {
    name: 'bright',
    receiverFront(conditions) {
      for (let d = 0; d < 4; d++) conditions.noiseHz[d]! += hz;
    },
  };
}

for (const [name, link] of links) {
  test(`events and counts agree: every imperfection, ${name}`, () => {
    const comparisons = compare(byEvents(link), byCounts(link));
    assert.ok(comparisons.length > 150, `${comparisons.length} comparisons`);
    const { name: worst, p } = leastLikely(comparisons);
    assert.ok(p > chance, `${worst}: ${p}`);
  });
}

const honest: Link = (seed) => imperfectPass(seed);
const others: readonly (readonly [what: string, link: Link])[] = [
  [
    'a dead time longer by a fifth',
    (seed) => imperfectPass(seed, [], { ...imperfectReceiver, deadTimeNs: 1.2 * imperfectReceiver.deadTimeNs }),
  ],
  [
    'more after-pulses by a fifth',
    (seed) =>
      imperfectPass(seed, [], {
        ...imperfectReceiver,
        flaws: { ...imperfections, afterPulse: { ...imperfections.afterPulse!, probability: 0.036 } },
      }),
  ],
  [
    'a jitter larger by a tenth',
    (seed) => imperfectPass(seed, [], { ...imperfectReceiver, jitterPs: 1.1 * imperfectReceiver.jitterPs }),
  ],
];

for (const [what, link] of others) {
  test(`the comparison tells ${what}`, () => {
    const { p } = leastLikely(compare(byEvents(honest), byCounts(link)));
    assert.ok(p < 1e-6, `${p}`);
  });
}
