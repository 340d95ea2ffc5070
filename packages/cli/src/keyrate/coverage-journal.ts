/** Cells of the coverage study that are finished, so that it can be cut off and go on: one line of JSON each. */
import { appendFileSync, existsSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { CliError } from '../error.ts';
import { CELLS, nameOf, type PlayedCell } from './coverage-cells.ts';

export class CoverageJournal {
  readonly #file: string;
  readonly #found = new Map<string, PlayedCell>();

  /**
   * Of a file whose name says all that decides what a cell is. A last line that was cut is cut away.
   * Throws CliError `cli/file`.
   */
  constructor(file: string) {
    this.#file = file;
    if (!existsSync(file)) return;
    const bytes = this.#guarded(() => readFileSync(file));
    const end = bytes.lastIndexOf('\n'.charCodeAt(0)) + 1;
    for (const [i, line] of bytes.toString('utf8', 0, end).split('\n').slice(0, -1).entries()) {
      const cell = parsed(line);
      if (cell === null) {
        throw new CliError(
          'cli/file',
          `${file}, line ${i + 1} is no cell of this study; remove the file to begin anew`,
        );
      }
      this.#found.set(nameOf(cell), cell);
    }
    this.#guarded(() => truncateSync(file, end));
  }

  found(name: string): PlayedCell | undefined {
    return this.#found.get(name);
  }

  add(cell: PlayedCell): void {
    this.#guarded(() => appendFileSync(this.#file, `${JSON.stringify(cell)}\n`));
  }

  /** When the report is there. */
  remove(): void {
    this.#guarded(() => rmSync(this.#file, { force: true }));
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

const NAMES: ReadonlySet<string> = new Set(CELLS.map(nameOf));

function parsed(line: string): PlayedCell | null {
  try {
    const cell = JSON.parse(line) as PlayedCell;
    return NAMES.has(nameOf(cell)) && Array.isArray(cell.statements) && typeof cell.playedOn === 'string' ? cell : null;
  } catch {
    return null;
  }
}
