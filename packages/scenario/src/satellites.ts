/** From the orbits of the file to what can be propagated; a constellation becomes its satellites. */
import {
  geostationary,
  keplerian,
  lunarOrbit,
  lunarSurface,
  OrbitError,
  parseTle,
  sunSynchronous,
  type Target,
  walker,
} from '@skykey/orbit';
import { ScenarioError } from './error.ts';
import type { SatelliteScenario } from './model.ts';
import type { OrbitDocument, Parameter, SatelliteDocument } from './schema.ts';

/**
 * The satellites of the file in its order, a Walker constellation as `<id>-1`, `<id>-2` … in the order of `walker`.
 * Throws OrbitError for elements whose lines are bad, ScenarioError `scenario/orbit` for figures that make no orbit and
 * `scenario/satellite` for an id that comes twice.
 */
export function satellitesOf(documents: readonly SatelliteDocument[], where: string): SatelliteScenario[] {
  const satellites = documents.flatMap((document): SatelliteScenario[] => {
    const { id, name, orbit } = document;
    const synthetic = orbit.kind !== 'elements';
    const targets = targetsOf(document, where);
    if (orbit.kind !== 'walker') return [{ id, name, target: targets[0]!, synthetic, document }];
    return targets.map((target, i) => ({
      id: `${id}-${i + 1}`,
      name: `${name} ${i + 1}`,
      target,
      synthetic,
      document,
    }));
  });
  const ids = new Set<string>();
  for (const { id } of satellites) {
    if (ids.has(id)) {
      throw new ScenarioError(
        'scenario/satellite',
        `${where}: satellites.${id} is there twice, once as one of a constellation; every id must be there once`,
      );
    }
    ids.add(id);
  }
  return satellites;
}

function targetsOf({ id, name, orbit }: SatelliteDocument, where: string): readonly Target[] {
  if (orbit.kind === 'elements') {
    const elements = parseTle(orbit.lines.value.join('\n'), `${where}: satellites.${id}.orbit.lines`);
    return [{ ...elements, name }];
  }
  try {
    return madeUp(name, orbit);
  } catch (error) {
    if (!(error instanceof OrbitError)) throw error;
    throw new ScenarioError('scenario/orbit', `${where}: satellites.${id}.orbit: ${error.message}`, { cause: error });
  }
}

function madeUp(name: string, orbit: Exclude<OrbitDocument, { kind: 'elements' }>): readonly Target[] {
  switch (orbit.kind) {
    case 'keplerian':
      return [keplerian(figures(name, orbit))];
    case 'sun-synchronous':
      return [sunSynchronous(figures(name, orbit))];
    case 'walker':
      return walker(figures(name, orbit));
    case 'geostationary':
      return [geostationary(figures(name, orbit))];
    case 'lunar-orbit':
      return [lunarOrbit(figures(name, orbit))];
    case 'lunar-surface': {
      const { latitudeDeg, longitudeDeg, heightM } = orbit;
      return [
        lunarSurface({
          name,
          latitudeDeg: latitudeDeg.value,
          longitudeDeg: longitudeDeg.value,
          heightM: heightM.value,
        }),
      ];
    }
  }
}

type Figures<O> = {
  readonly [K in Exclude<keyof O, 'kind' | 'epochUtc'>]: O[K] extends Parameter<infer T> ? T : never;
} & { readonly name: string; readonly epochMs: number };

/** The bare values of an orbit's parameters, as `orbit` wants them, with the epoch in its own unit. */
function figures<O extends { readonly kind: string; readonly epochUtc: Parameter<string> }>(
  name: string,
  { kind: _, epochUtc, ...parameters }: O,
): Figures<O> {
  const values = Object.entries(parameters).map(([key, parameter]) => [key, (parameter as Parameter<unknown>).value]);
  return { name, epochMs: Date.parse(epochUtc.value), ...Object.fromEntries(values) } as Figures<O>;
}
