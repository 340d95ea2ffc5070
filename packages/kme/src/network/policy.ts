/**
 * Who may have which key: rules by pair of applications, decided by the labels that a key carries. What no rule allows is
 * refused, and so is what a label does not say.
 */
import type { KeyLabels, RouteDemand } from '../service.ts';
import type { Likeness } from './topology.ts';

/** How a key may come about. What is not named here is not allowed. */
export interface RouteRules {
  /** Node-disjoint ways at least. */
  readonly minPaths: number;
  /** Nodes between the two ends of any one way at most. */
  readonly maxRelays: number;
  /** `direct`: no node between; `relayed`: one at least on every way. */
  readonly routeType: 'direct' | 'relayed' | 'any';
  /** What counts as one node when ways are disjoint. */
  readonly distinct: Likeness;
  /** Places that every node on the way, ends included, must stand in; null: any, told or not. */
  readonly allowJurisdictions: readonly string[] | null;
  readonly denyJurisdictions: readonly string[];
  readonly denyNodes: readonly string[];
  /** Age at most; null: any. */
  readonly maxAgeMs: number | null;
  readonly epsSec: number;
  readonly epsCor: number;
  /** By name, as links are labelled. */
  readonly proofs: readonly string[];
  /** Whether key of simulated photons, whose secrecy is simulated, may be handed out. */
  readonly simulated: boolean;
}

export interface PairRules extends RouteRules {
  /** Where the rule stands in its document: `rules[2]`. */
  readonly rule: string;
  /** Size of one key, bits, both multiples of 8. */
  readonly keyBits: { readonly min: number; readonly max: number };
  readonly quota: QuotaRules;
}

/** null: no limit of this kind. Of the pair, whoever of the two asks. */
export interface QuotaRules {
  readonly rate: { readonly bitsPerS: number; readonly burstBits: number } | null;
  readonly bitsPerDay: number | null;
  /** Keys that one of the two has got and the other has not fetched. */
  readonly keysWaiting: number | null;
}

/** Two applications, whoever asks. */
export type PolicyPair = readonly [string, string];

export type Decision =
  | { readonly allowed: true; readonly rule: string }
  | {
      readonly allowed: false;
      /** `unauthorized`: there is no rule for the pair, whatever the key. `demand`: not with such a key. */
      readonly code: 'unauthorized' | 'demand';
      readonly why: string;
    };

/** The rules of a network; made by `readPolicy`. */
export class Policy {
  readonly #rules: ReadonlyMap<string, PairRules>;
  /** Every pair that has a rule, each once, in order. */
  readonly pairs: readonly PolicyPair[];

  constructor(rules: Iterable<readonly [PolicyPair, PairRules]>) {
    const sorted = [...rules].map(([pair, rule]): [PolicyPair, PairRules] => [inOrder(pair), rule]);
    sorted.sort(([a], [b]) => (a[0] === b[0] ? compare(a[1], b[1]) : compare(a[0], b[0])));
    this.pairs = sorted.map(([pair]) => pair);
    this.#rules = new Map(sorted.map(([pair, rule]) => [pairName(pair), rule]));
  }

  /** Undefined: the pair may have no key at all. */
  rulesFor(pair: PolicyPair): PairRules | undefined {
    return this.#rules.get(pairName(pair));
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const inOrder = ([a, b]: PolicyPair): PolicyPair => (a < b ? [a, b] : [b, a]);
export const pairName = (pair: PolicyPair): string => JSON.stringify(inOrder(pair));

export interface DecisionContext {
  readonly nowMs: number;
  /** What the caller demands besides; it can only make the rules stricter. */
  readonly demand?: RouteDemand | undefined;
  /** Name of what a node counts as one with (`Topology.likeness`); without it nodes count one by one. */
  readonly likeness?: ((nodeId: string, by: Likeness) => string) | undefined;
}

/**
 * A clock of another node may be so far ahead. Assumed: sites keep UTC to better than a second, and a key dated further
 * ahead has an age that nobody knows.
 */
const CLOCK_SKEW_MS = 60_000;

/** Whether a key of these labels may be handed to the pair now. Names the first rule that it breaks. */
export function decide(policy: Policy, pair: PolicyPair, labels: KeyLabels, context: DecisionContext): Decision {
  const rules = policy.rulesFor(pair);
  if (!rules) {
    return {
      allowed: false,
      code: 'unauthorized',
      why: `no rule of the policy lets ${pair[0]} and ${pair[1]} share keys`,
    };
  }
  const effective = narrowed(rules, context.demand);
  const why = effective === null ? contradictoryDemand(rules, context.demand!) : broken(effective, labels, context);
  return why === undefined ? { allowed: true, rule: rules.rule } : { allowed: false, code: 'demand', why };
}

/** The rules with a caller's demand added; null when nothing can satisfy both. */
export function narrowed<T extends RouteRules>(rules: T, demand: RouteDemand | undefined): T | null {
  if (demand === undefined) return rules;
  const { routeType = rules.routeType, maxAgeMs = null, minPaths = 1 } = demand;
  if (rules.routeType !== 'any' && routeType !== rules.routeType) return null;
  const ages = [rules.maxAgeMs, maxAgeMs].filter((age) => age !== null);
  const narrow = {
    ...rules,
    routeType,
    minPaths: Math.max(rules.minPaths, minPaths),
    maxAgeMs: ages.length > 0 ? Math.min(...ages) : null,
  };
  return narrow.routeType === 'direct' && narrow.minPaths > 1 ? null : narrow;
}

function contradictoryDemand(rules: RouteRules, { routeType, minPaths }: RouteDemand): string {
  return routeType !== undefined && rules.routeType !== 'any' && routeType !== rules.routeType
    ? `a ${routeType} key is demanded and the policy gives this pair ${rules.routeType} ones only`
    : `${Math.max(rules.minPaths, minPaths ?? 1)} node-disjoint paths and a direct key exclude each other: a direct key has no node to share it among`;
}

/** Between the names of proofs of key that was made from several pieces. */
export const PROOFS_JOINT = ' + ';

/** Whether every proof that a key rests on is allowed. */
export const mayRestOn = ({ proofs }: RouteRules, proof: string): boolean =>
  proof.split(PROOFS_JOINT).every((name) => proofs.includes(name));

/** What is wrong with the key, or undefined. */
function broken(rules: RouteRules, labels: KeyLabels, { nowMs, likeness }: DecisionContext): string | undefined {
  const { routes, jurisdictions, createdAtMs, expiresAtMs } = labels;
  return (
    brokenRoutes(rules, routes, likeness) ??
    brokenPlaces(rules, jurisdictions) ??
    (expiresAtMs !== null && !(nowMs < expiresAtMs) ? 'the key has expired' : undefined) ??
    (rules.maxAgeMs === null ? undefined : brokenAge(rules.maxAgeMs, nowMs - createdAtMs)) ??
    most('epsSec', labels.epsSec, rules.epsSec) ??
    most('epsCor', labels.epsCor, rules.epsCor) ??
    (mayRestOn(rules, labels.proof)
      ? undefined
      : `the key rests on the proof ${labels.proof}; allowed are ${rules.proofs.join(', ')}`) ??
    (labels.simulated && !rules.simulated ? 'the photons were simulated, and so is the secrecy of the key' : undefined)
  );
}

function brokenRoutes(
  { minPaths, maxRelays, routeType, distinct, denyNodes }: RouteRules,
  routes: KeyLabels['routes'],
  likeness: DecisionContext['likeness'],
): string | undefined {
  if (routes.length === 0 || routes.some((route) => route.length < 2)) return 'the key does not say which way it came';
  const between = routes.map((route) => route.slice(1, -1));
  const relays = Math.max(...between.map(({ length }) => length));
  if (relays > maxRelays) return `the key passed ${relays} relays on one way; at most ${maxRelays} are allowed`;
  if (routeType === 'direct' && relays > 0)
    return `the key was relayed by ${between.flat().join(', ')}; only direct ones are allowed`;
  if (routeType === 'relayed' && between.some(({ length }) => length === 0))
    return 'the key is a direct one; only relayed ones are allowed';
  const denied = routes.flat().find((node) => denyNodes.includes(node));
  if (denied !== undefined) return `the key passed ${denied}, which is denied`;
  if (routes.length < minPaths) {
    return `the key was shared over ${routes.length} path${routes.length === 1 ? '' : 's'}; at least ${minPaths} are demanded`;
  }
  if (minPaths > 1) {
    const on = new Map<string, number>();
    for (const [path, nodes] of between.entries()) {
      for (const node of nodes) {
        const name = likeness ? likeness(node, distinct) : node;
        if ((on.get(name) ?? path) !== path) return `two of the key's paths meet in ${node}: they are not disjoint`;
        on.set(name, path);
      }
    }
  }
  return undefined;
}

function brokenPlaces(
  { allowJurisdictions: allow, denyJurisdictions: deny }: RouteRules,
  places: readonly string[],
): string | undefined {
  if (allow === null && deny.length === 0) return undefined;
  if (places.length === 0) return 'nobody told in which jurisdictions the nodes of the key stand, and the policy asks';
  const denied = places.find((place) => deny.includes(place));
  if (denied !== undefined) return `the key passed ${denied}, which is denied`;
  const foreign = allow === null ? undefined : places.find((place) => !allow.includes(place));
  return foreign === undefined ? undefined : `the key passed ${foreign}; allowed are ${allow!.join(', ')}`;
}

function brokenAge(maxAgeMs: number, ageMs: number): string | undefined {
  if (ageMs < -CLOCK_SKEW_MS) return `the key was made ${-ageMs} ms ahead of our clock: its age is not known`;
  return ageMs <= maxAgeMs ? undefined : `the key is ${ageMs} ms old; at most ${maxAgeMs} are allowed`;
}

/** Written so that no number, too, is more than allowed. */
const most = (name: string, value: number, limit: number): string | undefined =>
  value <= limit ? undefined : `the key has ${name} ${value}; at most ${limit} is allowed`;
