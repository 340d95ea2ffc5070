import type { Parameter, ScenarioDocument } from './schema.ts';

/** Every parameter of a scenario with its provenance, in the order of the file. */
export interface DeclaredParameter {
  /** For example `stations.xinglong.receiver.deadTimeNs`. */
  readonly path: string;
  readonly value: string;
  readonly basis: 'published' | 'assumed';
  readonly source: string;
}

/** Lists every parameter with its provenance; what is not a parameter (ids, names, the demo clock) is not listed. */
export function declaredParameters(document: ScenarioDocument): DeclaredParameter[] {
  const found: DeclaredParameter[] = [];
  const walk = (value: unknown, path: string): void => {
    if (Array.isArray(value)) {
      for (const item of value) walk(item, `${path}.${(item as { id?: string } | null)?.id ?? ''}`);
      return;
    }
    if (typeof value !== 'object' || value === null) return;
    if ('basis' in value && 'source' in value && 'value' in value) {
      const parameter = value as Parameter<unknown>;
      found.push({ path, value: shown(parameter.value), basis: parameter.basis, source: parameter.source });
      return;
    }
    for (const [key, item] of Object.entries(value)) walk(item, path ? `${path}.${key}` : key);
  };
  walk(document, '');
  return found;
}

function shown(value: unknown): string {
  return Array.isArray(value) ? value.map((item) => item ?? 'no data').join(' / ') : String(value);
}

/**
 * What a reader of a result must know was assumed, one sentence a parameter: for everything, or for one satellite (the
 * id of its entry, without the number in a constellation) and one station alone.
 */
export function assumptions(
  document: ScenarioDocument,
  only: { readonly satelliteId?: string; readonly stationId?: string } = {},
): string[] {
  const left = (path: string, list: string, id: string | undefined): boolean =>
    id === undefined || !path.startsWith(`${list}.`) || path.startsWith(`${list}.${id}.`);
  return declaredParameters(document)
    .filter(({ basis }) => basis === 'assumed')
    .filter(({ path }) => left(path, 'satellites', only.satelliteId) && left(path, 'stations', only.stationId))
    .map(({ path, value, source }) => `${path} = ${value}: ${source}`);
}
