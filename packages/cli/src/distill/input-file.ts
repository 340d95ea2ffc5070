/** Bytes of a file of the laboratory, wherever they are asked for; the file may be larger than the memory. */
import { closeSync, fstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { CliError } from '../error.ts';

export class InputFile {
  /** As it was given, for sentences. */
  readonly file: string;
  /** Where it truly is: by this name every link to it is the same file. */
  readonly place: string;
  readonly byteLength: number;
  /** May be read by others than its owner. */
  readonly open: boolean;
  readonly #handle: number;
  #buffer = new Uint8Array(0);

  /** @throws CliError `cli/file` */
  constructor(option: string, file: string) {
    this.file = file;
    try {
      this.#handle = openSync(file, 'r');
      const stat = fstatSync(this.#handle);
      if (!stat.isFile()) throw Object.assign(new Error('it is not a file'), { code: 'EISDIR' });
      this.place = realpathSync.native(file);
      this.byteLength = stat.size;
      this.open = process.platform !== 'win32' && (stat.mode & 0o077) !== 0;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const why = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is not a file' : message;
      throw new CliError('cli/file', `${option} ${file} cannot be read: ${why}`, { cause: error });
    }
  }

  /** Good until the next reading; fewer bytes where the file ends. */
  read(at: number, length: number): Uint8Array {
    if (this.#buffer.length < length) {
      this.#buffer.fill(0);
      this.#buffer = new Uint8Array(length);
    }
    let got = 0;
    while (got < length) {
      const more = readSync(this.#handle, this.#buffer, got, length - got, at + got);
      if (more === 0) break;
      got += more;
    }
    return this.#buffer.subarray(0, got);
  }

  close(): void {
    this.#buffer.fill(0);
    closeSync(this.#handle);
  }
}
