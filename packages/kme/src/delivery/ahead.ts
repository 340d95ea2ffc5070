/**
 * How many keys to assign beyond those asked for, so that the next requests of a busy pair need no round trip to the
 * other site: as TCP opens its window, twice as many each time that the keys set aside are used up soon, none when
 * somebody asks now and then. One request of a pair at a time sets keys aside: a hundred that wait together need them once.
 *
 * What is set aside is for one pair: its place in the lane is spent at both ends, and what is void is burned, so it cannot be
 * given back when another pair runs short. Hence the limits: of each way an eighth of what is left, of the quota too, and
 * nothing for a pair that does not ask again soon. What a pair leaves is lost after half the time in which a key must be fetched.
 */
const FIRST = 4;
const MOST = 256;
/** A pair that uses so many gets the next ones while half are left: nobody waits for them. */
const BUSY = 64;
/** Keys set aside that lasted longer than this were not needed so soon. */
const SOON_MS = 5_000;
/** Pairs remembered; the one that asked longest ago is forgotten first. */
const MAX_PAIRS = 4_096;

interface Pair {
  readonly askedMs: number;
  readonly count: number;
  /** Of those that this process had set aside; others may have taken some. */
  left: number;
}

export class Ahead {
  readonly #now: () => number;
  readonly #pairs = new Map<string, Pair>();
  readonly #underWay = new Map<string, PromiseWithResolvers<void>>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** So many of those set aside were given out. Whether it is time for `next`, although there are some. */
  used(master: string, slave: string, bytes: number, keys: number): boolean {
    const name = nameOf(master, slave, bytes);
    const pair = this.#pairs.get(name);
    if (!pair) return false;
    pair.left -= keys;
    return pair.count >= BUSY && pair.left > 0 && pair.left <= pair.count / 2 && !this.#underWay.has(name);
  }

  /** Resolves when the keys that this process is setting aside for a pair are there, or are not. */
  async settled(master: string, slave: string, bytes: number): Promise<void> {
    await this.#underWay.get(nameOf(master, slave, bytes))?.promise;
  }

  /**
   * To be called when there were not enough keys set aside, or `sooner` when `used` said so; and `done` when those of this
   * call are there, so many, or are not.
   */
  next(
    master: string,
    slave: string,
    bytes: number,
    sooner = false,
  ): { readonly count: number; readonly done: (worked: boolean, keys?: number) => void } {
    const name = nameOf(master, slave, bytes);
    if (this.#underWay.has(name)) return { count: 0, done: () => undefined };
    const now = this.#now();
    const known = this.#pairs.get(name);
    const soon = known !== undefined && now - known.askedMs < SOON_MS;
    const count = soon ? Math.min(MOST, Math.max(FIRST, known.count * 2)) : 0;
    this.#pairs.delete(name);
    this.#pairs.set(name, { askedMs: now, count, left: sooner && known ? known.left : 0 });
    if (this.#pairs.size > MAX_PAIRS) this.#pairs.delete(this.#pairs.keys().next().value!);
    this.#underWay.set(name, Promise.withResolvers());
    return {
      count,
      done: (worked, keys = count) => {
        this.#underWay.get(name)?.resolve();
        this.#underWay.delete(name);
        const pair = this.#pairs.get(name);
        if (worked && pair) pair.left += keys;
        // What failed says nothing of how soon keys are used up; whoever finds none is the next to try.
        if (!worked && known) this.#pairs.set(name, { ...known, left: 0 });
        else if (!worked) this.#pairs.delete(name);
      },
    };
  }
}

const nameOf = (master: string, slave: string, bytes: number): string => JSON.stringify([master, slave, bytes]);
