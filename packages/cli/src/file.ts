/** Files that people name on the command line: read whole, written whole, or refused in one sentence. */
import { accessSync, constants, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { CliError } from './error.ts';

const REASONS: Record<string, string> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder, not a file',
  EACCES: 'this user may not open it',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EROFS: 'the file system is read-only',
};

function sentence(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return REASONS[code] ?? message;
}

/** @throws CliError `cli/file` */
export function readBytes(option: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new CliError('cli/file', `${option} ${file} cannot be read: ${sentence(error)}`, { cause: error });
  }
}

/** @throws CliError `cli/file`, also for bytes that are no UTF-8 text */
export function readText(option: string, file: string): string {
  const bytes = readBytes(option, file);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new CliError('cli/file', `${option} ${file} is not text in UTF-8`, { cause: error });
  }
}

/** @throws CliError `cli/file` */
export function writeWhole(option: string, file: string, content: string | Uint8Array): void {
  try {
    writeFileSync(file, content);
  } catch (error) {
    throw new CliError('cli/file', `${option} ${file} cannot be written: ${sentence(error)}`, { cause: error });
  }
}

/**
 * Before what takes long: nobody waits half a minute to hear that a folder is not there.
 * @throws CliError `cli/file`
 */
export function checkWritable(option: string, file: string | undefined): void {
  if (file === undefined) return;
  try {
    const there = statSync(file, { throwIfNoEntry: false });
    if (there?.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
    accessSync(there ? file : dirname(file), constants.W_OK);
  } catch (error) {
    throw new CliError('cli/file', `${option} ${file} cannot be written: ${sentence(error)}`, { cause: error });
  }
}
