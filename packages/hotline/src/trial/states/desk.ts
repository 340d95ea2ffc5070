import { createHash } from 'node:crypto';
import { SecretBytes } from '@skykey/bits';
import { type Direction, LANES, type Lane, SUITES } from '../../secret/index.ts';
import type { Changes, KeySource, SessionKey } from '../../session/ports.ts';
import type { Session } from '../../session/session.ts';
import type { SessionView } from '../../session/view.ts';
import type { LinePolicy, LineState } from '../../state/index.ts';
import type { Opened } from './opened.ts';
import { tape } from './tape.ts';
import { whole } from './whole.ts';

/** One desk of a search: the shipped session, to which one thing after the other happens. */
export type Side = 'a' | 'b';
export const SIDES: readonly Side[] = ['a', 'b'];
export const otherSide = (side: Side): Side => (side === 'a' ? 'b' : 'a');
export const DESK_ID: Readonly<Record<Side, string>> = { a: 'desk-a', b: 'desk-b' };
export const CONVERSATION = '9d6f3a52-1c1c-4a0e-8a39-d9c6a1a0c0de';
export const BEGINS_MS = 1_480_000_000_000;
export const PSK = new Uint8Array(32).fill(7);
const STOCK_BITS = 5_000_000;

/** Whether the key manager answers, refuses, or lets the desk wait. */
export type Keys = 'given' | 'none' | 'later';

export type Input = (
  | { readonly kind: 'tick'; readonly afterMs: readonly number[] }
  | { readonly kind: 'arrive'; readonly messages: readonly Uint8Array[]; readonly name: string }
  | { readonly kind: 'keys' }
  | { readonly kind: 'alarm'; readonly id: string }
  | { readonly kind: 'approve'; readonly persons: readonly string[] }
  | { readonly kind: 'say'; readonly text: string }
) & { readonly atMs: number; readonly keys: Keys };

export function nameOf(input: Input): string {
  const { kind, keys, atMs } = input;
  const more =
    input.kind === 'tick'
      ? input.afterMs.join()
      : input.kind === 'arrive'
        ? input.name
        : input.kind === 'alarm'
          ? input.id
          : input.kind === 'approve'
            ? input.persons.join()
            : input.kind === 'say'
              ? input.text
              : '';
  return `${kind} ${more} ${keys} ${atMs}`;
}

/** Where a life of a desk begins: its store, and how much chance it has drawn, which no crash takes back. */
export interface Base {
  readonly side: Side;
  readonly store: ReadonlyMap<string, Uint8Array>;
  readonly drawn: number;
  readonly keysDrawn: number;
  readonly restored: boolean;
  readonly atMs: number;
  readonly keys: Keys;
  /** Where its chance comes from. */
  readonly seed: string;
}

/** An input to a desk in one state. What chance gives hangs on both, so that no two ways of a search share any. */
export type Seeded = Input & { readonly seed: string };

/** What the last input did. */
export interface Did {
  readonly posts: readonly Uint8Array[];
  /** Keys drawn anew, which wait for the other desk. */
  readonly drew: readonly string[];
  /** Keys that it asked its key manager for by name. */
  readonly fetched: readonly string[];
}

/** What a desk is found to be after an input. */
export interface Facts {
  /** Of all that it holds; two desks with one digest go on alike. */
  readonly digest: string;
  readonly epoch: { readonly id: string; readonly number: number } | null;
  readonly before: string | null;
  /** Epochs whose keys it has while it waits for the peer. */
  readonly answered: readonly string[];
  readonly offers: boolean;
  /** Newest first. */
  readonly roots: readonly { readonly number: number; readonly root: string }[];
  readonly view: Pick<SessionView, 'safety' | 'may'> & {
    readonly level: string;
    readonly standing: readonly string[];
    readonly keysMadeAfterMs: number;
    readonly qkdMadeAtMs: number | null;
  };
  readonly shown: readonly string[];
  /** Asks that its key manager has not answered. */
  readonly asks: boolean;
  /** Every secret of 32 bytes that is in memory or store, as far as the tape knows it by name. */
  readonly holds: readonly string[];
  /** Links of chains that have sealed or opened what they may, by name. */
  readonly gone: readonly string[];
  readonly store: ReadonlyMap<string, Uint8Array>;
  readonly drawn: number;
  readonly keysDrawn: number;
}

interface Bare {
  readonly _line: LineState;
  readonly _renewal: {
    readonly _epoch: BareEpoch | null;
    readonly _before: { readonly epoch: BareEpoch } | null;
    readonly _answers: readonly {
      readonly pending: { readonly over: boolean; readonly agreed: { readonly secrets: { readonly id: Uint8Array } } };
    }[];
    readonly _offer: object | null;
    readonly _roots: readonly { readonly number: number; readonly root: SecretBytes }[];
    readonly _round: number;
  };
}

interface BareEpoch {
  readonly id: Uint8Array;
  readonly number: number;
  readonly directions: { readonly out: Direction; readonly in: Direction };
  readonly _sending: Readonly<Record<Lane, { readonly counter: number }>>;
  readonly _receiving: Readonly<
    Record<
      Lane,
      { readonly highest: number; readonly _derived: number; readonly _accepted: { has(n: number): boolean } }
    >
  >;
}

interface Asked {
  readonly what: string;
  readonly answer: (given: boolean) => void;
}

export class LiveDesk {
  readonly #base: Base;
  readonly #store = new Map<string, Uint8Array>();
  readonly #shown: string[] = [];
  #session!: Session;
  #nowMs: number;
  #keys: Keys;
  #drawn: number;
  #seed: string;
  #keysDrawn: number;
  #asked: Asked[] = [];
  #posts: Uint8Array[] = [];
  #drew: string[] = [];
  #fetched: string[] = [];

  private constructor(base: Base) {
    this.#base = base;
    for (const [name, bytes] of base.store) this.#store.set(name, bytes);
    this.#nowMs = base.atMs;
    this.#keys = base.keys;
    this.#seed = base.seed;
    this.#drawn = base.drawn;
    this.#keysDrawn = base.keysDrawn;
  }

  /** A process that starts from `base` and goes through `inputs`. */
  static async live(
    opened: Opened,
    policy: LinePolicy,
    base: Base,
    inputs: readonly Seeded[],
  ): Promise<{ readonly did: Did; readonly desk: LiveDesk }> {
    const desk = new LiveDesk(base);
    await desk.#open(opened, policy);
    for (const input of inputs) await desk.#happen(input);
    return { desk, did: { posts: desk.#posts, drew: desk.#drew, fetched: desk.#fetched } };
  }

  async #open({ Session }: Opened, policy: LinePolicy): Promise<void> {
    const { side, restored } = this.#base;
    this.#session = await Session.open(
      {
        ...{ ownId: DESK_ID[side], peerId: DESK_ID[otherSide(side)], ownName: side, peerName: otherSide(side) },
        ...{ conversationId: CONVERSATION, psk: SecretBytes.adopt(PSK.slice()), policy, restored },
        ...{ suites: { own: SUITES, peer: SUITES }, signing: null, emergencyPad: null },
      },
      {
        store: {
          load: () => Promise.resolve(new Map([...this.#store].map(([name, bytes]) => [name, bytes.slice()]))),
          commit: (changes) => {
            this.#commit(changes);
            return Promise.resolve();
          },
        },
        keys: this.#keySource(),
        files: NO_FILES,
        post: (bytes) => void this.#posts.push(bytes.slice()),
        random: (count) => this.#random(count),
        nowMs: () => this.#nowMs,
        tell: (news) => {
          if (news.kind === 'message' && news.message.direction === 'received') this.#shown.push(news.message.text);
        },
      },
    );
    await this.#count();
    await this.#settle();
  }

  async #happen(input: Seeded): Promise<void> {
    this.#posts = [];
    this.#drew = [];
    this.#fetched = [];
    this.#nowMs = input.atMs;
    this.#keys = input.keys;
    this.#seed = input.seed;
    const session = this.#session;
    switch (input.kind) {
      case 'tick':
        for (const ms of input.afterMs) {
          this.#nowMs = input.atMs + ms;
          await session.tick();
          await this.#settle();
        }
        break;
      case 'arrive':
        for (const bytes of input.messages) await session.arrive(bytes.slice());
        break;
      case 'keys':
        break;
      case 'alarm': {
        const { id, atMs } = input;
        await session.alarm({ id, class: 'tap', foundBy: this.#base.side, link: 'sky', reason: 'errors', atMs });
        break;
      }
      case 'approve':
        for (const id of input.persons) {
          const request = session.view().line.request ?? '';
          await session.approve({ id, name: id, roles: ['approver'], request }).catch(() => undefined);
        }
        break;
      case 'say':
        await session.say({ text: input.text, sealing: 'hybrid', author: 'Ada' }).catch(() => undefined);
        break;
    }
    await this.#settle();
    await this.#count();
    await this.#settle();
  }

  /** Its host counts the pools when the line does not know them. */
  async #count(): Promise<void> {
    const { stock, keysMadeAfterMs } = this.#bare._line;
    if (stock === null) await this.#session.stock(STOCK_BITS, STOCK_BITS, keysMadeAfterMs);
  }

  async #settle(): Promise<void> {
    for (;;) {
      for (let i = 0; i < 12; i++) await Promise.resolve();
      if (this.#keys === 'later' || this.#asked.length === 0) return;
      for (const { answer } of this.#asked.splice(0)) answer(this.#keys === 'given');
    }
  }

  get #bare(): Bare {
    return this.#session as unknown as Bare;
  }

  #commit({ puts }: Changes): void {
    for (const [name, bytes] of puts) {
      if (bytes) this.#store.set(name, bytes.slice());
      else this.#store.delete(name);
    }
  }

  #random(count: number): Uint8Array {
    const bytes = chance(`${this.#seed} ${this.#base.side} ${this.#drawn++}`, count);
    tape.lastDrawn = Buffer.from(bytes.subarray(0, 32)).toString('hex');
    return bytes;
  }

  #keySource(): KeySource {
    const { side } = this.#base;
    const ask = (what: string, answer: () => SessionKey[]): Promise<readonly SessionKey[]> =>
      new Promise((resolve, reject) => {
        const { _round } = this.#bare._renewal;
        this.#asked.push({
          what: `${what} at ${this.#nowMs} in round ${_round}`,
          answer: (given) => (given ? resolve(answer()) : reject(new Error('there is no key'))),
        });
      });
    return {
      draw: (bytes, count) =>
        ask(`draw ${bytes} ${count}`, () =>
          Array.from({ length: count }, () => {
            const keyId = qkdId(side, ++this.#keysDrawn);
            this.#drew.push(keyId);
            return qkdKey(keyId, bytes);
          }),
        ),
      fetch: (keyIds) => {
        this.#fetched.push(...keyIds);
        return ask(`fetch ${keyIds.join()}`, () => keyIds.map((keyId) => qkdKey(keyId, 32)));
      },
    };
  }

  facts(): Facts {
    const { _renewal, _line } = this.#bare;
    const asks = this.#asked.map(({ what }) => what);
    const store = [...this.#store].sort(([a], [b]) => (a < b ? -1 : 1));
    const { text, bytes } = whole([this.#session, store, this.#drawn, this.#keysDrawn, asks, this.#nowMs, this.#shown]);
    const view = this.#session.view();
    const waiting = _renewal._answers.filter(({ pending }) => !pending.over);
    return {
      digest: createHash('sha1').update(text).digest('base64'),
      epoch: _renewal._epoch && { id: hex(_renewal._epoch.id), number: _renewal._epoch.number },
      before: _renewal._before && hex(_renewal._before.epoch.id),
      answered: waiting.map(({ pending }) => hex(pending.agreed.secrets.id)),
      offers: _renewal._offer !== null,
      roots: _renewal._roots.map(({ number, root }) => ({ number, root: root.open(hex) })),
      view: {
        ...{ safety: view.safety, may: view.may, level: view.line.level, keysMadeAfterMs: _line.keysMadeAfterMs },
        standing: _line.standing.map(({ id }) => id),
        qkdMadeAtMs: _line.epoch?.qkdMadeAtMs ?? null,
      },
      shown: [...this.#shown],
      asks: asks.length > 0,
      holds: secretsIn(bytes),
      gone: [_renewal._epoch, _renewal._before?.epoch].flatMap((epoch) => (epoch ? goneOf(epoch) : [])),
      store: new Map(store),
      drawn: this.#drawn,
      keysDrawn: this.#keysDrawn,
    };
  }
}

function goneOf({ id, directions, _sending, _receiving }: BareEpoch): readonly string[] {
  const gone: string[] = [];
  const link = (what: string, lane: Lane, direction: Direction, n: number) =>
    gone.push(`${hex(id)} ${what} ${lane} ${direction}@${n}`);
  for (const lane of LANES) {
    for (let n = 1; n <= _sending[lane].counter; n++) {
      link('chain', lane, directions.out, n);
      link('key', lane, directions.out, n);
    }
    const { _derived, highest, _accepted } = _receiving[lane];
    for (let n = 1; n <= _derived; n++) link('chain', lane, directions.in, n);
    for (let n = 1; n <= highest; n++) if (_accepted.has(n)) link('key', lane, directions.in, n);
  }
  return gone;
}

const NO_FILES = {
  read: refuse,
  write: refuse,
  digest: refuse,
  deliver: refuse,
  discard: refuse,
  hashes: refuse,
};

function refuse(): Promise<never> {
  return Promise.reject(new Error('there are no files here'));
}

function chance(name: string, count: number): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let have = 0, i = 0; have < count; have += 64, i++) {
    parts.push(createHash('sha512').update(`${name}/${i}`).digest());
  }
  return new Uint8Array(Buffer.concat(parts).subarray(0, count));
}

function qkdId(side: Side, number: number): string {
  const tail = number.toString(16).padStart(12, '0');
  return `0000000${side}-0000-4000-8000-${tail}`;
}

export function qkdBytes(keyId: string, bytes = 32): Uint8Array {
  return chance(`qkd ${keyId}`, bytes);
}

function qkdKey(keyId: string, bytes: number): SessionKey {
  return { keyId, key: SecretBytes.adopt(qkdBytes(keyId, bytes)), provenance: 'direct' };
}

/** Secrets by their bytes: what the tape has seen come into being. */
const known = new Map<string, string>();
const beginnings = new Set<number>();

export function knownName(bytesHex: string): string | undefined {
  return known.get(bytesHex);
}

/** From now on these bytes are found wherever they lie. */
export function knowSecret(bytesHex: string, name: string): void {
  if (known.has(bytesHex)) return;
  known.set(bytesHex, name);
  beginnings.add(Buffer.from(bytesHex.slice(0, 8), 'hex').readUInt32BE());
}

function secretsIn(all: readonly Uint8Array[]): readonly string[] {
  const found = new Set<string>();
  for (const bytes of all) {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = 0; at + 32 <= bytes.length; at++) {
      if (!beginnings.has(buffer.readUInt32BE(at))) continue;
      const name = known.get(buffer.toString('hex', at, at + 32));
      if (name) found.add(name);
    }
  }
  return [...found].sort();
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
