import type { ExpectedCounts, LinkModel, Setting } from './link-model.ts';
import { climb } from './nelder-mead.ts';
import type { SettingSpace } from './setting-space.ts';

/**
 * The highest point of a key length over all settings and windows.
 *
 * The length is a function of some five numbers with cliffs (where a bound on single photons reaches 0) and plains behind
 * them. A search that begins on a plain ends there, and reports no key where there is some. So a search here begins at the
 * best of many points spread over all settings and several windows, climbs from more than one of them, and walks through the
 * windows, each begun where the last one ended. A zero is not believed: it is searched again from more points, and from the
 * side of larger blocks, where there is key, down to the size that was asked for. What is then still zero is returned with
 * the size from which on there would be key.
 */

/** What a proof grants for expected counts. */
export interface Judgement {
  /** Length before floor and clip at zero. */
  readonly bits: number;
  /** False where a bound has collapsed, so that `bits` does not say in which direction key would be found. */
  readonly informative: boolean;
}

export type Judge = (counts: ExpectedCounts, setting: Setting) => Judgement;

/** How much is tried before a result is believed. */
export interface Effort {
  /** Of how many points the best are climbed from, and of how many when a zero is searched again. */
  readonly points: readonly [number, number];
  readonly climbs: readonly [number, number];
  /** First step through the windows, as a share of them. */
  readonly windowStep: number;
  /** Times that the summit is climbed anew, most evaluations of each. */
  readonly rounds: number;
  readonly evaluations: number;
  /** Accuracy of `keyFromBlocks`, decimal logarithm. */
  readonly accuracy: number;
}

/** For proofs that answer in microseconds. */
export const THOROUGH: Effort = {
  points: [48, 400],
  climbs: [3, 8],
  windowStep: 1 / 6,
  rounds: 8,
  evaluations: 500,
  accuracy: 0.005,
};
/** For slower ones, that begin where a faster one ended. */
export const SPARING: Effort = {
  points: [6, 40],
  climbs: [1, 3],
  windowStep: 1 / 24,
  rounds: 3,
  evaluations: 200,
  accuracy: 0.02,
};

/** Shares of the pass at which the first points are tried. */
const WINDOW_SHARES = [0.15, 0.4, 0.7, 1] as const;
/** Decimal logarithm of the largest block, in blocks as asked. */
const LARGEST = 8;
const BLOCK_STEP = 0.5;

interface Place {
  readonly x: Float64Array;
  readonly window: number;
  readonly height: number;
}

export interface Found {
  readonly setting: Setting;
  readonly window: number;
  /** Times that the proof was asked. */
  readonly evaluations: number;
  /** 1 where there is key; else how many times the pulses would bring some, null if neither 1e8 times as many nor 1e12 detections do. */
  readonly keyFromBlocks: number | null;
}

/** Where to begin as well: a setting, in a window (several, where none is named), and a size of block with key. */
export interface Begin {
  readonly setting: Setting;
  readonly window?: number;
  readonly blocks?: number;
}

export function highest(
  model: LinkModel,
  space: SettingSpace,
  judge: Judge,
  effort: Effort,
  begin: readonly Begin[] = [],
): Found {
  const search = new Search(model, space, judge, effort);
  const begun = begin.map(({ setting, window }) => search.best(space.point(setting), window));
  const [points, pointsAgain] = effort.points;
  const [climbs, climbsAgain] = effort.climbs;
  let best = search.summit([...begun, ...search.spread(points)], climbs);
  let keyFromBlocks: number | null = 1;
  if (!hasKey(best)) best = higher(best, search.summit(search.spread(pointsAgain), climbsAgain));
  if (!hasKey(best)) {
    const approached = approach(search, begin);
    keyFromBlocks = approached.blocks;
    best = approached.place ?? best;
  }
  // Where nothing can be said, any setting is as good as another.
  const { x, window } = best ?? { x: space.spread(0), window: model.windows - 1 };
  return { setting: space.setting(x)!, window, evaluations: search.evaluations, keyFromBlocks };
}

const hasKey = (place: Place | null): place is Place => place !== null && place.height >= 1;

function higher(a: Place | null, b: Place | null): Place | null {
  return a === null || (b !== null && b.height > a.height) ? b : a;
}

/** Down from blocks so large that there is key, each begun where the last one ended, as far as there is some. */
function approach(
  search: Search,
  begin: readonly Begin[],
): { readonly blocks: number | null; readonly place: Place | null } {
  const { effort } = search;
  const at = (logBlocks: number, from: readonly Place[]): Place | null => {
    search.blocks = 10 ** logBlocks;
    const begun = from.map(({ x, window }) => search.best(x, window));
    return search.summit([...begun, ...search.spread(effort.points[0])], effort.climbs[0]);
  };
  try {
    const largest = Math.min(LARGEST, Math.log10(search.model.mostBlocks));
    const named = begin.flatMap(({ setting, window, blocks }) =>
      window === undefined || blocks === undefined ? [] : { x: search.space.point(setting), window, blocks, height: 0 },
    );
    let withKey = largest;
    let place: Place | null = null;
    for (const one of named) {
      const near = Math.min(largest, Math.log10(one.blocks) + BLOCK_STEP);
      const found = at(near, [one]);
      if (hasKey(found) && near < withKey) [withKey, place] = [near, found];
    }
    place ??= at(largest, named);
    if (largest <= 0 || !hasKey(place)) return { blocks: null, place: null };
    for (let step = BLOCK_STEP; withKey > 0 && step > effort.accuracy; ) {
      const next = Math.max(0, withKey - step);
      const found = at(next, [place]);
      if (hasKey(found)) {
        place = found;
        withKey = next;
      } else step /= 2;
    }
    if (withKey === 0) return { blocks: 1, place };
    const here = at(0, [place]);
    // Where there is no key, the setting that is nearest to some.
    return hasKey(here) ? { blocks: 1, place: here } : { blocks: 10 ** withKey, place };
  } finally {
    search.blocks = 1;
  }
}

class Search {
  readonly model: LinkModel;
  readonly space: SettingSpace;
  readonly effort: Effort;
  readonly #judge: Judge;
  /** Size of the block, in blocks as asked. */
  blocks = 1;
  evaluations = 0;

  constructor(model: LinkModel, space: SettingSpace, judge: Judge, effort: Effort) {
    this.model = model;
    this.effort = effort;
    this.space = space;
    this.#judge = judge;
  }

  #height(x: Float64Array, window: number): number {
    const setting = this.space.setting(x);
    if (setting === null) return Number.NEGATIVE_INFINITY;
    this.evaluations++;
    const { bits, informative } = this.#judge(this.model.counts(window, setting, this.blocks), setting);
    return informative ? bits : Number.NEGATIVE_INFINITY;
  }

  #place(x: Float64Array, window: number): Place {
    return { x, window, height: this.#height(x, window) };
  }

  /** A setting in that window, or in the best of several. */
  best(x: Float64Array, window?: number): Place {
    const { windows } = this.model;
    const tried =
      window === undefined
        ? new Set(WINDOW_SHARES.map((share) => Math.max(0, Math.round(share * windows) - 1)))
        : [window];
    return [...tried].map((one) => this.#place(x, one)).reduce((a, b) => (b.height > a.height ? b : a));
  }

  /** So many points all over. */
  spread(points: number): Place[] {
    return Array.from({ length: points }, (_, i) => this.best(this.space.spread(i)));
  }

  /** The highest point that is found from the best of these; null where none of them says anything. */
  summit(places: readonly Place[], climbs: number): Place | null {
    const begun = places
      .filter(({ height }) => height > Number.NEGATIVE_INFINITY)
      .sort((a, b) => b.height - a.height)
      .slice(0, climbs)
      .map((place) => this.#climb(place, 'coarse'));
    if (begun.length === 0) return null;
    const highest = begun.reduce((a, b) => (b.height > a.height ? b : a));
    return this.#refine(this.#walk(highest));
  }

  #climb(from: Place, how: keyof typeof CLIMB): Place {
    const { step, tolerance, evaluations } = CLIMB[how];
    const { x, height } = climb((y) => this.#height(y, from.window), {
      start: from.x,
      step,
      widthTolerance: Math.sqrt(tolerance),
      heightTolerance: Math.max(0.01, tolerance * Math.abs(from.height)),
      evaluations: Math.min(evaluations, this.effort.evaluations),
    });
    return height > from.height ? { x, window: from.window, height } : from;
  }

  /** To the best window, in steps that are halved, each begun from the setting of the best so far. */
  #walk(from: Place): Place {
    let best = from;
    for (
      let step = Math.ceil(this.model.windows * this.effort.windowStep);
      this.model.windows > 1 && step >= 1;
      step = Math.floor(step / 2)
    ) {
      for (const direction of [-step, step]) {
        for (;;) {
          const window = best.window + direction;
          if (window < 0 || window >= this.model.windows) break;
          const next = this.#climb(this.#place(best.x, window), 'warm');
          if (!(next.height > best.height)) break;
          best = next;
        }
      }
    }
    return best;
  }

  /** As high as it goes, with the windows beside: a simplex that came to rest at a kink is spread again, wide and narrow. */
  #refine(from: Place): Place {
    let best = from;
    for (let round = 0; round < this.effort.rounds; round++) {
      const before = best.height;
      best = this.#climb(this.#climb(best, 'wide'), 'fine');
      for (const window of [best.window - 1, best.window + 1]) {
        if (window < 0 || window >= this.model.windows) continue;
        const beside = this.#climb(this.#place(best.x, window), 'fine');
        if (beside.height > best.height) best = beside;
      }
      if (best.height - before <= Math.max(0.1, 1e-7 * best.height)) break;
    }
    return best;
  }
}

const CLIMB = {
  coarse: { step: 0.4, tolerance: 1e-5, evaluations: 300 },
  warm: { step: 0.1, tolerance: 1e-6, evaluations: 120 },
  wide: { step: 0.5, tolerance: 1e-8, evaluations: 400 },
  fine: { step: 0.05, tolerance: 1e-10, evaluations: 500 },
} as const;
