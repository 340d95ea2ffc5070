/** `--out`: the keys of a party, each whole or not there, and the journal of what became of every session. */

import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { SecretBytes } from '@skykey/bits';
import type { BlockStore, Role, SessionReport } from '@skykey/distill';
import { CliError } from '../error.ts';
import { appendLine, makeFolder, syncFolderOf, writeAll, writeDurably } from './durable.ts';
import { FolderLock } from './folder-lock.ts';
import { usedUp } from './light-journal.ts';

/**
 * `begun`: something was said about the light of this session. Whatever it ends in, no second session may speak of that
 * light: what was disclosed in the first would be missing in the ledger of the second.
 */
type State = 'begun' | 'held' | 'released' | 'discarded';
const STATES: readonly string[] = ['begun', 'held', 'released', 'discarded'] satisfies State[];

/** Longest name made of an id; others are named by a digest. */
const NAME_CHARACTERS = 120;
/** Our own beside the links, and those that are devices on Windows. */
const RESERVED = /^(?:journal|con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/**
 * A folder for one party: `LINK/SESSION.key` (packed bits, bit i in bit i & 7 of byte i >> 3) and
 * `LINK/SESSION.report.json`; a key that is held is `SESSION.held`. The journal says what is true and is on the disk first;
 * files that lag behind it after a crash are put right when the folder is opened.
 */
export class KeyFolder implements BlockStore {
  readonly folder: string;
  /** What was decided about blocks of earlier sessions since the folder was opened. */
  readonly settled: { readonly blockId: string; readonly outcome: 'released' | 'discarded' }[] = [];
  readonly #journal: string;
  readonly #lock: FolderLock;
  readonly #states = new Map<string, State>();
  #own: string | undefined;
  #alsoBegin: (blockId: string) => void = () => undefined;

  /** @throws CliError `cli/keys`: of the other party, in use, damaged, or not to be written */
  constructor(folder: string, role: Role) {
    this.folder = folder;
    this.#journal = join(folder, 'journal');
    try {
      makeFolder(folder);
      this.#lock = new FolderLock(join(folder, '.lock'), (problem) => this.#refuse(problem));
    } catch (error) {
      if (error instanceof CliError) throw error;
      this.#refuse(`cannot be written: ${(error as Error).message}`);
    }
    try {
      this.#load(role);
      this.#mend();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /**
   * Throws CliError `cli/keys` when this session was begun here before, whatever came of it.
   */
  checkFresh(blockId: string): void {
    const state = this.#states.get(blockId);
    const name = blockId.slice(blockId.indexOf('/') + 1);
    if (!state) {
      const alike = [...this.#states.keys()].find((id) => placeOf(id).toLowerCase() === placeOf(blockId).toLowerCase());
      // On some disks they would be one file.
      if (alike) this.#refuse(`: '${blockId}' differs from '${alike}' by upper and lower case only; name it otherwise`);
      return;
    }
    if (state === 'begun') throw new CliError('cli/keys', usedUp(blockId, this.#journal));
    const outcome =
      state === 'released'
        ? 'its key is here'
        : state === 'held'
          ? 'its key is held until the next session'
          : 'its key was discarded';
    this.#refuse(`: session '${name}' was distilled before: ${outcome}`);
  }

  /** `begin` is called first when a session is begun, and says so beside what cannot be exchanged. */
  alsoBegins(begin: (blockId: string) => void): void {
    this.#alsoBegin = begin;
  }

  /** From here on the light of this session is used up. Rejects with CliError `cli/keys` when it was before. */
  async begin(blockId: string): Promise<void> {
    this.checkFresh(blockId);
    this.#alsoBegin(blockId);
    this.#own = blockId;
    this.#set(blockId, 'begun');
  }

  async wasBegun(blockId: string): Promise<boolean> {
    return this.#states.has(blockId);
  }

  async hold(blockId: string, key: SecretBytes, report: SessionReport): Promise<void> {
    try {
      const state = this.#states.get(blockId);
      if (state && !(state === 'begun' && blockId === this.#own)) this.#refuse(`: the block ${blockId} is known here`);
      const { held, final, about } = this.#files(blockId);
      const there = [held, final, about].find((file) => existsSync(file));
      if (there) this.#refuse(`: ${there} is there already, and nothing is written over`);
      makeFolder(dirname(held));
      key.open((bytes) => writeDurably(held, bytes));
      writeDurably(about, new TextEncoder().encode(`${JSON.stringify(report, null, 2)}\n`));
      this.#set(blockId, 'held');
    } finally {
      key.wipe();
    }
  }

  async release(blockId: string): Promise<void> {
    this.#expectHeld(blockId);
    this.#set(blockId, 'released');
    this.#note(blockId, 'released');
    this.#moveOut(blockId);
  }

  async discard(blockId: string): Promise<void> {
    this.#expectHeld(blockId);
    this.#set(blockId, 'discarded');
    this.#note(blockId, 'discarded');
    this.#erase(blockId);
  }

  async held(): Promise<readonly string[]> {
    return [...this.#states].filter(([, state]) => state === 'held').map(([id]) => id);
  }

  async wasReleased(blockId: string): Promise<boolean> {
    return this.#states.get(blockId) === 'released';
  }

  /** Where the key of a released block and its report are. */
  filesOf(blockId: string): { readonly key: string; readonly report: string } {
    const { final, about } = this.#files(blockId);
    return { key: final, report: about };
  }

  /** The report that was kept with a block. */
  reportOf(blockId: string): SessionReport {
    return JSON.parse(readFileSync(this.#files(blockId).about, 'utf8')) as SessionReport;
  }

  /** Lets others use the folder. */
  close(): void {
    this.#lock.free();
  }

  #expectHeld(blockId: string): void {
    const state = this.#states.get(blockId);
    if (state !== 'held') this.#refuse(`: the block ${blockId} is not held here${state ? ` but ${state}` : ''}`);
  }

  #note(blockId: string, outcome: 'released' | 'discarded'): void {
    if (blockId !== this.#own) this.settled.push({ blockId, outcome });
  }

  #set(blockId: string, state: State): void {
    appendLine(this.#journal, `${state} ${JSON.stringify(blockId)}`);
    this.#states.set(blockId, state);
  }

  #load(role: Role): void {
    if (!existsSync(this.#journal)) {
      appendLine(this.#journal, `role "${role}"`);
      return;
    }
    const lines = readFileSync(this.#journal, 'utf8').split('\n').slice(1);
    let owner: string | undefined;
    for (const [i, line] of lines.entries()) {
      const [word, text] = wordAndText(line);
      if (word === 'role' && owner === undefined) owner = text;
      else if (text !== undefined && STATES.includes(word)) this.#states.set(text, word as State);
      else if (i < lines.length - 1) this.#refuse(`: its journal is damaged in line ${i + 2}`);
      // The last line may be torn: what it was to say had not been done yet.
      else this.#cutLastLine();
    }
    // Torn at the very first line: nothing was ever kept here.
    if (owner === undefined) appendLine(this.#journal, `role "${role}"`);
    else if (owner !== role) this.#refuse(` holds the keys of ${owner}; give ${role} a folder of its own`);
  }

  #cutLastLine(): void {
    const whole = readFileSync(this.#journal).lastIndexOf('\n');
    const handle = openSync(this.#journal, 'r+');
    try {
      ftruncateSync(handle, whole);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  }

  /** Puts right what a crash left between the journal and the files. */
  #mend(): void {
    for (const [blockId, state] of this.#states) {
      if (state === 'released') this.#moveOut(blockId);
      if (state === 'discarded' || state === 'begun') this.#erase(blockId);
    }
  }

  #moveOut(blockId: string): void {
    const { held, final } = this.#files(blockId);
    if (!existsSync(held)) return;
    if (existsSync(final)) this.#refuse(`: ${final} is there already; move it away, ${held} is to take its place`);
    renameSync(held, final);
    syncFolderOf(final);
  }

  /** Overwrites and removes a key that will never be used. */
  #erase(blockId: string): void {
    const { held, about } = this.#files(blockId);
    for (const file of [`${held}.part`, held]) {
      if (!existsSync(file)) continue;
      const handle = openSync(file, 'r+');
      try {
        writeAll(handle, new Uint8Array(statSync(file).size), 0);
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
      rmSync(file);
    }
    rmSync(about, { force: true });
    if (existsSync(dirname(held))) syncFolderOf(held);
  }

  #files(blockId: string): { held: string; final: string; about: string } {
    const base = join(this.folder, placeOf(blockId));
    return { held: `${base}.held`, final: `${base}.key`, about: `${base}.report.json` };
  }

  #refuse(problem: string): never {
    throw new CliError('cli/keys', `--out ${this.folder}${/^[: ]/.test(problem) ? '' : ' '}${problem}`);
  }
}

/** `LINK/SESSION`, in names of files. */
function placeOf(blockId: string): string {
  const at = blockId.indexOf('/');
  return join(nameOf(blockId.slice(0, at)), nameOf(blockId.slice(at + 1)));
}

/** A name that every file system takes and nothing else has, different for different ids. */
export function nameOf(id: string): string {
  const plain = /^[A-Za-z0-9_-](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?$/;
  if (plain.test(id) && !RESERVED.test(id) && id.length <= NAME_CHARACTERS) return id;
  const start = id.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 40);
  return `${start}~${createHash('sha256').update(id).digest('hex').slice(0, 32)}`;
}

/** `state "id"`, or a word alone for a line that is torn. */
function wordAndText(line: string): [string, string | undefined] {
  const at = line.indexOf(' ');
  try {
    const text: unknown = JSON.parse(line.slice(at + 1));
    return [line.slice(0, at), typeof text === 'string' ? text : undefined];
  } catch {
    return [line, undefined];
  }
}
