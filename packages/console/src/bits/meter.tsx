import type { LinkState } from '@skykey/telemetry';
import { ABSENT, count, percent } from '../format.ts';
import { words } from '../words.ts';

/** The live error rate against its alarm limit: a bar on a scale that ends somewhat beyond the limit. */
export function QberMeter({
  qber,
  state,
  errors,
  compared,
  expectedQber,
  hardQber,
  testId,
}: {
  readonly qber: number | null;
  /** Decides what `qber` is of. */
  readonly state: LinkState['state'];
  readonly errors: number;
  readonly compared: number;
  readonly expectedQber: number;
  readonly hardQber: number;
  readonly testId: string;
}) {
  const full = Math.max(hardQber * 1.6, 0.01);
  const place = (share: number) => `${Math.min((share / full) * 100, 100)}%`;
  const tone =
    qber === null ? 'muted' : qber > hardQber ? 'bad' : qber > (expectedQber + hardQber) / 2 ? 'warning' : 'ok';
  return (
    <div className="qber" data-tone={tone}>
      <p className="qber-head">
        <span className="qber-name">{words.link.qberOf[state]}</span>
        <span className="qber-value" data-testid={testId}>
          {qber === null ? ABSENT : percent(qber)}
        </span>
      </p>
      <div
        className="qber-scale"
        role="img"
        dir="ltr"
        aria-label={words.link.qberMeter(qber === null ? ABSENT : percent(qber), percent(hardQber))}
      >
        {qber !== null && <span className="qber-bar" style={{ inlineSize: place(qber) }} />}
        <span className="qber-usual" style={{ insetInlineStart: place(expectedQber) }} />
        <span className="qber-limit" style={{ insetInlineStart: place(hardQber) }} />
      </div>
      <p className="qber-foot">
        <span>{compared === 0 ? words.link.qberNone : words.link.qberCompared(count(errors), count(compared))}</span>
        <span>
          {words.link.expected(percent(expectedQber))} · {words.link.alarmAt(percent(hardQber))}
        </span>
      </p>
    </div>
  );
}
