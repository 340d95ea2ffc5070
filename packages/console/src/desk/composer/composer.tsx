import type { DeskState, Sealing } from '@skykey/telemetry';
import {
  type ClipboardEvent,
  type FormEvent,
  type KeyboardEvent,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from 'react';
import { count } from '../../format.ts';
import { Icon } from '../../marks.tsx';
import { useAct } from '../act.tsx';
import type { Command } from '../api.ts';
import { sendAll } from '../files/drop.tsx';
import type { Uploads } from '../files/uploads.ts';
import { recall, remember } from '../remembered.ts';
import { words } from '../words.ts';
import { countedBytes, LONGEST_BYTES, type Readiness, readiness } from './draft.ts';
import { OnRecord } from './on-record.tsx';
import { SealingSwitch } from './sealing-switch.tsx';

const TALLEST_PX = 180;

/** Words to take up again. A new object is a new wish. */
export interface Reused {
  readonly text: string;
}

/**
 * Where words are written. Nothing leaves that the chosen sealing may not carry; what was not sent stays in the box, with
 * the reason beside it.
 */
export function Composer({
  desk,
  connected,
  command,
  uploads,
  first,
  reused,
  onDraft,
}: {
  readonly desk: DeskState;
  readonly connected: boolean;
  readonly command: Command;
  readonly uploads: Uploads;
  /** What stands in the box at the beginning. */
  readonly first: string;
  readonly reused: Reused | null;
  readonly onDraft: (draft: string) => void;
}) {
  const [draft, setDraft] = useState(first);
  const [sealing, setSealing] = useState<Sealing>(() => (recall('sealing') === 'hybrid' ? 'hybrid' : 'sealed'));
  const { acting, refusal, act, forget } = useAct(command);
  const [missing, setMissing] = useState<string | null>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const ready = readiness(draft, sealing, desk.may, connected);
  const locked = ready.state === 'locked' || ready.state === 'disconnected';
  /** Nothing may leave, however it were sealed: there is nothing to choose. */
  const shut = ready.state === 'locked' && !ready.otherwise;
  const refused = refusal ?? missing;

  useEffect(() => onDraft(draft), [draft, onDraft]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the height follows the draft
  useLayoutEffect(() => {
    const element = field.current;
    if (element === null) return;
    element.style.blockSize = 'auto';
    element.style.blockSize = `${Math.min(element.scrollHeight + 2, TALLEST_PX)}px`;
  }, [draft]);

  useEffect(() => {
    if (reused === null) return;
    setDraft((before) => (before.trim() === '' ? reused.text : `${before.trimEnd()}\n${reused.text}`));
    field.current?.focus();
  }, [reused]);

  // A line that may carry words again makes an old refusal untrue.
  // biome-ignore lint/correctness/useExhaustiveDependencies: on each change of the lock alone
  useEffect(() => {
    setMissing(null);
    forget();
  }, [locked, sealing]);

  const send = async () => {
    if (acting || ready.state === 'empty') return;
    if (ready.state !== 'ready') {
      setMissing(why(ready));
      return;
    }
    setMissing(null);
    const answer = await act('/api/messages', { text: draft.trim(), sealing });
    if (answer?.ok === true) setDraft('');
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
  const onPaste = (event: ClipboardEvent) => {
    if (event.clipboardData.files.length === 0 || !desk.may.file.allowed) return;
    event.preventDefault();
    sendAll(uploads, event.clipboardData);
  };
  const bytes = countedBytes(draft);

  return (
    <form
      className="composer"
      aria-label={words.composer.label(desk.peerName)}
      onSubmit={onSubmit}
      data-locked={locked}
    >
      {refused !== null ? (
        <p className="composer-notice" data-tone="bad" role="alert" data-testid="refusal">
          <Icon name="alarm" />
          <span dir="auto">
            <strong>{words.composer.notSent}</strong> {refused} {words.composer.kept}
          </span>
        </p>
      ) : (
        <Lock ready={ready} sealing={sealing} black={desk.line.level === 'black'} />
      )}
      <div className="composer-tools" hidden={shut}>
        <SealingSwitch
          sealing={sealing}
          onChoose={(choice) => {
            setSealing(choice);
            remember('sealing', choice);
          }}
        />
        <OnRecord record={desk.record} peerName={desk.peerName} command={command} connected={connected} />
      </div>
      <div className="composer-row">
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          data-testid="picker"
          onChange={({ currentTarget }) => {
            for (const file of currentTarget.files ?? []) uploads.add(file);
            currentTarget.value = '';
          }}
        />
        <button
          type="button"
          className="button composer-attach"
          aria-label={words.composer.attach}
          title={desk.may.file.allowed ? words.composer.attach : desk.may.file.reason}
          disabled={!connected || !desk.may.file.allowed}
          data-testid="attach"
          onClick={() => picker.current?.click()}
        >
          <Icon name="attach" />
        </button>
        <textarea
          ref={field}
          id="composer"
          className="composer-field"
          rows={1}
          dir="auto"
          value={draft}
          aria-label={words.composer.label(desk.peerName)}
          aria-describedby={locked && refused === null ? 'composer-lock' : 'composer-hint'}
          placeholder={locked ? words.composer.placeholderLocked : words.composer.placeholder(desk.peerName)}
          data-testid="composer"
          onChange={(event) => setDraft(event.currentTarget.value)}
          onKeyDown={onKeyDown}
          onPaste={onPaste}
        />
        <button
          type="submit"
          className="button button-strong composer-send"
          disabled={locked || acting}
          data-testid="send"
        >
          <Icon name={locked ? 'lock' : 'send'} />
          <span>{acting ? words.composer.sending : words.composer.send}</span>
        </button>
      </div>
      <p className="composer-hint" id="composer-hint" data-long={bytes !== null} hidden={locked}>
        {bytes === null ? words.composer.hint : words.composer.bytes(count(bytes), count(LONGEST_BYTES))}
      </p>
    </form>
  );
}

/** Why nothing can be sent now, and what a person may do about it; or by what alone it leaves while the line is shut. */
function Lock({
  ready,
  sealing,
  black,
}: {
  readonly ready: Readiness;
  readonly sealing: Sealing;
  readonly black: boolean;
}) {
  if (ready.state !== 'locked' && ready.state !== 'disconnected') {
    if (!black) return null;
    return (
      <p className="composer-notice" data-testid="emergency">
        <Icon name="lock" />
        <span>{words.composer.emergency}</span>
      </p>
    );
  }
  return (
    <p className="composer-notice" id="composer-lock" data-testid="composer-lock">
      <Icon name="lock" />
      <span>
        <strong>{words.composer.locked}.</strong>{' '}
        <span dir="auto">{ready.state === 'locked' ? ready.reason : words.composer.lost}</span>{' '}
        {ready.state === 'locked' && ready.otherwise && words.composer.otherwise[sealing]}
      </span>
    </p>
  );
}

function why(ready: Exclude<Readiness, { state: 'ready' | 'empty' }>): string {
  switch (ready.state) {
    case 'locked':
      return ready.reason;
    case 'disconnected':
      return words.composer.lost;
    case 'too-long':
      return words.composer.tooLong(count(ready.bytes), count(LONGEST_BYTES));
  }
}
