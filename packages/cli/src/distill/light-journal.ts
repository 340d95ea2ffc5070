/** Which light was spoken of: beside what cannot be exchanged for another, so that no second folder distils it again. */
import { randomBytes } from 'node:crypto';
import { accessSync, closeSync, constants, existsSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Role } from '@skykey/distill';
import { CliError } from '../error.ts';
import { appendLine } from './durable.ts';

/**
 * A file with a line for each session that was begun: part, id (percent-encoded) and a word of chance. A line is on the disk
 * before the first word about the light; of two processes the one whose line stands first may speak. A torn line was never
 * acted on.
 */
export class LightJournal {
  readonly #file: string;
  readonly #role: Role;

  /** Throws CliError `cli/file` when nothing can be written there. */
  constructor(file: string, role: Role) {
    this.#file = file;
    this.#role = role;
    try {
      // What is there is opened: a folder of that name may be written to, and is no journal.
      if (existsSync(file)) closeSync(openSync(file, 'r+'));
      else accessSync(dirname(file), constants.W_OK);
    } catch (error) {
      throw new CliError(
        'cli/file',
        `${file} cannot be written (${(error as Error).message}); it is to say which light was used`,
        { cause: error },
      );
    }
  }

  /** Throws CliError `cli/keys` when this session was begun by anybody in this part. */
  checkFresh(blockId: string): void {
    if (this.#lineOf(blockId)) this.#refuse(blockId);
  }

  /** From here on its light is used up. Throws CliError `cli/keys` when it was before. */
  begin(blockId: string): void {
    const line = `${this.#role} ${encodeURIComponent(blockId)} ${randomBytes(8).toString('hex')}`;
    appendLine(this.#file, line);
    if (this.#lineOf(blockId) !== line) this.#refuse(blockId);
  }

  #lineOf(blockId: string): string | undefined {
    if (!existsSync(this.#file)) return undefined;
    const start = `${this.#role} ${encodeURIComponent(blockId)} `;
    return readFileSync(this.#file, 'latin1')
      .split('\n')
      .find((line) => line.startsWith(start) && line.length === start.length + 16);
  }

  #refuse(blockId: string): never {
    throw new CliError('cli/keys', usedUp(blockId, this.#file));
  }
}

/** Why there will never be a key of a session that was begun. */
export function usedUp(blockId: string, where: string): string {
  const name = blockId.slice(blockId.indexOf('/') + 1);
  return `session '${name}' was begun before, as ${where} says; what was said about its light cannot be unsaid, so no key is made of it any more, in no folder: record another session`;
}
