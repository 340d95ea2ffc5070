import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { KmeError } from '../error.ts';
import { disjointPaths, linkCost } from './paths.ts';
import { joinPlan, type KeySource, relayPlanOf } from './paths-join.ts';
import { cheapestSet } from './paths-search.ts';
import type { RouteRules } from './policy.ts';
import { link, NOW_MS, network, OPEN_RULES, randomRules, randomTopology, site } from './test/networks.ts';
import { type NetworkLink, Topology } from './topology.ts';

fc.configureGlobal({ seed: 13, numRuns: 1500 });

const demand = (from: string, to: string, rules: Partial<RouteRules> = {}, bits = 100) => ({
  from,
  to,
  bits,
  rules: { ...OPEN_RULES, ...rules },
  nowMs: NOW_MS,
});

const routes = (topology: Topology, ...args: Parameters<typeof demand>): string[] => {
  const answer = disjointPaths(topology, demand(...args));
  assert.ok(answer.found, answer.found ? '' : answer.why);
  return answer.paths.map(({ route }) => route.join(' '));
};

interface Walk {
  readonly links: readonly NetworkLink[];
  readonly route: readonly string[];
}

/** Every way that passes no node twice. */
function walks(topology: Topology, from: string, to: string): Walk[] {
  const found: Walk[] = [];
  const go = (links: NetworkLink[], route: string[]): void => {
    const at = route.at(-1)!;
    if (at === to) {
      found.push({ links, route });
      return;
    }
    for (const one of topology.links) {
      const { ends, through = [] } = one;
      if (!ends.includes(at)) continue;
      const more = ends[0] === at ? [...through, ends[1]] : [...through.toReversed(), ends[0]];
      if (more.every((node) => !route.includes(node))) go([...links, one], [...route, ...more]);
    }
  };
  go([], [from]);
  return found;
}

/** The rules once more, said of a set of ways rather than of links. */
function allowed(topology: Topology, set: readonly Walk[], rules: RouteRules, bits: number): boolean {
  const links = set.flatMap((walk) => walk.links);
  const nodes = new Set(set.flatMap(({ route }) => route));
  const groups = set.map(
    ({ route }) => new Set(route.slice(1, -1).map((node) => topology.likeness(node, rules.distinct))),
  );
  const asked = rules.allowJurisdictions !== null || rules.denyJurisdictions.length > 0;
  return (
    groups.every((one, i) => groups.slice(i + 1).every((other) => [...one].every((group) => !other.has(group)))) &&
    new Set(links).size === links.length &&
    links.every(({ state, stockBits }) => state !== 'alarm' && stockBits >= bits) &&
    links.every(({ proof, simulated }) => rules.proofs.includes(proof) && (rules.simulated || !simulated)) &&
    links.every((one) => rules.maxAgeMs === null || NOW_MS - (one.oldestAtMs ?? NOW_MS) <= rules.maxAgeMs) &&
    set.every(({ route }) => route.length - 2 <= rules.maxRelays) &&
    set.every(({ route }) => rules.routeType === 'any' || (rules.routeType === 'direct') === (route.length === 2)) &&
    links.reduce((sum, { epsSec }) => sum + epsSec, 0) <= rules.epsSec &&
    links.reduce((sum, { epsCor }) => sum + epsCor, 0) <= rules.epsCor &&
    rules.denyNodes.every((node) => !nodes.has(node)) &&
    (!asked ||
      [...nodes].every((node) => {
        const places = topology.jurisdictions([node]);
        return (
          places.length > 0 &&
          places.every((place) => rules.allowJurisdictions?.includes(place) ?? true) &&
          places.every((place) => !rules.denyJurisdictions.includes(place))
        );
      }))
  );
}

/** The least cost of a set of `count` ways that keeps the rules, by trying all; infinite when there is none. */
function bruteForce(topology: Topology, from: string, to: string, rules: RouteRules, bits: number): number {
  const good = walks(topology, from, to).filter((walk) => allowed(topology, [walk], rules, bits));
  const cost = ({ links }: Walk): number => links.reduce((sum, one) => sum + linkCost(bits)(one), 0);
  let best = Number.POSITIVE_INFINITY;
  const choose = (set: Walk[], start: number, sum: number): void => {
    if (sum >= best) return;
    if (set.length === rules.minPaths) {
      if (allowed(topology, set, rules, bits)) best = sum;
      return;
    }
    for (let i = start; i < good.length; i++) choose([...set, good[i]!], i + 1, sum + cost(good[i]!));
  };
  choose([], 0, 0);
  return best;
}

describe('disjoint paths', () => {
  it('are the cheapest that keep every rule: brute force on networks of up to nine nodes', () => {
    let found = 0;
    let several = 0;
    fc.assert(
      fc.property(randomTopology, randomRules, (topology, rules) => {
        const best = bruteForce(topology, 'A', 'B', rules, 100);
        const answer = disjointPaths(topology, { from: 'A', to: 'B', bits: 100, rules, nowMs: NOW_MS });
        assert.ok(answer.proved);
        assert.equal(answer.found ? answer.cost : Number.POSITIVE_INFINITY, best);
        if (!answer.found) return;
        found++;
        if (answer.paths.length > 1) several++;
        assert.equal(answer.paths.length, rules.minPaths);
        assert.ok(allowed(topology, answer.paths, rules, 100));
        for (const { route, stops, links } of answer.paths) {
          assert.deepEqual([route[0], route.at(-1)], ['A', 'B']);
          assert.equal(stops.length, links.length + 1);
        }
      }),
    );
    assert.ok(found > 200 && several > 50, `${found} found, ${several} of several paths`);
  });

  it('are found by the search alone, with no bound from the flow, at the same cost', () => {
    fc.assert(
      fc.property(randomTopology, randomRules, fc.integer({ min: 1, max: 3 }), (topology, some, minPaths) => {
        const { maxRelays, distinct, epsSec, epsCor } = some;
        const rules = { ...OPEN_RULES, proofs: ['tilted', 'other'], maxRelays, distinct, epsSec, epsCor, minPaths };
        const usable = topology.links.filter(({ state, stockBits }) => state !== 'alarm' && stockBits >= 100);
        const costs = usable.map(linkCost(100));
        const wanted = { count: minPaths, bound: 0, stepLimit: 20_000 };
        const { links, proved } = cheapestSet(topology, { from: 'A', to: 'B', rules }, usable, costs, wanted);
        assert.ok(proved);
        const cost = links?.flat().reduce((sum, one) => sum + linkCost(100)(one), 0) ?? Number.POSITIVE_INFINITY;
        assert.equal(cost, bruteForce(topology, 'A', 'B', rules, 100));
      }),
    );
  });

  it('do not depend on the order in which nodes and links are listed', () => {
    fc.assert(
      fc.property(randomTopology, randomRules, fc.infiniteStream(fc.nat()), (topology, rules, chance) => {
        const shuffled = <T>(list: readonly T[]): T[] =>
          list
            .map((one) => ({ one, at: chance.next().value }))
            .sort((a, b) => a.at - b.at)
            .map(({ one }) => one);
        const other = new Topology(shuffled(topology.nodes), shuffled(topology.links));
        const ask = { from: 'A', to: 'B', bits: 100, rules, nowMs: NOW_MS };
        assert.deepEqual(disjointPaths(other, ask), disjointPaths(topology, ask));
      }),
      { numRuns: 300 },
    );
  });

  it('leave the cheapest single path where it would be in the way of two', () => {
    // The short way A C D B takes a node of either of the two.
    const topology = network('A-C C-D D-B A-D C-B');
    assert.deepEqual(routes(topology, 'A', 'B'), ['A C B']);
    const trap = network('A-C C-D D-B A-E E-F F-D C-G G-H H-B');
    assert.deepEqual(routes(trap, 'A', 'B'), ['A C D B']);
    assert.deepEqual(routes(trap, 'A', 'B', { minPaths: 2 }), ['A C G H B', 'A E F D B']);
  });

  it('count a satellite and its control segment as one, and an owner where the rule says so', () => {
    const both = network('A-S1 S1-B A-control control-B', { control: { kind: 'ground-segment', controls: ['S1'] } });
    const none = disjointPaths(both, demand('A', 'B', { minPaths: 2 }));
    assert.ok(!none.found && none.proved);
    assert.match(none.why, /no 2 paths with no node or trust group in common from A to B .*; there is 1$/);
    const owners = network('A-C C-B A-D D-B A-E E-B', { C: { owner: 'x' }, D: { owner: 'x' } });
    assert.deepEqual(routes(owners, 'A', 'B', { minPaths: 2 }), ['A C B', 'A D B']);
    assert.deepEqual(routes(owners, 'A', 'B', { minPaths: 2, distinct: 'owner' }), ['A C B', 'A E B']);
    assert.equal(disjointPaths(owners, demand('A', 'B', { minPaths: 3, distinct: 'owner' })).found, false);
  });

  it('see through a flow that enters a group at one node and leaves it at another', () => {
    const topology = network('A-C D-B A-E E-F F-B', { C: { trustGroup: 'x' }, D: { trustGroup: 'x' } });
    assert.deepEqual(routes(topology, 'A', 'B'), ['A E F B']);
    const two = disjointPaths(topology, demand('A', 'B', { minPaths: 2 }));
    assert.ok(!two.found && two.proved);
  });

  it('prefer a link with plenty in store, and keep away from one that is empty, old or under alarm', () => {
    const between = (more: Partial<NetworkLink>) =>
      new Topology(
        ['A', 'B', 'C', 'D'].map((id) => site(id)),
        [link('A', 'C', more), link('C', 'B'), link('A', 'D', { stockBits: 5000 }), link('D', 'B')],
      );
    assert.deepEqual(routes(between({}), 'A', 'B'), ['A C B']);
    assert.deepEqual(routes(between({ stockBits: 200 }), 'A', 'B'), ['A D B']);
    assert.deepEqual(routes(between({ state: 'alarm' }), 'A', 'B'), ['A D B']);
    assert.deepEqual(routes(between({ oldestAtMs: NOW_MS - 2000 }), 'A', 'B', { maxAgeMs: 1000 }), ['A D B']);
    assert.deepEqual(routes(between({ state: 'passive' }), 'A', 'B'), ['A C B']);
    assert.deepEqual(routes(between({ simulated: true }), 'A', 'B', {}, 0), ['A C B']);
  });

  it('name the end that the policy does not allow, and say when the search ran out of steps', () => {
    const topology = network('A-C C-B', { B: { jurisdiction: 'CN' } });
    const denied = disjointPaths(topology, demand('A', 'B', { denyJurisdictions: ['CN'] }));
    assert.deepEqual(denied, {
      found: false,
      why: 'A stands in a place that nobody told, which the policy does not allow',
      proved: true,
    });
    const itself = disjointPaths(topology, demand('A', 'B', { denyNodes: ['B'] }));
    assert.ok(!itself.found && itself.why === 'B itself is denied by the policy');
    // Entered at C and left at D, the group looks like a second path to the flow.
    const crossed = network('A-C D-B A-E E-F F-B', { C: { trustGroup: 'x' }, D: { trustGroup: 'x' } });
    const hurried = disjointPaths(crossed, { ...demand('A', 'B', { minPaths: 2 }), stepLimit: 2 });
    assert.ok(!hurried.found && !hurried.proved && /within 2 steps/.test(hurried.why));
  });

  it('refuse what makes no sense', () => {
    const topology = network('A-B');
    const refused = (code: string, ask: () => unknown) =>
      assert.throws(ask, (error) => error instanceof KmeError && error.code === code);
    refused('kme/topology', () => disjointPaths(topology, demand('A', 'X')));
    refused('kme/argument', () => disjointPaths(topology, demand('A', 'A')));
    refused('kme/argument', () => disjointPaths(topology, demand('A', 'B', { minPaths: 0 })));
    refused('kme/argument', () => disjointPaths(topology, demand('A', 'B', { maxRelays: 1.5 })));
    refused('kme/argument', () => disjointPaths(topology, demand('A', 'B', {}, -1)));
    refused('kme/argument', () => disjointPaths(topology, { ...demand('A', 'B'), cost: () => 0.5 }));
  });
});

describe('a plan of joins', () => {
  it('has satellites join first, then the ground in order of the path', () => {
    const topology = network('A-S1 S1-C C-D D-S2 S2-B');
    const answer = disjointPaths(topology, demand('A', 'B'));
    assert.ok(answer.found);
    const plan = joinPlan(topology, answer.paths, 256);
    assert.deepEqual(
      plan.steps.map(({ node, makes }) => `${node}: ${makes.join(' ')}`),
      ['S1: A S1 C', 'S2: D S2 B', 'C: A S1 C D', 'D: A S1 C D S2 B'],
    );
    assert.deepEqual(plan.shares, [{ step: 3, route: plan.routes[0] }]);
    assert.deepEqual(
      plan.pays,
      answer.paths[0]!.links.map(({ id }) => ({ link: id, bits: 256 })),
    );
  });

  it('makes key of both ends out of every link, each used once: followed with numbers for keys', () => {
    let joins = 0;
    fc.assert(
      fc.property(randomTopology, randomRules, (topology, rules) => {
        const answer = disjointPaths(topology, { from: 'A', to: 'B', bits: 100, rules, nowMs: NOW_MS });
        if (!answer.found) return;
        const plan = joinPlan(topology, answer.paths, 100);
        const ends = new Map<string, readonly string[]>();
        const known = new Map<string, Set<string>>();
        const used = new Set<string>();
        const name = (source: KeySource): string => ('link' in source ? source.link : `step ${source.step}`);
        for (const one of topology.links) {
          ends.set(one.id, one.ends);
          known.set(one.id, new Set([...one.ends, ...(one.through ?? [])]));
        }
        for (const [i, { node, left, right, makes }] of plan.steps.entries()) {
          joins++;
          const [first, last] = [makes[0]!, makes.at(-1)!];
          for (const source of [left, right]) {
            assert.ok(ends.get(name(source))!.includes(node), 'a node joins keys that it has');
            assert.deepEqual([...known.get(name(source))!].sort(), [...source.route].sort());
            assert.ok(!used.has(name(source)), 'a key is used once');
            used.add(name(source));
          }
          assert.deepEqual([first, node].sort(), [...ends.get(name(left))!].sort());
          assert.deepEqual([node, last].sort(), [...ends.get(name(right))!].sort());
          ends.set(`step ${i}`, [first, last]);
          const knows = new Set([...known.get(name(left))!, ...known.get(name(right))!]);
          assert.deepEqual([...knows].sort(), [...makes].sort());
          known.set(`step ${i}`, knows);
        }
        for (const [i, share] of plan.shares.entries()) {
          assert.deepEqual([...ends.get(name(share))!].sort(), ['A', 'B']);
          assert.deepEqual([...known.get(name(share))!].sort(), [...plan.routes[i]!].sort());
          used.add(name(share));
        }
        assert.equal(used.size, plan.pays.length + plan.steps.length);
        assert.ok(plan.pays.every(({ link: id }) => used.has(id)));
      }),
    );
    assert.ok(joins > 200, `${joins} joins`);
  });

  it('says nothing of the key to any k - 1 groups of nodes, and everything to k that are on all paths', () => {
    let controls = 0;
    fc.assert(
      fc.property(randomTopology, fc.constantFrom(2, 3), (topology, minPaths) => {
        const rules = { ...OPEN_RULES, proofs: ['tilted', 'other'], routeType: 'relayed' as const, minPaths };
        const answer = disjointPaths(topology, { from: 'A', to: 'B', bits: 100, rules, nowMs: NOW_MS });
        if (!answer.found) return;
        const on = joinPlan(topology, answer.paths, 100).routes.map(
          (route) => new Set(route.slice(1, -1).map((node) => topology.likeness(node))),
        );
        const groups = [...new Set(topology.nodes.map(({ id }) => topology.likeness(id)))];
        for (let set = 0; set < 1 << groups.length; set++) {
          const dishonest = groups.filter((_, i) => (set >> i) & 1);
          const shares = on.filter((path) => dishonest.some((group) => path.has(group))).length;
          if (dishonest.length < rules.minPaths) assert.ok(shares < on.length);
          if (dishonest.length === rules.minPaths && shares === on.length) controls++;
        }
      }),
    );
    assert.ok(controls > 100, `${controls} sets of k groups have the key`);
  });

  it('tells every node its part: joins by way, and combinations at both ends', () => {
    const topology = network('A-S1 S1-C C-B A-S2 S2-B');
    const answer = disjointPaths(topology, demand('B', 'A', { minPaths: 2 }));
    assert.ok(answer.found);
    const plan = joinPlan(topology, answer.paths, 256);
    const part = (node: string) => relayPlanOf(node, [plan, plan], 4096);
    assert.deepEqual(part('S1').joins, [{ left: { node: 'A', way: 'direct' }, right: { node: 'C', way: 'direct' } }]);
    assert.deepEqual(part('C').joins, [{ left: { node: 'A', way: 'S1' }, right: { node: 'B', way: 'direct' } }]);
    assert.deepEqual(part('A'), { joins: [], combinations: [{ peer: 'B', ways: ['S1.C', 'S2'], targetBytes: 4096 }] });
    assert.deepEqual(part('B'), { joins: [], combinations: [{ peer: 'A', ways: ['S1.C', 'S2'], targetBytes: 4096 }] });
    assert.deepEqual(relayPlanOf('D', [plan], 4096), { joins: [], combinations: [] });
  });
});
