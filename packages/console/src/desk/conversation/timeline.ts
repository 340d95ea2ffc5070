/** Texts and files in one order of time, with what stands between them. */
import type { DeskFile, DeskMessage } from '@skykey/telemetry';
import { utcDate } from '../../format.ts';
import type { Thread } from './thread.ts';

interface Placed {
  readonly key: string;
  /** `2016-12-19`. */
  readonly date: string;
  /** The date again on the first row of a day; else null. */
  readonly day: string | null;
}

export type Row =
  | (Placed & { readonly kind: 'message'; readonly message: DeskMessage; readonly continues: boolean })
  | (Placed & { readonly kind: 'file'; readonly file: DeskFile });

/** Words of one person within so much time stand together under one name. */
const TOGETHER_MS = 5 * 60_000;

/**
 * Files older than the oldest message held here wait with the messages of their time. At the same instant a text stands
 * before a file.
 */
export function timeline({ messages, earlier }: Thread, files: readonly DeskFile[]): readonly Row[] {
  const oldestMs = earlier ? (messages[0]?.utcMs ?? 0) : Number.NEGATIVE_INFINITY;
  const shown = files.filter(({ utcMs }) => utcMs >= oldestMs).toSorted((a, b) => a.utcMs - b.utcMs);
  const rows: Row[] = [];
  let nextFile = 0;
  const dated = (utcMs: number): Pick<Placed, 'date' | 'day'> => {
    const date = utcDate(utcMs);
    return { date, day: rows.at(-1)?.date === date ? null : date };
  };
  const placeFiles = (untilMs: number): void => {
    for (let file = shown[nextFile]; file !== undefined && file.utcMs < untilMs; file = shown[++nextFile]) {
      rows.push({ kind: 'file', key: `file ${file.id}`, ...dated(file.utcMs), file });
    }
  };
  for (const message of messages) {
    placeFiles(message.utcMs);
    const before = rows.at(-1);
    const when = dated(message.utcMs);
    const continues = when.day === null && before?.kind === 'message' && together(before.message, message);
    rows.push({ kind: 'message', key: message.id, ...when, message, continues });
  }
  placeFiles(Number.POSITIVE_INFINITY);
  return rows;
}

function together(before: DeskMessage, after: DeskMessage): boolean {
  return (
    before.direction === after.direction &&
    before.author === after.author &&
    before.onRecord === after.onRecord &&
    after.missed === 0 &&
    after.utcMs - before.utcMs < TOGETHER_MS
  );
}
