/**
 * Credentials that change while a process runs: the files are looked at once a second, and what is new is checked as at
 * start and then used. What does not pass is said once, and the old stays in use.
 */
import { statSync } from 'node:fs';
import {
  type Credentials,
  listHasEnded,
  readCredentials,
  type TlsFiles,
  type Trust,
  warningsOf,
} from './credentials.ts';

const LOOK_MS = 1000;

export interface RotationOptions extends Trust {
  readonly files: TlsFiles;
  /** A sentence for the operator, said once as long as it stays true. */
  readonly warn: (sentence: string) => void;
  /** Unix milliseconds; the machine's clock where not given. */
  readonly now?: (() => number) | undefined;
  /** Milliseconds between looks; 0: only `reload` reads the files again. */
  readonly lookMs?: number | undefined;
}

export class Rotation {
  readonly #options: RotationOptions;
  readonly #now: () => number;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #said = new Set<string>();
  readonly #followers: ((now: Credentials, before: Credentials) => void)[] = [];
  readonly #everyLook: ((nowMs: number) => void)[] = [];
  #current: Credentials;
  /** What the files looked like when they were last read, with or without success. */
  #stamp: string;
  /** Why they were not taken: not said before a second look finds them the same, for a pair of files changes one by one. */
  #refused: { readonly stamp: string; readonly sentence: string } | null = null;
  #reading: Promise<void> | null = null;

  /** Throws NodeError as `readCredentials`. */
  static async open(options: RotationOptions): Promise<Rotation> {
    const stamp = stampOf(options.files);
    const nowMs = (options.now ?? Date.now)();
    return new Rotation(options, await readCredentials(options.files, options, nowMs), stamp);
  }

  private constructor(options: RotationOptions, current: Credentials, stamp: string) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#current = current;
    this.#stamp = stamp;
    this.#warn();
    const { lookMs = LOOK_MS } = options;
    if (lookMs > 0) this.#timer = setInterval(() => void this.#look(), lookMs).unref();
  }

  get current(): Credentials {
    return this.#current;
  }

  /** Called with every change. */
  follow(follower: (now: Credentials, before: Credentials) => void): void {
    this.#followers.push(follower);
  }

  /** Called at every look. */
  atEveryLook(call: (nowMs: number) => void): void {
    this.#everyLook.push(call);
  }

  /** Reads the files again now. Throws NodeError as at start; then the old credentials stay in use. */
  async reload(): Promise<void> {
    await this.#reading;
    const stamp = stampOf(this.#options.files);
    const before = this.#current;
    this.#stamp = stamp;
    this.#current = await readCredentials(this.#options.files, this.#options, this.#now());
    for (const follower of this.#followers) follower(this.#current, before);
    this.#said.clear();
    this.#warn();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#reading) return;
    const nowMs = this.#now();
    const stamp = stampOf(this.#options.files);
    if (stamp !== this.#stamp || (this.#options.staleList !== 'refuse' && listHasEnded(this.#current, nowMs))) {
      await (this.#reading = this.reload()
        .then(
          () => {
            this.#refused = null;
          },
          (error: Error) => {
            this.#refused = { stamp, sentence: error.message };
          },
        )
        .finally(() => {
          this.#reading = null;
        }));
    } else if (this.#refused?.stamp === stamp) {
      this.#say(`the certificates of before stay in use: ${this.#refused.sentence}`);
      this.#refused = null;
    }
    this.#warn();
    for (const call of this.#everyLook) call(nowMs);
  }

  #warn(): void {
    for (const sentence of warningsOf(this.#current, this.#options, this.#now())) this.#say(sentence);
  }

  #say(sentence: string): void {
    if (this.#said.has(sentence)) return;
    this.#said.add(sentence);
    this.#options.warn(sentence);
  }
}

function stampOf(files: TlsFiles): string {
  return Object.values(files)
    .map((file) => {
      const found = file === undefined ? undefined : statSync(file, { throwIfNoEntry: false, bigint: true });
      return found ? `${found.ino} ${found.size} ${found.mtimeNs}` : 'none';
    })
    .join();
}
