/** Writing that is on the disk when the call returns. */
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Writes all bytes, at a place or where the file stands. */
export function writeAll(handle: number, bytes: Uint8Array, at?: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(handle, bytes, done, bytes.length - done, at === undefined ? null : at + done);
  }
}

/** A new name is in its folder for good only when the folder is on the disk. */
export function syncFolderOf(file: string): void {
  // Windows does not open folders.
  if (process.platform === 'win32') return;
  const folder = openSync(dirname(file), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Makes a folder for its owner alone, and those above it that are not there. Gives what it made, the innermost first. */
export function makeFolder(folder: string): string[] {
  const outermost = mkdirSync(folder, { recursive: true, mode: 0o700 });
  const made: string[] = [];
  if (outermost === undefined) return made;
  for (let at = resolve(folder); ; at = dirname(at)) {
    made.push(at);
    syncFolderOf(at);
    if (at === resolve(outermost) || at === dirname(at)) return made;
  }
}

/** Writes a file for its owner alone: whole, or not at all. It must not be there. */
export function writeDurably(file: string, bytes: Uint8Array): void {
  const part = `${file}.part`;
  const handle = openSync(part, 'w', 0o600);
  try {
    writeAll(handle, bytes);
    fsyncSync(handle);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  } finally {
    closeSync(handle);
  }
  renameSync(part, file);
  syncFolderOf(file);
}

/** Adds a line to a journal. Journals have no newline at their end: a line that was torn cannot run into the next. */
export function appendLine(file: string, line: string): void {
  const handle = openSync(file, 'a', 0o600);
  try {
    writeAll(handle, Buffer.from(`\n${line}`));
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  syncFolderOf(file);
}
