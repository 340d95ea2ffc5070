/** Everything a desk's page shows, put together from the events of one connection. */
import type { DeskCall, DeskFile, DeskMessage, DeskState } from '@skykey/telemetry';
import type { Connection } from '../observed.ts';
import {
  EMPTY_THREAD,
  type Thread,
  withEarlier,
  withMessage,
  withNewest,
  withoutBefore,
} from './conversation/thread.ts';

export interface DeskView {
  readonly desk: DeskState | null;
  readonly thread: Thread;
  readonly connection: Connection;
  /** Why the desk tells this person nothing; null as a rule. */
  readonly refusal: string | null;
}

export type DeskEvent =
  | { readonly kind: 'desk'; readonly desk: DeskState }
  | { readonly kind: 'message'; readonly message: DeskMessage }
  | { readonly kind: 'file'; readonly file: DeskFile }
  | { readonly kind: 'call'; readonly call: DeskCall }
  | { readonly kind: 'earlier'; readonly beforeId: string; readonly messages: readonly DeskMessage[] }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'connection'; readonly connection: Connection };

export const NOTHING_SHOWN: DeskView = { desk: null, thread: EMPTY_THREAD, connection: 'connecting', refusal: null };

const DAY_MS = 86_400_000;
/** Parts that change rarely: kept by reference while equal, so that their views rest. */
const RESTFUL = ['line', 'safety', 'reserve', 'may', 'record', 'call'] as const;

export function observe(before: DeskView, event: DeskEvent): DeskView {
  const { desk, thread } = before;
  switch (event.kind) {
    case 'desk': {
      const { messages, retentionDays, utcMs } = event.desk;
      const newest = withNewest(thread, messages);
      const kept = retentionDays === null ? newest : withoutBefore(newest, utcMs - retentionDays * DAY_MS);
      return { ...before, desk: settle(desk, event.desk), thread: kept, refusal: null };
    }
    case 'message':
      return { ...before, thread: withMessage(thread, event.message) };
    case 'file':
      return desk === null ? before : { ...before, desk: { ...desk, files: withFile(desk.files, event.file) } };
    case 'call':
      return desk === null ? before : { ...before, desk: { ...desk, call: event.call } };
    case 'earlier':
      return { ...before, thread: withEarlier(thread, event.beforeId, event.messages) };
    case 'refused':
      return before.refusal === event.reason ? before : { ...before, refusal: event.reason };
    case 'connection':
      return before.connection === event.connection ? before : { ...before, connection: event.connection };
  }
}

function withFile(files: readonly DeskFile[], file: DeskFile): readonly DeskFile[] {
  const at = files.findIndex(({ id }) => id === file.id);
  return at < 0 ? [...files, file] : files.with(at, file);
}

function settle(before: DeskState | null, after: DeskState): DeskState {
  if (before === null) return after;
  const settled = { ...after } as Record<string, unknown>;
  for (const part of RESTFUL) {
    if (JSON.stringify(before[part]) === JSON.stringify(after[part])) settled[part] = before[part];
  }
  const known = new Map(before.files.map((file) => [file.id, file]));
  const files = after.files.map((file) => {
    const held = known.get(file.id);
    return held !== undefined && JSON.stringify(held) === JSON.stringify(file) ? held : file;
  });
  const same = files.length === before.files.length && files.every((file, i) => file === before.files[i]);
  settled.files = same ? before.files : files;
  return settled as unknown as DeskState;
}
