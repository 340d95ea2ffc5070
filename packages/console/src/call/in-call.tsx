import type { DeskCall, DeskPerson, DeskState } from '@skykey/telemetry';
import { useEffect, useState } from 'react';
import { duration } from '../format.ts';
import { Icon } from '../marks.tsx';
import type { CallControl, CallView } from './call-control.ts';
import { Devices } from './device-choice.tsx';
import { clockLength } from './length.ts';
import { Level } from './level.tsx';
import type { CallPhase } from './phase.ts';
import { Picture } from './picture.tsx';
import { Quality } from './quality.tsx';
import { useStreamOf } from './try-devices.tsx';
import { callWords } from './words.ts';

/** A call from the moment it is agreed on. */
export function InCall({
  desk,
  call,
  person,
  phase,
  view,
  control,
}: {
  readonly desk: DeskState;
  readonly call: DeskCall;
  readonly person: DeskPerson;
  readonly phase: CallPhase;
  readonly view: CallView;
  readonly control: CallControl;
}) {
  const { status, microphone, camera, muted } = view;
  const ownVoice = useStreamOf(microphone);
  const ownPicture = useStreamOf(camera);
  const shown = status?.pictureArrives === true && phase !== 'paused';
  const trouble = troubleOf(desk, phase, view);
  /** The picture and the levels put aside, for who writes meanwhile. */
  const [small, setSmall] = useState(false);
  return (
    <div className="call-in" data-kind={call.kind} data-small={small}>
      <div className="call-stage" data-kind={call.kind} id="call-stage" hidden={small}>
        {call.kind === 'video' && status?.picture && (
          <Picture
            stream={status.picture}
            label={callWords.running.remote(desk.peerName)}
            testId="call-remote-video"
            className="call-remote"
          />
        )}
        {!shown && (
          <div className="call-blank" data-testid="call-blank">
            <Icon name={call.kind === 'video' ? 'camera-off' : 'voice'} />
            <p>{call.kind === 'video' ? callWords.running.noPicture : callWords.running.voiceCall}</p>
          </div>
        )}
        <div className="call-who call-who-other">
          <span>{desk.peerName}</span>
          <Level
            stream={status?.voice ?? null}
            label={callWords.running.otherLevel(desk.peerName)}
            testId="call-level-other"
          />
        </div>
        <div className="call-own" data-picture={ownPicture !== null}>
          {ownPicture !== null && (
            <Picture
              stream={ownPicture}
              label={callWords.running.own}
              testId="call-own-video"
              className="call-mirror"
            />
          )}
          <div className="call-who">
            <span>
              {person.name}{' '}
              <span className="call-you">({muted ? callWords.running.mutedState : callWords.running.you})</span>
            </span>
            <Level stream={ownVoice} label={callWords.running.ownLevel} testId="call-level-own" />
          </div>
        </div>
      </div>

      <div className="call-side">
        <div className="call-bar">
          <p
            className="call-seal"
            data-sealed={phase !== 'running' ? false : desk.line.level === 'red' ? 'computed' : true}
            data-testid="call-seal"
          >
            <Icon name={phase === 'running' ? 'lock' : 'wait'} />
            {phase === 'running'
              ? call.sealing === 'sealed'
                ? callWords.running.sealedByPad(duration(desk.padSpeech.leftMs))
                : desk.line.level === 'red'
                  ? callWords.running.sealedNoQuantum
                  : callWords.running.sealed
              : callWords.running[phase === 'reconnecting' || phase === 'paused' ? phase : 'connecting']}
          </p>
          <Elapsed sinceMs={view.sinceMs} />
          <button
            type="button"
            className="button call-toggle"
            aria-expanded={!small}
            aria-controls="call-stage"
            onClick={() => setSmall(!small)}
            data-testid="call-small"
          >
            {small ? callWords.controls.larger : callWords.controls.smaller}
          </button>
        </div>

        {trouble !== null && (
          <p className="call-trouble" data-testid="call-trouble">
            <Icon name="wait" />
            <span>{trouble}</span>
          </p>
        )}
        {view.deviceNote !== null && (
          <p className="call-problem" role="status" data-testid="call-device-note">
            {view.deviceNote}
          </p>
        )}

        {/* biome-ignore lint/a11y/useSemanticElements: a toolbar of buttons, not fields of a form */}
        <div className="call-controls" role="group" aria-label={callWords.controls.label}>
          <button
            type="button"
            className="button call-control"
            data-off={muted}
            onClick={() => control.setMuted(!muted)}
            data-testid="call-mute"
            data-muted={muted}
          >
            <Icon name={muted ? 'microphone-off' : 'microphone'} />
            {muted ? callWords.controls.unmute : callWords.controls.mute}
          </button>
          {call.kind === 'video' && (
            <button
              type="button"
              className="button call-control"
              data-off={camera === null}
              onClick={() => void control.setCamera(camera === null)}
              data-testid="call-camera"
              data-camera={camera !== null}
            >
              <Icon name={camera === null ? 'camera-off' : 'camera'} />
              {camera === null ? callWords.controls.cameraOn : callWords.controls.cameraOff}
            </button>
          )}
          <button
            type="button"
            className="button call-control call-button-no"
            onClick={() => control.hangUp()}
            data-testid="call-hangup"
            data-call-focus=""
          >
            <Icon name="hang-up" />
            {callWords.controls.hangUp}
          </button>
        </div>

        <div className="call-more" hidden={small}>
          <details className="disclosure call-disclosure">
            <summary data-testid="call-devices">{callWords.controls.devices}</summary>
            <Devices choice={view.devices} onChoose={(devices) => void control.choose(devices)} opened={microphone} />
          </details>
          <Quality status={status} />
        </div>
      </div>
    </div>
  );
}

/** What is wrong at the moment, in a sentence; null where nothing is. The site's leave goes before everything. */
function troubleOf(desk: DeskState, phase: CallPhase, { status }: CallView): string | null {
  if (phase === 'paused') return callWords.running.pausedHint(desk.name);
  if (phase === 'reconnecting') return callWords.running.reconnectingHint;
  if (phase === 'connecting' || status === null) return callWords.running.connectingHint;
  if (status.refuses) return callWords.running.wrongKey(desk.peerName);
  return status.voiceArrives ? null : callWords.running.peerSilent(desk.peerName);
}

function Elapsed({ sinceMs }: { readonly sinceMs: number | null }) {
  const [nowMs, setNowMs] = useState(() => performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(performance.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return (
    <p className="call-length" role="timer" aria-label={callWords.running.duration} data-testid="call-length">
      <bdi dir="ltr">{clockLength(sinceMs === null ? 0 : Math.max(0, nowMs - sinceMs))}</bdi>
    </p>
  );
}
