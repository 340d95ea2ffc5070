import type { DeskMessage } from '@skykey/telemetry';
import { memo } from 'react';
import { count, utcInstant, utcMinute } from '../../format.ts';
import { Icon } from '../../marks.tsx';
import { words } from '../words.ts';

/** One text: who said what, when, how it was sealed, and where it is. */
export const Bubble = memo(function Bubble({
  message,
  continues,
  onReuse,
}: {
  readonly message: DeskMessage;
  /** The same person spoke just before: the name is not said again, except to who does not see. */
  readonly continues: boolean;
  readonly onReuse: (text: string) => void;
}) {
  const { direction, state, author, text, utcMs, missed, reason } = message;
  return (
    <>
      {missed > 0 && (
        <p className="missed" data-testid="missed">
          <Icon name="alarm" />
          {words.message.missed(missed)}
        </p>
      )}
      <article
        className="bubble"
        tabIndex={-1}
        data-direction={direction}
        data-state={state}
        data-continues={continues}
        data-testid="message"
        data-message-id={message.id}
      >
        <p className={continues ? 'visually-hidden' : 'bubble-author'}>
          <bdi>{author}</bdi>
        </p>
        <p className="bubble-text" dir="auto">
          {text}
        </p>
        <div className="bubble-foot">
          <time dateTime={utcInstant(utcMs)} title={`${utcInstant(utcMs)}. ${words.clock}`}>
            {utcMinute(utcMs)}
          </time>
          <Delivery message={message} />
          {message.onRecord && (
            <span className="bubble-record" data-testid="on-record">
              <Icon name="pen" />
              {words.message.onRecord}
            </span>
          )}
          <Seal message={message} />
        </div>
        {state === 'refused' && (
          <div className="bubble-reason">
            {reason !== null && <p dir="auto">{reason}</p>}
            {direction === 'sent' && (
              <button type="button" className="link-button" onClick={() => onReuse(text)}>
                {words.message.reuse}
              </button>
            )}
          </div>
        )}
        {state === 'waiting' && reason !== null && (
          <p className="bubble-reason" dir="auto">
            {reason}
          </p>
        )}
      </article>
    </>
  );
});

function Delivery({ message: { direction, state } }: { readonly message: DeskMessage }) {
  // What came in is here; only when it was not taken there is something to say.
  if (direction === 'received') {
    if (state !== 'refused') return null;
    return (
      <span className="delivery" data-testid="delivery">
        <Icon name="alarm" />
        {words.message.receivedRefused}
      </span>
    );
  }
  return (
    <span className="delivery" title={words.message.deliveryMeaning[state]} data-testid="delivery">
      {state === 'waiting' && <Icon name="wait" />}
      {state === 'sent' && <Icon name="check" />}
      {state === 'delivered' && <Icon name="twice" />}
      {state === 'refused' && <Icon name="alarm" />}
      {words.message.delivery[state]}
    </span>
  );
}

/** How it was sealed: by what, with which keys, and what the network saw. Never a key. */
function Seal({ message }: { readonly message: DeskMessage }) {
  const { keyIds, sealing, emergency, ciphertextPreview } = message;
  return (
    <details className="seal">
      <summary>
        <Icon name={sealing === 'sealed' ? 'lock' : 'key'} />
        {emergency ? words.emergency.mark : words.composer.sealingName[sealing]}
      </summary>
      <dl>
        <dt>{words.message.sealing}</dt>
        <dd>{emergency ? words.emergency.mark : words.message.sealingName[sealing]}</dd>
        <dt>{words.message.number}</dt>
        <dd>{count(message.number)}</dd>
        {keyIds.length > 0 && <dt>{words.message.keyIds(keyIds.length)}</dt>}
        {keyIds.map((keyId) => (
          <dd key={keyId}>
            <code dir="ltr">{keyId}</code>
          </dd>
        ))}
        {ciphertextPreview !== '' && (
          <>
            <dt>{words.message.ciphertext}</dt>
            <dd>
              <code dir="ltr">{grouped(ciphertextPreview)} …</code>
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
