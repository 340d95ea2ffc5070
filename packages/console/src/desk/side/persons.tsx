import type { DeskPerson, DeskRole } from '@skykey/telemetry';
import { useCallback, useEffect, useState } from 'react';
import { utcDate, utcMinute } from '../../format.ts';
import { Refusal, useAct } from '../act.tsx';
import type { Api, Command } from '../api.ts';
import { words } from '../words.ts';
import { Invite } from './invite.tsx';
import { MadeLink } from './made-link.tsx';
import { type Link, type Listed, linkOf, type OpenLink, type Roster, rosterOf } from './roster.ts';

/** Who may use the desk; for operators. */
export function Persons({ api, person }: { readonly api: Api; readonly person: DeskPerson }) {
  const [roster, setRoster] = useState<Roster | null>(null);
  const [refusal, setRefusal] = useState<string | null>(null);
  const load = useCallback(async () => {
    const answer = await api.get('/api/persons');
    const listed = answer.ok ? rosterOf(answer.body) : null;
    if (listed !== null) setRoster(listed);
    setRefusal(answer.ok ? (listed === null ? words.errors.unreadable : null) : answer.error);
  }, [api]);
  useEffect(() => void load(), [load]);
  const onChanged = () => void load();
  return (
    <section className="side-part">
      <h2>{words.persons.title}</h2>
      <p className="side-note">{words.persons.lead}</p>
      {roster === null && refusal === null && <p className="side-note">{words.persons.loading}</p>}
      <Refusal>{refusal}</Refusal>
      {roster !== null && (
        <ul className="persons" data-testid="persons">
          {roster.persons.map((listed) => (
            <li key={listed.id}>
              <Enrolled listed={listed} self={listed.id === person.id} command={api.post} onChanged={onChanged} />
            </li>
          ))}
          {roster.links.map((link) => (
            <li key={link.id}>
              <Invited link={link} command={api.post} onChanged={onChanged} />
            </li>
          ))}
        </ul>
      )}
      <Invite command={api.post} onInvited={onChanged} />
    </section>
  );
}

interface RowProps {
  readonly command: Command;
  readonly onChanged: () => void;
}

function Enrolled({
  listed,
  self,
  command,
  onChanged,
}: RowProps & { readonly listed: Listed; readonly self: boolean }) {
  const [asking, setAsking] = useState(false);
  const [made, setMade] = useState<Link | null>(null);
  const { acting, refusal, act } = useAct(command);
  const { id, name, roles, isSignedIn } = listed;
  const remove = async () => {
    const answer = await act('/api/persons/remove', { id });
    setAsking(false);
    if (answer?.ok === true) onChanged();
  };
  const giveLink = async () => {
    const answer = await act('/api/persons/invite', { id });
    if (answer?.ok === true) setMade(linkOf(answer.body, name));
  };
  return (
    <>
      <div className="person-row">
        <p>
          <strong dir="auto">{name}</strong> {self && <span className="side-note">({words.persons.you})</span>}
          <span className="person-may">
            {spellRoles(roles)}
            {isSignedIn === true && !self && ` · ${words.persons.present}`}
          </span>
        </p>
        {!asking && made === null && (
          <div className="side-row">
            <button
              type="button"
              className="button"
              disabled={acting}
              aria-label={words.persons.furtherFor(name)}
              title={words.persons.furtherHint}
              onClick={() => void giveLink()}
            >
              {words.persons.further}
            </button>
            {!self && (
              <button
                type="button"
                className="button"
                aria-label={words.persons.removeOf(name)}
                onClick={() => setAsking(true)}
              >
                {words.persons.remove}
              </button>
            )}
          </div>
        )}
      </div>
      {asking && (
        <div className="side-ask" role="alert">
          <p>{words.persons.sure(name)}</p>
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
      {made !== null && <MadeLink made={made} onDone={() => setMade(null)} />}
      <Refusal>{refusal}</Refusal>
    </>
  );
}

/** Somebody who has a link and has not come yet. Taking it back harms nobody, so nothing is asked. */
function Invited({ link, command, onChanged }: RowProps & { readonly link: OpenLink }) {
  const { acting, refusal, act } = useAct(command);
  const { id, name, roles, expiresUtcMs } = link;
  const withdraw = async () => {
    const answer = await act('/api/persons/remove', { id });
    if (answer?.ok === true) onChanged();
  };
  return (
    <>
      <div className="person-row">
        <p>
          <strong dir="auto">{name}</strong>
          <span className="person-may">
            {spellRoles(roles)} · {words.persons.invited(`${utcDate(expiresUtcMs)} ${utcMinute(expiresUtcMs)}`)}
          </span>
        </p>
        <button
          type="button"
          className="button"
          disabled={acting}
          aria-label={words.persons.withdrawOf(name)}
          onClick={() => void withdraw()}
        >
          {words.persons.withdraw}
        </button>
      </div>
      <Refusal>{refusal}</Refusal>
    </>
  );
}

function spellRoles(roles: readonly DeskRole[]): string {
  return roles.map((role) => words.head.role[role]).join(', ');
}
