import { deskNames, type LineOptions } from './joint.ts';
import type { LineState } from './line-state.ts';
import { PAD_SPEECH_BITS_PER_SECOND, PAD_TEXT_BITS } from './policy.ts';
import { maySpend, spendable } from './reserve.ts';
import { ENGLISH, type Sentences } from './sentences.ts';

export interface Permission {
  readonly allowed: boolean;
  /** Why not, and what would allow it; empty when allowed. */
  readonly reason: string;
}

/**
 * What may be done now (hotline reference, section 10). Each is the answer to one question and to no other: a text that
 * was to go by one-time pad and may not, does not go (H4). Ask when it is taken from a person and again when it leaves.
 * `text`, `sealedText` and the files are also taken while the peer does not answer; they leave when it does.
 */
export interface LinePermissions {
  /** By renewed keys alone. */
  readonly text: Permission;
  /** By one-time pad inside the renewed keys. */
  readonly sealedText: Permission;
  readonly file: Permission;
  /** A small file by one-time pad. */
  readonly sealedFile: Permission;
  readonly call: Permission;
  /** A call whose speech goes by one-time pad. */
  readonly sealedSpeech: Permission;
  /** A text by the emergency pad. */
  readonly emergencyText: Permission;
  /** Seconds after which a call renews its keys. */
  readonly rekeySeconds: number;
}

const ALLOWED: Permission = { allowed: true, reason: '' };

function no(reason: string): Permission {
  return { allowed: false, reason };
}

/** `padBits`: what the text or file in question takes of the pad; without it, a text of 250 bytes. */
export function permissionsOf(
  options: LineOptions,
  state: LineState,
  padBits: number = PAD_TEXT_BITS,
  say: Sentences = ENGLISH,
): LinePermissions {
  const { policy } = options;
  const level = state.joint.level;
  const rekeySeconds = policy.mediaRekeySeconds[level === 'green' ? 'green' : 'amber'];
  const emergencyText =
    level !== 'black'
      ? no(say.emergencyKept())
      : state.emergencyTexts > 0 && policy.emergencyPadTexts > 0
        ? ALLOWED
        : no(say.emergencySpent());
  const closed = level === 'black' ? no(say.noneInBlack()) : notReady(options, state, say);
  if (closed) {
    return {
      text: closed,
      sealedText: closed,
      file: closed,
      sealedFile: closed,
      call: closed,
      sealedSpeech: closed,
      emergencyText,
      rekeySeconds,
    };
  }
  const { peer } = state;
  const silent = peer.reachable ? null : no(say.silent({ desk: options.peerName, sinceMs: peer.reachableSinceMs }));
  if (level === 'red') {
    const { redAllows, qkdRequired } = policy;
    const hybrid = (required: boolean): Permission =>
      redAllows.hybridText && !required ? ALLOWED : no(say.hybridNotInRed());
    const sealed = no(say.sealedNotInRed());
    return {
      text: hybrid(qkdRequired.text),
      sealedText: sealed,
      file: hybrid(qkdRequired.file),
      sealedFile: sealed,
      call: redAllows.media && !qkdRequired.media ? (silent ?? ALLOWED) : no(say.callNotInRed()),
      sealedSpeech: sealed,
      emergencyText,
      rekeySeconds,
    };
  }
  const sealed = padPermission(options, state, padBits, say);
  return {
    text: ALLOWED,
    sealedText: sealed,
    file: ALLOWED,
    sealedFile: level === 'green' ? sealed : no(say.sealedFileOnlyInGreen()),
    call: silent ?? ALLOWED,
    sealedSpeech: silent ?? speechPermission(options, state, say),
    emergencyText,
    rekeySeconds,
  };
}

/** What keeps everything back that is not an alarm. */
function notReady(options: LineOptions, { peer, epoch, own }: LineState, say: Sentences): Permission | null {
  const desks = deskNames(options);
  if (peer.samePolicy === false) return no(say.otherPolicy({ desks }));
  const ready = epoch !== null && own.cause !== 'starting' && peer.level !== null && peer.samePolicy === true;
  return ready && peer.level.cause !== 'starting' ? null : no(say.waitsForStart({ desks }));
}

function padPermission({ policy }: LineOptions, { stock }: LineState, needBits: number, say: Sentences): Permission {
  const sendBits = stock?.sendBits ?? 0;
  return maySpend(sendBits, policy, needBits)
    ? ALLOWED
    : no(say.noPad({ needBits, haveBits: spendable(sendBits, policy) }));
}

/** The budget of a day, and pad for the next second of it both ways. */
function speechPermission({ policy }: LineOptions, state: LineState, say: Sentences): Permission {
  const minutes = policy.voicePadMinutesPerDay;
  if (minutes === 0) return no(say.sealedSpeechNotInPolicy());
  if (state.joint.level !== 'green') return no(say.sealedSpeechOnlyInGreen());
  if (state.padSpeech.spentMs >= 60_000 * minutes) return no(say.sealedSpeechSpent({ minutes }));
  const { sendBits = 0, receiveBits = 0 } = state.stock ?? {};
  const scarcer = Math.min(sendBits, receiveBits);
  return maySpend(scarcer, policy, PAD_SPEECH_BITS_PER_SECOND)
    ? ALLOWED
    : no(say.noPad({ needBits: PAD_SPEECH_BITS_PER_SECOND, haveBits: spendable(scarcer, policy) }));
}
