/** What people see of a line; the reason is a sentence for them. */
export interface LineState {
  readonly state: 'secured' | 'waiting' | 'dropped';
  readonly reason: string;
}

/**
 * Whether the line stands. An alarm outranks everything: while it stands, news about key in stock changes nothing, and
 * only `clear`, an operator's decision, lifts it. The line then waits until fresh key is reported, for the key in stock
 * before the alarm may have been poisoned.
 */
export class LineWatch {
  #alarm: string | null = null;
  #waiting: string | null = 'No key has arrived yet.';

  /** An alarm: from now on nothing is sealed or opened. The first reason stays until `clear`. */
  raise(reason: string): void {
    this.#alarm ??= reason;
  }

  /** The operator reopens the line. */
  clear(): void {
    if (this.#alarm === null) return;
    this.#alarm = null;
    this.#waiting = 'The line was reopened and waits for fresh key.';
  }

  /** There is no key. */
  wait(reason: string): void {
    this.#waiting = reason;
  }

  /** There is key for at least one message. */
  secure(): void {
    this.#waiting = null;
  }

  state(): LineState {
    if (this.#alarm !== null) return { state: 'dropped', reason: this.#alarm };
    if (this.#waiting !== null) return { state: 'waiting', reason: this.#waiting };
    return { state: 'secured', reason: 'Every message is sealed with keys that are used once.' };
  }
}
