/** Element sets from a file, and how old elements may be. */
import { checkAge, type Elements, parseOmm, parseTleFile, type Target } from '@skykey/orbit';
import { CliError } from '../error.ts';
import { readText } from '../file.ts';
import { listed } from '../selection.ts';

/** A satellite by the name that passes are listed under. */
export interface Named {
  readonly id: string;
  readonly target: Target;
}

/**
 * The satellites of a file of two-line elements or mean-elements messages; `wanted` picks one by name or catalogue
 * number. Two sets of one name are told apart by their catalogue numbers; a set that is there twice is refused, because
 * its passes would be.
 * @throws CliError `cli/file`, `cli/satellite`, `cli/elements`; OrbitError with file, line and field
 */
export function elementsIn(kind: 'tle' | 'omm', file: string, wanted: string | undefined): Named[] {
  const text = readText(`--${kind}`, file);
  const sets = kind === 'tle' ? parseTleFile(text, file) : parseOmm(text, file);
  const names = Map.groupBy(sets, ({ name }) => name);
  const named = sets.map((target) => ({
    id: names.get(target.name)!.length > 1 ? `${target.name} (${target.noradId})` : target.name,
    target,
  }));
  const ids = new Set<string>();
  for (const { id } of named) {
    if (ids.has(id)) {
      throw new CliError('cli/elements', `--${kind} ${file} has two element sets of ${id}; leave the newer one`);
    }
    ids.add(id);
  }
  if (wanted === undefined) return named;
  const found = named.filter(
    ({ id, target }) =>
      [id, target.name].some((name) => name.toLowerCase() === wanted.toLowerCase()) ||
      String(target.noradId) === wanted,
  );
  if (found.length > 0) return found;
  throw new CliError(
    'cli/satellite',
    `--satellite ${wanted}: the satellites of ${file} are ${listed(named.map(({ id }) => id))}; give a name or a catalogue number`,
  );
}

/** A warning for each is too much where there are thousands. */
const SHOWN = 3;

/**
 * Warnings about elements used more than 7 days from their epoch.
 * @throws OrbitError `orbit/elements-age` past 30 days or `maxAge`, `orbit/epoch-future`
 */
export function ageWarnings(
  satellites: readonly { readonly target: Target }[],
  interval: { readonly fromMs: number; readonly toMs: number },
  maxAge: number | undefined,
): string[] {
  if (maxAge !== undefined && !(maxAge > 0)) {
    throw new CliError('cli/option', `--max-age ${maxAge}: give a number of days above 0`);
  }
  const nowMs = Date.now();
  const query = { ...interval, nowMs, ...(maxAge === undefined ? {} : { allowDays: maxAge }) };
  const warnings = satellites.flatMap(({ target }) => (target.kind === 'sgp4' ? agesOf(target, query) : []));
  const more = warnings.length - SHOWN;
  return more > 0 ? [...warnings.slice(0, SHOWN), `${more} more element sets are as far from their epochs`] : warnings;
}

function agesOf(target: Elements, query: Parameters<typeof checkAge>[1]): string[] {
  try {
    return checkAge(target, query);
  } catch (error) {
    const { code, message } = error as Error & { code?: unknown };
    if (code !== 'orbit/elements-age') throw error;
    throw new CliError('cli/elements', `${message} (--max-age DAYS)`, { cause: error });
  }
}
