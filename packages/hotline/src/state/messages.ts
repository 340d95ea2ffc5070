import { Reader, Writer } from '../bytes.ts';
import { HotlineError } from '../error.ts';
import { type Alarm, MAX_ALARMS, readAlarm, writeAlarm } from './alarm.ts';
import type { Direction, LevelCause, SideLevel } from './level.ts';

/**
 * What two desks tell each other on the control lane. Each message says how things stand, not what changed: doubled,
 * reordered or lost and told again, the last word is the same. Authentication and direction are the lane's.
 */
export type ControlMessage = StateMessage | AlarmMessage | ApprovalMessage | RecordMessage | PolicyMessage;

export interface StateMessage {
  readonly type: 'state';
  /** The epoch it was written in; in another one it says nothing. 16 bytes, hexadecimal. */
  readonly epoch: string;
  /** Rises with what it says. */
  readonly revision: number;
  /** The newest revision of the other desk that this one has; 0 for none. */
  readonly heard: number;
  /** The writer's clock. */
  readonly atMs: number;
  /** `atMs` of the newest `state` message of the other desk that this one has: proof to it that this one is not old. */
  readonly echoMs: number;
  /** The writer has had no answer for long: the other desk is to tell again soon. */
  readonly asks: boolean;
  /** The writer uses no quantum key made up to here. */
  readonly keysMadeAfterMs: number;
  readonly level: SideLevel;
  /** Alarms that stand at the writer, by id, at most `MAX_ALARMS`. */
  readonly standing: readonly Alarm[];
}

/** One alarm, told before anything else is. */
export interface AlarmMessage {
  readonly type: 'alarm';
  readonly alarm: Alarm;
}

/** What one approver of the writer's side has said about one request (`reopenRequest`). */
export interface ApprovalMessage {
  readonly type: 'approval';
  /** Direction in which the approver's desk writes. */
  readonly direction: Direction;
  readonly request: string;
  readonly person: string;
  readonly name: string;
  readonly approvedMs: number;
  readonly withdrawnMs: number;
}

export interface RecordMessage {
  readonly type: 'record';
  readonly epoch: string;
  readonly revision: number;
  readonly wants: boolean;
}

/** SHA-256 of the writer's policy, hexadecimal. */
export interface PolicyMessage {
  readonly type: 'policy';
  readonly hash: string;
}

const KINDS = ['state', 'alarm', 'approval', 'record', 'policy'] as const;
const LEVELS = ['green', 'amber', 'red'] as const;
const CAUSES: readonly LevelCause[] = ['stock', 'dry', 'no-qkd', 'starting'];

export function encodeControl(message: ControlMessage): Uint8Array {
  const writer = new Writer().u8(KINDS.indexOf(message.type) + 1);
  switch (message.type) {
    case 'state':
      writer.raw(hexBytes(message.epoch, 16)).u64(message.revision).u64(message.heard).u64(message.atMs);
      writer.u64(message.echoMs).u8(Number(message.asks)).u64(message.keysMadeAfterMs);
      writer.u8(LEVELS.indexOf(message.level.level)).u8(CAUSES.indexOf(message.level.cause));
      writer.u16(message.level.hours).u64(message.level.sinceMs).u8(message.standing.length);
      for (const alarm of message.standing) writeAlarm(writer, alarm);
      break;
    case 'alarm':
      writeAlarm(writer, message.alarm);
      break;
    case 'approval':
      writer.u8(message.direction).raw(hexBytes(message.request, 32)).name(message.person).name(message.name);
      writer.u64(message.approvedMs).u64(message.withdrawnMs);
      break;
    case 'record':
      writer.raw(hexBytes(message.epoch, 16)).u64(message.revision).u8(Number(message.wants));
      break;
    case 'policy':
      writer.raw(hexBytes(message.hash, 32));
      break;
  }
  return writer.finish();
}

/** Throws HotlineError `hotline/malformed` for anything but the one encoding of a message. */
export function decodeControl(bytes: Uint8Array): ControlMessage {
  const reader = new Reader(bytes, 'the control message');
  const message = read(reader);
  reader.end();
  return message;
}

function read(reader: Reader): ControlMessage {
  const type = KINDS[reader.u8() - 1];
  switch (type) {
    case 'state':
      return {
        type,
        epoch: hex(reader.raw(16)),
        revision: reader.u64(),
        heard: reader.u64(),
        atMs: reader.u64(),
        echoMs: reader.u64(),
        asks: readSwitch(reader),
        keysMadeAfterMs: reader.u64(),
        level: readLevel(reader),
        standing: readStanding(reader),
      };
    case 'alarm':
      return { type, alarm: readAlarm(reader) };
    case 'approval':
      return {
        type,
        direction: readDirection(reader),
        request: hex(reader.raw(32)),
        person: readPerson(reader),
        name: readPerson(reader),
        approvedMs: reader.u64(),
        withdrawnMs: reader.u64(),
      };
    case 'record':
      return { type, epoch: hex(reader.raw(16)), revision: reader.u64(), wants: readSwitch(reader) };
    case 'policy':
      return { type, hash: hex(reader.raw(32)) };
    default:
      throw reader.refuse('there is no such kind');
  }
}

function readLevel(reader: Reader): SideLevel {
  const level = LEVELS[reader.u8()];
  const cause = CAUSES[reader.u8()];
  if (!level || !cause) throw reader.refuse('its level does not exist');
  if ((level === 'red') === (cause === 'stock')) throw reader.refuse('its level has a cause that cannot be');
  return { level, cause, hours: reader.u16(), sinceMs: reader.u64() };
}

function readStanding(reader: Reader): readonly Alarm[] {
  const count = reader.u8();
  if (count > MAX_ALARMS) throw reader.refuse('it lists more alarms than a desk does');
  const alarms = Array.from({ length: count }, () => readAlarm(reader));
  if (alarms.some(({ id }, i) => i > 0 && id <= alarms[i - 1]!.id)) throw reader.refuse('its alarms are out of order');
  return alarms;
}

function readDirection(reader: Reader): Direction {
  const direction = reader.u8();
  if (direction !== 1 && direction !== 2) throw reader.refuse('its direction does not exist');
  return direction;
}

function readPerson(reader: Reader): string {
  const bytes = reader.short();
  if (bytes.length === 0 || bytes.length > 64) throw reader.refuse('its approver has no name, or too long a one');
  return reader.text(bytes);
}

function readSwitch(reader: Reader): boolean {
  const value = reader.u8();
  if (value > 1) throw reader.refuse('a switch in it is neither on nor off');
  return value === 1;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function hexBytes(text: string, count: number): Uint8Array {
  const bytes = new Uint8Array(Buffer.from(text, 'hex'));
  if (bytes.length !== count || hex(bytes) !== text) {
    throw new HotlineError('hotline/bad-argument', `${text} must be ${count} bytes in lower-case hexadecimal`);
  }
  return bytes;
}
