/** The hands of a check: calls as one of the SAEs, with every exchange written down and every key counted. */
import type { Answers } from './answers.ts';
import { Digests, type Key, keysOf } from './container.ts';
import { type Answer, Caller, type Exchange, type Line, NoAnswer, type Party, type Sent } from './exchange.ts';
import { isObject } from './json.ts';
import { type LimitName, type Limits, limitsOf } from './limits.ts';
import { Unsettled } from './verdict.ts';

export interface Parties {
  readonly master: Party;
  readonly slave: Party;
  /** Has no part in keys of master and slave. */
  readonly third: Party | null;
  /** Another slave for multicast; the third when there is no fourth. */
  readonly additional: Party | null;
}

/** One run against one pair of KMEs. */
export class Session {
  readonly parties: Parties;
  readonly line: Line;
  readonly answers: Answers;
  readonly digests = new Digests();
  readonly keyLimit: number;
  /** A mandatory extension parameter that the KME knows and cannot meet, as the operator names it. */
  readonly unmeetable: object | null;
  keysTaken = 0;
  requests = 0;
  readonly #callers = new Map<Party, Caller>();
  #limits: Limits | null = null;

  constructor(options: {
    parties: Parties;
    line: Line;
    answers: Answers;
    keyLimit: number;
    unmeetable: object | null;
  }) {
    this.parties = options.parties;
    this.line = options.line;
    this.answers = options.answers;
    this.keyLimit = options.keyLimit;
    this.unmeetable = options.unmeetable;
  }

  caller(party: Party): Caller {
    const caller = this.#callers.get(party) ?? new Caller(party, this.line);
    this.#callers.set(party, caller);
    return caller;
  }

  /** A figure of Get status. Throws Unsettled when it gave none. */
  limit(name: LimitName): number {
    const limit = this.#limits?.get(name);
    if (limit === undefined) throw new Unsettled(`Get status gave no usable ${name}`);
    return limit;
  }

  /** The first Get status of the master for the slave tells. */
  learn(answer: Answer): void {
    const { master, slave } = this.parties;
    if (answer.party === master && answer.otherSae === slave.saeId) this.#limits ??= limitsOf(answer) ?? null;
  }

  /** Whether both speak to one and the same KME. */
  get oneKme(): boolean {
    return this.parties.master.url.href === this.parties.slave.url.href;
  }

  close(): void {
    for (const caller of this.#callers.values()) caller.close();
  }
}

export class Probe {
  readonly session: Session;
  readonly evidence: Exchange[] = [];

  constructor(session: Session) {
    this.session = session;
  }

  get parties(): Parties {
    return this.session.parties;
  }

  limit(name: LimitName): number {
    return this.session.limit(name);
  }

  /** Throws Unsettled when there is no SAE without a part. */
  get third(): Party {
    const { third } = this.parties;
    if (!third) throw new Unsettled('no third SAE was given');
    return third;
  }

  /** `takes`: how many keys this may cost at worst, when the KME gives what it should refuse. Rejects with NoAnswer. */
  async call(party: Party, sent: Sent, takes = 0): Promise<Answer> {
    const { session } = this;
    const answer = await this.#send(party, sent, takes).catch((error: unknown) => {
      // What was lost stays counted: the KME may have delivered it.
      if (error instanceof NoAnswer && error.stale) return this.#send(party, sent, takes);
      throw error;
    });
    this.evidence.push(answer.exchange);
    session.learn(answer);
    const keys =
      answer.status === 200 && sent.resource !== 'status' ? keysOf(answer.reading.value, session.digests) : [];
    if (!sent.abandon) {
      if (sent.resource === 'enc_keys') session.keysTaken += keys.length - takes;
      session.answers.look(answer, keys);
    }
    return answer;
  }

  async #send(party: Party, sent: Sent, takes: number): Promise<Answer> {
    const { session } = this;
    const left = session.keyLimit - session.keysTaken;
    if (takes > left) throw new Unsettled(`may take ${takes} keys, and --keys ${session.keyLimit} leaves ${left}`);
    session.requests++;
    // Concurrent calls must not promise the same keys away.
    session.keysTaken += takes;
    try {
      return await session.caller(party).send(sent);
    } catch (error) {
      if (error instanceof NoAnswer) this.evidence.push(error.exchange);
      throw error;
    }
  }

  status(party: Party = this.parties.master, other: Party = this.parties.slave): Promise<Answer> {
    return this.call(party, { method: 'GET', resource: 'status', otherSae: other.saeId });
  }

  /** Get key by POST, as the master for the slave. */
  enc(body: Sent['body'], takes = 1): Promise<Answer> {
    const { master, slave } = this.parties;
    return this.call(master, { method: 'POST', resource: 'enc_keys', otherSae: slave.saeId, body: body ?? '' }, takes);
  }

  /** Get key by GET. */
  encGet(query: string, takes = 1, headers: Record<string, string> = {}): Promise<Answer> {
    const { master, slave } = this.parties;
    const sent: Sent = { method: 'GET', resource: 'enc_keys', otherSae: slave.saeId, query, headers };
    return this.call(master, sent, takes);
  }

  /** Get key with key IDs by POST. */
  dec(party: Party, keyIds: readonly string[], other: Party = this.parties.master): Promise<Answer> {
    const body = { key_IDs: keyIds.map((keyId) => ({ key_ID: keyId })) };
    return this.call(party, { method: 'POST', resource: 'dec_keys', otherSae: other.saeId, body });
  }

  /** Get key with key IDs, asked as oddly as a check likes. */
  decSent(sent: Partial<Sent>): Promise<Answer> {
    const { master, slave } = this.parties;
    return this.call(slave, { method: 'POST', resource: 'dec_keys', otherSae: master.saeId, ...sent });
  }

  keys(answer: Answer): Key[] {
    return keysOf(answer.reading.value, this.session.digests);
  }

  /** New keys to work with; Unsettled when there are none, since that is the business of another check. */
  async stock(number: number): Promise<Key[]> {
    const answer = await this.enc(number === 1 ? {} : { number }, number);
    if (answer.status !== 200) throw new Unsettled(`no keys to work with: the KME answered ${answer.status}`);
    const keys = this.keys(answer);
    if (keys.length === 0) throw new Unsettled('no keys to work with could be read out of the answer');
    return keys;
  }

  /** The same count twice in a row means that nobody else moves the stock. Throws Unsettled. */
  async restingCount(): Promise<number> {
    const [first, second] = [countOf(await this.status()), countOf(await this.status())];
    if (first !== second) throw new Unsettled('the stock moves by itself, so that what we took cannot be seen in it');
    return second;
  }

  async count(): Promise<number> {
    return countOf(await this.status());
  }
}

function countOf({ reading: { value } }: Answer): number {
  const count = isObject(value) ? value.stored_key_count : undefined;
  if (typeof count !== 'number') throw new Unsettled('Get status gave no stored_key_count');
  return count;
}
