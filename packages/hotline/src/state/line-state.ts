import type { Alarm } from './alarm.ts';
import type { Approval } from './approvals.ts';
import type { LineLevel, SideLevel } from './level.ts';
import type { PoolStock } from './reserve.ts';

/**
 * All that a desk knows of its line: plain data, JSON as it stands, for the desk's durable store. No key, no word. Made and
 * changed by `LineMachine` alone; read through `viewOf` and `permissionsOf`.
 */
export interface LineState {
  readonly version: 2;
  /** Changes with every event and need not be durable; but see `CLOCK_KEPT_MS`. */
  readonly clock: {
    readonly nowMs: number;
    /** Latest time ever handed in. */
    readonly highestMs: number;
    /** When the peer was last told. */
    readonly toldMs: number;
    /** Newest own time that the peer has answered; 0 for none. */
    readonly echoMs: number;
    /** Newest time of the peer's clock that it told. */
    readonly peerMs: number;
    /** Newest own revision that the peer has. */
    readonly heard: number;
    /** The peer has had no answer for long. */
    readonly asked: boolean;
  };
  /** Null: not counted since the start or since the newest alarm. Need not be durable. */
  readonly stock: PoolStock | null;
  /** Texts left on the emergency pad. */
  readonly emergencyTexts: number;
  /** The keys in use, and when the oldest quantum key in them was made; null without any. */
  readonly epoch: { readonly id: string; readonly qkdMadeAtMs: number | null } | null;
  readonly own: SideLevel;
  /** Alarms that this desk has not reopened after, by id. */
  readonly standing: readonly Alarm[];
  /** Ids of alarms that are over, oldest first: copies of them that are still under way raise nothing. */
  readonly closed: readonly string[];
  /** Quantum key made up to here is never used. Rises with each alarm, never falls. */
  readonly keysMadeAfterMs: number;
  /** What may be approved now: the alarms of both desks. Null without any. */
  readonly request: string | null;
  /** What persons have said about `request`. */
  readonly approvals: readonly Approval[];
  /** Both sides have approved `request`; the line opens with the next fresh agreement. */
  readonly decided: boolean;
  /** The worse of both desks, and since when. */
  readonly joint: { readonly level: LineLevel; readonly sinceMs: number };
  readonly peer: PeerState;
  /** Number of the newest own `state` message. */
  readonly revision: number;
  readonly record: RecordSwitch;
  /** This store was restored from a copy, and nobody has said yet that they know. */
  readonly restoredMs: number | null;
  /** The clock went back; stands until it has passed where it was. */
  readonly clockBack: { readonly fromMs: number; readonly toMs: number } | null;
  /** Speech by one-time pad on one day. */
  readonly padSpeech: { readonly day: number; readonly spentMs: number };
}

/** What the other desk said last. */
export interface PeerState {
  /** Null: nothing since this desk started. */
  readonly level: SideLevel | null;
  readonly standing: readonly Alarm[];
  /** Number of its newest `state` message in this epoch; 0 before the first. */
  readonly revision: number;
  /** It has answered lately; while it does not, nothing but control messages leaves. */
  readonly reachable: boolean;
  readonly reachableSinceMs: number;
  /** Whether it has pinned the policy that this desk has; null until it has said. */
  readonly samePolicy: boolean | null;
  readonly record: RecordSwitch;
  /** Whole minutes by which its clock is ahead (or, negative, behind); 0 within one minute. */
  readonly skewMinutes: number;
}

/** On the record only while both desks want it. */
export interface RecordSwitch {
  readonly wants: boolean;
  readonly revision: number;
}
