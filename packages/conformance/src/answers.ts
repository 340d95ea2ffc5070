/** Rules that every answer has to keep, whatever was asked: they look on while the other checks ask. */

import type { Key } from './container.ts';
import type { Answer, Exchange } from './exchange.ts';
import { type Finding, fail, inconclusive, pass, type Rule } from './verdict.ts';

export interface AnswerRule extends Rule {
  readonly applies: (answer: Answer, keys: readonly Key[]) => boolean;
  /** What is wrong, or null. Never quotes a key. */
  readonly fault: (answer: Answer, keys: readonly Key[]) => string | null;
}

const SHOWN_EXCHANGES = 3;

interface Tally {
  readonly rule: AnswerRule;
  seen: number;
  faults: number;
  firstFault: string;
  example: Exchange | null;
  readonly faulty: Exchange[];
}

export class Answers {
  readonly #tallies: ReadonlyMap<string, Tally>;

  constructor(rules: readonly AnswerRule[]) {
    this.#tallies = new Map(
      rules.map((rule) => [rule.id, { rule, seen: 0, faults: 0, firstFault: '', example: null, faulty: [] }]),
    );
  }

  look(answer: Answer, keys: readonly Key[]): void {
    for (const tally of this.#tallies.values()) {
      if (!tally.rule.applies(answer, keys)) continue;
      tally.seen++;
      tally.example ??= answer.exchange;
      const fault = tally.rule.fault(answer, keys);
      if (fault === null) continue;
      if (tally.faults++ === 0) tally.firstFault = fault;
      if (tally.faulty.length < SHOWN_EXCHANGES) tally.faulty.push(answer.exchange);
    }
  }

  finding(id: string): Finding {
    const { seen, faults, firstFault, faulty, example } = this.#tallies.get(id)!;
    if (seen === 0) return inconclusive('no answer came that this could be seen on');
    if (faults > 0) return { ...fail(`${firstFault} (${faults} of ${seen} answers)`), evidence: faulty };
    return { ...pass(`in all ${seen} answers`), evidence: example ? [example] : [] };
  }
}
