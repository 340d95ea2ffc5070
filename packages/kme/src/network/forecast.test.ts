import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { KmeError } from '../error.ts';
import { bitQuantiles, type Forecast, type ForecastDemand, Forecaster, type Outlook } from './forecast.ts';
import { type Contact, drawBits, steadyContacts } from './forecast-supply.ts';
import type { TalkWindow } from './forecast-windows.ts';
import { planFor } from './paths-join.ts';
import type { RouteRules } from './policy.ts';
import { link, NOW_MS, network, OPEN_RULES, satellite, site } from './test/networks.ts';
import { Topology } from './topology.ts';

fc.configureGlobal({ seed: 29, numRuns: 600 });

const MINUTE_MS = 60_000;
const at = (minutes: number): number => NOW_MS + minutes * MINUTE_MS;

/** A contact that ends and is ready at minute `ready`. */
const contact = (id: string, ready: number, ...bits: number[]): Contact => ({
  link: id,
  startMs: at(ready - 5),
  endMs: at(ready),
  readyMs: at(ready),
  bits: Float64Array.from(bits),
});

const empty = (topology: Topology): Topology =>
  topology.withLinks(topology.links.map((one) => ({ ...one, stockBits: 0, oldestAtMs: null })));

const outlook = (topology: Topology, contacts: readonly Contact[], more: Partial<Outlook> = {}): Outlook => ({
  topology,
  contacts,
  nowMs: NOW_MS,
  untilMs: at(24 * 60),
  ...more,
});

const demand = (rules: Partial<RouteRules> = {}, more: Partial<ForecastDemand> = {}): ForecastDemand => ({
  from: 'A',
  to: 'B',
  bits: 100,
  rules: { ...OPEN_RULES, ...rules },
  ...more,
});

function forecast(of: Outlook, ...args: Parameters<typeof demand>): Forecast {
  const answer = new Forecaster(of).earliest(demand(...args));
  assert.ok(answer.found, answer.found ? '' : answer.why);
  return answer.forecast;
}

const minutes = (ms: number | null): number | null => (ms === null ? null : (ms - NOW_MS) / MINUTE_MS);

function whyNot(of: Outlook, ...args: Parameters<typeof demand>): string {
  const answer = new Forecaster(of).earliest(demand(...args));
  assert.ok(!answer.found);
  return answer.why;
}

/** Numbers from 0 to below 1: a linear congruence, good enough to draw test weather with. */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('a forecast', () => {
  const relay = empty(network('S1-A S1-B'));

  it('is there with the later of the two contacts of a satellite', () => {
    const { readyAtMs, bits, readyMs, probability, plan } = forecast(
      outlook(relay, [contact('S1-A', 30, 500), contact('S1-B', 90, 120), contact('S1-A', 120, 500)]),
    );
    assert.equal(minutes(readyAtMs), 90);
    assert.deepEqual(bits, [120, 120, 120]);
    assert.deepEqual(readyMs.map(minutes), [90, 90, 90]);
    assert.equal(probability, 1);
    assert.deepEqual(plan.routes, [['A', 'S1', 'B']]);
  });

  it('is there now when both links have it in store', () => {
    const stocked = network('S1-A S1-B');
    assert.equal(minutes(forecast(outlook(stocked, [])).readyAtMs), 0);
    assert.deepEqual(forecast(outlook(stocked, [])).bits, [1e6, 1e6, 1e6]);
  });

  it('waits for a window in which the satellite can talk, and not when it always can', () => {
    const contacts = [contact('S1-A', 30, 500), contact('S1-B', 90, 120)];
    const talks = (...windows: [number, number][]): Partial<Outlook> => ({
      talks: new Map([['S1', windows.map(([from, to]): TalkWindow => ({ startMs: at(from), endMs: at(to) }))]]),
    });
    const ready = (more: Partial<Outlook>) => minutes(forecast(outlook(relay, contacts, more)).readyAtMs);
    assert.equal(ready(talks([20, 30], [80, 90])), 90);
    assert.equal(ready(talks([20, 30], [80, 89], [200, 210])), 200);
    assert.equal(ready({}), 90);
    assert.match(whyNot(outlook(relay, contacts, talks([20, 80]))), /no path from A to B .* with 100 bits/);
  });

  it('adds passes up until there is enough, and takes the station that comes first', () => {
    const two = empty(network('S1-A S1-B S2-A S2-B'));
    const contacts = [
      contact('S1-A', 10, 60),
      contact('S1-B', 20, 60),
      contact('S2-A', 30, 500),
      contact('S1-B', 40, 60),
      contact('S1-A', 50, 60),
      contact('S2-B', 60, 500),
    ];
    assert.equal(minutes(forecast(outlook(two, contacts)).readyAtMs), 50);
    assert.equal(minutes(forecast(outlook(two, contacts), {}, { bits: 60 }).readyAtMs), 20);
    assert.equal(minutes(forecast(outlook(two, contacts), {}, { bits: 121 }).readyAtMs), 60);
    assert.equal(minutes(forecast(outlook(two, contacts), { minPaths: 2 }).readyAtMs), 60);
    assert.match(
      whyNot(outlook(two, contacts), { minPaths: 3 }),
      /no 3 paths .* in common from A to B .*; there are 2$/,
    );
  });

  it('leaves out key that would be too old, and counts what is in store as old as its oldest bit', () => {
    const contacts = [contact('S1-A', 30, 500), contact('S1-B', 90, 120), contact('S1-A', 120, 500)];
    assert.equal(minutes(forecast(outlook(relay, contacts), { maxAgeMs: 40 * MINUTE_MS }).readyAtMs), 120);
    assert.match(whyNot(outlook(relay, contacts), { maxAgeMs: 10 * MINUTE_MS }), /no path/);
    const old = relay.withLinks([
      link('S1', 'A', { oldestAtMs: NOW_MS - 60 * MINUTE_MS }),
      link('S1', 'B', { stockBits: 0 }),
    ]);
    const later = [contact('S1-B', 30, 500), contact('S1-A', 60, 500)];
    assert.equal(minutes(forecast(outlook(old, later), { maxAgeMs: 100 * MINUTE_MS }).readyAtMs), 30);
    assert.equal(minutes(forecast(outlook(old, later), { maxAgeMs: 80 * MINUTE_MS }).readyAtMs), 60);
  });

  it('counts nothing on a link under alarm', () => {
    const alarm = relay.withLinks([link('S1', 'A', { state: 'alarm', stockBits: 0 }), link('S1', 'B')]);
    assert.match(whyNot(outlook(alarm, [contact('S1-A', 30, 500)])), /no path/);
  });

  it('takes quantiles over realisations in which weather goes together', () => {
    const clear = [1, 1, 1, 1, 1, 1, 0, 0, 0, 0];
    const same = clear.map((on) => on * 200);
    const opposite = clear.toReversed().map((on) => on * 200);
    const together = forecast(outlook(relay, [contact('S1-A', 30, ...same), contact('S1-B', 90, ...same)]));
    assert.deepEqual([minutes(together.readyAtMs), together.probability, together.bits], [90, 0.6, [0, 200, 200]]);
    const never = outlook(relay, [contact('S1-A', 30, ...same), contact('S1-B', 90, ...opposite)]);
    assert.equal(whyNot(never), 'each link has enough in time with probability 0.5, but not all of them together');
    const rarely = forecast(never, {}, { level: 0.2 });
    assert.deepEqual(
      [minutes(rarely.readyAtMs), rarely.probability, rarely.readyMs.map(minutes)],
      [90, 0.2, [90, null, null]],
    );
  });

  it('takes the plan that is likely first as a whole, not the one whose links are', () => {
    const topology = empty(network('S1-A S1-B S2-A S2-B'));
    const on = (...clear: number[]): number[] => clear.map((x) => 200 * x);
    // From minute 20 on both links of S1 are there in three of five, but in one of five together; S2 is later and surer.
    const contacts = [
      contact('S1-A', 10, ...on(1, 1, 1, 0, 0)),
      contact('S1-B', 20, ...on(0, 0, 1, 1, 1)),
      contact('S2-A', 30, ...on(1, 1, 1, 0, 1)),
      contact('S2-B', 40, ...on(1, 1, 1, 1, 0)),
      contact('S1-B', 50, ...on(1, 1, 1, 1, 1)),
    ];
    const { readyAtMs, plan } = forecast(outlook(topology, contacts));
    assert.deepEqual([minutes(readyAtMs), plan.routes], [40, [['A', 'S2', 'B']]]);
  });

  it('follows a plan that was chosen before, for as much key as is asked', () => {
    const of = new Forecaster(
      outlook(relay, [contact('S1-A', 30, 500), contact('S1-B', 90, 120), contact('S1-B', 120, 90)]),
    );
    const first = of.earliest(demand());
    assert.ok(first.found);
    const { plan } = first.forecast;
    const ready = (bits: number) => of.along(planFor(plan, bits));
    assert.deepEqual(ready(120), { ...first.forecast, plan: planFor(plan, 120) });
    assert.deepEqual([minutes(ready(121)!.readyAtMs), ready(121)!.bits], [120, [210, 210, 210]]);
    assert.equal(ready(211), null);
  });

  it('has one satellite wait for the word of another', () => {
    const chain = empty(network('S1-A S1-S2 S2-B'));
    const contacts = [contact('S1-A', 10, 500), contact('S2-B', 10, 500), contact('S1-S2', 20, 500)];
    const talks = (one: [number, number][], two: [number, number][]): Partial<Outlook> => ({
      talks: new Map(
        [one, two].map((list, i) => [`S${i + 1}`, list.map(([from, to]) => ({ startMs: at(from), endMs: at(to) }))]),
      ),
    });
    const ready = (more: Partial<Outlook>) => minutes(forecast(outlook(chain, contacts, more)).readyAtMs);
    assert.equal(ready(talks([[30, 32]], [[40, 42]])), 40);
    // S2 hears at minute 50 what S1 said at 30, and says its own.
    assert.equal(
      ready(
        talks(
          [[30, 32]],
          [
            [25, 27],
            [50, 52],
          ],
        ),
      ),
      50,
    );
    assert.equal(ready({}), 20);
  });

  it('refuses contacts that do not fit together', () => {
    const refused = (code: string, contacts: Contact[], more: Partial<Outlook> = {}) =>
      assert.throws(
        () => new Forecaster(outlook(relay, contacts, more)),
        (error) => error instanceof KmeError && error.code === code,
      );
    refused('kme/topology', [contact('S1-X', 30, 5)]);
    refused('kme/argument', [contact('S1-A', 30, 5), contact('S1-A', 40, 5, 6)]);
    refused('kme/argument', [contact('S1-A', 30, Number.NaN)]);
    refused('kme/argument', [{ ...contact('S1-A', 30, 5), readyMs: at(20) }]);
    refused('kme/argument', [], { untilMs: NOW_MS - 1 });
    refused('kme/argument', [], { talks: new Map([['S1', [{ startMs: 5, endMs: 4 }]]]) });
    assert.throws(() => new Forecaster(outlook(relay, [])).earliest(demand({}, { level: 0 })), /above 0/);
    assert.throws(() => drawBits({ probability: 2, meanBits: 0, spreadBits: 0 }, 10, Math.random), KmeError);
    assert.throws(() => steadyContacts('a', { bits: 1, everyMs: 0 }, { fromMs: 0, toMs: 1 }, 1), KmeError);
  });
});

describe('blocks of a steady link', () => {
  it('come one after the other until the end of the period', () => {
    const fibre = empty(network('A-C C-B'));
    const period = { fromMs: NOW_MS, toMs: at(61) };
    const blocks = steadyContacts('A-C', { bits: 30, everyMs: 10 * MINUTE_MS }, period, 1);
    assert.deepEqual(
      blocks.map(({ readyMs }) => minutes(readyMs)),
      [10, 20, 30, 40, 50, 60],
    );
    const both = [...blocks, ...steadyContacts('C-B', { bits: 50, everyMs: 7 * MINUTE_MS }, period, 1)];
    assert.equal(minutes(forecast(outlook(fibre, both)).readyAtMs), 40);
  });
});

/**
 * The network played minute by minute: who has key when, who can talk when. A node between two links announces as soon as it
 * can once both have enough of key young enough; the ends have the key when every announcement of the path has been made.
 */
function played(
  of: Outlook,
  paths: readonly (readonly string[])[],
  bits: number,
  maxAgeMs: number | null,
  last: number,
): number | null {
  const stock = (id: string, minute: number, now: number): number => {
    const { stockBits, oldestAtMs } = of.topology.link(id);
    const young = (ms: number): boolean => maxAgeMs === null || ms >= at(now) - maxAgeMs;
    return of.contacts
      .filter((one) => one.link === id && one.readyMs <= at(minute) && young(one.readyMs))
      .reduce((sum, one) => sum + one.bits[0]!, oldestAtMs !== null && young(oldestAtMs) ? stockBits : 0);
  };
  const talks = (node: string, minute: number): boolean => {
    const windows = of.talks?.get(node);
    return !windows || windows.some(({ startMs, endMs }) => startMs <= at(minute) && at(minute) <= endMs);
  };
  const linkBetween = (a: string, b: string): string =>
    of.topology.links.find(({ ends }) => ends.includes(a) && ends.includes(b))!.id;
  for (let now = 0; now <= last; now++) {
    const ready = paths.every((path) => {
      const links = path.slice(1).map((node, i) => linkBetween(path[i]!, node));
      if (links.length === 1) return stock(links[0]!, now, now) >= bits;
      return path.slice(1, -1).every((node, i) => {
        for (let said = 0; said <= now; said++) {
          if (talks(node, said) && stock(links[i]!, said, now) >= bits && stock(links[i + 1]!, said, now) >= bits)
            return true;
        }
        return false;
      });
    });
    if (ready) return now;
  }
  return null;
}

/** Ways from A to B over nodes that differ. */
function waysOf(topology: Topology, route: readonly string[] = ['A']): string[][] {
  const here = route.at(-1)!;
  if (here === 'B') return [[...route]];
  const next = topology.links
    .filter(({ ends }) => ends.includes(here))
    .map(({ ends }) => (ends[0] === here ? ends[1] : ends[0]));
  return next.filter((node) => !route.includes(node)).flatMap((node) => waysOf(topology, [...route, node]));
}

const LAST = 40;
const smallPlan = (neighbours: boolean) => {
  const pairs = ['A-C', 'C-B', 'A-B', 'S1-A', 'S1-B', 'S1-C', 'S2-A', 'S2-B', 'S2-C', ...(neighbours ? ['S1-S2'] : [])];
  const windows = fc.option(
    fc
      .array(fc.tuple(fc.nat(LAST), fc.nat(6)), { minLength: 1, maxLength: 4 })
      .map((list) => list.map(([from, length]): TalkWindow => ({ startMs: at(from), endMs: at(from + length) }))),
    { nil: undefined },
  );
  return fc
    .record({
      names: fc.subarray(pairs, { minLength: 4 }),
      stocks: fc.array(fc.tuple(fc.constantFrom(0, 0, 0, 0, 50, 100), fc.nat(20)), { minLength: 10, maxLength: 10 }),
      contacts: fc.array(fc.tuple(fc.nat(99), fc.integer({ min: 1, max: LAST }), fc.constantFrom(40, 60, 100)), {
        minLength: 6,
        maxLength: 18,
      }),
      one: windows,
      two: windows,
      minPaths: fc.constantFrom(1, 1, 2),
      maxAge: fc.constantFrom(null, null, 5, 15),
    })
    .map(({ names, stocks, contacts, one, two, minPaths, maxAge }) => {
      const topology = new Topology(
        [site('A'), site('B'), site('C'), satellite('S1'), satellite('S2')],
        names.map((name, i) => {
          const [a, b] = name.split('-') as [string, string];
          const [stockBits, age] = stocks[i]!;
          return link(a, b, { stockBits, oldestAtMs: stockBits > 0 ? at(-age) : null });
        }),
      );
      const talks = new Map([...(one ? [['S1', one] as const] : []), ...(two ? [['S2', two] as const] : [])]);
      const coming = contacts.map(([which, ready, bits]) => contact(names[which % names.length]!, ready, bits));
      return {
        of: outlook(topology, coming, { talks, untilMs: at(LAST) }),
        minPaths,
        maxAgeMs: maxAge && maxAge * MINUTE_MS,
      };
    });
};

function earliestByHand({
  of,
  minPaths,
  maxAgeMs,
}: {
  of: Outlook;
  minPaths: number;
  maxAgeMs: number | null;
}): number | null {
  const ways = waysOf(of.topology);
  const sets = minPaths === 1 ? ways.map((way) => [way]) : ways.flatMap((a, i) => ways.slice(i + 1).map((b) => [a, b]));
  const disjoint = sets.filter(([a, b]) => !b || !a!.slice(1, -1).some((node) => b.slice(1, -1).includes(node)));
  const times = disjoint.map((set) => played(of, set, 100, maxAgeMs, LAST)).filter((time) => time !== null);
  return times.length > 0 ? Math.min(...times) : null;
}

describe('the earliest moment', () => {
  const byForecast = ({ of, minPaths, maxAgeMs }: { of: Outlook; minPaths: number; maxAgeMs: number | null }) => {
    const answer = new Forecaster(of).earliest(demand({ minPaths, maxAgeMs }));
    return answer.found ? minutes(answer.forecast.readyAtMs) : null;
  };

  it('is that of the network played minute by minute over every set of paths', () => {
    let later = 0;
    fc.assert(
      fc.property(smallPlan(false), (plan) => {
        const hand = earliestByHand(plan);
        assert.equal(byForecast(plan), hand);
        if (hand !== null && hand > 0) later++;
      }),
    );
    assert.ok(later > 150, `${later} forecasts of a later moment`);
  });

  it('is never too early where satellites are neighbours', () => {
    fc.assert(
      fc.property(smallPlan(true), (plan) => {
        const hand = earliestByHand(plan);
        const ours = byForecast(plan);
        assert.ok(ours === null || (hand !== null && ours >= hand), `${ours} and ${hand}`);
      }),
    );
  });
});

describe('the interval of a forecast', () => {
  const relay = empty(network('S1-A S1-B'));

  it('is exact where the realisations are all there are', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('S1-A', 'S1-B'), fc.array(fc.nat(300), { minLength: 3, maxLength: 3 })), {
          minLength: 2,
          maxLength: 4,
        }),
        (passes) => {
          const total = 3 ** passes.length;
          const digit = (r: number, place: number): number => Math.floor(r / 3 ** place) % 3;
          const contacts = passes.map(([id, bits], place) =>
            contact(id, 10 * (place + 1), ...Array.from({ length: total }, (_, r) => bits[digit(r, place)]!)),
          );
          const answer = new Forecaster(outlook(relay, contacts)).earliest(demand({}, { level: 0.3 }));
          // The law of the least of two independent sums, by multiplying distribution functions.
          const upTo = (id: string, x: number): number => {
            let law = new Map([[0, 1]]);
            for (const [, bits] of passes.filter(([of]) => of === id)) {
              const next = new Map<number, number>();
              for (const [sum, p] of law) {
                for (const more of bits) next.set(sum + more, (next.get(sum + more) ?? 0) + p / 3);
              }
              law = next;
            }
            return [...law].reduce((below, [sum, p]) => (sum < x ? below + p : below), 0);
          };
          const chance = (1 - upTo('S1-A', 100)) * (1 - upTo('S1-B', 100));
          if (Math.abs(chance - 0.3) < 1e-9) return;
          assert.equal(answer.found, chance >= 0.3);
          if (answer.found) assert.ok(Math.abs(answer.forecast.probability - chance) < 1e-9);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('covers what happens in nine of ten networks, and the median half of it', () => {
    const passes = [
      ['S1-A', 10, { probability: 0.7, meanBits: 4000, spreadBits: 400 }],
      ['S1-B', 20, { probability: 0.8, meanBits: 3000, spreadBits: 300 }],
      ['S1-A', 100, { probability: 1, meanBits: 6000, spreadBits: 900 }],
      ['S1-B', 110, { probability: 1, meanBits: 5000, spreadBits: 800 }],
    ] as const;
    const draw = (realisations: number, seed: number): Contact[] => {
      const random = uniform(seed);
      return passes.map(([id, ready, chance]) => ({
        ...contact(id, ready),
        bits: drawBits(chance, realisations, random),
      }));
    };
    const foreseen = forecast(outlook(relay, draw(4000, 1)), {}, { bits: 3000, level: 0.95 });
    assert.equal(minutes(foreseen.readyAtMs), 110);
    const truth = 20_000;
    const happened = new Forecaster(outlook(relay, draw(truth, 2))).bitsBy(foreseen.plan, foreseen.readyAtMs);
    const share = (holds: (bits: number) => boolean): number => happened.filter(holds).length / truth;
    const [low, middle, high] = foreseen.bits;
    // Four standard deviations of a quantile from 4,000 realisations and a share of 20,000: 0.015 and 0.034.
    assert.ok(Math.abs(share((bits) => bits < low) - 0.05) < 0.015);
    assert.ok(Math.abs(share((bits) => bits > high) - 0.05) < 0.015);
    assert.ok(Math.abs(share((bits) => bits <= middle) - 0.5) < 0.034);
    assert.ok(share((bits) => bits >= 3000) > 0.95 - 0.015);
    assert.deepEqual(bitQuantiles(happened).length, 3);
  });

  it('of readiness says when key is likely, as often as it is so', () => {
    const random = uniform(7);
    const chance = { probability: 0.65, meanBits: 1000, spreadBits: 100 };
    const nights = Array.from({ length: 8 }, (_, i) => [
      { ...contact('S1-A', 100 * i + 40), bits: drawBits(chance, 5000, random) },
      { ...contact('S1-B', 100 * i + 60), bits: drawBits(chance, 5000, random) },
    ]).flat();
    const { readyMs, readyAtMs, probability } = forecast(outlook(relay, nights), {}, { bits: 500, level: 0.9 });
    // After n and m passes both have had a clear one with probability (1 - 0.35^n)(1 - 0.35^m), 0.42 at minute 60, then
    // 0.57, 0.77, 0.84, 0.92 at 260, 0.94, 0.97 at 360.
    assert.deepEqual(readyMs.map(minutes), [60, 140, 360]);
    assert.equal(minutes(readyAtMs), 260);
    assert.ok(probability > 0.99);
  });
});
