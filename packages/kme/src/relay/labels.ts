import type { BlockLabels } from '@skykey/vault';

/** A route told from `end` on; undefined when it does not end there. */
export function routeFrom(route: readonly string[], end: string): readonly string[] | undefined {
  if (route[0] === end) return route;
  return route.at(-1) === end ? [...route].reverse() : undefined;
}

/** Labels of key made from several pieces of key: of each property the worse, and all that any of them rests on. */
export function joinLabels(parts: readonly BlockLabels[], routes: readonly (readonly string[])[]): BlockLabels {
  const times = new Map<string, number>();
  for (const { originLinks, originTimesMs, createdAtMs } of parts) {
    originLinks.forEach((link, i) => {
      times.set(link, Math.min(times.get(link) ?? Number.POSITIVE_INFINITY, originTimesMs?.[i] ?? createdAtMs));
    });
  }
  const sum = (of: (part: BlockLabels) => number): number => parts.reduce((total, part) => total + of(part), 0);
  const ends = parts.flatMap(({ expiresAtMs }) => (expiresAtMs === null ? [] : [expiresAtMs]));
  return {
    originLinks: [...times.keys()],
    originTimesMs: [...times.values()],
    routes,
    // One place that is not told, and nothing can be said of the whole.
    jurisdictions: parts.some(({ jurisdictions }) => jurisdictions.length === 0)
      ? []
      : [...new Set(parts.flatMap(({ jurisdictions }) => jurisdictions))].sort(),
    // Failure probabilities of independent proofs add up at most.
    epsSec: sum((part) => part.epsSec),
    epsCor: sum((part) => part.epsCor),
    proof: [...new Set(parts.flatMap(({ proof }) => proof.split(' + ')))].sort().join(' + ').slice(0, 200),
    simulated: parts.some(({ simulated }) => simulated),
    createdAtMs: Math.min(...parts.map(({ createdAtMs }) => createdAtMs)),
    expiresAtMs: ends.length ? Math.min(...ends) : null,
  };
}

/**
 * What a node hides about key that it passes on, in words; undefined when nothing. Labels only ever get worse: whoever
 * holds a part of the key knows what it rests on, and that must stand in the labels of the whole.
 */
export function hiddenBy(told: BlockLabels, own: readonly BlockLabels[]): string | undefined {
  for (const part of own) {
    const link = part.originLinks.find((origin) => !told.originLinks.includes(origin));
    if (link !== undefined) return `the labels do not name the link ${link}`;
    if (told.routes.length > part.routes.length) return 'the labels tell of more ways than a part of the key took';
    const node = part.routes
      .flatMap((route) => route.slice(1, -1))
      .find((between) => !told.routes.flat().includes(between));
    if (node !== undefined) return `the labels do not name the node ${node}`;
    const proof = part.proof.split(' + ').find((name) => !told.proof.split(' + ').includes(name));
    if (proof !== undefined) return `the labels do not name the proof ${proof}`;
    if (part.simulated && !told.simulated) return 'the labels do not say that the photons are simulated';
    if (told.epsSec < part.epsSec || told.epsCor < part.epsCor)
      return 'the labels promise more than a part of the key does';
    const until = part.expiresAtMs;
    if (until !== null && (told.expiresAtMs === null || told.expiresAtMs > until))
      return 'the labels outlast a part of the key';
    const place =
      told.jurisdictions.length > 0 &&
      part.jurisdictions.find((jurisdiction) => !told.jurisdictions.includes(jurisdiction));
    if (place) return `the labels do not name the jurisdiction ${place}`;
    if (told.jurisdictions.length > 0 && part.jurisdictions.length === 0)
      return 'the labels name places that a part of the key does not';
  }
  return undefined;
}

/**
 * Labels as another node told them, with the times that this node knows better: clocks differ, so younger than a part of
 * it is no lie, but it is not believed either.
 */
export function notYounger(told: BlockLabels, own: readonly BlockLabels[]): BlockLabels {
  const { originTimesMs } = joinLabels([told, ...own], told.routes);
  const createdAtMs = Math.min(told.createdAtMs, ...own.map((part) => part.createdAtMs));
  return { ...told, createdAtMs, originTimesMs: originTimesMs! };
}
