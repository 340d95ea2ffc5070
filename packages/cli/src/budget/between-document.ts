/** A budget between two satellites for programs: JSON with everything, CSV with one row a moment. */
import type { Scenario } from '@skykey/scenario';
import { type Cell, csv, round } from '../csv.ts';
import { iso } from '../interval.ts';
import { VERSION } from '../version.ts';
import type { BetweenSubject, SpaceSight } from './between.ts';
import { type Inputs, inputsAt, lightOf, lossOf, orNull, significant, termNames } from './document.ts';

/** Orbits of both, the transmitter of one and the receiver of the other. */
export function spaceInputsOf(scenario: Scenario, { link: { from, to } }: BetweenSubject): Inputs {
  const used = [
    ['orbit', from],
    ['orbit', to],
    ['transmitter', from],
    ['receiver', to],
  ] as const;
  return inputsAt(scenario, (path) =>
    used.some(([field, { document }]) => path.startsWith(`satellites.${document.id}.${field}.`)),
  );
}

function rowOf(row: SpaceSight) {
  const { light, sky } = row;
  return {
    utc: row.utcMs === null ? null : new Date(Math.round(row.utcMs)).toISOString(),
    rangeKm: round(row.rangeKm, 3),
    rangeRateKmS: orNull(row.rangeRateKmS, 6),
    grazingHeightKm: orNull(row.grazingHeightKm, 3),
    pointAheadMicroRad: light && round(light.pointAheadRad * 1e6, 3),
    lightTime: light && {
      delayMs: round(light.delayS * 1000, 9),
      rate: significant(light.rate),
      dopplerShift: significant(light.frequencyRatio - 1),
    },
    sky: sky && {
      behind: row.behind,
      sunDeg: round(sky.sunDeg, 3),
      moonDeg: round(sky.moonDeg, 3),
      earthDeg: round(sky.earthDeg, 3),
      lowestHeightKm: round(sky.lowestHeightKm, 3),
      sunElevationDeg: round(sky.sunElevationDeg, 3),
    },
    model: lossOf(row.model)!,
    background: lightOf(row.background),
    noisePerGate: row.noisePerGate === null ? null : significant(row.noisePerGate),
    fading: row.fading,
  };
}

/**
 * `skykey budget --between --json`. Radiance in W m^-2 sr^-1 nm^-1; the rate is that of all detectors, ungated. `sky` is
 * that of the receiver: angles from the line of sight to the limbs of Sun, Moon and Earth, negative in front of them; the
 * lowest height that the look passes, also behind the sender, and the elevation of the Sun there.
 */
export function betweenDocument(
  scenario: Scenario,
  subject: BetweenSubject,
  inputs: Inputs,
  warnings: readonly string[],
) {
  const { run, link, window, clipped, stepS, grazingHeightKm, rows } = subject;
  return {
    run,
    version: VERSION,
    scenario: scenario.id,
    title: scenario.title,
    kind: 'inter-satellite',
    from: link.from.id,
    to: link.to.id,
    startUtc: window && iso(window.startMs),
    endUtc: window && iso(window.endMs),
    clipped,
    stepS,
    grazingHeightKm,
    links: [
      {
        link: link.id,
        direction: link.direction,
        wavelengthNm: link.optics.wavelengthNm,
        detectorEfficiency: link.detectorEfficiency,
        flown: 'model',
        rows: rows.map(rowOf),
      },
    ],
    inputs: inputs.count,
    assumed: inputs.assumed,
    warnings,
  };
}

/** `skykey budget --between --csv`. */
export function betweenCsv({ run, link, rows }: BetweenSubject): string {
  const losses = termNames(rows, ({ model }) => model.terms);
  const lights = termNames(rows, ({ background }) => background?.terms ?? []);
  const header = [
    'run',
    'skykey version',
    'link',
    'utc',
    'elapsed (s)',
    'range (km)',
    'range rate (km/s)',
    'grazing height (km)',
    'point ahead (urad)',
    'flight time (ms)',
    'Doppler shift (1)',
    ...losses.map((name) => `${name} (dB)`),
    'model total (dB)',
    'behind the sender (name)',
    'Sun (deg)',
    'Moon (deg)',
    'Earth (deg)',
    ...lights.map((name) => `${name} (W m^-2 sr^-1 nm^-1)`),
    'background rate (counts/s)',
    'noise per gate and detector (counts)',
  ];
  const startMs = rows[0]!.utcMs;
  const cells = rows.map((row): Cell[] => {
    const known = rowOf(row);
    const loss = new Map(known.model.terms.map(({ name, lossDb }) => [name, lossDb]));
    const light = new Map(known.background?.terms.map(({ name, radiance }) => [name, radiance]));
    return [
      run,
      VERSION,
      link.id,
      known.utc,
      row.utcMs === null || startMs === null ? null : round((row.utcMs - startMs) / 1000, 3),
      known.rangeKm,
      known.rangeRateKmS,
      known.grazingHeightKm,
      known.pointAheadMicroRad,
      known.lightTime?.delayMs ?? null,
      known.lightTime?.dopplerShift ?? null,
      ...losses.map((name) => loss.get(name) ?? null),
      known.model.totalDb,
      known.sky?.behind ?? null,
      known.sky?.sunDeg ?? null,
      known.sky?.moonDeg ?? null,
      known.sky?.earthDeg ?? null,
      ...lights.map((name) => light.get(name) ?? null),
      known.background?.rateHz ?? null,
      known.noisePerGate,
    ];
  });
  return csv(header, cells);
}
