/** Texts and files in one order of time, with what stands between them. */
import type { DeskFile, DeskMessage } from '@skykey/telemetry';
import { utcDate } from '../../format.ts';
import type { Thread } from './thread.ts';

interface Placed {
  readonly key: string;
  /** `2016-12-19` on the first row of a day. */
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
  let day = '';
  let nextFile = 0;
  const dayOf = (utcMs: number): string | null => {
    const date = utcDate(utcMs);
    if (date === day) return null;
    day = date;
    return date;
  };
  const placeFiles = (untilMs: number): void => {
    for (let file = shown[nextFile]; file !== undefined && file.utcMs < untilMs; file = shown[++nextFile]) {
      rows.push({ kind: 'file', key: `file ${file.id}`, day: dayOf(file.utcMs), file });
    }
  };
  for (const message of messages) {
    placeFiles(message.utcMs);
    const before = rows.at(-1);
    const first = dayOf(message.utcMs);
    const continues = first === null && before?.kind === 'message' && together(before.message, message);
    rows.push({ kind: 'message', key: message.id, day: first, message, continues });
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
