/** The report of a long study: what was asked, what came out, and all that it rests on. */
import {
  type Assumed,
  assumedWeather,
  type Claim,
  drawnOnset,
  type LabLink,
  LEAST_CLEAR,
  type LongStudy,
  type Section,
  type Series,
  type SeriesResult,
  TRAINING_PASSES,
} from '@skykey/lab';
import { attackNamed } from '@skykey/photons';
import { VERSION } from '../version.ts';
import { strengthText } from './report.ts';

/** What of a link is not as usual. */
export type LinkOf = Pick<Series, 'detections' | 'devices' | 'seconds'>;

export interface Report {
  readonly study: LongStudy;
  /** As asked for; series share them out and round up. */
  readonly passes: number;
  readonly seed: number;
  /** Only so much of the pass, s; undefined: all of it. */
  readonly seconds: number | undefined;
  readonly scenario: string;
  /** The usual link; series may have been played on others. */
  readonly link: LabLink;
  readonly others: readonly (LinkOf & { readonly link: LabLink })[];
  readonly results: readonly SeriesResult[];
  readonly claims: readonly Claim[];
  readonly sections: readonly Section[];
  /** On which passes were played, each once, earliest first: `2026-11-22`. */
  readonly days: readonly string[];
}

export function reportDocument(report: Report) {
  const { study, seed, seconds, scenario, link, others, results, claims, sections, days } = report;
  return {
    ...{ study: study.name, title: study.title, date: days.at(-1), firstPlayed: days[0], lastPlayed: days.at(-1) },
    ...{ version: VERSION, seed, seconds: seconds ?? null, scenario, passId: link.passId },
    trainingPasses: TRAINING_PASSES,
    claims,
    series: results.map(({ study: of, devices, seconds: part, link: on, summary, tally }) => ({
      ...summary,
      ...{ detections: Math.round(on.detections), devices, seconds: part },
      ...{ level: of.level, without: of.without, assumptions: of.assumptions, onset: of.onset },
      ...tally,
    })),
    sections,
    assumed: [...link.assumed, ...assumedWeather],
    otherLinks: others.map((other) => ({
      ...{ detections: other.detections, devices: other.devices, seconds: other.seconds },
      assumed: other.link.assumed.filter((one) => !isAmong(link.assumed, one)),
    })),
  };
}

export function reportText(report: Report): string {
  const { study, seed, scenario, link, others, results, claims, sections, days } = report;
  const passes = results.reduce((sum, { summary }) => sum + summary.passes, 0);
  const played = days.length > 1 ? `from ${days[0]} to ${days.at(-1)}` : `on ${days[0]}`;
  const shorter = results.some((one) => durationOf(one.link) !== durationOf(link))
    ? ' (fewer where a series says so)'
    : '';
  const lines = [
    `# ${study.title}`,
    '',
    study.question,
    '',
    `${passes.toLocaleString('en')} passes of ${durationOf(link)} s${shorter}, played ${played} by Skykey ${VERSION}, seed ${seed}, scenario \`${scenario}\` (${link.passId}).`,
    `Run again by \`${commandOf(study.name, report)}\`: the same figures, on any number of workers.`,
    'The photons are simulated: these are rates of a simulated alarm on a simulated link.',
    '',
  ];
  if (claims.length > 0) lines.push(...claimRows(claims), '');
  for (const section of sections) lines.push(...sectionRows(section), '');
  lines.push(
    '## Series',
    '',
    tableRow(COLUMNS),
    rule(COLUMNS),
    ...results.map(row),
    '',
    'Hard and soft: passes with at least one such alarm. Missed: attacked passes without a hard alarm at or after the begin of',
    'the attack. Latency: pass time from there to the first hard alarm, over all attacked passes, a missed one being late without',
    'end. Worst excess: of the passes with a key, the most that bits known exceed bits that privacy amplification took away;',
    'negative is what was to spare.',
    ...onsetSentences(results, link),
    `The baseline is learned from ${TRAINING_PASSES} clean passes that are none of the tested ones.`,
    '',
    '## Assumed',
    '',
    ...assumedTable('of the link', link.assumed),
    ...others.flatMap((other) =>
      assumedTable(
        `otherwise, of the link ${wordsOf(other)}`,
        other.link.assumed.filter((one) => !isAmong(link.assumed, one)),
      ),
    ),
    ...assumedTable('of its weather and drift', assumedWeather),
  );
  return lines.join('\n');
}

const durationOf = ({ trace }: LabLink): string => (trace.binS * trace.channelTransmittance.length).toFixed(0);

/** What is typed for the same figures. */
export function commandOf(
  study: string,
  { passes, seed, scenario, seconds }: Pick<Report, 'passes' | 'seed' | 'scenario' | 'seconds'>,
): string {
  const command = `npx skykey lab --study ${study} --passes ${passes} --seed ${seed} --scenario ${scenario}`;
  return seconds === undefined ? command : `${command} --seconds ${seconds}`;
}

/** When attacks begin, of those there are. */
function onsetSentences(results: readonly SeriesResult[], link: LabLink): string[] {
  const onsets = new Set(results.filter(({ study }) => study.attack !== 'none').map(({ study }) => study.onset));
  const { fromS, toS } = drawnOnset(link);
  return [
    ...(onsets.has('start')
      ? ['An attack that begins with its pass is there at full strength from the first bin on.']
      : []),
    ...(onsets.has('drawn')
      ? [
          `An attack that begins at a drawn moment is at full strength at once, between ${fromS} and ${toS} s of its pass, where the sky lets ${100 * LEAST_CLEAR} % of the light through or more, if it does so anywhere there.`,
        ]
      : []),
    ...(onsets.size > 0 ? ['Attacks last to the end.'] : []),
  ];
}

export function claimRows(claims: readonly Claim[]): string[] {
  const word = (holds: boolean | null): string => (holds === null ? 'nothing granted' : holds ? 'yes' : '**no**');
  const rows = claims.map(({ says, measured, holds }) => tableRow([says, measured, word(holds)]));
  return ['| claim | measured | holds |', '|---|---|---|', ...rows];
}

function sectionRows({ title, says, columns, rows }: Section): string[] {
  return [`## ${title}`, '', says, '', tableRow(columns), rule(columns), ...rows.map(tableRow)];
}

export const assumedRow = ({ what, value, why }: Assumed): string => tableRow([what, value, why]);

const tableRow = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
const rule = (cells: readonly unknown[]): string => `|${cells.map(() => '---|').join('')}`;

const assumedTable = (of: string, rows: readonly Assumed[]): string[] =>
  rows.length === 0 ? [] : [`| ${of} | value | why |`, '|---|---|---|', ...rows.map(assumedRow), ''];

const isAmong = (rows: readonly Assumed[], { what, value }: Assumed): boolean =>
  rows.some((one) => one.what === what && one.value === value);

const wordsOf = ({ detections, devices, seconds }: LinkOf): string =>
  [
    ...(devices === null ? [] : [`with ${devices} devices`]),
    ...(detections === null ? [] : [`at ${detections.toLocaleString('en')} detections`]),
    ...(seconds === null ? [] : [`of ${seconds} s`]),
  ].join(' ');

const COLUMNS = [
  ...['attack', 'class', 'strength', 'begins', 'detections', 'passes', 'hard', 'soft', 'missed', 'latency p50, p99'],
  ...['verdicts', 'with a key', 'worst excess, bits', 'secret key, median'],
] as const;

function row({ study, link, devices, seconds, summary, tally }: SeriesResult): string {
  const { attack, strength, assumptions, onset, level } = study;
  const { latencyP50S, latencyP99S, verdicts } = summary;
  const clean = attack === 'none';
  return tableRow([
    [
      clean ? 'clean' : attack,
      ...(devices === null ? [] : [`${devices} devices`]),
      ...(level === 'event' ? ['click by click'] : []),
      ...(seconds === null ? [] : [`${seconds} s`]),
      ...(assumptions === 'off' ? ['flag off'] : []),
    ].join(', '),
    summary.class ?? '',
    clean ? '' : strengthText(attackNamed(attack), strength),
    clean ? '' : onset === 'start' ? 'with the pass' : 'drawn',
    Math.round(link.detections).toLocaleString('en'),
    summary.passes,
    summary.hardAlarms,
    summary.softAlarms,
    clean ? '' : tally.missed,
    clean ? '' : `${late(latencyP50S)}, ${late(latencyP99S)}`,
    Object.entries(verdicts)
      .filter(([, n]) => n > 0)
      .map(([name, n]) => `${name} ${n}`)
      .join(', '),
    tally.granted,
    tally.worstExcessBits === null ? 'nothing granted' : Math.round(tally.worstExcessBits).toLocaleString('en'),
    Math.round(summary.secretBitsMedian).toLocaleString('en'),
  ]);
}

const late = (seconds: number | null): string => (seconds === null ? 'missed' : `${seconds.toFixed(2)} s`);
