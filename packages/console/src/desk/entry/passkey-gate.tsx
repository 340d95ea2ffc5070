import { type ReactNode, useState } from 'react';
import { Icon } from '../../marks.tsx';
import { Gate, type GateRefusal, Help, ObstacleNotice, RefusalNotice } from './gate.tsx';
import { obstacleHere } from './passkey.ts';

/** A screen whose one act is a passkey's: what it is for, the button, why it did not work, and what to do then. */
export function PasskeyGate({
  title,
  children,
  act,
  acting,
  testId,
  instead,
  help,
  ready = true,
  attempt,
}: {
  readonly title: string;
  /** What it is for. */
  readonly children: ReactNode;
  readonly act: string;
  readonly acting: string;
  readonly testId: string;
  /** Another way in. */
  readonly instead?: ReactNode;
  readonly help: { readonly summary: string; readonly sentences: readonly string[] };
  readonly ready?: boolean;
  /** Null when it worked. */
  readonly attempt: () => Promise<GateRefusal | null>;
}) {
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<GateRefusal | null>(null);
  const hindrance = obstacleHere();
  const press = async () => {
    setBusy(true);
    setRefusal(null);
    setRefusal(await attempt());
    setBusy(false);
  };
  return (
    <Gate title={title}>
      {children}
      {hindrance !== null && <ObstacleNotice obstacle={hindrance} />}
      <RefusalNotice refusal={refusal} />
      <button
        type="button"
        className="button button-strong gate-act"
        disabled={busy || !ready || hindrance !== null}
        data-testid={testId}
        onClick={() => void press()}
      >
        <Icon name="key" />
        {busy ? acting : act}
      </button>
      {instead}
      <Help summary={help.summary}>{help.sentences}</Help>
    </Gate>
  );
}
