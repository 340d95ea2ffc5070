/** Files that are there whole or not at all, and that never take the place of another by accident. */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { NodeError } from '../error.ts';

/** Writes a file that is not there yet, readable by this user alone. Throws NodeError `node/pki-exists` when it is. */
export function writeNew(file: string, text: string): void {
  whole(file, text, (beside) => {
    try {
      linkSync(beside, file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      throw new NodeError(
        'node/pki-exists',
        `${file} is there already and is left as it is: move it away, or choose another name`,
      );
    } finally {
      rmSync(beside);
    }
  });
}

/** Puts a file in the place of what may be there: readers see the old one or the new one. */
export function replaceWith(file: string, text: string): void {
  whole(file, text, (beside) => renameSync(beside, file));
}

/** Gives a file a second name, which must be free; a later `replaceWith` leaves that one alone. */
export function keepAs(file: string, name: string): void {
  try {
    linkSync(file, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw refusal(file, error);
  }
}

function whole(file: string, text: string, place: (beside: string) => void): void {
  const beside = join(dirname(file), `.${basename(file)}.${randomBytes(6).toString('hex')}`);
  try {
    const handle = openSync(beside, 'wx', 0o600);
    try {
      writeSync(handle, text);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    place(beside);
    syncFolder(dirname(file));
  } catch (error) {
    rmSync(beside, { force: true });
    throw refusal(file, error);
  }
}

function refusal(file: string, error: unknown): unknown {
  if (error instanceof NodeError || (error as NodeJS.ErrnoException).code === 'ENOSPC') return error;
  return new NodeError(
    'node/pki-folder',
    `cannot write ${file}: ${(error as Error).message}; choose a folder that this user may write to with --out`,
  );
}

/** So that the names survive a power cut. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
