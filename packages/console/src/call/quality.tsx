import { useEffect, useState } from 'react';
import { ABSENT, count, spell } from '../format.ts';
import type { CallControl } from './call-control.ts';
import type { CallFigures, SessionStatus } from './call-session.ts';
import { callWords } from './words.ts';

const READ_MS = 1000;

/** What is measured of the call, for people who want to know. */
export function Quality({ control, status }: { readonly control: CallControl; readonly status: SessionStatus | null }) {
  const [figures, setFigures] = useState<CallFigures | null>(null);
  useEffect(() => {
    let gone = false;
    const timer = setInterval(() => {
      void control.figures().then(
        (read) => !gone && setFigures(read),
        () => undefined,
      );
    }, READ_MS);
    return () => {
      gone = true;
      clearInterval(timer);
    };
  }, [control]);
  const counts = status?.counts ?? null;
  const rows: readonly (readonly [string, string, number | null | undefined, string?])[] = [
    ['frames-received', callWords.quality.pictureReceived, figures?.framesReceived],
    ['frames-decoded', callWords.quality.pictureDecoded, figures?.framesDecoded],
    ['picture-opened', callWords.quality.pictureOpened, counts?.opened.video],
    ['voice-opened', callWords.quality.voiceOpened, counts?.opened.audio],
    ['refused', callWords.quality.refused, counts && counts.refused.audio + counts.refused.video],
    ['held', callWords.quality.held, counts?.held],
    ['epoch', callWords.quality.epoch, counts?.sendEpoch],
    ['packets-lost', callWords.quality.lost, figures?.packetsLost],
    ['round-trip', callWords.quality.roundTrip, figures?.roundTripMs, 'ms'],
  ];
  return (
    <details className="disclosure call-disclosure">
      <summary data-testid="call-quality">{callWords.quality.title}</summary>
      <dl className="pairs">
        {rows.map(([id, name, value, unit = '']) => (
          <div key={id} className="call-pair">
            <dt>{name}</dt>
            <dd>
              <bdi dir="ltr" data-testid={`call-${id}`} data-value={value ?? undefined}>
                {typeof value === 'number' ? spell({ value: count(value), unit }) : ABSENT}
              </bdi>
            </dd>
          </div>
        ))}
      </dl>
      {counts !== null && counts.problem !== null && <p className="call-hint">{counts.problem}</p>}
    </details>
  );
}
