import type { DeskEmergency, DeskMessage, DeskPerson, DeskState } from '@skykey/telemetry';
import { type FormEvent, useId, useState } from 'react';
import { count, utcInstant, utcMinute, utf8Bytes } from '../../format.ts';
import { Refusal, useAct } from '../act.tsx';
import type { Command } from '../api.ts';
import { words } from '../words.ts';

/** The one thing that may still leave: short words by the pad that a courier brought. It is not the composer of the open line. */
export function EmergencyWords({
  desk,
  person,
  command,
}: {
  readonly desk: DeskState;
  readonly person: DeskPerson;
  readonly command: Command;
}) {
  const title = useId();
  const { emergency } = desk;
  const said = desk.messages.filter((message) => message.emergency === true);
  return (
    <section className="emergency" aria-labelledby={title} data-testid="emergency-words">
      <h3 id={title}>{words.emergency.title}</h3>
      {emergency === null ? (
        <p>{words.emergency.none}</p>
      ) : (
        <>
          <p>{words.emergency.lead(desk.peerName)}</p>
          <p className="emergency-left" data-testid="emergency-left">
            {words.emergency.left(count(emergency.texts), count(emergency.texts * emergency.bytes))}{' '}
            <span dir="auto">{words.emergency.provenance(emergency.provenance)}</span>
          </p>
          {said.length > 0 && <Said messages={said} />}
          <Write emergency={emergency} person={person} command={command} />
        </>
      )}
    </section>
  );
}

function Said({ messages }: { readonly messages: readonly DeskMessage[] }) {
  return (
    <ul className="emergency-said" aria-live="polite">
      {messages.map(({ id, direction, state, author, text, utcMs }) => (
        <li key={id}>
          <p>
            <time dateTime={utcInstant(utcMs)} dir="ltr">
              {utcMinute(utcMs)}
            </time>{' '}
            <bdi>{author}</bdi>
            {direction === 'sent' && ` (${words.message.delivery[state]})`}: <span dir="auto">{text}</span>
          </p>
        </li>
      ))}
    </ul>
  );
}

function Write({
  emergency: { bytes, may },
  person,
  command,
}: {
  readonly emergency: DeskEmergency;
  readonly person: DeskPerson;
  readonly command: Command;
}) {
  const { acting, refusal, act } = useAct(command);
  const [text, setText] = useState('');
  const field = useId();
  const room = bytes - utf8Bytes(person.name);
  const used = utf8Bytes(text.trim());
  const send = async (event: FormEvent) => {
    event.preventDefault();
    const answer = await act('/api/emergency', { text: text.trim() });
    if (answer?.ok === true) setText('');
  };
  if (!may.allowed) return <p dir="auto">{may.reason}</p>;
  return (
    <form className="emergency-form" onSubmit={(event) => void send(event)}>
      <label htmlFor={field}>{words.emergency.label}</label>
      <textarea
        id={field}
        className="field"
        rows={2}
        dir="auto"
        value={text}
        data-testid="emergency-text"
        aria-describedby={`${field}-room`}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <p id={`${field}-room`} className="emergency-room" data-over={used > room}>
        {words.emergency.room(count(used), count(room))}
      </p>
      <Refusal>{refusal}</Refusal>
      <button
        type="submit"
        className="button button-grave"
        disabled={acting || used === 0 || used > room}
        data-testid="emergency-send"
      >
        {words.emergency.send}
      </button>
    </form>
  );
}
