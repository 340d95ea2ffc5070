import type { DeskRole } from '@skykey/telemetry';
import type { RandomBytes } from '../store/seal.ts';
import { SignInRefusal } from './refusal.ts';
import type { Invitation, Register } from './register.ts';
import { isToken, newToken, tokenHash } from './token.ts';

const VALID_MS = 24 * 3_600_000;
/** So long a link that was used or has expired is known as such. */
const KNOWN_MS = 30 * VALID_MS;
/** A clock that is set back by more ends links, whose age is then not known. */
const CLOCK_STEP_MS = 5 * 60_000;
/** Open at once. */
const MOST = 100;
const PERSON_BYTES = 16;
/** That somebody tries a spent link is told the journal at most so often for each link. */
const TOLD_MS = 3_600_000;
const REMEDY =
  'ask an operator for a new one: operators make them at their desk, under People; while nobody is enrolled, a restart of the site prints new ones';

/** Whom a link is for. */
export interface Invited {
  readonly name: string;
  readonly roles: readonly DeskRole[];
  /** Of somebody who is enrolled already. */
  readonly personId?: string;
  readonly unnamed?: true;
}

/** Enrolment links: each makes one person, or gives a person one more key, once and within a day. Only a link's hash is kept. */
export class Invitations {
  readonly #register: Register;
  readonly #now: () => number;
  readonly #random: RandomBytes;
  readonly #journal: (sentence: string) => void;
  /** When the journal last heard of a spent link, by its hash. */
  readonly #told = new Map<string, number>();

  constructor(register: Register, now: () => number, random: RandomBytes, journal: (sentence: string) => void) {
    this.#register = register;
    this.#now = now;
    this.#random = random;
    this.#journal = journal;
  }

  /** Durable when it resolves. */
  async make(invited: Invited): Promise<{ readonly token: string; readonly invitation: Invitation }> {
    if (this.open().length >= MOST)
      throw new SignInRefusal(
        'desk/person',
        `${MOST} enrolment links are open already: wait until they are used or expire`,
      );
    const token = newToken(this.#random);
    const now = this.#now();
    const times = { madeUtcMs: now, expiresUtcMs: now + VALID_MS, usedUtcMs: null };
    const personId = Buffer.from(this.#random(PERSON_BYTES)).toString('base64url');
    const invitation: Invitation = { hash: tokenHash(token), personId, ...invited, ...times };
    await this.#register.change({ invitation: [[invitation.hash, invitation]] });
    return { token, invitation };
  }

  /** The open link of this token. Throws SignInRefusal `desk/enrolment-link`. */
  of(token: unknown): Invitation {
    const invitation = isToken(token) ? this.#register.invitations.get(tokenHash(token)) : undefined;
    if (!invitation) throw refusal(`is not one of this desk, or is no longer known. Copy it whole, or ${REMEDY}`);
    if (invitation.usedUtcMs !== null) {
      this.#tell(invitation);
      throw refusal(
        `was used already, at ${timeOf(invitation.usedUtcMs)}. If that was not you, tell an operator at once: somebody else came in with it. Otherwise sign in, or ${REMEDY}`,
      );
    }
    if (this.#isExpired(invitation)) throw refusal(`expired at ${timeOf(invitation.expiresUtcMs)}: ${REMEDY}`);
    return invitation;
  }

  /** Links that somebody can still use. */
  open(): Invitation[] {
    return this.#all().filter((each) => each.usedUtcMs === null && !this.#isExpired(each));
  }

  /** Those that need not be known any more. */
  old(): Invitation[] {
    const now = this.#now();
    return this.#all().filter(({ madeUtcMs }) => now - madeUtcMs > KNOWN_MS);
  }

  #tell({ hash, name }: Invitation): void {
    const now = this.#now();
    if (Math.abs(now - (this.#told.get(hash) ?? Number.NEGATIVE_INFINITY)) < TOLD_MS) return;
    this.#told.set(hash, now);
    this.#journal(`the enrolment link of ${name} was tried a second time`);
  }

  #all(): Invitation[] {
    return [...this.#register.invitations.values()];
  }

  #isExpired({ madeUtcMs, expiresUtcMs }: Invitation): boolean {
    const now = this.#now();
    return now >= expiresUtcMs || now < madeUtcMs - CLOCK_STEP_MS;
  }
}

const refusal = (what: string): SignInRefusal =>
  new SignInRefusal('desk/enrolment-link', `this enrolment link ${what}`);

const timeOf = (utcMs: number): string => `${new Date(utcMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
