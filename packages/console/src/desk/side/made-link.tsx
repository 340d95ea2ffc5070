import { useId, useState } from 'react';
import { utcDate, utcMinute } from '../../format.ts';
import { Icon } from '../../marks.tsx';
import { words } from '../words.ts';
import type { Link } from './roster.ts';

/** An enrolment link. It is shown once: the desk keeps nothing that it could show again. */
export function MadeLink({ made, onDone }: { readonly made: Link; readonly onDone: () => void }) {
  const [copied, setCopied] = useState(false);
  const field = useId();
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(made.link);
      setCopied(true);
    } catch {
      // The field is selected when it is focused: copying by hand remains.
    }
  };
  return (
    <div className="side-form made-link" role="status">
      <label htmlFor={field}>{words.persons.link(made.name)}</label>
      <input
        id={field}
        className="field"
        dir="ltr"
        readOnly
        value={made.link}
        data-testid="invite-link"
        onFocus={(event) => event.currentTarget.select()}
      />
      <p className="side-note">
        {words.persons.linkHint}{' '}
        {made.expiresUtcMs !== null &&
          words.persons.until(words.utc(`${utcDate(made.expiresUtcMs)} ${utcMinute(made.expiresUtcMs)}`))}
      </p>
      <div className="side-row">
        <button type="button" className="button" onClick={() => void copy()}>
          {copied ? <Icon name="check" /> : <Icon name="copy" />}
          <span aria-live="polite">{copied ? words.copied : words.copy}</span>
        </button>
        <button type="button" className="button" onClick={onDone}>
          {words.persons.finished}
        </button>
      </div>
    </div>
  );
}
