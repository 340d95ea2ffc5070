/** Worlds of a study of histories that have been played, so that it can be cut off and go on: one line of JSON each. */
import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs';
import type { Played } from '@skykey/node';
import { CliError } from '../error.ts';

export type PlayedWorld = Played & { readonly playedOn: string; readonly cpuS: number };

export class HistoryJournal {
  readonly #file: string;
  readonly #found = new Map<number, PlayedWorld>();

  /**
   * Of a file whose name says all that decides what a world is. A last line that was cut is cut away.
   * Throws CliError `cli/file`.
   */
  constructor(file: string) {
    this.#file = file;
    if (!existsSync(file)) return;
    const bytes = this.#guarded(() => readFileSync(file));
    const end = bytes.lastIndexOf('\n'.charCodeAt(0)) + 1;
    for (const [i, line] of bytes.toString('utf8', 0, end).split('\n').slice(0, -1).entries()) {
      const world = parsed(line);
      if (!world) {
        throw new CliError(
          'cli/file',
          `${file}, line ${i + 1} is no world of this study; remove the file to begin anew`,
        );
      }
      this.#found.set(world.seed, world);
    }
    this.#guarded(() => truncateSync(file, end));
  }

  found(seed: number): PlayedWorld | undefined {
    return this.#found.get(seed);
  }

  add(world: PlayedWorld): void {
    this.#guarded(() => appendFileSync(this.#file, `${JSON.stringify(world)}\n`));
  }

  #guarded<T>(act: () => T): T {
    try {
      return act();
    } catch (error) {
      const { message } = error as Error;
      throw new CliError('cli/file', `${this.#file} cannot be used for the study: ${message}`, { cause: error });
    }
  }
}

function parsed(line: string): PlayedWorld | undefined {
  try {
    const world = JSON.parse(line) as PlayedWorld;
    const isWorld = Number.isSafeInteger(world.seed) && Array.isArray(world.verdict.findings);
    return isWorld && typeof world.playedOn === 'string' ? world : undefined;
  } catch {
    return undefined;
  }
}
