import type { DeskRole } from '@skykey/telemetry';
import { type FormEvent, useId, useState } from 'react';
import { Icon } from '../../marks.tsx';
import { Refusal, useAct } from '../act.tsx';
import type { Api } from '../api.ts';
import { Sign } from '../signs.tsx';
import { words } from '../words.ts';

const ROLES: readonly DeskRole[] = ['speaker', 'operator', 'approver'];

/** Makes an enrolment link. It is shown once: the desk keeps no copy that it could show again. */
export function Invite({ api, onInvited }: { readonly api: Api; readonly onInvited: () => void }) {
  const [name, setName] = useState('');
  const [roles, setRoles] = useState<readonly DeskRole[]>(['speaker']);
  const [missing, setMissing] = useState<string | null>(null);
  const [made, setMade] = useState<{ readonly name: string; readonly link: string } | null>(null);
  const { acting, refusal, act } = useAct(api.post);
  const field = useId();

  const invite = async (event: FormEvent) => {
    event.preventDefault();
    const written = name.trim();
    const lacking = written === '' ? words.persons.nameMissing : roles.length === 0 ? words.persons.roleMissing : null;
    setMissing(lacking);
    if (lacking !== null) return;
    const answer = await act('/api/persons/invite', { name: written, roles });
    if (answer?.ok !== true) return;
    const link = linkOf(answer.body);
    if (link === null) return setMissing(words.errors.unreadable);
    setMade({ name: written, link });
    setName('');
    setRoles(['speaker']);
    onInvited();
  };

  if (made !== null) return <MadeLink name={made.name} link={made.link} onDone={() => setMade(null)} />;
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
          {ROLES.map((role) => (
            <label key={role}>
              <input
                type="checkbox"
                checked={roles.includes(role)}
                onChange={({ currentTarget }) =>
                  setRoles(ROLES.filter((r) => (r === role ? currentTarget.checked : roles.includes(r))))
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

function MadeLink({
  name,
  link,
  onDone,
}: {
  readonly name: string;
  readonly link: string;
  readonly onDone: () => void;
}) {
  const [copied, setCopied] = useState(false);
  const field = useId();
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(link);
      setCopied(true);
    } catch {
      // The field below is selected by a click: copying by hand remains.
    }
  };
  return (
    <div className="side-form made-link">
      <label htmlFor={field}>{words.persons.link(name)}</label>
      <input
        id={field}
        className="field"
        dir="ltr"
        readOnly
        value={link}
        data-testid="invite-link"
        onFocus={(event) => event.currentTarget.select()}
      />
      <p className="side-note">{words.persons.linkHint}</p>
      <div className="side-row">
        <button type="button" className="button" onClick={() => void copy()}>
          {copied ? <Icon name="check" /> : <Sign name="copy" />}
          <span aria-live="polite">{copied ? words.copied : words.copy}</span>
        </button>
        <button type="button" className="button" onClick={onDone}>
          {words.persons.finished}
        </button>
      </div>
    </div>
  );
}

function linkOf(body: unknown): string | null {
  if (typeof body !== 'object' || body === null || !('link' in body)) return null;
  return typeof body.link === 'string' ? body.link : null;
}
