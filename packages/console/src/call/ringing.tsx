import type { DeskCall, DeskState } from '@skykey/telemetry';
import { useEffect } from 'react';
import { Icon } from '../marks.tsx';
import { Unsupported } from './before-call.tsx';
import type { CallControl } from './call-control.ts';
import { missingInterfaces } from './devices.ts';
import { ring } from './ring.ts';
import { Safety, SafetyDetails } from './safety.tsx';
import { callWords } from './words.ts';

/** Somebody calls: who, how safe it is, and the choice. */
export function Ringing({
  desk,
  connected,
  call,
  control,
}: {
  readonly desk: DeskState;
  readonly connected: boolean;
  readonly call: DeskCall;
  readonly control: CallControl;
}) {
  useEffect(() => ring('incoming'), []);
  const missing = missingInterfaces(globalThis);
  return (
    <div className="call-ringing">
      <p className="call-headline" data-testid="call-incoming">
        <span className="call-ring-mark" aria-hidden="true">
          <Icon name={call.kind === 'video' ? 'camera' : 'phone'} />
        </span>
        {(call.sealing === 'sealed' ? callWords.ringing.inPad : callWords.ringing.in[call.kind])(desk.peerName)}
      </p>
      <p className="call-hint">
        {call.sealing === 'sealed' && callWords.ringing.padHint}
        {callWords.ringing.inHint}
      </p>
      <Safety desk={desk} connected={connected} />
      <SafetyDetails desk={desk} rekeySeconds={call.rekeySeconds} />
      {missing.length > 0 && <Unsupported missing={missing} />}
      <div className="call-buttons">
        <button
          type="button"
          className="button call-button call-button-yes"
          disabled={missing.length > 0}
          aria-describedby="call-safety"
          onClick={() => void control.answer(true)}
          data-testid="call-accept"
        >
          <Icon name={call.kind === 'video' ? 'camera' : 'phone'} />
          {callWords.ringing.accept}
        </button>
        {call.kind === 'video' && (
          <button
            type="button"
            className="button call-button"
            disabled={missing.length > 0}
            aria-describedby="call-safety"
            onClick={() => void control.answer(false)}
            data-testid="call-accept-voice"
          >
            <Icon name="phone" />
            {callWords.ringing.acceptVoice}
          </button>
        )}
        <button
          type="button"
          className="button call-button call-button-no"
          onClick={() => control.decline()}
          data-testid="call-decline"
        >
          <Icon name="hang-up" />
          {callWords.ringing.decline}
        </button>
      </div>
    </div>
  );
}

/** Devices are being opened, or it rings at the other desk. */
export function Calling({
  desk,
  connected,
  title,
  hint,
  call,
  control,
}: {
  readonly desk: DeskState;
  readonly connected: boolean;
  readonly title: string;
  readonly hint: string;
  /** Null while devices are being opened. */
  readonly call: DeskCall | null;
  readonly control: CallControl;
}) {
  const rings = call !== null;
  useEffect(() => (rings ? ring('outgoing') : undefined), [rings]);
  return (
    <div className="call-ringing">
      <p className="call-headline">
        <span className="call-ring-mark" aria-hidden="true">
          <Icon name={call?.kind === 'video' ? 'camera' : 'phone'} />
        </span>
        {title}
      </p>
      {hint !== '' && <p className="call-hint">{hint}</p>}
      <Safety desk={desk} connected={connected} />
      <SafetyDetails desk={desk} rekeySeconds={call?.rekeySeconds} />
      <div className="call-buttons">
        <button
          type="button"
          className="button call-button call-button-no"
          onClick={() => control.hangUp()}
          data-testid="call-hangup"
          data-call-focus=""
        >
          <Icon name="hang-up" />
          {callWords.ringing.cancel}
        </button>
      </div>
    </div>
  );
}
