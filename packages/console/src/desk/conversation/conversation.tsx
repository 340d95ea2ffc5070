import type { DeskFile } from '@skykey/telemetry';
import { memo, useEffect, useMemo, useRef, useState } from 'react';
import { Icon } from '../../marks.tsx';
import type { Command } from '../api.ts';
import { FileCard } from '../files/file-card.tsx';
import { Sign } from '../signs.tsx';
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
  const { start, end } = shown(rows, from);
  const drawn = rows.slice(start, end);
  const last = rows.at(-1);
  const { onScroll, away, toEnd } = useReading(scroll, list, {
    firstKey: drawn[0]?.key ?? null,
    lastKey: drawn.at(-1)?.key ?? null,
    atEnd: end === rows.length,
    ownLast: last?.kind === 'message' && last.message.direction === 'sent',
  });
  const lastSeen = useLastSeen(away, last?.key ?? null);

  // Who looks back is not to be moved by what comes; who is back at the end follows it again.
  const firstDrawn = drawn[0]?.key ?? null;
  useEffect(() => setFrom((before) => (away ? (before ?? firstDrawn) : null)), [away, firstDrawn]);

  useEffect(() => {
    if (target !== null) setFrom(around(rowsNow.current, target.id));
  }, [target]);
  const rowsNow = useRef(rows);
  rowsNow.current = rows;
  useTarget(scroll, target, drawn.length > 0 && from !== null);

  const unseen = rows.length - 1 - rows.findLastIndex(({ key }) => key === lastSeen);
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
      </div>
    </div>
  );
});
