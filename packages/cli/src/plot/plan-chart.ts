/** A plan night by night: what each station is expected to make, the odds of a clear sky, and what adds up. */
import { axisY, dot, gridY, line, type Markish, type PlotOptions, ruleX, ruleY } from '@observablehq/plot';
import type { Distribution, Plan } from '@skykey/planner';
import type { Scenario } from '@skykey/scenario';
import { DAY_MS, iso } from '../interval.ts';
import { type Planned, runOf } from '../plan/document.ts';
import { bitsInWords, counted } from '../plan/report.ts';
import { VERSION } from '../version.ts';
import { lineColour } from './palette.ts';
import { GRID, INK, type Key, type Panel, sheetOf } from './sheet.ts';
import { dayAxis } from './time-axis.ts';

/** More panels than this are a wallpaper; those with most key are drawn. */
const MOST_STATIONS = 6;
const MOST_PAIRS = 3;
const BAR = '#88CCEE';
/** Intervals stand beside the ends of their lines, from the first of these pixels to the last. */
const BESIDE = { first: 6, last: 21, apart: 6 };

/** Points of an axis of dates; a night stands in the middle of the day of its evening. */
const middle = (night: string): Date => new Date(Date.parse(night) + DAY_MS / 2);
/** Keeps figure and unit on one line. */
const bound = (words: string): string => words.replaceAll(' ', '\u00a0');
const range = ({ p5, p95 }: Distribution): string => `${bitsInWords(p5)} to ${bitsInWords(p95)}`;

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

interface Axis {
  readonly most: number;
  readonly ticks: number;
  /** Figures of the days are below this panel. */
  readonly days: boolean;
}

function framed({ fromMs, toMs }: Span, { most, ticks, days }: Axis, marks: Markish[]): PlotOptions {
  return {
    marginBottom: days ? 26 : 6,
    x: { type: 'utc', domain: [new Date(fromMs), new Date(toMs)], axis: null },
    y: { domain: [0, most], axis: null },
    marks: [
      gridY({ stroke: GRID, strokeOpacity: 1, ticks }),
      ...dayAxis(fromMs, toMs, days),
      ...marks,
      ruleY([0], { stroke: INK }),
      axisY({ label: null, ticks, tickSize: 0 }),
    ],
  };
}

/** One unit for an axis, from its largest value. */
function unitOf(most: number): { readonly unit: string; readonly scale: number } {
  if (most >= 1e9) return { unit: 'Gbit', scale: 1e9 };
  if (most >= 1e6) return { unit: 'Mbit', scale: 1e6 };
  return most >= 1e3 ? { unit: 'kbit', scale: 1e3 } : { unit: 'bit', scale: 1 };
}

/** There is no half of a bit. */
const wholeTicks = (mostBits: number, ticks: number): number => Math.max(1, Math.min(ticks, Math.floor(mostBits)));

/** Whole nights on either side of the period, so that no bar is cut. */
function spanOf({ fromMs, toMs }: Plan): Span {
  return { fromMs: Math.floor(fromMs / DAY_MS - 0.5) * DAY_MS, toMs: Math.ceil(toMs / DAY_MS) * DAY_MS };
}

/** Nights so narrow that an interval in front of the mean would hide it. */
const THIN = 4;
const THIN_INTERVAL = '#98a2b3';

const barWidth = ({ fromMs, toMs }: Span): number => Math.max(1.5, Math.min(14, (300 * DAY_MS) / (toMs - fromMs)));

function stationPanel(plan: Plan, stationId: string, name: string): Panel {
  const span = spanOf(plan);
  const nights = plan.nights.filter((night) => night.stationId === stationId);
  const most = Math.max(1, ...nights.map(({ bits }) => bits.p95));
  const { unit, scale } = unitOf(most);
  const bars = nights.map(({ night, bits }) => ({
    date: middle(night),
    mean: bits.mean / scale,
    p5: bits.p5 / scale,
    p95: bits.p95 / scale,
  }));
  const total = plan.stations.find((station) => station.stationId === stationId)!.bits;
  const width = barWidth(span);
  const thin = width < THIN;
  const interval = { colour: thin ? THIN_INTERVAL : INK, width: thin ? width : 1.4 };
  const marks = [
    ruleX(bars, { x: 'date', y1: 0, y2: 'mean', stroke: BAR, strokeWidth: width }),
    ruleX(bars, { x: 'date', y1: 'p5', y2: 'p95', stroke: interval.colour, strokeWidth: interval.width }),
  ];
  return {
    heading: `${name}, ${unit} a night`,
    height: 112,
    keys: [
      { name: 'mean', remark: `${bitsInWords(total.mean)} in all`, colour: BAR, mark: 'area' },
      {
        name: '5 to 95 %',
        remark: `${range(total)} in all`,
        colour: interval.colour,
        mark: thin ? 'area' : 'line',
      },
    ],
    options: framed(
      span,
      { most: (most / scale) * 1.06, ticks: wholeTicks(most, 4), days: false },
      thin ? marks.reverse() : marks,
    ),
  };
}

/** Where blocks are made of the whole period, a night has no key: what it brings to the block is drawn instead. */
function sowingPanel(plan: Plan): Panel {
  const span = spanOf(plan);
  const nights = [...Map.groupBy(plan.passes, ({ night }) => night)].map(([night, passes]) => ({
    date: middle(night),
    bits: passes
      .filter(({ served }) => served.length > 0)
      .reduce((sum, { siftedBits, clearProbability }) => sum + siftedBits * clearProbability, 0),
  }));
  const most = Math.max(1, ...nights.map(({ bits }) => bits));
  const { unit, scale } = unitOf(most);
  return {
    heading: `Sifted for the one block of the period, ${unit} a night`,
    height: 220,
    keys: [{ name: 'mean', remark: 'sifted, not yet secret', colour: BAR, mark: 'area' }],
    options: framed(span, { most: (most / scale) * 1.06, ticks: wholeTicks(most, 5), days: true }, [
      ruleX(nights, {
        x: 'date',
        y1: 0,
        y2: ({ bits }: { bits: number }) => bits / scale,
        stroke: BAR,
        strokeWidth: barWidth(span),
      }),
    ]),
  };
}

/** Weather of a night is one weather: the mean over its passes, not their product. */
function skyPanel(plan: Plan, drawn: readonly string[], names: ReadonlyMap<string, string>): Panel[] {
  if (plan.weather === 'clear') return [];
  const lines = drawn.map((id) => {
    const passes = plan.passes.filter(({ stationIds }) => stationIds.length === 1 && stationIds[0] === id);
    return [...Map.groupBy(passes, ({ night }) => night)].map(([night, list]) => ({
      date: middle(night),
      percent: (100 * list.reduce((sum, { clearProbability }) => sum + clearProbability, 0)) / list.length,
    }));
  });
  if (lines.every((points) => points.length === 0)) return [];
  return [
    {
      heading: 'Odds of a clear sky, %',
      height: 92,
      // In figures too: of two stations with the same odds one line hides the other.
      keys: drawn.map(
        (id, i): Key => ({
          name: names.get(id)!,
          ...(lines[i]!.length > 0 ? { remark: percents(lines[i]!.map(({ percent }) => percent)) } : {}),
          colour: lineColour(i),
          mark: 'line',
        }),
      ),
      options: framed(
        spanOf(plan),
        { most: 100, ticks: 4, days: false },
        lines.map((points, i) =>
          points.length === 1
            ? dot(points, { x: 'date', y: 'percent', fill: lineColour(i), r: 3 })
            : line(broken(points), { x: 'date', y: 'percent', stroke: lineColour(i), strokeWidth: 2.2 }),
        ),
      ),
    },
  ];
}

interface Odds {
  readonly date: Date;
  readonly percent: number;
}

/** Odds are those of a month: a line over more than one without a pass would say what nobody looked up. */
const LONGEST_GAP_MS = 31 * DAY_MS;

function broken(points: readonly Odds[]): Odds[] {
  return points.flatMap((point, i) => {
    const gap = i > 0 && point.date.getTime() - points[i - 1]!.date.getTime() > LONGEST_GAP_MS;
    return gap ? [{ date: point.date, percent: Number.NaN }, point] : [point];
  });
}

function percents(values: readonly number[]): string {
  const [low, high] = [Math.min(...values).toFixed(0), Math.max(...values).toFixed(0)];
  return low === high ? `${low} %` : `${low} to ${high} %`;
}

interface Sum {
  readonly name: string;
  readonly total: Distribution;
  readonly points: readonly { readonly date: Date; readonly bits: number }[];
  readonly dashed: boolean;
}

/** Means add up whatever depends on what; the interval at the end comes from the realisations. */
function sums(plan: Plan, drawn: readonly string[], names: ReadonlyMap<string, string>): Sum[] {
  const span = spanOf(plan);
  const stations = drawn.map((stationId): Sum => {
    let bits = 0;
    const steps = plan.nights
      .filter((night) => night.stationId === stationId)
      .flatMap((night) => {
        const date = middle(night.night);
        const before = bits;
        bits += night.bits.mean;
        return [
          { date, bits: before },
          { date, bits },
        ];
      });
    const points = [{ date: new Date(span.fromMs), bits: 0 }, ...steps, { date: new Date(span.toMs), bits }];
    const total = plan.stations.find((station) => station.stationId === stationId)!.bits;
    return { name: names.get(stationId)!, total, points, dashed: false };
  });
  const pairs = plan.pairs
    .filter(({ stationIds, byDay }) => byDay.length > 0 && stationIds.every((id) => drawn.includes(id)))
    .sort((a, b) => b.bits.mean - a.bits.mean)
    .slice(0, MOST_PAIRS)
    .map(({ stationIds, bits, byDay }): Sum => {
      const points = [
        { date: new Date(byDay[0]!.date), bits: 0 },
        ...byDay.map(({ date, meanBits }) => ({ date: new Date(Date.parse(date) + DAY_MS), bits: meanBits })),
      ];
      return { name: stationIds.map((id) => names.get(id)!).join(' – '), total: bits, points, dashed: true };
    });
  return [...stations, ...pairs];
}

function sumPanel(plan: Plan, drawn: readonly string[], names: ReadonlyMap<string, string>): Panel {
  const all = sums(plan, drawn, names);
  const most = Math.max(1, ...all.map(({ total }) => total.p95));
  const { unit, scale } = unitOf(most);
  const span = spanOf(plan);
  const apart = Math.min(BESIDE.apart, (BESIDE.last - BESIDE.first) / Math.max(1, all.length - 1));
  return {
    heading: `Added up, ${unit}${all.some(({ dashed }) => dashed) ? ': stations, and pairs (dashed) over trusted satellites' : ''}`,
    height: 210,
    keys: all.map(({ name, total, dashed }, i) => ({
      name,
      remark: range(total),
      colour: lineColour(i),
      mark: dashed ? 'dashes' : 'line',
    })),
    options: framed(
      span,
      { most: (most / scale) * 1.06, ticks: wholeTicks(most, 5), days: true },
      all.flatMap(({ points, total, dashed }, i) => [
        line(points, {
          x: 'date',
          y: ({ bits }: { bits: number }) => bits / scale,
          stroke: lineColour(i),
          strokeWidth: 2.2,
          ...(dashed ? { strokeDasharray: '5 3' } : {}),
        }),
        ruleX([total], {
          x: () => new Date(span.toMs),
          y1: ({ p5 }: Distribution) => p5 / scale,
          y2: ({ p95 }: Distribution) => p95 / scale,
          dx: BESIDE.first + i * apart,
          stroke: lineColour(i),
          strokeWidth: 1.8,
        }),
      ]),
    ),
  };
}

export function planChart(scenario: Scenario, { plan }: Planned): string {
  const names = new Map(scenario.stations.map(({ id, station }) => [id, station.name]));
  const inOrder = [...plan.stations].sort((a, b) => b.bits.mean - a.bits.mean).map(({ stationId }) => stationId);
  const drawn = inOrder.slice(0, MOST_STATIONS);
  const left = inOrder.length - drawn.length;
  const days = Math.round((plan.toMs - plan.fromMs) / DAY_MS);
  const sky = { clear: 'every sky clear', measured: 'night and measured skies', scenario: 'night and weather' }[
    plan.weather
  ];
  const pooled = plan.rules.blocks === 'period';
  return sheetOf({
    title: `Secret key over ${counted(days, 'day')}: ${bitsInWords(plan.total.mean)}, 5 to 95 %: ${range(plan.total)}`,
    subtitle:
      `${scenario.title}. ${iso(plan.fromMs).slice(0, 10)} to ${iso(plan.toMs).slice(0, 10)} UTC, ${sky}, ` +
      bound(counted(plan.realisations, 'realisation')),
    panels: pooled
      ? [sowingPanel(plan)]
      : [
          ...drawn.map((id) => stationPanel(plan, id, names.get(id)!)),
          ...skyPanel(plan, drawn, names),
          sumPanel(plan, drawn, names),
        ],
    caption:
      'Intervals, 5 to 95 % of realisations, hold weather and chance in the counts, not parameters that are wrong for all ' +
      `passes alike. ${pooled || drawn.length < 2 ? '' : 'Every station has a scale of its own. '}Nights by the date of their evening. ` +
      `${left > 0 ? `${counted(left, 'station')} with less key not drawn. ` : ''}` +
      `${plan.assumptions.length} inputs and rules are assumed. Run ${runOf(plan)}, Skykey ${VERSION}.`,
  });
}
