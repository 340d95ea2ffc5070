import type { DeskMessage, DeskState } from '@skykey/telemetry';
import { useEffect, useRef } from 'react';
import { utcDate, utcInstant, utcTime } from '../format.ts';
import { Icon } from '../marks.tsx';
import { useSize } from '../size.ts';
import { words } from '../words.ts';

/** Farther than this from the end, a reader is looking back, and new words do not pull the page away. */
const NEAR_END_PX = 120;

/** What was said, oldest first. */
export function Conversation({ desk }: { readonly desk: DeskState }) {
  const scroll = useRef<HTMLDivElement>(null);
  const nearEnd = useRef(true);
  const { height } = useSize(scroll);
  const { messages } = desk;
  const newest = messages.at(-1)?.id;

  // biome-ignore lint/correctness/useExhaustiveDependencies: scrolling follows the newest message and the room there is
  useEffect(() => {
    if (scroll.current !== null && nearEnd.current) scroll.current.scrollTop = scroll.current.scrollHeight;
  }, [newest, height]);

  return (
    <div
      className="conversation"
      ref={scroll}
      role="log"
      aria-label={words.desk.conversation(desk.peerName)}
      data-testid="conversation"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
      tabIndex={0}
      onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
        nearEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
      }}
    >
      {messages.length === 0 ? (
        <div className="conversation-empty">
          <Icon name="lock" />
          <p className="conversation-empty-title">{words.desk.emptyTitle(desk.peerName)}</p>
          <p>{desk.line.state === 'secured' ? words.desk.emptySecured : words.desk.emptyWaiting}</p>
        </div>
      ) : (
        <ol>
          {messages.map((message, index) => {
            const date = utcDate(message.utcMs);
            const before = messages[index - 1];
            const fresh = before === undefined || utcDate(before.utcMs) !== date;
            return (
              <li key={message.id} data-direction={message.direction}>
                {fresh && <p className="conversation-date">{date}</p>}
                <Bubble message={message} peerName={desk.peerName} />
              </li>
            );
          })}
        </ol>
      )}
    </div>
  );
}

function Bubble({ message, peerName }: { readonly message: DeskMessage; readonly peerName: string }) {
  const sent = message.direction === 'sent';
  return (
    <article
      className="bubble"
      data-direction={message.direction}
      data-state={message.state}
      data-testid="message"
      data-message-id={message.id}
    >
      <span className="visually-hidden">{sent ? words.desk.sent : peerName}: </span>
      <p className="bubble-text" dir="auto">
        {message.text}
      </p>
      <div className="bubble-foot">
        <time dateTime={utcInstant(message.utcMs)}>{utcTime(message.utcMs)}</time>
        <Delivery message={message} />
        <Seal message={message} />
      </div>
      {message.state === 'refused' && message.reason !== null && <p className="bubble-reason">{message.reason}</p>}
    </article>
  );
}

function Delivery({ message: { direction, state } }: { readonly message: DeskMessage }) {
  const word =
    direction === 'sent'
      ? words.desk.delivery[state]
      : state === 'refused'
        ? words.desk.receivedRefused
        : words.desk.received;
  const icon = state === 'refused' ? 'alarm' : state === 'sealing' ? 'wait' : 'check';
  return (
    <span className="delivery" data-testid="delivery">
      <Icon name={icon} />
      {word}
    </span>
  );
}

/** How it was sealed: suite, key ids, and what the network saw. Never a key. */
function Seal({ message }: { readonly message: DeskMessage }) {
  const { keyIds, suite, ciphertextPreview } = message;
  if (keyIds.length === 0) return null;
  return (
    <details className="seal">
      <summary>
        <Icon name="key" />
        {words.desk.seal}
      </summary>
      <dl>
        <dt>{words.desk.suite}</dt>
        <dd>{words.desk.suiteName[suite]}</dd>
        <dt>{words.desk.keyIds(keyIds.length)}</dt>
        {keyIds.map((keyId) => (
          <dd key={keyId}>
            <code>{keyId}</code>
          </dd>
        ))}
        {ciphertextPreview !== '' && (
          <>
            <dt>{words.desk.ciphertext}</dt>
            <dd>
              <code>{grouped(ciphertextPreview)} …</code>
            </dd>
          </>
        )}
      </dl>
    </details>
  );
}

/** Hexadecimal in pairs. */
function grouped(hexadecimal: string): string {
  return hexadecimal.replaceAll(/\s/g, '').replaceAll(/(..)(?=.)/g, '$1 ');
}
