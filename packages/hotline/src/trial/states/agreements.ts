import { DEFAULT_POLICY, type LinePolicy } from '../../state/index.ts';
import type { Hunt, Move } from './breadth.ts';
import { type Base, BEGINS_MS, type Facts, type Input, type Keys, otherSide, SIDES, type Side } from './desk.ts';
import { again, Desks, type Item, type Local, type Step } from './desks.ts';
import type { Opened } from './opened.ts';
import { derivable, type Learnt, learn, NOTHING, ruleOfDesk, watchTape } from './rules.ts';

/** Two desks, their key managers, their stores, and a line that belongs to an attacker. */
export interface World {
  readonly a: number;
  readonly b: number;
  readonly atMs: number;
  /** All that was ever put on the line and may still come, by number. */
  readonly wire: readonly number[];
  /** Keys that one side has and the other has not fetched. */
  readonly keys: readonly string[];
  /** Letters that may be used so often only, and how often they were. */
  readonly used: Readonly<Record<string, number>>;
  /** What an attacker has read. */
  readonly learnt: Learnt;
}

/** Which letters a hunt has, and how often each may be used at most. */
export interface Alphabet {
  /** Lets so many ms go by, in the looks at the clock named. */
  readonly waits?: Readonly<Record<string, readonly number[]>>;
  readonly wait?: number;
  readonly restart?: number;
  readonly restore?: number;
  readonly alarm?: number;
  readonly approve?: number;
  readonly say?: number;
  /** A key manager that has nothing. */
  readonly dry?: number;
  readonly read?: number;
  /** An attacker changes the last byte of a message of an agreement. */
  readonly alter?: number;
  /** A clock set back by an hour, of both desks. */
  readonly back?: number;
  /** Messages come back to who sent them, too. */
  readonly reflected?: boolean;
  /** Key managers answer late. */
  readonly slowKeys?: boolean;
  /** Bundles of records of each desk that may still come: the newest. */
  readonly records: number;
}

/** Looks at the clock in one wait: an offer is sent again, given up, and the next one made. */
export const PATIENCE: readonly number[] = [600, 6_100, 7_200, 11_500];
/** To the age at which keys are renewed. */
export const LIFE: readonly number[] = [481_000, 483_000];

const PERSONS: Readonly<Record<Side, readonly string[]>> = { a: ['ann', 'bob'], b: ['pia', 'quin'] };

export interface AgreementHunt {
  readonly name: string;
  readonly about: string;
  readonly alphabet: Alphabet;
  /** Letters that have already happened; after `kept`, both begin anew with what is in their stores. */
  readonly past?: 'new' | 'acquainted' | 'running';
  readonly policy?: LinePolicy;
}

export class Agreements {
  readonly #desks: Desks;
  readonly #hunt: AgreementHunt;
  readonly #quarrels: string[] = [];
  readonly #copies: Partial<Record<Side, Base['store']>> = {};
  readonly #pairs = new Map<string, string | undefined>();

  constructor(opened: Opened, hunt: AgreementHunt) {
    this.#hunt = hunt;
    this.#desks = new Desks(opened, hunt.policy ?? DEFAULT_POLICY, ruleOfDesk);
    watchTape((why) => this.#quarrels.push(why));
  }

  get size(): { readonly desks: number; readonly steps: number } {
    return this.#desks.size;
  }

  /** The hunt, from its past. */
  async begin(): Promise<Hunt<World>> {
    const { name, about, past = 'new' } = this.#hunt;
    let start = await this.#morning(BEGINS_MS, new Map(), new Map());
    if (past !== 'new') {
      start = await this.calm(start, 60);
      const stores = SIDES.map((side) => this.#desks.local(start[side]).facts.store);
      start = await this.#morning(start.atMs + 5_000, stores[0]!, stores[1]!, start);
      for (const side of SIDES) this.#copies[side] = this.#desks.local(start[side]).facts.store;
      if (past === 'running') start = { ...(await this.calm(start, 60)), wire: [] };
    }
    return { name, about, start, keyOf, moves: (world) => this.#moves(world) };
  }

  /** Both start. */
  async #morning(atMs: number, a: Base['store'], b: Base['store'], before?: World): Promise<World> {
    const keys: Keys = this.#hunt.alphabet.slowKeys && before ? 'later' : 'given';
    let world: World = { a: -1, b: -1, atMs, wire: [], keys: [], used: {}, learnt: NOTHING };
    for (const side of SIDES) {
      const known = before && this.#desks.local(before[side]).facts;
      const { drawn = 0, keysDrawn = 0 } = known ?? {};
      const store = side === 'a' ? a : b;
      const step = await this.#desks.start({ side, store, drawn, keysDrawn, restored: false, atMs, keys });
      world = this.#after(world, side, step);
      if (step.broken) throw new Error(step.broken);
    }
    return world;
  }

  /** A line on which everything arrives once and in order, until nothing is under way and both use one epoch. */
  async calm(from: World, rounds: number): Promise<World> {
    let world: World = { ...from, wire: [] };
    const waiting = [...from.wire];
    for (let round = 0; round < rounds; round++) {
      const at = waiting.shift();
      const posted: number[] = [];
      const noted = (step: Step, side: Side): void => {
        if (step.broken) throw new Error(step.broken);
        world = this.#after(world, side, step);
        posted.push(...step.posts.map((item) => item.at));
      };
      if (at !== undefined) {
        const item = this.#desks.items[at]!;
        const side = otherSide(item.from);
        noted(await this.#arrive(world, side, item), side);
      } else {
        if (this.settled(world)) return world;
        for (const side of SIDES) {
          noted(await this.#input(world, side, { kind: 'keys', atMs: world.atMs, keys: 'given' }), side);
        }
        const afterMs = [1_100];
        for (const side of SIDES) {
          noted(await this.#input(world, side, { kind: 'tick', afterMs, atMs: world.atMs, keys: 'given' }), side);
        }
        world = { ...world, atMs: world.atMs + 1_100 };
      }
      waiting.push(...posted.filter((one) => !waiting.includes(one)));
    }
    return world;
  }

  /** Both desks use the same keys, and the line is not kept back by anything but an alarm or a dry pool. */
  settled({ a, b }: World): boolean {
    const [one, other] = [this.#desks.local(a).facts, this.#desks.local(b).facts];
    return (
      one.epoch !== null &&
      one.epoch.id === other.epoch?.id &&
      one.view.level === other.view.level &&
      (one.view.level === 'black' || (one.view.may.call.allowed && other.view.may.call.allowed))
    );
  }

  factsOf(world: World): Readonly<Record<Side, Facts>> {
    return { a: this.#desks.local(world.a).facts, b: this.#desks.local(world.b).facts };
  }

  #moves(world: World): readonly Move<World>[] | Promise<readonly Move<World>[]> {
    const steps = this.#letters(world).map(({ letter, make }) => ({ letter, made: make() }));
    const late = steps.some(({ made }) => made instanceof Promise);
    if (!late) return steps.map(({ letter, made }) => this.#judge(world, letter, made as Made));
    return this.#oneByOne(world, steps);
  }

  async #oneByOne(
    world: World,
    steps: readonly { letter: string; made: Made | Promise<Made> }[],
  ): Promise<readonly Move<World>[]> {
    const moves: Move<World>[] = [];
    for (const { letter, made } of steps) moves.push(this.#judge(world, letter, await made));
    return moves;
  }

  #letters(world: World): readonly { letter: string; make: () => Made | Promise<Made> }[] {
    const { alphabet } = this.#hunt;
    const { used, atMs } = world;
    const letters: { letter: string; make: () => Made | Promise<Made> }[] = [];
    const left = (name: keyof Alphabet): boolean => (used[name] ?? 0) < ((alphabet[name] as number | undefined) ?? 0);
    const spent = (name: string): World => ({ ...world, used: { ...used, [name]: (used[name] ?? 0) + 1 } });
    const one = (letter: string, from: World, side: Side, input: Input): void => {
      letters.push({ letter, make: () => then(this.#input(from, side, input), (step) => [[side, step, from]]) });
    };
    const keysOf = (side: Side): Keys => (used[`dry ${side}`] ? 'none' : alphabet.slowKeys ? 'later' : 'given');
    const counts = new Map<string, number>();
    for (const at of world.wire) {
      const item = this.#desks.items[at]!;
      const count = (counts.get(item.what) ?? 0) + 1;
      counts.set(item.what, count);
      for (const side of alphabet.reflected ? SIDES : [otherSide(item.from)]) {
        const letter = `${item.what} ${count} to ${side}`;
        letters.push({ letter, make: () => then(this.#arrive(world, side, item), (step) => [[side, step, world]]) });
      }
    }
    for (const at of left('alter') ? world.wire : []) {
      const item = this.#desks.items[at]!;
      if (item.what.startsWith('records')) continue;
      const side = otherSide(item.from);
      const message = item.messages[0]!.slice();
      message[message.length - 1]! ^= 1;
      const altered = { kind: 'arrive', messages: [message], name: `altered ${at}`, atMs, keys: keysOf(side) } as const;
      letters.push({
        letter: `${item.what} altered, to ${side}`,
        make: () => then(this.#input(world, side, altered), (step): Made => [[side, step, spent('alter')]]),
      });
    }
    for (const side of SIDES) {
      const { facts } = this.#desks.local(world[side]);
      if (facts.asks) {
        one(`keys for ${side}`, world, side, { kind: 'keys', atMs, keys: 'given' });
        if (alphabet.dry) one(`no keys for ${side}`, world, side, { kind: 'keys', atMs, keys: 'none' });
      }
      if (left('restart')) {
        const make = () => this.#restart(spent('restart'), side, keysOf(side));
        letters.push({ letter: `${side} starts anew`, make });
      }
      const copy = this.#copies[side];
      if (left('restore') && copy) {
        const make = () => this.#restart(spent('restore'), side, keysOf(side), copy);
        letters.push({ letter: `${side} is put back from a copy`, make });
      }
      if (left('alarm'))
        one(`alarm at ${side}`, spent('alarm'), side, { kind: 'alarm', id: `alarm ${side}`, atMs, keys: keysOf(side) });
      if (left('approve')) {
        for (const persons of [PERSONS[side], PERSONS[side].slice(0, 1)]) {
          const from = spent('approve');
          const said = { ...from, used: { ...from.used, [`approve ${side}`]: persons.length } };
          one(`${persons.join(' and ')} approve`, said, side, { kind: 'approve', persons, atMs, keys: keysOf(side) });
        }
      }
      if (left('say')) {
        const text = `${side}${used[`say ${side}`] ?? 0}`;
        const from = spent('say');
        const said = { ...from, used: { ...from.used, [`say ${side}`]: (used[`say ${side}`] ?? 0) + 1 } };
        one(`${side} writes`, said, side, { kind: 'say', text, atMs, keys: keysOf(side) });
      }
      if (left('dry')) {
        const from = spent('dry');
        const turned = { ...from, used: { ...from.used, [`dry ${side}`]: used[`dry ${side}`] ? 0 : 1 } };
        letters.push({
          letter: `pool of ${side} ${used[`dry ${side}`] ? 'fills' : 'runs dry'}`,
          make: () => [[side, null, turned]],
        });
      }
      if (left('read')) {
        const from = spent('read');
        const learnt = learn(world.learnt, facts);
        letters.push({
          letter: `memory and store of ${side} are read`,
          make: () => [[side, null, { ...from, learnt }]],
        });
      }
    }
    if (left('wait')) {
      for (const [name, afterMs] of Object.entries(alphabet.waits ?? { wait: PATIENCE })) {
        letters.push({ letter: name, make: () => this.#wait(spent('wait'), afterMs, keysOf) });
      }
    }
    if (left('back')) {
      const from = { ...spent('back'), atMs: atMs - 3_600_000 };
      letters.push({ letter: 'clocks go back an hour', make: () => this.#wait(from, [0], keysOf) });
    }
    return letters;
  }

  #wait(from: World, afterMs: readonly number[], keysOf: (side: Side) => Keys): Made | Promise<Made> {
    const at = { ...from, atMs: from.atMs + afterMs.at(-1)! };
    const tick = (side: Side) =>
      this.#input(from, side, { kind: 'tick', afterMs, atMs: from.atMs, keys: keysOf(side) });
    return then(tick('a'), (a) =>
      then(
        tick('b'),
        (b): Made => [
          ['a', a, at],
          ['b', b, at],
        ],
      ),
    );
  }

  #restart(from: World, side: Side, keys: Keys, copy?: Base['store']): Made | Promise<Made> {
    const { base, facts } = this.#desks.local(from[side]);
    return then(this.#desks.start(again(facts, base, from.atMs, keys, copy)), (step): Made => [[side, step, from]]);
  }

  /** What arrives may make a desk fetch keys: those that are there, once. */
  #arrive(world: World, side: Side, item: Item): Step | Promise<Step> {
    const dry = world.used[`dry ${side}`];
    const keys: Keys = this.#hunt.alphabet.slowKeys ? 'later' : dry ? 'none' : 'given';
    const name = String(item.at);
    return this.#input(world, side, { kind: 'arrive', messages: item.messages, name, atMs: world.atMs, keys });
  }

  #input(world: World, side: Side, input: Input): Step | Promise<Step> {
    return then(this.#desks.step(world[side], input), (step) => {
      const there = step.fetched.every((keyId) => world.keys.includes(keyId));
      return there || input.keys !== 'given' ? step : this.#desks.step(world[side], { ...input, keys: 'none' });
    });
  }

  #after(world: World, side: Side, { to, posts, drew, fetched }: Step): World {
    const wire = [...world.wire];
    for (const { at } of posts) if (!wire.includes(at)) wire.push(at);
    const records = (from: Side) =>
      wire.filter((at) => this.#desks.items[at]!.from === from && this.#desks.items[at]!.what.startsWith('records'));
    const gone = SIDES.flatMap((from) => records(from).slice(0, -this.#hunt.alphabet.records || undefined));
    const keys = [...world.keys, ...drew].filter((keyId) => !fetched.includes(keyId)).sort();
    return {
      ...world,
      [side]: to.at,
      wire: wire.filter((at) => !gone.includes(at)).sort((x, y) => x - y),
      keys,
    };
  }

  #judge(before: World, letter: string, made: Made): Move<World> {
    let to = before;
    let broken: string | undefined;
    for (const [side, step, from] of made) {
      to = { ...from, a: to.a, b: to.b, wire: to.wire, keys: to.keys };
      if (!step) continue;
      broken ??= step.broken ?? this.#sealedTwice(to, step) ?? this.#alarmed(to, side, step, letter);
      broken ??= this.#moved(to, side, step, letter);
      to = this.#after(to, side, step);
    }
    broken ??= this.#quarrels.shift() ?? this.#together(to);
    return { letter, to, broken };
  }

  #alarmed(world: World, side: Side, { to }: Step, letter: string): string | undefined {
    const { standing } = this.#desks.local(world[side]).facts.view;
    if (standing.length === 0 || to.facts.view.standing.length > 0 || letter.endsWith('copy')) return undefined;
    if (letter.endsWith('anew')) return 'an alarm was forgotten at a start';
    if (world.used['approve a'] === 2 && world.used['approve b'] === 2) return undefined;
    return 'the line was opened without two approvers of each side';
  }

  #moved(world: World, side: Side, { to }: Step, letter: string): string | undefined {
    const [was, is] = [this.#desks.local(world[side]).facts, to.facts];
    const held = ({ epoch, answered, roots }: Facts): string => JSON.stringify([epoch, answered, roots]);
    if (letter.includes('altered') && held(was) !== held(is)) return 'an altered message was believed';
    const { restore, dry } = this.#hunt.alphabet;
    if (this.#hunt.past && !restore && is.view.safety.chainBroken) {
      return 'the chain of keys was broken, although no store was put back';
    }
    const { qkd } = is.view.safety.inputs;
    if (is.epoch && is.epoch.id !== was.epoch?.id && !qkd && !dry)
      return 'keys were agreed on without quantum key, and there was some';
    return undefined;
  }

  #sealedTwice({ wire }: World, { posts }: Step): string | undefined {
    for (const item of posts) {
      for (const { under, hash } of item.sealed) {
        for (const at of wire) {
          const other = this.#desks.items[at]!;
          if (other !== item && other.sealed.some((one) => one.under === under && one.hash !== hash)) {
            return 'two records were sealed under one key';
          }
        }
      }
    }
    return undefined;
  }

  #together({ a, b, learnt }: World): string | undefined {
    const name = `${a} ${b} ${learnt.name}`;
    if (this.#pairs.has(name)) return this.#pairs.get(name);
    const broken = pairRule(this.#desks.local(a), this.#desks.local(b), learnt);
    this.#pairs.set(name, broken);
    return broken;
  }
}

/** Each desk that something happened to, its step, and the world with what the letter itself changes. */
type Made = readonly (readonly [Side, Step | null, World])[];

function pairRule(a: Local, b: Local, learnt: Learnt): string | undefined {
  const [one, other] = [a.facts, b.facts];
  for (const { epoch } of [one, other]) {
    if (epoch && derivable(epoch.id, learnt))
      return 'keys agreed on after an attacker read a desk can be derived by him';
  }
  if (one.epoch && one.epoch.id === other.epoch?.id) {
    const view = ({ view: { safety }, epoch }: Facts): string =>
      JSON.stringify([epoch!.number, safety.phrase, safety.inputs, safety.qkdKeyIds, safety.provenance]);
    if (view(one) !== view(other)) return 'two desks with one epoch see it differently';
    for (const { number, root } of one.roots) {
      if (other.roots.some((known) => known.number === number && known.root !== root && number === one.epoch?.number)) {
        return 'two desks with one epoch have other roots of it';
      }
    }
  }
  return undefined;
}

function then<T, R>(value: T | Promise<T>, use: (value: T) => R | Promise<R>): R | Promise<R> {
  return value instanceof Promise ? value.then(use) : use(value);
}

function keyOf({ a, b, atMs, wire, keys, used, learnt }: World): string {
  let key = `${a} ${b} ${atMs - BEGINS_MS} ${wire.join()} ${learnt.name}`;
  for (const keyId of keys) key += ` ${keyId[7]}${keyId.slice(-4)}`;
  for (const name in used) key += used[name] ? ` ${name}${used[name]}` : '';
  return key;
}
