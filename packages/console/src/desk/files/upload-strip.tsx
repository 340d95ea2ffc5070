import { percent, spell } from '../../format.ts';
import { Icon } from '../../marks.tsx';
import { useStore } from '../../store.ts';
import { words } from '../words.ts';
import { percentDone, shownName, size } from './file.ts';
import type { Upload, Uploads } from './uploads.ts';

/** Files that are being handed over to the desk, and those it would not take. */
export function UploadStrip({ uploads }: { readonly uploads: Uploads }) {
  const shown = useStore(uploads.store);
  if (shown.length === 0) return null;
  return (
    <ul className="uploads" data-testid="uploads">
      {shown.map((upload) => (
        <li key={upload.id} className="upload" data-state={upload.state}>
          <Row upload={upload} onRemove={() => uploads.remove(upload.id)} />
        </li>
      ))}
    </ul>
  );
}

function Row({ upload, onRemove }: { readonly upload: Upload; readonly onRemove: () => void }) {
  const { state, bytes, doneBytes, reason } = upload;
  const name = shownName(upload.name);
  const done = percentDone(doneBytes, bytes);
  const act = state === 'refused' ? words.file.dismiss : words.file.act.cancel;
  return (
    <>
      <p className="upload-name">
        <bdi>{name}</bdi> <span className="upload-size">{spell(size(bytes))}</span>
      </p>
      <p className="upload-note" role={state === 'refused' ? 'alert' : undefined}>
        {state === 'refused' && <Icon name="alarm" />}
        {state === 'queued' && words.file.queued}
        {state === 'running' && `${words.file.handing} · ${percent(done / 100, 0)}`}
        {state === 'refused' && <span dir="auto">{reason}</span>}
      </p>
      {state === 'running' && (
        <progress className="file-progress" max={100} value={done} aria-label={words.file.label(name)} />
      )}
      <button
        type="button"
        className="button upload-act"
        aria-label={words.file.actOn(act, name)}
        title={act}
        onClick={onRemove}
      >
        <Icon name="cross" />
      </button>
    </>
  );
}
