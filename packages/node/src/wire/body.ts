/** Bodies of HTTP messages, read up to a limit. */
import type { IncomingMessage } from 'node:http';

/**
 * The body in bytes of its own; `too large` as soon as that is known, before anything is read where the message says so
 * itself; `gone` when its sender hung up. `proceed` is called when the body is wanted.
 */
export function readBody(
  message: IncomingMessage,
  limitBytes: number,
  proceed?: () => void,
): Uint8Array | Promise<Uint8Array | 'too large' | 'gone'> | 'too large' {
  const { 'content-length': declared, 'transfer-encoding': encoding } = message.headers;
  if (declared !== undefined && Number(declared) > limitBytes) return 'too large';
  // The common case, a GET, has nothing to wait for.
  const isRequest = message.statusCode === null || message.statusCode === undefined;
  if (isRequest && encoding === undefined && (declared === undefined || declared === '0')) return new Uint8Array(0);
  proceed?.();
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let length = 0;
    message.on('data', (part: Buffer) => {
      length += part.length;
      if (length <= limitBytes) parts.push(part);
      else {
        parts.length = 0;
        message.removeAllListeners('data');
        resolve('too large');
      }
    });
    message.once('end', () => resolve(joined(parts, length)));
    message.once('close', () => resolve('gone'));
    message.once('error', () => resolve('gone'));
  });
}

function joined(parts: readonly Buffer[], length: number): Uint8Array {
  const body = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
  }
  return body;
}
