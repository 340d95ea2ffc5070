import { ABSENT, count, spell } from '../format.ts';
import type { SessionStatus } from './call-session.ts';
import { callWords } from './words.ts';

/** What is measured of the call, for people who want to know. */
export function Quality({ status }: { readonly status: SessionStatus | null }) {
  const figures = status?.figures ?? null;
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
