import type { Alarm } from '../../state/alarm.ts';
import { type ApprovalMessage, type ControlMessage, encodeControl, type StateMessage } from '../../state/messages.ts';
import { DEFAULT_POLICY, encodePolicy, type LinePolicy, policyHash } from '../../state/policy.ts';
import { hexOf } from '../hex.ts';
import { type Case, type Promised, seeded, seededUuid, vector } from '../vector.ts';
import { put } from './text.ts';

const AT_MS = 1_790_000_000_000;
const ALARM: Alarm = {
  id: 'a-17',
  class: 'tap',
  foundBy: 'Moscow',
  link: 'moscow-beijing',
  reason: 'QBER 12.4 % against 11 % in block 7',
  atMs: AT_MS,
};
const JAM: Alarm = { ...ALARM, id: 'b-2', class: 'jam', reason: 'no photons' };
const STATE: StateMessage = {
  type: 'state',
  epoch: seeded('epoch id', 16),
  revision: 12,
  heard: 11,
  atMs: AT_MS,
  echoMs: AT_MS - 40,
  asks: false,
  keysMadeAfterMs: 0,
  level: { level: 'green', cause: 'stock', hours: 31, sinceMs: AT_MS - 60_000 },
  standing: [],
};
const APPROVAL: ApprovalMessage = {
  ...{ type: 'approval', direction: 1, request: seeded('request'), person: 'p-3', name: 'Li Wei' },
  ...{ approvedMs: AT_MS, withdrawnMs: 0 },
};
const RECORD: ControlMessage = { type: 'record', epoch: seeded('epoch id', 16), revision: 1, wants: true };
const BAD = 'hotline/malformed';

function bytes(message: ControlMessage): string {
  return hexOf(encodeControl(message));
}

function reads(name: string, what: string, hex: string, promised: Promised = BAD): Case {
  return vector('line/read', name, what, { bytes: hex }, promised);
}

function messages(): readonly Case[] {
  const both = (name: string, what: string, message: ControlMessage): readonly Case[] => [
    vector('line/write', `write-${name}`, what, { message }),
    reads(`read-${name}`, what, bytes(message), 'succeeds'),
  ];
  return [
    ...both('state', 'all is well', STATE),
    ...both('state-black', 'two alarms stand', {
      ...STATE,
      ...{ asks: true, keysMadeAfterMs: AT_MS, standing: [ALARM, JAM] },
      level: { level: 'red', cause: 'no-qkd', hours: 0, sinceMs: AT_MS },
    }),
    ...both('alarm', 'an alarm of class tap', { type: 'alarm', alarm: ALARM }),
    ...both('approval', 'one person agrees', APPROVAL),
    ...both('record', 'on the record', RECORD),
    ...both('policy', 'the policy in force', { type: 'policy', hash: seeded('policy') }),
    vector(
      'line/write',
      'write-capital-hex',
      'a hash in capital letters',
      { message: { type: 'policy', hash: seeded('policy').toUpperCase() } },
      'hotline/bad-argument',
    ),
  ];
}

function refusedMessages(): readonly Case[] {
  const state = bytes(STATE);
  const black = bytes({ ...STATE, standing: [ALARM, JAM] });
  const disordered = bytes({ ...STATE, standing: [JAM, ALARM] });
  const alarm = bytes({ type: 'alarm', alarm: ALARM });
  const approval = bytes(APPROVAL);
  const [asksAt, levelAt, countAt] = [49, 58, 70];
  return [
    reads('read-nothing', 'no bytes', ''),
    reads('read-kind-none', 'a kind that there is not', put(state, 0, '06')),
    reads('read-state-switch', 'asks is neither yes nor no', put(state, asksAt, '02')),
    reads('read-state-level', 'a level that there is not', put(state, levelAt, '03')),
    reads('read-state-cause', 'green because it is dry', put(state, levelAt + 1, '01')),
    reads('read-state-red-stock', 'red although the stock is good', put(state, levelAt, '02')),
    reads('read-state-alarms-missing', 'one alarm and none there', put(state, countAt, '01')),
    reads('read-state-alarms-many', '17 alarms', put(state, countAt, '11')),
    reads('read-state-alarms-order', 'alarms out of order', disordered),
    reads('read-state-alarm-twice', 'one alarm twice', bytes({ ...STATE, standing: [ALARM, ALARM] })),
    reads('read-state-cut', 'the last byte is missing', black.slice(0, -2)),
    reads('read-state-longer', 'a byte at the end', `${state}00`),
    reads('read-state-huge', 'a revision beyond 2^53', put(state, 17, 'ff')),
    reads('read-alarm-class', 'a class that there is not', put(alarm, 6, '07')),
    reads('read-alarm-long-id', 'an id of 65 bytes', bytes({ type: 'alarm', alarm: { ...ALARM, id: 'a'.repeat(65) } })),
    reads(
      'read-alarm-long-reason',
      'a reason of 301 bytes',
      bytes({ type: 'alarm', alarm: { ...ALARM, reason: 'a'.repeat(301) } }),
    ),
    reads('read-alarm-not-utf8', 'a byte that is no UTF-8', put(alarm, 2, 'ff')),
    reads('read-approval-direction', 'direction 3', put(approval, 1, '03')),
    reads('read-approval-nobody', 'a person without id', bytes({ ...APPROVAL, person: '' })),
    reads('read-approval-long', 'a person of 65 bytes', bytes({ ...APPROVAL, person: 'p'.repeat(65) })),
    reads('read-record-switch', 'neither on nor off', put(bytes(RECORD), 25, '02')),
    reads('read-policy-short', 'a hash of 31 bytes', bytes({ type: 'policy', hash: seeded('policy') }).slice(0, -2)),
  ];
}

function policies(): readonly Case[] {
  const good = hexOf(encodePolicy(DEFAULT_POLICY));
  const writes = (name: string, what: string, change: Partial<LinePolicy>, promised: Promised = 'succeeds') =>
    vector('line/write-policy', `policy-${name}`, what, { policy: { ...DEFAULT_POLICY, ...change } }, promised);
  const wrong = 'hotline/bad-argument';
  return [
    writes('default', 'what a new conversation is offered', {}),
    writes('kept-for-ever', 'history is never overwritten', { retentionDays: null }),
    writes('red', 'texts and calls go on at red', {
      qkdRequired: { text: false, file: true, media: false },
      redAllows: { hybridText: true, media: true },
    }),
    writes('one-approver', 'one person is not enough', { approvalsNeeded: 1 }, wrong),
    writes(
      'contradiction',
      'red allows calls, and calls need QKD key',
      { redAllows: { hybridText: false, media: true } },
      wrong,
    ),
    writes('rekey', 'more key when it is scarce', { mediaRekeySeconds: { green: 60, amber: 30 } }, wrong),
    writes('voice', 'more speech by pad than the rate pays', { voicePadMinutesPerDay: 10 }, wrong),
    vector('line/read-policy', 'policy-read', 'the default', { bytes: good }),
    vector('line/read-policy', 'policy-read-version', 'another version', { bytes: put(good, 0, '03') }, BAD),
    vector('line/read-policy', 'policy-read-switch', 'a switch that there is not', { bytes: put(good, 29, '27') }, BAD),
    vector('line/read-policy', 'policy-read-cut', 'the last byte is missing', { bytes: good.slice(0, -2) }, BAD),
    vector('line/read-policy', 'policy-read-longer', 'a byte at the end', { bytes: `${good}00` }, BAD),
  ];
}

export function lineCases(): readonly Case[] {
  const request = { conversationId: seededUuid('conversation'), policyHash: hexOf(policyHash(DEFAULT_POLICY)) };
  return [
    ...messages(),
    ...refusedMessages(),
    ...policies(),
    vector('line/request', 'request', 'what approvers agree to after one alarm', { ...request, alarms: [ALARM] }),
    vector('line/request', 'request-two', 'after two', { ...request, alarms: [ALARM, JAM] }),
    vector('line/request', 'request-other-policy', 'under another policy', {
      ...request,
      policyHash: seeded('policy'),
      alarms: [ALARM],
    }),
  ];
}
