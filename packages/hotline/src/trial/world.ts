import { createHash, generateKeyPairSync } from 'node:crypto';
import { SecretBytes } from '@skykey/bits';
import { FirstPass } from '../file/index.ts';
import { SUITES } from '../secret/index.ts';
import type { SessionOptions } from '../session/context.ts';
import type {
  Changes,
  FileShelf,
  KeySource,
  SessionKey,
  SessionMessage,
  SessionNews,
  SigningKeys,
} from '../session/ports.ts';
import { Session } from '../session/session.ts';
import { DEFAULT_POLICY, type LinePolicy } from '../state/index.ts';

export const ALICE = 'desk-alice';
export const BOB = 'desk-bob';
export type DeskId = typeof ALICE | typeof BOB;
export const other = (id: DeskId): DeskId => (id === ALICE ? BOB : ALICE);

/** Numbers and bytes from a seed: SplitMix64 for choices, SHA-512 in counter mode for bytes. */
export class Dice {
  #state: bigint;
  #blocks = 0;
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
    this.#state = BigInt(seed) * 0x9e3779b97f4a7c15n;
  }

  /** 0 (inclusive) to 1. */
  roll(): number {
    this.#state = (this.#state + 0x9e3779b97f4a7c15n) & 0xffffffffffffffffn;
    let z = this.#state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & 0xffffffffffffffffn;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & 0xffffffffffffffffn;
    return Number((z ^ (z >> 31n)) >> 11n) / 2 ** 53;
  }

  below(n: number): number {
    return Math.floor(this.roll() * n);
  }

  bytes(count: number): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let have = 0; have < count; have += 64) {
      parts.push(
        createHash('sha512')
          .update(`${this.#seed}/${this.#blocks++}`)
          .digest(),
      );
    }
    return new Uint8Array(Buffer.concat(parts).subarray(0, count));
  }
}

/** How a line treats what is sent on it. */
export interface LineManners {
  readonly loss: number;
  readonly double: number;
  /** Up to so many ms, each message its own, so that they overtake each other. */
  readonly delayMs: number;
  /** And never less than this; 0 unless told. */
  readonly leastMs?: number;
}

export const CALM: LineManners = { loss: 0, double: 0, delayMs: 5 };
export const ROUGH: LineManners = { loss: 0.2, double: 0.2, delayMs: 400 };
/** Half around the world, over satellites and a poor radio. */
export const WAN: LineManners = { loss: 0.05, double: 0.02, leastMs: 300, delayMs: 600 };

/** Of a pool that is told to a desk, at most: as much as makes any line green. */
const TOLD_BITS = 5_000_000;

/** A commit takes up to so long, virtual ms. */
const SLOWEST_COMMIT_MS = 250;

/** Memory that survives a crash, with the copies of it that somebody took. */
class Disk {
  puts = new Map<string, Uint8Array>();
  messages = new Map<string, SessionMessage>();
  /** Thrown by the next commits. */
  fault: Error | null = null;
  commits = 0;

  commit({ puts, messages }: Changes): void {
    for (const [name, bytes] of puts) {
      if (bytes) this.puts.set(name, bytes.slice());
      else this.puts.delete(name);
    }
    for (const message of messages) this.messages.set(message.id, message);
    this.commits++;
  }

  copy(): Disk {
    const copy = new Disk();
    copy.puts = new Map([...this.puts].map(([name, bytes]) => [name, bytes.slice()]));
    copy.messages = new Map(this.messages);
    return copy;
  }
}

export interface Site {
  readonly id: DeskId;
  session: Session | null;
  disk: Disk;
  restored: boolean;
  /** Under way to the disk; one at a time. */
  readonly writing: Changes[];
  /** Rises with each start: what an earlier life asked for does not reach a later one. */
  life: number;
  readonly news: SessionNews[];
  readonly files: Map<string, Uint8Array>;
  /** What the page of this site was shown of texts, each time. */
  readonly shown: SessionMessage[];
  /** Of its key manager: no key is given out while false. */
  keys: boolean;
  /** What its key manager has for what this desk sends; the other desk receives with the same. */
  poolBits: number;
  /** Of those, when the desk was last told, less what it had asked for by then or has since. */
  knownBits: number;
  /** Asked for, and not answered yet. */
  askedBits: number;
  /** Ends this life: whoever waits for it to open hears. */
  end: () => void;
}

/** What survives the death of a process: a commit of its store, a piece of a file on its shelf, a key out of a pool. */
export type DurableWrite = 'store' | 'shelf' | 'key';

export interface WorldOptions {
  readonly seed: number;
  readonly manners?: LineManners;
  /** How often a desk looks at the clock. */
  readonly tickMs?: number;
  readonly policy?: LinePolicy;
  /** What Bob has pinned instead. */
  readonly bobsPolicy?: LinePolicy;
}

/**
 * Two desks, their key managers, stores and the line between them, in virtual time: everything that happens, happens by
 * dice of one seed. A crash takes memory; what was committed stays.
 */
export class World {
  readonly dice: Dice;
  readonly sites: Readonly<Record<DeskId, Site>>;
  /** Everything that was put on the line, with who sent it. */
  readonly wire: { readonly from: DeskId; readonly bytes: Uint8Array }[] = [];
  manners: LineManners;
  /** Keys of each desk for the record; null: it has none. */
  signing: Readonly<Record<DeskId, SigningKeys | null>> = {
    [ALICE]: { privateKey: SIGNING[ALICE].privateKey, peerKey: SIGNING[BOB].publicKey },
    [BOB]: { privateKey: SIGNING[BOB].privateKey, peerKey: SIGNING[ALICE].publicKey },
  };
  /** What a courier has brought and nobody has destroyed yet. */
  readonly couriered: Record<DeskId, Uint8Array | null> = { [ALICE]: null, [BOB]: null };
  /** Looks at what comes off the line and may put other things there instead. */
  middle: ((bytes: Uint8Array, from: DeskId) => readonly Uint8Array[]) | null = null;
  /** Time that only goes on; desks see it through `clockOf`. */
  #trueMs = 1_480_000_000_000;
  readonly #setBackMs: Record<DeskId, number> = { [ALICE]: 0, [BOB]: 0 };
  readonly policy: LinePolicy;
  bobsPolicy: LinePolicy;
  /** Id to key bytes, until the second side has fetched it. */
  readonly #keys = new Map<string, { bytes: Uint8Array; for: DeskId }>();
  /** Ids of keys that were given out to both. */
  readonly #due: { atMs: number; order: number; act: () => void }[] = [];
  #order = 0;
  readonly #tickMs: number;
  readonly keysDrawn: string[] = [];
  /** Asked at every durable write: the process dies right before it, right after it, or not (null). */
  cut: ((id: DeskId, what: DurableWrite) => 'before' | 'after' | null) | null = null;
  /** Hears what a store now keeps. */
  onCommit: ((id: DeskId, changes: Changes) => void) | null = null;
  /** Keys that a desk took although its policy keeps them for authentication. */
  readonly overdrawn: string[] = [];
  /** Commits take virtual time, so that a crash falls into some of them. Then nothing can be awaited but `run`. */
  slowDisks = false;

  constructor({ seed, manners = CALM, policy = DEFAULT_POLICY, bobsPolicy = policy, tickMs = 100 }: WorldOptions) {
    this.#tickMs = tickMs;
    this.dice = new Dice(seed);
    this.manners = manners;
    this.policy = policy;
    this.bobsPolicy = bobsPolicy;
    const site = (id: DeskId): Site => ({
      ...{ id, session: null, disk: new Disk(), restored: false, life: 0, keys: true, writing: [] },
      ...{ news: [], files: new Map(), shown: [], end: () => undefined },
      ...{ poolBits: Number.POSITIVE_INFINITY, knownBits: Number.POSITIVE_INFINITY, askedBits: 0 },
    });
    this.sites = { [ALICE]: site(ALICE), [BOB]: site(BOB) };
  }

  /** What Alice's clock says, and Bob's while nobody set one of them back alone. */
  get nowMs(): number {
    return this.clockOf(ALICE);
  }

  clockOf(id: DeskId): number {
    return this.#trueMs - this.#setBackMs[id];
  }

  /** Somebody sets the clocks of both desks back, or of one. */
  setBack(ms: number, ids: readonly DeskId[] = [ALICE, BOB]): void {
    for (const id of ids) this.#setBackMs[id] += ms;
  }

  /** What a session of this desk is opened with. */
  optionsOf(id: DeskId): SessionOptions {
    return {
      ...{ ownId: id, peerId: other(id), ownName: NAMES[id], peerName: NAMES[other(id)] },
      conversationId: '9d6f3a52-1c1c-4a0e-8a39-d9c6a1a0c0de',
      psk: SecretBytes.adopt(new Uint8Array(32).fill(7)),
      suites: { own: SUITES, peer: SUITES },
      policy: id === BOB ? this.bobsPolicy : this.policy,
      signing: this.signing[id],
      emergencyPad: this.couriered[id]?.slice() ?? null,
      restored: this.sites[id].restored,
    };
  }

  /** Rejects when the process dies while it opens. */
  async start(id: DeskId): Promise<Session> {
    const site = this.sites[id];
    const life = ++site.life;
    const { slowDisks } = this;
    this.slowDisks = false;
    const died = new Promise<never>((_, reject) => {
      site.end = () => reject(new Error(`${id} died while it opened`));
    });
    try {
      const session = await Promise.race([this.#open(id, life), died]);
      site.session = session;
      if (session.tookPad) this.couriered[id] = null;
      site.restored = false;
      await Promise.race([this.tellStock(id), died]);
      return session;
    } finally {
      this.slowDisks = slowDisks;
    }
  }

  /** Counts of the pools, as its site tells a desk now and then. */
  async tellStock(id: DeskId): Promise<void> {
    const told = (of: DeskId): number => Math.min(TOLD_BITS, this.sites[of].poolBits);
    const session = this.session(id);
    const site = this.sites[id];
    const left = site.poolBits - site.askedBits;
    const before = site.knownBits;
    await session.stock(told(id), told(other(id)), session.view().line.keysMadeAfterMs);
    // What it has asked for while it was told.
    site.knownBits = left - (before - site.knownBits || 0);
  }

  #open(id: DeskId, life: number): Promise<Session> {
    const site = this.sites[id];
    return Session.open(this.optionsOf(id), {
      store: {
        load: async () => site.disk.copy().puts,
        commit: (changes) =>
          new Promise((resolve, reject) => {
            if (site.life !== life) return;
            site.writing.push(changes);
            const done = (): void => {
              if (site.life !== life) return;
              site.writing.shift();
              if (site.disk.fault) {
                reject(site.disk.fault);
                return;
              }
              const write = (): void => {
                site.disk.commit(changes);
                this.onCommit?.(id, changes);
              };
              if (this.#survives(id, 'store', write)) resolve();
            };
            if (this.slowDisks) this.#at(this.dice.below(SLOWEST_COMMIT_MS), done);
            else done();
          }),
      },
      keys: this.#keysOf(id, life),
      files: this.#shelfOf(id, life),
      post: (bytes) => site.life === life && this.#post(id, bytes),
      random: (bytes) => this.dice.bytes(bytes),
      nowMs: () => this.clockOf(id),
      tell: (news) => {
        if (site.life !== life) return;
        site.news.push(news);
        if (news.kind === 'message') site.shown.push(news.message);
      },
    });
  }

  /** Does a durable write, unless the process dies before it. False when it is dead. */
  #survives(id: DeskId, what: DurableWrite, write: () => void): boolean {
    const cut = this.cut?.(id, what) ?? null;
    if (cut !== 'before') write();
    if (cut !== null) this.#die(id);
    return cut === null;
  }

  #die(id: DeskId): void {
    const site = this.sites[id];
    site.life++;
    site.session = null;
    site.end();
    site.askedBits = 0;
    site.writing.length = 0;
  }

  /** The process is gone, with everything it had not committed. */
  crash(id: DeskId): void {
    const site = this.sites[id];
    // What was being written is there as a whole or not at all.
    for (const changes of site.writing.splice(0)) {
      if (this.dice.roll() >= 0.5) continue;
      site.disk.commit(changes);
      this.onCommit?.(id, changes);
    }
    this.#die(id);
  }

  snapshot(id: DeskId): Disk {
    return this.sites[id].disk.copy();
  }

  /** The store is put back from a copy; the witness tells at the next start. */
  restore(id: DeskId, copy: Disk): void {
    this.crash(id);
    this.sites[id].disk = copy.copy();
    this.sites[id].restored = true;
  }

  /** Lets `ms` go by: whatever is due happens, and desks look at the clock ten times a second. */
  async run(ms: number): Promise<void> {
    const untilMs = this.#trueMs + ms;
    while (this.#trueMs < untilMs) {
      this.#trueMs = Math.min(untilMs, this.#trueMs + this.#tickMs - (this.#trueMs % this.#tickMs));
      await this.#settle();
      for (const { session } of Object.values(this.sites)) void session?.tick().catch(() => undefined);
      await this.#settle();
    }
  }

  /** Runs until `condition` holds, for `limitMs` at most. */
  async until(condition: () => boolean, limitMs = 30_000): Promise<boolean> {
    for (let waited = 0; waited < limitMs && !condition(); waited += 100) await this.run(100);
    return condition();
  }

  /** What a site keeps of texts, in the order in which they came. */
  messages(id: DeskId): readonly SessionMessage[] {
    return [...this.sites[id].disk.messages.values()];
  }

  /** What was received and shown at a site, in order. */
  received(id: DeskId): readonly string[] {
    return this.messages(id)
      .filter(({ direction }) => direction === 'received')
      .map(({ text }) => text);
  }

  session(id: DeskId): Session {
    const { session } = this.sites[id];
    if (!session) throw new Error(`${id} is not running`);
    return session;
  }

  level(id: DeskId): string {
    return this.session(id).view().line.level;
  }

  journal(id: DeskId): readonly string[] {
    return this.sites[id].news.flatMap((news) => (news.kind === 'journal' ? [news.text] : []));
  }

  /** A message that somebody puts on the line. */
  inject(to: DeskId, bytes: Uint8Array, afterMs = 0): void {
    this.#at(afterMs, () => void this.sites[to].session?.arrive(bytes).catch(() => undefined));
  }

  /** All keys of this table are gone, as after an alarm on the link. */
  poison(): void {
    this.#keys.clear();
  }

  #post(from: DeskId, bytes: Uint8Array): void {
    this.wire.push({ from, bytes: bytes.slice() });
    const copies = this.middle ? this.middle(bytes.slice(), from) : [bytes.slice()];
    for (const copy of copies) {
      if (this.dice.roll() < this.manners.loss) continue;
      const times = this.dice.roll() < this.manners.double ? 2 : 1;
      for (let i = 0; i < times; i++) {
        const arrived = copy.slice();
        const { delayMs, leastMs = 0 } = this.manners;
        this.#at(leastMs + this.dice.below(delayMs - leastMs), () => {
          void this.sites[other(from)].session?.arrive(arrived).catch(() => undefined);
        });
      }
    }
  }

  #at(ms: number, act: () => void): void {
    this.#due.push({ atMs: this.#trueMs + ms, order: this.#order++, act });
  }

  async #settle(): Promise<void> {
    for (;;) {
      await idle();
      const due = this.#due
        .filter(({ atMs }) => atMs <= this.#trueMs)
        .sort((a, b) => a.atMs - b.atMs || a.order - b.order);
      if (due.length === 0) return;
      for (const one of due) {
        this.#due.splice(this.#due.indexOf(one), 1);
        one.act();
        await idle();
      }
    }
  }

  #keysOf(id: DeskId, life: number): KeySource {
    const site = this.sites[id];
    const late = <T>(answer: () => T): Promise<T> =>
      new Promise((resolve, reject) => {
        this.#at(2, () => {
          if (site.life !== life) return;
          try {
            const value = answer();
            if (site.life === life) resolve(value);
          } catch (error) {
            if (site.life === life) reject(error);
          }
        });
      });
    return {
      draw: (bytesPerKey, count) => {
        const needBits = 8 * bytesPerKey * count;
        const { authenticationFloorBits } = this.policy;
        site.askedBits += needBits;
        site.knownBits -= needBits;
        if (site.knownBits < authenticationFloorBits) {
          this.overdrawn.push(`${id} took ${needBits} bits although it knew that ${authenticationFloorBits} must stay`);
        }
        return late(() => {
          site.askedBits -= needBits;
          if (!site.keys || site.poolBits < needBits) throw new Error('no key in stock');
          const take = (): void => {
            site.poolBits -= needBits;
          };
          if (!this.#survives(id, 'key', take)) throw new Error('it died');
          return Array.from({ length: count }, (): SessionKey => {
            const bytes = this.dice.bytes(bytesPerKey);
            const keyId = uuidOf(this.dice.bytes(16));
            this.#keys.set(keyId, { bytes: bytes.slice(), for: other(id) });
            this.keysDrawn.push(keyId);
            return { keyId, key: SecretBytes.adopt(bytes), provenance: 'direct' };
          });
        });
      },
      fetch: (keyIds) =>
        late(() => {
          const found = keyIds.map((keyId): SessionKey => {
            const known = this.#keys.get(keyId);
            if (known?.for !== id) throw new Error(`no key ${keyId}`);
            return { keyId, key: SecretBytes.adopt(known.bytes), provenance: 'direct' };
          });
          const take = (): void => {
            for (const keyId of keyIds) this.#keys.delete(keyId);
          };
          if (!this.#survives(id, 'key', take)) throw new Error('it died');
          return found;
        }),
    };
  }

  #shelfOf(id: DeskId, life: number): FileShelf {
    const { files } = this.sites[id];
    const alive = <T>(value: T): Promise<T> =>
      this.sites[id].life === life ? Promise.resolve(value) : new Promise<never>(() => undefined);
    return {
      read: (fileId, offset, bytes) => {
        const file = files.get(fileId);
        if (!file) return Promise.reject(new Error('the file is gone'));
        return alive({ plaintext: file.slice(offset, offset + bytes), fileBytes: file.length });
      },
      write: (fileId, offset, plaintext) => {
        const before = files.get(fileId) ?? new Uint8Array(0);
        const after = new Uint8Array(Math.max(before.length, offset + plaintext.length));
        after.set(before);
        after.set(plaintext, offset);
        if (this.sites[id].life === life) this.#survives(id, 'shelf', () => files.set(fileId, after));
        return alive(undefined);
      },
      digest: (fileId) =>
        alive(
          new Uint8Array(
            createHash('sha256')
              .update(files.get(fileId) ?? new Uint8Array(0))
              .digest(),
          ),
        ),
      deliver: () => alive(undefined),
      discard: (fileId) => {
        files.delete(fileId);
        return alive(undefined);
      },
      hashes: (fileId) => {
        const file = files.get(fileId);
        if (!file) return Promise.reject(new Error('the file is gone'));
        return alive(hashesOf(file));
      },
    };
  }
}

/** Made by chance, as its signatures are; nothing that happens depends on their bytes. */
const SIGNING = { [ALICE]: generateKeyPairSync('ml-dsa-65'), [BOB]: generateKeyPairSync('ml-dsa-65') };

const NAMES: Readonly<Record<DeskId, string>> = { [ALICE]: 'Alice', [BOB]: 'Bob' };

export function hashesOf(file: Uint8Array) {
  const pass = new FirstPass(file.length);
  pass.add(file);
  return pass.finish();
}

function uuidOf(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** Lets every promise that is settled be heard. */
async function idle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}
