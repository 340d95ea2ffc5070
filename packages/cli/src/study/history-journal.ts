/** Worlds of a study of histories that have been played, so that it can be cut off and go on: one line of JSON each. */
import { appendFileSync, existsSync, readdirSync, readFileSync, truncateSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Played } from '@skykey/node';
import { CliError } from '../error.ts';

export type PlayedWorld = Played & { readonly playedOn: string; readonly cpuS: number };

/** Files of several processes: `name.jsonl`, `name.1.jsonl`, … */
const END = '.jsonl';

export class HistoryJournal {
  readonly #file: string;
  readonly #found = new Map<number, PlayedWorld>();

  /**
   * Of files whose name says all that decides what a world is; `part`: the one of these that this process writes. A last line
   * of it that was cut is cut away. Throws CliError `cli/file`.
   */
  constructor(name: string, part?: number) {
    this.#file = part === undefined ? `${name}${END}` : `${name}.${part}${END}`;
    for (const file of filesOf(name)) this.#read(file);
  }

  /** Worlds that stand in the files now. */
  static count(name: string): number {
    return filesOf(name).reduce((sum, file) => sum + readFileSync(file, 'utf8').split('\n').length - 1, 0);
  }

  #read(file: string): void {
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
    if (file === this.#file) this.#guarded(() => truncateSync(file, end));
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

function filesOf(name: string): string[] {
  const folder = dirname(name);
  if (!existsSync(folder)) return [];
  const start = basename(name);
  return readdirSync(folder)
    .filter((file) => file.startsWith(start) && /^(\.\d+)?\.jsonl$/.test(file.slice(start.length)))
    .sort()
    .map((file) => join(folder, file));
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
