import type { DeskFile } from '@skykey/telemetry';
import { memo, type RefObject, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { Icon } from '../../marks.tsx';
import type { Command } from '../api.ts';
import { FileCard } from '../files/file-card.tsx';
import { words } from '../words.ts';
import { Bubble } from './bubble.tsx';
import { Earlier } from './earlier.tsx';
import { useReading } from './reading.ts';
import { around, shown, stepEarlier, stepLater } from './shown.ts';
import type { Thread } from './thread.ts';
import { timeline } from './timeline.ts';

/** A message that was looked for. A new object is a new wish. */
export interface Target {
  readonly id: string;
}

/** What was said and sent, oldest first. */
export const Conversation = memo(function Conversation({
  thread,
  files,
  peerName,
  open,
  covered,
  target,
  command,
  onEarlier,
  onReuse,
}: {
  readonly thread: Thread;
  readonly files: readonly DeskFile[];
  readonly peerName: string;
  /** Texts may leave now. */
  readonly open: boolean;
  /** Something stands before it: it keeps its place and cannot be reached. */
  readonly covered: boolean;
  readonly target: Target | null;
  readonly command: Command;
  /** Fetches the page before the oldest message held. Resolves to a refusal, or to null. */
  readonly onEarlier: () => Promise<string | null>;
  readonly onReuse: (text: string) => void;
}) {
  const scroll = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLOListElement>(null);
  const rows = useMemo(() => timeline(thread, files), [thread, files]);
  /** The row from which on rows are drawn; null follows the end. */
  const [from, setFrom] = useState<string | null>(null);
  /** Earlier ones were fetched to be drawn. */
  const [wanted, setWanted] = useState(false);
  const { start, end } = shown(rows, from);
  const drawn = rows.slice(start, end);
  const first = drawn[0]?.key ?? null;
  const newest = rows.at(-1);
  const newestKey = newest?.key ?? null;
  const { onScroll, away, toEnd } = useReading(scroll, list, {
    firstKey: first,
    lastKey: drawn.at(-1)?.key ?? null,
    atEnd: end === rows.length,
  });
  const [seen, setSeen] = useState(newestKey);

  // biome-ignore lint/correctness/useExhaustiveDependencies: who looks back is not moved by what comes
  useEffect(() => {
    if (away) setFrom((before) => before ?? first);
  }, [away]);
  useEffect(() => {
    if (!away) setSeen(newestKey);
  }, [away, newestKey]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: at each new row; own words are shown wherever one was
  useLayoutEffect(() => {
    const own = newest?.kind === 'message' && newest.message.direction === 'sent';
    if (away && !own) return;
    setFrom(null);
    toEnd();
  }, [newestKey]);
  useEffect(() => {
    if (!wanted || start === 0) return;
    setWanted(false);
    setFrom(stepEarlier(rows, from));
  }, [wanted, start, rows, from]);
  useTarget(list, target, (id) => setFrom(around(rows, id)));

  const drawEarlier = async () => {
    if (start > 0) {
      setFrom(stepEarlier(rows, from));
      return null;
    }
    const refusal = await onEarlier();
    setWanted(refusal === null);
    return refusal;
  };
  const unseen = away ? rows.length - 1 - rows.findLastIndex(({ key }) => key === seen) : 0;
  return (
    <div className="conversation" inert={covered} data-covered={covered}>
      <div
        className="conversation-scroll"
        ref={scroll}
        role="log"
        aria-label={words.conversation.label(peerName)}
        // New words are told by the announcer; a page of earlier ones must not be read out.
        aria-live="off"
        data-testid="conversation"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
        tabIndex={0}
        onScroll={onScroll}
      >
        <div className="conversation-content">
          {rows.length === 0 ? (
            <div className="conversation-empty">
              <Icon name="lock" />
              <p className="conversation-empty-title">{words.conversation.emptyTitle(peerName)}</p>
              <p>{open ? words.conversation.emptyOpen : words.conversation.emptyLocked}</p>
            </div>
          ) : (
            <>
              <Earlier
                more={start > 0 || thread.earlier}
                onEarlier={drawEarlier}
                onEnd={() => scroll.current?.focus()}
              />
              <ol className="rows" ref={list}>
                {drawn.map((row, i) => (
                  <li key={row.key} className="row" data-kind={row.kind}>
                    {(row.day !== null || i === 0) && (
                      <p className="day" title={words.clock}>
                        {words.conversation.day(row.day ?? row.date)}
                      </p>
                    )}
                    {row.kind === 'message' ? (
                      <Bubble message={row.message} continues={row.continues && i > 0} onReuse={onReuse} />
                    ) : (
                      <FileCard file={row.file} peerName={peerName} command={command} />
                    )}
                  </li>
                ))}
              </ol>
              {end < rows.length && (
                <p className="later">
                  <button type="button" className="button" onClick={() => setFrom(stepLater(rows, from))}>
                    {words.conversation.later}
                  </button>
                </p>
              )}
            </>
          )}
        </div>
      </div>
      {away && (
        <button
          type="button"
          className="button to-newest"
          data-testid="to-newest"
          onClick={() => {
            setFrom(null);
            toEnd();
            scroll.current?.focus();
          }}
        >
          <Icon name="down" />
          {unseen > 0 && seen !== null ? words.conversation.newestCount(unseen) : words.conversation.newest}
        </button>
      )}
    </div>
  );
});

/** Goes to the message that was looked for, once it is drawn. */
function useTarget(list: RefObject<HTMLElement | null>, target: Target | null, draw: (id: string) => void): void {
  const reached = useRef<Target | null>(null);
  useLayoutEffect(() => {
    if (target === null || target === reached.current) return;
    const found = list.current?.querySelector<HTMLElement>(`[data-message-id="${CSS.escape(target.id)}"]`);
    if (!found) {
      draw(target.id);
      return;
    }
    reached.current = target;
    found.scrollIntoView({ block: 'center' });
    found.focus({ preventScroll: true });
  });
}
