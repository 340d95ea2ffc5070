import { createHash } from 'node:crypto';
import { type Reader, Writer } from '../bytes.ts';

/** What an alarm is about (hotline reference, section 10). Jamming is never called tapping (threats reference, B9). */
export type AlarmClass = 'tap' | 'jam' | 'fault' | 'time' | 'source-gate' | 'kms' | 'operator';

export const ALARM_CLASSES: readonly AlarmClass[] = ['tap', 'jam', 'fault', 'time', 'source-gate', 'kms', 'operator'];

export interface Alarm {
  /** Unique for ever: an alarm that comes back after a reopening has a new one. At most 64 bytes. */
  readonly id: string;
  readonly class: AlarmClass;
  /** Site, desk or person. At most 64 bytes. */
  readonly foundBy: string;
  /** At most 64 bytes. */
  readonly link: string;
  /** Evidence in a sentence, without the full stop: measured value against threshold, block. At most 300 bytes. */
  readonly reason: string;
  /** When it was found, by the clock of who found it. */
  readonly atMs: number;
}

/** Alarms that one desk lists; before the next one the oldest leaves the list, and approvals count for no list but the newest. */
export const MAX_ALARMS = 16;

/** The alarm with texts cut to what a message carries: what is too long must not keep an alarm from being raised. */
export function fitted(alarm: Alarm): Alarm {
  return {
    id: clipped(alarm.id, 64),
    class: ALARM_CLASSES.includes(alarm.class) ? alarm.class : 'fault',
    foundBy: clipped(alarm.foundBy, 64),
    link: clipped(alarm.link, 64),
    reason: clipped(alarm.reason, 300),
    atMs: Number.isSafeInteger(alarm.atMs) && alarm.atMs >= 0 ? alarm.atMs : 0,
  };
}

/** As much of `text` as fits into so many bytes of UTF-8. */
export function clipped(text: string, bytes: number): string {
  const clean = text.toWellFormed();
  const taken = new TextEncoder().encodeInto(clean, new Uint8Array(bytes)).read;
  return clean.slice(0, taken);
}

export function writeAlarm(writer: Writer, alarm: Alarm): Writer {
  return writer
    .name(alarm.id)
    .u8(ALARM_CLASSES.indexOf(alarm.class))
    .name(alarm.foundBy)
    .name(alarm.link)
    .long(new TextEncoder().encode(alarm.reason))
    .u64(alarm.atMs);
}

export function readAlarm(reader: Reader): Alarm {
  const id = reader.name();
  const alarmClass = ALARM_CLASSES[reader.u8()];
  if (!alarmClass) throw reader.refuse('its class of alarm does not exist');
  const foundBy = reader.name();
  const link = reader.name();
  const reason = reader.text(reader.long(300));
  const alarm: Alarm = { id, class: alarmClass, foundBy, link, reason, atMs: reader.u64() };
  if (!sameAlarm(alarm, fitted(alarm))) throw reader.refuse('a text of its alarm is too long');
  return alarm;
}

export function sameAlarm(a: Alarm, b: Alarm): boolean {
  return (
    a.id === b.id &&
    a.class === b.class &&
    a.foundBy === b.foundBy &&
    a.link === b.link &&
    a.reason === b.reason &&
    a.atMs === b.atMs
  );
}

export function sameAlarms(a: readonly Alarm[], b: readonly Alarm[]): boolean {
  return a.length === b.length && a.every((alarm, i) => sameAlarm(alarm, b[i]!));
}

function bytesOf(alarm: Alarm): Uint8Array {
  return writeAlarm(new Writer(), alarm).finish();
}

/**
 * Both lists in one, by id. Of two alarms with one id the one whose bytes sort first stays, so that both desks keep the
 * same, whichever they heard first.
 */
export function joined(a: readonly Alarm[], b: readonly Alarm[]): readonly Alarm[] {
  if (b.length === 0) return a;
  const byId = new Map(a.map((alarm) => [alarm.id, alarm]));
  for (const alarm of b) {
    const known = byId.get(alarm.id);
    if (!known || (!sameAlarm(known, alarm) && Buffer.compare(bytesOf(alarm), bytesOf(known)) < 0)) {
      byId.set(alarm.id, alarm);
    }
  }
  return [...byId.values()].sort(byOrderOfId);
}

function byOrderOfId(a: Alarm, b: Alarm): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/** Oldest first; of equals the smaller id. */
export function byAge(a: Alarm, b: Alarm): number {
  return a.atMs - b.atMs || byOrderOfId(a, b);
}

/**
 * What approvers agree to: to reopen this conversation, under this policy, after exactly these alarms. SHA-256,
 * hexadecimal; `alarms` in the order of their ids (quorum actions: hotline reference, section 13, 4).
 */
export function reopenRequest(conversation: string, policyHash: Uint8Array, alarms: readonly Alarm[]): string {
  const writer = new Writer()
    .labelled('action', new TextEncoder().encode('skykey/hotline/reopen/v2'))
    .labelled('conversation', new TextEncoder().encode(conversation))
    .labelled('policy', policyHash);
  for (const alarm of alarms) writer.labelled('alarm', bytesOf(alarm));
  return createHash('sha256').update(writer.finish()).digest('hex');
}
