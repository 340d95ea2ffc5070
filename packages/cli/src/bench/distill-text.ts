import type { Figure } from '@skykey/distill';
import { paragraph } from '../paragraph.ts';
import type { DistillFigures } from './distill.ts';

/** The figures of `skykey bench distill` for people: what was expected beside what was measured. */

const TITLES: Readonly<Record<Figure['stage'], string>> = {
  cascade: 'Error correction by Cascade, both parties',
  ldpc: 'Error correction in one message, both parties',
  amplify: 'Privacy amplification',
  hash: 'Authentication',
  chain: 'The whole chain, both parties',
};

export function distillText({ rounds, quick, figures, warnings }: DistillFigures, machine: string): string {
  const lines = [
    ...paragraph(`Post-processing on ${machine}`),
    ...paragraph(
      `Median of ${rounds} rounds, and from the least to the most of them, by processor time of one core unless said.${quick ? ' Small sizes: only to see that it works.' : ''}`,
    ),
  ];
  for (const [stage, title] of Object.entries(TITLES)) {
    const own = figures.filter((figure) => figure.stage === stage);
    if (!own.length) continue;
    lines.push('', title);
    for (const figure of own) lines.push(...row(figure));
  }
  if (warnings.length) lines.push('', ...warnings.flatMap((warning) => paragraph(warning)));
  return `${lines.join('\n')}\n`;
}

function row(figure: DistillFigures['figures'][number]): string[] {
  const { name, unit, value, least, most, expected, reference, met } = figure;
  const spread = least === most ? '' : ` (${number(least, unit)} to ${number(most, unit)})`;
  const bound = expected && [
    ...(expected.least === undefined ? [] : [`at least ${number(expected.least)}`]),
    ...(expected.most === undefined ? [] : [`at most ${number(expected.most)}`]),
  ];
  const verdict = bound ? `; expected ${bound.join(', ')}${met ? '' : ': NOT MET'}` : '';
  return [
    ...paragraph(`${name}: ${number(value, unit)}${unit && ` ${unit}`}${spread}${verdict}`, { first: 2, indent: 4 }),
    ...(reference
      ? paragraph(
          `${number(reference.ratio)} times ${reference.name} (${number(reference.value)} ${unit}) in the same process`,
          { first: 4, indent: 4 },
        )
      : []),
  ];
}

/** Three digits, or all before the point; of an efficiency the one that matters is the third behind it. */
function number(value: number, unit = ''): string {
  if (unit === 'f') return value.toFixed(3);
  if (value === 0 || Number.isInteger(value)) return value.toLocaleString('en');
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}
