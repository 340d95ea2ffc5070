/** The journal of an authentication file: who opened it, whom he met, and which pads are spent. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { Role } from '@skykey/distill';
import { CliError } from '../error.ts';
import { appendLine } from './durable.ts';

/**
 * `open`: a process is about to greet. `away`: it met one that has another copy of the key. `pad`: it took that pad, which
 * belongs to this part and process for ever.
 */
export interface Entry {
  readonly what: 'open' | 'away' | 'pad';
  readonly role: Role;
  /** The process, by the word that it draws for itself: 32 hexadecimal digits. */
  readonly run: string;
  /** Of `pad`; otherwise -1. */
  readonly index: number;
  readonly token: string;
}

const WHOLE = /^(open|away|pad) ([0-9a-f]{16}) (alice|bob) ([0-9a-f]{32}) (-|\d{1,15}) ([0-9a-f]{16})$/;
/** What a crash may leave of a line: nothing was done yet of what it was to say. */
const TORN =
  /^[a-z]{0,4}(?:(?<=open|away|pad) ([0-9a-f]{0,16})(?:(?<= [0-9a-f]{16}) [a-z]{0,5}(?:(?<=alice|bob) [0-9a-f]{0,32}(?:(?<= [0-9a-f]{32}) (?:-|\d{0,15})(?:(?<=[-\d]) [0-9a-f]{0,15})?)?)?)?)?$/;

/**
 * Lines are added, in the order of the disk, and each is on it before what it says is done. What the disk does not do is
 * thrown as CliError `cli/file`.
 */
export class AuthenticationJournal {
  readonly file: string;
  readonly #keyId: string;
  readonly #refuse: (problem: string) => never;

  /** @param keyId 16 hexadecimal digits that tell this key from others */
  constructor(file: string, keyId: string, refuse: (problem: string) => never) {
    this.file = file;
    this.#keyId = keyId;
    this.#refuse = refuse;
  }

  /** Adds a line, and gives what stands before it. */
  add(what: Entry['what'], role: Role, run: string, index?: number): Entry[] {
    const token = randomBytes(8).toString('hex');
    try {
      appendLine(this.file, `${what} ${this.#keyId} ${role} ${run} ${index ?? '-'} ${token}`);
    } catch (error) {
      this.#fail('written', error);
    }
    const entries = this.entries();
    return entries.slice(
      0,
      entries.findIndex((entry) => entry.token === token),
    );
  }

  entries(): Entry[] {
    if (!existsSync(this.file)) return [];
    const entries: Entry[] = [];
    for (const line of this.#text().split('\n')) {
      const [, what, keyId, role, run, index, token] = WHOLE.exec(line) ?? [];
      const torn = what === undefined ? TORN.exec(line) : null;
      if (what === undefined && !torn) {
        this.#refuse(`: its journal ${this.file} is damaged at "${line.slice(0, 40)}"`);
      }
      if (!this.#keyId.startsWith(keyId ?? torn?.[1] ?? '')) {
        this.#refuse(
          `: its journal ${this.file} is that of another key; put the two that belong together side by side`,
        );
      }
      if (torn) continue;
      entries.push({
        what: what as Entry['what'],
        role: role as Role,
        run: run!,
        index: index === '-' ? -1 : Number(index),
        token: token!,
      });
    }
    return entries;
  }

  #text(): string {
    try {
      return readFileSync(this.file, 'latin1');
    } catch (error) {
      return this.#fail('read', error);
    }
  }

  #fail(what: 'read' | 'written', error: unknown): never {
    throw new CliError(
      'cli/file',
      `the journal ${this.file} cannot be ${what} (${(error as Error).message}); it is to say which pads were used`,
      { cause: error },
    );
  }
}
