import { type FormEvent, useId, useRef, useState } from 'react';
import { Icon } from '../../marks.tsx';
import { Refusal, useAct } from '../act.tsx';
import type { Command } from '../api.ts';
import { words } from '../words.ts';

/** Shutting the line by hand. It cannot be undone by one person, so it asks. */
export function RaiseAlarm({ peerName, command }: { readonly peerName: string; readonly command: Command }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [reason, setReason] = useState('');
  const { acting, refusal, act, forget } = useAct(command);
  const title = useId();
  const field = useId();
  const raise = async (event: FormEvent) => {
    event.preventDefault();
    const answer = await act('/api/alarm/raise', { reason: reason.trim() });
    if (answer?.ok === true) dialog.current?.close();
  };
  return (
    <>
      <button
        type="button"
        className="button button-grave"
        data-testid="raise-open"
        onClick={() => {
          forget();
          dialog.current?.showModal();
        }}
      >
        <Icon name="alarm" />
        {words.raise.open}
      </button>
      <dialog ref={dialog} className="dialog" aria-labelledby={title}>
        <form className="dialog-form" onSubmit={(event) => void raise(event)}>
          <h2 id={title}>{words.raise.title}</h2>
          <p>{words.raise.lead(peerName)}</p>
          <label htmlFor={field}>{words.raise.reason}</label>
          <input
            id={field}
            className="field"
            dir="auto"
            required
            maxLength={200}
            value={reason}
            placeholder={words.raise.placeholder}
            data-testid="raise-reason"
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          <Refusal>{refusal}</Refusal>
          <div className="dialog-acts">
            <button type="button" className="button" onClick={() => dialog.current?.close()}>
              {words.raise.keep}
            </button>
            <button
              type="submit"
              className="button button-grave"
              disabled={acting || reason.trim() === ''}
              data-testid="raise"
            >
              {words.raise.act}
            </button>
          </div>
        </form>
      </dialog>
    </>
  );
}
