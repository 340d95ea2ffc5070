import type { DeskFile } from '@skykey/telemetry';
import { memo, useEffect, useMemo, useRef, useState } from 'react';
import { Icon } from '../../marks.tsx';
import type { Command } from '../api.ts';
import { FileCard } from '../files/file-card.tsx';
import { Sign } from '../signs.tsx';
import { words } from '../words.ts';
import { Bubble } from './bubble.tsx';
import { useReading } from './reading.ts';
import type { Thread } from './thread.ts';
import { timeline } from './timeline.ts';

/** A message that was looked for. A new object is a new wish. */
export interface Target {
  readonly id: string;
}

/** What was said and sent, oldest first. Earlier pages come when they are asked for. */
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
  /** Resolves to a refusal, or to null. */
  readonly onEarlier: () => Promise<string | null>;
  readonly onReuse: (text: string) => void;
}) {
  const scroll = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => timeline(thread, files), [thread, files]);
  const last = rows.at(-1);
  const ownLast = last?.kind === 'message' && last.message.direction === 'sent';
  const { onScroll, away, seen, toEnd } = useReading(scroll, content, {
    firstKey: rows[0]?.key ?? null,
    lastKey: last?.key ?? null,
    ownLast,
  });

  useEffect(() => {
    if (target === null) return;
    const found = scroll.current?.querySelector<HTMLElement>(`[data-message-id="${CSS.escape(target.id)}"]`);
    found?.scrollIntoView({ block: 'center' });
    found?.focus({ preventScroll: true });
  }, [target]);

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
        <div className="conversation-content" ref={content}>
          {rows.length === 0 ? (
            <div className="conversation-empty">
              <Icon name="lock" />
              <p className="conversation-empty-title">{words.conversation.emptyTitle(peerName)}</p>
              <p>{open ? words.conversation.emptyOpen : words.conversation.emptyLocked}</p>
            </div>
          ) : (
            <>
              <Earlier more={thread.earlier} onEarlier={onEarlier} onEnd={() => scroll.current?.focus()} />
              <ol className="rows">
                {rows.map((row) => (
                  <li key={row.key} className="row" data-kind={row.kind}>
                    {row.day !== null && <p className="day">{words.conversation.day(row.day)}</p>}
                    {row.kind === 'message' ? (
                      <Bubble message={row.message} continues={row.continues} onReuse={onReuse} />
                    ) : (
                      <FileCard file={row.file} peerName={peerName} command={command} />
                    )}
                  </li>
                ))}
              </ol>
            </>
          )}
        </div>
      </div>
      {away && (
        <button type="button" className="button to-newest" data-testid="to-newest" onClick={toEnd}>
          <Sign name="down" />
          {unseen > 0 && seen !== null ? words.conversation.newestCount(unseen) : words.conversation.newest}
        </button>
      )}
    </div>
  );
});

function Earlier({
  more,
  onEarlier,
  onEnd,
}: {
  readonly more: boolean;
  readonly onEarlier: () => Promise<string | null>;
  /** The button is gone with the last page; who pressed it must not lose the place. */
  readonly onEnd: () => void;
}) {
  const [loading, setLoading] = useState(false);
  const [refusal, setRefusal] = useState<string | null>(null);
  const pressed = useRef(false);
  useEffect(() => {
    if (more || !pressed.current) return;
    pressed.current = false;
    onEnd();
  }, [more, onEnd]);
  if (!more) return <p className="earlier">{words.conversation.beginning}</p>;
  const load = async () => {
    if (loading) return;
    pressed.current = true;
    setLoading(true);
    setRefusal(await onEarlier());
    setLoading(false);
  };
  return (
    <div className="earlier">
      <button type="button" className="button" aria-busy={loading} data-testid="earlier" onClick={() => void load()}>
        {loading ? words.conversation.earlierLoading : words.conversation.earlier}
      </button>
      {refusal !== null && (
        <p role="alert" dir="auto">
          {refusal}
        </p>
      )}
    </div>
  );
}
