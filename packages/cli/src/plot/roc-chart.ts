/** How well the alarm tells attacked passes from clean ones: a receiver operating curve for each strength. */
import { axisX, axisY, dot, gridX, gridY, line, type Markish, ruleX, ruleY, text } from '@observablehq/plot';
import { areaUnder, rocOf } from '@skykey/lab';
import type { Played } from '../lab/laboratory.ts';
import { VERSION } from '../version.ts';
import { lineColour } from './palette.ts';
import { GRID, INK, type Key, sheetOf } from './sheet.ts';

export interface RocSubject {
  readonly title: string;
  /** What a strength is, as the catalogue says: `share of pulses`, and its unit. */
  readonly strengthText: (strength: number) => string;
  readonly clean: Played;
  /** One a strength. */
  readonly attacked: readonly Played[];
}

/** More curves than colours would not be told apart. */
export const MOST_CURVES = 6;

const HEIGHT = 400;
/** Distance of two labels, as a share of the height. */
const LABEL_STEP = 0.05;
/** The column of "no clean pass called", in decades below one pass. */
const NONE = { from: 1.5, to: 0.35 } as const;

interface Curve {
  readonly colour: string;
  readonly words: string;
  readonly area: number;
  readonly points: readonly { readonly x: number; readonly y: number }[];
  /** Detected before the first clean pass is called. */
  readonly atNone: number;
  /** Where the hard alarm stands. */
  readonly hard: { readonly x: number; readonly y: number };
}

export function rocChart({ title, strengthText, clean, attacked }: RocSubject): string {
  const { passes } = clean.summary;
  const left = 10 ** -NONE.from / passes;
  const wall = 10 ** -NONE.to / passes;
  const onAxis = (falseAlarms: number): number => (falseAlarms === 0 ? Math.sqrt(left * wall) : falseAlarms);
  const scores = (played: Played): number[] => played.outcomes.map(({ score }) => score);
  const curves = attacked.map((played, i): Curve => {
    const points = rocOf(scores(clean), scores(played));
    const atNone = points.findLast(({ falseAlarms }) => falseAlarms === 0)!.detected;
    const later = points.filter(({ falseAlarms }) => falseAlarms > 0);
    return {
      colour: lineColour(i),
      words: strengthText(played.study.strength),
      area: areaUnder(points),
      points: [
        { x: left, y: atNone },
        { x: wall, y: atNone },
        ...later.map(({ falseAlarms, detected }) => ({ x: falseAlarms, y: detected })),
      ],
      atNone,
      hard: {
        x: onAxis(clean.summary.hardAlarms / passes),
        y: played.summary.hardAlarms / played.summary.passes,
      },
    };
  });
  const decades = Array.from({ length: Math.ceil(Math.log10(passes)) + 1 }, (_, i) => 10 ** -i).filter(
    (share) => share >= 1 / passes,
  );
  const labels = spread(curves);
  const marks: Markish[] = [
    gridX(decades, { stroke: GRID, strokeOpacity: 1 }),
    gridY([0, 0.25, 0.5, 0.75, 1], { stroke: GRID, strokeOpacity: 1 }),
    ruleX([wall], { stroke: GRID, strokeWidth: 3 }),
    ...curves.map(({ points, colour }) =>
      line(points, { x: 'x', y: 'y', stroke: colour, strokeWidth: 2.2, curve: 'step-after' }),
    ),
    ...curves.map(({ hard, colour }) =>
      dot([hard], { x: 'x', y: 'y', r: 5, fill: colour, stroke: '#ffffff', strokeWidth: 1.5 }),
    ),
    ...labels.map(({ words, colour, at }) =>
      text([{ x: left, y: at }], {
        x: 'x',
        y: 'y',
        text: () => words,
        fill: colour,
        stroke: '#ffffff',
        strokeWidth: 3,
        fontWeight: 'bold',
        textAnchor: 'start',
        lineAnchor: 'bottom',
        dx: 3,
        dy: -4,
      }),
    ),
    ruleY([0], { stroke: INK }),
    axisX([Math.sqrt(left * wall)], { label: null, tickSize: 0, tickFormat: () => 'none' }),
    axisX(decades, { label: null, tickSize: 5, tickFormat: percent }),
    axisY([0, 0.25, 0.5, 0.75, 1], { label: null, tickSize: 0, tickFormat: percent }),
  ];
  return sheetOf({
    title,
    subtitle:
      `${passes.toLocaleString('en')} clean passes with clouds, moonlight and drift against ` +
      `${attacked[0]!.summary.passes.toLocaleString('en')} attacked ones of each strength`,
    panels: [
      {
        heading: 'Attacked passes detected, against clean passes called attacked at the same threshold',
        height: HEIGHT,
        keys: curves
          .toReversed()
          .sort((a, b) => b.area - a.area)
          .map(
            ({ words, colour, area }): Key => ({
              name: words,
              remark: `area ${area.toFixed(4)}`,
              colour,
              mark: 'line',
            }),
          ),
        options: {
          marginBottom: 30,
          x: { type: 'log', domain: [left, 1], axis: null },
          y: { domain: [0, 1.06], axis: null },
          marks,
        },
      },
    ],
    caption:
      'Each curve runs over all thresholds of the score of a pass (minus the logarithm of its least likely finding, ' +
      'corrected for the number of tests); left of the grey rule no clean pass is called. The dot is the hard alarm. ' +
      `Simulated. Seed ${clean.study.seed}, Skykey ${VERSION}.`,
  });
}

/** 0.0001 as `0.01 %`. */
const percent = (share: number): string => `${Number((share * 100).toPrecision(3))}\u00a0%`;

/** Labels at their curves, moved apart where curves run together, within the panel. */
function spread(curves: readonly Curve[]): { readonly words: string; readonly colour: string; readonly at: number }[] {
  const rising = [...curves].sort((a, b) => a.atNone - b.atNone);
  const places = rising.map(({ atNone }) => atNone);
  for (let i = 1; i < places.length; i++) places[i] = Math.max(places[i]!, places[i - 1]! + LABEL_STEP);
  let highest = 1;
  for (let i = places.length - 1; i >= 0; i--) {
    places[i] = Math.min(places[i]!, highest);
    highest = places[i]! - LABEL_STEP;
  }
  return rising.map(({ words, colour }, i) => ({ words, colour, at: places[i]! }));
}
