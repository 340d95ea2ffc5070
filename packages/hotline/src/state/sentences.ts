import type { AlarmClass } from './alarm.ts';

/**
 * Every sentence that the line says to people, in English. Each says what, why and how to go on. They are functions of
 * what they name, so that another language is another object of this type. Desks are called by their names, never "this"
 * and "the other", so that both desks say the same.
 */
export interface Sentences {
  green(of: { hours: number }): string;
  amber(of: { desk: string; hours: number; greenHours: number }): string;
  /** `goesOn`: what the policy lets go on without fresh key. */
  dry(of: { desk: string; goesOn: GoesOn }): string;
  withoutQkd(of: { desk: string; goesOn: GoesOn }): string;
  starting(of: { desk: string }): string;
  black(of: {
    class: AlarmClass;
    foundBy: string;
    link: string;
    reason: string;
    atMs: number;
    others: number;
    decided: boolean;
    needed: number;
    desks: readonly { readonly name: string; readonly approvals: number }[];
  }): string;
  silent(of: { desk: string; sinceMs: number }): string;

  computationalOnly(of: { sinceMs: number }): string;
  restored(of: { desk: string; atMs: number }): string;
  clockBack(of: { desk: string; fromMs: number; toMs: number }): string;
  clocksDiffer(of: { ahead: string; behind: string; minutes: number }): string;
  otherPolicy(of: { desks: readonly string[] }): string;

  noneInBlack(): string;
  waitsForStart(of: { desks: readonly string[] }): string;
  hybridNotInRed(): string;
  sealedNotInRed(): string;
  callNotInRed(): string;
  sealedFileOnlyInGreen(): string;
  sealedSpeechOnlyInGreen(): string;
  sealedSpeechNotInPolicy(): string;
  sealedSpeechSpent(of: { minutes: number }): string;
  noPad(of: { needBits: number; haveBits: number }): string;
  emergencyKept(): string;
  emergencySpent(): string;

  notApprover(of: { name: string }): string;
  nothingToApprove(): string;
  requestChanged(): string;
  approvalsVoid(): string;
  reopened(): string;
  renewWithQkd(): string;
}

export type GoesOn = 'nothing' | 'texts' | 'calls' | 'texts and calls';

const ALARMS: Readonly<Record<AlarmClass, (foundBy: string, link: string) => string>> = {
  tap: (foundBy, link) => `${foundBy} found signs of an eavesdropper on ${link}`,
  jam: (foundBy, link) => `${foundBy} found that ${link} is being jammed`,
  fault: (foundBy, link) => `${foundBy} found a broken part at ${link}`,
  time: (foundBy, link) => `${foundBy} found that the clocks at ${link} cannot be trusted`,
  'source-gate': (foundBy, link) => `${foundBy} found that the light source of ${link} is outside its limits`,
  kms: (foundBy, link) => `${foundBy} found that the key manager behind ${link} cannot be trusted`,
  operator: (foundBy, link) => `${foundBy} stopped the line by hand because of ${link}`,
};

/** As people write it: 2031-05-04 12:00:09 UTC. */
function utc(ms: number): string {
  const iso = new Date(Math.min(ms, 8.64e15)).toISOString();
  return `${iso.slice(0, -14)} ${iso.slice(-13, -5)} UTC`;
}

function counted(count: number, one: string, many: string): string {
  return count === 1 ? `1 ${one}` : `${count} ${many}`;
}

function goingOn(goesOn: GoesOn): string {
  return goesOn === 'nothing'
    ? 'The policy lets nothing go on without it: texts, files and calls wait until a link delivers fresh key.'
    : `The policy lets ${goesOn} go on under computational protection alone; the rest waits until a link delivers fresh key.`;
}

export const ENGLISH: Sentences = {
  green: ({ hours }) => `The line is secured: key in stock lasts for ${counted(hours, 'hour', 'hours')} or more.`,
  amber: ({ desk, hours, greenHours }) =>
    `Key is scarce: at ${desk} it lasts for ${hours < 1 ? 'less than an hour' : counted(hours, 'hour', 'hours')}, not ${greenHours}. One-time pads are kept for texts, and calls renew their keys less often, until the links deliver more.`,
  dry: ({ desk, goesOn }) => `${desk} has no fresh key left above the authentication reserve. ${goingOn(goesOn)}`,
  withoutQkd: ({ desk, goesOn }) =>
    `The keys in use at ${desk} were agreed without fresh quantum key. ${goingOn(goesOn)}`,
  starting: ({ desk }) =>
    `${desk} has not agreed keys with the other desk since it started. Nothing leaves until it has, which happens by itself as soon as both desks reach each other.`,
  black: ({ class: alarmClass, foundBy, link, reason, atMs, others, decided, needed, desks }) =>
    [
      `${ALARMS[alarmClass](foundBy, link)} (${utc(atMs)}: ${reason}).`,
      ...(others > 0 ? [`${counted(others, 'other alarm stands', 'other alarms stand')} beside it.`] : []),
      'Calls have ended, texts and files are locked, and keys made before the alarm are not used; the emergency pad is open.',
      decided
        ? 'The approvers of both desks agreed to open the line again; it opens once keys made after the alarm are agreed.'
        : `To go on, ${needed} approvers at each desk must agree to open the line again (so far ${desks.map(({ name, approvals }) => `${name} ${approvals}`).join(', ')}).`,
    ].join(' '),
  silent: ({ desk, sinceMs }) =>
    `${desk} has not answered since ${utc(sinceMs)}: what is written waits, and calls are held, until it answers.`,

  computationalOnly: ({ sinceMs }) => `Computational protection only since ${utc(sinceMs)}.`,
  restored: ({ desk, atMs }) =>
    `The store of ${desk} was restored from a copy at ${utc(atMs)}: what was said after the copy was made is missing here. An operator can put this notice away.`,
  clockBack: ({ desk, fromMs, toMs }) =>
    `The clock of ${desk} went back from ${utc(fromMs)} to ${utc(toMs)}. Approvals given before count no more; set the clock right.`,
  clocksDiffer: ({ ahead, behind, minutes }) =>
    `The clock of ${ahead} is ${counted(minutes, 'minute', 'minutes')} ahead of that of ${behind}: approvals may not count. Set the clocks right.`,
  otherPolicy: ({ desks }) =>
    `${desks.join(' and ')} have pinned different policies, so nothing but this notice passes between them. Compare both documents and pin the one that both have signed.`,

  noneInBlack: () =>
    'An alarm stands: only texts by the emergency pad leave, until the approvers of both desks open the line again.',
  waitsForStart: ({ desks }) =>
    `${desks.join(' and ')} have not both agreed keys and said how they stand since they started; this happens by itself as soon as they reach each other.`,
  hybridNotInRed: () =>
    'There is no fresh quantum key, and the policy lets nothing of this kind leave without it. It can leave as soon as a link delivers key.',
  sealedNotInRed: () =>
    'There is no fresh quantum key, so nothing is sealed by one-time pad. It can be as soon as a link delivers key.',
  callNotInRed: () =>
    'There is no fresh quantum key, and the policy allows no calls without it. Calls are possible as soon as a link delivers key.',
  sealedFileOnlyInGreen: () =>
    'One-time pads are kept for texts while key is scarce. Files can be sealed by them again at level green.',
  sealedSpeechOnlyInGreen: () =>
    'One-time pads are kept for texts while key is scarce. Speech can be sealed by them again at level green.',
  sealedSpeechNotInPolicy: () =>
    'The policy allows no speech by one-time pad; both desks would have to sign one with voicePadMinutesPerDay.',
  sealedSpeechSpent: ({ minutes }) =>
    `The ${counted(minutes, 'minute', 'minutes')} of speech by one-time pad that the policy allows a day are used up. They come back at midnight UTC.`,
  noPad: ({ needBits, haveBits }) =>
    `This takes ${needBits} bits of one-time pad, and ${haveBits} are left above the authentication reserve. It can leave when a link has delivered more.`,
  emergencyKept: () => 'The emergency pad is kept for the time after an alarm.',
  emergencySpent: () => 'The emergency pad is used up; a courier must bring a new one.',

  notApprover: ({ name }) => `${name} does not have the role of an approver at this desk, so this does not count.`,
  nothingToApprove: () => 'No alarm stands, so there is nothing to approve.',
  requestChanged: () =>
    'The alarms are not those that were on the screen when this was approved. Read them again, then approve.',
  approvalsVoid: () => 'Another alarm was raised: approvals given before it count no more.',
  reopened: () => 'Both desks have opened the line again with keys made after the alarm.',
  renewWithQkd: () => 'Quantum key is in stock again.',
};
