import { type RefObject, useCallback, useLayoutEffect, useRef, useState } from 'react';

/** Farther than this from the end, a reader is looking back, and new words do not pull the page away. */
const NEAR_END_PX = 120;

export interface Reading {
  readonly onScroll: () => void;
  /** The reader looks back. */
  readonly away: boolean;
  /** Key of the newest row that was seen; null while none was. */
  readonly seen: string | null;
  readonly toEnd: () => void;
}

/**
 * Where a reader stands in a list that grows at both ends: at the end it follows what is new; looking back, what is read
 * stays where it is, also when earlier rows come before it.
 */
export function useReading(
  scroll: RefObject<HTMLElement | null>,
  content: RefObject<HTMLElement | null>,
  { firstKey, lastKey, ownLast }: { firstKey: string | null; lastKey: string | null; ownLast: boolean },
): Reading {
  const [away, setAway] = useState(false);
  const [seen, setSeen] = useState<string | null>(lastKey);
  const nearEnd = useRef(true);
  const fromEnd = useRef(0);
  const lastShown = useRef(lastKey);
  lastShown.current = lastKey;

  const onScroll = useCallback(() => {
    const element = scroll.current;
    if (element === null) return;
    fromEnd.current = element.scrollHeight - element.scrollTop;
    nearEnd.current = fromEnd.current - element.clientHeight < NEAR_END_PX;
    setAway(!nearEnd.current);
    if (nearEnd.current) setSeen(lastShown.current);
  }, [scroll]);

  const toEnd = useCallback(() => {
    if (scroll.current === null) return;
    scroll.current.scrollTop = scroll.current.scrollHeight;
    onScroll();
  }, [scroll, onScroll]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: rows that came before must not move what is read
  useLayoutEffect(() => {
    const element = scroll.current;
    if (element === null || nearEnd.current) return;
    element.scrollTop = element.scrollHeight - fromEnd.current;
  }, [firstKey]);

  useLayoutEffect(() => {
    if (lastKey === null) return;
    if (nearEnd.current || ownLast) toEnd();
  }, [lastKey, ownLast, toEnd]);

  // The room may change (a keyboard opens), and so may a row (a file is done, or it is drawn for the first time): the
  // end stays in sight, or the place is measured anew.
  useLayoutEffect(() => {
    if (scroll.current === null || content.current === null) return;
    const observer = new ResizeObserver(() => {
      if (nearEnd.current) toEnd();
      else onScroll();
    });
    observer.observe(scroll.current);
    observer.observe(content.current);
    return () => observer.disconnect();
  }, [scroll, content, toEnd, onScroll]);

  return { onScroll, away, seen, toEnd };
}
