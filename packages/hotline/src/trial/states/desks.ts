import { createHash } from 'node:crypto';
import type { LinePolicy } from '../../state/index.ts';
import {
  type Base,
  type Did,
  type Facts,
  type Input,
  type Keys,
  LiveDesk,
  nameOf,
  type Seeded,
  type Side,
} from './desk.ts';
import type { Opened } from './opened.ts';

/** A message that somebody has put on the line: one of an agreement, or the records of one step. */
export interface Item {
  readonly at: number;
  readonly from: Side;
  readonly what: string;
  readonly messages: readonly Uint8Array[];
  /** Epoch, lane, direction and counter of each record, with a hash of it: no two may share all but the hash. */
  readonly sealed: readonly { readonly under: string; readonly hash: string }[];
}

/** A desk in one of all the ways that it can be. */
export interface Local {
  readonly at: number;
  readonly base: Base;
  readonly path: readonly Seeded[];
  readonly facts: Facts;
}

export interface Step {
  readonly to: Local;
  readonly posts: readonly Item[];
  readonly drew: readonly string[];
  readonly fetched: readonly string[];
  /** A rule that this desk has broken by itself. */
  readonly broken: string | undefined;
}

/** What must be so of one desk after a step; `before` is null for a start. */
export type Rule = (before: Facts | null, after: Facts) => string | undefined;

/**
 * All ways that one desk can be, each found once: a desk is what its start and what happened to it since have made of it,
 * and what it does next hangs on nothing else. So a way is come to again by starting and going through the same things.
 */
export class Desks {
  readonly #opened: Opened;
  readonly #policy: LinePolicy;
  readonly #rule: Rule;
  readonly #locals: Local[] = [];
  readonly #byDigest = new Map<string, number>();
  readonly #steps = new Map<string, Step>();
  readonly items: Item[] = [];
  readonly #itemOf = new Map<string, number>();

  constructor(opened: Opened, policy: LinePolicy, rule: Rule) {
    this.#opened = opened;
    this.#policy = policy;
    this.#rule = rule;
  }

  /** How many ways there are, and steps between them. */
  get size(): { readonly desks: number; readonly steps: number } {
    return { desks: this.#locals.length, steps: this.#steps.size };
  }

  local(at: number): Local {
    return this.#locals[at]!;
  }

  /** What was computed before, at once. */
  start(base: Omit<Base, 'seed'>): Step | Promise<Step> {
    const name = `start ${base.side} ${base.drawn} ${base.keysDrawn} ${base.restored} ${base.atMs} ${base.keys} ${digest(base.store)}`;
    return this.#steps.get(name) ?? this.#run(name, { ...base, seed: name }, [], null);
  }

  step(from: number, input: Input): Step | Promise<Step> {
    const name = `${from} ${nameOf(input)}`;
    const known = this.#steps.get(name);
    if (known) return known;
    const { base, path, facts } = this.#locals[from]!;
    return this.#run(name, base, [...path, { ...input, seed: `${facts.digest} ${nameOf(input)}` }], facts);
  }

  async #run(name: string, base: Base, path: readonly Seeded[], before: Facts | null): Promise<Step> {
    const { desk, did } = await LiveDesk.live(this.#opened, this.#policy, base, path);
    const facts = desk.facts();
    const id = `${base.side} ${facts.digest}`;
    let at = this.#byDigest.get(id);
    if (at === undefined) {
      at = this.#locals.push({ at: this.#locals.length, base, path, facts }) - 1;
      this.#byDigest.set(id, at);
    }
    const { drew, fetched } = did;
    const posts = this.#itemsOf(base.side, did);
    const step: Step = { to: this.#locals[at]!, posts, drew, fetched, broken: this.#rule(before, facts) };
    this.#steps.set(name, step);
    return step;
  }

  #itemsOf(from: Side, { posts }: Did): readonly Item[] {
    const agreements = posts.filter((bytes) => bytes[5] === 1);
    const records = posts.filter((bytes) => bytes[5] !== 1);
    const items = agreements.map((bytes) => this.item(from, [bytes]));
    return records.length > 0 ? [...items, this.item(from, records)] : items;
  }

  item(from: Side, messages: readonly Uint8Array[]): Item {
    const hash = createHash('sha1').update(from);
    for (const bytes of messages) hash.update(bytes);
    const id = hash.digest('base64');
    const known = this.#itemOf.get(id);
    if (known !== undefined) return this.items[known]!;
    const at = this.items.length;
    const item = { at, from, messages, what: `${whatOf(messages)} of ${from},`, sealed: sealedIn(messages) };
    this.items.push(item);
    this.#itemOf.set(id, at);
    return item;
  }
}

function whatOf([first]: readonly Uint8Array[]): string {
  return first![5] === 1 ? ['', 'offer', 'answer', 'confirm'][first![6]!]! : 'records';
}

function sealedIn(messages: readonly Uint8Array[]): Item['sealed'] {
  return messages
    .filter((bytes) => bytes[5] === 2)
    .map((bytes) => ({
      under: Buffer.from(bytes.subarray(6, 32)).toString('hex'),
      hash: createHash('sha1').update(bytes).digest('base64'),
    }));
}

function digest(store: ReadonlyMap<string, Uint8Array>): string {
  const hash = createHash('sha1');
  for (const [name, bytes] of store) hash.update(name).update('\0').update(bytes);
  return hash.digest('base64');
}

/** The same in another process: after a crash, or from a copy of its store. */
export function again(from: Facts, base: Base, atMs: number, keys: Keys, copy?: Base['store']): Omit<Base, 'seed'> {
  const { drawn, keysDrawn } = from;
  return { ...base, store: copy ?? from.store, drawn, keysDrawn, restored: copy !== undefined, atMs, keys };
}
