/** What a lab run says to people. */
import { type Assumed, assumedWeather, assumptionOf, type LabLink, upperRate } from '@skykey/lab';
import type { Attack } from '@skykey/photons';
import { paragraph } from '../paragraph.ts';
import type { Played } from './laboratory.ts';

/** Shares as `5 %`, anything else with its unit. */
export function strengthText({ strength: { meaning, unit } }: Attack, value: number): string {
  if (unit !== '') return `${value} ${unit}`;
  return /\bshare\b|^relative\b/.test(meaning) ? `${Number((100 * value).toPrecision(6))} %` : `${value}`;
}

export function labReport(link: LabLink, attack: Attack, played: readonly Played[]): string {
  const { binS, channelTransmittance } = link.trace;
  const durationS = binS * channelTransmittance.length;
  const lines = [
    `${link.passId}: ${durationS.toFixed(0)} s, about ${millions(link.detections)} detections when it is clear`,
    ...(attack.kind === 'none'
      ? ['Clean passes, with clouds, moonlight and drift in them']
      : paragraph(`${attack.name}: ${attack.description}`, { first: 0, indent: 2 })),
  ];
  for (const one of played) lines.push('', ...runLines(attack, one));
  lines.push('', 'Assumed of the link and its weather, without hardware data behind it (reasons: docs/results):');
  for (const row of [...link.assumed, ...assumedWeather]) lines.push(...paragraph(rowText(row)));
  lines.push('', 'Simulated photons: rates of a simulated alarm on a simulated link.');
  return `${lines.join('\n')}\n`;
}

const rowText = ({ what, value }: Assumed): string => `${what}: ${value}`;

const millions = (n: number): string =>
  n >= 1e6 ? `${(n / 1e6).toFixed(1)} million` : Math.round(n).toLocaleString('en');
const count = (n: number): string => Math.round(n).toLocaleString('en');

function runLines(attack: Attack, { study, summary, tally, outcomes }: Played): string[] {
  const { passes, hardAlarms, softAlarms, latencyP50S, latencyP99S, verdicts, maxLeakageExcessBits } = summary;
  const hit = attack.kind === 'none' ? hardAlarms : tally.missed;
  const rate = `${attack.kind === 'none' ? 'false alarms' : `${count(tally.missed)} missed, misses`} below ${shareText(upperRate(hit, passes))} at 95 %`;
  const head =
    attack.kind === 'none'
      ? `${count(passes)} passes`
      : `strength ${strengthText(attack, study.strength)}, ${count(passes)} passes`;
  const spoken = Object.entries(verdicts)
    .filter(([, n]) => n > 0)
    .map(([name, n]) => `${name} ${count(n)}`)
    .join(', ');
  const evidence = outcomes.find((outcome) => outcome.evidence !== null && outcome.hard)?.evidence;
  return [
    `  ${head}, seed ${summary.seed}${summary.class ? `, class ${summary.class}` : ''}`,
    `    hard alarm     ${count(hardAlarms)} of ${count(passes)} passes (${rate})`,
    `    soft alarm     ${count(softAlarms)}`,
    ...(attack.kind === 'none' ? [] : [`    latency        ${latencyText(latencyP50S, latencyP99S)}`]),
    `    verdicts       ${spoken}`,
    `    secret key     ${count(summary.secretBitsMedian)} bits (median)`,
    `    leakage        ${
      maxLeakageExcessBits > 0
        ? `ABOVE what the bound grants, by up to ${count(maxLeakageExcessBits)} bits`
        : tally.granted > 0
          ? `never above what the bound grants, in ${count(tally.granted)} passes with a key`
          : `nothing granted: ${tally.refusal}`
    }`,
    ...(evidence ? paragraph(`for example    ${evidence}`, { first: 4, indent: 19 }) : []),
    ...assumptionLines(attack, study.assumptions),
  ];
}

function assumptionLines(attack: Attack, state: 'on' | 'off'): string[] {
  const assumption = assumptionOf(attack);
  if (!assumption) return [];
  return paragraph(`assumption     ${assumption.name}, ${state}: ${assumption.sentence}`, { first: 4, indent: 19 });
}

const shareText = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;
function latencyText(half: number | null, most: number | null): string {
  if (half === null) return 'half of the passes or more missed';
  const rest = most === null ? 'more than 1 of 100 missed' : `${most.toFixed(1)} s in 99 of 100`;
  return `${half.toFixed(1)} s in half of the passes, ${rest}`;
}
