import type { LinkState } from '@skykey/telemetry';
import { useState } from 'react';
import { command } from '../command.ts';
import { Amount, Figure } from '../figures.tsx';
import { bitRate, bits, clickRate, count, spell, utcInstant, utcTime } from '../format.ts';
import { Icon, Pill, type Shape, type Tone } from '../marks.tsx';
import { type LinkView, linkViews, type Observed } from '../observed.ts';
import { type Store, useStore } from '../store.ts';
import { words } from '../words.ts';
import { QberMeter } from './meter.tsx';
import { shownQber } from './monitor.ts';
import { Stepper } from './stepper.tsx';
import { Waterfall } from './waterfall.tsx';

const LOOK: Record<LinkState['state'], { readonly shape: Shape; readonly tone: Tone }> = {
  idle: { shape: 'ring', tone: 'muted' },
  session: { shape: 'disc', tone: 'accent' },
  dropped: { shape: 'triangle', tone: 'bad' },
};

/** Each satellite-to-station link: state, distillation, error rate, alarms and what the last session yielded. */
export function Links({ store }: { readonly store: Store<Observed> }) {
  const observed = useStore(store);
  return (
    <div className="links">
      {linkViews(observed).map((view) => (
        <LinkPanel key={view.linkId} view={view} off={observed.connection === 'lost'} />
      ))}
    </div>
  );
}

function LinkPanel({ view, off }: { readonly view: LinkView; readonly off: boolean }) {
  const name = words.link.name(view.satelliteName, view.siteName);
  const link = view.ground ?? view.space;
  const titleId = `link-${view.linkId}`;
  return (
    <section
      id={view.linkId}
      className="panel link"
      aria-labelledby={titleId}
      data-testid={`link-${view.linkId}`}
      data-state={view.state}
    >
      <header className="panel-head">
        <h3 id={titleId}>{name}</h3>
        <span role="status">
          <Pill {...LOOK[view.state]} testId={`link-state-${view.linkId}`}>
            {words.link.state[view.state]}
          </Pill>
        </span>
      </header>
      {view.state === 'dropped' && <Dropped view={view} name={name} off={off} />}
      {link === null ? (
        <p className="empty">{words.link.waiting}</p>
      ) : (
        <>
          <Stepper
            stage={view.state === 'session' ? link.stage : null}
            finished={view.state === 'idle' && link.sessions[0]?.verdict === 'accepted'}
          />
          <Measured link={link} linkId={view.linkId} />
          {view.state !== 'dropped' && <Alarms alarms={link.alarms} />}
          <Waterfall sessions={link.sessions} />
        </>
      )}
    </section>
  );
}

function Measured({ link, linkId }: { readonly link: LinkState; readonly linkId: string }) {
  return (
    <div className="measured">
      <dl className="figures">
        <Figure name={words.link.detections} testId={`detections-${linkId}`}>
          <Amount of={{ value: count(link.detections), unit: '' }} />
        </Figure>
        <Figure name={words.link.detectionRate}>
          <Amount of={clickRate(link.detectionRateHz)} />
        </Figure>
        <Figure name={words.link.siftedRate}>
          <Amount of={bitRate(link.siftedRateHz)} />
        </Figure>
        <Figure name={words.link.pads}>
          <Amount of={{ value: count(link.authenticationPads), unit: words.link.padsUnit }} />
        </Figure>
      </dl>
      <QberMeter
        qber={shownQber(link)}
        state={link.state}
        errors={link.monitorErrors}
        compared={link.monitored}
        expectedQber={link.expectedQber}
        hardQber={link.hardQber}
        testId={`qber-${linkId}`}
      />
    </div>
  );
}

function Alarms({ alarms }: { readonly alarms: LinkState['alarms'] }) {
  if (alarms.length === 0) return null;
  return (
    <ul className="alarms" aria-label={words.link.alarms}>
      {alarms.map((alarm) => (
        <li key={`${alarm.utcMs}-${alarm.kind}-${alarm.message}`} data-severity={alarm.severity}>
          <Icon name="alarm" />
          <span>
            <strong>{words.link[alarm.severity]}</strong>{' '}
            <time dateTime={utcInstant(alarm.utcMs)}>{utcTime(alarm.utcMs)}</time> {alarm.message}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** Who, what and how; and the way back, which only an operator can take. */
function Dropped({ view, name, off }: { readonly view: LinkView; readonly name: string; readonly off: boolean }) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const tapped = view.tap?.on === true;
  const alarms = (view.ground?.alarms.length ?? 0) > 0 ? view.ground?.alarms : view.space?.alarms;
  const evidence = alarms?.find((alarm) => alarm.severity === 'hard');
  const poisonedBits = view.site?.stock.poisonedBits ?? 0;
  const hintId = `reopen-hint-${view.linkId}`;
  const reopen = async () => {
    setBusy(true);
    const outcome = await command(`/api/links/${view.linkId}/reopen`, {});
    setBusy(false);
    setError(outcome.ok ? null : outcome.error);
  };
  return (
    <div className="dropped" data-testid={`dropped-${view.linkId}`}>
      <div className="dropped-what" role="alert">
        <p className="dropped-title">
          <Icon name="alarm" />
          {words.link.droppedTitle}
          {evidence !== undefined && <time dateTime={utcInstant(evidence.utcMs)}>{utcTime(evidence.utcMs)} UTC</time>}
        </p>
        <p>{evidence?.message ?? words.link.droppedWho(name)}</p>
        <p>
          {words.link.droppedHow} {poisonedBits > 0 && words.link.poisoned(spell(bits(poisonedBits)))}
        </p>
      </div>
      <div className="dropped-actions">
        <button
          type="button"
          className="button button-strong"
          disabled={off || busy || tapped}
          aria-describedby={hintId}
          data-testid={`reopen-${view.linkId}`}
          onClick={reopen}
        >
          {busy ? words.link.reopening : words.link.reopen}
        </button>
        <p id={hintId} className="dropped-hint">
          {error ?? (tapped ? words.link.reopenTap : words.link.reopenHint)}
        </p>
      </div>
    </div>
  );
}
