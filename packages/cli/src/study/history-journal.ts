/** Worlds of a study of histories that have been played. */
import type { Played } from '@skykey/node';
import { Journal } from './journal.ts';

export type PlayedWorld = Played & { readonly playedOn: string; readonly cpuS: number };

export class HistoryJournal extends Journal<PlayedWorld> {
  /**
   * Of files whose name says all that decides what a world is; `part`: the one of these that this process writes. Throws
   * CliError `cli/file`.
   */
  constructor(name: string, part?: number) {
    super({
      ...{ name, part },
      keyOf: ({ seed }) => seed,
      isWorld: ({ seed, verdict, playedOn }) =>
        Number.isSafeInteger(seed) && Array.isArray(verdict.findings) && typeof playedOn === 'string',
    });
  }
}
