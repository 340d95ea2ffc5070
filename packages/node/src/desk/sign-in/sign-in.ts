import { randomBytes } from 'node:crypto';
import type { DeskPerson, DeskRole } from '@skykey/telemetry';
import type { KeptState } from '../store/desk-store.ts';
import type { RandomBytes } from '../store/seal.ts';
import { Challenges } from './challenges.ts';
import { type DeviceAnswer, deviceId, isAnswerOf, type Purpose } from './device.ts';
import { Invitations, type Invited } from './invitations.ts';
import { nameFrom } from './name.ts';
import { Origin } from './origin.ts';
import { Pace } from './pace.ts';
import {
  answerIn,
  authenticated,
  creationOptions,
  isCountedOn,
  type Passkey,
  registered,
  requestOptions,
} from './passkey.ts';
import { SignInRefusal } from './refusal.ts';
import { type Invitation, type PersonKey, Register, type Session } from './register.ts';
import { Sessions } from './sessions.ts';
import { newToken } from './token.ts';

export const ROLES: readonly DeskRole[] = ['speaker', 'operator', 'approver'];

export interface SignInOptions {
  /** Where the desk's page is, as browsers write it: `http://localhost:24461`. */
  readonly origin: string;
  /** Path of the page at that origin. */
  readonly page?: string;
  /** What browsers call this desk when they ask for a passkey. */
  readonly name: string;
  readonly state: Pick<KeptState, 'all' | 'commit'>;
  /** The store was put back from an old copy: sessions and links of then are void. */
  readonly restored?: boolean;
  /** Civil time, ms of UTC: not the time of a mission, which may run faster. */
  readonly now: () => number;
  readonly random?: RandomBytes;
  /** What happened, in a sentence without secrets. */
  readonly journal?: (sentence: string) => void;
}

/** An enrolment link, shown once. */
export interface Link {
  readonly name: string;
  readonly roles: readonly DeskRole[];
  readonly link: string;
  readonly expiresUtcMs: number;
}

/** Of the list of persons, for operators. */
export interface PersonEntry extends DeskPerson {
  readonly keys: readonly Pick<PersonKey, 'kind' | 'addedUtcMs' | 'usedUtcMs'>[];
  readonly isSignedIn: boolean;
}

/** What a browser or a terminal answers with. */
export type Answer = { readonly credential: unknown } | { readonly device: DeviceAnswer };

type NewKey = { readonly id: string } & (
  | { readonly kind: 'passkey'; readonly passkey: Passkey }
  | { readonly kind: 'device'; readonly publicKey: string }
);

/** Whose browser: the person, and the token that its session's cookie is to hold. */
export interface SignedIn {
  readonly person: DeskPerson;
  readonly token: string;
}

/**
 * Persons of a desk and how they come in: by passkeys (Web Authentication Level 3) or, on a terminal, by a device's key, both
 * enrolled by a link that works once. Knows nothing of HTTP; `serveSignIn` does. `browser` is always the value of the browser's
 * cookie. Every refusal is a SignInRefusal, or a NodeError of the store.
 */
export class SignIn {
  readonly origin: Origin;
  readonly #options: SignInOptions;
  readonly #random: RandomBytes;
  readonly #register: Register;
  readonly #challenges: Challenges;
  readonly #sessions: Sessions;
  readonly #invitations: Invitations;
  readonly #pace: Pace;
  #floodToldMs = Number.NEGATIVE_INFINITY;

  static async open(options: SignInOptions): Promise<SignIn> {
    const signIn = new SignIn(options);
    if (options.restored) await signIn.#voidAll();
    signIn.#tellOfNewOperators();
    return signIn;
  }

  private constructor(options: SignInOptions) {
    const { origin, state, now, random = randomBytes } = options;
    this.origin = new Origin(origin);
    this.#options = options;
    this.#random = random;
    this.#register = new Register(state);
    this.#challenges = new Challenges(now);
    this.#pace = new Pace(now);
    this.#sessions = new Sessions(this.#register, this.origin.text, now, random);
    this.#invitations = new Invitations(this.#register, now, random, (sentence) => this.#journal(sentence));
  }

  /** To be called before anything is done for somebody who has not signed in. Throws SignInRefusal `desk/too-many`. */
  knock(): void {
    if (this.#pace.take()) return;
    const now = this.#options.now();
    if (Math.abs(now - this.#floodToldMs) >= TOLD_MS) {
      this.#floodToldMs = now;
      this.#journal(
        'somebody asks to be let in again and again, faster than a person could; most of it is not answered',
      );
    }
    throw new SignInRefusal(
      'desk/too-many',
      'too many ask to be let in at the moment: wait a few seconds and try again; if it stays so, look for a program on this machine that does it',
    );
  }

  /**
   * While nobody is enrolled: links for two persons with every role, so that two can open the line again after an alarm, and
   * either can replace the other. Links of an earlier start are void then, since nobody can print them again.
   */
  async firstInvitations(siteName: string): Promise<Link[]> {
    if (this.#register.persons.size > 0) return [];
    await this.#register.change({ invitation: [...this.#register.invitations.keys()].map((hash) => [hash, null]) });
    const links: Link[] = [];
    for (const which of ['First', 'Second']) {
      links.push(await this.#invite({ name: `${which} person of ${siteName}`, roles: ROLES, unnamed: true }));
    }
    return links;
  }

  /**
   * A link for one more person with every role, without any person of this desk: for whoever runs the site's machine, when all
   * operators have lost their devices. Nobody is removed by it. While nobody is enrolled there is another way (`firstInvitations`).
   */
  async newOperator(siteName: string): Promise<Link> {
    if (this.#register.persons.size === 0)
      throw new SignInRefusal(
        'desk/person',
        'nobody is enrolled at this desk yet: start its site, which prints links for the first two persons',
      );
    return this.#invite({ name: `New operator of ${siteName}`, roles: ROLES, unnamed: true });
  }

  /** What is to be known of a link before it is used. */
  invited(token: unknown): { readonly name: string; readonly unnamed: boolean } {
    const { name, unnamed = false } = this.#invitations.of(token);
    return { name, unnamed };
  }

  /** What the browser is to make; a terminal signs the `challenge` in it. `name` as in `enrol`. */
  async enrolmentOptions(browser: string, token: unknown, given?: unknown): Promise<object> {
    const invitation = this.#invitations.of(token);
    const { hash, personId } = invitation;
    // Before a passkey is made that would be of no use.
    const name = this.#personName(invitation, given);
    const challenge = newToken(this.#random);
    this.#challenges.add(challenge, aboutLink(hash), browser);
    const known = this.#register.keysOf(personId).flatMap((key) => (key.kind === 'passkey' ? [key.passkey] : []));
    const { origin } = this;
    return creationOptions({ origin, rpName: this.#options.name, challenge, personId, personName: name, known });
  }

  /** Makes the link's person one of this desk, signed in. `name` counts where nobody at the desk gave one. */
  async enrol(browser: string, token: unknown, answer: Answer, name?: unknown): Promise<SignedIn> {
    const invitation = this.#invitations.of(token);
    const proven = await this.#proveNew(browser, answer, invitation.hash);
    // Again, since another may have used the link meanwhile; from here to the change nothing waits.
    const current = this.#invitations.of(token);
    const { hash, personId } = current;
    if (this.#register.keys.has(proven.id))
      throw new SignInRefusal('desk/passkey', 'this key is enrolled here already: sign in with it');
    const there = this.#register.persons.get(personId);
    const person = there ?? {
      id: personId,
      name: this.#personName(current, name),
      roles: invitation.roles,
    };
    const now = this.#options.now();
    const key: PersonKey = { ...proven, personId, addedUtcMs: now, usedUtcMs: now };
    const { token: session, session: begun, over } = this.#sessions.begin(personId, key.id);
    await this.#register.change({
      person: [[personId, person]],
      key: [[key.id, key]],
      invitation: [[hash, { ...invitation, usedUtcMs: now }]],
      session: [[begun.hash, begun], ...over.map(({ hash: old }) => [old, null] as const)],
    });
    this.#journal(
      there ? `${person.name} enrolled another key` : `${person.name} was enrolled as ${person.roles.join(', ')}`,
    );
    return { person, token: session };
  }

  async signInOptions(browser: string): Promise<object> {
    const challenge = newToken(this.#random);
    this.#challenges.add(challenge, SIGN_IN, browser);
    return requestOptions(this.origin, challenge);
  }

  /** `former` is the session that this browser had; it ends. */
  async signIn(browser: string, answer: Answer, former?: string): Promise<SignedIn> {
    const { id, counter } = await this.#prove(browser, answer);
    // As they are now; from here to the change nothing waits, so that two answers are not held against one count.
    const key = this.#register.keys.get(id);
    const person = key && this.#register.persons.get(key.personId);
    if (!person) throw unknownKey();
    const { token, session, over } = this.#sessions.begin(person.id, id);
    const ended = [...over, this.#sessions.find(former)].filter((each) => each !== undefined);
    await this.#register.change({
      key: [[id, { ...this.#counted(key, counter, person), usedUtcMs: this.#options.now() }]],
      session: [[session.hash, session], ...ended.map(({ hash }) => [hash, null] as const)],
    });
    return { person, token };
  }

  /** Also when it is over already. */
  async signOut(token: string | undefined): Promise<void> {
    const session = this.#sessions.find(token);
    if (session) await this.#register.change({ session: [[session.hash, null]] });
  }

  /** Whose session this is; that counts as its use. Undefined when it is none, or over. */
  enter(token: string | undefined): DeskPerson | undefined {
    return this.#personOf(this.#sessions.use(token));
  }

  /** The same, without being a use: for what goes on by itself. */
  personOf(token: string | undefined): DeskPerson | undefined {
    return this.#personOf(this.#sessions.find(token));
  }

  /** For operators: everybody, and the links that are open. */
  persons(): { persons: PersonEntry[]; invitations: (Omit<Link, 'link'> & Pick<DeskPerson, 'id'>)[] } {
    return {
      persons: [...this.#register.persons.values()].map((person) => ({
        ...person,
        keys: this.#register
          .keysOf(person.id)
          .map(({ kind, addedUtcMs, usedUtcMs }) => ({ kind, addedUtcMs, usedUtcMs })),
        isSignedIn: this.#sessions.of(person.id).some((session) => this.#sessions.isLive(session)),
      })),
      invitations: this.#invitations
        .open()
        .map(({ personId: id, name, roles, expiresUtcMs }) => ({ id, name, roles, expiresUtcMs })),
    };
  }

  /** A link for a new person. */
  async invite(by: DeskPerson, name: unknown, roles: unknown): Promise<Link> {
    const clean = this.#nameFrom(name);
    if (!Array.isArray(roles) || roles.length === 0 || !roles.every((role) => ROLES.includes(role)))
      throw new SignInRefusal('desk/person', `give the person at least one of the roles ${ROLES.join(', ')}`);
    const link = await this.#invite({ name: clean, roles: ROLES.filter((role) => roles.includes(role)) });
    this.#journal(`${by.name} invited ${clean} as ${link.roles.join(', ')}`);
    return link;
  }

  /** A link that gives a person another key: a second passkey, or a terminal. */
  async inviteKey(by: DeskPerson, personId: unknown): Promise<Link> {
    const person = this.#personNamed(personId);
    const link = await this.#invite({ name: person.name, roles: person.roles, personId: person.id });
    this.#journal(`${by.name} gave ${person.name} a link for another key`);
    return link;
  }

  /** Removes a person with keys, sessions and open links; or the open link of somebody who has not come yet. */
  async remove(by: DeskPerson, personId: unknown): Promise<void> {
    const [open] = this.#invitations.open().filter((each) => each.personId === personId);
    if (open && !this.#register.persons.has(open.personId)) {
      await this.#register.change({ invitation: [[open.hash, null]] });
      this.#journal(`${by.name} withdrew the enrolment link of ${open.name}`);
      return;
    }
    const person = this.#personNamed(personId);
    const operators = [...this.#register.persons.values()].filter(({ roles }) => roles.includes('operator'));
    if (operators.length === 1 && operators[0]!.id === person.id)
      throw new SignInRefusal(
        'desk/last-operator',
        `${person.name} is the last operator, and without one nobody could be enrolled any more: enrol another operator first`,
      );
    const links = [...this.#register.invitations.values()].filter((each) => each.personId === person.id);
    await this.#register.change({
      person: [[person.id, null]],
      key: this.#register.keysOf(person.id).map(({ id }) => [id, null]),
      session: this.#sessions.of(person.id).map(({ hash }) => [hash, null]),
      invitation: links.filter(({ usedUtcMs }) => usedUtcMs === null).map(({ hash }) => [hash, null]),
    });
    this.#journal(`${by.name} removed ${person.name}`);
  }

  /** Takes what is over out of the store. To be called now and then. */
  async tick(): Promise<void> {
    const over = this.#sessions.over();
    const old = this.#invitations.old();
    if (over.length + old.length === 0) return;
    await this.#register.change({
      session: over.map(({ hash }) => [hash, null]),
      invitation: old.map(({ hash }) => [hash, null]),
    });
  }

  /** The key that has answered a challenge of this desk, and what it counted to if it is a passkey. */
  async #prove(browser: string, answer: Answer): Promise<{ id: string; counter: number | null }> {
    if ('device' in answer) return { id: this.#proveDevice(browser, 'sign-in', answer.device, SIGN_IN), counter: null };
    const given = answerIn(answer.credential);
    this.#take(given.challenge, SIGN_IN, browser);
    const key = this.#register.keys.get(given.id);
    if (key?.kind !== 'passkey') throw unknownKey();
    return { id: given.id, counter: await authenticated(given, key.passkey, key.personId, this.origin) };
  }

  /** A new key that has answered a challenge for this enrolment link. */
  async #proveNew(browser: string, answer: Answer, link: string): Promise<NewKey> {
    if ('device' in answer) {
      const id = this.#proveDevice(browser, 'enrolment', answer.device, aboutLink(link));
      return { id, kind: 'device', publicKey: answer.device.publicKey };
    }
    const given = answerIn(answer.credential);
    this.#take(given.challenge, aboutLink(link), browser);
    return { id: given.id, kind: 'passkey', passkey: await registered(given, this.origin) };
  }

  #proveDevice(browser: string, purpose: Purpose, answer: DeviceAnswer, about: string): string {
    this.#take(answer.challenge, about, browser);
    const id = deviceId(answer.publicKey);
    if (!isAnswerOf(answer, purpose, this.origin.text))
      throw new SignInRefusal(
        'desk/passkey',
        `the signature of this device is not valid for ${this.origin.text}: try again`,
      );
    return id;
  }

  /** Takes the challenge away, whatever comes of it: no answer is tried twice. */
  #take(challenge: string, about: string, browser: string): void {
    if (!this.#challenges.take(challenge, about, browser))
      throw new SignInRefusal(
        'desk/challenge',
        'this took longer than five minutes, was answered already, or was begun in another browser: begin again here',
      );
  }

  #counted(key: PersonKey, counter: number | null, person: DeskPerson): PersonKey {
    if (key.kind !== 'passkey' || counter === null) return key;
    if (!isCountedOn(counter, key.passkey)) {
      this.#journal(`a passkey of ${person.name} was refused: its count went back, so there may be a copy of it`);
      throw new SignInRefusal(
        'desk/passkey',
        'this passkey counts its uses, and its count went back: somebody may have a copy of it. Sign in with another ' +
          'passkey, and tell an operator, who should remove you and send you a new enrolment link',
      );
    }
    return { ...key, passkey: { ...key.passkey, counter } };
  }

  async #invite(invited: Invited): Promise<Link> {
    const { token, invitation } = await this.#invitations.make(invited);
    const { name, roles } = invited;
    const link = `${this.origin.text}${this.#options.page ?? '/'}#enrol=${token}`;
    return { name, roles, link, expiresUtcMs: invitation.expiresUtcMs };
  }

  #personOf(session: Session | undefined): DeskPerson | undefined {
    return session && this.#register.persons.get(session.personId);
  }

  #personNamed(personId: unknown): DeskPerson {
    const person = typeof personId === 'string' ? this.#register.persons.get(personId) : undefined;
    if (!person)
      throw new SignInRefusal('desk/person', 'there is no such person at this desk any more: load the page again');
    return person;
  }

  /** The name that the link's person has, or is to have. */
  #personName({ hash, personId, name, unnamed }: Invitation, given: unknown): string {
    const there = this.#register.persons.get(personId);
    return there ? there.name : this.#nameFrom(unnamed ? (given ?? name) : name, hash);
  }

  /** `own` is the link in which the name stands already. */
  #nameFrom(name: unknown, own?: string): string {
    const links = this.#invitations.open().filter(({ hash }) => hash !== own);
    return nameFrom(
      name,
      [...this.#register.persons.values(), ...links].map((each) => each.name),
    );
  }

  async #voidAll(): Promise<void> {
    const { sessions, invitations } = this.#register;
    await this.#register.change({
      session: [...sessions.keys()].map((hash) => [hash, null]),
      invitation: [...invitations.keys()].map((hash) => [hash, null]),
    });
    this.#journal(
      'the store was put back from an old copy: everybody must sign in again, and open enrolment links are void',
    );
  }

  /** Made while this desk was closed: its persons are to know. */
  #tellOfNewOperators(): void {
    if (this.#register.persons.size === 0) return;
    for (const { name, unnamed, expiresUtcMs } of this.#invitations.open()) {
      if (!unnamed) continue;
      this.#journal(
        `at the site's own machine an enrolment link with every role was made ("${name}"), good until ` +
          `${new Date(expiresUtcMs).toISOString().slice(0, 16).replace('T', ' ')} UTC: an operator can withdraw it under People`,
      );
    }
  }

  #journal(sentence: string): void {
    this.#options.journal?.(sentence);
  }
}

/** That there is a flood is told the journal at most so often. */
const TOLD_MS = 60_000;

/** What a challenge is about. */
const SIGN_IN = 'sign-in';
const aboutLink = (hash: string): string => `link ${hash}`;

const unknownKey = (): SignInRefusal =>
  new SignInRefusal(
    'desk/passkey',
    'this key is not enrolled at this desk: choose the passkey that you made for it, or ask an operator for an enrolment link',
  );
