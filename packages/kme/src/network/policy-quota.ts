/**
 * How much of its key a pair may have: a bucket that fills at a rate, a day, and keys that wait to be fetched. A function
 * of a small record, which is kept where all processes of a site see it.
 */
import type { QuotaRules } from './policy.ts';

export interface QuotaState {
  /** In the bucket at `atMs`. */
  readonly bits: number;
  readonly atMs: number;
  /** UTC days since 1970, and what was granted on it. */
  readonly day: number;
  readonly dayBits: number;
}

export interface QuotaRequest {
  readonly bits: number;
  readonly keys: number;
  /** Keys that wait before this request. */
  readonly keysWaiting: number;
  readonly nowMs: number;
}

export type QuotaAnswer =
  | { readonly granted: true; readonly state: QuotaState }
  /** `retryAfterS`: undefined where time does not help. Nothing is taken. */
  | { readonly granted: false; readonly why: string; readonly retryAfterS: number | undefined };

const DAY_MS = 86_400_000;
/** Nobody knows when the other side fetches its keys. Assumed: applications that are alive do so within a second. */
const FETCH_S = 1;

/** Bits that the quota grants now, keys that wait apart; Infinity where there is no limit. */
export function quotaLeft({ rate, bitsPerDay }: QuotaRules, state: QuotaState | null, nowMs: number): number {
  const { filled, dayBits } = at(rate, state, nowMs);
  const ofDay = bitsPerDay === null ? Number.POSITIVE_INFINITY : Math.max(0, bitsPerDay - dayBits);
  return Math.min(ofDay, rate === null ? Number.POSITIVE_INFINITY : Math.floor(filled));
}

function at(rate: QuotaRules['rate'], state: QuotaState | null, nowMs: number) {
  const before = state ?? { bits: rate?.burstBits ?? 0, atMs: nowMs, day: Math.floor(nowMs / DAY_MS), dayBits: 0 };
  const atMs = Math.max(before.atMs, nowMs);
  const day = Math.max(before.day, Math.floor(nowMs / DAY_MS));
  const filled =
    rate === null ? 0 : Math.min(rate.burstBits, before.bits + ((atMs - before.atMs) / 1000) * rate.bitsPerS);
  return { atMs, day, dayBits: day > before.day ? 0 : before.dayBits, filled };
}

/**
 * Takes what is asked for from the quota, all or nothing. `state` null: nothing was taken ever. A clock that runs backwards
 * fills no bucket and begins no day.
 */
export function takeQuota(rules: QuotaRules, state: QuotaState | null, request: QuotaRequest): QuotaAnswer {
  const { rate, bitsPerDay, keysWaiting } = rules;
  const { bits, keys, nowMs } = request;
  const { atMs, day, filled, ...before } = at(rate, state, nowMs);
  const dayBits = before.dayBits + bits;
  if (keysWaiting !== null && request.keysWaiting + keys > keysWaiting) {
    const retryAfterS = keys > keysWaiting ? undefined : FETCH_S;
    return refused(
      `${request.keysWaiting} keys of this pair wait to be fetched; at most ${keysWaiting} may`,
      retryAfterS,
    );
  }
  if (bitsPerDay !== null && dayBits > bitsPerDay) {
    const retryAfterS = bits > bitsPerDay ? undefined : Math.ceil(((day + 1) * DAY_MS - nowMs) / 1000);
    return refused(`this pair may have ${bitsPerDay} bits a day, and would get ${dayBits} of this one`, retryAfterS);
  }
  if (rate === null) return { granted: true, state: { bits: 0, atMs, day, dayBits } };
  if (filled < bits) {
    const retryAfterS =
      bits > rate.burstBits ? undefined : Math.ceil((bits - filled) / rate.bitsPerS + (atMs - nowMs) / 1000);
    const limit = `${rate.bitsPerS} bits a second and ${rate.burstBits} at once`;
    return refused(`this pair may have ${limit}, and asks for ${bits}`, retryAfterS);
  }
  return { granted: true, state: { bits: filled - bits, atMs, day, dayBits } };
}

const refused = (why: string, retryAfterS: number | undefined): QuotaAnswer => ({ granted: false, why, retryAfterS });
