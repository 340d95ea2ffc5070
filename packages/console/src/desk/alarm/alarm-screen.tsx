import type { DeskAlarm, DeskPerson, DeskState } from '@skykey/telemetry';
import { type Ref, useId } from 'react';
import { utcDate, utcInstant, utcTime } from '../../format.ts';
import { Icon } from '../../marks.tsx';
import { Refusal, useAct } from '../act.tsx';
import type { Command } from '../api.ts';
import { LevelMark } from '../line/level.tsx';
import { words } from '../words.ts';
import { approvalAct, places, wanting } from './approvals.ts';
import { EmergencyWords } from './emergency.tsx';

/** The line is shut: who found what, what was done about it, how to go on, and who wants it open again. */
export function AlarmScreen({
  desk,
  person,
  command,
  heading,
  onRead,
}: {
  readonly desk: DeskState;
  readonly person: DeskPerson;
  readonly command: Command;
  readonly heading: Ref<HTMLHeadingElement>;
  /** Steps aside for the conversation. */
  readonly onRead: () => void;
}) {
  const { alarm } = desk.line;
  const title = useId();
  const emergency = <EmergencyWords desk={desk} person={person} command={command} />;
  return (
    <section
      className="alarm"
      aria-labelledby={title}
      data-testid="alarm"
      data-class={alarm?.class}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
      tabIndex={0}
    >
      <div className="alarm-sheet">
        <header className="alarm-head">
          <LevelMark level="black" />
          <div>
            <p className="alarm-kicker">{words.alarm.title}</p>
            <h2 id={title} ref={heading} tabIndex={-1}>
              {alarm === null ? desk.line.reason : words.alarm.headline[alarm.class]}
            </h2>
          </div>
        </header>
        <div className="alarm-told">
          {alarm === null ? (
            <>
              <p>{words.alarm.noAlarm}</p>
              {emergency}
            </>
          ) : (
            <>
              <Findings alarm={alarm} nowUtcMs={desk.utcMs} />
              {emergency}
              <section>
                <h3>{words.alarm.done}</h3>
                <ul>
                  {words.alarm.doneList.map((sentence) => (
                    <li key={sentence}>
                      <Icon name="check" />
                      {sentence}
                    </li>
                  ))}
                </ul>
              </section>
              <section>
                <h3>{words.alarm.onward}</h3>
                <ol>
                  <li>{words.alarm.otherWay(desk.peerName)}</li>
                  <li>{words.alarm.onwardList[alarm.class]}</li>
                  <li>{words.alarm.reopen(String(alarm.needed))}</li>
                </ol>
              </section>
            </>
          )}
        </div>
        {alarm !== null && <Approvals desk={desk} alarm={alarm} person={person} command={command} />}
        <p className="alarm-foot">
          <button type="button" className="button" data-testid="alarm-read" onClick={onRead}>
            {words.alarm.read}
          </button>
        </p>
      </div>
    </section>
  );
}

function Findings({ alarm, nowUtcMs }: { readonly alarm: DeskAlarm; readonly nowUtcMs: number }) {
  const date = utcDate(alarm.utcMs);
  const time = utcTime(alarm.utcMs);
  return (
    <dl className="alarm-findings">
      <div>
        <dt>{words.alarm.kind}</dt>
        <dd>{words.alarm.className[alarm.class]}</dd>
      </div>
      <div>
        <dt>{words.alarm.found}</dt>
        <dd dir="auto">{alarm.foundBy}</dd>
      </div>
      <div>
        <dt>{words.alarm.link}</dt>
        <dd>
          <bdi dir="ltr">{alarm.link}</bdi>
        </dd>
      </div>
      <div>
        <dt>{words.alarm.at}</dt>
        <dd>
          <time dateTime={utcInstant(alarm.utcMs)} dir="ltr">
            {words.utc(date === utcDate(nowUtcMs) ? time : `${date} ${time}`)}
          </time>
        </dd>
      </div>
      <div className="alarm-evidence">
        <dt>{words.alarm.evidence}</dt>
        <dd dir="auto" data-testid="alarm-reason">
          {alarm.reason}
        </dd>
      </div>
    </dl>
  );
}

/** Who said "open it again" on each side, and the button for those who may. */
function Approvals({
  desk,
  alarm,
  person,
  command,
}: {
  readonly desk: DeskState;
  readonly alarm: DeskAlarm;
  readonly person: DeskPerson;
  readonly command: Command;
}) {
  const { acting, refusal, act } = useAct(command);
  const { approvals, needed } = alarm;
  const wanted = words.alarm.waitingFor(
    wanting(approvals.own, needed),
    wanting(approvals.peer, needed),
    desk.name,
    desk.peerName,
  );
  const may = approvalAct(alarm, person);
  return (
    <section className="approvals" aria-label={words.alarm.approvals}>
      <h3>{words.alarm.approvals}</h3>
      <div className="approvals-sides">
        <Side site={desk.name} names={approvals.own} needed={needed} testId="approvals-own" />
        <Side site={desk.peerName} names={approvals.peer} needed={needed} testId="approvals-peer" />
      </div>
      <p className="approvals-wanted" role="status">
        {wanted === '' ? words.alarm.complete : words.alarm.wanted(wanted)}
      </p>
      {may === 'none' && <p className="approvals-wanted">{words.alarm.onlyApprovers}</p>}
      {may === 'approve' && (
        <button
          type="button"
          className="button button-strong approvals-act"
          disabled={acting}
          data-testid="approve"
          onClick={() => void act('/api/alarm/approve', { alarmId: alarm.id })}
        >
          <Icon name="check" />
          {words.alarm.approve}
        </button>
      )}
      {may === 'withdraw' && (
        <button
          type="button"
          className="button approvals-act"
          disabled={acting}
          data-testid="withdraw"
          onClick={() => void act('/api/alarm/withdraw', {})}
        >
          {words.alarm.withdraw}
        </button>
      )}
      <Refusal>{refusal}</Refusal>
    </section>
  );
}

function Side({
  site,
  names,
  needed,
  testId,
}: {
  readonly site: string;
  readonly names: readonly string[];
  readonly needed: number;
  readonly testId: string;
}) {
  return (
    <div className="approvals-side" data-testid={testId}>
      <h4>
        <bdi>{site}</bdi> <span>{words.alarm.ofNeeded(names.length, needed)}</span>
      </h4>
      <ul>
        {places(names, needed).map((name, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a place is its number
          <li key={i} data-filled={name !== null}>
            <span className="place" aria-hidden="true">
              {name !== null && <Icon name="check" />}
            </span>
            <bdi>{name ?? words.alarm.vacant}</bdi>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** The alarm while somebody reads the conversation: small, never gone. */
export function AlarmStrip({ desk, onBack }: { readonly desk: DeskState; readonly onBack: () => void }) {
  const { alarm } = desk.line;
  return (
    <div className="alarm-strip">
      <LevelMark level="black" />
      <p>
        {alarm !== null && (
          <>
            {words.alarm.headline[alarm.class]}{' '}
            <span className="alarm-strip-count">
              <bdi>{desk.name}</bdi> {words.alarm.ofNeeded(alarm.approvals.own.length, alarm.needed)} ·{' '}
              <bdi>{desk.peerName}</bdi> {words.alarm.ofNeeded(alarm.approvals.peer.length, alarm.needed)}
            </span>
          </>
        )}
      </p>
      <button type="button" className="button" data-testid="alarm-back" onClick={onBack}>
        {words.alarm.back}
      </button>
    </div>
  );
}
