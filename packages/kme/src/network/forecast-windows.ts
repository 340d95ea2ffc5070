/** When a node that is not always in touch can say something: a satellite over a station, or over its control segment. */
import { KmeError } from '../error.ts';

export interface TalkWindow {
  readonly startMs: number;
  /** Included. */
  readonly endMs: number;
}

/** Windows of one node, in order and without overlap. */
export class TalkWindows {
  readonly #windows: readonly TalkWindow[];

  /** Throws KmeError `kme/argument` for a window that ends before it starts. */
  constructor(node: string, windows: readonly TalkWindow[]) {
    const joined: TalkWindow[] = [];
    for (const window of [...windows].sort((a, b) => a.startMs - b.startMs)) {
      const { startMs, endMs } = window;
      if (!(startMs <= endMs)) {
        throw new KmeError(
          'kme/argument',
          `a window of ${node} lasts from ${startMs} to ${endMs}; it must start before it ends`,
        );
      }
      const last = joined.at(-1);
      if (last && startMs <= last.endMs) joined[joined.length - 1] = { ...last, endMs: Math.max(last.endMs, endMs) };
      else joined.push(window);
    }
    this.#windows = joined;
  }

  get starts(): readonly number[] {
    return this.#windows.map(({ startMs }) => startMs);
  }

  /** The last moment up to `byMs` at which it could talk; minus infinity when there was none. */
  last(byMs: number): number {
    let low = 0;
    let high = this.#windows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#windows[middle]!.startMs <= byMs) low = middle + 1;
      else high = middle;
    }
    const window = this.#windows[low - 1];
    return window ? Math.min(byMs, window.endMs) : Number.NEGATIVE_INFINITY;
  }
}
