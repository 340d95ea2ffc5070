import type { RandomBytes } from '../store/seal.ts';
import type { Register, Session } from './register.ts';
import { isToken, newToken, tokenHash } from './token.ts';

const IDLE_MS = 30 * 60_000;
const LONGEST_MS = 12 * 3_600_000;
/** That a session is in use is written down so often, for the next start. */
const NOTED_MS = 60_000;
/** A clock that is set back by more ends sessions, whose age is then not known. */
const CLOCK_STEP_MS = 60_000;
/** Of one person; the oldest ends when there are more. */
const MOST = 10;

/** Who is signed in, on what browser or terminal. Only the hash of a session's token is kept. */
export class Sessions {
  readonly #register: Register;
  readonly #origin: string;
  readonly #now: () => number;
  readonly #random: RandomBytes;
  /** Moments of last use that are not written down yet. */
  readonly #seen = new Map<string, number>();

  constructor(register: Register, origin: string, now: () => number, random: RandomBytes) {
    this.#register = register;
    this.#origin = origin;
    this.#now = now;
    this.#random = random;
  }

  /** A new session, to be put into the register; and those of this person that end for it. */
  begin(personId: string, keyId: string): { token: string; session: Session; over: Session[] } {
    const token = newToken(this.#random);
    const now = this.#now();
    const session = { hash: tokenHash(token), personId, keyId, origin: this.#origin, madeUtcMs: now, seenUtcMs: now };
    const others = this.of(personId).sort((a, b) => a.madeUtcMs - b.madeUtcMs);
    return { token, session, over: others.slice(0, Math.max(0, others.length - MOST + 1)) };
  }

  of(personId: string): Session[] {
    return [...this.#register.sessions.values()].filter((session) => session.personId === personId);
  }

  /** The session of this token, if it still is one; that counts as its use. */
  use(token: string | undefined): Session | undefined {
    const session = this.find(token);
    if (!session) return undefined;
    const now = this.#now();
    this.#seen.set(session.hash, now);
    if (now - session.seenUtcMs >= NOTED_MS) {
      // A disk that refuses this only makes the session shorter after a restart.
      this.#register.change({ session: [[session.hash, { ...session, seenUtcMs: now }]] }).catch(() => undefined);
    }
    return session;
  }

  /** The same, without being a use. */
  find(token: string | undefined): Session | undefined {
    const session = isToken(token) ? this.#register.sessions.get(tokenHash(token)) : undefined;
    return session && this.isLive(session) ? session : undefined;
  }

  /** Those that are over and still in the register. */
  over(): Session[] {
    for (const hash of this.#seen.keys()) {
      if (!this.#register.sessions.has(hash)) this.#seen.delete(hash);
    }
    return [...this.#register.sessions.values()].filter((session) => !this.isLive(session));
  }

  isLive({ hash, origin, madeUtcMs, seenUtcMs }: Session): boolean {
    const now = this.#now();
    const seen = Math.max(seenUtcMs, this.#seen.get(hash) ?? 0);
    return (
      origin === this.#origin && now - seen < IDLE_MS && now - madeUtcMs < LONGEST_MS && now >= seen - CLOCK_STEP_MS
    );
  }
}
