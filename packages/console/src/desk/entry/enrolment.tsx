import { useState } from 'react';
import { Icon } from '../../marks.tsx';
import type { Api } from '../api.ts';
import { words } from '../words.ts';
import { Gate, type GateRefusal, Help, ObstacleNotice, RefusalNotice } from './gate.tsx';
import { createPasskey, obstacleHere, passkeyRefusal } from './passkey.ts';

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
  const [acting, setActing] = useState(false);
  const [refusal, setRefusal] = useState<GateRefusal | null>(null);
  const hindrance = obstacleHere();

  const enrol = async () => {
    setActing(true);
    setRefusal(null);
    setRefusal(await attempt(api, token, onEnrolled));
    setActing(false);
  };

  return (
    <Gate title={words.enrolment.title}>
      <p className="gate-lead">{words.enrolment.lead}</p>
      <ol className="gate-steps">
        {words.enrolment.steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
      {hindrance !== null && <ObstacleNotice obstacle={hindrance} />}
      <RefusalNotice refusal={refusal} />
      <button
        type="button"
        className="button button-strong gate-act"
        disabled={acting || hindrance !== null}
        data-testid="enrol"
        onClick={() => void enrol()}
      >
        <Icon name="key" />
        {acting ? words.enrolment.acting : words.enrolment.act}
      </button>
      <button type="button" className="link-button" onClick={onSignInInstead}>
        {words.enrolment.instead}
      </button>
      <Help summary={words.enrolment.help}>{[words.enrolment.helpExpired, words.enrolment.helpShared]}</Help>
    </Gate>
  );
}

/** Null when it worked. */
async function attempt(api: Api, token: string, onEnrolled: () => void): Promise<GateRefusal | null> {
  const options = await api.post('/api/enrol/options', { token });
  if (!options.ok) return { said: options.error };
  let credential: unknown;
  try {
    credential = await createPasskey(options.body);
  } catch (error) {
    return { passkey: passkeyRefusal(error) };
  }
  const answer = await api.post('/api/enrol', { token, credential });
  if (!answer.ok) return { said: answer.error };
  onEnrolled();
  return null;
}
