import { HotlineError } from '../error.ts';
import { ALARM_CLASSES, type Alarm } from './alarm.ts';
import type { Approval } from './approvals.ts';
import type { SideLevel } from './level.ts';
import type { LineState, RecordSwitch } from './line-state.ts';

/** For the desk's store, which seals it at rest. */
export function storeLine(state: LineState): string {
  return JSON.stringify(state);
}

/** What `storeLine` made. Throws HotlineError `hotline/store` for anything else: a line that nobody knows is not begun anew by itself. */
export function readLine(text: string): LineState {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw refusal('it is not JSON', { cause });
  }
  return line(value);
}

function line(value: unknown): LineState {
  const of = record(value, 'the line');
  if (of.version !== 2) throw refusal(`version is ${String(of.version)}, not 2`);
  const clock = record(of.clock, 'clock');
  const peer = record(of.peer, 'peer');
  const joint = record(of.joint, 'joint');
  const padSpeech = record(of.padSpeech, 'padSpeech');
  return {
    version: 2,
    clock: {
      nowMs: whole(clock.nowMs, 'clock.nowMs'),
      highestMs: whole(clock.highestMs, 'clock.highestMs'),
      toldMs: whole(clock.toldMs, 'clock.toldMs'),
      echoMs: whole(clock.echoMs, 'clock.echoMs'),
      peerMs: whole(clock.peerMs, 'clock.peerMs'),
      heard: whole(clock.heard, 'clock.heard'),
      asked: truth(clock.asked, 'clock.asked'),
    },
    stock: orNull(of.stock, (stock) => {
      const bits = record(stock, 'stock');
      return {
        sendBits: whole(bits.sendBits, 'stock.sendBits'),
        receiveBits: whole(bits.receiveBits, 'stock.receiveBits'),
      };
    }),
    emergencyTexts: whole(of.emergencyTexts, 'emergencyTexts'),
    epoch: orNull(of.epoch, (epoch) => {
      const { id, qkdMadeAtMs } = record(epoch, 'epoch');
      return {
        id: string(id, 'epoch.id'),
        qkdMadeAtMs: orNull(qkdMadeAtMs, (ms) => whole(ms, 'epoch.qkdMadeAtMs')),
      };
    }),
    own: sideLevel(of.own, 'own'),
    standing: list(of.standing, 'standing', alarm),
    closed: list(of.closed, 'closed', string),
    keysMadeAfterMs: whole(of.keysMadeAfterMs, 'keysMadeAfterMs'),
    request: orNull(of.request, (request) => string(request, 'request')),
    approvals: list(of.approvals, 'approvals', approval),
    decided: truth(of.decided, 'decided'),
    joint: {
      level: oneOf(joint.level, 'joint.level', ['green', 'amber', 'red', 'black']),
      sinceMs: whole(joint.sinceMs, 'joint.sinceMs'),
    },
    peer: {
      level: orNull(peer.level, (level) => sideLevel(level, 'peer.level')),
      standing: list(peer.standing, 'peer.standing', alarm),
      revision: whole(peer.revision, 'peer.revision'),
      reachable: truth(peer.reachable, 'peer.reachable'),
      reachableSinceMs: whole(peer.reachableSinceMs, 'peer.reachableSinceMs'),
      samePolicy: orNull(peer.samePolicy, (same) => truth(same, 'peer.samePolicy')),
      record: recordSwitch(peer.record, 'peer.record'),
      skewMinutes: integer(peer.skewMinutes, 'peer.skewMinutes'),
    },
    revision: whole(of.revision, 'revision'),
    record: recordSwitch(of.record, 'record'),
    restoredMs: orNull(of.restoredMs, (ms) => whole(ms, 'restoredMs')),
    clockBack: orNull(of.clockBack, (clockBack) => {
      const { fromMs, toMs } = record(clockBack, 'clockBack');
      return { fromMs: whole(fromMs, 'clockBack.fromMs'), toMs: whole(toMs, 'clockBack.toMs') };
    }),
    padSpeech: {
      day: whole(padSpeech.day, 'padSpeech.day'),
      spentMs: whole(padSpeech.spentMs, 'padSpeech.spentMs'),
    },
  };
}

function alarm(value: unknown, field: string): Alarm {
  const of = record(value, field);
  return {
    id: string(of.id, `${field}.id`),
    class: oneOf(of.class, `${field}.class`, ALARM_CLASSES),
    foundBy: string(of.foundBy, `${field}.foundBy`),
    link: string(of.link, `${field}.link`),
    reason: string(of.reason, `${field}.reason`),
    atMs: whole(of.atMs, `${field}.atMs`),
  };
}

function approval(value: unknown, field: string): Approval {
  const of = record(value, field);
  return {
    side: oneOf(of.side, `${field}.side`, ['own', 'peer']),
    person: string(of.person, `${field}.person`),
    name: string(of.name, `${field}.name`),
    approvedMs: whole(of.approvedMs, `${field}.approvedMs`),
    withdrawnMs: whole(of.withdrawnMs, `${field}.withdrawnMs`),
    lapsesMs: whole(of.lapsesMs, `${field}.lapsesMs`),
  };
}

function sideLevel(value: unknown, field: string): SideLevel {
  const of = record(value, field);
  return {
    level: oneOf(of.level, `${field}.level`, ['green', 'amber', 'red']),
    cause: oneOf(of.cause, `${field}.cause`, ['stock', 'dry', 'no-qkd', 'starting']),
    hours: whole(of.hours, `${field}.hours`),
    sinceMs: whole(of.sinceMs, `${field}.sinceMs`),
  };
}

function recordSwitch(value: unknown, field: string): RecordSwitch {
  const of = record(value, field);
  return { wants: truth(of.wants, `${field}.wants`), revision: whole(of.revision, `${field}.revision`) };
}

function record(value: unknown, field: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw refusal(`${field} is not an object`);
}

function list<T>(value: unknown, field: string, each: (value: unknown, field: string) => T): readonly T[] {
  if (!Array.isArray(value)) throw refusal(`${field} is not a list`);
  return value.map((item, i) => each(item, `${field}[${i}]`));
}

function orNull<T>(value: unknown, read: (value: unknown) => T): T | null {
  return value === null ? null : read(value);
}

function integer(value: unknown, field: string): number {
  if (Number.isSafeInteger(value)) return value as number;
  throw refusal(`${field} is not a whole number`);
}

function whole(value: unknown, field: string): number {
  const number = integer(value, field);
  if (number >= 0) return number;
  throw refusal(`${field} is negative`);
}

function string(value: unknown, field: string): string {
  if (typeof value === 'string') return value;
  throw refusal(`${field} is not a text`);
}

function truth(value: unknown, field: string): boolean {
  if (typeof value === 'boolean') return value;
  throw refusal(`${field} is neither true nor false`);
}

function oneOf<T extends string>(value: unknown, field: string, values: readonly T[]): T {
  const found = values.find((each) => each === value);
  if (found !== undefined) return found;
  throw refusal(`${field} is none of ${values.join(', ')}`);
}

function refusal(why: string, options?: ErrorOptions): HotlineError {
  return new HotlineError(
    'hotline/store',
    `the state of the line in the store cannot be read: ${why}; restore it from a copy, or set the conversation up anew`,
    options,
  );
}
