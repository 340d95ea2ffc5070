import type { LinePolicy } from './policy.ts';

/** What a person may do at a desk; only an `approver` reopens a line after an alarm. */
export type DeskRole = 'speaker' | 'operator' | 'approver';

export type Side = 'own' | 'peer';

/**
 * What one person of one side has said about the request that stands. Of two reports the later times hold, so reports may
 * come doubled and in any order.
 */
export interface Approval {
  readonly side: Side;
  /** Id at the person's site, at most 64 bytes; persons are told apart by it. */
  readonly person: string;
  /** For show, at most 64 bytes. */
  readonly name: string;
  /** By the clock of the person's desk; it counts while this is later than `withdrawnMs`. */
  readonly approvedMs: number;
  /** 0 until withdrawn. */
  readonly withdrawnMs: number;
  /** By this desk's clock: from here on it counts no more. */
  readonly lapsesMs: number;
}

/** How far the clocks of two desks may differ before approvals of the faster one are refused. */
export const CLOCK_SKEW_MS = 60_000;

/** Persons of one side whose word is kept. */
const MAX_PERSONS = 64;

export interface Word {
  readonly side: Side;
  readonly person: string;
  readonly name: string;
  readonly approvedMs: number;
  readonly withdrawnMs: number;
}

/** `said` added to what is known; the same array when it says nothing new. */
export function heardWord(
  approvals: readonly Approval[],
  said: Word,
  nowMs: number,
  policy: LinePolicy,
): readonly Approval[] {
  // A yes from the future would outlive its time. A no is never refused.
  const early = said.side === 'peer' && said.approvedMs > nowMs + CLOCK_SKEW_MS;
  const word = early ? { ...said, approvedMs: 0 } : said;
  const at = approvals.findIndex(({ side, person }) => side === word.side && person === word.person);
  const known = approvals[at];
  if (!known) {
    if (approvals.filter(({ side }) => side === word.side).length >= MAX_PERSONS) return approvals;
    return [...approvals, { ...word, lapsesMs: lapse(word.approvedMs, nowMs, policy) }].sort(byPerson);
  }
  if (word.approvedMs <= known.approvedMs && word.withdrawnMs <= known.withdrawnMs) return approvals;
  const later: Approval = {
    ...known,
    withdrawnMs: Math.max(known.withdrawnMs, word.withdrawnMs),
    // Only a new word lives longer: the old one, heard again, does not.
    ...(word.approvedMs > known.approvedMs && {
      approvedMs: word.approvedMs,
      name: word.name,
      lapsesMs: lapse(word.approvedMs, nowMs, policy),
    }),
  };
  return approvals.with(at, later);
}

/** Counted from when it was given or, should the giver's clock be ahead, from when it was heard. */
function lapse(approvedMs: number, nowMs: number, policy: LinePolicy): number {
  return Math.min(approvedMs, nowMs) + 60_000 * policy.approvalMinutes;
}

function byPerson(a: Approval, b: Approval): number {
  const x = `${a.side}\0${a.person}`;
  const y = `${b.side}\0${b.person}`;
  return x < y ? -1 : x > y ? 1 : 0;
}

/** All words as if everybody had taken them back: after a clock was set back nobody can say how old they are. */
export function lapsed(approvals: readonly Approval[]): readonly Approval[] {
  return approvals.map((approval) => ({
    ...approval,
    withdrawnMs: Math.max(approval.withdrawnMs, approval.approvedMs),
  }));
}

export function stands({ approvedMs, withdrawnMs }: Approval): boolean {
  return approvedMs > withdrawnMs;
}

/** Those that count at `nowMs`. */
export function counting(approvals: readonly Approval[], nowMs: number): readonly Approval[] {
  return approvals.filter((approval) => stands(approval) && nowMs < approval.lapsesMs);
}

/** Enough distinct persons on each side. */
export function quorum(approvals: readonly Approval[], policy: LinePolicy): boolean {
  return (['own', 'peer'] as const).every((side) => {
    const persons = new Set(approvals.filter((approval) => approval.side === side).map(({ person }) => person));
    return persons.size >= policy.approvalsNeeded;
  });
}
