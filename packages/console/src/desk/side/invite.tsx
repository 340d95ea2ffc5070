import type { DeskRole } from '@skykey/telemetry';
import { type FormEvent, useId, useState } from 'react';
import { Refusal, useAct } from '../act.tsx';
import type { Command } from '../api.ts';
import { words } from '../words.ts';
import { MadeLink } from './made-link.tsx';
import { type Link, linkOf } from './roster.ts';

/** Everybody at a desk speaks; the others come to that. */
const FURTHER: readonly DeskRole[] = ['operator', 'approver'];

/** Makes an enrolment link for somebody new. */
export function Invite({ command, onInvited }: { readonly command: Command; readonly onInvited: () => void }) {
  const [name, setName] = useState('');
  const [further, setFurther] = useState<readonly DeskRole[]>([]);
  const [missing, setMissing] = useState<string | null>(null);
  const [made, setMade] = useState<Link | null>(null);
  const { acting, refusal, act } = useAct(command);
  const field = useId();

  const invite = async (event: FormEvent) => {
    event.preventDefault();
    const written = name.trim();
    setMissing(written === '' ? words.persons.nameMissing : null);
    if (written === '') return;
    const answer = await act('/api/persons/invite', { name: written, roles: ['speaker', ...further] });
    if (answer?.ok !== true) return;
    const link = linkOf(answer.body, written);
    setMissing(link === null ? words.errors.unreadable : null);
    setMade(link);
    setName('');
    setFurther([]);
    onInvited();
  };

  if (made !== null) return <MadeLink made={made} onDone={() => setMade(null)} />;
  return (
    <details className="disclosure">
      <summary data-testid="invite-open">{words.persons.invite}</summary>
      <form className="side-form" onSubmit={(event) => void invite(event)}>
        <label htmlFor={field}>{words.persons.name}</label>
        <input
          id={field}
          className="field"
          dir="auto"
          maxLength={80}
          autoComplete="off"
          value={name}
          data-testid="invite-name"
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <fieldset className="checks">
          <legend>{words.persons.roles}</legend>
          {FURTHER.map((role) => (
            <label key={role}>
              <input
                type="checkbox"
                checked={further.includes(role)}
                onChange={({ currentTarget }) =>
                  setFurther(FURTHER.filter((r) => (r === role ? currentTarget.checked : further.includes(r))))
                }
              />
              <span>
                <strong>{words.head.role[role]}</strong> {words.head.roleMeaning[role]}
              </span>
            </label>
          ))}
        </fieldset>
        <Refusal>{missing ?? refusal}</Refusal>
        <button type="submit" className="button button-strong" disabled={acting} data-testid="invite">
          {words.persons.act}
        </button>
      </form>
    </details>
  );
}
