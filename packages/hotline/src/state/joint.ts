import { type Alarm, joined } from './alarm.ts';
import { type Direction, type LineLevel, otherDirection, type SideLevel, worse } from './level.ts';
import type { LineState } from './line-state.ts';
import type { LinePolicy } from './policy.ts';

/** One end of one line: what does not change. */
export interface LineOptions {
  readonly policy: LinePolicy;
  /** Names the conversation; the same at both desks. */
  readonly conversation: string;
  /** In which this desk writes. */
  readonly direction: Direction;
  /** Names of the desks for people; the same at both desks. */
  readonly selfName: string;
  readonly peerName: string;
}

/** Alarms that stand at either desk, by id. */
export function jointAlarms({ standing, peer }: Pick<LineState, 'standing' | 'peer'>): readonly Alarm[] {
  return joined(standing, peer.standing);
}

/** Nobody knows yet how a desk stands that has said nothing: as bad as can be without an alarm. */
const UNHEARD: SideLevel = { level: 'red', cause: 'starting', hours: 0, sinceMs: 0 };

export interface NamedSide {
  readonly name: string;
  readonly side: SideLevel;
}

/** Both desks, that of direction 1 first, so that both list them alike. */
export function namedSides(options: LineOptions, state: LineState): readonly [NamedSide, NamedSide] {
  const own: NamedSide = { name: options.selfName, side: state.own };
  const peer: NamedSide = { name: options.peerName, side: state.peer.level ?? UNHEARD };
  return options.direction === 1 ? [own, peer] : [peer, own];
}

/** The worse of both desks. */
export function jointLevel(state: LineState): LineLevel {
  if (state.standing.length > 0 || state.peer.standing.length > 0) return 'black';
  return worse(state.own.level, (state.peer.level ?? UNHEARD).level);
}

const BADNESS = ['stock', 'dry', 'no-qkd', 'starting'];

/** The desk that makes the joint level what it is; of equals the one with fewer hours, then that of direction 1. */
export function worseSide([first, second]: readonly [NamedSide, NamedSide]): NamedSide {
  const level = worse(first.side.level, second.side.level);
  if (first.side.level !== second.side.level) return first.side.level === level ? first : second;
  const causes = BADNESS.indexOf(first.side.cause) - BADNESS.indexOf(second.side.cause);
  if (causes !== 0) return causes > 0 ? first : second;
  return second.side.hours < first.side.hours ? second : first;
}

/** Names in the order of directions. */
export function deskNames({ direction, selfName, peerName }: LineOptions): readonly [string, string] {
  return direction === 1 ? [selfName, peerName] : [peerName, selfName];
}

export function peerDirection({ direction }: LineOptions): Direction {
  return otherDirection(direction);
}

/** Fresh quantum key is in the keys in use. */
export function hasQkd({ epoch, keysMadeAfterMs }: Pick<LineState, 'epoch' | 'keysMadeAfterMs'>): boolean {
  return epoch !== null && epoch.qkdMadeAtMs !== null && epoch.qkdMadeAtMs > keysMadeAfterMs;
}
