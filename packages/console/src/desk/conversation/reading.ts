import { type RefObject, useCallback, useLayoutEffect, useRef, useState } from 'react';

/** Farther than this from the end, a reader is looking back, and new words do not pull the page away. */
const NEAR_END_PX = 120;

export interface Reading {
  readonly onScroll: () => void;
  /** The reader looks back. */
  readonly away: boolean;
  readonly toEnd: () => void;
}

/**
 * Where a reader stands in a list that grows and is cut at both ends: at the end it follows what is new; looking back,
 * what is read stays where it is, whatever comes or goes around it. Rows are the children of `list`.
 */
export function useReading(
  scroll: RefObject<HTMLElement | null>,
  list: RefObject<HTMLElement | null>,
  {
    firstKey,
    lastKey,
    atEnd,
    ownLast,
  }: {
    /** Keys of the rows drawn first and last. */
    readonly firstKey: string | null;
    readonly lastKey: string | null;
    /** The last row drawn is the last there is. */
    readonly atEnd: boolean;
    /** The reader wrote it: it is shown, wherever the reader was. */
    readonly ownLast: boolean;
  },
): Reading {
  const [away, setAway] = useState(false);
  const nearEnd = useRef(true);
  /** The row that is read, and how far below the upper edge it stands. */
  const held = useRef<{ readonly row: Element; readonly offset: number } | null>(null);
  const ends = useRef(atEnd);
  ends.current = atEnd;

  const onScroll = useCallback(() => {
    const element = scroll.current;
    if (element === null) return;
    nearEnd.current = ends.current && element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END_PX;
    held.current = rowRead(element, list.current);
    setAway(!nearEnd.current);
  }, [scroll, list]);

  const toEnd = useCallback(() => {
    if (scroll.current === null) return;
    scroll.current.scrollTop = scroll.current.scrollHeight;
    onScroll();
  }, [scroll, onScroll]);

  const settle = useCallback(() => {
    const element = scroll.current;
    if (element === null) return;
    if (nearEnd.current) toEnd();
    else if (held.current?.row.isConnected) {
      const { row, offset } = held.current;
      element.scrollTop += row.getBoundingClientRect().top - element.getBoundingClientRect().top - offset;
    }
  }, [scroll, toEnd]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: rows that come or go must not move what is read
  useLayoutEffect(settle, [firstKey, lastKey, settle]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: at each new last row
  useLayoutEffect(() => {
    if (ownLast && atEnd) toEnd();
  }, [lastKey, ownLast]);

  // The room may change (a keyboard opens), and so may a row (a file is done).
  useLayoutEffect(() => {
    if (scroll.current === null || list.current === null) return;
    const observer = new ResizeObserver(settle);
    observer.observe(scroll.current);
    observer.observe(list.current);
    return () => observer.disconnect();
  }, [scroll, list, settle]);

  return { onScroll, away, toEnd };
}

/** The first row whose end is in sight, found by halving: rows stand one below the other. */
function rowRead(scroll: HTMLElement, list: HTMLElement | null): { row: Element; offset: number } | null {
  const rows = list?.children;
  if (rows === undefined || rows.length === 0) return null;
  const top = scroll.getBoundingClientRect().top;
  let low = 0;
  let high = rows.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle]!.getBoundingClientRect().bottom > top) high = middle;
    else low = middle + 1;
  }
  const row = rows[low]!;
  return { row, offset: row.getBoundingClientRect().top - top };
}
