import { type Alarm, clipped, fitted, reopenRequest, sameAlarms } from './alarm.ts';
import { counting, heardWord, lapsed, quorum, stands, type Word } from './approvals.ts';
import { advanced, heardClock, isFresh } from './clock.ts';
import { consequencesOf } from './consequences.ts';
import type { ApprovalEvent, EpochEvent, LineEvent, Step, WithdrawalEvent } from './events.ts';
import { hasQkd, jointAlarms, jointLevel, type LineOptions, peerDirection } from './joint.ts';
import type { SideLevel } from './level.ts';
import type { LineState } from './line-state.ts';
import type { ApprovalMessage, ControlMessage, StateMessage } from './messages.ts';
import { type LinePermissions, permissionsOf } from './permissions.ts';
import { checkPolicy, policyHash } from './policy.ts';
import { againstGreen, paysForRenewal, reserveOf } from './reserve.ts';
import { ENGLISH, type Sentences } from './sentences.ts';
import { close, raise } from './standing.ts';
import { type LineView, viewOf } from './view.ts';

const DAY_MS = 86_400_000;
/** How often the time is durable while an approval counts that has not been acted on. */
const CLOCK_KEPT_MS = 10_000;

/**
 * Whether the line stands, how safe it is and what may be done on it, seen from one desk: GREEN, AMBER, RED, BLACK of the
 * hotline reference, section 10. It keeps nothing itself: `reduce` makes of a state and an event the next state and what
 * the desk has to do. Its invariants, whatever comes in whatever order:
 * - An alarm, raised here or heard, makes it black at once, from any level.
 * - It leaves black only by an agreement with quantum key made after the newest alarm, in which both desks named the
 *   request that enough approvers of each side had agreed to within the time that an approval counts.
 * - It shows and permits what the worse of both desks does.
 */
export class LineMachine {
  readonly #options: LineOptions;
  readonly #policyHash: Uint8Array;
  readonly #policyHex: string;
  readonly #say: Sentences;

  /** Throws HotlineError `hotline/bad-argument` for a policy that contradicts itself. */
  constructor(options: LineOptions, say: Sentences = ENGLISH) {
    checkPolicy(options.policy);
    this.#options = options;
    this.#policyHash = policyHash(options.policy);
    this.#policyHex = Buffer.from(this.#policyHash).toString('hex');
    this.#say = say;
  }

  /** A line between two desks that have never spoken. */
  begin(atMs: number): LineState {
    return {
      version: 2,
      clock: { nowMs: atMs, highestMs: atMs, toldMs: 0, echoMs: 0, peerMs: 0, heard: 0, asked: false },
      stock: null,
      emergencyTexts: 0,
      epoch: null,
      own: { level: 'red', cause: 'starting', hours: 0, sinceMs: atMs },
      standing: [],
      closed: [],
      keysMadeAfterMs: 0,
      request: null,
      approvals: [],
      decided: false,
      joint: { level: 'red', sinceMs: atMs },
      peer: {
        level: null,
        standing: [],
        revision: 0,
        reachable: false,
        reachableSinceMs: atMs,
        samePolicy: null,
        record: { wants: false, revision: 0 },
        skewMinutes: 0,
      },
      revision: 0,
      record: { wants: false, revision: 0 },
      restoredMs: null,
      clockBack: null,
      padSpeech: { day: Math.floor(atMs / DAY_MS), spentMs: 0 },
    };
  }

  /** Takes any event at any time; one that makes no sense changes nothing. */
  reduce(before: LineState, event: LineEvent): Step {
    const timed = advanced(before, event.atMs);
    const { state: happened, refused } = this.#happen(timed, event);
    const after = this.#settle(before, happened);
    const { state, consequences } = consequencesOf(this.#options, this.#policyHex, before, after, event, this.#say);
    if (refused !== undefined) consequences.push({ type: 'refused', sentence: refused });
    return { state, consequences, durable: differs(before, state) || clockIsDue(before, state) };
  }

  view(state: LineState): LineView {
    return viewOf(this.#options, state, this.#say);
  }

  /** `padBits`: one-time pad that the text or file in question takes; without it, that of a text of 250 bytes. */
  permissions(state: LineState, padBits?: number): LinePermissions {
    return permissionsOf(this.#options, state, padBits, this.#say);
  }

  #happen(state: LineState, event: LineEvent): Happened {
    switch (event.type) {
      case 'started':
        return { state: started(state, event.restored) };
      case 'stock':
        // Counted before the newest alarm was known: keys are in it that must not be used.
        if (event.madeAfterMs < state.keysMadeAfterMs) return { state };
        // The same counts again are no news.
        if (state.stock?.sendBits === event.sendBits && state.stock.receiveBits === event.receiveBits) return { state };
        return { state: { ...state, stock: { sendBits: event.sendBits, receiveBits: event.receiveBits } } };
      case 'emergency-pad':
        return { state: { ...state, emergencyTexts: Math.max(0, event.texts) } };
      case 'epoch':
        return { state: renewed(state, event) };
      case 'alarm':
        return { state: raise(state, [fitted(event.alarm)]) };
      case 'approval':
        return this.#approve(state, event);
      case 'approval-withdrawn':
        return this.#withdraw(state, event);
      case 'peer':
        return { state: this.#hear(state, event.message) };
      case 'record': {
        const { wants, revision } = state.record;
        return {
          state: wants === event.wants ? state : { ...state, record: { wants: !wants, revision: revision + 1 } },
        };
      }
      case 'pad-speech': {
        const spentMs = state.padSpeech.spentMs + Math.max(0, event.ms);
        return { state: { ...state, padSpeech: { ...state.padSpeech, spentMs } } };
      }
      case 'noted':
        return { state: { ...state, restoredMs: null } };
      case 'peer-silent':
        // Until it answers again, it is not there.
        return { state: { ...state, clock: { ...state.clock, echoMs: 0 } } };
      case 'peer-heard':
      case 'tick':
        return { state };
    }
  }

  #approve(state: LineState, { person, name, roles, request }: ApprovalEvent): Happened {
    const personId = clipped(person, 64);
    const shownName = clipped(name || person, 64);
    const refused = !roles.includes('approver')
      ? this.#say.notApprover({ name: shownName })
      : state.request === null
        ? this.#say.nothingToApprove()
        : request !== state.request
          ? this.#say.requestChanged()
          : undefined;
    if (refused !== undefined || personId === '') return { state, refused };
    const known = state.approvals.find((approval) => approval.side === 'own' && approval.person === personId);
    // Later than the withdrawal before it, whatever the clock did meanwhile.
    const approvedMs = Math.max(state.clock.nowMs, (known?.withdrawnMs ?? -1) + 1);
    const withdrawnMs = known?.withdrawnMs ?? 0;
    return { state: this.#note(state, { side: 'own', person: personId, name: shownName, approvedMs, withdrawnMs }) };
  }

  #withdraw(state: LineState, { person, request }: WithdrawalEvent): Happened {
    const known = state.approvals.find((approval) => approval.side === 'own' && approval.person === person);
    if (!known || request !== state.request) return { state };
    return { state: this.#note(state, { ...known, withdrawnMs: Math.max(state.clock.nowMs, known.approvedMs) }) };
  }

  #note(state: LineState, word: Word): LineState {
    const approvals = heardWord(state.approvals, word, state.clock.nowMs, this.#options.policy);
    return approvals === state.approvals ? state : { ...state, approvals };
  }

  #hear(state: LineState, message: ControlMessage): LineState {
    switch (message.type) {
      case 'state':
        return heardState(state, message);
      case 'alarm':
        return raise(state, [message.alarm]);
      case 'approval':
        return this.#hearApproval(state, message);
      case 'record': {
        const { epoch, peer } = state;
        if (message.epoch !== epoch?.id || message.revision <= peer.record.revision) return state;
        return { ...state, peer: { ...peer, record: { wants: message.wants, revision: message.revision } } };
      }
      case 'policy': {
        const samePolicy = message.hash === this.#policyHex;
        return samePolicy === state.peer.samePolicy ? state : { ...state, peer: { ...state.peer, samePolicy } };
      }
    }
  }

  #hearApproval(state: LineState, message: ApprovalMessage): LineState {
    // For other alarms than those that stand.
    if (message.request !== state.request) return state;
    const { person, name, approvedMs, withdrawnMs } = message;
    if (message.direction === peerDirection(this.#options)) {
      return this.#note(state, { side: 'peer', person, name, approvedMs, withdrawnMs });
    }
    // Of this desk's own approvers the peer can only say that a word counts no more there: then it counts nowhere, and
    // people are asked anew. It can neither approve for them nor take back what they said later.
    const known = state.approvals.find((approval) => approval.side === 'own' && approval.person === person);
    if (!known || approvedMs < known.approvedMs || withdrawnMs < known.approvedMs) return state;
    return this.#note(state, { ...known, withdrawnMs: known.approvedMs });
  }

  /** What follows from what is known now. */
  #settle(before: LineState, happened: LineState): LineState {
    const { nowMs, highestMs } = happened.clock;
    let state = this.#settleApprovals(before, happened);
    const own = this.#ownLevel(state);
    if (!sameLevel(own, state.own)) state = { ...state, own };
    const reachable = isFresh(state.clock);
    if (reachable !== state.peer.reachable) {
      state = { ...state, peer: { ...state.peer, reachable, reachableSinceMs: nowMs } };
    }
    const day = Math.floor(highestMs / DAY_MS);
    if (day > state.padSpeech.day) state = { ...state, padSpeech: { day, spentMs: 0 } };
    const level = jointLevel(state);
    if (level !== state.joint.level) state = { ...state, joint: { level, sinceMs: nowMs } };
    const toldAnew = state.own !== before.own || state.standing !== before.standing || state.epoch !== before.epoch;
    return toldAnew ? { ...state, revision: state.revision + 1 } : state;
  }

  #settleApprovals(before: LineState, happened: LineState): LineState {
    let state = happened;
    if (state.standing !== before.standing || state.peer.standing !== before.peer.standing) {
      const alarms = jointAlarms(state);
      const request = alarms.length > 0 ? this.#request(alarms) : null;
      // An approval is for exactly these alarms: another one, and nobody has approved anything.
      if (request !== state.request) state = { ...state, request, approvals: [], decided: false };
    }
    if (state.request === null) return state;
    const { policy } = this.#options;
    // Once decided, the decision outlives the time of its approvals, for fresh key may be hours away; not their withdrawal.
    const decided = state.decided
      ? quorum(state.approvals.filter(stands), policy)
      : quorum(counting(state.approvals, state.clock.nowMs), policy);
    return decided === state.decided ? state : { ...state, decided };
  }

  #request(alarms: readonly Alarm[]): string {
    return reopenRequest(this.#options.conversation, this.#policyHash, alarms);
  }

  #ownLevel(state: LineState): SideLevel {
    const { policy, direction } = this.#options;
    const hours = Math.min(0xffff, Math.floor(reserveOf(state.stock, policy, direction).hours));
    const { level, cause } = this.#byKey(state);
    const same = level === state.own.level && (cause === 'starting') === (state.own.cause === 'starting');
    return { level, cause, hours, sinceMs: same ? state.own.sinceMs : state.clock.nowMs };
  }

  #byKey(state: LineState): Pick<SideLevel, 'level' | 'cause'> {
    const { policy, direction } = this.#options;
    if (state.epoch === null) return { level: 'red', cause: 'starting' };
    if (!hasQkd(state)) return { level: 'red', cause: 'no-qkd' };
    if (state.stock === null || !paysForRenewal(state.stock, policy)) return { level: 'red', cause: 'dry' };
    const against = againstGreen(state.stock, policy, direction);
    // Exactly at the limit the section names neither level: the line stays where it is.
    const green = against === 'above' || (against === 'at' && state.own.level === 'green');
    return { level: green ? 'green' : 'amber', cause: 'stock' };
  }
}

interface Happened {
  readonly state: LineState;
  readonly refused?: string | undefined;
}

function started(state: LineState, restored: boolean): LineState {
  const { nowMs, highestMs } = state.clock;
  return {
    ...state,
    clock: { nowMs, highestMs, toldMs: 0, echoMs: 0, peerMs: 0, heard: 0, asked: false },
    stock: null,
    epoch: null,
    peer: { ...state.peer, level: null, samePolicy: null, revision: 0, record: { ...state.peer.record, revision: 0 } },
    // A copy may hold approvals that were taken back since; the peer will say which of its own stand.
    ...(restored && { approvals: lapsed(state.approvals.filter(({ side }) => side === 'own')), restoredMs: nowMs }),
  };
}

function renewed(state: LineState, { id, qkdMadeAtMs, reopens }: EpochEvent): LineState {
  const { peer } = state;
  const next: LineState = {
    ...state,
    clock: { ...state.clock, heard: 0 },
    epoch: { id, qkdMadeAtMs },
    // Numbers begin anew, so that a desk whose store was restored is heard.
    peer: { ...peer, revision: 0, record: { ...peer.record, revision: 0 } },
  };
  const opens = state.decided && reopens !== null && reopens === state.request && hasQkd(next);
  return opens ? close(next) : next;
}

function heardState(state: LineState, message: StateMessage): LineState {
  const { peer, epoch } = state;
  if (message.epoch !== epoch?.id) return state;
  // An old word that was overtaken; but an alarm in it is an alarm.
  if (message.revision < peer.revision) return raise(state, message.standing);
  const clock = heardClock(state.clock, message);
  const skewMinutes = Math.trunc((message.atMs - clock.nowMs) / 60_000);
  let next: LineState = { ...state, clock };
  if (message.revision > peer.revision || skewMinutes !== peer.skewMinutes) {
    const standing = sameAlarms(message.standing, peer.standing) ? peer.standing : message.standing;
    const { level, revision } = message;
    next = { ...next, peer: { ...peer, level, revision, standing, skewMinutes } };
  }
  // A desk restored from a copy that is older than an alarm learns here which keys not to use. Where the peer's clock is
  // ahead it waits for its own: else no key would be young enough meanwhile.
  const { keysMadeAfterMs } = message;
  if (keysMadeAfterMs > state.keysMadeAfterMs && keysMadeAfterMs <= clock.highestMs) {
    next = { ...next, keysMadeAfterMs, stock: null };
  }
  return raise(next, message.standing);
}

function sameLevel(a: SideLevel, b: SideLevel): boolean {
  return a.level === b.level && a.cause === b.cause && a.hours === b.hours && a.sinceMs === b.sinceMs;
}

/** While approvals run out, the time is kept: a clock set back while the process is down would give them more of it. */
function clockIsDue(before: LineState, { approvals, decided, clock }: LineState): boolean {
  const passed = Math.floor(before.clock.nowMs / CLOCK_KEPT_MS) !== Math.floor(clock.nowMs / CLOCK_KEPT_MS);
  return passed && !decided && counting(approvals, clock.nowMs).length > 0;
}

/** In anything that must survive a crash. */
function differs(before: LineState, after: LineState): boolean {
  const keys = Object.keys(after) as (keyof LineState)[];
  return keys.some((key) => key !== 'clock' && key !== 'stock' && before[key] !== after[key]);
}
