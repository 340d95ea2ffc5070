/** Small networks for tests: named ones, and random ones that fast-check can shrink. */
import fc from 'fast-check';
import type { RouteRules } from '../policy.ts';
import { type NetworkLink, type NetworkNode, Topology } from '../topology.ts';

export const NOW_MS = Date.parse('2026-03-01T00:00:00Z');

export const OPEN_RULES: RouteRules = {
  minPaths: 1,
  maxRelays: 64,
  routeType: 'any',
  distinct: 'group',
  allowJurisdictions: null,
  denyJurisdictions: [],
  denyNodes: [],
  maxAgeMs: null,
  epsSec: 0.5,
  epsCor: 0.5,
  proofs: ['tilted'],
  simulated: true,
};

export const site = (id: string, more: Partial<NetworkNode> = {}): NetworkNode => ({
  id,
  kind: 'site',
  jurisdiction: null,
  ...more,
});

export const satellite = (id: string, more: Partial<NetworkNode> = {}): NetworkNode => ({
  id,
  kind: 'satellite',
  jurisdiction: 'ORBIT',
  ...more,
});

export const link = (a: string, b: string, more: Partial<NetworkLink> = {}): NetworkLink => {
  const stockBits = more.stockBits ?? 1_000_000;
  return {
    id: `${a}-${b}`,
    ends: [a, b],
    state: 'open',
    stockBits,
    rateBps: 0,
    oldestAtMs: stockBits > 0 ? NOW_MS : null,
    proof: 'tilted',
    epsSec: 1e-9,
    epsCor: 1e-15,
    simulated: true,
    ...more,
  };
};

/** `a-b` for each pair of names in `text`, separated by spaces; names that begin with `S` are satellites. */
export function network(text: string, more: Partial<Record<string, Partial<NetworkNode>>> = {}): Topology {
  const pairs = text.split(' ').map((pair) => pair.split('-') as [string, string]);
  const ids = [...new Set(pairs.flat())];
  return new Topology(
    ids.map((id) => (id.startsWith('S') ? satellite(id, more[id]) : site(id, more[id]))),
    pairs.map(([a, b]) => link(a, b)),
  );
}

const NAMES = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'S1', 'S2'];

/** Up to nine nodes with groups, owners and places; up to 22 links, some virtual, empty, old or under alarm. */
export const randomTopology: fc.Arbitrary<Topology> = fc.integer({ min: 3, max: NAMES.length }).chain((size) => {
  const names = [...NAMES.slice(0, size - 1), NAMES.at(-1)!];
  const node = (id: string) =>
    fc
      .record({
        jurisdiction: fc.constantFrom('CH', 'CH', 'CH', 'CN', null),
        trustGroup: fc.constantFrom(undefined, undefined, undefined, 'x', 'y'),
        owner: fc.constantFrom(undefined, 'one', 'two'),
      })
      .map(({ jurisdiction, trustGroup, owner }): NetworkNode => {
        const more = { ...(trustGroup ? { trustGroup } : {}), ...(owner ? { owner } : {}) };
        return id.startsWith('S') ? satellite(id, more) : site(id, { jurisdiction, ...more });
      });
  const oneLink = fc
    .record({
      along: fc.shuffledSubarray(names, { minLength: 2, maxLength: 2 }),
      between: fc.oneof({ weight: 5, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: fc.nat(size - 1) }),
      stockBits: fc.constantFrom(0, 100, 300, 1000, 1000, 1000, 100_000, 100_000),
      state: fc.constantFrom('open', 'open', 'open', 'open', 'open', 'open', 'passive', 'alarm') as fc.Arbitrary<
        NetworkLink['state']
      >,
      ageMs: fc.constantFrom(0, 1000, 1000, 60_000),
      epsSec: fc.constantFrom(1e-9, 1e-9, 2e-9, 5e-9),
      proof: fc.constantFrom('tilted', 'tilted', 'tilted', 'tilted', 'tilted', 'other'),
      simulated: fc.constantFrom(false, false, false, true),
    })
    .map(({ along: [a, b], between, stockBits, ageMs, ...rest }): NetworkLink => {
      const through = between >= 0 && ![a, b].includes(names[between]!) ? [names[between]!] : [];
      return link(a!, b!, {
        ...rest,
        id: `${a}-${b}`,
        through,
        stockBits,
        oldestAtMs: stockBits > 0 ? NOW_MS - ageMs : null,
      });
    });
  return fc
    .record({ nodes: fc.tuple(...names.map(node)), links: fc.array(oneLink, { minLength: size, maxLength: 22 }) })
    .map(
      ({ nodes, links }) =>
        new Topology(
          nodes,
          links.map((one, i) => ({ ...one, id: `${one.id}.${i}` })),
        ),
    );
});

export const randomRules: fc.Arbitrary<RouteRules> = fc.record({
  minPaths: fc.constantFrom(1, 1, 2, 2, 3),
  maxRelays: fc.constantFrom(0, 1, 2, 3, 3, 64, 64),
  routeType: fc.constantFrom('any', 'any', 'any', 'any', 'any', 'any', 'direct', 'relayed') as fc.Arbitrary<
    RouteRules['routeType']
  >,
  distinct: fc.constantFrom('group', 'group', 'owner') as fc.Arbitrary<RouteRules['distinct']>,
  allowJurisdictions: fc.constantFrom(null, null, null, null, null, ['CH', 'ORBIT']),
  denyJurisdictions: fc.constantFrom<string[]>([], [], [], [], [], ['CN']),
  denyNodes: fc.constantFrom<string[]>([], [], [], ['C'], ['S2']),
  maxAgeMs: fc.constantFrom(null, null, null, 5000),
  epsSec: fc.constantFrom(0.5, 0.5, 0.5, 4.5e-9, 12.5e-9),
  epsCor: fc.constantFrom(0.5, 0.5, 4.5e-15),
  proofs: fc.constantFrom(['tilted'], ['tilted', 'other']),
  simulated: fc.constantFrom(true, true, false),
});
