import type { Vault, VaultTransaction } from '@skykey/vault';

/** What became of one question. */
export type Outcome<A> = { readonly answer: A } | { readonly refused: unknown };

interface Waiting<Q, A> {
  readonly question: Q;
  resolve(answer: A): void;
  reject(error: unknown): void;
}

/** Questions answered together at most. */
const MOST = 64;

/**
 * Answers questions that come at the same time in one transaction: while one is under way, the next ones gather. One at a
 * time costs nothing more than it did; a hundred at once cost a few statements and one write to the disk, which is what
 * makes several processes on a database of another machine worth their while.
 *
 * `answerAll` tells for each question its outcome, in order; what it gives away may leave when the transaction is durable,
 * which is when the promises resolve. When it throws, each question is asked again alone, so that one that cannot be
 * answered harms nobody else.
 */
export class Gather<Q, A> {
  readonly #vault: Vault;
  readonly #answerAll: (tx: VaultTransaction, questions: readonly Q[]) => Promise<readonly Outcome<A>[]>;
  readonly #waiting = new Map<string, Waiting<Q, A>[]>();

  constructor(
    vault: Vault,
    answerAll: (tx: VaultTransaction, questions: readonly Q[]) => Promise<readonly Outcome<A>[]>,
  ) {
    this.#vault = vault;
    this.#answerAll = answerAll;
  }

  /** `scope`: of the transaction (`Vault.atomically`); questions of one scope gather. */
  ask(scope: string, question: Q): Promise<A> {
    return new Promise<A>((resolve, reject) => {
      const entry = { question, resolve, reject };
      const queue = this.#waiting.get(scope);
      if (queue) queue.push(entry);
      else {
        this.#waiting.set(scope, [entry]);
        void this.#run(scope);
      }
    });
  }

  async #run(scope: string): Promise<void> {
    for (;;) {
      const queue = this.#waiting.get(scope)!;
      if (queue.length === 0) {
        this.#waiting.delete(scope);
        return;
      }
      const batch = queue.splice(0, MOST);
      try {
        await this.#together(scope, batch);
      } catch (error) {
        if (batch.length === 1) batch[0]!.reject(error);
        else await Promise.all(batch.map((entry) => this.#together(scope, [entry]).catch(entry.reject)));
      }
    }
  }

  async #together(scope: string, batch: readonly Waiting<Q, A>[]): Promise<void> {
    const questions = batch.map(({ question }) => question);
    const outcomes = await this.#vault.atomically((tx) => this.#answerAll(tx, questions), scope);
    batch.forEach(({ resolve, reject }, i) => {
      const outcome = outcomes[i]!;
      if ('answer' in outcome) resolve(outcome.answer);
      else reject(outcome.refused);
    });
  }
}
