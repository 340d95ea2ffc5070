import { createHash } from 'node:crypto';
import { Reader, Writer } from '../bytes.ts';
import { HotlineError } from '../error.ts';
import type { Direction } from './level.ts';

/** Bits per second and direction of speech that is sealed by one-time pad. */
export const PAD_SPEECH_BITS_PER_SECOND = 32_000;

/** Bits of one key of the computational lanes. */
export const KEY_BITS = 256;

/** Pad that a text of 250 bytes takes: 8 bits a byte and a 128-bit mask for its tag (hotline reference, section 2). */
export const PAD_TEXT_BITS = 8 * 250 + 128;

/**
 * What both desks have signed and pinned before the first word (hotline reference, section 4). It is one document for
 * both, so directions are absolute, and nothing in it can be negotiated later.
 */
export interface LinePolicy {
  /** The line is green while the reserve lasts longer than this, hours. */
  readonly greenHours: number;
  /** Expected consumption of each direction's pool, bits per hour. */
  readonly bitsPerHour: Readonly<Record<Direction, number>>;
  /** Bits of each pool that traffic can never spend: they authenticate what makes new key (H6). */
  readonly authenticationFloorBits: number;
  /**
   * Lanes that go only under keys with quantum key in them. The sealed lane always does; the control lane never waits for
   * it, for by it alone the desks tell each other what is wrong.
   */
  readonly qkdRequired: { readonly text: boolean; readonly file: boolean; readonly media: boolean };
  /** What may go on at level red, under a banner. `hybridText` stands for texts and files. */
  readonly redAllows: { readonly hybridText: boolean; readonly media: boolean };
  /** Seconds between two keys of a call. */
  readonly mediaRekeySeconds: { readonly green: number; readonly amber: number };
  /** Distinct approvers at each desk that reopen the line after an alarm; at least 2. */
  readonly approvalsNeeded: number;
  /** Minutes for which one approval counts. */
  readonly approvalMinutes: number;
  /** Minutes of speech by one-time pad allowed on a day (UTC); 0 allows none. */
  readonly voicePadMinutesPerDay: number;
  /** Texts that the emergency pad is long enough for. */
  readonly emergencyPadTexts: number;
  /** Days after which history is overwritten; null keeps it. */
  readonly retentionDays: number | null;
}

/** What a new conversation is offered: quantum key everywhere, nothing without it. */
export const DEFAULT_POLICY: LinePolicy = {
  greenHours: 24,
  // A call all day with a key a minute, renewals each ten minutes, and four texts an hour by one-time pad.
  bitsPerHour: { 1: 66 * KEY_BITS + 4 * PAD_TEXT_BITS, 2: 66 * KEY_BITS + 4 * PAD_TEXT_BITS },
  authenticationFloorBits: 65_536,
  qkdRequired: { text: true, file: true, media: true },
  redAllows: { hybridText: false, media: false },
  mediaRekeySeconds: { green: 60, amber: 600 },
  approvalsNeeded: 2,
  approvalMinutes: 15,
  voicePadMinutesPerDay: 0,
  emergencyPadTexts: 20,
  retentionDays: 30,
};

/** Throws HotlineError `hotline/bad-argument` naming the field and what to do: a value out of range, or two that contradict each other. */
export function checkPolicy(policy: LinePolicy): void {
  inRange('greenHours', policy.greenHours, 1, 8_760);
  for (const direction of [1, 2] as const) {
    inRange(`bitsPerHour[${direction}]`, policy.bitsPerHour[direction], 1, 1e12);
    checkVoicePad(policy, direction);
  }
  inRange('authenticationFloorBits', policy.authenticationFloorBits, 1_024, 1e12);
  inRange('mediaRekeySeconds.green', policy.mediaRekeySeconds.green, 10, 600);
  inRange('mediaRekeySeconds.amber', policy.mediaRekeySeconds.amber, 10, 600);
  inRange('approvalsNeeded', policy.approvalsNeeded, 2, 16);
  inRange('approvalMinutes', policy.approvalMinutes, 1, 1_440);
  inRange('voicePadMinutesPerDay', policy.voicePadMinutesPerDay, 0, 1_440);
  inRange('emergencyPadTexts', policy.emergencyPadTexts, 0, 10_000);
  if (policy.retentionDays !== null) inRange('retentionDays', policy.retentionDays, 1, 36_500);
  for (const [field, value] of switches(policy)) {
    if (typeof value !== 'boolean') refuse(field, `must be true or false, not ${JSON.stringify(value)}`);
  }
  if (policy.mediaRekeySeconds.amber < policy.mediaRekeySeconds.green) {
    refuse(
      'mediaRekeySeconds.amber',
      `(${policy.mediaRekeySeconds.amber}) would spend more key when it is scarce than mediaRekeySeconds.green (${policy.mediaRekeySeconds.green}) when it is not; raise it to at least that`,
    );
  }
  if (policy.redAllows.hybridText && policy.qkdRequired.text && policy.qkdRequired.file) {
    refuse(
      'redAllows.hybridText',
      'lets texts and files go without quantum key, while qkdRequired.text and qkdRequired.file forbid it; switch this off, or one of those',
    );
  }
  if (policy.redAllows.media && policy.qkdRequired.media) {
    refuse(
      'redAllows.media',
      'lets calls go on without quantum key, while qkdRequired.media forbids it; switch one of the two off',
    );
  }
}

function checkVoicePad(policy: LinePolicy, direction: Direction): void {
  const need = Math.ceil((policy.voicePadMinutesPerDay * 60 * PAD_SPEECH_BITS_PER_SECOND) / 24);
  if (policy.bitsPerHour[direction] >= need) return;
  refuse(
    'voicePadMinutesPerDay',
    `(${policy.voicePadMinutesPerDay}) takes ${need} bits an hour, more than the ${policy.bitsPerHour[direction]} that bitsPerHour[${direction}] expects in all; raise that, or allow fewer minutes`,
  );
}

function switches({ qkdRequired, redAllows }: LinePolicy): readonly (readonly [string, boolean])[] {
  return [
    ['qkdRequired.text', qkdRequired.text],
    ['qkdRequired.file', qkdRequired.file],
    ['qkdRequired.media', qkdRequired.media],
    ['redAllows.hybridText', redAllows.hybridText],
    ['redAllows.media', redAllows.media],
  ];
}

function inRange(field: string, value: number, from: number, to: number): void {
  if (Number.isSafeInteger(value) && value >= from && value <= to) return;
  refuse(field, `must be a whole number from ${from} to ${to}, not ${value}`);
}

function refuse(field: string, why: string): never {
  throw new HotlineError('hotline/bad-argument', `the policy cannot be used: ${field} ${why}`);
}

/** The document that is signed and pinned; the same policy always has the same bytes. Throws as `checkPolicy`. */
export function encodePolicy(policy: LinePolicy): Uint8Array {
  checkPolicy(policy);
  const writer = new Writer()
    .u8(2)
    .u32(policy.greenHours)
    .u64(policy.bitsPerHour[1])
    .u64(policy.bitsPerHour[2])
    .u64(policy.authenticationFloorBits)
    .u8(switches(policy).reduce((bits, [, on], at) => bits | (Number(on) << at), 0))
    .u32(policy.mediaRekeySeconds.green)
    .u32(policy.mediaRekeySeconds.amber)
    .u32(policy.approvalsNeeded)
    .u32(policy.approvalMinutes)
    .u32(policy.voicePadMinutesPerDay)
    .u32(policy.emergencyPadTexts);
  return writer.u32(policy.retentionDays ?? 0).finish();
}

/** Throws HotlineError `hotline/malformed`, or as `checkPolicy`. */
export function decodePolicy(bytes: Uint8Array): LinePolicy {
  const reader = new Reader(bytes, 'the policy');
  if (reader.u8() !== 2) throw reader.refuse('it is of another version');
  const greenHours = reader.u32();
  const bitsPerHour = { 1: reader.u64(), 2: reader.u64() };
  const authenticationFloorBits = reader.u64();
  const bits = reader.u8();
  if (bits >= 32) throw reader.refuse('it switches what does not exist');
  const policy: LinePolicy = {
    greenHours,
    bitsPerHour,
    authenticationFloorBits,
    qkdRequired: { text: (bits & 1) !== 0, file: (bits & 2) !== 0, media: (bits & 4) !== 0 },
    redAllows: { hybridText: (bits & 8) !== 0, media: (bits & 16) !== 0 },
    mediaRekeySeconds: { green: reader.u32(), amber: reader.u32() },
    approvalsNeeded: reader.u32(),
    approvalMinutes: reader.u32(),
    voicePadMinutesPerDay: reader.u32(),
    emergencyPadTexts: reader.u32(),
    retentionDays: reader.u32() || null,
  };
  reader.end();
  checkPolicy(policy);
  return policy;
}

/** SHA-256 of the document, 32 bytes: what is pinned, and bound into every agreement and every approval. */
export function policyHash(policy: LinePolicy): Uint8Array {
  const hash = createHash('sha256').update('skykey/hotline/policy/v2').update(encodePolicy(policy)).digest();
  return new Uint8Array(hash);
}
