import { type FormEvent, useId, useState } from 'react';
import { Refusal, useAct } from '../act.tsx';
import type { Command } from '../api.ts';
import { words } from '../words.ts';
import { keepingChoices, overwrites, spellKeeping } from './keeping.ts';

/** How long the desk keeps what was said. Keeping it for a shorter time overwrites at once, so that asks. */
export function Retention({
  days,
  operator,
  command,
}: {
  readonly days: number | null;
  readonly operator: boolean;
  readonly command: Command;
}) {
  const [chosen, setChosen] = useState<number | null | undefined>(undefined);
  const [asking, setAsking] = useState(false);
  const { acting, refusal, act } = useAct(command);
  const field = useId();
  const choice = chosen === undefined ? days : chosen;
  const apply = async () => {
    const answer = await act('/api/retention', { days: choice });
    setAsking(false);
    if (answer?.ok === true) setChosen(undefined);
  };
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    if (overwrites(days, choice)) setAsking(true);
    else void apply();
  };
  return (
    <section className="side-part">
      <h2>{words.retention.title}</h2>
      <p className="side-note">{words.retention.lead}</p>
      {operator ? (
        <form className="side-form" onSubmit={onSubmit}>
          <label htmlFor={field}>{words.retention.choose}</label>
          <div className="side-row">
            <select
              id={field}
              className="field"
              value={choice ?? ''}
              data-testid="retention"
              onChange={({ currentTarget }) => {
                setChosen(currentTarget.value === '' ? null : Number(currentTarget.value));
                setAsking(false);
              }}
            >
              {keepingChoices(days).map((option) => (
                <option key={option} value={option ?? ''}>
                  {option === null ? words.retention.everything : words.retention.days(option)}
                </option>
              ))}
            </select>
            {!asking && (
              <button type="submit" className="button" disabled={acting || choice === days}>
                {words.retention.act}
              </button>
            )}
          </div>
          {asking && (
            <div className="side-ask" role="alert">
              <p>{words.retention.warn(spellKeeping(choice))}</p>
              <div className="side-row">
                <button type="button" className="button button-grave" disabled={acting} onClick={() => void apply()}>
                  {words.retention.sure}
                </button>
                <button
                  type="button"
                  className="button"
                  onClick={() => {
                    setAsking(false);
                    setChosen(undefined);
                  }}
                >
                  {words.retention.keep}
                </button>
              </div>
            </div>
          )}
          <Refusal>{refusal}</Refusal>
        </form>
      ) : (
        <p className="side-value">
          {words.retention.current(spellKeeping(days))}{' '}
          <span className="side-note">{words.retention.onlyOperators}</span>
        </p>
      )}
    </section>
  );
}
