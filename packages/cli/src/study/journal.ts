/** What a study has played, so that it can be cut off and go on: one line of JSON for each world. */
import { appendFileSync, existsSync, readdirSync, readFileSync, truncateSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { CliError } from '../error.ts';

/** Files of several processes: `name.jsonl`, `name.1.jsonl`, … */
const END = '.jsonl';

export interface JournalOptions<T> {
  /** Path without ending; it says all that decides what a world is. */
  readonly name: string;
  /** The one of several processes that this one is. */
  readonly part?: number | undefined;
  /** Which world that is. */
  readonly keyOf: (world: T) => string | number;
  readonly isWorld: (json: T) => boolean;
}

export class Journal<T> {
  readonly #options: JournalOptions<T>;
  readonly #file: string;
  readonly #found = new Map<string | number, T>();

  /** A last line of its own file that was cut is cut away. Throws CliError `cli/file`. */
  constructor(options: JournalOptions<T>) {
    const { name, part } = options;
    this.#options = options;
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
      const world = this.#parsed(line);
      if (!world) {
        throw new CliError(
          'cli/file',
          `${file}, line ${i + 1} is no world of this study; remove the file to begin anew`,
        );
      }
      this.#found.set(this.#options.keyOf(world), world);
    }
    if (file === this.#file) this.#guarded(() => truncateSync(file, end));
  }

  found(key: string | number): T | undefined {
    return this.#found.get(key);
  }

  add(world: T): void {
    this.#guarded(() => appendFileSync(this.#file, `${JSON.stringify(world)}\n`));
  }

  #guarded<R>(act: () => R): R {
    try {
      return act();
    } catch (error) {
      const { message } = error as Error;
      throw new CliError('cli/file', `${this.#file} cannot be used for the study: ${message}`, { cause: error });
    }
  }

  #parsed(line: string): T | undefined {
    try {
      const world = JSON.parse(line) as T;
      return this.#options.isWorld(world) ? world : undefined;
    } catch {
      return undefined;
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
