/** A desk's door on a server that is asked without a network, and browsers before it. */
import type { TestContext } from 'node:test';
import type { DeskRole } from '@skykey/telemetry';
import type { FastifyInstance } from 'fastify';
import { localServer } from '../../../wire/http.ts';
import type { Changes, KeptState } from '../../store/index.ts';
import { type DeskDoor, serveSignIn } from '../serve-sign-in.ts';
import { type Link, SignIn, type SignInOptions } from '../sign-in.ts';
import { type Algorithm, Authenticator, type Faults } from './authenticator.ts';

export const ORIGIN = 'http://localhost:24461';
export const HOUR_MS = 3_600_000;

/** Records in memory, durable as soon as they are asked for, unless the disk is told to fail. */
export class MemoryState implements Pick<KeptState, 'all' | 'commit'> {
  readonly records = new Map<string, Uint8Array>();
  failure: Error | undefined;

  all(prefix: string): Map<string, Uint8Array> {
    return new Map([...this.records].filter(([name]) => name.startsWith(prefix)));
  }

  async commit({ puts = [], deletes = [] }: Changes): Promise<void> {
    await new Promise((go) => setImmediate(go));
    if (this.failure) throw this.failure;
    for (const name of deletes) this.records.delete(name);
    for (const [name, bytes] of puts) this.records.set(name, bytes);
  }

  text(): string {
    return [...this.records].map(([name, bytes]) => `${name} ${Buffer.from(bytes)}`).join('\n');
  }
}

export interface Answered {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: what is in an answer is what the tests look at
  readonly body: any;
  readonly cookies: readonly string[];
}

export class House {
  nowMs = Date.UTC(2026, 10, 22, 12);
  readonly state: MemoryState;
  readonly journal: string[] = [];
  signIn!: SignIn;
  door!: DeskDoor;
  server!: FastifyInstance;

  private constructor(state: MemoryState) {
    this.state = state;
  }

  static async open(
    t: TestContext,
    options: Partial<SignInOptions> & { state?: MemoryState; nowMs?: number } = {},
  ): Promise<House> {
    const { state = new MemoryState(), nowMs, ...others } = options;
    const house = new House(state);
    if (nowMs !== undefined) house.nowMs = nowMs;
    const journal = (sentence: string): void => void house.journal.push(sentence);
    house.signIn = await SignIn.open({
      origin: ORIGIN,
      name: 'Desk',
      state,
      now: () => house.nowMs,
      journal,
      ...others,
    });
    house.server = localServer({ error: (entry: object) => house.journal.push(JSON.stringify(entry)) });
    house.door = serveSignIn(house.server, { signIn: house.signIn });
    const told = { onRequest: house.door.require('speaker') };
    house.server.post('/api/messages', told, async (request) => ({ author: house.door.personOf(request)!.name }));
    house.server.get('/api/state', told, async () => ({ state: true }));
    house.server.post('/api/alarm/approve', { onRequest: house.door.require('approver') }, async () => ({}));
    t.after(() => house.server.close());
    return house;
  }

  browser(): Browser {
    return new Browser(this.server, this.signIn.origin.text);
  }

  /** Somebody with these roles, enrolled by the first person. */
  async person(name: string, roles: readonly DeskRole[], algorithm?: Algorithm): Promise<Browser> {
    const by = { id: 'nobody', name: 'The test', roles: ['operator' as const] };
    const browser = this.browser();
    if (algorithm) browser.authenticator = new Authenticator(this.signIn.origin.text, algorithm);
    const { status, body } = await browser.enrol(await this.signIn.invite(by, name, roles));
    if (status !== 200) throw new Error(JSON.stringify(body));
    return browser;
  }

  tick(ms: number): void {
    this.nowMs += ms;
  }
}

export const tokenOf = ({ link }: Pick<Link, 'link'>): string => link.split('#enrol=')[1]!;

/** A browser of one person: cookies, an origin, and a passkey. */
export class Browser {
  readonly cookies = new Map<string, string>();
  authenticator: Authenticator;
  readonly #server: FastifyInstance;
  readonly #origin: string;

  constructor(server: FastifyInstance, origin: string) {
    this.#server = server;
    this.#origin = origin;
    this.authenticator = new Authenticator(origin);
  }

  async ask(
    method: 'GET' | 'POST',
    url: string,
    { body, headers = {} }: { body?: unknown; headers?: Record<string, string | undefined> } = {},
  ): Promise<Answered> {
    const all: Record<string, string | undefined> = {
      host: new URL(this.#origin).host,
      ...(this.cookies.size > 0 && { cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ') }),
      ...(method === 'POST' && { origin: this.#origin, 'content-type': 'application/json' }),
      ...headers,
    };
    const sent = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Record<
      string,
      string
    >;
    const payload = method === 'POST' ? { payload: JSON.stringify(body ?? {}) } : {};
    const response = await this.#server.inject({ method, url, headers: sent, ...payload });
    const lines = [response.headers['set-cookie'] ?? []].flat();
    for (const line of lines) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
      if (value === '') this.cookies.delete(name!);
      else this.cookies.set(name!, value!);
    }
    return { status: response.statusCode, body: response.json(), cookies: lines };
  }

  get(url: string, headers?: Record<string, string | undefined>): Promise<Answered> {
    return this.ask('GET', url, headers && { headers });
  }

  post(url: string, body?: unknown, headers?: Record<string, string | undefined>): Promise<Answered> {
    return this.ask('POST', url, { body, ...(headers && { headers }) });
  }

  async enrol(link: Pick<Link, 'link'>, faults?: Faults, name?: string): Promise<Answered> {
    const token = tokenOf(link);
    const options = await this.post('/api/enrol/options', { token });
    if (options.status !== 200) return options;
    return this.post('/api/enrol', { token, credential: this.authenticator.create(options.body, faults), name });
  }

  async signIn(faults?: Faults): Promise<Answered> {
    const options = await this.post('/api/sign-in/options');
    return this.post('/api/sign-in', { credential: this.authenticator.get(options.body, faults) });
  }
}
