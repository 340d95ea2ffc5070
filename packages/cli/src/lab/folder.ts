/** Where a study is kept, so that it can be cut off and go on: a journal for each series of passes, and the baselines. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Baseline } from '@skykey/alarm';
import { headerLine, type JournalHeader, outcomeLine, type PassOutcome, readJournal } from '@skykey/lab';
import { CliError } from '../error.ts';

export class StudyFolder {
  readonly #path: string;

  /** Makes it if need be. Throws CliError `cli/file`. */
  constructor(path: string) {
    this.#path = path;
    guarded(path, () => mkdirSync(path, { recursive: true }));
  }

  /** What was learned before from the same inputs, or now. */
  baseline(fingerprint: string, learn: () => Baseline): Baseline {
    const file = join(this.#path, `baseline-${fingerprint}.json`);
    return guarded(file, () => {
      if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Baseline;
      const learned = learn();
      // Under another name first: a baseline that was cut in the middle would be believed.
      writeFileSync(`${file}.part`, JSON.stringify(learned));
      renameSync(`${file}.part`, file);
      return learned;
    });
  }

  /**
   * Opens the journal of a series: what it holds already, and a way to add to it. Throws LabError `lab/journal` when it
   * belongs to another question.
   */
  journal(name: string, header: JournalHeader): Kept {
    const file = join(this.#path, `${name}.jsonl`);
    return guarded(file, () => {
      const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
      const { outcomes, days, wholeBytes } = readJournal(text, header, file);
      if (wholeBytes === 0) writeFileSync(file, headerLine(header));
      else truncateSync(file, wholeBytes);
      return {
        found: [...outcomes.values()],
        days,
        add: (more, today) =>
          guarded(file, () => appendFileSync(file, more.map((one) => outcomeLine(one, today)).join(''))),
      };
    });
  }
}

/** What a journal holds, the days on which that was played, and a way to add to it. */
export interface Kept {
  readonly found: readonly PassOutcome[];
  readonly days: readonly string[];
  add(outcomes: readonly PassOutcome[], today: string): void;
}

function guarded<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (typeof code !== 'string' || !/^E[A-Z]+$/.test(code)) throw error;
    throw new CliError('cli/file', `${path} cannot be used for the study: ${message}`, { cause: error });
  }
}
