import { paragraph } from '../paragraph.ts';
import type { KmeFigures, LevelFigures } from './kme.ts';

/** The figures of `skykey bench kme` for people. */

const NAMES = { bare: 'transport alone', sqlite: 'SQLite', postgres: 'PostgreSQL' } as const;

export function kmeText(figures: KmeFigures, machine: string): string {
  const { rounds, quick, seconds, levels, disk, memory, errors, unequal, repeated, expectations, warnings } = figures;
  const lines = [
    ...paragraph(`Key delivery on ${machine}`),
    ...paragraph(
      'Pairs of enc_keys at one KME and dec_keys at the other, 256 bits a key, mutual TLS, every answer durable; keys ' +
        `compared at both ends. Medians of ${rounds} rounds of ${seconds} s by the clock, applications on the same processor.` +
        (quick ? ' Small sizes: only to see that it works.' : ''),
    ),
    ...paragraph(
      `The disk took ${ms(disk.p50)} ms for one small durable write, ${ms(disk.p99)} ms for the slowest in a hundred.`,
    ),
    '',
    `  ${'at once, keys'.padEnd(14)}${'store'.padEnd(16)}${'pairs/s'.padStart(8)}${'p50 ms'.padStart(8)}${'p99 ms'.padStart(8)}${'of bare'.padStart(9)}${'cpu us'.padStart(8)}${'syncs'.padStart(7)}`,
    ...levels.map(row),
    '',
    ...paragraph(
      'p50 and p99 are of a pair; cpu us is the processor time of a pair of both KMEs and the database; syncs are the writes to the disk that were waited for, at both sites, of a pair.',
    ),
    '',
  ];
  for (const { subject, before, after } of memory) {
    if (before === null || after === null || subject === 'bare') continue;
    lines.push(
      ...paragraph(`Memory of both KMEs on ${NAMES[subject]}: ${mega(before)} MB before, ${mega(after)} MB after.`),
    );
  }
  for (const [what, count] of Object.entries(errors)) lines.push(...paragraph(`${count} times: ${what}`));
  lines.push(...paragraph(`Keys that differed at the two ends: ${unequal}; given twice: ${repeated}.`), '');
  for (const { what, value, met } of expectations) {
    const verdict = met === null ? '' : met ? ': met' : ': NOT MET';
    lines.push(...paragraph(`${what}: ${value === null ? 'not measured' : digits(value)}${verdict}`, { indent: 2 }));
  }
  if (warnings.length) lines.push('', ...warnings.flatMap((warning) => paragraph(warning)));
  return `${lines.join('\n')}\n`;
}

function row({ subject, connections, number, pairsPerS, pairMs, ofBare, cpuUs, syncs }: LevelFigures): string {
  const { north, south, database } = cpuUs;
  const cpu = north === null || south === null ? '' : String(Math.round(north + south + (database ?? 0)));
  return (
    `  ${`${connections}, ${number}`.padEnd(14)}${NAMES[subject].padEnd(16)}${Math.round(pairsPerS.value).toString().padStart(8)}` +
    `${ms(pairMs.p50).padStart(8)}${ms(pairMs.p99).padStart(8)}${(ofBare === null ? '' : ofBare.toFixed(2)).padStart(9)}` +
    `${cpu.padStart(8)}${(syncs === null ? '' : syncs.toFixed(2)).padStart(7)}`
  );
}

const ms = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
const mega = (bytes: number): string => (bytes / 1e6).toFixed(0);
const digits = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
