/** A budget for programs: JSON with everything, CSV with one row a moment and link. */
import type { LinkBudget } from '@skykey/optics';
import { assumptions, type Background, declaredParameters, type Scenario } from '@skykey/scenario';
import { type Cell, csv, round } from '../csv.ts';
import { iso } from '../interval.ts';
import { VERSION } from '../version.ts';
import type { Arm, Row, Subject } from './subject.ts';

const DB = 3;

/** What of a scenario's inputs a subject rests on. */
export interface Inputs {
  readonly assumed: readonly string[];
  readonly count: number;
}

/** Inputs of the links alone: what a budget does not use (weather, protocol, the played clock) is left out. */
export function inputsOf(scenario: Scenario, { arms }: Subject): Inputs {
  const ids = {
    satellites: new Set(arms.map(({ link }) => link.satellite.document.id)),
    stations: new Set(arms.map(({ link }) => link.station.id)),
  };
  // A satellite that sends to the ground may also receive from others, and the other way round.
  const idle = scenario.kind === 'uplink' ? 'transmitter' : 'receiver';
  return inputsAt(scenario, (path) => {
    const [list = '', id = '', field = ''] = path.split('.');
    if (list === 'satellites') return ids.satellites.has(id) && field !== idle;
    return list === 'stations' && ids.stations.has(id) && field !== 'weather';
  });
}

/** Of the inputs, those whose paths are used. */
export function inputsAt({ document }: Scenario, used: (path: string) => boolean): Inputs {
  return {
    assumed: assumptions(document).filter((sentence) => used(sentence)),
    count: declaredParameters(document).filter(({ path }) => used(path)).length,
  };
}

/** Sum of both arms at the same moment, dB; null where one of them is not known. */
export function togetherDb(arms: readonly Arm[], i: number): number | null {
  const each = arms.map(({ rows }) => rows[i]!.model?.totalDb);
  return each.length > 1 && each.every((db) => db !== undefined) ? each.reduce((sum, db) => sum! + db!, 0)! : null;
}

/** Measured less model: positive where the link lost more than the model explains. */
export function differenceDb({ model, measured }: Row): number | null {
  return model && measured ? measured.totalDb - model.totalDb : null;
}

export const lossOf = (budget: LinkBudget | null) =>
  budget && {
    totalDb: round(budget.totalDb, DB),
    terms: budget.terms.map(({ name, lossDb, source }) => ({ name, lossDb: round(lossDb, DB), source })),
  };

export const lightOf = (background: Background | null) =>
  background && {
    radiance: significant(background.radiance),
    rateHz: significant(background.rateHz),
    terms: background.terms.map(({ name, radiance, source }) => ({ name, radiance: significant(radiance), source })),
  };

export const orNull = (value: number | null, digits: number): number | null =>
  value === null ? null : round(value, digits);
/** Six significant digits, for what is far from 1. */
export const significant = (value: number): number => Number(value.toPrecision(6));

function rowOf(row: Row, together: number | null) {
  return {
    utc: row.utcMs === null ? null : new Date(Math.round(row.utcMs)).toISOString(),
    rangeKm: round(row.rangeKm, 3),
    elevationDeg: round(row.elevationDeg, 3),
    azimuthDeg: orNull(row.azimuthDeg, 3),
    slewMicroRadS: row.slewRadS === null ? null : round(row.slewRadS * 1e6, 2),
    pointAheadMicroRad: row.pointAheadRad === null ? null : round(row.pointAheadRad * 1e6, 3),
    lightTime: row.lightTime && {
      delayMs: round(row.lightTime.delayS * 1000, 9),
      rate: significant(row.lightTime.rate),
      ratePerS: significant(row.lightTime.ratePerS),
      ratePerS2: significant(row.lightTime.ratePerS2),
      dopplerShift: significant(row.lightTime.frequencyRatio - 1),
    },
    model: lossOf(row.model),
    measured: lossOf(row.measured),
    measuredLessModelDb: orNull(differenceDb(row), DB),
    ...(together === null ? {} : { bothArmsDb: round(together, DB) }),
    background: lightOf(row.background),
    noisePerGate: row.noisePerGate === null ? null : significant(row.noisePerGate),
    fadingIndex: row.fading?.scintillation ? significant(row.fading.scintillation.index) : null,
    fading: row.fading,
  };
}

/**
 * `skykey budget --json`. Radiance in W m^-2 sr^-1 nm^-1; the rate is that of all detectors, ungated. The flight time has
 * its derivatives in s/s, s/s^2 and s/s^3; the Doppler shift is received over sent frequency, less 1.
 */
export function budgetDocument(scenario: Scenario, subject: Subject, inputs: Inputs, warnings: readonly string[]) {
  const { run, arms, window, stepS } = subject;
  return {
    run,
    version: VERSION,
    scenario: scenario.id,
    title: scenario.title,
    kind: scenario.kind,
    satellite: arms[0]!.link.satellite.id,
    startUtc: window && iso(window.startMs),
    endUtc: window && iso(window.endMs),
    stepS,
    links: arms.map(({ link, rows }) => ({
      link: link.id,
      station: link.station.id,
      direction: link.direction,
      wavelengthNm: link.optics.wavelengthNm,
      detectorEfficiency: link.detectorEfficiency,
      flown: link.measured ? 'measured' : 'model',
      rows: rows.map((row, i) => rowOf(row, togetherDb(arms, i))),
    })),
    inputs: inputs.count,
    assumed: inputs.assumed,
    warnings,
  };
}

/** Names of terms over all rows, in the order in which the light meets them. */
export function termNames<R>(rows: readonly R[], of: (row: R) => readonly { readonly name: string }[]): string[] {
  return [...new Set(rows.flatMap((row) => of(row).map(({ name }) => name)))];
}

/** `skykey budget --csv`: every row says which run and version it is of, so that tables can be put together. */
export function budgetCsv({ run, arms }: Subject): string {
  const all = arms.flatMap(({ rows }) => rows);
  const losses = termNames(all, ({ model }) => model?.terms ?? []);
  const lights = termNames(all, ({ background }) => background?.terms ?? []);
  const header = [
    'run',
    'skykey version',
    'link',
    'utc',
    'elapsed (s)',
    'range (km)',
    'elevation (deg)',
    'azimuth (deg)',
    'slew (urad/s)',
    'point ahead (urad)',
    'flight time (ms)',
    'Doppler shift (1)',
    ...losses.map((name) => `${name} (dB)`),
    'model total (dB)',
    'measured total (dB)',
    'measured less model (dB)',
    ...(arms.length > 1 ? ['both arms (dB)'] : []),
    ...lights.map((name) => `${name} (W m^-2 sr^-1 nm^-1)`),
    'background rate (counts/s)',
    'noise per gate and detector (counts)',
    'fading index (1)',
  ];
  const rows = arms.flatMap(({ link, rows }) =>
    rows.map((row, i): Cell[] => {
      const known = rowOf(row, togetherDb(arms, i));
      const loss = new Map(known.model?.terms.map(({ name, lossDb }) => [name, lossDb]));
      const light = new Map(known.background?.terms.map(({ name, radiance }) => [name, radiance]));
      const startMs = rows[0]!.utcMs;
      return [
        run,
        VERSION,
        link.id,
        known.utc,
        row.utcMs === null || startMs === null ? null : round((row.utcMs - startMs) / 1000, 3),
        known.rangeKm,
        known.elevationDeg,
        known.azimuthDeg,
        known.slewMicroRadS,
        known.pointAheadMicroRad,
        known.lightTime?.delayMs ?? null,
        known.lightTime?.dopplerShift ?? null,
        ...losses.map((name) => loss.get(name) ?? null),
        known.model?.totalDb ?? null,
        known.measured?.totalDb ?? null,
        known.measuredLessModelDb,
        ...(arms.length > 1 ? [known.bothArmsDb ?? null] : []),
        ...lights.map((name) => light.get(name) ?? null),
        known.background?.rateHz ?? null,
        known.noisePerGate,
        known.fadingIndex,
      ];
    }),
  );
  return csv(header, rows);
}
