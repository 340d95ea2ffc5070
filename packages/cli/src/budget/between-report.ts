/** A budget between two satellites for people: the terms at the begin, where the range is least, and at the end. */
import type { Scenario } from '@skykey/scenario';
import { round } from '../csv.ts';
import { clock, iso, stretch } from '../interval.ts';
import type { BetweenSubject, SpaceSight } from './between.ts';
import type { Inputs } from './document.ts';
import { dB, lineOf, momentsIn, named, tailLines, termLines, thousands } from './report.ts';

function linkLines({ link, rows }: BetweenSubject): string[] {
  const at = momentsIn(rows);
  const seen = at.map(({ index }) => rows[index]!);
  const line = (label: string, of: (row: SpaceSight) => string): string => lineOf(label, seen.map(of));
  const losses = named(seen, ({ model }) => model.terms);
  const lights = named(seen, ({ background }) => background?.terms ?? []);
  const termOf = ({ model }: SpaceSight, name: string) => model.terms.find((term) => term.name === name)?.lossDb;
  const timed = seen[0]!.utcMs !== null;
  return [
    `${link.from.name} to ${link.to.name}, ${link.optics.wavelengthNm} nm`,
    ...(at.length > 1
      ? [
          lineOf(
            '',
            at.map(({ name }) => name),
          ),
        ]
      : []),
    ...(timed ? [line('UTC', ({ utcMs }) => clock(utcMs!))] : []),
    line('range', ({ rangeKm }) => `${thousands(rangeKm)} km`),
    ...(timed
      ? [
          line('range rate, km/s', ({ rangeRateKmS }) => (round(rangeRateKmS!, 3) + 0).toFixed(3)),
          line('height over the Earth', ({ grazingHeightKm }) => `${thousands(grazingHeightKm!)} km`),
          line('flight time', ({ light }) => `${(light!.delayS * 1000).toFixed(3)} ms`),
          line('point ahead', ({ light }) => `${(light!.pointAheadRad * 1e6).toFixed(1)} µrad`),
        ]
      : []),
    '',
    ...losses.map(({ name }) => line(name, (row) => dB(termOf(row, name)))),
    line('model, all terms', ({ model }) => dB(model.totalDb)),
    ...(timed
      ? [
          '',
          line('behind the sender', ({ behind }) => behind!),
          line('Sun, from the line', ({ sky }) => `${sky!.sunDeg.toFixed(1)}°`),
          line('Moon', ({ sky }) => `${sky!.moonDeg.toFixed(1)}°`),
          line('limb of the Earth', ({ sky }) => `${sky!.earthDeg.toFixed(1)}°`),
        ]
      : []),
    ...(lights.length > 0
      ? [
          '',
          '  background, W m^-2 sr^-1 nm^-1',
          ...lights.map(({ name }) =>
            line(
              name,
              ({ background }) =>
                background?.terms.find((term) => term.name === name)?.radiance.toExponential(1) ?? '–',
            ),
          ),
          line('all detectors, ungated', ({ background }) =>
            background ? `${background.rateHz.toPrecision(3)}/s` : '–',
          ),
          line('a gate, with dark counts', ({ noisePerGate }) => noisePerGate?.toExponential(2) ?? '–'),
        ]
      : []),
  ];
}

export function betweenReport(
  scenario: Scenario,
  subject: BetweenSubject,
  inputs: Inputs,
  warnings: readonly string[],
): string {
  const { window, kind, stepS, rows, run } = subject;
  const when =
    kind === 'pass'
      ? `${stretch(window!.startMs, window!.endMs)}, every ${stepS} s`
      : window
        ? iso(window.startMs)
        : 'a range without a time';
  const sources = termLines([
    ...named(rows, ({ model }) => model.terms),
    ...named(rows, ({ background }) => background?.terms ?? []),
  ]);
  return [scenario.title, when, '', ...linkLines(subject), ...tailLines(sources, inputs, run, warnings)].join('\n');
}
