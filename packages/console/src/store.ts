import { useSyncExternalStore } from 'react';

/**
 * The newest value of something that changes faster than people read. Drawings (`watch`) hear every change; React
 * (`view`, through `useStore`) sees at most one every `intervalMs`.
 */
export class Store<T> {
  readonly #intervalMs: number;
  readonly #watchers = new Set<() => void>();
  readonly #viewers = new Set<() => void>();
  #latest: T;
  #shown: T;
  #shownMs = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(initial: T, intervalMs: number) {
    this.#latest = initial;
    this.#shown = initial;
    this.#intervalMs = intervalMs;
  }

  get latest(): T {
    return this.#latest;
  }

  update(change: (before: T) => T): void {
    const after = change(this.#latest);
    if (after === this.#latest) return;
    this.#latest = after;
    for (const watcher of this.#watchers) watcher();
    this.#timer ??= setTimeout(this.#show, Math.max(0, this.#shownMs + this.#intervalMs - performance.now()));
  }

  /** Calls back on every change; returns the way out. */
  readonly watch = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  readonly view = (viewer: () => void): (() => void) => {
    this.#viewers.add(viewer);
    return () => this.#viewers.delete(viewer);
  };

  readonly shown = (): T => this.#shown;

  readonly #show = (): void => {
    this.#timer = null;
    this.#shownMs = performance.now();
    this.#shown = this.#latest;
    for (const viewer of this.#viewers) viewer();
  };
}

/** The value a view shows: at most one render for each interval of the store. */
export function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(store.view, store.shown);
}
