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
 * answered harms nobody else. Not so when the transaction fails after it: it may have taken place, and whoever asked again
 * would be told that a key is not there, which nobody got.
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
      await this.#together(scope, queue.splice(0, MOST));
    }
  }

  /** Never rejects. */
  async #together(scope: string, batch: readonly Waiting<Q, A>[]): Promise<void> {
    const questions = batch.map(({ question }) => question);
    let isAnswered = false;
    try {
      const outcomes = await this.#vault.atomically(async (tx) => {
        isAnswered = false;
        const answers = await this.#answerAll(tx, questions);
        isAnswered = true;
        return answers;
      }, scope);
      batch.forEach(({ resolve, reject }, i) => {
        const outcome = outcomes[i]!;
        if ('answer' in outcome) resolve(outcome.answer);
        else reject(outcome.refused);
      });
    } catch (error) {
      if (isAnswered || batch.length === 1) for (const { reject } of batch) reject(error);
      else await Promise.all(batch.map((entry) => this.#together(scope, [entry])));
    }
  }
}
