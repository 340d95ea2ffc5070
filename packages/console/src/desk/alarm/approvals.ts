import type { DeskAlarm, DeskPerson } from '@skykey/telemetry';

/** Places for names on one side: filled ones first. */
export type Place = string | null;

/** As many places as are needed, more when more persons spoke. */
export function places(names: readonly string[], needed: number): readonly Place[] {
  return Array.from({ length: Math.max(needed, names.length) }, (_, i) => names[i] ?? null);
}

/** Persons still wanted on a side. */
export function wanting(names: readonly string[], needed: number): number {
  return Math.max(0, needed - names.length);
}

/**
 * What a person may do about an alarm: approvers say "open it again", once each, and may take it back. Others can only
 * ask them.
 */
export type ApprovalAct = 'approve' | 'withdraw' | 'none';

export function approvalAct({ approvals }: Pick<DeskAlarm, 'approvals'>, person: DeskPerson): ApprovalAct {
  if (!person.roles.includes('approver')) return 'none';
  return approvals.own.includes(person.name) || approvals.own.includes(person.id) ? 'withdraw' : 'approve';
}
