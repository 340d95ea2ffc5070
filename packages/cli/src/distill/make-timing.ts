/** The timing of a recording, from what a station has: its pulse-per-second, and the satellite's elements. */
import { loadScenario } from '@skykey/node';
import type { Station, Target } from '@skykey/orbit';
import { CliError } from '../error.ts';
import { readText } from '../file.ts';
import { instant } from '../interval.ts';
import { ageWarnings, elementsIn } from '../passes/elements.ts';
import { satellitesOf, stationsOf } from '../selection.ts';
import { flightTable, flightTo } from './flight-time.ts';
import { countTags } from './raw-tags.ts';
import type { TimingDocument } from './timing-document.ts';

export interface TimingOptions {
  readonly tags: string;
  /** A reading of the pulse-per-second a line, ps on the tagger's clock. */
  readonly pps: string;
  /** UTC of the first. */
  readonly firstSecond: string;
  /** UTC, with up to twelve digits of a second, at which slot 0 leaves. */
  readonly slotZero: string;
  readonly jitter: number;
  readonly tolerance?: number;
  readonly scenario: string;
  readonly station?: string;
  readonly satellite?: string;
  readonly tle?: string;
  readonly omm?: string;
  readonly latitude?: number;
  readonly longitude?: number;
  readonly altitude?: number;
  readonly maxAge?: number;
}

const TOLERANCE_PS = 1e6;

/**
 * The common scale counts from the second of the first pulse. The station receives. Throws CliError, and OrbitError for
 * elements and places that are none.
 */
export async function makeTiming(
  options: TimingOptions,
): Promise<{ readonly timing: TimingDocument; readonly warnings: readonly string[] }> {
  const zeroMs = instant('--first-second', options.firstSecond);
  if (zeroMs % 1000 !== 0) {
    throw new CliError('cli/time', `--first-second ${options.firstSecond}: a pulse-per-second is at a whole second`);
  }
  const slotZeroPs = picosecondsAfter(zeroMs, options.slotZero);
  const readingPs = readingsOf(options.pps);
  const { target, station } = endsOf(options);
  const toMs = zeroMs + readingPs.length * 1000;
  const warnings = ageWarnings([{ target }], { fromMs: zeroMs, toMs }, options.maxAge);
  const flight = (receivedMs: number) => flightTo(target, station, 'down', receivedMs);
  return {
    timing: {
      tags: await countTags(options.tags),
      jitterPs: options.jitter,
      slotZeroPs,
      pulsePerSecond: { firstSecond: 0, tolerancePs: options.tolerance ?? TOLERANCE_PS, readingPs },
      lightTime: flightTable(flight, zeroMs, 0, readingPs.length),
      simulated: false,
    },
    warnings,
  };
}

/** An instant with more digits than a number of milliseconds can keep. */
function picosecondsAfter(zeroMs: number, text: string): number {
  const [, second, digits = '', zone] = /^(.*T\d{2}:\d{2}:\d{2})(?:\.(\d{1,12}))?(Z|[+-]\d{2}:\d{2})$/.exec(text) ?? [];
  if (second === undefined) {
    throw new CliError(
      'cli/time',
      `--slot-zero ${text}: give an instant with its zone and up to twelve digits, as 2016-12-19T16:49:57.600000000000Z`,
    );
  }
  return (instant('--slot-zero', `${second}${zone}`) - zeroMs) * 1e9 + Number(digits.padEnd(12, '0'));
}

function readingsOf(file: string): number[] {
  const lines = readText('--pps', file).trim().split(/\r?\n/);
  return lines.map((line, i) => {
    const reading = Number(line);
    if (/^\d+$/.test(line) && Number.isSafeInteger(reading)) return reading;
    throw new CliError(
      'cli/file',
      `--pps ${file}, line ${i + 1}: "${line.slice(0, 40)}" is no whole number of picoseconds`,
    );
  });
}

/** Who sends and who receives: of a scenario, or of elements and a place. */
function endsOf(options: TimingOptions): { readonly target: Target; readonly station: Station } {
  const { tle, omm, latitude, longitude, altitude = 0, satellite } = options;
  if (tle !== undefined && omm !== undefined) throw new CliError('cli/option', '--tle and --omm: give one of them');
  const file = tle ?? omm;
  if ((latitude === undefined) !== (longitude === undefined)) {
    throw new CliError('cli/place', 'a place needs both --latitude and --longitude, in degrees north and east');
  }
  const own = latitude !== undefined && longitude !== undefined;
  const scenario = file !== undefined && own ? null : loadScenario(options.scenario);
  const targets =
    file === undefined
      ? satellitesOf(scenario!, '--satellite', satellite)
      : elementsIn(tle === undefined ? 'omm' : 'tle', file, satellite);
  if (targets.length !== 1) {
    throw new CliError('cli/satellite', `there are ${targets.length} satellites; name one with --satellite`);
  }
  const id = options.station ?? 'here';
  const station: Station = own
    ? { id, name: id, latitudeDeg: latitude, longitudeDeg: longitude, altitudeM: altitude }
    : stationsOf(scenario!, '--station', options.station)[0]!.station;
  return { target: targets[0]!.target, station };
}
