/** `auth.key`: the key that both parties carried home, and the journal of what of it is spent. */
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, existsSync, fstatSync, fsyncSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { SecretBytes } from '@skykey/bits';
import type { AuthenticationKeys } from '@skykey/distill';
import { CliError } from '../error.ts';
import { appendLine, syncFolderOf, writeAll } from './durable.ts';

export type Role = 'alice' | 'bob';

/** The hash point, and every pad. */
const POINT_BYTES = 16;
const PAD_BYTES = 16;
/** Pads 0 and 1 say who may connect, pad 2 is left over: tags begin at a multiple of three. */
const KNOCK_BYTES = 32;
const FIRST_PAD = 3;
const PADS_A_SESSION = 3;
/** Least that is worth carrying: one session. */
const LEAST_BYTES = POINT_BYTES + PAD_BYTES * (FIRST_PAD + PADS_A_SESSION);
const MOST_BYTES = 2 ** 30;

/**
 * The hash point in 16 bytes, then pads of 16. The journal beside it, `FILE.ROLE.spent`, gets a line for each pad and is on
 * the disk before the pad is used; a line that another process wrote first wins, so two processes never use one pad. What
 * is spent is overwritten in the file when it is closed.
 *
 * Parties who try both ends on one machine may share the file: each has a journal of its own there, and only what both have
 * spent is overwritten.
 */
export class AuthenticationFile implements AuthenticationKeys {
  readonly file: string;
  readonly pads: number;
  readonly #journal: string;
  readonly #otherJournal: string;
  readonly #handle: number;
  readonly #keyId: string;
  readonly #touched: number[] = [];

  /** @throws CliError `cli/file`, `cli/authentication` */
  constructor(file: string, role: Role) {
    this.file = file;
    this.#journal = `${file}.${role}.spent`;
    this.#otherJournal = `${file}.${role === 'alice' ? 'bob' : 'alice'}.spent`;
    try {
      this.#handle = openSync(file, 'r+');
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const why = code === 'ENOENT' ? 'there is no such file' : message;
      throw new CliError('cli/file', `--auth ${file} cannot be opened for reading and writing: ${why}`, {
        cause: error,
      });
    }
    try {
      const stat = fstatSync(this.#handle);
      if (!stat.isFile()) this.#refuse('is not a file');
      // Windows has no such modes; there the folder has to keep others out.
      if (process.platform !== 'win32' && stat.mode & 0o077) {
        this.#refuse(`may be read by others (mode ${(stat.mode & 0o777).toString(8)}); chmod 600 ${file}`);
      }
      if (stat.size < LEAST_BYTES || stat.size % PAD_BYTES) {
        this.#refuse(`has ${stat.size} bytes; it must be a multiple of ${PAD_BYTES} from ${LEAST_BYTES} on`);
      }
      this.pads = stat.size / PAD_BYTES - POINT_BYTES / PAD_BYTES;
      this.#keyId = this.#knock((knock) => createHash('sha256').update('skykey-auth/1 ').update(knock).digest('hex'));
      this.#nextOf(this.#journal);
      // Whoever shares the file must see that there are two of us before either overwrites anything.
      closeSync(openSync(this.#journal, 'a', 0o600));
      syncFolderOf(this.#journal);
    } catch (error) {
      closeSync(this.#handle);
      throw error;
    }
  }

  /** Lends the key that opens connections: it rests on computation, and no secrecy and no tag rests on it. */
  knock<T>(use: (key: Uint8Array) => T): T {
    return this.#knock(use);
  }

  /** Pads that were touched since the file was opened. */
  get touched(): readonly number[] {
    return this.#touched;
  }

  /** Pads that no session here has reached. */
  get padsLeft(): number {
    return Math.max(0, this.pads - this.#nextOf(this.#journal));
  }

  /** Throws CliError `cli/authentication` unless there are pads for one more session. */
  checkEnough(): void {
    const first = Math.ceil(this.#nextOf(this.#journal) / PADS_A_SESSION) * PADS_A_SESSION;
    if (first + PADS_A_SESSION <= this.pads) return;
    this.#refuse(`has ${this.padsLeft} pads left, and a session needs three; carry a new key to both parties`);
  }

  async hashKey(): Promise<SecretBytes> {
    return SecretBytes.adopt(this.#read(0, POINT_BYTES));
  }

  async nextPad(): Promise<number> {
    return this.#nextOf(this.#journal);
  }

  /** What was passed over counts as used: it is overwritten when the file is closed. */
  async look(index: number): Promise<SecretBytes | undefined> {
    if (!(Number.isInteger(index) && index < this.pads && index >= this.#nextOf(this.#journal))) return undefined;
    const pad = this.#read(POINT_BYTES + PAD_BYTES * index, PAD_BYTES);
    return pad.some((byte) => byte !== 0) ? SecretBytes.adopt(pad) : undefined;
  }

  async pad(index: number): Promise<SecretBytes> {
    if (!(Number.isInteger(index) && index >= FIRST_PAD && index < this.pads)) {
      this.#refuse(
        `has pads ${FIRST_PAD} to ${this.pads - 1}, and number ${index} is due: it is used up; carry a new one`,
      );
    }
    const token = randomBytes(8).toString('hex');
    appendLine(this.#journal, `${index} ${this.#keyId.slice(0, 16)} ${token}`);
    // Lines are in the order of the disk: what stands before this one was there first.
    for (const entry of this.#entries(this.#journal)) {
      if (entry.token === token) break;
      if (entry.index >= index) this.#refuse(`: pad ${index} was used before; none is ever used again`);
    }
    this.#touched.push(index);
    const pad = this.#read(POINT_BYTES + PAD_BYTES * index, PAD_BYTES);
    if (pad.every((byte) => byte === 0)) {
      this.#refuse(`: pad ${index} was overwritten after use; its journal ${this.#journal} is not the one it had`);
    }
    return SecretBytes.adopt(pad);
  }

  /** Overwrites what is spent, and closes. */
  close(): void {
    try {
      const until = Math.min(
        this.#nextOf(this.#journal),
        existsSync(this.#otherJournal) ? this.#nextOf(this.#otherJournal) : Number.POSITIVE_INFINITY,
        this.pads,
      );
      const from = POINT_BYTES + PAD_BYTES * FIRST_PAD;
      const zeros = new Uint8Array(Math.max(0, POINT_BYTES + PAD_BYTES * until - from));
      if (zeros.length > 0) {
        writeAll(this.#handle, zeros, from);
        fsyncSync(this.#handle);
      }
    } finally {
      closeSync(this.#handle);
    }
  }

  /** One more than the highest pad of a journal. */
  #nextOf(journal: string): number {
    let next = FIRST_PAD;
    for (const { index } of this.#entries(journal)) next = Math.max(next, index + 1);
    return next;
  }

  /** Lines of a journal. The last one may be torn: its number is one that was never handed out, or the beginning of one. */
  #entries(journal: string): { index: number; token: string }[] {
    if (!existsSync(journal)) return [];
    return readFileSync(journal, 'latin1')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [, index, keyId = '', token = ''] =
          /^(\d{1,15})(?: ([0-9a-f]{0,16})(?: ([0-9a-f]{0,16}))?)?$/.exec(line) ?? [];
        if (index === undefined) this.#refuse(`: its journal ${journal} is damaged at "${line.slice(0, 40)}"`);
        if (!this.#keyId.startsWith(keyId)) {
          this.#refuse(
            `: its journal ${journal} is that of another key; put the two that belong together side by side`,
          );
        }
        return { index: Number(index), token };
      });
  }

  #knock<T>(use: (key: Uint8Array) => T): T {
    const key = this.#read(POINT_BYTES, KNOCK_BYTES);
    try {
      return use(key);
    } finally {
      key.fill(0);
    }
  }

  #read(at: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    const got = readSync(this.#handle, bytes, 0, length, at);
    if (got !== length) this.#refuse(`ends at byte ${at + got}; it was longer when it was opened`);
    return bytes;
  }

  #refuse(problem: string): never {
    throw new CliError('cli/authentication', `--auth ${this.file}${problem.startsWith(':') ? '' : ' '}${problem}`);
  }
}

/** Draws a new key from the system's randomness. Throws CliError `cli/option` or `cli/file`; never writes over a file. */
export function drawAuthenticationKey(
  bytes: number,
  file: string,
): { readonly pads: number; readonly sessions: number } {
  if (!(Number.isSafeInteger(bytes) && bytes >= LEAST_BYTES && bytes <= MOST_BYTES && bytes % PAD_BYTES === 0)) {
    throw new CliError(
      'cli/option',
      `--bytes ${bytes}: give a multiple of ${PAD_BYTES} from ${LEAST_BYTES} (one session) to ${MOST_BYTES}`,
    );
  }
  let handle: number;
  try {
    handle = openSync(file, 'wx', 0o600);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'EEXIST' ? 'there is a file already, and a key is never written over' : message;
    throw new CliError('cli/file', `--out ${file} cannot be written: ${why}`, { cause: error });
  }
  const key = new Uint8Array(randomBytes(bytes));
  try {
    writeAll(handle, key);
    fsyncSync(handle);
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  } finally {
    key.fill(0);
    closeSync(handle);
  }
  syncFolderOf(file);
  const pads = bytes / PAD_BYTES - POINT_BYTES / PAD_BYTES;
  return { pads, sessions: Math.floor((pads - FIRST_PAD) / PADS_A_SESSION) };
}
