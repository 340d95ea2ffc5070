import type { DeskPerson, DeskState } from '@skykey/telemetry';
import { duration } from '../format.ts';
import { Icon } from '../marks.tsx';
import type { CallControl, CallView } from './call-control.ts';
import { missingInterfaces } from './devices.ts';
import { Safety, SafetyDetails } from './safety.tsx';
import { TryDevices } from './try-devices.tsx';
import { callWords } from './words.ts';

/** No call: how safe one would be, and how to begin it. */
export function BeforeCall({
  desk,
  person,
  connected,
  view,
  control,
}: {
  readonly desk: DeskState;
  readonly person: DeskPerson;
  readonly connected: boolean;
  readonly view: CallView;
  readonly control: CallControl;
}) {
  const missing = missingInterfaces(globalThis);
  const refusal =
    missing.length > 0
      ? null
      : person.roles.length === 0
        ? callWords.idle.notAllowed
        : desk.may.call.allowed || desk.line.level === 'black' || !connected
          ? null
          : desk.may.call.reason;
  const locked = missing.length > 0 || refusal !== null || !desk.may.call.allowed || !connected;
  return (
    <div className="call-before">
      <div className="call-strip">
        <Safety desk={desk} connected={connected} />
        <div className="call-buttons">
          {(['voice', 'video'] as const).map((kind) => (
            <button
              key={kind}
              type="button"
              className={kind === 'voice' ? 'button button-strong call-button' : 'button call-button'}
              disabled={locked}
              aria-describedby={refusal === null ? 'call-safety' : 'call-refusal'}
              title={callWords.idle[kind]}
              onClick={() => void control.call(kind)}
              data-testid={`call-${kind}`}
              data-call-focus={kind === 'voice' ? '' : undefined}
            >
              <Icon name={kind === 'voice' ? 'phone' : 'camera'} />
              <span className="call-word">{callWords.idle[kind]}</span>
            </button>
          ))}
        </div>
      </div>
      {desk.padSpeech.minutesPerDay > 0 && !locked && (
        <div className="call-pad">
          {desk.may.sealedSpeech.allowed ? (
            <button
              type="button"
              className="button"
              onClick={() => void control.call('voice', 'sealed')}
              aria-describedby="call-pad-hint"
              data-testid="call-voice-pad"
            >
              <Icon name="lock" />
              {callWords.idle.pad}
            </button>
          ) : null}
          <p className="call-hint" id="call-pad-hint" data-testid="call-pad-hint">
            {desk.may.sealedSpeech.allowed
              ? callWords.idle.padLeft(duration(desk.padSpeech.leftMs))
              : callWords.idle.padNot(desk.may.sealedSpeech.reason)}
          </p>
        </div>
      )}
      {missing.length > 0 && <Unsupported missing={missing} />}
      {refusal !== null && (
        <p className="call-refusal" id="call-refusal" data-testid="call-refusal">
          <Icon name="lock" />
          <span>{refusal}</span>
        </p>
      )}
      {missing.length === 0 && (
        <TryDevices choice={view.devices} onChoose={(devices) => void control.choose(devices)}>
          <SafetyDetails desk={desk} />
        </TryDevices>
      )}
    </div>
  );
}

export function Unsupported({ missing }: { readonly missing: readonly string[] }) {
  const names = missing.join(', ');
  return (
    <div className="call-refusal" data-testid="call-unsupported">
      <Icon name="alarm" />
      <span>
        <strong>{callWords.unsupported.title}.</strong>{' '}
        {names === 'https' ? callWords.unsupported.https : callWords.unsupported.missing(names)}
      </span>
    </div>
  );
}
