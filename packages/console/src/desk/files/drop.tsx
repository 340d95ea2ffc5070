import { type DragEvent, type HTMLAttributes, useRef, useState } from 'react';
import { Icon } from '../../marks.tsx';
import { words } from '../words.ts';
import type { Uploads } from './uploads.ts';

type Handlers = Pick<HTMLAttributes<HTMLElement>, 'onDragEnter' | 'onDragOver' | 'onDragLeave' | 'onDrop'>;

/**
 * Files may be dropped anywhere on the page. A drop is always caught, also where files may not be sent now: else the
 * browser would leave the page to show the file.
 */
export function useDrop(uploads: Uploads, allowed: boolean): { readonly dropping: boolean; readonly on: Handlers } {
  const [dropping, setDropping] = useState(false);
  // Entering a child comes before leaving its parent.
  const depth = useRef(0);
  const carriesFiles = (event: DragEvent) => event.dataTransfer.types.includes('Files');
  const on: Handlers = {
    onDragEnter(event) {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      depth.current++;
      setDropping(true);
    },
    onDragOver(event) {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = allowed ? 'copy' : 'none';
    },
    onDragLeave(event) {
      if (!carriesFiles(event)) return;
      depth.current--;
      if (depth.current <= 0) setDropping(false);
    },
    onDrop(event) {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      depth.current = 0;
      setDropping(false);
      if (allowed) sendAll(uploads, event.dataTransfer);
    },
  };
  return { dropping, on };
}

/** Sends the files of a drop or of the clipboard. A folder has no bytes of its own, and says so. */
export function sendAll(uploads: Uploads, { items, files }: DataTransfer): void {
  const folders = new Set(
    Array.from(items, (item) => item.webkitGetAsEntry?.())
      .filter((entry) => entry?.isDirectory)
      .map((entry) => entry?.name),
  );
  for (const file of files) {
    if (folders.has(file.name)) uploads.refuse({ name: file.name, size: 0 }, words.file.folder);
    else uploads.add(file);
  }
}

/** What a drop would do, while something is held over the page. */
export function DropNotice({
  peerName,
  allowed,
  reason,
}: {
  readonly peerName: string;
  readonly allowed: boolean;
  readonly reason: string;
}) {
  return (
    <div className="drop-notice" data-allowed={allowed}>
      {allowed ? <Icon name="file" /> : <Icon name="lock" />}
      <p>{allowed ? words.conversation.drop(peerName) : words.conversation.dropLocked}</p>
      {!allowed && <p className="drop-reason">{reason}</p>}
    </div>
  );
}
