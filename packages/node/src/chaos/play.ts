import { type DeliveredKey, KeyRefusal } from '@skykey/kme';
import type { Random } from '@skykey/photons';
import { type Answer, type Asked, type Call, type GivenKey, Recorder } from './history.ts';
import { type Life, type Point, sentence } from './machine.ts';
import { type Verdict, verdict } from './verdict.ts';
import {
  CLOCK_SPREAD_MS,
  KEY_TTL_MS,
  PAIRS,
  SAES,
  SITES,
  type Site,
  type StoreName,
  World,
  type WorldOptions,
} from './world.ts';

export interface PlayOptions extends WorldOptions {
  /** Calls of applications. */
  readonly operations: number;
}

export interface Played {
  readonly seed: number;
  readonly store: StoreName;
  readonly operations: number;
  /** Calls by kind and answer, `get ok` say. */
  readonly answers: Readonly<Record<string, number>>;
  readonly verdict: Verdict;
  /** Errors that are none of Skykey's, vaults that did not open again, pairs that got no key when all was over. */
  readonly faults: readonly string[];
  readonly deaths: Readonly<Partial<Record<Point, number>>>;
  readonly counts: Readonly<Record<string, number>>;
  readonly virtualMs: number;
}

const siteOf = (saeId: string): Site => SAES.find((sae) => sae.saeId === saeId)!.site;
const SIZES = [16, 32, 32, 32, 64, 128];
/** Mean time between requests for new keys, milliseconds of virtual time. */
const BETWEEN_MS = 30;
/** How long the network has to come to rest when the last fault is over. */
const REST_MS = 15_000;
/** Within this whoever asks is answered, be it that it does not work. */
const ANSWER_MS = 120_000;
/** Within this a pair gets a key again. */
const RECOVERY_MS = 300_000;

/** One bad day of two sites and a satellite, and the verdict on what their applications were told. */
export async function play(options: PlayOptions): Promise<Played> {
  const world = await World.open(options);
  try {
    const applications = new Applications(world);
    world.unleash();
    if (options.restoresBackups) world.keepBackups();
    await applications.work(options.operations);
    world.calm();
    await applications.conclude();
    const history = {
      ...{ calls: applications.calls, origins: world.origins, siteOf },
      ...{ keyTtlMs: KEY_TTL_MS, clockSpreadMs: CLOCK_SPREAD_MS },
    };
    const { seed, store } = options;
    const { connections, commits } = world.cuts;
    return {
      ...{ seed, store, operations: applications.calls.length, answers: tally(applications.calls) },
      ...{ verdict: verdict(history), faults: world.faults, virtualMs: world.clockwork.nowMs },
      deaths: Object.fromEntries([...world.deaths].sort()),
      counts: { ...world.counts, ...world.network.counts, connectionsCut: connections, commitsCut: commits },
    };
  } finally {
    await world.close();
  }
}

function tally(calls: readonly Call[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { asked, answer } of calls) {
    const name = `${asked.kind} ${answer.status === 'refused' ? answer.code : answer.status}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What applications at both sites ask, and note down. */
class Applications {
  readonly #world: World;
  readonly #random: Random;
  readonly #recorder = new Recorder();
  /** Copies that somebody was promised and nobody has asked for with success. */
  readonly #open = new Map<string, { readonly keyId: string; readonly saeId: string; readonly master: string }>();
  #underWay = 0;
  readonly #closed: { readonly link: string; readonly node: string }[] = [];

  constructor(world: World) {
    this.#world = world;
    this.#random = world.stream();
  }

  get calls(): readonly Call[] {
    return this.#recorder.calls;
  }

  /** Asks until so many calls are answered or lost. */
  async work(operations: number): Promise<void> {
    const { clockwork } = this.#world;
    let isOver = false;
    const begin = (): void => {
      if (isOver) return;
      if (this.#underWay < 48) void this.#something();
      clockwork.after(-Math.log(1 - this.#random.uniform()) * BETWEEN_MS, begin);
    };
    begin();
    await clockwork.run(() => this.calls.length >= operations);
    isOver = true;
  }

  /** When nothing fails any more: links are reopened, everybody is told, every promise is called in, every pair gets a key. */
  async conclude(): Promise<void> {
    const { clockwork, faults } = this.#world;
    const rest = async (ms: number): Promise<void> => {
      const untilMs = clockwork.nowMs + ms;
      clockwork.after(ms, () => undefined);
      await clockwork.run(() => clockwork.nowMs >= untilMs);
    };
    await rest(5_000);
    for (const { link, node } of this.#closed.splice(0)) {
      const answer = await this.#finally(() => this.#ask(node, { kind: 'reopen', link }));
      if (answer?.status !== 'ok') faults.push(`${link} could not be reopened: ${JSON.stringify(answer)}`);
    }
    await rest(REST_MS);
    for (const [name, { keyId, saeId, master }] of [...this.#open]) {
      if (!this.#open.delete(name)) continue;
      await this.#finally(() =>
        this.#ask(
          siteOf(saeId),
          { kind: 'fetch', saeId, keyIds: [keyId], isFinal: true },
          saeId === master ? undefined : master,
        ),
      );
    }
    for (const [master, slave] of PAIRS.filter(([a, b]) => siteOf(a) !== siteOf(b))) {
      const untilMs = clockwork.nowMs + RECOVERY_MS;
      let answer: Answer | undefined;
      while (answer?.status !== 'ok' && clockwork.nowMs < untilMs) {
        answer = await this.#finally(() =>
          this.#ask(siteOf(master), { kind: 'get', saeId: master, slaves: [slave] }, undefined, {
            count: 1,
            bytes: 32,
          }),
        );
        if (answer?.status !== 'ok') await rest(1_000);
      }
      if (answer?.status !== 'ok') faults.push(`${master} and ${slave} get no key any more: ${JSON.stringify(answer)}`);
    }
  }

  /** The answer to what is asked in calm weather; that there is none is a fault. */
  async #finally(ask: () => Promise<Answer> | undefined): Promise<Answer | undefined> {
    const { clockwork, faults } = this.#world;
    const untilMs = clockwork.nowMs + ANSWER_MS;
    let answer: Answer | undefined;
    let isOver = false;
    void (async () => {
      answer = await ask();
      isOver = true;
    })();
    await clockwork.run(() => isOver || clockwork.nowMs > untilMs);
    if (!isOver) faults.push(`a request got no answer within ${ANSWER_MS} ms`);
    return answer;
  }

  // What is asked

  #pick<T>(of: readonly T[]): T {
    return of[Math.floor(this.#random.uniform() * of.length)]!;
  }

  async #something(): Promise<void> {
    const dice = this.#random.uniform();
    if (dice < 0.001) return this.#alarm();
    if (dice < 0.06) {
      // Both at one site, or one at the other and one here: those are carried.
      const slaves = this.#pick([['desk-moscow', 'lab-moscow'], ['desk-moscow', 'vpn-beijing'], ['vpn-beijing']]);
      return this.#get('desk-beijing', slaves);
    }
    const [a, b] = this.#pick(PAIRS.filter(([one, other]) => siteOf(one) !== siteOf(other)));
    const [master, slave] = this.#random.uniform() < 0.6 ? [a, b] : [b, a];
    if (dice < 0.16) return this.#assign(master, slave);
    return this.#get(master, [slave]);
  }

  async #get(master: string, slaves: readonly string[]): Promise<void> {
    const size = { count: this.#random.uniform() < 0.75 ? 1 : 1 + this.#below(5), bytes: this.#pick(SIZES) };
    const answer = await this.#ask(siteOf(master), { kind: 'get', saeId: master, slaves }, undefined, size);
    if (answer?.status === 'ok') {
      this.#follow(
        master,
        slaves,
        answer.keys.map(({ keyId }) => keyId),
        slaves,
      );
    }
  }

  async #assign(master: string, slave: string): Promise<void> {
    const count = 1 + this.#below(3);
    const keyIds = Array.from({ length: count }, () => this.#world.uuid());
    const size = { count, bytes: this.#pick(SIZES) };
    const asked = { kind: 'assign' as const, saeId: master, slaves: [slave], keyIds };
    const answer = await this.#ask(siteOf(master), asked, undefined, size);
    if (!answer) return;
    if (answer.status === 'ok') this.#follow(master, [slave], keyIds, [master, slave]);
    // Nobody knows: both try all the same.
    else for (const saeId of [master, slave]) this.#later(this.#pause(), () => this.#fetch(saeId, keyIds, master));
  }

  /** What becomes of keys that their master has: fetched soon, late, twice, by strangers, burned, or forgotten. */
  #follow(master: string, slaves: readonly string[], keyIds: readonly string[], takers: readonly string[]): void {
    for (const saeId of takers) {
      for (const keyId of keyIds) this.#open.set(`${keyId} ${saeId}`, { keyId, saeId, master });
      if (this.#random.uniform() < 0.03) continue;
      const parts = this.#random.uniform() < 0.7 ? [keyIds] : keyIds.map((keyId) => [keyId]);
      for (const part of parts) {
        const pauseMs = this.#pause();
        this.#later(pauseMs, () => this.#fetch(saeId, part, master));
        if (this.#random.uniform() < 0.1)
          this.#later(pauseMs + this.#below(100), () => this.#fetch(saeId, part, master));
      }
    }
    if (this.#random.uniform() < 0.04) {
      const node = siteOf(this.#pick([master, ...slaves]));
      this.#later(this.#pause(), () => this.#ask(node, { kind: 'void', keyIds }));
    }
    if (this.#random.uniform() < 0.03) {
      const stranger = this.#pick(SAES.filter(({ saeId }) => saeId !== master && !slaves.includes(saeId))).saeId;
      this.#later(this.#pause(), () =>
        this.#ask(siteOf(stranger), { kind: 'fetch', saeId: stranger, keyIds, isFinal: false }),
      );
    }
  }

  #pause(): number {
    return this.#random.uniform() < 0.03 ? this.#below(40_000) : this.#below(600);
  }

  #below(limit: number): number {
    return Math.floor(this.#random.uniform() * limit);
  }

  #later(ms: number, act: () => unknown): void {
    this.#world.clockwork.after(ms, () => void act());
  }

  async #fetch(saeId: string, keyIds: readonly string[], master: string): Promise<void> {
    const mentioned = this.#random.uniform() < 0.8 && saeId !== master ? master : undefined;
    const answer = await this.#ask(siteOf(saeId), { kind: 'fetch', saeId, keyIds, isFinal: false }, mentioned);
    if (answer?.status === 'ok') for (const keyId of keyIds) this.#open.delete(`${keyId} ${saeId}`);
    // Whoever hears that it does not work now asks again.
    const isPassing =
      answer === undefined || (answer.status === 'refused' && !['not-found', 'unauthorized'].includes(answer.code));
    if ((isPassing || answer?.status === 'unknown') && this.#random.uniform() < 0.7) {
      this.#later(500 + this.#below(2_000), () => this.#fetch(saeId, keyIds, master));
    }
  }

  async #alarm(): Promise<void> {
    const node = this.#pick([...SITES, 'micius']);
    const link = `micius-${node === 'micius' ? this.#pick(SITES) : node}`;
    if (this.#closed.some((other) => other.node === node && other.link === link)) return;
    this.#world.expectAlarm();
    const answer = await this.#ask(node, { kind: 'alarm', link });
    if (!answer) return;
    const closed = { link, node };
    this.#closed.push(closed);
    this.#later(1_000 + this.#below(4_000), () => this.#reopen(closed));
  }

  async #reopen(closed: { readonly link: string; readonly node: string }): Promise<void> {
    if (!this.#closed.includes(closed)) return;
    const answer = await this.#ask(closed.node, { kind: 'reopen', link: closed.link });
    if (answer?.status === 'ok') {
      const index = this.#closed.indexOf(closed);
      if (index >= 0) this.#closed.splice(index, 1);
    } else this.#later(1_000, () => this.#reopen(closed));
  }

  // How it is asked

  /** Undefined when nobody is there who could be asked. */
  #ask(
    node: string,
    asked: Asked,
    master?: string,
    size: { readonly count: number; readonly bytes: number } = { count: 0, bytes: 0 },
  ): Promise<Answer> | undefined {
    const life = this.#world.anyOf(node);
    if (!life) return undefined;
    this.#underWay++;
    const told = this.#recorder.ask(asked, node, () => this.#world.clockMs(node));
    return new Promise((resolve) => {
      const end = (answer: Answer): void => {
        forget();
        this.#underWay--;
        told(answer);
        resolve(answer);
      };
      const forget = life.onDeath(() => end({ status: 'unknown' }));
      void this.#answer(life, asked, master, size).then((answer) => {
        if (life.isAlive) end(answer);
      });
    });
  }

  async #answer(
    { serving }: Life,
    asked: Asked,
    master: string | undefined,
    size: { readonly count: number; readonly bytes: number },
  ): Promise<Answer> {
    try {
      const keys = await this.#call(serving, asked, master, size);
      return { status: 'ok', keys: keys.map(reveal) };
    } catch (error) {
      if (error instanceof KeyRefusal) return { status: 'refused', code: error.code, reason: error.message };
      const { code = '' } = error as { code?: string };
      if (!/^(kme|vault)\//.test(code)) this.#world.faults.push(`${asked.kind}: ${sentence(error)}`);
      return { status: 'refused', code: code || 'fault' };
    }
  }

  async #call(
    { kme, exchange }: Life['serving'],
    asked: Asked,
    master: string | undefined,
    size: { readonly count: number; readonly bytes: number },
  ): Promise<readonly DeliveredKey[]> {
    switch (asked.kind) {
      case 'get':
        return kme!.keys.getKeys({ master: asked.saeId, slaves: asked.slaves, ...size });
      case 'assign':
        await kme!.keys.assignKeys({ master: asked.saeId, slaves: asked.slaves, keyIds: asked.keyIds, ...size });
        return [];
      case 'fetch':
        return kme!.keys.getKeysWithIds({ caller: asked.saeId, keyIds: asked.keyIds, ...(master && { master }) });
      case 'void':
        await kme!.keys.voidKeys(asked.keyIds);
        return [];
      case 'alarm':
        await exchange.raiseAlarm(asked.link, 'somebody listens');
        return [];
      case 'reopen':
        await exchange.reopen(asked.link);
        return [];
    }
  }
}

function reveal({ keyId, key, labels }: DeliveredKey): GivenKey {
  const hex = key.open((bytes) => Buffer.from(bytes).toString('hex'));
  key.wipe();
  const { originLinks, createdAtMs, expiresAtMs } = labels;
  return { keyId, hex, originLinks, createdAtMs, expiresAtMs };
}
