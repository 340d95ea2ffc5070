/** Panels of a budget along time: terms one on the other, and lines of the geometry below. */

import { areaY, axisY, gridY, line, type PlotOptions, ruleY } from '@observablehq/plot';
import type { LinkBudget } from '@skykey/optics';
import type { Window } from '@skykey/scenario';
import { lineColour, termColours } from './palette.ts';
import { GRID, INK, type Key, type Panel } from './sheet.ts';
import { timeAxis } from './time-axis.ts';

/** A term that never reaches it would be a line of no thickness; the caption names it. */
export const SEEN_DB = 0.1;
/** Room below a panel, with the figures of the axis or without. */
const BOTTOM = { figures: 26, none: 6 };

/** What a panel needs of a row. */
export interface Moment {
  readonly utcMs: number | null;
  readonly model: LinkBudget | null;
  readonly measured?: LinkBudget | null;
}

const figure = (value: number, digits: number, sign: 'auto' | 'exceptZero' = 'auto'): string =>
  value
    .toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay: sign })
    .replace('-', '−');

export function span(values: readonly number[], digits: number, unit: string, sign?: 'exceptZero'): string {
  const [low, high] = [figure(Math.min(...values), digits, sign), figure(Math.max(...values), digits, sign)];
  const behind = unit === '°' ? unit : ` ${unit}`;
  return low === high ? `${low}${behind}` : `${low}${unit === '°' ? unit : ''} to ${high}${behind}`;
}

const dateOf = ({ utcMs }: Pick<Moment, 'utcMs'>): Date => new Date(utcMs!);

/** Axes and frame that all panels have; `domain` of the y axis. */
export function framed(
  { startMs, endMs }: Window,
  domain: readonly [number, number],
  figures: boolean,
  marks: NonNullable<PlotOptions['marks']>,
  ticks: number,
): PlotOptions {
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
function layersOf(rows: readonly Moment[]): Layer[] {
  const names = [...new Set(rows.flatMap(({ model }) => model?.terms.map(({ name }) => name) ?? []))];
  return names.map((name) => ({
    name,
    values: rows.map(({ model }) => model?.terms.find((term) => term.name === name)?.lossDb ?? 0),
  }));
}

const seen = ({ values }: Layer): boolean => Math.max(...values) >= SEEN_DB;

/** Names of the terms that are too small to draw. */
export function hiddenIn(rows: readonly Moment[]): string[] {
  return layersOf(rows)
    .filter((layer) => !seen(layer))
    .map(({ name }) => name);
}

/** `whose` stands behind "Loss" where there are several; `remark` beside what was measured. */
export function lossPanel(
  window: Window,
  rows: readonly Moment[],
  height: number,
  { whose = '', remark = '' }: { readonly whose?: string; readonly remark?: string } = {},
): Panel {
  const modelled = rows.filter(({ model }) => model !== null);
  const measured = rows.filter((row) => row.measured);
  const layers = layersOf(modelled).filter(seen);
  const colours = termColours(layers.map(({ name }) => name));
  const cells = layers.flatMap(({ name, values }) =>
    values.map((lossDb, i) => ({ name, lossDb, date: dateOf(modelled[i]!), colour: colours.get(name)! })),
  );
  const totals = modelled.map(({ model }) => model!.totalDb);
  const most = Math.max(...totals, ...measured.map((row) => row.measured!.totalDb));
  const keys: Key[] = [
    ...(measured.length > 0 ? [{ name: 'measured', remark, colour: INK, mark: 'line' as const }] : []),
    ...layers
      .map(
        ({ name, values }): Key => ({ name, remark: span(values, 1, 'dB'), colour: colours.get(name)!, mark: 'area' }),
      )
      .reverse(),
  ];
  return {
    heading: `Loss${whose}, dB (model: ${span(totals, 1, 'dB')})`,
    height,
    keys,
    options: framed(
      window,
      [0, most * 1.06],
      false,
      [
        areaY(cells, { x: 'date', y: 'lossDb', z: 'name', fill: 'colour', stroke: '#ffffff', strokeWidth: 0.4 }),
        ruleY([0], { stroke: INK }),
        line(measured, { x: dateOf, y: (row: Moment) => row.measured!.totalDb, stroke: '#ffffff', strokeWidth: 5 }),
        line(measured, { x: dateOf, y: (row: Moment) => row.measured!.totalDb, stroke: INK, strokeWidth: 2.5 }),
      ],
      6,
    ),
  };
}

/** A figure of the geometry: one line or several, each with its name. */
export function linesPanel<R extends Pick<Moment, 'utcMs'>>(
  window: Window,
  heading: string,
  lines: readonly { readonly name: string; readonly rows: readonly R[] }[],
  of: (row: R) => number,
  unit: string,
  figures: boolean,
): Panel {
  const all = lines.flatMap(({ rows }) => rows.map(of));
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const room = Math.max((high - low) * 0.12, high * 0.005);
  return {
    heading,
    height: figures ? 104 : 84,
    keys: lines.map(({ name, rows }, i) => ({
      name,
      remark: span(rows.map(of), unit === '°' ? 1 : 0, unit),
      colour: lineColour(i),
      mark: i === 0 ? 'line' : 'dashes',
    })),
    options: framed(
      window,
      [Math.max(0, low - room), high + room],
      figures,
      lines.map(({ rows }, i) =>
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
