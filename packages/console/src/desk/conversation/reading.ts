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
  }: {
    /** Keys of the rows drawn first and last. */
    readonly firstKey: string | null;
    readonly lastKey: string | null;
    /** The last row drawn is the last there is. */
    readonly atEnd: boolean;
  },
): Reading {
  const [away, setAway] = useState(false);
  const nearEnd = useRef(true);
  const held = useRef<Held | null>(null);
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
    nearEnd.current = true;
    setAway(false);
    scroll.current.scrollTop = scroll.current.scrollHeight;
  }, [scroll]);

  const settle = useCallback(
    (by: 'top' | 'bottom') => {
      const element = scroll.current;
      if (element === null) return;
      if (nearEnd.current) {
        element.scrollTop = element.scrollHeight;
      } else if (held.current?.row.isConnected) {
        const { row } = held.current;
        element.scrollTop += measure(row, element)[by] - held.current[by];
        held.current = measure(row, element);
      }
    },
    [scroll],
  );

  // Rows come or go. By its lower edge: a row loses its name and its day when one of the same kind comes before it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: at each change of what is drawn
  useLayoutEffect(() => settle('bottom'), [firstKey, lastKey, settle]);

  // The room may change (a keyboard opens), and so may a row (a file is done). By its upper edge: what opens, opens down.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the list is another element once there is a first row
  useLayoutEffect(() => {
    if (scroll.current === null) return;
    const observer = new ResizeObserver(() => settle('top'));
    observer.observe(scroll.current);
    if (list.current !== null) observer.observe(list.current);
    return () => observer.disconnect();
  }, [scroll, list, settle, firstKey === null]);

  return { onScroll, away, toEnd };
}

/** The row that is read, and how far below the upper edge of the room it begins and ends. */
interface Held {
  readonly row: Element;
  readonly top: number;
  readonly bottom: number;
}

function measure(row: Element, scroll: Element): Held {
  const edge = scroll.getBoundingClientRect().top;
  const { top, bottom } = row.getBoundingClientRect();
  return { row, top: top - edge, bottom: bottom - edge };
}

/** The first row whose end is in sight, found by halving: rows stand one below the other. */
function rowRead(scroll: Element, list: Element | null): Held | null {
  const rows = list?.children;
  if (rows === undefined || rows.length === 0) return null;
  let low = 0;
  let high = rows.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (measure(rows[middle]!, scroll).bottom > 0) high = middle;
    else low = middle + 1;
  }
  return measure(rows[low]!, scroll);
}
