import type { DeskPerson } from '@skykey/telemetry';
import { type ReactNode, useCallback, useEffect, useMemo, useState } from 'react';
import { type Api, openApi } from '../api.ts';
import { words } from '../words.ts';
import { Enrolment } from './enrolment.tsx';
import { Gate } from './gate.tsx';
import { enrolmentToken } from './passkey.ts';
import { SignIn } from './sign-in.tsx';

type Place =
  | { readonly at: 'asking' }
  | { readonly at: 'unreachable'; readonly error: string }
  | { readonly at: 'sign-in'; readonly note: string | null }
  | { readonly at: 'enrolment'; readonly token: string }
  | { readonly at: 'desk'; readonly person: DeskPerson };

/** How long a desk that does not answer is left alone before it is asked again, ms. */
const ASK_AGAIN_MS = 4000;

/** Who comes in: asks the desk who is signed in, and shows sign-in, enrolment, or what is behind the door. */
export function Door({
  children,
}: {
  /** What is behind the door. `onSignedOut` is called when the person has signed out. */
  readonly children: (inside: { person: DeskPerson; api: Api; onSignedOut: () => void }) => ReactNode;
}) {
  const [place, setPlace] = useState<Place>(first);
  const onEnded = useCallback(
    () => setPlace((before) => (before.at === 'desk' ? { at: 'sign-in', note: words.signIn.ended } : before)),
    [],
  );
  const api = useMemo(() => openApi(onEnded), [onEnded]);
  const ask = useCallback(
    async (note: string | null) => {
      const answer = await api.get('/api/me');
      if (answer.ok) setPlace({ at: 'desk', person: answer.body as DeskPerson });
      else if (answer.status === 401) setPlace({ at: 'sign-in', note });
      else setPlace({ at: 'unreachable', error: answer.error });
    },
    [api],
  );

  useEffect(() => {
    if (place.at === 'asking') void ask(null);
    if (place.at !== 'unreachable') return;
    const timer = setTimeout(() => void ask(null), ASK_AGAIN_MS);
    return () => clearTimeout(timer);
  }, [place, ask]);

  // A link opened in a window that already shows this page changes only what stands behind the hash.
  useEffect(() => {
    const onHash = () => {
      const token = enrolmentToken(location.hash);
      if (token !== null) setPlace({ at: 'enrolment', token });
    };
    window.addEventListener('hashchange', onHash);
    return () => window.removeEventListener('hashchange', onHash);
  }, []);

  useEffect(() => {
    if (place.at !== 'desk') document.title = words.page;
  }, [place.at]);

  switch (place.at) {
    case 'asking':
      return (
        <div className="desk-loading" role="status">
          <span className="loading-orbit" aria-hidden="true" />
          <p>{words.loading}</p>
        </div>
      );
    case 'unreachable':
      return (
        <Gate title={words.connection.unreachableTitle}>
          <p className="gate-lead" role="status">
            {words.connection.unreachable}
          </p>
          <p className="gate-detail" dir="auto">
            {place.error}
          </p>
          <button type="button" className="button button-strong gate-act" onClick={() => setPlace({ at: 'asking' })}>
            {words.connection.again}
          </button>
        </Gate>
      );
    case 'sign-in':
      return <SignIn api={api} note={place.note} onSignedIn={() => void ask(null)} />;
    case 'enrolment':
      return (
        <Enrolment
          api={api}
          token={place.token}
          onEnrolled={() => {
            forgetToken();
            void ask(words.signIn.enrolled);
          }}
          onSignInInstead={() => {
            forgetToken();
            void ask(null);
          }}
        />
      );
    case 'desk':
      return children({
        person: place.person,
        api,
        onSignedOut: () => setPlace({ at: 'sign-in', note: words.signIn.out }),
      });
  }
}

function first(): Place {
  const token = enrolmentToken(location.hash);
  return token === null ? { at: 'asking' } : { at: 'enrolment', token };
}

/** A spent link leaves the address and the history of the browser. */
function forgetToken(): void {
  history.replaceState(null, '', location.pathname + location.search);
}
