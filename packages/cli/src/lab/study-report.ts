/** The report of a long study: what was asked, what came out, and all that it rests on. */
import {
  type Assumed,
  assumedWeather,
  type Claim,
  type LabLink,
  type LongStudy,
  type SeriesResult,
  TRAINING_PASSES,
} from '@skykey/lab';
import { attackNamed } from '@skykey/photons';
import { VERSION } from '../version.ts';
import { strengthText } from './report.ts';

export interface Report {
  readonly study: LongStudy;
  /** As asked for; series share them out and round up. */
  readonly passes: number;
  readonly seed: number;
  readonly scenario: string;
  readonly link: LabLink;
  readonly results: readonly SeriesResult[];
  readonly claims: readonly Claim[];
  /** `2026-11-22` */
  readonly date: string;
}

export function reportDocument({ study, seed, scenario, link, results, claims, date }: Report) {
  return {
    ...{ study: study.name, title: study.title, date, version: VERSION, seed, scenario, passId: link.passId },
    trainingPasses: TRAINING_PASSES,
    claims,
    series: results.map(({ study: { level, without, assumptions }, detections, summary }) => ({
      ...summary,
      ...{ detections: detections ?? Math.round(link.detections), level, without, assumptions },
    })),
    assumed: [...link.assumed, ...assumedWeather],
  };
}

export function reportText({ study, passes: asked, seed, scenario, link, results, claims, date }: Report): string {
  const { binS, channelTransmittance } = link.trace;
  const passes = results.reduce((sum, { summary }) => sum + summary.passes, 0);
  const lines = [
    `# ${study.title}`,
    '',
    study.question,
    '',
    `${passes.toLocaleString('en')} passes of ${(binS * channelTransmittance.length).toFixed(0)} s, played ${date} by Skykey ${VERSION}, seed ${seed}, scenario \`${scenario}\` (${link.passId}).`,
    `Run again by \`npx skykey lab --study ${study.name} --passes ${asked} --seed ${seed} --scenario ${scenario}\`: the same figures, on any number of workers.`,
    'The photons are simulated: these are rates of a simulated alarm on a simulated link.',
    '',
  ];
  if (claims.length > 0) lines.push(...claimRows(claims), '');
  lines.push(
    '## Series',
    '',
    '| attack | class | strength | detections | passes | hard | soft | latency p50, p99 | verdicts | worst leakage excess | secret key, median |',
    '|---|---|---|---|---|---|---|---|---|---|---|',
    ...results.map((result) => row(result, link)),
    '',
    'Hard and soft: passes with at least one such alarm. Latency: pass time from the begin of the attack to the first hard',
    'alarm, over passes that have one. Leakage excess: bits known to the adversary less bits that privacy amplification took',
    'away, 0 where that is never positive. An attack begins anywhere in the first half of its pass where the sky lets a tenth of the light through, and lasts to the end.',
    `The baseline is learned from ${TRAINING_PASSES} clean passes that are none of the tested ones.`,
    '',
    '## Assumed',
    '',
    '| of the link | value | why |',
    '|---|---|---|',
    ...link.assumed.map(assumedRow),
    '',
    '| of its weather and drift | value | why |',
    '|---|---|---|',
    ...assumedWeather.map(assumedRow),
    '',
  );
  return lines.join('\n');
}

export function claimRows(claims: readonly Claim[]): string[] {
  const rows = claims.map(({ says, measured, holds }) => `| ${says} | ${measured} | ${holds ? 'yes' : '**no**'} |`);
  return ['| claim | measured | holds |', '|---|---|---|', ...rows];
}

export const assumedRow = ({ what, value, why }: Assumed): string => `| ${what} | ${value} | ${why} |`;

function row({ study: { attack, strength, assumptions }, detections, summary }: SeriesResult, link: LabLink): string {
  const { latencyP50S, latencyP99S, verdicts } = summary;
  const cells = [
    attack === 'none' ? 'clean' : `${attack}${assumptions === 'off' ? ', flag off' : ''}`,
    summary.class ?? '',
    summary.strength === null ? '' : strengthText(attackNamed(attack), strength),
    Math.round(detections ?? link.detections).toLocaleString('en'),
    summary.passes,
    summary.hardAlarms,
    summary.softAlarms,
    latencyP50S === null ? '' : `${latencyP50S.toFixed(2)} s, ${latencyP99S!.toFixed(2)} s`,
    Object.entries(verdicts)
      .filter(([, n]) => n > 0)
      .map(([name, n]) => `${name} ${n}`)
      .join(', '),
    Math.round(summary.maxLeakageExcessBits).toLocaleString('en'),
    Math.round(summary.secretBitsMedian).toLocaleString('en'),
  ];
  return `| ${cells.join(' | ')} |`;
}
