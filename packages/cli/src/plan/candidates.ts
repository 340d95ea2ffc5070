/** `--add-station` and `--add-satellite`: what does not exist yet, in the words of the planner. */
import type { Candidate, SatelliteCandidate, StationCandidate } from '@skykey/planner';
import { isDecimal } from '../decimal.ts';
import { CliError } from '../error.ts';

const FIELDS = {
  station: ['like', 'latitude', 'longitude', 'altitude'],
  satellite: ['like', 'phase', 'plane'],
} as const;
const EXAMPLES = {
  station: 'vienna:like=graz,latitude=48.2,longitude=16.4,altitude=200',
  satellite: 'micius-2:like=micius,phase=180,plane=0',
};

/** `id:field=value,…` with exactly the fields of its kind. */
function fieldsOf(
  kind: keyof typeof FIELDS,
  text: string,
): { readonly id: string; readonly of: (name: string) => string } {
  const refuse = (problem: string): never => {
    throw new CliError('cli/candidate', `--add-${kind} ${text}: ${problem}; for example ${EXAMPLES[kind]}`);
  };
  const [, id, rest] = /^([a-z][a-z0-9-]{0,31}):(.+)$/.exec(text) ?? refuse('give an id, a colon and its fields');
  const found = new Map<string, string>();
  for (const part of rest!.split(',')) {
    const [, name, value] = /^\s*([a-z]+)=(\S+)\s*$/.exec(part) ?? refuse(`"${part}" is no field=value`);
    if (!(FIELDS[kind] as readonly string[]).includes(name!)) refuse(`there is no field ${name}`);
    if (found.has(name!)) refuse(`${name} is there twice`);
    found.set(name!, value!);
  }
  return { id: id!, of: (name) => found.get(name) ?? refuse(`${name} is missing`) };
}

function numberOf(kind: keyof typeof FIELDS, text: string, name: string, of: (name: string) => string): number {
  if (isDecimal(of(name))) return Number(of(name));
  throw new CliError('cli/candidate', `--add-${kind} ${text}: ${name} is ${of(name)}; it must be a number`);
}

function stationOf(text: string): StationCandidate {
  const { id, of } = fieldsOf('station', text);
  const figure = (name: string) => numberOf('station', text, name, of);
  return {
    kind: 'station',
    id,
    like: of('like'),
    latitudeDeg: figure('latitude'),
    longitudeDeg: figure('longitude'),
    altitudeM: figure('altitude'),
  };
}

function satelliteOf(text: string): SatelliteCandidate {
  const { id, of } = fieldsOf('satellite', text);
  const figure = (name: string) => numberOf('satellite', text, name, of);
  return { kind: 'satellite', id, like: of('like'), phaseDeg: figure('phase'), planeDeg: figure('plane') };
}

/** @throws CliError `cli/candidate` */
export function candidatesOf(stations: readonly string[] = [], satellites: readonly string[] = []): Candidate[] {
  return [...stations.map(stationOf), ...satellites.map(satelliteOf)];
}
