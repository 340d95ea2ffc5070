/** The verification set of SGP4 (Vallado et al., AIAA 2006-6753): 33 element sets, 667 states. */
import { motionOf, parseTle } from '@skykey/orbit';
import type { Sources } from './comparison.ts';

/** The line with the checksum that it should have: three sets of the file are invented and have wrong ones. */
function mended(line: string): string {
  let sum = 0;
  for (const character of line.slice(0, 68)) sum += character === '-' ? 1 : Number(character) || 0;
  return line.slice(0, 68) + (sum % 10);
}

/** An invented set of 0.00001 revolutions a day, for which the model has no state at any time; none is printed. */
const WITHOUT_STATES = '33334';

/** Element sets in the order of the file, as two lines. */
function elementSets(file: string): { catalogue: string; lines: string }[] {
  const lines = file.split(/\r?\n/);
  return lines.flatMap((first, i) => {
    const second = lines[i + 1] ?? '';
    if (!first.startsWith('1 ') || !second.startsWith('2 ')) return [];
    return [{ catalogue: String(Number(first.slice(2, 7))), lines: `${mended(first)}\n${mended(second)}` }];
  });
}

/** Printed states by case: minutes since the epoch, position (km). */
function printedStates(file: string): number[][][] {
  const cases: number[][][] = [];
  for (const line of file.split(/\r?\n/)) {
    const fields = line.trim().split(/\s+/);
    if (fields[1] === 'xx') cases.push([]);
    else if (fields.length >= 7) cases.at(-1)!.push(fields.slice(0, 4).map(Number));
  }
  return cases;
}

/** Largest distance, m, between a printed position and the one computed. */
export function worstPositionM({ text }: Sources): number {
  const states = printedStates(text('orbit/data/SGP4-VER.out'));
  let worstKm = 0;
  for (const [i, { catalogue, lines }] of elementSets(text('orbit/data/SGP4-VER.TLE')).entries()) {
    if (catalogue === WITHOUT_STATES) continue;
    const elements = parseTle(lines, `verification set ${catalogue}`);
    for (const [minutes, x, y, z] of states[i]!) {
      const { position } = motionOf(elements, elements.epochMs, minutes! * 60);
      worstKm = Math.max(worstKm, Math.hypot(position.x - x!, position.y - y!, position.z - z!));
    }
  }
  return 1000 * worstKm;
}
