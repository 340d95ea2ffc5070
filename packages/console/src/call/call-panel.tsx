import './call.css';
import type { DeskPerson, DeskState } from '@skykey/telemetry';
import { useEffect, useRef, useSyncExternalStore } from 'react';
import { duration } from '../format.ts';
import { Icon } from '../marks.tsx';
import { CallApi } from './api.ts';
import { BeforeCall } from './before-call.tsx';
import { CallControl, type CallNote } from './call-control.ts';
import { CallSession } from './call-session.ts';
import { openCamera, openMicrophone, rememberDevices, rememberedDevices } from './devices.ts';
import { type CallEvents, ownEvents } from './events.ts';
import { InCall } from './in-call.tsx';
import { type CallPhase, phaseOf } from './phase.ts';
import { Calling, Ringing } from './ringing.tsx';
import { Safety, SafetyDetails, safetyWords } from './safety.tsx';
import { callWords } from './words.ts';

const controls = new Map<string, CallControl>();

/** One control for each site of this window: a call goes on while its panel is out of sight. */
function controlAt(base: string, events: CallEvents | undefined): CallControl {
  const known = controls.get(base);
  if (known !== undefined) return known;
  const windows = new BroadcastChannel(`skykey-call${base}`);
  const control = new CallControl({
    api: new CallApi(base),
    events: events ?? ownEvents(base),
    devices: rememberedDevices(),
    remember: rememberDevices,
    openMicrophone,
    openCamera,
    openSession: (options) => new CallSession(options),
    tellWindows: (id) => windows.postMessage(id),
    now: () => performance.now(),
  });
  windows.onmessage = ({ data }) => control.taken(String(data));
  controls.set(base, control);
  // Leaving the page ends what is said on it; the browser asks first.
  addEventListener('beforeunload', (event) => {
    if (control.view().ownId !== null) event.preventDefault();
  });
  return control;
}

export interface CallPanelProps {
  readonly state: DeskState;
  readonly person: DeskPerson;
  /** The page hears its desk. While it does not, `state` is the last that was heard, and nothing is called safe. */
  readonly connected: boolean;
  /** Where `call-signal` and `call-stop` of the desk's stream arrive; without it the panel opens a stream of its own. */
  readonly events?: CallEvents;
  /** Path below which the site's interface is; none by default. */
  readonly base?: string;
}

/** The call of a desk: before, while it rings, while it lasts, and why it ended. */
export function CallPanel({ state, person, connected, events, base = '' }: CallPanelProps) {
  const control = controlAt(base, events);
  const view = useSyncExternalStore(control.subscribe, control.view);
  useEffect(() => control.observe(state), [control, state]);
  const phase = phaseOf(state.call, view);
  const { call } = state;
  const panel = useRef<HTMLElement>(null);
  useFocusWithin(panel, phase);

  return (
    <section
      className="call"
      ref={panel}
      aria-label={callWords.label(state.peerName)}
      data-testid="call-panel"
      data-phase={phase}
    >
      {view.note !== null && <Note note={view.note} peerName={state.peerName} onDismiss={() => control.dismiss()} />}
      {phase === 'idle' && (
        <BeforeCall desk={state} person={person} connected={connected} view={view} control={control} />
      )}
      {phase === 'preparing' && (
        <Calling
          desk={state}
          connected={connected}
          title={view.preparingVideo ? callWords.idle.askingVideo : callWords.idle.asking}
          hint=""
          call={null}
          control={control}
        />
      )}
      {phase === 'calling' && (
        <Calling
          desk={state}
          connected={connected}
          title={callWords.ringing.out(state.peerName)}
          hint={callWords.ringing.outHint}
          call={call}
          control={control}
        />
      )}
      {phase === 'ringing' && call !== null && (
        <Ringing desk={state} connected={connected} call={call} control={control} />
      )}
      {phase === 'elsewhere' && <Elsewhere state={state} connected={connected} control={control} />}
      {(phase === 'connecting' || phase === 'running' || phase === 'reconnecting' || phase === 'paused') &&
        call !== null && (
          <InCall desk={state} call={call} person={person} phase={phase} view={view} control={control} />
        )}
      <p className="visually-hidden" role="status">
        {announcement(phase, state, connected)}
      </p>
      <p className="visually-hidden" role="alert">
        {view.note?.kind === 'stopped' &&
          callWords.announce.state(callWords.ended.stopped, view.note.reason ?? callWords.ended.stoppedHint)}
      </p>
    </section>
  );
}

/** What became of the call that is over. */
function Note({
  note,
  peerName,
  onDismiss,
}: {
  readonly note: CallNote;
  readonly peerName: string;
  readonly onDismiss: () => void;
}) {
  const title = {
    ended: callWords.ended.title,
    stopped: callWords.ended.stopped,
    missed: callWords.ended.missed(peerName),
    problem: callWords.ended.unmade,
  }[note.kind];
  return (
    <div className="call-note" data-kind={note.kind} data-testid="call-note">
      <Icon name={note.kind === 'stopped' ? 'alarm' : note.kind === 'ended' ? 'check' : 'cross'} />
      <div className="call-note-words">
        <p className="call-note-title">{title}</p>
        {note.reason !== null && note.reason !== '' && <p data-testid="call-reason">{note.reason}</p>}
        {note.kind === 'stopped' && <p>{callWords.ended.stoppedHint}</p>}
        {note.lengthMs !== null && <p className="call-hint">{callWords.ended.length(duration(note.lengthMs))}</p>}
      </div>
      <button type="button" className="button" onClick={onDismiss} data-testid="call-dismiss">
        {callWords.ended.dismiss}
      </button>
    </div>
  );
}

/** The site has a call that this window is no part of. */
function Elsewhere({
  state,
  connected,
  control,
}: {
  readonly state: DeskState;
  readonly connected: boolean;
  readonly control: CallControl;
}) {
  const ringing = state.call?.state === 'ringing';
  return (
    <div className="call-ringing">
      <p className="call-headline">
        <span className="call-ring-mark" aria-hidden="true">
          <Icon name="phone" />
        </span>
        {callWords.running.elsewhere}
      </p>
      <p className="call-hint">{callWords.running.elsewhereHint}</p>
      <Safety desk={state} connected={connected} />
      <SafetyDetails desk={state} rekeySeconds={state.call?.rekeySeconds} />
      <div className="call-buttons">
        {!ringing && (
          <button
            type="button"
            className="button button-strong call-button"
            onClick={() => void control.take()}
            data-testid="call-take"
          >
            <Icon name="phone" />
            {callWords.running.take}
          </button>
        )}
        <button
          type="button"
          className="button call-button call-button-no"
          onClick={() => control.hangUp()}
          data-testid="call-hangup"
        >
          <Icon name="hang-up" />
          {callWords.controls.hangUp}
        </button>
      </div>
    </div>
  );
}

function announcement(phase: CallPhase, state: DeskState, connected: boolean): string {
  switch (phase) {
    case 'idle':
    case 'preparing':
      return '';
    case 'ringing':
      return callWords.announce.ringing(state.peerName, safetyWords(state, connected).title);
    case 'calling':
      return callWords.ringing.out(state.peerName);
    case 'elsewhere':
      return callWords.running.elsewhere;
    case 'connecting':
      return callWords.running.connecting;
    case 'running':
      return callWords.announce.state(callWords.running.running, callWords.running.sealed);
    case 'reconnecting':
      return callWords.announce.state(callWords.running.reconnecting, callWords.running.reconnectingHint);
    case 'paused':
      return callWords.announce.state(callWords.running.paused, callWords.running.pausedHint(state.name));
  }
}

/** A pressed button often goes with its phase: whoever was in the panel stays in it, and nobody else is pulled there. */
function useFocusWithin(panel: React.RefObject<HTMLElement | null>, phase: CallPhase): void {
  const within = useRef(false);
  useEffect(() => {
    const element = panel.current;
    if (element === null) return;
    const come = () => {
      within.current = true;
    };
    const go = ({ relatedTarget }: FocusEvent) => {
      // To nothing: the focused button was taken away.
      if (relatedTarget instanceof Node && !element.contains(relatedTarget)) within.current = false;
    };
    element.addEventListener('focusin', come);
    element.addEventListener('focusout', go);
    return () => {
      element.removeEventListener('focusin', come);
      element.removeEventListener('focusout', go);
    };
  }, [panel]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: looks again at every phase
  useEffect(() => {
    if (!within.current || document.activeElement !== document.body) return;
    panel.current?.querySelector<HTMLElement>('[data-call-focus]:not(:disabled)')?.focus();
  }, [phase]);
}
