import { paragraph } from '../paragraph.ts';
import type { CrowdFigures, HotlineFigures, TextSubject } from './hotline.ts';

/** The figures of `skykey bench hotline` for people. */

const SUBJECTS: Readonly<Record<TextSubject, string>> = {
  reference: 'two SQLite files, bare HTTP',
  hybrid: 'hybrid text',
  sealed: 'text by one-time pad',
};
const CROWDS: Readonly<Record<CrowdFigures['name'], string>> = {
  idle: 'one, nobody writes',
  lively: 'one, a text every 2 s each way',
  call: 'one, a call',
  crowd: 'many, a text every 2 s each way',
};

export function hotlineText(figures: HotlineFigures, machine: string): string {
  const { quick, rounds, media, texts, crowds, disk, load, expectations } = figures;
  const crowd = crowds.find(({ name }) => name === 'crowd')!;
  return `${[
    ...paragraph(`The hotline on ${machine}`),
    ...(quick ? paragraph('Small sizes: only to see that it works.') : []),
    ...paragraph(
      `The disk took ${ms(disk.p50)} ms for one small durable write, ${ms(disk.p99)} ms for the slowest in a hundred. ` +
        `Processes that wanted a core: ${load[0].toFixed(1)} before, ${load[1].toFixed(1)} after.`,
    ),
    '',
    ...paragraph(
      `A call of 720p, 30 frames/s, 1.5 Mbit/s with voice, processor time as a part of one core, each direction, medians of ${rounds} rounds of ${media.seconds} s of call, by the code of the page's worker:`,
    ),
    `    sealed ${percent(media.seal)}, ${ratio(media.seal, media.bareSeal)} times bare AES-256-GCM`,
    `    opened ${percent(media.open)}, ${ratio(media.open, media.bareOpen)} times bare AES-256-GCM`,
    '',
    ...paragraph(
      "Texts from one page's request until the other page is told, two desks and two key managers as processes, one text after the other, kept by both desks before it is told:",
    ),
    `    ${''.padEnd(30)}${'texts'.padStart(7)}${'p50 ms'.padStart(9)}${'p99 ms'.padStart(9)}${'most ms'.padStart(9)}`,
    ...texts.map(
      ({ subject, times }) =>
        `    ${SUBJECTS[subject].padEnd(30)}${String(times.count).padStart(7)}${ms(times.p50).padStart(9)}${ms(times.p99).padStart(9)}${ms(times.most).padStart(9)}`,
    ),
    '',
    ...paragraph(
      'Conversations, processor time of each site as a part of one core, pages open at both ends, and texts:',
    ),
    ...crowds.map(
      ({ name, cpu, text, said, delivered }) =>
        `    ${CROWDS[name].padEnd(32)}${percent(cpu[0]).padStart(8)}${percent(cpu[1]).padStart(8)}` +
        (text ? `  ${delivered} of ${said}, p50 ${ms(text.p50)}, p99 ${ms(text.p99)} ms` : ''),
    ),
    ...paragraph(
      `The many are ${crowd.conversations}, in two processes, for ${crowd.seconds} s; keys were renewed ${crowd.renewals} times meanwhile, as often as in so much time of desks.`,
    ),
    ...crowds.flatMap(({ refusals }) => refusals.flatMap((why) => paragraph(`A desk refused a text: ${why}`))),
    '',
    ...expectations.flatMap(({ what, value, met }) =>
      paragraph(`${what}: ${ms(value)}${met === null ? '' : met ? ': met' : ': NOT MET'}`, { indent: 2 }),
    ),
  ].join('\n')}\n`;
}

const percent = (part: number): string => `${(100 * part).toPrecision(3)} %`;
const ratio = (value: number, bare: number): string => (value / bare).toPrecision(2);
const ms = (value: number): string =>
  value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toPrecision(3);
