import { tokenHash } from './token.ts';

const VALID_MS = 5 * 60_000;
/** More are not kept: whoever asks for a flood of them makes the oldest invalid. */
const MOST = 4096;

interface Challenge {
  readonly about: string;
  readonly browser: string;
  readonly madeMs: number;
}

/**
 * Random numbers that a passkey or a device signs. Each is good for one answer, right or wrong, for five minutes, for what it
 * was made for, and from the browser that asked for it. They are in memory alone: a restart ends them.
 */
export class Challenges {
  readonly #now: () => number;
  readonly #waiting = new Map<string, Challenge>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** `about` says what for: signing in, or one enrolment link. `browser` is what the browser's cookie says. */
  add(challenge: string, about: string, browser: string): void {
    for (const oldest of this.#waiting.keys()) {
      if (this.#waiting.size < MOST) break;
      this.#waiting.delete(oldest);
    }
    this.#waiting.set(challenge, { about, browser: tokenHash(browser), madeMs: this.#now() });
  }

  /** Takes it away, and says whether it was good. */
  take(challenge: string, about: string, browser: string): boolean {
    const there = this.#waiting.get(challenge);
    this.#waiting.delete(challenge);
    if (!there) return false;
    const ageMs = this.#now() - there.madeMs;
    return there.about === about && there.browser === tokenHash(browser) && ageMs >= 0 && ageMs <= VALID_MS;
  }
}
