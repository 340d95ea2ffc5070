import type { DeskSafety } from '@skykey/telemetry';
import { useState } from 'react';
import { Icon } from '../../marks.tsx';
import { recall, remember } from '../remembered.ts';
import { words } from '../words.ts';

/** Words for two people to read to each other. Whether they were compared is remembered here, and for these words alone. */
export function SafetyPhrase({
  phrase,
  peerName,
}: {
  readonly phrase: DeskSafety['phrase'];
  readonly peerName: string;
}) {
  const [compared, setCompared] = useState(() => recall('phrase'));
  const same = phrase !== null && compared === phrase;
  return (
    <section className="side-part">
      <h2>{words.phrase.title}</h2>
      {phrase === null ? (
        <p className="side-note">{words.phrase.none}</p>
      ) : (
        <>
          <ol className="phrase" data-testid="phrase">
            {phrase.split(/[\s-]+/).map((word, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a word may come twice, its place does not
              <li key={i}>
                <bdi>{word}</bdi>
              </li>
            ))}
          </ol>
          <p className="phrase-state" data-tone={same ? 'ok' : compared === null ? 'muted' : 'warning'}>
            <Icon name={same ? 'check' : compared === null ? 'ear' : 'alarm'} />
            <span>
              {same
                ? words.phrase.comparedMark
                : compared === null
                  ? words.phrase.notCompared
                  : words.phrase.changedMark}
            </span>
            {!same && (
              <button
                type="button"
                className="button"
                data-testid="phrase-compared"
                onClick={() => {
                  remember('phrase', phrase);
                  setCompared(phrase);
                }}
              >
                {words.phrase.compared}
              </button>
            )}
          </p>
          <p className="side-note">{words.phrase.lead(peerName)}</p>
        </>
      )}
    </section>
  );
}
