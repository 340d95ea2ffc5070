import type { SessionSummary } from '@skykey/telemetry';
import type { ReactNode } from 'react';
import { bits, count, decimal, percent, spell, utcInstant, utcTime } from '../format.ts';
import { Pill } from '../marks.tsx';
import { words } from '../words.ts';
import { steps } from './losses.ts';

/** From clicks to secret bits: the last session of a link, every loss by name. */
export function Waterfall({ sessions }: { readonly sessions: readonly SessionSummary[] }) {
  const [last, ...earlier] = sessions;
  return (
    <div className="waterfall">
      <header className="panel-subhead">
        <h4>{words.waterfall.title}</h4>
        {last !== undefined && <Verdict session={last} />}
      </header>
      {last === undefined ? <p className="empty">{words.waterfall.none}</p> : <Falls session={last} />}
      {earlier.length > 0 && <Earlier sessions={earlier} />}
    </div>
  );
}

function Verdict({ session }: { readonly session: SessionSummary }) {
  const accepted = session.verdict === 'accepted';
  return (
    <span className="verdict">
      <Pill shape={accepted ? 'disc' : 'triangle'} tone={accepted ? 'ok' : 'bad'}>
        {accepted ? words.waterfall.accepted : words.waterfall.refused}
      </Pill>
      <time dateTime={utcInstant(session.utcMs)}>{words.waterfall.at(utcTime(session.utcMs))}</time>
    </span>
  );
}

function Falls({ session }: { readonly session: SessionSummary }) {
  return (
    <>
      {session.reason !== null && <p className="waterfall-reason">{session.reason}</p>}
      <table className="falls" data-testid={`waterfall-${session.sessionId}`}>
        <tbody>
          {steps(session).map((step) => (
            <tr
              key={step.name}
              data-kind={step.kind}
              data-name={step.name}
              title={words.waterfall.stepMeaning[step.name]}
            >
              <th scope="row">{words.waterfall.step[step.name]}</th>
              <td className="falls-bar" aria-hidden="true">
                <span dir="ltr">
                  <i
                    style={{ insetInlineStart: `${step.from * 100}%`, inlineSize: `${(step.to - step.from) * 100}%` }}
                  />
                </span>
              </td>
              <td className="number" data-testid={step.kind === 'left' ? `falls-${step.name}` : undefined}>
                {step.kind === 'lost' ? `−${count(step.amount)}` : count(step.amount)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <dl className="particulars">
        <Particular name={words.waterfall.qber}>{percent(session.qberSignal, 2)}</Particular>
        {session.efficiency > 0 && (
          <Particular name={words.waterfall.efficiency}>{decimal(session.efficiency, 3)}</Particular>
        )}
        <Particular name={words.waterfall.spent}>{spell(bits(session.authenticationBitsSpent))}</Particular>
        {session.proof !== '' && <Particular name={words.waterfall.proof}>{session.proof}</Particular>}
      </dl>
    </>
  );
}

function Particular({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Earlier({ sessions }: { readonly sessions: readonly SessionSummary[] }) {
  return (
    <details className="disclosure">
      <summary>{words.waterfall.earlier(sessions.length)}</summary>
      <div className="table-scroll">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{words.waterfall.end}</th>
              <th scope="col">{words.waterfall.verdict}</th>
              <th scope="col" className="number">
                {words.waterfall.step.detections}
              </th>
              <th scope="col" className="number">
                {words.waterfall.step.secret}
              </th>
            </tr>
          </thead>
          <tbody>
            {sessions.map((session) => (
              <tr key={session.sessionId}>
                <th scope="row">{utcTime(session.utcMs)}</th>
                <td>{session.verdict === 'accepted' ? words.waterfall.accepted : words.waterfall.refused}</td>
                <td className="number">{count(session.detections)}</td>
                <td className="number">{count(session.secretBits)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
