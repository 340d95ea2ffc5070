import type { DeskPerson, DeskRole } from '@skykey/telemetry';
import { useCallback, useEffect, useState } from 'react';
import { Refusal, useAct } from '../act.tsx';
import type { Api } from '../api.ts';
import { words } from '../words.ts';
import { Invite } from './invite.tsx';

/** Who may use the desk; for operators. */
export function Persons({ api, person }: { readonly api: Api; readonly person: DeskPerson }) {
  const [persons, setPersons] = useState<readonly DeskPerson[] | null>(null);
  const [refusal, setRefusal] = useState<string | null>(null);
  const load = useCallback(async () => {
    const answer = await api.get('/api/persons');
    const listed = answer.ok ? personsOf(answer.body) : null;
    if (listed !== null) setPersons(listed);
    setRefusal(answer.ok ? (listed === null ? words.errors.unreadable : null) : answer.error);
  }, [api]);
  useEffect(() => void load(), [load]);
  return (
    <section className="side-part">
      <h2>{words.persons.title}</h2>
      <p className="side-note">{words.persons.lead}</p>
      {persons === null && refusal === null && <p className="side-note">{words.persons.loading}</p>}
      <Refusal>{refusal}</Refusal>
      {persons !== null && (
        <ul className="persons" data-testid="persons">
          {persons.map((listed) => (
            <li key={listed.id}>
              <Row listed={listed} self={listed.id === person.id} api={api} onRemoved={() => void load()} />
            </li>
          ))}
        </ul>
      )}
      <Invite api={api} onInvited={() => void load()} />
    </section>
  );
}

function Row({
  listed,
  self,
  api,
  onRemoved,
}: {
  readonly listed: DeskPerson;
  readonly self: boolean;
  readonly api: Api;
  readonly onRemoved: () => void;
}) {
  const [asking, setAsking] = useState(false);
  const { acting, refusal, act } = useAct(api.post);
  const remove = async () => {
    const answer = await act('/api/persons/remove', { id: listed.id });
    setAsking(false);
    if (answer?.ok === true) onRemoved();
  };
  return (
    <>
      <div className="person-row">
        <p>
          <strong dir="auto">{listed.name}</strong> {self && <span className="side-note">({words.persons.you})</span>}
          <span className="person-may">{spellRoles(listed.roles)}</span>
        </p>
        {!self && !asking && (
          <button
            type="button"
            className="button"
            aria-label={words.persons.removeOf(listed.name)}
            onClick={() => setAsking(true)}
          >
            {words.persons.remove}
          </button>
        )}
      </div>
      {asking && (
        <div className="side-ask" role="alert">
          <p>{words.persons.sure(listed.name)}</p>
          <div className="side-row">
            <button type="button" className="button button-grave" disabled={acting} onClick={() => void remove()}>
              {words.persons.remove}
            </button>
            <button type="button" className="button" onClick={() => setAsking(false)}>
              {words.persons.keep}
            </button>
          </div>
        </div>
      )}
      <Refusal>{refusal}</Refusal>
    </>
  );
}

function spellRoles(roles: readonly DeskRole[]): string {
  return roles.map((role) => words.head.role[role]).join(', ');
}

function personsOf(body: unknown): readonly DeskPerson[] | null {
  const list = typeof body === 'object' && body !== null && 'persons' in body ? body.persons : body;
  return Array.isArray(list) ? (list as DeskPerson[]) : null;
}
