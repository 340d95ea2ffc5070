import type { DeskFile } from '@skykey/telemetry';
import { useMemo } from 'react';
import type { Command } from '../api.ts';
import { underWay } from '../files/file.ts';
import { FileCard } from '../files/file-card.tsx';
import { words } from '../words.ts';

/** Every file, those on their way first, then the newest. */
export function FilesTab({
  files,
  peerName,
  command,
}: {
  readonly files: readonly DeskFile[];
  readonly peerName: string;
  readonly command: Command;
}) {
  const sorted = useMemo(
    () => files.toSorted((a, b) => Number(underWay(b)) - Number(underWay(a)) || b.utcMs - a.utcMs),
    [files],
  );
  if (sorted.length === 0) {
    return (
      <div className="side-part side-note">
        <p>{words.file.none}</p>
        <p>{words.file.noneHint}</p>
      </div>
    );
  }
  return (
    <ul className="files">
      {sorted.map((file) => (
        <li key={file.id}>
          <FileCard file={file} peerName={peerName} command={command} />
        </li>
      ))}
    </ul>
  );
}
