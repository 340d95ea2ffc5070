import type { Api } from '../api.ts';
import { words } from '../words.ts';
import { ceremony } from './ceremony.ts';
import { signWithPasskey } from './passkey.ts';
import { PasskeyGate } from './passkey-gate.tsx';

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
  const { title, lead, act, acting, help, helpNone, helpOther, helpLost, helpAllLost } = words.signIn;
  const attempt = async () => {
    const refusal = await ceremony(api, '/api/sign-in', {}, signWithPasskey);
    if (refusal === null) onSignedIn();
    return refusal;
  };
  return (
    <PasskeyGate
      {...{ title, act, acting, attempt }}
      testId="sign-in"
      help={{ summary: help, sentences: [helpNone, helpOther, helpLost, helpAllLost] }}
    >
      {note !== null && (
        <p className="gate-note" role="status" data-testid="gate-note">
          {note}
        </p>
      )}
      <p className="gate-lead">{lead}</p>
    </PasskeyGate>
  );
}
