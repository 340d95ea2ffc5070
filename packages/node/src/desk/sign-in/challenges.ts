import { tokenHash } from './token.ts';

export type Purpose = 'enrolment' | 'sign-in';

const VALID_MS = 5 * 60_000;
/** More are not kept: whoever asks for a flood of them makes the oldest invalid. */
const MOST = 4096;

interface Challenge {
  readonly purpose: Purpose;
  readonly browser: string;
  /** What it is about: the enrolment link. */
  readonly subject: string;
  readonly madeMs: number;
}

/**
 * Random numbers that a passkey or a device signs. Each is good for one answer, right or wrong, for five minutes, for one
 * purpose, and from the browser that asked for it. They are in memory alone: a restart ends them.
 */
export class Challenges {
  readonly #now: () => number;
  readonly #waiting = new Map<string, Challenge>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** `browser` is what the browser's cookie says. */
  add(challenge: string, purpose: Purpose, browser: string, subject = ''): void {
    for (const oldest of this.#waiting.keys()) {
      if (this.#waiting.size < MOST) break;
      this.#waiting.delete(oldest);
    }
    this.#waiting.set(challenge, { purpose, browser: tokenHash(browser), subject, madeMs: this.#now() });
  }

  /** Takes it away, and says whether it was good. */
  take(challenge: string, purpose: Purpose, browser: string, subject = ''): boolean {
    const there = this.#waiting.get(challenge);
    this.#waiting.delete(challenge);
    if (!there) return false;
    const ageMs = this.#now() - there.madeMs;
    return (
      there.purpose === purpose &&
      there.browser === tokenHash(browser) &&
      there.subject === subject &&
      ageMs >= 0 &&
      ageMs <= VALID_MS
    );
  }
}
