import { useEffect, useId, useState } from 'react';
import type { Api } from '../api.ts';
import { words } from '../words.ts';
import { ceremony } from './ceremony.ts';
import { RefusalNotice } from './gate.tsx';
import { createPasskey } from './passkey.ts';
import { PasskeyGate } from './passkey-gate.tsx';

/** What the desk says of a link before it is used. */
interface Invited {
  readonly name: string;
  /** Nobody has given the person a name yet. */
  readonly unnamed: boolean;
}

/** Making a passkey with a link that works once. */
export function Enrolment({
  api,
  token,
  onEnrolled,
  onSignInInstead,
}: {
  readonly api: Api;
  readonly token: string;
  readonly onEnrolled: () => void;
  readonly onSignInInstead: () => void;
}) {
  const { title, lead, steps, act, acting, help, helpExpired, helpShared, instead } = words.enrolment;
  const [invited, setInvited] = useState<Invited | null>(null);
  /** Why the link is of no use: said before anybody makes a passkey with it. */
  const [spent, setSpent] = useState<string | null>(null);
  const [name, setName] = useState('');
  const field = useId();

  useEffect(() => {
    let gone = false;
    setInvited(null);
    setSpent(null);
    void api.post('/api/enrol/link', { token }).then((answer) => {
      if (gone) return;
      if (answer.ok) setInvited(answer.body as Invited);
      else setSpent(answer.error);
    });
    return () => {
      gone = true;
    };
  }, [api, token]);

  const attempt = async () => {
    const written = name.trim();
    if (invited?.unnamed === true && written === '') {
      document.getElementById(field)?.focus();
      return { said: words.enrolment.nameMissing };
    }
    const body = invited?.unnamed === true ? { token, name: written } : { token };
    const refusal = await ceremony(api, '/api/enrol', body, createPasskey);
    if (refusal === null) onEnrolled();
    return refusal;
  };

  return (
    <PasskeyGate
      {...{ title, act, acting, attempt }}
      testId="enrol"
      ready={invited !== null}
      instead={
        <button type="button" className="link-button" onClick={onSignInInstead}>
          {instead}
        </button>
      }
      help={{ summary: help, sentences: [helpExpired, helpShared] }}
    >
      <p className="gate-lead">{lead}</p>
      <ol className="gate-steps">
        {steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
      <RefusalNotice refusal={spent === null ? null : { said: spent }} />
      {invited?.unnamed === false && (
        <p className="gate-detail">
          {words.enrolment.as} <strong dir="auto">{invited.name}</strong>
        </p>
      )}
      {invited?.unnamed === true && (
        <div className="gate-field">
          <label htmlFor={field}>{words.enrolment.name}</label>
          <input
            id={field}
            className="field"
            dir="auto"
            maxLength={80}
            autoComplete="name"
            value={name}
            data-testid="enrol-name"
            onChange={({ currentTarget }) => setName(currentTarget.value)}
          />
        </div>
      )}
    </PasskeyGate>
  );
}
