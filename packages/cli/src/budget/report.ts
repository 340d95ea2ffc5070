/** A budget for people: the terms at the begin, where the range is least, and at the end. */
import type { Scenario } from '@skykey/scenario';
import { clock, iso, stretch } from '../interval.ts';
import { COLUMNS, paragraph } from '../paragraph.ts';
import { differenceDb, type Inputs, togetherDb } from './document.ts';
import type { Arm, Row, Subject } from './subject.ts';

const LABEL = 25;
const COLUMN = 11;
/** Radiance that no detector will ever tell from none. */
const FAINTEST = 1e-20;

export const thousands = (value: number): string => Math.round(value).toLocaleString('en');
export const dB = (value: number | null | undefined): string =>
  value === null || value === undefined ? '–' : `${value.toFixed(2)} dB`;

export function lineOf(label: string, cells: readonly string[]): string {
  return `  ${label.padEnd(LABEL)}${cells.map((cell) => cell.padStart(COLUMN)).join('')}`;
}

/** Which rows people want to see. */
export function momentsIn(
  rows: readonly { readonly rangeKm: number }[],
): { readonly name: string; readonly index: number }[] {
  if (rows.length === 1) return [{ name: '', index: 0 }];
  const nearest = rows.reduce((best, { rangeKm }, i) => (rangeKm < rows[best]!.rangeKm ? i : best), 0);
  return [
    { name: 'begin', index: 0 },
    { name: 'nearest', index: nearest },
    { name: 'end', index: rows.length - 1 },
  ];
}

export function named<R, T extends { readonly name: string }>(rows: readonly R[], of: (row: R) => readonly T[]): T[] {
  const found = new Map<string, T>();
  for (const row of rows) for (const term of of(row)) if (!found.has(term.name)) found.set(term.name, term);
  return [...found.values()];
}

function armLines(arm: Arm): string[] {
  const { link, rows } = arm;
  const at = momentsIn(rows);
  const seen = at.map(({ index }) => rows[index]!);
  const line = (label: string, of: (row: Row) => string): string => lineOf(label, seen.map(of));
  const way = link.direction === 'up' ? 'up from' : 'down to';
  const losses = named(seen, ({ model }) => model?.terms ?? []);
  const lights = named(seen, ({ background }) => background?.terms ?? []);
  const termOf = (row: Row, name: string) => row.model?.terms.find((term) => term.name === name)?.lossDb;
  return [
    `${link.satellite.name} ${way} ${link.station.station.name}, ${link.optics.wavelengthNm} nm`,
    ...(at.length > 1
      ? [
          lineOf(
            '',
            at.map(({ name }) => name),
          ),
        ]
      : []),
    ...(seen[0]!.utcMs === null ? [] : [line('UTC', ({ utcMs }) => clock(utcMs!))]),
    line('range', ({ rangeKm }) => `${thousands(rangeKm)} km`),
    line('elevation', ({ elevationDeg }) => `${elevationDeg.toFixed(1)}°`),
    '',
    ...losses.map(({ name }) => line(name, (row) => dB(termOf(row, name)))),
    line('model, all terms', ({ model }) => dB(model?.totalDb)),
    ...(link.measured
      ? [
          line('measured', ({ measured }) => dB(measured?.totalDb)),
          line('measured less model', (row) => dB(differenceDb(row))),
        ]
      : []),
    ...(seen.some(({ fading }) => fading?.scintillation)
      ? [line('fading index', ({ fading }) => fading?.scintillation?.index.toPrecision(3) ?? '–')]
      : []),
    ...(lights.length > 0
      ? [
          '',
          '  background, W m^-2 sr^-1 nm^-1',
          ...lights.map(({ name }) =>
            line(name, ({ background }) => {
              const radiance = background!.terms.find((term) => term.name === name)?.radiance ?? 0;
              return radiance < FAINTEST ? '–' : radiance.toExponential(1);
            }),
          ),
          line('all detectors, ungated', ({ background }) => `${background!.rateHz.toPrecision(3)}/s`),
          line('a gate, with dark counts', ({ noisePerGate }) => noisePerGate!.toExponential(2)),
        ]
      : []),
  ];
}

/** Each source once, however many arms have it. */
function sourceLines({ arms }: Subject): string[] {
  return termLines(
    arms.flatMap(({ rows }) => [
      ...named(rows, ({ model }) => model?.terms ?? []),
      ...named(rows, ({ measured }) => measured?.terms ?? []),
      ...named(rows, ({ background }) => background?.terms ?? []),
    ]),
  );
}

export function termLines(terms: readonly { readonly name: string; readonly source: string }[]): string[] {
  return [...new Set(terms.map(({ name, source }) => `${name}: ${source}`))].flatMap((words) => paragraph(words));
}

/** What ends every budget for people: sources, assumptions, the run and its warnings. */
export function tailLines(
  sources: readonly string[],
  { assumed, count }: Inputs,
  run: string,
  warnings: readonly string[],
): string[] {
  const sentences = assumed.map((sentence) => {
    const text = `  ${sentence.slice(0, sentence.indexOf(': '))}`;
    return text.length > COLUMNS ? `${text.slice(0, COLUMNS - 1)}…` : text;
  });
  return [
    '',
    'Where the terms come from:',
    ...sources,
    '',
    `Assumed are ${assumed.length} of ${count} inputs (--json gives the reasons):`,
    ...sentences,
    '',
    `Run ${run}`,
    ...warnings.flatMap((warning) => paragraph(`! ${warning}`, { first: 0, indent: 2 })),
    '',
  ];
}

function togetherLines({ arms }: Subject): string[] {
  if (arms.length < 2) return [];
  const { rows } = arms[0]!;
  const sums = rows.map((_, i) => togetherDb(arms, i));
  const known = sums.flatMap((sum, i) => (sum === null ? [] : [{ sum, i }]));
  if (known.length === 0) return [];
  const least = known.reduce((best, one) => (one.sum < best.sum ? one : best));
  if (rows.length === 1) return ['', 'Both arms together', `  ${dB(least.sum)}`];
  const at = clock(rows[least.i]!.utcMs!);
  const words = `${dB(sums[0])} at the begin, ${dB(least.sum)} at ${at}, ${dB(sums.at(-1))} at the end`;
  return ['', 'Both arms together', `  ${words}`];
}

export function budgetReport(
  scenario: Scenario,
  subject: Subject,
  inputs: Inputs,
  warnings: readonly string[],
): string {
  const { window, kind, stepS, arms } = subject;
  const when =
    kind === 'pass'
      ? `${stretch(window!.startMs, window!.endMs)}, every ${stepS} s`
      : window
        ? iso(window.startMs)
        : 'a geometry without a time';
  return [
    scenario.title,
    when,
    ...arms.flatMap((arm) => ['', ...armLines(arm)]),
    ...togetherLines(subject),
    ...tailLines(sourceLines(subject), inputs, subject.run, warnings),
  ].join('\n');
}
