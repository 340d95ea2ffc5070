/**
 * How many keys to assign beyond those asked for, so that the next requests of a busy pair need no round trip to the
 * other site: as TCP opens its window, twice as many each time that the keys set aside are used up soon, none when
 * somebody asks now and then. One request of a pair at a time sets keys aside: a hundred that wait together need them once.
 */
const FIRST = 4;
const MOST = 256;
/** Keys set aside that lasted longer than this were not needed so soon. */
const SOON_MS = 5_000;
/** Pairs remembered; the one that asked longest ago is forgotten first. */
const MAX_PAIRS = 4_096;

export class Ahead {
  readonly #now: () => number;
  readonly #pairs = new Map<string, { askedMs: number; count: number }>();
  readonly #underWay = new Set<string>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** To be called when there were not enough keys set aside, and `done` when those of this call are there or are not. */
  next(
    master: string,
    slave: string,
    bytes: number,
  ): { readonly count: number; readonly done: (worked: boolean) => void } {
    const name = JSON.stringify([master, slave, bytes]);
    if (this.#underWay.has(name)) return { count: 0, done: () => undefined };
    const now = this.#now();
    const known = this.#pairs.get(name);
    const soon = known !== undefined && now - known.askedMs < SOON_MS;
    const count = soon ? Math.min(MOST, Math.max(FIRST, known.count * 2)) : 0;
    this.#pairs.delete(name);
    this.#pairs.set(name, { askedMs: now, count });
    if (this.#pairs.size > MAX_PAIRS) this.#pairs.delete(this.#pairs.keys().next().value!);
    this.#underWay.add(name);
    return {
      count,
      done: (worked) => {
        this.#underWay.delete(name);
        // What failed says nothing of how soon keys are used up.
        if (!worked && known) this.#pairs.set(name, known);
        else if (!worked) this.#pairs.delete(name);
      },
    };
  }
}
