/**
 * The long studies, as data: which series of passes each plays, and what must come out. The limits were fixed before any of
 * them was run; what does not hold is reported as not holding.
 */
import { type Attack, attacks } from '@skykey/photons';
import { assumptionOf } from './assumptions.ts';
import { LabError } from './error.ts';
import { type Summary, upperRate } from './outcome.ts';
import type { Study } from './study.ts';

/** One series of a long study. */
export interface Series {
  readonly study: Study;
  /** About how many detections the link is scaled to; null: as it is. */
  readonly detections: number | null;
}

export interface SeriesResult extends Series {
  readonly summary: Summary;
}

/** A statement that the study puts to the test. */
export interface Claim {
  readonly says: string;
  readonly measured: string;
  readonly holds: boolean;
}

export interface LongStudy {
  readonly name: string;
  readonly title: string;
  readonly question: string;
  /** All passes of it together. */
  readonly passes: number;
  series(passes: number, seed: number): Series[];
  claims(results: readonly SeriesResult[]): Claim[];
}

const HARD_BUDGET = 1e-4;
const SOFT_BUDGET = 1e-2;
const MISS_BUDGET = 1e-3;
const LATENCY_S = 2;
const RIGHT_SHARE = 0.95;
const JAM_AS_TAP = 0.02;

const study = (attack: string, strength: number, passes: number, seed: number, change: Partial<Study> = {}): Study => ({
  attack,
  strength,
  passes,
  seed,
  level: 'count',
  without: [],
  assumptions: 'on',
  onset: 'drawn',
  ...change,
});

const percent = (share: number): string => `${Number((100 * share).toPrecision(3))} %`;
const nameOf = ({ study: { attack, strength, assumptions }, detections }: Series): string =>
  attack === 'none'
    ? 'clean'
    : `${attack} ${strength}${detections === null ? '' : ` at ${detections.toExponential()} detections`}${assumptions === 'off' ? ', flag off' : ''}`;

const falseAlarms: LongStudy = {
  name: 'false-alarms',
  title: 'How often the alarm cries wolf',
  question: 'Clean passes with drift, clouds, moonlight and misalignment in them; the baseline is of other passes.',
  passes: 30_000,
  series: (passes, seed) => [{ study: study('none', 0, passes, seed), detections: null }],
  claims: (results) =>
    results.flatMap(({ summary: { passes, hardAlarms, softAlarms } }) => [
      {
        says: `no hard alarm; the budget is ${HARD_BUDGET} a pass`,
        measured: `${hardAlarms} in ${passes} passes, below ${upperRate(hardAlarms, passes).toExponential(1)} a pass at 95 %`,
        holds: hardAlarms === 0,
      },
      {
        says: `soft alarms in at most ${SOFT_BUDGET} of passes`,
        measured: `${softAlarms} in ${passes} passes, ${percent(softAlarms / passes)}`,
        holds: softAlarms <= SOFT_BUDGET * passes,
      },
    ]),
};

/** What the issue of a miss is asked for; photon-number splitting at so few detections that it is hard. */
const MISSES = [
  ['intercept-resend', 0.05, null],
  ['pns', 0.2, null],
  ['pns', 0.2, 5e5],
  ['blinding', 0.1, null],
  ['time-shift', 50, null],
  ['intensity', 0.1, null],
] as const;

const misses: LongStudy = {
  name: 'misses',
  title: 'How often the alarm sleeps',
  question:
    'Attacks at the strength from which on none may be missed, and the time until the link is dropped. Photon-number splitting is played a second time at so few detections that any test of the ratio of gains needs some 40,000 of them, about 18 s, before it can tell: two seconds are not to be had there.',
  passes: 18_000,
  series: (passes, seed) =>
    MISSES.map(([attack, strength, detections]) => ({
      study: study(attack, strength, Math.ceil(passes / MISSES.length), seed),
      detections,
    })),
  claims: (results) =>
    results.flatMap((result) => {
      const { passes, hardAlarms, latencyP99S } = result.summary;
      const missed = passes - hardAlarms;
      return [
        {
          says: `${nameOf(result)}: no pass missed; the budget is ${MISS_BUDGET}`,
          measured: `${missed} of ${passes} missed, below ${upperRate(missed, passes).toExponential(1)} at 95 %`,
          holds: missed === 0,
        },
        {
          says: `${nameOf(result)}: hard alarm within ${LATENCY_S} s in 99 of 100 passes`,
          measured: latencyP99S === null ? 'no alarm' : `${latencyP99S.toFixed(2)} s`,
          holds: latencyP99S !== null && latencyP99S <= LATENCY_S,
        },
      ];
    }),
};

/** Seven situations that an operator has to tell apart, with the verdict that is right. */
const SITUATIONS = [
  ['none', 'clean'],
  ['intercept-resend', 'tap'],
  ['blinding', 'tap'],
  ['jamming', 'jam'],
  ['dead-detector', 'fault'],
  ['false-time', 'time'],
  ['intensity', 'source'],
] as const;

const verdicts: LongStudy = {
  name: 'verdicts',
  title: 'Whether the alarm says what it was',
  question: 'Seven situations at their usual strength, and the verdict at the end of the pass.',
  passes: 7000,
  series: (passes, seed) =>
    SITUATIONS.map(([attack]) => ({
      study: study(attack, named(attack).strength.usual, Math.ceil(passes / SITUATIONS.length), seed),
      detections: null,
    })),
  claims: (results) => {
    const share = (result: SeriesResult, verdict: keyof Summary['verdicts']): number =>
      result.summary.verdicts[verdict] / result.summary.passes;
    const all = results.reduce((sum, result) => sum + share(result, expectedOf(result)), 0) / results.length;
    return [
      { says: `right in ${percent(RIGHT_SHARE)} of all passes`, measured: percent(all), holds: all >= RIGHT_SHARE },
      ...results.map((result) => {
        const right = share(result, expectedOf(result));
        return {
          says: `${nameOf(result)} is called ${expectedOf(result)} in ${percent(RIGHT_SHARE)}`,
          measured: percent(right),
          holds: right >= RIGHT_SHARE,
        };
      }),
      ...results
        .filter((result) => result.study.attack === 'jamming')
        .map((result) => ({
          says: `jamming is called a tap in at most ${percent(JAM_AS_TAP)}`,
          measured: percent(share(result, 'tap')),
          holds: share(result, 'tap') <= JAM_AS_TAP,
        })),
    ];
  },
};

const expectedOf = ({ study: { attack } }: Series) => SITUATIONS.find(([name]) => name === attack)![1];

/** Of all passes, those of each attack with its assumption taken away: enough to show what then happens. */
const SHOWN = 0.002;

const hostile = attacks.filter(({ kind }) => kind === 'attack');

/**
 * Attacks that must be seen to leak more than the bound grants once what their secrecy rests on is taken away: at full
 * strength and from the beginning of the pass. Of the others the bound's own slack (it grants the adversary every
 * multi-photon pulse, and pays for small samples) is more than what they know on this link.
 */
const SHOWN_OF = new Set([
  'blinding',
  'after-gate',
  'calibration',
  'source-timing-states',
  'class-discrimination',
  'intensity',
  'laser-seeding',
  'laser-damage',
  'trojan-horse',
]);

const leakage: LongStudy = {
  name: 'leakage',
  title: 'Whether more leaks than the bound grants',
  question:
    'Every attack of the catalogue at its usual and at its greatest strength, from the beginning of the pass, with what it knows counted bit by bit; then with the assumption that its secrecy rests on taken away, which must show.',
  passes: 10_000,
  series: (passes, seed) => [
    ...hostile.flatMap(({ name, strength: { usual, high } }) =>
      [...new Set([usual, high])].map((strength, _, all) => ({
        study: study(name, strength, Math.ceil(passes / hostile.length / all.length), seed, { onset: 'start' }),
        detections: null,
      })),
    ),
    ...hostile
      .filter((attack) => assumptionOf(attack) !== null)
      .map(({ name, strength }) => ({
        study: study(name, strength.high, Math.ceil(SHOWN * passes), seed, { assumptions: 'off', onset: 'start' }),
        detections: null,
      })),
  ],
  claims: (results) =>
    results.flatMap((result) => {
      const { maxLeakageExcessBits, passes } = result.summary;
      const on = result.study.assumptions === 'on';
      if (!on && !SHOWN_OF.has(result.study.attack)) return [];
      const says = on ? 'never more than the bound grants' : 'more than the bound grants, so that the test can fail';
      const worst = `${Math.round(maxLeakageExcessBits)} bits too many in the worst of ${passes}`;
      return {
        says: `${nameOf(result)}: ${says}`,
        measured: maxLeakageExcessBits > 0 ? worst : `none in ${passes} passes`,
        holds: on ? maxLeakageExcessBits <= 0 : maxLeakageExcessBits > 0,
      };
    }),
};

/** Curves go down from what must never be missed to what nobody could see. */
const CURVES: readonly (readonly [attack: string, strengths: readonly number[], detections: number | null])[] = [
  ['intercept-resend', [0.001, 0.002, 0.005, 0.01, 0.02, 0.05], null],
  ['pns', [0.01, 0.02, 0.05, 0.1, 0.2], 5e5],
  ['blinding', [0.001, 0.003, 0.01, 0.03, 0.1], null],
  ['time-shift', [5, 10, 20, 30, 50], null],
  ['intensity', [0.005, 0.01, 0.02, 0.05, 0.1], null],
];

const curves: LongStudy = {
  name: 'curves',
  title: 'What the alarm sees of smaller strengths',
  question: 'The share of passes with a hard alarm, and its latency, from the strength that is asked for downwards.',
  passes: 5200,
  series: (passes, seed) => {
    const points = CURVES.flatMap(([attack, strengths, detections]) =>
      strengths.map((strength) => ({ attack, strength, detections })),
    );
    return points.map(({ attack, strength, detections }) => ({
      study: study(attack, strength, Math.ceil(passes / points.length), seed),
      detections,
    }));
  },
  claims: () => [],
};

export const LONG_STUDIES: readonly LongStudy[] = [falseAlarms, misses, verdicts, leakage, curves];

function named(attack: string): Attack {
  const found = attacks.find(({ name }) => name === attack);
  if (found) return found;
  throw new LabError('lab/parameter', `a long study asks for ${attack}, which the catalogue does not have`);
}
