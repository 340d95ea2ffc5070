/** `auth.key`: the key that both parties carried home, and the journal of what of it is spent. */
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, fstatSync, fsyncSync, openSync, readSync, realpathSync, rmSync } from 'node:fs';
import { SecretBytes } from '@skykey/bits';
import type { AuthenticationKeys, Role } from '@skykey/distill';
import { CliError } from '../error.ts';
import { AuthenticationJournal, type Entry } from './authentication-journal.ts';
import { syncFolderOf, writeAll } from './durable.ts';

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
 * The hash point in 16 bytes, then pads of 16. The journal beside it, `FILE.spent`, gets a line for each pad and is on the
 * disk before the pad is used; a line that another process wrote first wins, so two processes never use one pad. What is
 * spent is overwritten in the file.
 *
 * A pad serves one sender: every third Bob's, the others Alice's. So of all copies of a key one alone may ever be Alice's,
 * and no copy can know of the others' pads: one whose word was stopped on the way is on record with its sender only. The
 * rule that keeps two copies from it: Alice's process is in the journal of her copy before she says her first word, and a
 * copy with such a line never proves, as Bob, to a process that is not in the same journal that it has the key. So there is
 * no second Alice, whatever crashes or is stopped on the line: she would need a Bob with the first one's copy. (Were both
 * to have met a Bob, the word of each to hers would have to come before the other's line and after her own.) Parties who
 * try both ends on one machine may share one file: they find each other's process in its journal.
 *
 * All of this needs one journal a copy, whatever name the file is opened by. So the journal stands where links lead to,
 * and a file that has two names itself (hard links) is refused.
 */
export class AuthenticationFile implements AuthenticationKeys {
  /** Where the key truly is, and its journals beside it. */
  readonly file: string;
  readonly pads: number;
  /** As it was given, for sentences. */
  readonly #name: string;
  readonly #role: Role;
  readonly #run: string;
  readonly #journal: AuthenticationJournal;
  readonly #handle: number;
  readonly #touched: number[] = [];
  #introduced = false;
  /** The process that was met; `shares` when it is in this file's journal too. */
  #peer: { readonly run: string; readonly shares: boolean } | undefined;

  /**
   * `run`: 16 bytes that no other process has.
   *
   * @throws CliError `cli/file`, `cli/authentication`
   */
  constructor(name: string, role: Role, run: Uint8Array) {
    this.#name = name;
    this.#role = role;
    this.#run = Buffer.from(run).toString('hex');
    try {
      this.file = realpathSync.native(name);
      this.#handle = openSync(this.file, 'r+');
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const why = code === 'ENOENT' ? 'there is no such file' : message;
      throw new CliError('cli/file', `--auth ${name} cannot be opened for reading and writing: ${why}`, {
        cause: error,
      });
    }
    try {
      const stat = fstatSync(this.#handle);
      if (!stat.isFile()) this.#refuse('is not a file');
      // Windows has no such modes; there the folder has to keep others out.
      if (process.platform !== 'win32' && stat.mode & 0o077) {
        this.#refuse(`may be read by others (mode ${(stat.mode & 0o777).toString(8)}); chmod 600 ${name}`);
      }
      if (stat.nlink > 1) {
        this.#refuse(
          `has ${stat.nlink} names (hard links), and its journals stand beside one of them; leave it one, that which has its journals, or a pad could be used twice`,
        );
      }
      if (stat.size < LEAST_BYTES || stat.size % PAD_BYTES) {
        this.#refuse(`has ${stat.size} bytes; it must be a multiple of ${PAD_BYTES} from ${LEAST_BYTES} on`);
      }
      this.pads = stat.size / PAD_BYTES - POINT_BYTES / PAD_BYTES;
      const keyId = this.#knock((knock) => createHash('sha256').update('skykey-auth/1 ').update(knock).digest('hex'));
      this.#journal = new AuthenticationJournal(`${this.file}.spent`, keyId.slice(0, 16), (problem) =>
        this.#refuse(problem),
      );
      this.#checkJournal();
    } catch (error) {
      closeSync(this.#handle);
      throw error;
    }
  }

  #checkJournal(): void {
    const entries = this.#journal.entries();
    const other = otherOf(this.#role);
    if (entries.some(({ what, role }) => what === 'away' && role === other)) {
      this.#refuse(
        `: this copy of the key has served ${other}, and a copy keeps its part for ever, or a pad could be used twice; draw a new key for the other direction (skykey distill auth) and carry it`,
      );
    }
    const next = Math.max(nextOf(entries, 'alice'), nextOf(entries, 'bob'));
    if (next < this.pads && isZero(this.#read(POINT_BYTES + PAD_BYTES * next, PAD_BYTES))) {
      this.#refuse(
        `: pad ${next} was overwritten after use, and the journal ${this.#journal.file} does not know of it; put the right one there, or draw and carry a new key`,
      );
    }
  }

  /** To be called before this side says its first word; durable. */
  introduce(): void {
    if (this.#introduced) return;
    this.#journal.add('open', this.#role, this.#run);
    this.#introduced = true;
  }

  /** Whether this side may show a process that says to be `run` that it has the key. */
  mayMeet(run: Uint8Array): boolean {
    if (this.#role === 'alice') return true;
    const entries = this.#journal.entries().filter(({ what, role }) => what === 'open' && role === 'alice');
    return entries.length === 0 || entries.some((entry) => entry.run === Buffer.from(run).toString('hex'));
  }

  /** The other party, who has shown that he has the key. Only the first one counts: a session has no other. */
  met(run: Uint8Array): void {
    if (this.#peer) return;
    const peer = Buffer.from(run).toString('hex');
    const other = otherOf(this.#role);
    const shares = this.#journal
      .entries()
      .some((entry) => entry.what === 'open' && entry.role === other && entry.run === peer);
    if (!shares) this.#journal.add('away', this.#role, this.#run);
    this.#peer = { run: peer, shares };
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
    return Math.max(0, this.pads - this.#next());
  }

  /** Throws CliError `cli/authentication` unless there are pads for one more session. */
  checkEnough(): void {
    const first = Math.ceil(this.#next() / PADS_A_SESSION) * PADS_A_SESSION;
    if (first + PADS_A_SESSION <= this.pads) return;
    this.#refuse(`has ${this.padsLeft} pads left, and a session needs three; carry a new key to both parties`);
  }

  async hashKey(): Promise<SecretBytes> {
    return SecretBytes.adopt(this.#read(0, POINT_BYTES));
  }

  async nextPad(): Promise<number> {
    return this.#next();
  }

  /** What was passed over counts as used: it is overwritten when the file is closed. */
  async look(index: number): Promise<SecretBytes | undefined> {
    const entries = this.#journal.entries();
    if (!(Number.isInteger(index) && index < this.pads && index >= nextOf(entries, this.#role))) return undefined;
    if (!this.#isOfThisSession(index, entries)) return undefined;
    const pad = this.#read(POINT_BYTES + PAD_BYTES * index, PAD_BYTES);
    return isZero(pad) ? undefined : SecretBytes.adopt(pad);
  }

  async pad(index: number): Promise<SecretBytes> {
    if (!(Number.isInteger(index) && index >= FIRST_PAD && index < this.pads)) {
      this.#refuse(
        `has pads ${FIRST_PAD} to ${this.pads - 1}, and number ${index} is due: it is used up; carry a new one`,
      );
    }
    if (!this.#peer) this.#refuse(`: pad ${index} was asked for before the other party was met`);
    const before = this.#journal.add('pad', this.#role, this.#run, index);
    if (index < nextOf(before, this.#role) || !this.#isOfThisSession(index, before)) {
      this.#refuse(`: pad ${index} was used before; none is ever used again`);
    }
    this.#touched.push(index);
    const at = POINT_BYTES + PAD_BYTES * index;
    const pad = this.#read(at, PAD_BYTES);
    if (isZero(pad)) {
      this.#refuse(`: pad ${index} was overwritten after use; its journal ${this.#journal.file} is not the one it had`);
    }
    // Who shares the file needs it once more.
    if (!this.#peer.shares || nextOf(before, otherOf(this.#role)) > index) this.#overwrite(at, PAD_BYTES);
    return SecretBytes.adopt(pad);
  }

  /** Overwrites what was passed over, and what both have used who share the file; closes. */
  close(): void {
    try {
      const entries = this.#journal.entries();
      const both = Math.min(nextOf(entries, 'alice'), nextOf(entries, 'bob'));
      const until = Math.min(this.#peer && !this.#peer.shares ? nextOf(entries, this.#role) : both, this.pads);
      this.#overwrite(POINT_BYTES + PAD_BYTES * FIRST_PAD, PAD_BYTES * (until - FIRST_PAD));
    } finally {
      closeSync(this.#handle);
    }
  }

  /** Bob sends, and checks, under pads that Alice took for the session with him: if she shares the file, it is on record. */
  #isOfThisSession(index: number, entries: readonly Entry[]): boolean {
    if (this.#role === 'alice' || !this.#peer?.shares) return true;
    const { run } = this.#peer;
    return entries.some((entry) => entry.role === 'alice' && entry.index === index && entry.run === run);
  }

  #next(): number {
    const entries = this.#journal.entries();
    // A Bob who shares the file is never ahead of his Alice.
    return nextOf(entries, this.#role);
  }

  #overwrite(at: number, length: number): void {
    if (length <= 0) return;
    writeAll(this.#handle, new Uint8Array(length), at);
    fsyncSync(this.#handle);
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
    throw new CliError('cli/authentication', `--auth ${this.#name}${problem.startsWith(':') ? '' : ' '}${problem}`);
  }
}

/** One more than the highest pad that was used in a part. */
function nextOf(entries: readonly Entry[], part: Role): number {
  let next = FIRST_PAD;
  for (const { role, index } of entries) if (role === part) next = Math.max(next, index + 1);
  return next;
}

function otherOf(role: Role): Role {
  return role === 'alice' ? 'bob' : 'alice';
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
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
