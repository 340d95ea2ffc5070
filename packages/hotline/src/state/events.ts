import type { Alarm } from './alarm.ts';
import type { DeskRole } from './approvals.ts';
import type { LineLevel } from './level.ts';
import type { LineState } from './line-state.ts';
import type { ControlMessage } from './messages.ts';

/** What happens to a line; `atMs` is the mission time at which the desk learns of it, ms of UTC. */
export type LineEvent = { readonly atMs: number } & (
  | StartedEvent
  | StockEvent
  | EmergencyPadEvent
  | EpochEvent
  | AlarmEvent
  | ApprovalEvent
  | WithdrawalEvent
  | PeerEvent
  | RecordEvent
  | PadSpeechEvent
  | NotedEvent
  | { readonly type: 'tick' | 'peer-silent' | 'peer-heard' }
);

/** The process was started: keys in memory are gone, and what the peer said is old. */
export interface StartedEvent {
  readonly type: 'started';
  /** The store came from a copy (the witness of epochs says so). */
  readonly restored: boolean;
}

/** The pools were counted. */
export interface StockEvent {
  readonly type: 'stock';
  readonly sendBits: number;
  readonly receiveBits: number;
  /** `LineState.keysMadeAfterMs` as it was when counting began: older keys were left out. An older count is not used. */
  readonly madeAfterMs: number;
}

export interface EmergencyPadEvent {
  readonly type: 'emergency-pad';
  /** Texts left on it. */
  readonly texts: number;
}

/** A fresh agreement is complete and confirmed by both desks. */
export interface EpochEvent {
  readonly type: 'epoch';
  /** 16 bytes, hexadecimal. */
  readonly id: string;
  /** When the oldest quantum key in it was made; null without any. */
  readonly qkdMadeAtMs: number | null;
  /** The request that both desks named in the agreement (`freshAgreement.reopens`); null in every other. */
  readonly reopens: string | null;
}

/** Raised at this site. */
export interface AlarmEvent {
  readonly type: 'alarm';
  readonly alarm: Alarm;
}

/** A person at this desk agrees to `request`. */
export interface ApprovalEvent {
  readonly type: 'approval';
  readonly person: string;
  readonly name: string;
  readonly roles: readonly DeskRole[];
  readonly request: string;
}

export interface WithdrawalEvent {
  readonly type: 'approval-withdrawn';
  readonly person: string;
  readonly request: string;
}

/** A message that the control lane has authenticated as the peer's. */
export interface PeerEvent {
  readonly type: 'peer';
  readonly message: ControlMessage;
}

/** A person at this desk wants the conversation on the record, or not. */
export interface RecordEvent {
  readonly type: 'record';
  readonly wants: boolean;
}

/** Speech went by one-time pad for so long. */
export interface PadSpeechEvent {
  readonly type: 'pad-speech';
  readonly ms: number;
}

/** An operator puts the notice about the restored store away. */
export interface NotedEvent {
  readonly type: 'noted';
}

/**
 * What a desk has to do. `media-stop`, `media-hold`, `lock` and `quarantine` only ever take something away: they are done
 * at once, before the state is durable. All others leave after it is.
 */
export type Consequence =
  /** Calls end, their keys are wiped, within a second. */
  | { readonly type: 'media-stop'; readonly reason: string }
  /** Calls send and play nothing until `permissionsOf().call` allows it again. */
  | { readonly type: 'media-hold'; readonly reason: string }
  /** Texts and files: the composer is locked, what is under way is marked as not sent. */
  | { readonly type: 'lock'; readonly reason: string }
  | { readonly type: 'unlock' }
  /** Unreleased keys of the link are set aside, and keys made up to `keysMadeUpToMs` wherever they are. */
  | {
      readonly type: 'quarantine';
      readonly alarmId: string;
      readonly link: string;
      readonly foundAtMs: number;
      readonly keysMadeUpToMs: number;
    }
  | { readonly type: 'tell'; readonly message: ControlMessage }
  | ({ readonly type: 'fresh-agreement'; readonly reason: string } & FreshAgreement)
  /** Assertive for a tear-down alone (interface reference, section 3). */
  | {
      readonly type: 'announce';
      readonly urgency: 'polite' | 'assertive';
      readonly level: LineLevel;
      readonly sentence: string;
    }
  /** A person at this desk asked for what does not count. */
  | { readonly type: 'refused'; readonly sentence: string };

/** An agreement that is wanted. It serves only with quantum key made after `qkdMadeAfterMs`. */
export interface FreshAgreement {
  /** The request that both desks must name in it; null when no alarm stands. */
  readonly reopens: string | null;
  readonly qkdMadeAfterMs: number;
}

export interface Step {
  readonly state: LineState;
  /** In the order in which they are to be done. */
  readonly consequences: readonly Consequence[];
  /** More changed than clock and stock, or the clock is to be kept: `state` is to be durable before anything leaves. */
  readonly durable: boolean;
}
