import type { DeskState } from '@skykey/telemetry';
import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { command } from '../command.ts';
import { count } from '../format.ts';
import { Icon } from '../marks.tsx';
import { words } from '../words.ts';
import { countedBytes, LONGEST_BYTES, type Readiness, readiness } from './draft.ts';

const TALLEST_PX = 180;

/**
 * Where words are written. Nothing leaves while the line is not secured; what was not sent stays in the box, with the
 * reason beside it.
 */
export function Composer({
  desk,
  connected,
  base,
}: {
  readonly desk: DeskState;
  readonly connected: boolean;
  readonly base: string;
}) {
  const [draft, setDraft] = useState('');
  const [sending, setSending] = useState(false);
  const [refusal, setRefusal] = useState<string | null>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const ready = readiness(draft, desk.line, connected);
  const locked = ready.state === 'locked' || ready.state === 'disconnected';

  // biome-ignore lint/correctness/useExhaustiveDependencies: the height follows the draft
  useEffect(() => {
    const element = field.current;
    if (element === null) return;
    element.style.blockSize = 'auto';
    element.style.blockSize = `${Math.min(element.scrollHeight + 2, TALLEST_PX)}px`;
  }, [draft]);

  // A line that is secured again makes an old refusal untrue.
  useEffect(() => {
    if (desk.line.state === 'secured') setRefusal(null);
  }, [desk.line.state]);

  const send = async () => {
    if (sending || ready.state === 'empty') return;
    if (ready.state !== 'ready') {
      setRefusal(why(ready, desk));
      return;
    }
    setSending(true);
    const outcome = await command(`${base}/api/messages`, { text: draft.trim() });
    setSending(false);
    if (outcome.ok) {
      setDraft('');
      setRefusal(null);
    } else {
      setRefusal(outcome.error);
    }
    field.current?.focus();
  };
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    void send();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    void send();
  };
  const bytes = countedBytes(draft);

  return (
    <form className="composer" id="composer" onSubmit={onSubmit} data-locked={locked}>
      {refusal !== null && (
        <p className="composer-refusal" role="alert" data-testid="refusal">
          <Icon name="alarm" />
          <span>
            <strong>{words.desk.notSent}</strong> {refusal} {words.desk.kept}
          </span>
        </p>
      )}
      {locked && refusal === null && (
        <p className="composer-lock" id="composer-lock" data-testid="composer-lock">
          <Icon name="lock" />
          <span>
            <strong>{words.desk.locked}.</strong> {words.desk.lockedHint}
          </span>
        </p>
      )}
      <div className="composer-row">
        <textarea
          ref={field}
          className="composer-field"
          rows={1}
          dir="auto"
          value={draft}
          aria-label={words.desk.composer(desk.peerName)}
          aria-describedby={locked && refusal === null ? 'composer-lock' : 'composer-hint'}
          placeholder={locked ? words.desk.placeholderLocked : words.desk.placeholder(desk.peerName)}
          data-testid="composer"
          onChange={(event) => setDraft(event.currentTarget.value)}
          onKeyDown={onKeyDown}
        />
        <button
          type="submit"
          className="button button-strong composer-send"
          disabled={locked || sending}
          data-testid="send"
        >
          <Icon name={locked ? 'lock' : 'send'} />
          <span>{sending ? words.desk.sending : words.desk.send}</span>
        </button>
      </div>
      <p className="composer-hint" id="composer-hint">
        {bytes === null ? words.desk.keysHint : words.desk.bytes(count(bytes), count(LONGEST_BYTES))}
      </p>
    </form>
  );
}

function why(ready: Exclude<Readiness, { state: 'ready' | 'empty' }>, desk: DeskState): string {
  switch (ready.state) {
    case 'locked':
      return words.desk.lockedReason(words.desk.state[desk.line.state]);
    case 'disconnected':
      return words.desk.lostReason;
    case 'too-long':
      return words.desk.tooLong(count(ready.bytes), count(LONGEST_BYTES));
  }
}
