/** What services bring in each realisation of weather and counts, and how it adds up to what people ask for. */
import { namedRandom, normal, poissonCount } from './chance.ts';
import { blockKey } from './key.ts';
import { countsBetween } from './light.ts';
import type { Opportunity } from './opportunities.ts';
import type { Service, ServiceRules } from './service.ts';
import type { Skies } from './skies.ts';

/** Receives the bits that one block brings, by realisation, in the order in which blocks end; the array is used again. */
export type Delivery = (block: {
  readonly satelliteId: string;
  readonly stationIds: readonly string[];
  /** When its light ends, and the block can be made. */
  readonly utcMs: number;
  /** Null for a block of the whole period. */
  readonly service: Service | null;
  readonly bits: Float64Array;
}) => void;

/**
 * Goes through all blocks. A block of one pass brings max(0, N(raw, spread)) bits under a clear sky and none under clouds;
 * a block of the period has Poisson counts of what its clear services expect, and the key of those. Luck hangs on the name
 * of the pass or link, so that it is the same in every plan of a seed.
 */
export function harvest(
  found: readonly Opportunity[],
  services: readonly Service[],
  skies: Skies,
  rules: ServiceRules,
  seed: number,
  deliver: Delivery,
  onProgress: (fraction: number) => void = () => undefined,
): void {
  const bits = new Float64Array(skies.realisations);
  if (rules.blocks === 'period') {
    const links = Map.groupBy(services, ({ opportunity }) => linkOf(found[opportunity]!));
    let done = 0;
    for (const [name, members] of links) {
      const { satelliteId, stationIds } = found[members[0]!.opportunity]!;
      pooled(found, members, skies, namedRandom(seed, name), bits);
      deliver({ satelliteId, stationIds, utcMs: Math.max(...members.map(({ endMs }) => endMs)), service: null, bits });
      onProgress(++done / links.size);
    }
    return;
  }
  const before = new Map<string, number>();
  const inOrder = [...services].sort((a, b) => a.endMs - b.endMs);
  for (const [n, service] of inOrder.entries()) {
    const { id, satelliteId, stationIds } = found[service.opportunity]!;
    // Two parts of one window count different photons.
    const part = (before.get(id) ?? 0) + 1;
    before.set(id, part);
    const random = namedRandom(seed, part === 1 ? id : `${id} ${part}`);
    const { rawSecretBits, spreadBits } = service.key;
    for (let r = 0; r < bits.length; r++) {
      const luck = rawSecretBits + spreadBits * normal(random);
      bits[r] = luck > 0 && skies.clear(service.opportunity, r) ? luck : 0;
    }
    deliver({ satelliteId, stationIds, utcMs: service.endMs, service, bits });
    onProgress((n + 1) / services.length);
  }
}

const linkOf = ({ satelliteId, stationIds }: Opportunity): string => [satelliteId, ...stationIds].join(' ');

function pooled(
  found: readonly Opportunity[],
  members: readonly Service[],
  skies: Skies,
  random: ReturnType<typeof namedRandom>,
  bits: Float64Array,
): void {
  const { rules } = found[members[0]!.opportunity]!;
  const each = members.map(({ opportunity, startMs, endMs }) =>
    countsBetween(found[opportunity]!.light, startMs, endMs),
  );
  for (let r = 0; r < bits.length; r++) {
    const counts = new Float64Array(each[0]!.length);
    for (const [m, { opportunity }] of members.entries()) {
      if (!skies.clear(opportunity, r)) continue;
      for (let cell = 0; cell < counts.length; cell++) counts[cell]! += each[m]![cell]!;
    }
    for (let cell = 0; cell < counts.length; cell++) counts[cell] = poissonCount(random, counts[cell]!);
    bits[r] = blockKey(rules, counts).secretBits;
  }
}

/**
 * Key between two stations over trusted satellites. A satellite that holds `a` bits with one station and `b` with the other
 * can give them min(a, b) by announcing the XOR of equal lengths; what it gives at any moment rests on what was made before,
 * so the stocks are followed in order of time. Every pair is reckoned for itself: pairs that share a station share its stock.
 */
export class Stocks {
  readonly #realisations: number;
  /** Bits by satellite and station. */
  readonly #held = new Map<string, Map<string, Float64Array>>();

  constructor(realisations: number) {
    this.#realisations = realisations;
  }

  add(satelliteId: string, stationId: string, bits: Float64Array): void {
    const over = this.#held.get(satelliteId) ?? new Map<string, Float64Array>();
    this.#held.set(satelliteId, over);
    const stock = over.get(stationId) ?? new Float64Array(this.#realisations);
    over.set(stationId, stock);
    for (let r = 0; r < stock.length; r++) stock[r]! += bits[r]!;
  }

  /** What all satellites could have given the pair up to now, by realisation. */
  between(one: string, other: string): Float64Array {
    const given = new Float64Array(this.#realisations);
    for (const over of this.#held.values()) {
      const a = over.get(one);
      const b = over.get(other);
      if (!a || !b) continue;
      for (let r = 0; r < given.length; r++) given[r]! += Math.min(a[r]!, b[r]!);
    }
    return given;
  }
}
