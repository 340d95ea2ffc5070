/**
 * A folder that both parties see as a carrier: each frame is a file, written under another name and renamed when it is
 * whole, and removed by whoever has read it.
 *
 * A connection is a random word. Its frames are `WORD.ROLE.NUMBER` with numbers of six digits from 0 on, ROLE being the
 * sender. Bob begins connections, Alice finds them.
 */
import { randomBytes } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Role } from '@skykey/distill';
import { CliError } from '../../error.ts';
import { nameOf } from '../key-folder.ts';
import { type Carrier, GREETING_BYTES, Waiter } from './carrier.ts';

/** How often a folder is looked into, ms: from the first when something just came to the second when nothing does. */
const BUSY_MS = 2;
const IDLE_MS = 200;
const LINGER_MS = 2000;
const NAME = /^([0-9a-f]{16})\.(alice|bob)\.(\d{6,})$/;
const DIGITS = 6;

/** The folder of one session inside the one that was named. Throws CliError `cli/file`. */
export function sessionFolder(folder: string, blockId: string): string {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw new CliError('cli/file', `--folder ${folder}: there is no such folder; give one that both parties see`);
  }
  const own = join(folder, nameOf(blockId));
  try {
    mkdirSync(own, { recursive: true });
  } catch (error) {
    throw new CliError('cli/file', `--folder ${folder} cannot be written: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return own;
}

export class FolderCarrier implements Carrier {
  readonly #folder: string;
  readonly #word: string;
  readonly #sender: Role;
  readonly #other: Role;
  readonly #waiter = new Waiter();
  #longest = GREETING_BYTES;
  #sent = 0;
  #received = 0;
  #waitMs = BUSY_MS;
  #timer: NodeJS.Timeout | undefined;

  constructor(folder: string, role: Role, word = randomBytes(8).toString('hex')) {
    this.#folder = folder;
    this.#word = word;
    this.#sender = role;
    this.#other = role === 'alice' ? 'bob' : 'alice';
  }

  accept(longest: number): void {
    this.#longest = longest;
  }

  send(frame: Uint8Array): void {
    if (this.#waiter.ended) return;
    const file = this.#file(this.#sender, this.#sent);
    try {
      writeFileSync(`${file}.part`, frame);
      renameSync(`${file}.part`, file);
      this.#sent++;
      this.#waitMs = BUSY_MS;
    } catch (error) {
      this.#end(error as Error);
    }
  }

  receive(): Promise<Uint8Array> {
    const frame = this.#waiter.wait();
    clearTimeout(this.#timer);
    this.#look();
    return frame;
  }

  close(): void {
    this.#end(new Error('the connection was closed on this side'));
    if (this.#longest > GREETING_BYTES) return;
    // A greeting that nobody answered; a refusal may still be read.
    const remove = (): void => {
      for (let number = 0; number < this.#sent; number++) rmSync(this.#file(this.#sender, number), { force: true });
    };
    setTimeout(remove, LINGER_MS).unref();
  }

  #file(role: Role, number: number): string {
    return join(this.#folder, `${this.#word}.${role}.${String(number).padStart(DIGITS, '0')}`);
  }

  #end(error: Error): void {
    clearTimeout(this.#timer);
    this.#waiter.end(error);
  }

  #look(): void {
    try {
      if (this.#take()) this.#waitMs = BUSY_MS;
    } catch (error) {
      this.#end(error as Error);
    }
    if (!this.#waiter.waiting) return;
    this.#timer = setTimeout(() => this.#look(), this.#waitMs);
    this.#waitMs = Math.min(IDLE_MS, this.#waitMs * 1.5);
  }

  #take(): boolean {
    const file = this.#file(this.#other, this.#received);
    const stat = lstatSync(file, { throwIfNoEntry: false });
    if (!stat) return false;
    if (!stat.isFile()) throw new Error(`${file} is not a file`);
    if (stat.size > this.#longest) {
      throw new Error(`${file} has ${stat.size} bytes; at most ${this.#longest} are accepted`);
    }
    const frame = new Uint8Array(readFileSync(file));
    rmSync(file);
    this.#received++;
    this.#waiter.give(frame);
    return true;
  }
}

/** Looks for connections that Bob began, until `close`. */
export function watchFolder(folder: string, onCarrier: (carrier: Carrier) => void): { close(): void } {
  const known = new Set<string>();
  let waitMs = BUSY_MS;
  const look = (): void => {
    let names: readonly string[] = [];
    try {
      names = readdirSync(folder);
    } catch {
      // A folder of another machine comes and goes; patience has its end elsewhere.
    }
    for (const name of names) {
      const [, word, role, number] = NAME.exec(name) ?? [];
      if (word === undefined || role !== 'bob' || Number(number) !== 0 || known.has(word)) continue;
      known.add(word);
      waitMs = BUSY_MS;
      onCarrier(new FolderCarrier(folder, 'alice', word));
    }
    waitMs = Math.min(IDLE_MS, waitMs * 1.5);
    timer = setTimeout(look, waitMs);
  };
  let timer = setTimeout(look, 0);
  return { close: () => clearTimeout(timer) };
}

/** Removes what an earlier run of this party left there: nobody will read it. */
export function sweepFolder(folder: string, role: Role): void {
  try {
    for (const name of readdirSync(folder))
      if (NAME.exec(name.replace(/\.part$/, ''))?.[2] === role) rmSync(join(folder, name), { force: true });
  } catch {
    // What cannot be removed is public and harmless.
  }
}
