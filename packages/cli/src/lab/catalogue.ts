/** What there is to try on a link, for people and for programs. */
import type { Attack } from '@skykey/photons';
import { paragraph } from '../paragraph.ts';

export function catalogueDocument(attacks: readonly Attack[]) {
  return attacks.map(({ name, kind, visibility, expected, assumption, strength, description, reference }) => ({
    ...{ name, kind, class: visibility, expected, assumption },
    strength: kind === 'none' ? null : strength,
    ...{ description, reference },
  }));
}

const KINDS = [
  ['attack', 'ATTACKS'],
  ['fault', 'FAULTS, which must not be called a tap'],
  ['none', 'NOBODY'],
] as const;

export function catalogueTable(attacks: readonly Attack[]): string {
  const lines: string[] = [];
  for (const [kind, heading] of KINDS) {
    lines.push(heading, '');
    for (const attack of attacks.filter((one) => one.kind === kind)) lines.push(...entry(attack), '');
  }
  lines.push(
    'D1 shows in the statistics of the link; D2 with the monitor of its assumption alone; D3 not at all:',
    'it is paid for in the length of the key, or refused. Fractions are meant where no unit stands.',
  );
  return `${lines.join('\n')}\n`;
}

function entry({ name, kind, visibility, expected, assumption, strength, description }: Attack): string[] {
  const head = [name, ...(visibility ? [visibility] : []), `verdict ${expected}`].join('  ');
  const range = `strength: ${strength.meaning}, ${strength.low} to ${strength.high}${strength.unit && ` ${strength.unit}`} (${strength.usual})`;
  return [
    `  ${head}`,
    ...paragraph(description, { first: 4, indent: 4 }),
    ...(kind === 'none' ? [] : paragraph(range, { first: 4, indent: 4 })),
    ...(assumption === null ? [] : [`    rests on: ${assumption}`]),
  ];
}
