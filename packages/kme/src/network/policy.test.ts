import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { KeyLabels, RouteDemand } from '../service.ts';
import { disjointPaths } from './paths.ts';
import { joinPlan } from './paths-join.ts';
import { decide, narrowed, type PairRules, Policy, type PolicyPair, type RouteRules } from './policy.ts';
import { plannedRoutes } from './policy-routes.ts';
import { link, NOW_MS, network, OPEN_RULES, randomRules, randomTopology } from './test/networks.ts';

fc.configureGlobal({ seed: 41, numRuns: 1500 });

const PAIR: PolicyPair = ['alice', 'bob'];

const pairRules = (rules: Partial<PairRules> = {}): PairRules => ({
  ...OPEN_RULES,
  rule: 'rules[0]',
  keyBits: { min: 64, max: 4096 },
  quota: { rate: null, bitsPerDay: null, keysWaiting: null },
  ...rules,
});

const policyOf = (rules: Partial<PairRules> = {}): Policy => new Policy([[PAIR, pairRules(rules)]]);

const LABELS: KeyLabels = {
  originLinks: ['A-S1', 'S1-B'],
  routes: [['A', 'S1', 'B']],
  jurisdictions: ['CH', 'ORBIT'],
  epsSec: 2e-9,
  epsCor: 2e-15,
  proof: 'tilted',
  simulated: false,
  createdAtMs: NOW_MS - 1000,
  expiresAtMs: null,
};

const why = (rules: Partial<PairRules>, labels: Partial<KeyLabels> = {}, demand?: RouteDemand): string | undefined => {
  const decision = decide(policyOf(rules), PAIR, { ...LABELS, ...labels }, { nowMs: NOW_MS, demand });
  return decision.allowed ? undefined : decision.why;
};

describe('a decision', () => {
  it('is no where there is no rule, whatever the key, and the same in both directions', () => {
    const context = { nowMs: NOW_MS };
    const stranger = decide(policyOf(), ['alice', 'eve'], LABELS, context);
    assert.deepEqual(stranger, {
      allowed: false,
      code: 'unauthorized',
      why: 'no rule of the policy lets alice and eve share keys',
    });
    assert.deepEqual(decide(policyOf(), ['bob', 'alice'], LABELS, context), { allowed: true, rule: 'rules[0]' });
  });

  it('names what a key breaks', () => {
    assert.equal(why({}), undefined);
    assert.match(why({ maxRelays: 0 })!, /passed 1 relays on one way; at most 0/);
    assert.match(why({ routeType: 'direct' })!, /relayed by S1; only direct/);
    assert.match(why({ routeType: 'relayed' }, { routes: [['A', 'B']] })!, /only relayed ones/);
    assert.match(why({ denyNodes: ['S1'] })!, /passed S1, which is denied/);
    assert.match(why({ minPaths: 2 })!, /over 1 path; at least 2/);
    assert.match(why({ allowJurisdictions: ['CH'] })!, /passed ORBIT; allowed are CH/);
    assert.match(why({ denyJurisdictions: ['CH'] })!, /passed CH, which is denied/);
    assert.match(why({ maxAgeMs: 999 })!, /1000 ms old; at most 999/);
    assert.match(why({ maxAgeMs: 999 }, { createdAtMs: NOW_MS + 100_000 })!, /ahead of our clock/);
    assert.match(why({ epsSec: 1e-9 })!, /epsSec 2e-9; at most 1e-9/);
    assert.match(why({ epsCor: 1e-15 })!, /epsCor/);
    assert.match(why({ proofs: ['other'] })!, /rests on the proof tilted; allowed are other/);
    assert.equal(why({ proofs: ['other', 'tilted'] }, { proof: 'other + tilted' }), undefined);
    assert.match(why({ proofs: ['tilted'] }, { proof: 'other + tilted' })!, /rests on the proof other \+ tilted/);
    assert.match(why({ simulated: false }, { simulated: true })!, /simulated, and so is the secrecy/);
    assert.match(why({}, { expiresAtMs: NOW_MS })!, /expired/);
    assert.equal(why({}, { expiresAtMs: NOW_MS + 1 }), undefined);
  });

  it('refuses a key that does not say what is asked', () => {
    assert.match(why({ denyJurisdictions: ['CN'] }, { jurisdictions: [] })!, /nobody told/);
    assert.match(why({}, { routes: [] })!, /does not say which way/);
    assert.match(why({}, { routes: [['A']] })!, /does not say which way/);
    assert.match(why({}, { epsSec: Number.NaN })!, /epsSec NaN/);
    assert.match(why({ maxAgeMs: 5 }, { createdAtMs: Number.NaN })!, /old/);
  });

  it('does not take two paths that meet for disjoint, by node or by group', () => {
    const routes = [
      ['A', 'S1', 'C', 'B'],
      ['A', 'D', 'S1', 'B'],
    ];
    assert.match(why({ minPaths: 2 }, { routes })!, /meet in S1/);
    const apart = {
      routes: [
        ['A', 'S1', 'B'],
        ['A', 'G', 'B'],
      ],
    };
    assert.equal(why({ minPaths: 2 }, apart), undefined);
    const topology = network('A-S1 S1-B A-G G-B', { G: { kind: 'ground-segment', controls: ['S1'] } });
    const decision = decide(
      policyOf({ minPaths: 2 }),
      PAIR,
      { ...LABELS, ...apart },
      {
        nowMs: NOW_MS,
        likeness: (node, by) => topology.likeness(node, by),
      },
    );
    assert.ok(!decision.allowed && /meet in G/.test(decision.why));
  });

  it('lets a caller be stricter and never laxer', () => {
    assert.match(why({}, {}, { routeType: 'direct' })!, /only direct/);
    assert.match(why({}, {}, { maxAgeMs: 999 })!, /at most 999/);
    assert.match(why({}, {}, { minPaths: 2 })!, /at least 2/);
    assert.match(why({ maxAgeMs: 500 }, {}, { maxAgeMs: 5000 })!, /at most 500/);
    assert.match(why({ minPaths: 2 }, {}, { minPaths: 1 })!, /at least 2/);
    assert.match(why({ routeType: 'direct' }, {}, { routeType: 'relayed' })!, /gives this pair direct ones only/);
    assert.match(why({ routeType: 'direct' }, {}, { minPaths: 2 })!, /exclude each other/);
    assert.match(why({ minPaths: 2 }, {}, { routeType: 'direct' })!, /exclude each other/);
    const key = fc.record({
      routes: fc.constantFrom<string[][]>(
        [['A', 'B']],
        [['A', 'C', 'B']],
        [
          ['A', 'C', 'B'],
          ['A', 'D', 'B'],
        ],
      ),
      createdAtMs: fc.constantFrom(NOW_MS, NOW_MS - 3000, NOW_MS - 9000),
    });
    const demand: fc.Arbitrary<RouteDemand> = fc.record(
      {
        routeType: fc.constantFrom('direct' as const, 'relayed' as const),
        maxAgeMs: fc.constantFrom(1000, 5000),
        minPaths: fc.integer({ min: 1, max: 3 }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(randomRules, key, demand, (rules, labels, asked) => {
        const answer = (with_: RouteDemand | undefined) => why(rules, labels, with_) === undefined;
        assert.ok(!answer(asked) || answer(undefined));
        assert.equal(answer({}), answer(undefined));
        // What is demanded holds of what is given, and what holds already changes nothing.
        const ways = labels.routes.map(({ length }) => length);
        const holds =
          (asked.routeType === undefined ||
            ways.every((length) => (length === 2) === (asked.routeType === 'direct'))) &&
          (asked.maxAgeMs === undefined || NOW_MS - labels.createdAtMs <= asked.maxAgeMs) &&
          ways.length >= (asked.minPaths ?? 1);
        assert.equal(answer(asked), answer(undefined) && holds);
      }),
    );
    assert.equal(narrowed(OPEN_RULES, undefined), OPEN_RULES);
  });

  it('agrees with the paths that are found under the same rules', () => {
    let decided = 0;
    fc.assert(
      fc.property(randomTopology, randomRules, (topology, rules) => {
        const answer = disjointPaths(topology, { from: 'A', to: 'B', bits: 100, rules, nowMs: NOW_MS });
        if (!answer.found) return;
        const { routes, jurisdictions } = joinPlan(topology, answer.paths, 100);
        const links = answer.paths.flatMap((path) => path.links);
        const proofs = new Set(links.map(({ proof }) => proof));
        decided++;
        const labels: KeyLabels = {
          originLinks: links.map(({ id }) => id),
          routes,
          jurisdictions,
          epsSec: links.reduce((sum, { epsSec }) => sum + epsSec, 0),
          epsCor: links.reduce((sum, { epsCor }) => sum + epsCor, 0),
          proof: [...proofs].join(' + '),
          simulated: links.some(({ simulated }) => simulated),
          createdAtMs: Math.min(...links.map(({ oldestAtMs }) => oldestAtMs!)),
          expiresAtMs: null,
        };
        const context = { nowMs: NOW_MS, likeness: topology.likeness.bind(topology) };
        assert.deepEqual(decide(policyOf(rules), PAIR, labels, context), { allowed: true, rule: 'rules[0]' });
      }),
    );
    assert.ok(decided > 200, `${decided} decisions`);
  });
});

describe('the routes that a policy plans', () => {
  const siteOf = new Map([
    ['alice', 'A'],
    ['bob', 'B'],
    ['carol', 'A'],
    ['dora', 'X'],
  ]);
  const planned = (rules: Partial<RouteRules>, pair: PolicyPair = PAIR, topology = network('A-S1 S1-B A-S2 S2-B')) =>
    plannedRoutes({ policy: new Policy([[pair, pairRules(rules)]]), topology, siteOf, nowMs: NOW_MS });
  const whyNot = (...args: Parameters<typeof planned>): string => {
    const { plans, unreachable } = planned(...args);
    assert.deepEqual([plans.length, unreachable.length, unreachable[0]?.rule], [0, 1, 'rules[0]']);
    return unreachable[0]!.why;
  };

  it('are those of its rules, once for every pair of sites', () => {
    const both = plannedRoutes({
      policy: new Policy([
        [PAIR, pairRules({ minPaths: 2 })],
        [['carol', 'bob'], pairRules({ minPaths: 2 })],
      ]),
      topology: network('A-S1 S1-B A-S2 S2-B'),
      siteOf,
      nowMs: NOW_MS,
    });
    assert.deepEqual(both.unreachable, []);
    assert.deepEqual(
      both.plans.map(({ routes }) => routes.map((route) => route.join(' '))),
      [['A S1 B', 'A S2 B']],
    );
  });

  it('are made of quantum links, since key that was joined before came by such a plan', () => {
    const topology = network('A-S1 S1-B A-S2 S2-B');
    const joined = link('A', 'B', { id: 'joined', through: ['S1'] });
    const { plans } = planned({}, PAIR, topology.withLinks([...topology.links, joined]));
    assert.deepEqual(
      plans.map(({ steps }) => steps.length),
      [1],
    );
  });

  it('do not exist where a rule cannot be kept, and it says why', () => {
    assert.match(whyNot({ minPaths: 3 }), /no 3 paths .*; there are 2$/);
    assert.match(whyNot({ routeType: 'direct', maxRelays: 0 }), /no path from A to B of at most 0 relays/);
    assert.match(whyNot({ denyNodes: ['S3'] }), /S3 is denied and no node of the network/);
    assert.match(whyNot({}, ['alice', 'zoe']), /zoe is not in the network/);
    assert.match(whyNot({}, ['alice', 'dora']), /dora belongs to X, which is no node/);
    assert.match(whyNot({}, ['alice', 'carol']), /both of A/);
  });

  it('are there where key only lacks today, or an alarm may be cleared', () => {
    const topology = network('A-S1 S1-B');
    const dry = topology.links.map((one) => ({ ...one, stockBits: 0, oldestAtMs: null, state: 'alarm' as const }));
    assert.equal(planned({}, PAIR, topology.withLinks(dry)).plans.length, 1);
  });
});
