import { type Direction, otherDirection } from './level.ts';
import { KEY_BITS, type LinePolicy, PAD_SPEECH_BITS_PER_SECOND, PAD_TEXT_BITS } from './policy.ts';

/** Bits in the two pools as this desk sees them, the authentication floor included. */
export interface PoolStock {
  readonly sendBits: number;
  readonly receiveBits: number;
}

/** What one thing takes from a pool, bits. */
export interface KeyNeeds {
  readonly padTextBits: number;
  /** One key of a call, one direction. */
  readonly mediaKeyBits: number;
  /** One renewal of the computational lanes. */
  readonly renewalBits: number;
}

export const USUAL_NEEDS: KeyNeeds = {
  padTextBits: PAD_TEXT_BITS,
  mediaKeyBits: KEY_BITS,
  renewalBits: KEY_BITS,
};

/** Messages after which the computational lanes are renewed at the latest (hotline reference, section 6). */
export const MESSAGES_PER_RENEWAL = 2 ** 20;

/** What the stock is good for, above the authentication floor; each number as if all of it went there. Never negative. */
export interface LineReserve {
  /** Of the pool this desk sends with. */
  readonly keyBits: number;
  /** How long the scarcer pool lasts at the expected consumption. */
  readonly hours: number;
  readonly padMessages: number;
  readonly hybridMessages: number;
  /** Minutes of a call, keys renewed as at level green. */
  readonly speechMinutes: number;
  /** Minutes of speech by one-time pad, 32 kbit/s each way. */
  readonly padSpeechMinutes: number;
}

/** Bits of a pool that traffic may spend; 0 for what is no number of bits. */
export function spendable(poolBits: number, policy: LinePolicy): number {
  return Number.isSafeInteger(poolBits) ? Math.max(0, poolBits - policy.authenticationFloorBits) : 0;
}

/** Whether `needBits` can be taken from a pool without touching the floor. */
export function maySpend(poolBits: number, policy: LinePolicy, needBits: number): boolean {
  return needBits >= 0 && needBits <= spendable(poolBits, policy);
}

/** Null stock is stock that was not counted, worth nothing. */
export function reserveOf(
  stock: PoolStock | null,
  policy: LinePolicy,
  direction: Direction,
  needs: KeyNeeds = USUAL_NEEDS,
): LineReserve {
  const send = spendable(stock?.sendBits ?? 0, policy);
  const receive = spendable(stock?.receiveBits ?? 0, policy);
  const both = Math.min(send, receive);
  return {
    keyBits: send,
    hours: Math.min(send / policy.bitsPerHour[direction], receive / policy.bitsPerHour[otherDirection(direction)]),
    padMessages: Math.floor(send / needs.padTextBits),
    hybridMessages: Math.min(Number.MAX_SAFE_INTEGER, Math.floor(send / needs.renewalBits) * MESSAGES_PER_RENEWAL),
    speechMinutes: (Math.floor(both / needs.mediaKeyBits) * policy.mediaRekeySeconds.green) / 60,
    padSpeechMinutes: both / PAD_SPEECH_BITS_PER_SECOND / 60,
  };
}

/** Where the scarcer pool stands against the hours of level green; exactly there is neither above nor below. */
export function againstGreen(stock: PoolStock, policy: LinePolicy, direction: Direction): 'above' | 'at' | 'below' {
  // In bits, so that no division decides what exactly 24 hours are.
  const over = Math.min(
    spendable(stock.sendBits, policy) - policy.greenHours * policy.bitsPerHour[direction],
    spendable(stock.receiveBits, policy) - policy.greenHours * policy.bitsPerHour[otherDirection(direction)],
  );
  return over > 0 ? 'above' : over < 0 ? 'below' : 'at';
}

/** Both pools pay for one more renewal; otherwise the line is dry. */
export function paysForRenewal(stock: PoolStock | null, policy: LinePolicy): boolean {
  if (stock === null) return false;
  return maySpend(stock.sendBits, policy, KEY_BITS) && maySpend(stock.receiveBits, policy, KEY_BITS);
}
