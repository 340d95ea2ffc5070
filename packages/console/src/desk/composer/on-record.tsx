import type { DeskState } from '@skykey/telemetry';
import { useEffect, useState } from 'react';
import { utcTime } from '../../format.ts';
import { Refusal, useAct } from '../act.tsx';
import type { Command } from '../api.ts';
import { words } from '../words.ts';

/** Whether both desks sign what is said. The other side may ask for it; a person here agrees, or does not. */
export function OnRecord({
  record,
  peerName,
  command,
  connected,
}: {
  readonly record: DeskState['record'];
  readonly peerName: string;
  readonly command: Command;
  readonly connected: boolean;
}) {
  const { acting, refusal, act } = useAct(command);
  const [asked, setAsked] = useState(false);
  useEffect(() => {
    if (record.on) setAsked(false);
  }, [record.on]);
  const change = async (on: boolean) => {
    const answer = await act('/api/record', { on });
    if (answer?.ok === true) setAsked(on);
  };
  return (
    <>
      {!record.on && record.peerWants && !asked && (
        <p className="on-record-wish" data-testid="record-asked">
          {words.record.asked(peerName)}{' '}
          <button type="button" className="link-button" disabled={acting} onClick={() => void change(true)}>
            {words.record.agree}
          </button>
        </p>
      )}
      {!record.on && asked && !record.peerWants && (
        <p className="on-record-wish" role="status">
          {words.record.waiting(peerName)}{' '}
          <button type="button" className="link-button" disabled={acting} onClick={() => void change(false)}>
            {words.record.takeBack}
          </button>
        </p>
      )}
      <Refusal>{refusal ?? record.fault}</Refusal>
      {(record.on || record.unsigned > 0) && (
        <p className="on-record-signed" data-testid="record-signed">
          {record.signed !== null && words.record.signed(record.signed.texts, utcTime(record.signed.utcMs))}{' '}
          {record.unsigned > 0 && words.record.unsigned(record.unsigned)}
        </p>
      )}
      <button
        type="button"
        role="switch"
        className="switch"
        aria-checked={record.on}
        disabled={acting || !connected}
        title={words.record.meaning}
        data-testid="record"
        onClick={() => void change(!record.on)}
      >
        <span className="switch-track" aria-hidden="true" />
        {words.record.label}
      </button>
    </>
  );
}
