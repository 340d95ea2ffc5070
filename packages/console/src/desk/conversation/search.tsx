import type { DeskMessage } from '@skykey/telemetry';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { utcDate, utcInstant, utcMinute } from '../../format.ts';
import { Icon } from '../../marks.tsx';
import type { Api } from '../api.ts';
import { messagesOf } from '../live.ts';
import { words } from '../words.ts';
import { excerpt, highlight } from './highlight.ts';

/** A pause in typing after which the desk is asked, ms. */
const PAUSE_MS = 220;
/** The desk finds at most so many at once, the newest. */
const MOST_FOUND = 200;

type Found =
  | { readonly state: 'nothing-asked' }
  | { readonly state: 'searching' }
  | { readonly state: 'found'; readonly query: string; readonly messages: readonly DeskMessage[] }
  | { readonly state: 'refused'; readonly reason: string };

/** Looks for words in everything the desk keeps. Stands before the conversation; Escape leads back. */
export function Search({
  api,
  onGo,
  onClose,
}: {
  readonly api: Api;
  /** Goes to a message; false when it is not kept any more. */
  readonly onGo: (id: string) => Promise<boolean>;
  readonly onClose: () => void;
}) {
  const [query, setQuery] = useState('');
  const [jumping, setJumping] = useState(false);
  const [gone, setGone] = useState(false);
  const found = useSearch(api, query);
  const box = useRef<HTMLElement>(null);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);

  const go = async (id: string) => {
    setJumping(true);
    const there = await onGo(id);
    setJumping(false);
    setGone(!there);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      event.preventDefault();
      onClose();
    }
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    event.preventDefault();
    const stops = [input.current, ...(box.current?.querySelectorAll<HTMLElement>('.hit') ?? [])];
    const at = stops.indexOf(document.activeElement as HTMLInputElement);
    stops[Math.min(stops.length - 1, Math.max(0, at + (event.key === 'ArrowDown' ? 1 : -1)))]?.focus();
  };

  return (
    <search className="search" ref={box} aria-label={words.search.label} onKeyDown={onKeyDown}>
      <div className="search-head">
        <Icon name="search" />
        <input
          ref={input}
          type="search"
          className="search-field"
          dir="auto"
          value={query}
          autoComplete="off"
          aria-label={words.search.label}
          aria-describedby="search-hint"
          placeholder={words.search.placeholder}
          data-testid="search"
          onChange={(event) => {
            setQuery(event.currentTarget.value);
            setGone(false);
          }}
        />
        <button type="button" className="button search-close" data-testid="search-close" onClick={onClose}>
          <Icon name="cross" />
          <span>{words.close}</span>
        </button>
      </div>
      <p className="search-hint" id="search-hint">
        {words.search.hint}
      </p>
      <p className="search-count" role="status" data-testid="search-count">
        {said(found, jumping, gone)}
      </p>
      {found.state === 'found' && (
        <ol className="hits">
          {found.messages.map((message) => (
            <li key={message.id}>
              <button type="button" className="hit" data-testid="hit" onClick={() => void go(message.id)}>
                <span className="hit-head">
                  <bdi>
                    <Marked text={message.author} query={found.query} />
                  </bdi>
                  <time dateTime={utcInstant(message.utcMs)}>
                    {utcDate(message.utcMs)} {utcMinute(message.utcMs)}
                  </time>
                </span>
                <span className="hit-text" dir="auto">
                  <Marked text={excerpt(message.text, found.query)} query={found.query} />
                </span>
              </button>
            </li>
          ))}
        </ol>
      )}
    </search>
  );
}

function said(found: Found, jumping: boolean, gone: boolean): string {
  if (jumping) return words.search.jumping;
  if (gone) return words.search.gone;
  switch (found.state) {
    case 'nothing-asked':
      return words.search.begin;
    case 'searching':
      return words.search.searching;
    case 'refused':
      return found.reason;
    case 'found':
      return spellCount(found.messages.length);
  }
}

function spellCount(count: number): string {
  if (count === 0) return words.search.none;
  return count < MOST_FOUND ? words.search.found(count) : words.search.foundNewest(count);
}

/** A text with what was looked for marked in it. */
function Marked({ text, query }: { readonly text: string; readonly query: string }) {
  let at = 0;
  return highlight(text, query).map((piece) => {
    const key = at;
    at += piece.text.length;
    return piece.hit ? <mark key={key}>{piece.text}</mark> : <span key={key}>{piece.text}</span>;
  });
}

/** Asks when the typing pauses; an answer to an older question is dropped. Newest first. */
function useSearch(api: Api, query: string): Found {
  const [found, setFound] = useState<Found>({ state: 'nothing-asked' });
  const wanted = query.trim();
  useEffect(() => {
    if (wanted === '') {
      setFound({ state: 'nothing-asked' });
      return;
    }
    const ending = new AbortController();
    const timer = setTimeout(async () => {
      setFound((before) => (before.state === 'found' ? before : { state: 'searching' }));
      const answer = await api.get(`/api/search?q=${encodeURIComponent(wanted)}`, ending.signal);
      if (ending.signal.aborted) return;
      if (!answer.ok) setFound({ state: 'refused', reason: answer.error });
      else {
        const messages = messagesOf(answer.body).toSorted((a, b) => b.utcMs - a.utcMs);
        setFound({ state: 'found', query: wanted, messages });
      }
    }, PAUSE_MS);
    return () => {
      ending.abort();
      clearTimeout(timer);
    };
  }, [api, wanted]);
  return found;
}
