import type { DeskFile } from '@skykey/telemetry';
import { memo } from 'react';
import { percent, spell, utcInstant, utcMinute } from '../../format.ts';
import { Icon, type IconName } from '../../marks.tsx';
import { Refusal, useAct } from '../act.tsx';
import type { Command } from '../api.ts';
import { words } from '../words.ts';
import { downloadable, type FileCommand, fileCommands, percentDone, shownName, size, underWay } from './file.ts';

const ICON: Record<FileCommand, IconName> = { pause: 'pause', resume: 'play', cancel: 'cross' };

/** A file on its way or arrived, with what can be done with it now. */
export const FileCard = memo(function FileCard({
  file,
  peerName,
  command,
}: {
  readonly file: DeskFile;
  readonly peerName: string;
  readonly command: Command;
}) {
  const { acting, refusal, act } = useAct(command);
  const name = shownName(file.name);
  const path = `/api/files/${encodeURIComponent(file.id)}`;
  const done = percentDone(file.doneBytes, file.bytes);
  return (
    <article
      className="file"
      aria-label={words.file.label(name)}
      data-direction={file.direction}
      data-state={file.state}
      data-testid="file"
      data-file-id={file.id}
    >
      <div className="file-head">
        <Icon name="file" />
        <div className="file-title">
          <p className="file-name">
            <bdi>{name}</bdi>
          </p>
          <p className="file-note">
            <span>{file.direction === 'sent' ? words.file.sent : words.file.received(peerName)}</span>
            <bdi dir="ltr">
              {underWay(file)
                ? words.file.progress(spell(size(file.doneBytes)), spell(size(file.bytes)))
                : spell(size(file.bytes))}
            </bdi>
            <time dateTime={utcInstant(file.utcMs)} title={`${utcInstant(file.utcMs)}. ${words.clock}`}>
              {utcMinute(file.utcMs)}
            </time>
          </p>
        </div>
        <div className="file-acts">
          {fileCommands(file).map((what) => (
            <button
              key={what}
              type="button"
              className="button"
              disabled={acting}
              aria-label={words.file.actOn(words.file.act[what], name)}
              title={words.file.act[what]}
              data-testid={`file-${what}`}
              onClick={() => void act(`${path}/${what}`, {})}
            >
              <Icon name={ICON[what]} />
              <span className="file-act-word">{words.file.act[what]}</span>
            </button>
          ))}
          {downloadable(file) && (
            <a
              className="button"
              href={path}
              download={file.name}
              aria-label={words.file.actOn(words.file.download, name)}
              data-testid="file-download"
            >
              <Icon name="save" />
              <span>{words.file.download}</span>
            </a>
          )}
        </div>
      </div>
      {underWay(file) && (
        <progress className="file-progress" max={100} value={done} aria-label={words.file.label(name)} />
      )}
      <p className="file-state" data-testid="file-state">
        <StateIcon file={file} />
        <span className="file-word">
          {stateWord(file)}
          {underWay(file) && (
            <>
              {' · '}
              <bdi dir="ltr">{percent(done / 100, 0)}</bdi>
            </>
          )}
        </span>
        {file.reason !== null && (
          <span className="file-reason" dir="auto">
            {file.reason}
          </span>
        )}
      </p>
      {file.sha256 !== null && (
        <details className="seal">
          <summary>
            <Icon name="key" />
            {words.file.checksum}
          </summary>
          <p>
            <code dir="ltr">{file.sha256}</code>
          </p>
        </details>
      )}
      <Refusal>{refusal}</Refusal>
    </article>
  );
});

function stateWord({ state, direction }: DeskFile): string {
  if (direction === 'received' && state === 'done') return words.file.receivedDone;
  if (direction === 'received' && state === 'refused') return words.file.receivedRefused;
  return words.file.state[state];
}

function StateIcon({ file: { state, direction } }: { readonly file: DeskFile }) {
  switch (state) {
    case 'done':
      return direction === 'sent' ? <Icon name="twice" /> : <Icon name="check" />;
    case 'refused':
    case 'changed':
      return <Icon name="alarm" />;
    case 'cancelled':
      return <Icon name="cross" />;
    case 'paused':
      return <Icon name="pause" />;
    case 'offered':
      return <Icon name="wait" />;
    case 'running':
      return <Icon name="arrow" />;
  }
}
