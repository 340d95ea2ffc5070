import type { JournalEntry } from '@skykey/telemetry';
import { useRef, useState } from 'react';
import { utcInstant, utcTime } from '../format.ts';
import { Icon } from '../marks.tsx';
import type { Observed } from '../observed.ts';
import { type Store, useStore } from '../store.ts';
import { words } from '../words.ts';
import { type Line, merged } from './lines.ts';

/** What happened, told by every process, newest first. It holds still while somebody points at it or reads in it. */
export function Journal({ store }: { readonly store: Store<Observed> }) {
  const lines = merged(useStore(store));
  const [reading, setReading] = useState(false);
  const held = useRef(lines);
  if (!reading) held.current = lines;
  return (
    <section className="panel journal" aria-labelledby="journal-title">
      <header className="panel-head">
        <h3 id="journal-title">{words.journal.title}</h3>
        {reading && <span className="chip">{words.journal.held}</span>}
      </header>
      <div
        className="journal-scroll"
        role="log"
        aria-label={words.journal.label}
        data-testid="journal"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
        tabIndex={0}
        onMouseEnter={() => setReading(true)}
        onMouseLeave={() => setReading(false)}
        onFocus={() => setReading(true)}
        onBlur={() => setReading(false)}
      >
        {held.current.length === 0 ? (
          <p className="empty">{words.journal.empty}</p>
        ) : (
          <ul>
            {held.current.map((line) => (
              <JournalLine key={line.id} line={line} />
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}

function JournalLine({ line }: { readonly line: Line }) {
  return (
    <li data-severity={line.severity}>
      <time dateTime={utcInstant(line.utcMs)}>{utcTime(line.utcMs)}</time>
      <span className="journal-source">{line.source}</span>
      <span className="journal-text">
        <Severity of={line.severity} /> {line.text}
      </span>
    </li>
  );
}

function Severity({ of }: { readonly of: JournalEntry['severity'] }) {
  if (of === 'info') return <span className="visually-hidden">{words.journal.severity.info}:</span>;
  return (
    <strong className="journal-severity">
      <Icon name="alarm" />
      {words.journal.severity[of]}
    </strong>
  );
}
