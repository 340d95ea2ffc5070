import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PlannerError } from './error.ts';
import { type Proposal, schedule } from './schedule.ts';

fc.configureGlobal({ seed: 92, numRuns: 300 });

const SETUP_S = 5;

/** Small skies: two satellites, three stations, up to eleven proposals that crowd each other. */
const proposal = fc.record({
  satellite: fc.integer({ min: 0, max: 1 }),
  stations: fc.uniqueArray(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 2 }),
  startS: fc.integer({ min: 0, max: 120 }),
  lengthS: fc.integer({ min: 1, max: 60 }),
  value: fc.integer({ min: 0, max: 30 }),
});
const sky = fc.array(proposal, { maxLength: 11 }).map((entries) =>
  entries.map(
    ({ satellite, stations, startS, lengthS, value }, i): Proposal => ({
      id: `p${i}`,
      resources: [`satellite ${satellite}`, ...stations.map((s) => `station ${s}`)],
      startMs: startS * 1000,
      endMs: (startS + lengthS) * 1000,
      value,
      group: `station ${stations[0]}`,
    }),
  ),
);

const excludes = (a: Proposal, b: Proposal): boolean =>
  a.resources.some((r) => b.resources.includes(r)) &&
  a.startMs < b.endMs + SETUP_S * 1000 &&
  b.startMs < a.endMs + SETUP_S * 1000;

/** Every compatible set, judged by `worth`. */
function bruteForce(proposals: readonly Proposal[], worth: (chosen: readonly Proposal[]) => number): number {
  let best = 0;
  for (let set = 0; set < 1 << proposals.length; set++) {
    const chosen = proposals.filter((_, i) => (set >> i) & 1);
    if (chosen.some((a, i) => chosen.some((b, j) => j > i && excludes(a, b)))) continue;
    best = Math.max(best, worth(chosen));
  }
  return best;
}

const total = (chosen: readonly Proposal[]): number => chosen.reduce((sum, { value }) => sum + value, 0);

function checkFeasible(proposals: readonly Proposal[], chosen: readonly number[]): void {
  for (const [n, i] of chosen.entries()) {
    for (const j of chosen.slice(n + 1)) {
      assert.notEqual(i, j);
      assert.ok(!excludes(proposals[i]!, proposals[j]!), `${proposals[i]!.id} and ${proposals[j]!.id}`);
    }
  }
}

describe('schedule for the most key', () => {
  it('is the optimum of small skies, found by brute force', () => {
    fc.assert(
      fc.property(sky, (proposals) => {
        const result = schedule({ proposals, setupS: SETUP_S, objective: 'total' });
        checkFeasible(proposals, result.chosen);
        const optimum = bruteForce(proposals, total);
        assert.ok(Math.abs(result.value - optimum) < 1e-9, `${result.value} is not ${optimum}`);
        assert.equal(result.total, total(result.chosen.map((i) => proposals[i]!)));
        assert.equal(result.optimal, true);
        assert.ok(result.bound >= optimum - 1e-9 && result.gap === 0);
      }),
    );
  });

  it('stays below the optimum, and the bound above it, when the search is cut short', () => {
    let apart = 0;
    fc.assert(
      fc.property(sky, (proposals) => {
        const result = schedule({ proposals, setupS: SETUP_S, objective: 'total', nodeLimit: 1 });
        checkFeasible(proposals, result.chosen);
        const optimum = bruteForce(proposals, total);
        assert.ok(result.value <= optimum + 1e-9);
        assert.ok(result.bound >= optimum - 1e-9);
        if (!result.optimal) apart++;
      }),
    );
    assert.ok(apart > 0);
  });

  it('is better than taking the most valuable first', () => {
    // A long service in the middle is worth more than either neighbour, less than both.
    const at = (id: string, startS: number, endS: number, value: number): Proposal => ({
      id,
      resources: ['satellite', `station ${id}`],
      startMs: startS * 1000,
      endMs: endS * 1000,
      value,
      group: id,
    });
    const result = schedule({
      proposals: [at('a', 0, 100, 60), at('b', 90, 200, 100), at('c', 190, 300, 60)],
      setupS: SETUP_S,
      objective: 'total',
    });
    assert.deepEqual(result.chosen, [0, 2]);
    assert.equal(result.value, 120);
    assert.equal(result.contested, 3);
  });

  it('keeps the set-up time between two services of one satellite, to the millisecond', () => {
    const at = (id: string, startMs: number, endMs: number): Proposal => ({
      id,
      resources: ['satellite', `station ${id}`],
      startMs,
      endMs,
      value: 1,
      group: id,
    });
    const first = at('a', 0, 10_000);
    const served = (second: Proposal) =>
      schedule({ proposals: [first, second], setupS: 30, objective: 'total' }).chosen.length;
    assert.equal(served(at('b', 40_000, 50_000)), 2);
    assert.equal(served(at('b', 39_999, 50_000)), 1);
  });

  it('closes a crowded night of a constellation with a small gap', () => {
    // 400 proposals of 20 satellites over 8 stations: no brute force here, but value and bound meet.
    const proposals = Array.from({ length: 400 }, (_, i): Proposal => {
      const spin = (k: number): number => ((i + 1) * k * 2654435761) % 4294967296;
      const startMs = (spin(7) / 4294967296) * 20_000_000;
      const station = Math.floor(spin(11) / 536870912);
      return {
        id: `p${i}`,
        resources: [`satellite ${i % 20}`, `station ${station}`],
        startMs,
        endMs: startMs + 200_000 + (spin(13) / 4294967296) * 300_000,
        value: 1 + (spin(17) / 4294967296) * 1000,
        group: `station ${station}`,
      };
    });
    const result = schedule({ proposals, setupS: 60, objective: 'total', nodeLimit: 20_000 });
    assert.ok(result.contested > 200);
    assert.ok(result.value <= result.bound && result.gap < 0.02, `gap ${result.gap}`);
  });
});

describe('fair schedule', () => {
  it('gives the poorest group the most that any schedule of a small sky can', () => {
    fc.assert(
      fc.property(sky, (proposals) => {
        const groups = [...new Set(proposals.filter(({ value }) => value > 0).map(({ group }) => group))];
        const poorest = (chosen: readonly Proposal[]): number =>
          Math.min(...groups.map((group) => total(chosen.filter((p) => p.group === group))));
        const optimum = groups.length ? bruteForce(proposals, poorest) : 0;
        const result = schedule({ proposals, setupS: SETUP_S, objective: 'fair' });
        checkFeasible(proposals, result.chosen);
        assert.ok(Math.abs(result.value - optimum) < 1e-9, `${result.value} is not ${optimum}`);
        assert.ok(result.bound >= optimum - 1e-9);
        assert.equal(result.optimal, true);
        const short = schedule({ proposals, setupS: SETUP_S, objective: 'fair', nodeLimit: 1 });
        assert.ok(short.value <= optimum + 1e-9 && short.bound >= optimum - 1e-9);
      }),
    );
  });

  it('gives something to the station that the total leaves out', () => {
    const at = (group: string, startS: number, value: number): Proposal => ({
      id: `${group}-${startS}`,
      resources: ['satellite', group],
      startMs: startS * 1000,
      endMs: (startS + 100) * 1000,
      value,
      group,
    });
    const proposals = [0, 1000, 2000].flatMap((startS) => [at('rich', startS, 100), at('poor', startS, 40)]);
    assert.equal(schedule({ proposals, setupS: 60, objective: 'total' }).total, 300);
    const fair = schedule({ proposals, setupS: 60, objective: 'fair' });
    assert.equal(fair.value, 80);
    assert.equal(fair.total, 180);
  });
});

describe('bad proposals', () => {
  it('are refused with their id', () => {
    const bad: Proposal = { id: 'p1', resources: ['s'], startMs: 5, endMs: 5, value: 1, group: 'g' };
    for (const wrong of [bad, { ...bad, endMs: 6, value: -1 }, { ...bad, endMs: 6, value: Number.NaN }]) {
      assert.throws(
        () => schedule({ proposals: [wrong], setupS: 0, objective: 'total' }),
        (error) => error instanceof PlannerError && error.code === 'planner/parameter' && /p1/.test(error.message),
      );
    }
  });
});
