import { loadScenario } from '@skykey/node';
import type { Pass, Station } from '@skykey/orbit';
import { type Scenario, scenarioPasses } from '@skykey/scenario';
import { round } from './csv.ts';
import { CliError } from './error.ts';
import { interval, iso, startOf } from './interval.ts';
import { paragraph } from './paragraph.ts';
import { between, betweenTable, GRAZING_KM } from './passes/between.ts';
import { ageWarnings, elementsIn, type Named } from './passes/elements.ts';
import { search } from './passes/search.ts';
import { type JointSighting, type Question, type Sighting, skyOver } from './passes/sighting.ts';
import { jointTable, passTable, type Row } from './passes/table.ts';
import { Progress, warn } from './progress.ts';
import { narrowed, satellitesOf, stationsOf } from './selection.ts';

const DAYS = 3;
/** Above trees, haze and the worst of the seeing, unless told. */
const MIN_ELEVATION_DEG = 10;

export interface PassesOptions {
  readonly scenario: string;
  readonly station?: string;
  readonly satellite?: string;
  readonly tle?: string;
  readonly omm?: string;
  readonly latitude?: number;
  readonly longitude?: number;
  readonly altitude?: number;
  readonly from?: string;
  readonly to?: string;
  readonly minElevation?: number;
  readonly maxAge?: number;
  readonly joint?: boolean;
  readonly between?: string;
  readonly grazing?: number;
  readonly json?: boolean;
}

/** `skykey passes`. */
export async function passes(options: PassesOptions): Promise<void> {
  if (options.between !== undefined) {
    sightLines(options);
    return;
  }
  if (options.grazing !== undefined) {
    throw new CliError(
      'cli/option',
      `--grazing ${options.grazing} without --between: only two satellites look past the Earth`,
    );
  }
  const { question, scenario, warnings } = ask(options);
  warn(warnings, options);
  const progress = new Progress();
  const forPeople = !options.json && question.kind === 'passes';
  const found =
    forPeople && scenario
      ? { passes: withLight(scenario, question, progress), joint: [] }
      : await search(question, (done) => progress.report(done, `${question.satellites.length} satellites`));
  progress.end();
  if (options.json) {
    const rows = question.kind === 'joint' ? found.joint.map(jointDocument) : found.passes.map(passDocument);
    process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
    return;
  }
  const rows = question.kind === 'joint' ? found.joint.length : found.passes.length;
  if (rows === 0) process.stdout.write('No pass in this time.\n');
  else
    process.stdout.write(
      question.kind === 'joint' ? jointTable(found.joint) : passTable(found.passes, question.stations),
    );
  for (const warning of warnings) {
    process.stdout.write(`\n${paragraph(`! ${warning}`, { first: 0, indent: 2 }).join('\n')}\n`);
  }
}

/** Two satellites of a scenario or a file; no station has a part in it. */
function sightLines(options: PassesOptions): void {
  const { tle, omm, between: names = '', grazing = GRAZING_KM, maxAge, json } = options;
  const file = tle ?? omm;
  for (const option of [
    'station',
    'satellite',
    'latitude',
    'longitude',
    'altitude',
    'minElevation',
    'joint',
  ] as const) {
    if (options[option] !== undefined) {
      const name = option === 'minElevation' ? 'min-elevation' : option;
      throw new CliError('cli/option', `--between with --${name}: leave one of the two out`);
    }
  }
  const ids = names.split(',').map((name) => name.trim());
  const kind = tle === undefined ? 'omm' : 'tle';
  const scenario = file === undefined ? loadScenario(options.scenario) : null;
  const satellites: readonly Named[] = scenario
    ? satellitesOf(scenario, '--between', names)
    : ids.flatMap((id) => elementsIn(kind, file!, id));
  const begin = (): number => {
    if (scenario) return startOf(scenario);
    throw new CliError('cli/interval', 'elements of a file: say --from when, a day or an instant UTC');
  };
  const period = interval(options, begin, DAYS);
  const warnings = ageWarnings(satellites, period, maxAge);
  warn(warnings, options);
  const rows = between(satellites, { ...period, grazingHeightKm: grazing });
  if (json) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
  else process.stdout.write(rows.length === 0 ? 'They do not see each other in this time.\n' : betweenTable(rows));
}

/** What the options ask for; the scenario, cut down, where its rules say when there is light for key. */
function ask(options: PassesOptions): { question: Question; scenario: Scenario | null; warnings: string[] } {
  const { tle, omm, joint = false, maxAge } = options;
  if (tle !== undefined && omm !== undefined) {
    throw new CliError(
      'cli/option',
      '--tle and --omm: give one file, of two-line elements or of mean-elements messages',
    );
  }
  const file = tle ?? omm;
  const place = placeOf(options);
  const scenario = file !== undefined && place ? null : loadScenario(options.scenario);
  const fromFile = file === undefined ? null : elementsIn(tle === undefined ? 'omm' : 'tle', file, options.satellite);
  const ofScenario = scenario && !fromFile ? satellitesOf(scenario, '--satellite', options.satellite) : [];
  const satellites: readonly Named[] = fromFile ?? ofScenario;
  const ofScenarioStations = scenario && !place ? stationsOf(scenario, '--station', options.station) : [];
  const stations = place ? [place] : ofScenarioStations.map(({ station }) => station);
  if (joint && stations.length < 2) {
    throw new CliError('cli/station', `--joint needs two stations at least; there is ${stations[0]!.id} alone`);
  }
  const begin = (): number => {
    if (scenario && !fromFile) return startOf(scenario);
    throw new CliError('cli/interval', 'elements of a file: say --from when, a day or an instant UTC');
  };
  const period = interval(options, begin, DAYS);
  return {
    question: {
      satellites: satellites.map(({ id, target }) => ({ id, target })),
      stations,
      ...period,
      minElevationDeg: options.minElevation ?? MIN_ELEVATION_DEG,
      kind: joint ? 'joint' : 'passes',
    },
    scenario: scenario && !fromFile && !place ? narrowed(scenario, ofScenarioStations, ofScenario) : null,
    warnings: ageWarnings(satellites, period, maxAge),
  };
}

/** A place of one's own, named by `--station`. Its coordinates are judged where they are used. */
function placeOf({ latitude, longitude, altitude, station: id = 'here' }: PassesOptions): Station | null {
  if (latitude === undefined && longitude === undefined && altitude === undefined) return null;
  if (latitude === undefined || longitude === undefined) {
    throw new CliError('cli/place', 'a place needs both --latitude and --longitude, in degrees north and east');
  }
  return { id, name: id, latitudeDeg: latitude, longitudeDeg: longitude, altitudeM: altitude ?? 0 };
}

/** Passes with the time in which a scenario exchanges photons, satellite by satellite. */
function withLight(scenario: Scenario, question: Question, progress: Progress): Row[] {
  const { fromMs, toMs, minElevationDeg } = question;
  const { links } = scenario;
  const rows = links.flatMap(({ satellite, station }, n) => {
    progress.report(n / links.length, `${links.length} links`);
    const satelliteId = satellite.id;
    return scenarioPasses(scenario, { fromMs, toMs, minElevationDeg, satelliteId, stationId: station.id }).map(
      ({ pass, link, windows }): Row => {
        const windowS = windows.reduce((sum, { startMs, endMs }) => sum + (endMs - startMs) / 1000, 0);
        return {
          satelliteId,
          stationId: link.station.id,
          pass,
          ...skyOver(link.satellite.target, link.station.station, pass.tcaMs),
          windowS: windows.length > 0 ? windowS : null,
        };
      },
    );
  });
  return rows.sort((a, b) => a.pass.aosMs - b.pass.aosMs);
}

/** Said where the interval cuts it alone: rise, set and top are then those of the part that was looked at. */
const cutOf = ({ clipped }: { readonly clipped: Pass['clipped'] }) => (clipped.start || clipped.end ? { clipped } : {});

function passDocument({ satelliteId, stationId, pass, sunElevationDeg, sunlit }: Sighting) {
  return {
    satellite: satelliteId,
    station: stationId,
    aosUtc: new Date(pass.aosMs).toISOString(),
    tcaUtc: new Date(pass.tcaMs).toISOString(),
    losUtc: new Date(pass.losMs).toISOString(),
    durationS: round(pass.durationS, 1),
    maxElevationDeg: round(pass.maxElevationDeg, 2),
    minRangeKm: round(pass.minRangeKm, 1),
    aosAzimuthDeg: round(pass.aosAzimuthDeg, 1),
    losAzimuthDeg: round(pass.losAzimuthDeg, 1),
    sunElevationDeg: round(sunElevationDeg, 1),
    sunlit,
    ...cutOf(pass),
  };
}

function jointDocument({ satelliteId, stationIds, joint, skies }: JointSighting) {
  return {
    satellite: satelliteId,
    stations: stationIds,
    startUtc: iso(joint.startMs),
    endUtc: iso(joint.endMs),
    durationS: round(joint.durationS, 1),
    bestUtc: iso(joint.bestMs),
    elevationsDeg: joint.best.map(({ elevationDeg }) => round(elevationDeg, 2)),
    rangesKm: joint.best.map(({ rangeKm }) => round(rangeKm, 1)),
    azimuthsDeg: joint.best.map(({ azimuthDeg }) => round(azimuthDeg, 1)),
    sunElevationsDeg: skies.map(({ sunElevationDeg }) => round(sunElevationDeg, 1)),
    sunlit: skies[0].sunlit,
    ...cutOf(joint),
  };
}
