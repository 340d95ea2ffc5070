import { NodeError } from '../../error.ts';
import { isDiskFailure } from './refusal.ts';

/** One thing to be written. */
export interface Turn {
  /** Not in one transaction with others. */
  readonly isAlone: boolean;
  /** Writes, inside a transaction; may be called again when that was undone. */
  write(): void;
  /** What it wrote is durable; what it throws is told to whoever asked. */
  after(): void;
  settle(): void;
  fail(error: unknown): void;
}

/** Turns that share one transaction at most: so many are undone with the disk. */
const GROUP = 256;

/**
 * Writes in the order they were asked for. Those that are asked for while one is under way share the next transaction, and
 * so one wait for the disk. When the disk refuses one, those that were waiting behind it are refused too: whoever asked for
 * them counted on what did not come to be.
 */
export class Turns {
  readonly #waiting: Turn[] = [];
  /** Does so in one transaction; durable when it resolves. */
  readonly #transact: (write: () => void) => Promise<void>;
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(transact: (write: () => void) => Promise<void>) {
    this.#transact = transact;
  }

  /** Resolves when what `write` wrote is durable, and `after` has been done. */
  add(write: () => void, { isAlone = false, after = () => {} } = {}): Promise<void> {
    if (this.#closed)
      return Promise.reject(new NodeError('desk/closed', "the desk's store is closed: start the desk again"));
    return new Promise((settle, fail) => {
      this.#waiting.push({ isAlone, write, after, settle, fail });
      this.#running ??= this.#run();
    });
  }

  /** Takes no more; resolves when all that was asked for is through. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    // What the same turn of the event loop asks for as well goes along.
    await new Promise((go) => setImmediate(go));
    while (this.#waiting.length > 0) await this.#carryOut(this.#nextGroup());
    this.#running = undefined;
  }

  #nextGroup(): Turn[] {
    const alone = this.#waiting.findIndex(({ isAlone }) => isAlone);
    const count = alone === 0 ? 1 : Math.min(alone < 0 ? GROUP : alone, GROUP);
    return this.#waiting.splice(0, count);
  }

  async #carryOut(group: Turn[]): Promise<void> {
    try {
      await this.#transact(() => {
        for (const turn of group) turn.write();
      });
    } catch (error) {
      if (group.length === 1) this.#refuse(group[0]!, error);
      else await this.#oneByOne(group);
      return;
    }
    for (const turn of group) {
      try {
        turn.after();
        turn.settle();
      } catch (error) {
        turn.fail(error);
      }
    }
  }

  async #oneByOne(group: Turn[]): Promise<void> {
    // In front again, so that those behind them are refused with them.
    for (let turn = group.shift(); turn; turn = group.shift()) {
      let refusal: unknown;
      await this.#carryOut([{ ...turn, fail: (error) => turn.fail((refusal = error)) }]);
      if (refusal !== undefined && isDiskFailure(refusal)) {
        for (const behind of group.splice(0)) behind.fail(refusal);
      }
    }
  }

  #refuse(turn: Turn, error: unknown): void {
    turn.fail(error);
    if (isDiskFailure(error)) for (const behind of this.#waiting.splice(0)) behind.fail(error);
  }
}
