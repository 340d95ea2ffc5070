import { useState } from 'react';
import { Icon } from '../../marks.tsx';
import type { Api } from '../api.ts';
import { words } from '../words.ts';
import { Gate, type GateRefusal, Help, ObstacleNotice, RefusalNotice } from './gate.tsx';
import { obstacleHere, passkeyRefusal, signWithPasskey } from './passkey.ts';

/** Signing in with a passkey. `note` says why this screen is shown, when there is a reason. */
export function SignIn({
  api,
  note,
  onSignedIn,
}: {
  readonly api: Api;
  readonly note: string | null;
  readonly onSignedIn: () => void;
}) {
  const [acting, setActing] = useState(false);
  const [refusal, setRefusal] = useState<GateRefusal | null>(null);
  const hindrance = obstacleHere();

  const signIn = async () => {
    setActing(true);
    setRefusal(null);
    setRefusal(await attempt(api, onSignedIn));
    setActing(false);
  };

  return (
    <Gate title={words.signIn.title}>
      {note !== null && (
        <p className="gate-note" role="status" data-testid="gate-note">
          {note}
        </p>
      )}
      <p className="gate-lead">{words.signIn.lead}</p>
      {hindrance !== null && <ObstacleNotice obstacle={hindrance} />}
      <RefusalNotice refusal={refusal} />
      <button
        type="button"
        className="button button-strong gate-act"
        disabled={acting || hindrance !== null}
        data-testid="sign-in"
        onClick={() => void signIn()}
      >
        <Icon name="key" />
        {acting ? words.signIn.acting : words.signIn.act}
      </button>
      <Help summary={words.signIn.help}>{[words.signIn.helpNone, words.signIn.helpOther, words.signIn.helpLost]}</Help>
    </Gate>
  );
}

/** Null when it worked. */
async function attempt(api: Api, onSignedIn: () => void): Promise<GateRefusal | null> {
  const options = await api.post('/api/sign-in/options', {});
  if (!options.ok) return { said: options.error };
  let credential: unknown;
  try {
    credential = await signWithPasskey(options.body);
  } catch (error) {
    return { passkey: passkeyRefusal(error) };
  }
  const answer = await api.post('/api/sign-in', { credential });
  if (!answer.ok) return { said: answer.error };
  onSignedIn();
  return null;
}
