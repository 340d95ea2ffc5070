import { type Alarm, type AlarmClass, byAge } from './alarm.ts';
import { type Approval, counting, stands } from './approvals.ts';
import type { FreshAgreement } from './events.ts';
import { deskNames, hasQkd, jointAlarms, type LineOptions, namedSides, worseSide } from './joint.ts';
import type { LineLevel } from './level.ts';
import type { LineState } from './line-state.ts';
import { paysForRenewal } from './reserve.ts';
import { ENGLISH, type GoesOn, type Sentences } from './sentences.ts';

/** What people are shown of a line; the first six fields are those of the page's `DeskLine`. */
export interface LineView {
  readonly level: LineLevel;
  readonly reason: string;
  readonly sinceUtcMs: number;
  readonly peerReachable: boolean;
  readonly banners: readonly string[];
  /** The newest. */
  readonly alarm: ShownAlarm | null;
  /** Oldest first. */
  readonly alarms: readonly Alarm[];
  /** What an approver agrees to now; null when no alarm stands. */
  readonly request: string | null;
  /** The agreement that would make the line better; null when none is wanted. */
  readonly freshAgreement: FreshAgreement | null;
  /** Quantum key made up to here is never used. */
  readonly keysMadeAfterMs: number;
  readonly record: { readonly on: boolean; readonly ownWants: boolean; readonly peerWants: boolean };
}

/** As the page's `DeskAlarm`. */
export interface ShownAlarm {
  readonly id: string;
  readonly class: AlarmClass;
  readonly foundBy: string;
  readonly link: string;
  readonly reason: string;
  readonly utcMs: number;
  /** Names of those whose approval counts now, or brought the decision about. */
  readonly approvals: { readonly own: readonly string[]; readonly peer: readonly string[] };
  readonly needed: number;
}

export function viewOf(options: LineOptions, state: LineState, say: Sentences = ENGLISH): LineView {
  const alarms = jointAlarms(state).toSorted(byAge);
  const { own, peer } = { own: state.record.wants, peer: state.peer.record.wants };
  return {
    level: state.joint.level,
    reason: reasonOf(options, state, say),
    sinceUtcMs: state.joint.sinceMs,
    peerReachable: state.peer.reachable,
    banners: bannersOf(options, state, say),
    alarm: shown(options, state, alarms.at(-1)),
    alarms,
    request: state.request,
    freshAgreement: freshAgreement(options, state),
    keysMadeAfterMs: state.keysMadeAfterMs,
    record: { on: own && peer, ownWants: own, peerWants: peer },
  };
}

/**
 * After the approvals of both desks; or when keys without fresh quantum key are in use and there is some again. Null as long
 * as the clock, set back, says that no key can be young enough: it would be drawn in vain.
 */
export function freshAgreement({ policy }: LineOptions, state: LineState): FreshAgreement | null {
  const qkdMadeAfterMs = state.keysMadeAfterMs;
  if (state.clock.nowMs <= qkdMadeAfterMs) return null;
  if (state.request !== null) return state.decided ? { reopens: state.request, qkdMadeAfterMs } : null;
  const wanting = state.epoch !== null && !hasQkd(state) && paysForRenewal(state.stock, policy);
  return wanting ? { reopens: null, qkdMadeAfterMs } : null;
}

/** Why the line is where it is, and how to go on: the same words at both desks once they have told each other. */
export function reasonOf(options: LineOptions, state: LineState, say: Sentences = ENGLISH): string {
  const why = levelSentence(options, state, say);
  const { reachable, reachableSinceMs, level } = state.peer;
  // Before it has said anything, the sentence about starting says so.
  if (reachable || level === null) return why;
  return `${why} ${say.silent({ desk: options.peerName, sinceMs: reachableSinceMs })}`;
}

function levelSentence(options: LineOptions, state: LineState, say: Sentences): string {
  const sides = namedSides(options, state);
  const { name: desk, side } = worseSide(sides);
  switch (state.joint.level) {
    case 'black':
      return alarmSentence(options, state, say);
    case 'green':
      return say.green({ hours: Math.min(...sides.map((each) => each.side.hours)) });
    case 'amber':
      return say.amber({ desk, hours: side.hours, greenHours: options.policy.greenHours });
    case 'red': {
      const goesOn = goingOn(options);
      if (side.cause === 'dry') return say.dry({ desk, goesOn });
      return side.cause === 'no-qkd' ? say.withoutQkd({ desk, goesOn }) : say.starting({ desk });
    }
  }
}

function goingOn({ policy: { redAllows, qkdRequired } }: LineOptions): GoesOn {
  const texts = redAllows.hybridText && !qkdRequired.text;
  if (redAllows.media) return texts ? 'texts and calls' : 'calls';
  return texts ? 'texts' : 'nothing';
}

function alarmSentence(options: LineOptions, state: LineState, say: Sentences): string {
  const alarms = jointAlarms(state);
  const newest = alarms.toSorted(byAge).at(-1)!;
  const counts = { own: countedOf(state, 'own').length, peer: countedOf(state, 'peer').length };
  const [first, second] = deskNames(options);
  const [before, after] = options.direction === 1 ? [counts.own, counts.peer] : [counts.peer, counts.own];
  return say.black({
    ...newest,
    others: alarms.length - 1,
    decided: state.decided,
    needed: options.policy.approvalsNeeded,
    desks: [
      { name: first, approvals: before },
      { name: second, approvals: after },
    ],
  });
}

function countedOf({ approvals, decided, clock }: LineState, side: 'own' | 'peer'): readonly Approval[] {
  const held = decided ? approvals.filter(stands) : counting(approvals, clock.nowMs);
  return held.filter((approval) => approval.side === side);
}

function shown(options: LineOptions, state: LineState, alarm: Alarm | undefined): ShownAlarm | null {
  if (!alarm) return null;
  const { id, class: alarmClass, foundBy, link, reason, atMs } = alarm;
  const names = (side: 'own' | 'peer'): readonly string[] => countedOf(state, side).map(({ name }) => name);
  return {
    id,
    class: alarmClass,
    foundBy,
    link,
    reason,
    utcMs: atMs,
    approvals: { own: names('own'), peer: names('peer') },
    needed: options.policy.approvalsNeeded,
  };
}

/** Each stays until its cause is gone. */
function bannersOf(options: LineOptions, state: LineState, say: Sentences): readonly string[] {
  const { selfName: desk, peerName } = options;
  const { restoredMs, clockBack, peer, joint } = state;
  const without = namedSides(options, state)
    .filter(({ side }) => side.level === 'red' && side.cause !== 'starting')
    .map(({ side }) => side.sinceMs);
  const minutes = Math.abs(peer.skewMinutes);
  const [ahead, behind] = peer.skewMinutes > 0 ? [peerName, desk] : [desk, peerName];
  return [
    ...(joint.level === 'red' && without.length > 0 ? [say.computationalOnly({ sinceMs: Math.min(...without) })] : []),
    ...(peer.samePolicy === false ? [say.otherPolicy({ desks: deskNames(options) })] : []),
    ...(restoredMs !== null ? [say.restored({ desk, atMs: restoredMs })] : []),
    ...(clockBack !== null ? [say.clockBack({ desk, ...clockBack })] : []),
    ...(minutes > 0 ? [say.clocksDiffer({ ahead, behind, minutes })] : []),
  ];
}
