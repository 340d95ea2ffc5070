/** How far something is, for somebody who waits: one line on standard error that is gone when the result comes. */

/** Nobody needs to be told about what is over at once. */
const SILENT_MS = 2000;
const BETWEEN_MS = 200;

/** Where progress goes; standard error, unless a test listens. */
export interface Terminal {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export class Progress {
  readonly #terminal: Terminal;
  readonly #now: () => number;
  readonly #startedMs: number;
  #shownMs = Number.NEGATIVE_INFINITY;

  constructor(terminal: Terminal = process.stderr, now: () => number = () => performance.now()) {
    this.#terminal = terminal;
    this.#now = now;
    this.#startedMs = now();
  }

  /** Seconds since it began. */
  get elapsedS(): number {
    return (this.#now() - this.#startedMs) / 1000;
  }

  /** Says on a terminal, after two seconds, how much of something is done (0 to 1). */
  report(fraction: number, what: string): void {
    const nowMs = this.#now();
    if (!this.#terminal.isTTY || nowMs - this.#startedMs < SILENT_MS || nowMs - this.#shownMs < BETWEEN_MS) return;
    this.#shownMs = nowMs;
    this.#terminal.write(`\r\x1b[K${(fraction * 100).toFixed(0).padStart(3)} % of ${what}`);
  }

  /** Takes the line away. */
  end(): void {
    if (this.#shownMs > Number.NEGATIVE_INFINITY) this.#terminal.write('\r\x1b[K');
    this.#shownMs = Number.NEGATIVE_INFINITY;
  }
}

/**
 * What a result leaves in doubt, on standard error: standard output stays the document. People who read the result on the
 * same terminal find it below, once.
 */
export function warn(
  warnings: readonly string[],
  { json, csv }: { readonly json?: boolean; readonly csv?: boolean },
): void {
  if (!json && !csv && process.stdout.isTTY && process.stderr.isTTY) return;
  for (const warning of warnings) process.stderr.write(`skykey: warning: ${warning}\n`);
}
