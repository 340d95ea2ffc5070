/** The budget along a pass: its terms one on the other, what was measured beside them, range and elevation below. */
import { areaY, axisY, gridY, line, type PlotOptions, ruleY } from '@observablehq/plot';
import type { Scenario } from '@skykey/scenario';
import type { Inputs } from '../budget/document.ts';
import { differenceDb, togetherDb } from '../budget/document.ts';
import type { Arm, Row, Subject } from '../budget/subject.ts';
import { stretch } from '../interval.ts';
import { VERSION } from '../version.ts';
import { lineColour, termColours } from './palette.ts';
import { GRID, INK, type Key, type Panel, sheetOf } from './sheet.ts';
import { timeAxis } from './time-axis.ts';

/** A term that never reaches it would be a line of no thickness; the caption names it. */
const SEEN_DB = 0.1;
/** Room below a panel, with the figures of the axis or without. */
const BOTTOM = { figures: 26, none: 6 };

const figure = (value: number, digits: number, sign: 'auto' | 'exceptZero' = 'auto'): string =>
  value
    .toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay: sign })
    .replace('-', '−');

function span(values: readonly number[], digits: number, unit: string, sign?: 'exceptZero'): string {
  const [low, high] = [figure(Math.min(...values), digits, sign), figure(Math.max(...values), digits, sign)];
  const behind = unit === '°' ? unit : ` ${unit}`;
  return low === high ? `${low}${behind}` : `${low}${unit === '°' ? unit : ''} to ${high}${behind}`;
}

const dateOf = (row: Row): Date => new Date(row.utcMs!);

/** Axes and frame that all panels have; `domain` of the y axis. */
function framed(
  { window }: Subject,
  domain: readonly [number, number],
  figures: boolean,
  marks: NonNullable<PlotOptions['marks']>,
  ticks: number,
): PlotOptions {
  const { startMs, endMs } = window!;
  return {
    marginBottom: figures ? BOTTOM.figures : BOTTOM.none,
    x: { type: 'utc', domain: [new Date(startMs), new Date(endMs)], axis: null },
    y: { domain: [...domain], axis: null },
    marks: [
      gridY({ stroke: GRID, strokeOpacity: 1, ticks }),
      marks,
      timeAxis(startMs, endMs, figures),
      axisY({ label: null, ticks, tickSize: 0 }),
    ],
  };
}

interface Layer {
  readonly name: string;
  readonly values: readonly number[];
}

/** Terms in the order of the budget, with their values by row. */
function layersOf(rows: readonly Row[]): Layer[] {
  const names = [...new Set(rows.flatMap(({ model }) => model?.terms.map(({ name }) => name) ?? []))];
  return names.map((name) => ({
    name,
    values: rows.map(({ model }) => model?.terms.find((term) => term.name === name)?.lossDb ?? 0),
  }));
}

const seen = ({ values }: Layer): boolean => Math.max(...values) >= SEEN_DB;

function lossPanel(subject: Subject, { link, rows }: Arm, height: number): Panel {
  const modelled = rows.filter(({ model }) => model !== null);
  const measured = rows.filter((row) => row.measured !== null);
  const layers = layersOf(modelled).filter(seen);
  const colours = termColours(layers.map(({ name }) => name));
  const cells = layers.flatMap(({ name, values }) =>
    values.map((lossDb, i) => ({ name, lossDb, date: dateOf(modelled[i]!), colour: colours.get(name)! })),
  );
  const totals = modelled.map(({ model }) => model!.totalDb);
  const most = Math.max(...totals, ...measured.map((row) => row.measured!.totalDb));
  const two = subject.arms.length > 1;
  const keys: Key[] = [
    ...(measured.length > 0
      ? [
          {
            name: 'measured',
            remark: `model ${span(
              rows.flatMap((row) => differenceDb(row) ?? []),
              1,
              'dB',
              'exceptZero',
            )}`,
            colour: INK,
            mark: 'line' as const,
          },
        ]
      : []),
    ...layers
      .map(
        ({ name, values }): Key => ({ name, remark: span(values, 1, 'dB'), colour: colours.get(name)!, mark: 'area' }),
      )
      .reverse(),
  ];
  return {
    heading: `Loss${two ? ` to ${link.station.station.name}` : ''}, dB (model: ${span(totals, 1, 'dB')})`,
    height,
    keys,
    options: framed(
      subject,
      [0, most * 1.06],
      false,
      [
        areaY(cells, { x: 'date', y: 'lossDb', z: 'name', fill: 'colour', stroke: '#ffffff', strokeWidth: 0.4 }),
        ruleY([0], { stroke: INK }),
        line(measured, { x: dateOf, y: (row: Row) => row.measured!.totalDb, stroke: '#ffffff', strokeWidth: 5 }),
        line(measured, { x: dateOf, y: (row: Row) => row.measured!.totalDb, stroke: INK, strokeWidth: 2.5 }),
      ],
      6,
    ),
  };
}

function sumPanel(subject: Subject): Panel[] {
  const { arms } = subject;
  if (arms.length < 2) return [];
  const points = arms[0]!.rows.flatMap((row, i) => {
    const sum = togetherDb(arms, i);
    return sum === null ? [] : [{ date: dateOf(row), sum }];
  });
  const sums = points.map(({ sum }) => sum);
  const [low, high] = [Math.min(...sums), Math.max(...sums)];
  const room = Math.max(1, (high - low) * 0.15);
  return [
    {
      heading: `Both arms together, dB (model: ${span(sums, 1, 'dB')})`,
      height: 92,
      keys: [{ name: 'both arms', colour: INK, mark: 'line' }],
      options: framed(
        subject,
        [low - room, high + room],
        false,
        [line(points, { x: 'date', y: 'sum', strokeWidth: 2.5 })],
        4,
      ),
    },
  ];
}

/** A figure of the geometry: one line, or one an arm. */
function geometryPanel(
  subject: Subject,
  heading: string,
  of: (row: Row) => number,
  unit: string,
  figures: boolean,
): Panel {
  const { arms } = subject;
  const all = arms.flatMap(({ rows }) => rows.map(of));
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const room = Math.max((high - low) * 0.12, high * 0.005);
  return {
    heading,
    height: figures ? 104 : 84,
    keys: arms.map(({ link, rows }, i) => ({
      name: arms.length > 1 ? link.station.station.name : heading.toLowerCase().split(',')[0]!,
      remark: span(rows.map(of), unit === '°' ? 1 : 0, unit),
      colour: lineColour(i),
      mark: i === 0 ? 'line' : 'dashes',
    })),
    options: framed(
      subject,
      [Math.max(0, low - room), high + room],
      figures,
      arms.map(({ rows }, i) =>
        line(rows, {
          x: dateOf,
          y: of,
          stroke: lineColour(i),
          strokeWidth: 2.5,
          ...(i === 0 ? {} : { strokeDasharray: '4 3' }),
        }),
      ),
      3,
    ),
  };
}

export function budgetChart(scenario: Scenario, subject: Subject, inputs: Inputs): string {
  const { arms, window, run } = subject;
  const { satellite, optics, direction } = arms[0]!.link;
  const stations = arms.map(({ link }) => link.station.station.name).join(' and ');
  const { startMs, endMs } = window!;
  const [from, to] = direction === 'up' ? [stations, satellite.name] : [satellite.name, stations];
  const measured = arms.some(({ link }) => link.measured);
  const hidden = new Set(
    arms.flatMap(({ rows }) =>
      layersOf(rows)
        .filter((layer) => !seen(layer))
        .map(({ name }) => name),
    ),
  );
  return sheetOf({
    title: `Link budget, ${from} to ${to}`,
    subtitle: `${scenario.title}. ${stretch(startMs, endMs)}, ${optics.wavelengthNm} nm`,
    panels: [
      ...arms.map((arm) => lossPanel(subject, arm, arms.length > 1 ? 210 : 300)),
      ...sumPanel(subject),
      geometryPanel(subject, 'Range, km', ({ rangeKm }) => rangeKm, 'km', false),
      geometryPanel(subject, 'Elevation, degrees', ({ elevationDeg }) => elevationDeg, '°', true),
    ],
    caption:
      `Mean over fading, clear sky; detector efficiency not included${measured ? '; measured: the curve published for this link' : ''}. ` +
      `${hidden.size > 0 ? `Below ${SEEN_DB} dB and not drawn: ${[...hidden].join(', ')}. ` : ''}` +
      `${inputs.assumed.length} of ${inputs.count} inputs are assumed, the others published with their sources. ` +
      `Time in UTC. Run ${run}, Skykey ${VERSION}.`,
  });
}
