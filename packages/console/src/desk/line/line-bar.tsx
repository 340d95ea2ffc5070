import type { DeskPerson, DeskState } from '@skykey/telemetry';
import { Amount } from '../../figures.tsx';
import { count, utcDate, utcInstant, utcMinute, utcTime } from '../../format.ts';
import { Icon } from '../../marks.tsx';
import type { Connection } from '../../observed.ts';
import { Refusal, useAct } from '../act.tsx';
import type { Command } from '../api.ts';
import { words } from '../words.ts';
import { LevelMark } from './level.tsx';
import { speech } from './reserve.ts';

/** How safe the line is: word, shape and colour, the reason in a sentence, and what the key in stock is good for. */
export function LineBar({ desk, connection }: { readonly desk: DeskState; readonly connection: Connection }) {
  const { line, reserve } = desk;
  return (
    <div className="line-bar" data-level={line.level} data-stale={connection === 'lost'}>
      <p className="line-level" data-testid="line-state" data-state={line.level}>
        <LevelMark level={line.level} />
        <span>{words.level.word[line.level]}</span>
      </p>
      <p className="line-reason">
        <span dir="auto" data-testid="line-reason">
          {line.reason}
        </span>{' '}
        <Since utcMs={line.sinceUtcMs} nowUtcMs={desk.utcMs} />
      </p>
      <dl className="line-reserve">
        <div title={words.line.speechTitle}>
          <dt>{words.line.speech}</dt>
          <dd data-testid="speech-left">
            <Amount of={speech(reserve.speechMinutes)} />
          </dd>
        </div>
        <div title={words.line.messagesTitle}>
          <dt>{words.line.messages}</dt>
          <dd data-testid="messages-left">
            <Amount of={{ value: count(reserve.padMessages), unit: '' }} />
          </dd>
        </div>
      </dl>
      {connection === 'lost' && (
        <p className="line-note" data-testid="connection">
          <Icon name="wait" />
          <span>
            {words.connection.lost} {words.connection.asOf(utcTime(desk.utcMs))}
          </span>
        </p>
      )}
      {connection === 'live' && !line.peerReachable && (
        <p className="line-note" data-testid="peer-silent">
          <Icon name="wait" />
          <span>{words.line.silent(desk.peerName)}</span>
        </p>
      )}
    </div>
  );
}

/** Time of day, with the date when it was another day. */
function Since({ utcMs, nowUtcMs }: { readonly utcMs: number; readonly nowUtcMs: number }) {
  const date = utcDate(utcMs);
  const shown = date === utcDate(nowUtcMs) ? utcMinute(utcMs) : `${date} ${utcMinute(utcMs)}`;
  return (
    <time className="line-since" dateTime={utcInstant(utcMs)} title={words.clock} data-testid="line-since">
      {words.level.since(shown)}
    </time>
  );
}

/** What stays until its cause is gone; one cause is gone when an operator says so. */
export function Banners({
  desk: { line, restored },
  person,
  command,
}: {
  readonly desk: DeskState;
  readonly person: DeskPerson;
  readonly command: Command;
}) {
  if (line.banners.length === 0 && !restored) return null;
  return (
    <ul className="banners" aria-label={words.line.banners} data-testid="banners">
      {line.banners.map((banner) => (
        <li key={banner} className="banner">
          <Icon name="alarm" />
          <span dir="auto">{banner}</span>
        </li>
      ))}
      {restored && <Restored operator={person.roles.includes('operator')} command={command} />}
    </ul>
  );
}

/** What a store that was put back from a copy does not know, and the word of an operator who has looked. */
function Restored({ operator, command }: { readonly operator: boolean; readonly command: Command }) {
  const { acting, refusal, act } = useAct(command);
  return (
    <li className="banner">
      <Icon name="alarm" />
      <div className="banner-act">
        <span>{operator ? words.line.restored : words.line.restoredOthers}</span>
        {operator && (
          <button
            type="button"
            className="button"
            disabled={acting}
            data-testid="noted"
            onClick={() => void act('/api/noted', {})}
          >
            {words.line.noted}
          </button>
        )}
        <Refusal>{refusal}</Refusal>
      </div>
    </li>
  );
}
