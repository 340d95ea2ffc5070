/** A check: a demand, and the hands that look at it. */
import type { Probe } from './probe.ts';
import type { ClauseBasis, Finding, Rule } from './verdict.ts';

export interface Check extends Rule {
  readonly run: (probe: Probe) => Promise<Finding> | Finding;
}

export function shall(clause: string, basis: ClauseBasis, id: string, sentence: string, run: Check['run']): Check {
  return { id: `014-${clause}-${id}`, level: 'shall', clause, basis, sentence, run };
}

export function should(clause: string, basis: ClauseBasis, id: string, sentence: string, run: Check['run']): Check {
  return { id: `014-${clause}-${id}`, level: 'should', clause, basis, sentence, run };
}

/** `number`: the row of the table of decisions in README.md. */
export function decision(number: number, name: string, sentence: string, run: Check['run']): Check {
  return { id: `014-D${number}-${name}`, level: 'skykey', clause: '-', basis: '-', sentence, run };
}
