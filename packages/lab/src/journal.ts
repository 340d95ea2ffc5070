/**
 * The journal of a study: a header in one line of JSON, then one line a pass in any order. A study that was cut off goes on
 * where it stopped; a line that was cut in the middle is played again.
 */
import { LabError } from './error.ts';
import type { PassOutcome } from './outcome.ts';

/** All that decides what a pass of a study is; equal headers, equal passes. */
export type JournalHeader = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

const FORMAT = 'skykey-lab/2';

export interface Journal {
  readonly outcomes: ReadonlyMap<number, PassOutcome>;
  /** The days on which they were played, each once, earliest first. */
  readonly days: readonly string[];
  /** Bytes of it that are whole lines, in UTF-8: what comes after is cut away before more is written. */
  readonly wholeBytes: number;
}

export const headerLine = (header: JournalHeader): string => `${JSON.stringify({ format: FORMAT, ...header })}\n`;
/** `day` (`2026-11-22`): when it was played, which decides nothing. */
export const outcomeLine = (outcome: PassOutcome, day: string): string =>
  `${JSON.stringify({ ...outcome, playedOn: day })}\n`;

/**
 * Reads what is there; of an empty text nothing. A last line without its end is left out.
 * @throws LabError `lab/journal` when it belongs to other parameters (the first that differs is named), or is no journal
 */
export function readJournal(text: string, header: JournalHeader, where: string): Journal {
  const outcomes = new Map<number, PassOutcome>();
  const days = new Set<string>();
  const end = text.lastIndexOf('\n') + 1;
  if (end === 0) return { outcomes, days: [], wholeBytes: 0 };
  const lines = text.slice(0, end).split('\n').slice(0, -1);
  checkHeader(parsed(lines[0]!, 1, where), header, where);
  for (const [i, line] of lines.entries()) {
    if (i === 0) continue;
    const { playedOn, ...rest } = parsed(line, i + 1, where);
    const outcome = rest as unknown as PassOutcome;
    if (!Number.isSafeInteger(outcome.pass) || typeof outcome.secretBits !== 'number' || typeof playedOn !== 'string') {
      throw new LabError('lab/journal', `${where}, line ${i + 1}: it is not the outcome of a pass; remove the file`);
    }
    outcomes.set(outcome.pass, outcome);
    days.add(playedOn);
  }
  return { outcomes, days: [...days].sort(), wholeBytes: new TextEncoder().encode(text.slice(0, end)).length };
}

function parsed(line: string, number: number, where: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Said below: what it is instead does not matter.
  }
  throw new LabError(
    'lab/journal',
    `${where}, line ${number}: it is not a line of JSON; remove the file to begin anew`,
  );
}

function checkHeader(found: Record<string, unknown>, wanted: JournalHeader, where: string): void {
  for (const [name, value] of Object.entries({ format: FORMAT, ...wanted })) {
    if (JSON.stringify(found[name]) === JSON.stringify(value)) continue;
    throw new LabError(
      'lab/journal',
      `${where} was begun with ${name} ${JSON.stringify(found[name])}, not ${JSON.stringify(value)}; ` +
        'take another folder, or remove the file to begin anew',
    );
  }
}
