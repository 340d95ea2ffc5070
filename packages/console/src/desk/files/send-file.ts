import { type Answer, OWN_PAGE, sentence } from '../api.ts';
import { words } from '../words.ts';

/**
 * Gives a file to the desk as it is. One that was written to meanwhile may have come half old and half new: it is taken back
 * where it still can be, and the person is told.
 */
export async function sendFile(
  file: File,
  onProgress: (doneBytes: number) => void,
  signal: AbortSignal,
): Promise<Answer> {
  const before = stampOf(file);
  const answer = await upload(file, onProgress, signal);
  const isChanged = stampOf(file) !== before || !(await readable(file));
  if (!isChanged || (!answer.ok && answer.status !== null) || signal.aborted) return answer;
  if (answer.ok) await takeBack(answer.body);
  return { ok: false, status: null, error: words.file.changed };
}

/** Both are as the disk has them now, where the browser does not refuse a changed file anyway. */
function stampOf({ size, lastModified }: File): string {
  return `${size} ${lastModified}`;
}

async function takeBack(file: unknown): Promise<void> {
  const { id } = file as { readonly id?: unknown };
  if (typeof id !== 'string') return;
  const headers = { 'content-type': 'application/json', ...OWN_PAGE };
  const path = `/api/files/${encodeURIComponent(id)}/cancel`;
  // One that has arrived by now stays: the person is told either way.
  await fetch(path, { method: 'POST', headers, body: '{}' }).catch(() => undefined);
}

/**
 * Gives a file to the desk as it is, from the disk, without reading it whole. `fetch` does not tell how far it is, so
 * this is an XMLHttpRequest.
 */
function upload(file: File, onProgress: (doneBytes: number) => void, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open('POST', '/api/files');
    request.responseType = 'text';
    request.setRequestHeader('content-type', 'application/octet-stream');
    request.setRequestHeader('x-skykey-name', encodeURIComponent(file.name.toWellFormed()));
    for (const [name, value] of Object.entries(OWN_PAGE)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded }) => onProgress(Math.min(loaded, file.size));
    request.onload = () => {
      const body = parse(request.responseText);
      const { status } = request;
      if (status >= 200 && status < 300) resolve({ ok: true, body });
      else resolve({ ok: false, status, error: sentence(body) ?? words.errors.status(status) });
    };
    request.onerror = () => resolve({ ok: false, status: null, error: words.errors.unreachable });
    request.onabort = () => resolve({ ok: false, status: null, error: words.file.aborted });
    signal.addEventListener('abort', () => request.abort());
    if (signal.aborted) resolve({ ok: false, status: null, error: words.file.aborted });
    else request.send(file);
  });
}

/** A file that was changed or moved since it was chosen can no longer be read: the browser refuses even its first byte. */
async function readable(file: File): Promise<boolean> {
  try {
    await file.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
