/** A desk in the middle of a conversation, for the tests beside it. */
import type { DeskAlarm, DeskFile, DeskMessage, DeskState } from '@skykey/telemetry';

export const UTC_MS = Date.UTC(2016, 11, 19, 16, 48);

export function message(n: number, more: Partial<DeskMessage> = {}): DeskMessage {
  return {
    id: `m-${n}`,
    direction: n % 2 === 0 ? 'sent' : 'received',
    number: n,
    text: `text ${n}`,
    utcMs: UTC_MS + n * 60_000,
    state: 'delivered',
    reason: null,
    sealing: 'sealed',
    keyIds: [],
    onRecord: false,
    missed: 0,
    author: n % 2 === 0 ? 'Li Wei' : 'Anna Orlova',
    ciphertextPreview: '',
    ...more,
  };
}

/** Messages `from` … `to`, both included. */
export function messages(from: number, to: number): DeskMessage[] {
  return Array.from({ length: to - from + 1 }, (_, i) => message(from + i));
}

export function file(id: string, more: Partial<DeskFile> = {}): DeskFile {
  return {
    ...{ id, direction: 'sent', name: `${id}.pdf`, bytes: 1000, doneBytes: 0, utcMs: UTC_MS },
    ...{ state: 'running', reason: null, sha256: null, ...more },
  };
}

export function alarm(more: Partial<DeskAlarm> = {}): DeskAlarm {
  return {
    id: 'alarm-1',
    class: 'tap',
    foundBy: 'Beijing',
    link: 'micius-beijing',
    reason: 'QBER 11.2 % above 3.5 %',
    utcMs: UTC_MS,
    approvals: { own: [], peer: [] },
    needed: 2,
    ...more,
  };
}

const ALLOWED = { allowed: true, reason: '' };

export function desk(more: Partial<DeskState> = {}): DeskState {
  return {
    siteId: 'beijing',
    name: 'Beijing',
    peerName: 'Moscow',
    line: {
      ...{ level: 'green', reason: 'Key for 31 hours.', sinceUtcMs: UTC_MS - 3_600_000 },
      ...{ peerReachable: true, banners: [], alarm: null },
    },
    safety: {
      phrase: 'amber birch comet delta ember fjord',
      inputs: { qkd: true, kem: true, ecdh: true, courier: true },
      renewedUtcMs: UTC_MS - 120_000,
      qkdKeyIds: [],
      provenance: ['via micius'],
    },
    reserve: { keyBits: 9_000_000, hours: 31, padMessages: 4210, speechMinutes: 1263, padSpeechMinutes: 2.3 },
    may: { text: ALLOWED, sealedText: ALLOWED, file: ALLOWED, call: ALLOWED, sealedSpeech: ALLOWED },
    padSpeech: { minutesPerDay: 2, leftMs: 100_000 },
    record: { on: false, peerWants: false, signed: null, unsigned: 0, fault: null },
    emergency: null,
    retentionDays: null,
    restored: false,
    call: null,
    files: [],
    messages: [],
    utcMs: UTC_MS,
    ...more,
  };
}
