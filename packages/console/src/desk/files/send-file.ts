import { type Answer, OWN_PAGE, sentence } from '../api.ts';
import { words } from '../words.ts';

/**
 * Gives a file to the desk as it is, from the disk, without reading it whole. `fetch` does not tell how far it is, so
 * this is an XMLHttpRequest.
 */
export function sendFile(file: File, onProgress: (doneBytes: number) => void, signal: AbortSignal): Promise<Answer> {
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
    request.onerror = async () => {
      const error = (await readable(file)) ? words.errors.unreachable : words.file.changed;
      resolve({ ok: false, status: null, error });
    };
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
