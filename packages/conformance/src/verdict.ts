/** How demands are told, and how looking at one ends. */
import type { Exchange } from './exchange.ts';

/**
 * `shall` and `should`: ETSI GS QKD 014 V1.1.1, or a standard that it refers to. `skykey`: what 014 leaves open and Skykey
 * decided; another server may decide otherwise and keep the standard.
 */
export type Level = 'shall' | 'should' | 'skykey';

/**
 * Where a clause number comes from. `second-hand`: public implementations that quote the standard agree on it. `placed`: the
 * rule is the standard's, the number is where we believe it stands. `-`: no clause, a decision of Skykey.
 */
export type ClauseBasis = 'second-hand' | 'placed' | '-';

export interface Rule {
  /** Stable. */
  readonly id: string;
  readonly level: Level;
  readonly clause: string;
  readonly basis: ClauseBasis;
  /** What is demanded, in our own words. */
  readonly sentence: string;
}

export type Verdict = 'pass' | 'fail' | 'inconclusive' | 'not-applicable';

export interface Finding {
  readonly verdict: Verdict;
  readonly reason: string;
  /** Instead of all that the check has sent and seen. */
  readonly evidence?: readonly Exchange[];
}

export function pass(reason: string): Finding {
  return { verdict: 'pass', reason };
}

export function fail(reason: string): Finding {
  return { verdict: 'fail', reason };
}

export function inconclusive(reason: string): Finding {
  return { verdict: 'inconclusive', reason };
}

export function notApplicable(reason: string): Finding {
  return { verdict: 'not-applicable', reason };
}

/** Pass, unless there is a fault to tell. */
export function unless(fault: string | null, otherwise: string): Finding {
  return fault === null ? pass(otherwise) : fail(fault);
}

/** Something that a check builds upon is not there; whatever is wrong with it, another check tells. */
export class Unsettled extends Error {
  override readonly name = 'Unsettled';
}
